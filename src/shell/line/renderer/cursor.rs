//! A line over as many rows as it takes, on a terminal whose cursor can be moved.
//!
//! A terminal that has filled its last column may or may not have gone on to the next row (xterm's
//! deferred wrap), so a row that ends exactly there is followed by a blank and a carriage return:
//! then every terminal stands at the start of the next row. Sequences used, all of ECMA-48:
//! cursor up and right (CUU, CUF), erase in line and in page (EL, ED), cursor position (CUP).

use super::{Renderer, push, sane};
use crate::shell::line::buffer::Buffer;
use crate::text::width::width_of;
use std::io::Write as _;

/// Draws prompt and line over as many rows as they take.
#[derive(Debug)]
pub(super) struct CursorRenderer {
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
    pub(super) fn new(columns: usize) -> CursorRenderer {
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
