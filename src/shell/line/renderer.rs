//! What to send so that a terminal shows prompt and line, with the cursor in its place.

mod cursor;
mod plain;

use super::Drawing;
use super::buffer::Buffer;
use crate::limits::{COLUMNS_DEFAULT, COLUMNS_MAX, COLUMNS_MIN};

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
        Drawing::Cursor => Box::new(cursor::CursorRenderer::new(columns)),
        Drawing::Plain => Box::new(plain::PlainRenderer::new(columns)),
    }
}

fn sane(columns: usize) -> usize {
    if columns == 0 { COLUMNS_DEFAULT } else { columns.clamp(COLUMNS_MIN, COLUMNS_MAX) }
}

fn push(letter: char, out: &mut Vec<u8>) {
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}
