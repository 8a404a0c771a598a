//! The line editor: keys to text, with the emacs keys of readline.

mod search;

use super::buffer::{Before, Buffer, Full, Reach, Way};
use super::history::History;
use super::renderer::{Renderer, renderer};
use super::{Drawing, Event, Paste, Recall};
use crate::limits::{COMPLETED_BYTES_MAX, COMPLETIONS_SHOWN_MAX, MARKS_MAX};
use crate::shell::complete::Completion;
use crate::shell::keys::{ESC, Key, Keys, Step};
use crate::text::escape::{escape, is_printable};
use crate::text::width::{in_columns, width_of};
use search::Search;

/// One line at a time, on a terminal.
#[derive(Debug)]
pub(super) struct Editor {
    keys: Keys,
    prompt: String,
    /// What stands before the line: the prompt, or what is sought.
    label: String,
    buffer: Buffer,
    renderer: Box<dyn Renderer>,
    history: History,
    recall: Recall,
    search: Option<Search>,
    /// What was sought last.
    sought: String,
    /// The key before removed more than a letter: what this one removes belongs to it.
    killing: Before,
    /// The key before was Tab, and several words were possible: another one lists them.
    listing: bool,
    paste: Paste,
    /// Between the two marks of a paste.
    pasting: bool,
    stale: Stale,
    /// Since there was new input, it rang, or words were listed.
    rang: bool,
    listed: bool,
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
    pub(super) fn new(columns: usize, drawing: Drawing, paste: Paste) -> Editor {
        Editor {
            keys: Keys::default(),
            prompt: String::new(),
            label: String::new(),
            buffer: Buffer::default(),
            renderer: renderer(columns, drawing),
            history: History::default(),
            recall: Recall::Nothing,
            search: None,
            sought: String::new(),
            killing: Before::Apart,
            listing: false,
            paste,
            pasting: false,
            stale: Stale::Nothing,
            rang: false,
            listed: false,
        }
    }

    /// Begins a line.
    pub(super) fn begin(&mut self, prompt: &str, recall: Recall, out: &mut Vec<u8>) {
        if self.paste == Paste::Bracketed {
            out.extend_from_slice(PASTE_ON);
        }
        self.buffer.set("");
        self.history.begin();
        (self.recall, self.stale, self.listing) = (recall, Stale::Nothing, false);
        self.prompt = escape(prompt);
        self.label.clone_from(&self.prompt);
        self.renderer.begin(&self.prompt, out);
    }

