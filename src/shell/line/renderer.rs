//! What to send so that a terminal shows prompt and line, with the cursor in its place.

use super::Drawing;
use super::buffer::Buffer;
use crate::limits::{COLUMNS_DEFAULT, COLUMNS_MAX, COLUMNS_MIN};
use crate::text::width::{width, width_of};
use std::io::Write as _;

/// Draws the line that is edited on a terminal.
pub(super) trait Renderer: std::fmt::Debug {
    /// Its width.
    fn columns(&self) -> usize;

    /// Begins a line at the left edge.
    fn begin(&mut self, prompt: &str, out: &mut Vec<u8>);

    /// Takes other words to stand before the line; `redraw` shows them.
    fn relabel(&mut self, prompt: &str);

    /// Draws all of it anew.
    fn redraw(&mut self, buffer: &Buffer, out: &mut Vec<u8>);

    /// Moves to the cursor.
    fn follow(&mut self, buffer: &Buffer, out: &mut Vec<u8>);

    /// Adds a character at the end, where the cursor is. False if only a redraw can show it.
    fn append(&mut self, letter: char, out: &mut Vec<u8>) -> bool;

    /// Takes the last `cells` cells away, after which the cursor is. False if only a redraw can do
    /// it.
    fn erase(&mut self, cells: usize, out: &mut Vec<u8>) -> bool;

    /// Leaves the line, below its end, which may get a mark.
    fn finish(&mut self, buffer: &Buffer, mark: &str, out: &mut Vec<u8>);

    /// Empties the screen as far as the terminal can; what is to be there must be drawn.
    fn clear(&mut self, out: &mut Vec<u8>);

    /// Takes a new width.
    fn resize(&mut self, columns: usize, buffer: &Buffer);
}

/// For a terminal of a width as a client has named it.
pub(super) fn renderer(columns: usize, drawing: Drawing) -> Box<dyn Renderer> {
    match drawing {
        Drawing::Cursor => Box::new(CursorRenderer::new(columns)),
        Drawing::Plain => Box::new(PlainRenderer::new(columns)),
    }
}

fn sane(columns: usize) -> usize {
    if columns == 0 { COLUMNS_DEFAULT } else { columns.clamp(COLUMNS_MIN, COLUMNS_MAX) }
}

fn push(letter: char, out: &mut Vec<u8>) {
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

// A line over as many rows as it takes, on a terminal whose cursor can be moved.
//
// A terminal that has filled its last column may or may not have gone on to the next row (xterm's
// deferred wrap), so a row that ends exactly there is followed by a blank and a carriage return:
// then every terminal stands at the start of the next row. Sequences used, all of ECMA-48:
// cursor up and right (CUU, CUF), erase in line and in page (EL, ED), cursor position (CUP).

/// Draws prompt and line over as many rows as they take.
#[derive(Debug)]
struct CursorRenderer {
    columns: usize,
    prompt: String,
    at: Place,
}

/// Row, counted from the prompt's, and column. A column as large as the width is the start of the
/// next row, if anything follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    row: usize,
    column: usize,
}

impl CursorRenderer {
    /// For a terminal of a width as a client has named it.
    fn new(columns: usize) -> CursorRenderer {
        CursorRenderer { columns: sane(columns), prompt: String::new(), at: Place::default() }
    }
}

impl Renderer for CursorRenderer {
    fn columns(&self) -> usize {
        self.columns
    }

    fn relabel(&mut self, prompt: &str) {
        self.prompt = prompt.to_owned();
    }

    fn begin(&mut self, prompt: &str, out: &mut Vec<u8>) {
        self.prompt = prompt.to_owned();
        self.at = Place::default();
        self.write(std::iter::empty(), out);
    }

    fn redraw(&mut self, buffer: &Buffer, out: &mut Vec<u8>) {
        self.go(Place::default(), out);
        out.extend_from_slice(b"\x1b[J");
        self.write(buffer.before().iter().copied().chain(buffer.after()), out);
        self.follow(buffer, out);
    }

