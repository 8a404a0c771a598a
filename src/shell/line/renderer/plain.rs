//! A line in one row, on a terminal that knows no more than a teletype: text, carriage return, line
//! feed, backspace, bell. A line that is longer than the row is moved along behind it by half a
//! row, and the last column stays free, so that no terminal ever goes on to the next row.

use super::{Renderer, push, sane};
use crate::shell::line::buffer::Buffer;
use crate::text::width::{width, width_of};

/// Draws prompt and line in one row.
#[derive(Debug)]
pub(super) struct PlainRenderer {
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
    pub(super) fn new(columns: usize) -> PlainRenderer {
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