    /// Takes a byte.
    pub(super) fn take(&mut self, byte: u8, out: &mut Vec<u8>) -> Option<Event> {
        if byte == ESC {
            self.end_search();
        }
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
            Stale::Cursor => self.renderer.follow(&self.buffer, out),
            Stale::Text => self.renderer.redraw(&self.buffer, out),
        }
    }

    /// New input: it may ring once.
    pub(super) fn fresh(&mut self) {
        (self.rang, self.listed) = (false, false);
    }

    /// Gives up what the decoder has begun, because bytes after it were dropped.
    pub(super) fn reset(&mut self) {
        (self.keys, self.pasting) = (Keys::default(), false);
    }

    /// Keeps a line, if it can be shown.
    pub(super) fn remember(&mut self, line: &str) {
        if line.chars().all(is_printable) {
            self.history.remember(line);
        }
    }

    /// A window of another width; with `out` if a line is being edited, which is drawn anew.
    pub(super) fn resize(&mut self, columns: usize, out: Option<&mut Vec<u8>>) {
        self.renderer.resize(columns, &self.buffer);
        if let Some(out) = out {
            self.stale = Stale::Text;
            self.show(out);
        }
    }

    /// Leaves the line, which the caller has no more use for on the screen.
    pub(super) fn leave(&mut self, mark: &str, out: &mut Vec<u8>) {
        self.end_search();
        self.show(out);
        self.renderer.finish(&self.buffer, mark, out);
        self.pasting = false;
        if self.paste == Paste::Bracketed {
            out.extend_from_slice(PASTE_OFF);
        }
    }

    /// Puts in what Tab has brought, or lists what it could be.
    pub(super) fn complete(&mut self, found: &Completion, out: &mut Vec<u8>) {
        let several = found.candidates.len() > 1;
        let list = std::mem::replace(&mut self.listing, several);
        let before = self.buffer.before();
        let word = before.len().saturating_sub(found.replaced);
        if before.iter().skip(word).copied().eq(found.text.chars()) {
            // Once for all input that came together, or a packet of Tabs would bring megabytes.
            if several && list && !self.listed {
                self.listed = true;
                self.list(&found.candidates, out);
            } else {
                self.ring(out);
            }
            return;
        }
        let followed = self.buffer.after().next() == Some(' ');
        let text = found.text.strip_suffix(' ').filter(|_| followed).unwrap_or(&found.text);
        let fits = self.buffer.replace(found.replaced, text) == Ok(());
        if followed && text != found.text {
            self.buffer.go(Way::Forth, Reach::Letter);
        }
        self.stale = Stale::Text;
        if several || !fits {
            self.ring(out);
        }
    }

    /// Shows words below the line, and then the line again.
    fn list(&mut self, words: &[String], out: &mut Vec<u8>) {
        self.show(out);
        self.renderer.finish(&self.buffer, "", out);
        let (shown, rest) = words.split_at_checked(COMPLETIONS_SHOWN_MAX).unwrap_or((words, &[]));
        let mut lines = in_columns(shown, self.renderer.columns());
        if !rest.is_empty() {
            lines.push(format!("and {} more", rest.len()));
        }
        for line in lines {
            out.extend_from_slice(escape(&line).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        self.renderer.begin(&self.prompt, out);
        self.stale = Stale::Text;
    }

    /// What a terminal should show: the words before the line, and the line up to the cursor and
    /// after it.
    #[cfg(test)]
    pub(super) fn shown(&self) -> (String, String) {
        let label = &self.label;
        let before: String = self.buffer.before().iter().collect();
        (format!("{label}{before}"), self.buffer.after().collect())
    }

    fn press(&mut self, key: Key, out: &mut Vec<u8>) -> Option<Event> {
        self.listing = self.listing && key == Key::Tab;
        if removal(key).is_none() {
            self.killing = Before::Apart;
        }
        if self.seek(key, out) {
            return None;
        }
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
            Key::Tab if self.buffer.before().len() <= COMPLETED_BYTES_MAX => {
                return Some(Event::Tab(self.buffer.before().iter().collect()));
            }
            _ => self.edit(key, out),
        }
        None
    }

    fn edit(&mut self, key: Key, out: &mut Vec<u8>) {
        if let Some((way, reach)) = motion(key) {
            if self.buffer.go(way, reach) {
                self.stale = self.stale.max(Stale::Cursor);
            } else {
                self.ring(out);
            }
            return;
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
                self.renderer.clear(out);
                true
            }
            Key::Up | Key::Ctrl(b'P') => self.older(),
            Key::Down | Key::Ctrl(b'N') => self.newer(),
            _ => return self.ring(out),
        };
        if done {
            self.stale = Stale::Text;
        } else {
            self.ring(out);
        }
    }

    fn insert(&mut self, letter: char, out: &mut Vec<u8>) {
        let at_end = self.buffer.at_end();
        if !self.takes(letter) || self.buffer.insert(letter) == Err(Full) {
            return self.ring(out);
        }
        let quick = at_end && self.stale == Stale::Nothing;
        if !(quick && self.renderer.append(letter, out)) {
            self.stale = Stale::Text;
        }
    }

    /// Whether the character can be shown, and if it is a mark, has a letter to stand on.
    fn takes(&self, letter: char) -> bool {
        let before = self.buffer.before();
        let marks = before.iter().rev().take_while(|letter| width_of(**letter) == 0).count();
        let stands = !before.is_empty() && marks < MARKS_MAX;
        is_printable(letter) && (width_of(letter) > 0 || stands)
    }

    fn kill(&mut self, way: Way, reach: Reach, out: &mut Vec<u8>) {
        let last = self.buffer.before().last().map_or(0, |letter| width_of(*letter));
        let quick = (way, reach) == (Way::Back, Reach::Letter)
            && self.buffer.at_end()
            && self.stale == Stale::Nothing
            && last > 0;
        let before = std::mem::replace(&mut self.killing, joins(reach));
        if !self.buffer.kill(way, reach, before) {
            self.ring(out);
        } else if !(quick && self.renderer.erase(last, out)) {
            self.stale = Stale::Text;
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

    fn relabel(&mut self, label: String) {
        self.renderer.relabel(&label);
        self.label = label;
        self.stale = Stale::Text;
    }

    fn ring(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.rang, true) {
            out.push(0x07);
        }
    }
}

/// Whether what is removed next is put back together with this.
fn joins(reach: Reach) -> Before {
    if reach == Reach::Letter { Before::Apart } else { Before::Joined }
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
