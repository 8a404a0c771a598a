//! Line input as a state machine: bytes in, one event at a time out, and the bytes of the echo.
//!
//! The caller asks with `prompt`, feeds what the member sends, and takes events with `next` until
//! there is none. After an event nothing more is read until the next `prompt`: what was typed
//! ahead, or pasted as several answers at once, waits in a bounded queue and answers the questions
//! to come. Where the packets end means nothing. On a terminal there is an editor; without one
//! every byte but CR and LF is text.
//!
//! Why our own: rustyline and reedline edit on the terminal of their own process, while here one
//! thread serves many terminals that are far away. noline is a machine without I/O as this one is,
//! but completion, search, marked pastes, type-ahead for questions to come and terminals without
//! cursor movement would all have to be built around it, and those are most of these lines.

mod buffer;
mod editor;
mod history;
mod renderer;

use super::complete::Completion;
use crate::limits::{INPUT_BYTES_MAX, LINE_BYTES_MAX};
use editor::Editor;
use std::collections::VecDeque;

/// Where the input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No terminal: lines only, nothing is sent back.
    Plain,
    /// A terminal, with echo and editing.
    Terminal {
        /// Its width in columns, as the client has named it; zero is unknown.
        columns: usize,
        /// What it can do.
        drawing: Drawing,
        /// Whether it is asked to mark pasted text.
        paste: Paste,
    },
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// Over several rows, with sequences of ECMA-48 that move the cursor.
    Cursor,
    /// In one row, with backspaces only: `TERM=dumb`.
    Plain,
}

/// Whether a terminal is asked to mark pasted text (xterm's bracketed paste).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paste {
    /// Yes: a pasted newline becomes a blank and runs nothing.
    Bracketed,
    /// No: a pasted newline is as good as Enter, so several answers can be pasted at once. Marks
    /// that come all the same are obeyed.
    Typed,
}

/// What the cursor keys Up and Down bring back, and Ctrl-R finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recall {
    /// The lines that `remember` was told.
    Commands,
    /// Nothing: the answers to questions are nobody's history.
    Nothing,
}

/// What the member has done. After each of them but `Tab`, `prompt` goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A line, without its end, of at most `LINE_BYTES_MAX` bytes. From a terminal it holds no
    /// control or invisible character; without a terminal it may, and the caller refuses it.
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D on an empty line, or the end of input.
    End,
    /// A line longer than `LINE_BYTES_MAX`, without a terminal. The rest of it is discarded.
    TooLong,
    /// A line that is not UTF-8, without a terminal.
    NotUtf8,
    /// Tab, with the text before the cursor. The line is still being edited: `complete` tells what
    /// may stand there, and `next` goes on.
    Tab(String),
}

/// The input of one session.
#[derive(Debug)]
pub struct Line {
    queue: VecDeque<u8>,
    reader: Reader,
    /// Between `prompt` and an event.
    asking: bool,
    /// The last byte was CR: a LF now belongs to it.
    after_cr: bool,
    closed: bool,
}

#[derive(Debug)]
enum Reader {
    Plain(Plain),
    Terminal(Box<Editor>),
}

impl Line {
    /// Input that nobody has asked for yet.
    pub fn new(mode: Mode) -> Line {
        let reader = match mode {
            Mode::Plain => Reader::Plain(Plain::default()),
            Mode::Terminal { columns, drawing, paste } => {
                Reader::Terminal(Box::new(Editor::new(columns, drawing, paste)))
            }
        };
        Line { queue: VecDeque::new(), reader, asking: false, after_cr: false, closed: false }
    }

    /// How many bytes of input it takes now.
    pub fn room(&self) -> usize {
        INPUT_BYTES_MAX.saturating_sub(self.queue.len())
    }

