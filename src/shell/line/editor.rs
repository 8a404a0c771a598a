//! The line editor: keys to text, with the emacs keys of readline.

use super::buffer::{Buffer, Full, Reach, Way};
use super::history::History;
use super::screen::Screen;
use super::{Event, Paste, Recall};
use crate::limits::MARKS_MAX;
use crate::shell::harmless::{harmless, is_harmless};
use crate::shell::keys::{Key, Keys, Step};
use crate::shell::text::width_of;

/// One line at a time, on a terminal.
#[derive(Clone, Debug)]
pub(super) struct Editor {
    keys: Keys,
    buffer: Buffer,
    screen: Screen,
    history: History,
    recall: Recall,
    paste: Paste,
    /// Between the two marks of a paste.
    pasting: bool,
    stale: Stale,
    rang: bool,
}

/// What the screen does not show yet. It is drawn when the input is used up, once for all of it, so
/// that a paste into the middle of a long line is not answered by the line for each character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stale {
    Nothing,
    Cursor,
    Text,
}

/// Turns xterm's bracketed paste on and off.
const PASTE_ON: &[u8] = b"\x1b[?2004h";
const PASTE_OFF: &[u8] = b"\x1b[?2004l";

impl Editor {
    pub(super) fn new(columns: usize, paste: Paste) -> Editor {
        Editor {
            keys: Keys::default(),
            buffer: Buffer::default(),
            screen: Screen::new(columns),
            history: History::default(),
            recall: Recall::Nothing,
            paste,
            pasting: false,
            stale: Stale::Nothing,
            rang: false,
        }
    }

    /// Begins a line.
    pub(super) fn begin(&mut self, prompt: &str, recall: Recall, out: &mut Vec<u8>) {
        if self.paste == Paste::Bracketed {
            out.extend_from_slice(PASTE_ON);
        }
        self.buffer.set("");
        self.history.begin();
        (self.recall, self.stale) = (recall, Stale::Nothing);
        self.screen.begin(&harmless(prompt), out);
    }

    /// Takes a byte.
    pub(super) fn take(&mut self, byte: u8, out: &mut Vec<u8>) -> Option<Event> {
        loop {
            match self.keys.step(byte) {
                Step::More => return None,
                Step::Key(key) => return self.press(key, out),
                // Only of broken sequences, which end no line; the byte is taken next time.
                Step::Again(key) => _ = self.press(key, out),
            }
        }
    }