    fn follow(&mut self, buffer: &Buffer, out: &mut Vec<u8>) {
        let cursor = self.layout(buffer.before().iter().copied());
        self.go(self.settled(cursor), out);
    }

    fn append(&mut self, letter: char, out: &mut Vec<u8>) -> bool {
        if width_of(letter) == 0 {
            return false;
        }
        push(letter, out);
        self.at = self.advance(self.at, letter);
        self.settle(out);
        true
    }

    fn erase(&mut self, cells: usize, out: &mut Vec<u8>) -> bool {
        if self.at.column <= cells {
            return false;
        }
        self.at.column -= cells;
        out.extend(std::iter::repeat_n(0x08, cells));
        out.extend_from_slice(b"\x1b[K");
        true
    }

    fn finish(&mut self, buffer: &Buffer, mark: &str, out: &mut Vec<u8>) {
        let end = self.layout(buffer.before().iter().copied().chain(buffer.after()));
        self.go(self.settled(end), out);
        out.extend_from_slice(mark.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    fn clear(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[H\x1b[2J");
        self.at = Place::default();
    }

    /// Takes a new width. Terminals break the rows anew by themselves; so the cursor's row is what
    /// it would be had the line been written with the new width.
    fn resize(&mut self, columns: usize, buffer: &Buffer) {
        self.columns = sane(columns);
        self.at = self.settled(self.layout(buffer.before().iter().copied()));
    }
}

impl CursorRenderer {
    fn write(&mut self, text: impl Iterator<Item = char>, out: &mut Vec<u8>) {
        self.at = Place::default();
        for letter in self.prompt.chars().chain(text) {
            push(letter, out);
            self.at = self.advance(self.at, letter);
        }
        self.settle(out);
    }

    fn layout(&self, text: impl Iterator<Item = char>) -> Place {
        let all = self.prompt.chars().chain(text);
        all.fold(Place::default(), |at, letter| self.advance(at, letter))
    }

    /// A character that does not fit into its row stands in the next one, whole.
    fn advance(&self, at: Place, letter: char) -> Place {
        let cells = width_of(letter);
        if at.column + cells > self.columns {
            Place { row: at.row + 1, column: cells }
        } else {
            Place { column: at.column + cells, ..at }
        }
    }

    fn settled(&self, at: Place) -> Place {
        if at.column >= self.columns { Place { row: at.row + 1, column: 0 } } else { at }
    }

    fn settle(&mut self, out: &mut Vec<u8>) {
        let settled = self.settled(self.at);
        if settled != self.at {
            out.extend_from_slice(b" \r");
            self.at = settled;
        }
    }

    /// Moves within rows that are on the screen already.
    fn go(&mut self, to: Place, out: &mut Vec<u8>) {
        // Writing to a Vec cannot fail.
        if to.row < self.at.row {
            let _ = write!(out, "\x1b[{}A", self.at.row - to.row);
        }
        out.extend(std::iter::repeat_n(b'\n', to.row.saturating_sub(self.at.row)));
        if to.row != self.at.row || to.column != self.at.column {
            out.push(b'\r');
            if to.column > 0 {
                let _ = write!(out, "\x1b[{}C", to.column);
            }
        }
        self.at = to;
    }
}

// A line in one row, on a terminal that knows no more than a teletype: text, carriage return, line
// feed, backspace, bell. A line that is longer than the row is moved along behind it by half a
// row, and the last column stays free, so that no terminal ever goes on to the next row.

/// Draws prompt and line in one row.
#[derive(Debug)]
struct PlainRenderer {
    columns: usize,
    prompt: String,
    /// Cells of prompt and line that lie left of the row.
    hidden: usize,
    /// Cells that are drawn.
    drawn: usize,
    /// The cell that the cursor is in.
    at: usize,
    /// What is drawn does not fit into the row any more: the next row is used.
    torn: bool,
}

const BACKSPACE: u8 = 0x08;

impl PlainRenderer {
    /// For a terminal of a width as a client has named it.
    fn new(columns: usize) -> PlainRenderer {
        PlainRenderer {
            columns: sane(columns),
            prompt: String::new(),
            hidden: 0,
            drawn: 0,
            at: 0,
            torn: false,
        }
    }

    fn room(&self) -> usize {
        self.columns - 1
    }

    /// Draws the row in which this cell of the text is, and goes there.
    fn draw(&mut self, text: impl Iterator<Item = char>, cursor: usize, out: &mut Vec<u8>) {
        let (room, step) = (self.room(), self.room() / 2);
        self.hidden = cursor.checked_sub(room).map_or(0, |beyond| (beyond / step + 1) * step);
        if std::mem::take(&mut self.torn) {
            self.clear(out);
        } else if (self.at, self.drawn) != (0, 0) {
            out.push(b'\r');
        }
        let end = self.write(text, out);
        let blanks = self.drawn.saturating_sub(end);
        out.extend(std::iter::repeat_n(b' ', blanks));
        self.at = cursor - self.hidden;
        out.extend(std::iter::repeat_n(BACKSPACE, end + blanks - self.at));
        self.drawn = end;
    }

    /// Writes what of the text falls into the row; gives back its end. Blanks stand for the visible
    /// half of a wide character.
    fn write(&self, text: impl Iterator<Item = char>, out: &mut Vec<u8>) -> usize {
        let (left, right) = (self.hidden, self.hidden + self.room());
        let (mut end, mut whole) = (0, false);
        for letter in self.prompt.chars().chain(text) {
            let (start, cells) = (end, width_of(letter));
            end += cells;
            if cells > 0 {
                whole = start >= left && end <= right;
            }
            if whole {
                push(letter, out);
            } else {
                let halves = end.clamp(left, right) - start.clamp(left, right);
                out.extend(std::iter::repeat_n(b' ', halves));
            }
        }
        end.clamp(left, right) - left
    }
}

/// Where the cursor is in the whole of prompt and line.
fn cells(prompt: &str, buffer: &Buffer) -> usize {
    width(prompt) + buffer.before().iter().map(|letter| width_of(*letter)).sum::<usize>()
}

impl Renderer for PlainRenderer {
    fn columns(&self) -> usize {
        self.columns
    }

    fn begin(&mut self, prompt: &str, out: &mut Vec<u8>) {
        self.relabel(prompt);
        (self.drawn, self.at) = (0, 0);
        self.draw(std::iter::empty(), width(prompt), out);
    }

    fn relabel(&mut self, prompt: &str) {
        self.prompt = prompt.to_owned();
    }

    fn redraw(&mut self, buffer: &Buffer, out: &mut Vec<u8>) {
        let text = buffer.before().iter().copied().chain(buffer.after());
        self.draw(text, cells(&self.prompt, buffer), out);
    }

    fn follow(&mut self, buffer: &Buffer, out: &mut Vec<u8>) {
        self.redraw(buffer, out);
    }

    fn append(&mut self, letter: char, out: &mut Vec<u8>) -> bool {
        let cells = width_of(letter);
        let fits = self.hidden == 0 && cells > 0 && self.at + cells < self.room();
        if fits {
            push(letter, out);
            self.at += cells;
            self.drawn = self.at;
        }
        fits
    }

    fn erase(&mut self, cells: usize, out: &mut Vec<u8>) -> bool {
        let can = self.hidden == 0 && self.at >= cells;
        if can {
            for byte in [BACKSPACE, b' ', BACKSPACE] {
                out.extend(std::iter::repeat_n(byte, cells));
            }
            self.at -= cells;
            self.drawn = self.at;
        }
        can
    }

    fn finish(&mut self, buffer: &Buffer, mark: &str, out: &mut Vec<u8>) {
        let text = buffer.text();
        let end = width(&self.prompt) + width(&text);
        if end != self.hidden + self.at {
            self.draw(text.chars(), end, out);
        }
        out.extend_from_slice(mark.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    fn clear(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        (self.drawn, self.at) = (0, 0);
    }

    fn resize(&mut self, columns: usize, _: &Buffer) {
        self.columns = sane(columns);
        // Of a wider row, the terminal has broken off the rest or dropped it.
        self.torn = self.drawn > self.room();
    }
}