    /// Takes input, as much as there is [`Line::room`] for, and gives back the rest: to be fed
    /// again after the next event, and meanwhile a reason to read no more.
    #[must_use]
    pub fn feed<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if let Reader::Terminal(editor) = &mut self.reader {
            editor.fresh();
        }
        let (taken, rest) = bytes.split_at_checked(self.room()).unwrap_or((bytes, &[]));
        self.queue.extend(taken);
        rest
    }

    /// Is there input that nobody has asked for yet?
    pub fn is_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Forgets what was typed ahead, as a terminal's line discipline does at Ctrl-C.
    pub fn forget_typed(&mut self) {
        self.queue.clear();
        self.after_cr = false;
        if let Reader::Terminal(editor) = &mut self.reader {
            editor.reset();
        }
    }

    /// No more input will come. What waits is still served, a last line without its end too.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Asks for a line. On a terminal `text` is shown, one line at the left edge.
    pub fn prompt(&mut self, text: &str, recall: Recall, out: &mut Vec<u8>) {
        self.asking = true;
        if let Reader::Terminal(editor) = &mut self.reader {
            editor.begin(text, recall, out);
        }
    }

    /// The next event; `None` until there is more input. What the terminal is to show is added to
    /// `out`.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Option<Event> {
        if !self.asking {
            return None;
        }
        while let Some(byte) = self.queue.pop_front() {
            if std::mem::replace(&mut self.after_cr, byte == b'\r') && byte == b'\n' {
                continue;
            }
            let event = match &mut self.reader {
                Reader::Plain(plain) => plain.take(byte),
                Reader::Terminal(editor) => editor.take(byte, out),
            };
            if event.is_some() {
                self.asking = matches!(event, Some(Event::Tab(_)));
                return event;
            }
        }
        self.drained(out)
    }

    /// Puts in what a Tab has brought, or lists it.
    pub fn complete(&mut self, found: &Completion, out: &mut Vec<u8>) {
        if let Reader::Terminal(editor) = &mut self.reader {
            editor.complete(found, out);
        }
    }

    /// Keeps a line for Up and Down. The caller knows which lines are commands, and which hold
    /// secrets.
    pub fn remember(&mut self, line: &str) {
        if let Reader::Terminal(editor) = &mut self.reader {
            editor.remember(line);
        }
    }

    /// The window has another width; zero is unknown.
    pub fn resize(&mut self, columns: usize, out: &mut Vec<u8>) {
        let Reader::Terminal(editor) = &mut self.reader else { return };
        editor.resize(columns, self.asking.then_some(out));
    }

    /// What a terminal should show, up to the cursor and after it.
    #[cfg(test)]
    fn shown(&self) -> (String, String) {
        match &self.reader {
            Reader::Terminal(editor) => editor.shown(),
            Reader::Plain(_) => Default::default(),
        }
    }

    /// All input is used up.
    fn drained(&mut self, out: &mut Vec<u8>) -> Option<Event> {
        let rest = match &mut self.reader {
            Reader::Plain(plain) if self.closed => plain.rest(),
            Reader::Plain(_) => return None,
            Reader::Terminal(editor) if self.closed => {
                editor.leave("", out);
                None
            }
            Reader::Terminal(editor) => {
                editor.show(out);
                return None;
            }
        };
        self.asking = false;
        rest.or(Some(Event::End))
    }
}

// Lines without a terminal: bytes as they come, no echo, no editing.

/// The line so far.
#[derive(Clone, Debug, Default)]
struct Plain {
    bytes: Vec<u8>,
    /// The line was too long: the rest of it is of no use.
    discarding: bool,
}

impl Plain {
    /// Takes a byte. CR and LF are line ends; every other byte is text.
    fn take(&mut self, byte: u8) -> Option<Event> {
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
    fn rest(&mut self) -> Option<Event> {
        (!self.bytes.is_empty()).then(|| self.line())
    }

    fn line(&mut self) -> Event {
        let bytes = std::mem::take(&mut self.bytes);
        String::from_utf8(bytes).map_or(Event::NotUtf8, Event::Line)
    }
}

#[cfg(test)]
mod tests;
