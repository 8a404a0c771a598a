//! Ctrl-R and Ctrl-S: search through the lines of before, letter by letter, as in readline.
//!
//! Every letter looks from the line that was found last, so that more letters never lead away from
//! it. Escape ends the search at once, whatever may follow it: there is no clock here to tell the
//! key from the beginning of a cursor key, and either means that the line is to be edited.

use super::Editor;
use crate::limits::SEARCH_BYTES_MAX;
use crate::shell::keys::Key;
use crate::shell::line::Recall;
use crate::shell::line::buffer::Way;
use crate::text::escape::{escape, is_printable};

/// A search that goes on.
#[derive(Clone, Debug)]
pub(super) struct Search {
    sought: String,
    way: Way,
    /// The line that was found, or the one after the last while there is none.
    at: usize,
    failed: bool,
    /// What was typed before, to come back to.
    draft: String,
}

impl Search {
    /// What stands before the line meanwhile.
    fn label(&self) -> String {
        let failed = if self.failed { "failed " } else { "" };
        let way = if self.way == Way::Back { "reverse-" } else { "" };
        escape(&format!("({failed}{way}i-search)`{}': ", self.sought))
    }
}

impl Editor {
    /// A key that begins a search or belongs to one. False: it does what it always does; a search
    /// has ended before it, with the line that was found.
    pub(super) fn seek(&mut self, key: Key, out: &mut Vec<u8>) -> bool {
        let way = match key {
            Key::Ctrl(b'R') => Some(Way::Back),
            Key::Ctrl(b'S') => Some(Way::Forth),
            _ => None,
        };
        let found = match (self.search.take(), way, key) {
            (None, Some(way), _) if self.recall == Recall::Commands && !self.pasting => {
                self.begin_search(way)
            }
            (None, ..) => return false,
            (Some(search), Some(way), _) => self.next_line(search, way),
            (Some(search), _, Key::Char(letter)) => self.longer(search, letter),
            (Some(search), _, Key::Backspace) => self.shorter(search),
            (Some(search), _, Key::Ctrl(b'G')) => {
                self.buffer.set(&search.draft);
                self.unlabel();
                true
            }
            (Some(search), ..) => {
                self.search = Some(search);
                self.end_search();
                return false;
            }
        };
        if !found {
            self.ring(out);
        }
        true
    }

    /// Ends a search with the line that was found, if there is one.
    pub(super) fn end_search(&mut self) {
        let Some(search) = self.search.take() else { return };
        self.history.go(search.at, search.draft);
        if !search.sought.is_empty() {
            self.sought = search.sought;
        }
        self.unlabel();
    }

    fn unlabel(&mut self) {
        self.relabel(self.prompt.clone());
    }

    fn begin_search(&mut self, way: Way) -> bool {
        let (at, draft) = (self.history.place(), self.buffer.text());
        self.hold(Search { sought: String::new(), way, at, failed: false, draft });
        true
    }

    fn hold(&mut self, search: Search) {
        self.relabel(search.label());
        self.search = Some(search);
    }

    /// The next line with what is sought. If nothing is sought yet, it is what was sought last.
    fn next_line(&mut self, mut search: Search, way: Way) -> bool {
        search.way = way;
        if search.sought.is_empty() {
            search.sought.clone_from(&self.sought);
        }
        let from = match way {
            Way::Back => search.at.checked_sub(1),
            Way::Forth => Some(search.at + 1),
        };
        let shown = if search.sought.is_empty() { String::new() } else { self.buffer.text() };
        self.look(search, from, &shown)
    }

    fn longer(&mut self, mut search: Search, letter: char) -> bool {
        let fits = search.sought.len() + letter.len_utf8() <= SEARCH_BYTES_MAX;
        if !fits || !is_printable(letter) {
            self.hold(search);
            return false;
        }
        search.sought.push(letter);
        let from = Some(search.at);
        self.look(search, from, "")
    }

    fn shorter(&mut self, mut search: Search) -> bool {
        let some = search.sought.pop().is_some();
        let from = Some(search.at);
        self.look(search, from, "") && some
    }

    /// Shows the nearest line from there on that has what is sought and is not the one that is
    /// shown already.
    fn look(&mut self, mut search: Search, from: Option<usize>, shown: &str) -> bool {
        let sought = search.sought.as_str();
        search.failed = !sought.is_empty();
        if search.failed
            && let Some(from) = from
            && let Some((at, line)) =
                self.history.find(search.way, from, |line| line.contains(sought) && line != shown)
        {
            let start = line.rfind(sought).and_then(|at| line.get(..at)).unwrap_or("");
            self.buffer.set_at(line, start.chars().count());
            search.at = at;
            search.failed = false;
        }
        let found = !search.failed;
        self.hold(search);
        found
    }
}
