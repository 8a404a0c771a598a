//! Lines without a terminal: bytes as they come, no echo, no editing.

use super::Event;
use crate::limits::LINE_BYTES_MAX;

/// The line so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Plain {
    bytes: Vec<u8>,
    /// The line was too long: the rest of it is of no use.
    discarding: bool,
}

impl Plain {
    /// Takes a byte. CR and LF are line ends; every other byte is text.
    pub(super) fn take(&mut self, byte: u8) -> Option<Event> {
        let is_end = matches!(byte, b'\r' | b'\n');
        if self.discarding {
            self.discarding = !is_end;
            return None;
        }
        if is_end {
            return Some(self.line());
        }
        if self.bytes.len() >= LINE_BYTES_MAX {
            (self.bytes, self.discarding) = (Vec::new(), true);
            return Some(Event::TooLong);
        }
        self.bytes.push(byte);
        None
    }

    /// What stands there at the end of input: a line without a line end, or nothing.
    pub(super) fn rest(&mut self) -> Option<Event> {
        (!self.bytes.is_empty()).then(|| self.line())
    }

    fn line(&mut self) -> Event {
        let bytes = std::mem::take(&mut self.bytes);
        String::from_utf8(bytes).map_or(Event::NotUtf8, Event::Line)
    }
}