    /// Shows what is not shown yet.
    pub(super) fn show(&mut self, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.stale, Stale::Nothing) {
            Stale::Nothing => {}
            Stale::Cursor => self.screen.follow(&self.buffer, out),
            Stale::Text => self.screen.redraw(&self.buffer, out),
        }
    }

    /// New input: it may ring once.
    pub(super) fn fresh(&mut self) {
        self.rang = false;
    }

    /// Gives up what the decoder has begun, because bytes after it were dropped.
    pub(super) fn reset(&mut self) {
        (self.keys, self.pasting) = (Keys::default(), false);
    }

    /// Keeps a line, if it can be shown.
    pub(super) fn remember(&mut self, line: &str) {
        if line.chars().all(is_harmless) {
            self.history.remember(line);
        }
    }

    /// A window of another width; with `out` if a line is being edited, which is drawn anew.
    pub(super) fn resize(&mut self, columns: usize, out: Option<&mut Vec<u8>>) {
        self.screen.resize(columns, &self.buffer);
        if let Some(out) = out {
            self.stale = Stale::Text;
            self.show(out);
        }
    }

    /// Leaves the line, which the caller has no more use for on the screen.
    pub(super) fn leave(&mut self, mark: &str, out: &mut Vec<u8>) {
        self.show(out);
        self.screen.finish(&self.buffer, mark, out);
        self.pasting = false;
        if self.paste == Paste::Bracketed {
            out.extend_from_slice(PASTE_OFF);
        }
    }

    #[cfg(test)]
    pub(super) fn shown(&self) -> (String, String) {
        (self.buffer.before().iter().collect(), self.buffer.after().collect())
    }

    fn press(&mut self, key: Key, out: &mut Vec<u8>) -> Option<Event> {
        match key {
            Key::Ctrl(b'C') => {
                self.leave("^C", out);
                return Some(Event::Interrupt);
            }
            Key::PasteStart => self.pasting = true,
            Key::PasteEnd => self.pasting = false,
            Key::Char(letter) => self.insert(letter, out),
            Key::Enter | Key::Tab if self.pasting => self.insert(' ', out),
            Key::Unknown => {}
            _ if self.pasting => self.ring(out),
            Key::Enter => {
                self.leave("", out);
                return Some(Event::Line(self.buffer.text()));
            }
            Key::Ctrl(b'D') if self.buffer.is_empty() => {
                self.leave("", out);
                return Some(Event::End);
            }
            _ => self.edit(key, out),
        }
        None
    }

    fn edit(&mut self, key: Key, out: &mut Vec<u8>) {
        if let Some((way, reach)) = motion(key) {
            return match self.buffer.go(way, reach) {
                true => self.stale = self.stale.max(Stale::Cursor),
                false => self.ring(out),
            };
        }
        if let Some((way, reach)) = removal(key) {
            return self.kill(way, reach, out);
        }
        let done = match key {
            Key::Ctrl(b'Y') => {
                // A part of it may have found room.
                self.stale = Stale::Text;
                self.buffer.yank() == Ok(())
            }
            Key::Ctrl(b'T') => self.buffer.transpose(),
            Key::Ctrl(b'L') => {
                self.screen.clear(out);
                true
            }
            Key::Up | Key::Ctrl(b'P') => self.older(),
            Key::Down | Key::Ctrl(b'N') => self.newer(),
            _ => return self.ring(out),
        };
        match done {
            true => self.stale = Stale::Text,
            false => self.ring(out),
        }
    }

    fn insert(&mut self, letter: char, out: &mut Vec<u8>) {
        let at_end = self.buffer.at_end();
        if !self.takes(letter) || self.buffer.insert(letter) == Err(Full) {
            return self.ring(out);
        }
        let quick = at_end && self.stale == Stale::Nothing;
        if !(quick && self.screen.append(letter, out)) {
            self.stale = Stale::Text;
        }
    }

    /// Whether the character can be shown, and if it is a mark, has a letter to stand on.
    fn takes(&self, letter: char) -> bool {
        let marks = |it: &&char| width_of(**it) == 0;
        let before = self.buffer.before();
        let stands =
            !before.is_empty() && before.iter().rev().take_while(marks).count() < MARKS_MAX;
        is_harmless(letter) && (width_of(letter) > 0 || stands)
    }

    fn kill(&mut self, way: Way, reach: Reach, out: &mut Vec<u8>) {
        let last = self.buffer.before().last().map_or(0, |letter| width_of(*letter));
        let quick = (way, reach) == (Way::Back, Reach::Letter)
            && self.buffer.at_end()
            && self.stale == Stale::Nothing
            && last > 0;
        match self.buffer.kill(way, reach) {
            true if quick && self.screen.erase(last, out) => {}
            true => self.stale = Stale::Text,
            false => self.ring(out),
        }
    }

    fn older(&mut self) -> bool {
        let found = match self.recall {
            Recall::Commands => self.history.older(|| self.buffer.text()),
            Recall::Nothing => None,
        };
        found.map(|line| self.buffer.set(line)).is_some()
    }

    fn newer(&mut self) -> bool {
        let found = match self.recall {
            Recall::Commands => self.history.newer(),
            Recall::Nothing => None,
        };
        found.map(|line| self.buffer.set(line)).is_some()
    }

    fn ring(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.rang, true) {
            out.push(0x07);
        }
    }
}

/// Keys that move the cursor.
fn motion(key: Key) -> Option<(Way, Reach)> {
    Some(match key {
        Key::Left | Key::Ctrl(b'B') => (Way::Back, Reach::Letter),
        Key::Right | Key::Ctrl(b'F') => (Way::Forth, Reach::Letter),
        Key::Home | Key::Ctrl(b'A') => (Way::Back, Reach::All),
        Key::End | Key::Ctrl(b'E') => (Way::Forth, Reach::All),
        Key::Alt('b' | 'B') => (Way::Back, Reach::Word),
        Key::Alt('f' | 'F') => (Way::Forth, Reach::Word),
        _ => return None,
    })
}

/// Keys that remove text.
fn removal(key: Key) -> Option<(Way, Reach)> {
    Some(match key {
        Key::Backspace => (Way::Back, Reach::Letter),
        Key::Delete | Key::Ctrl(b'D') => (Way::Forth, Reach::Letter),
        Key::Ctrl(b'U') => (Way::Back, Reach::All),
        Key::Ctrl(b'K') => (Way::Forth, Reach::All),
        Key::Ctrl(b'W') => (Way::Back, Reach::Blank),
        Key::Alt('\x7f') => (Way::Back, Reach::Word),
        Key::Alt('d' | 'D') => (Way::Forth, Reach::Word),
        _ => return None,
    })
}
