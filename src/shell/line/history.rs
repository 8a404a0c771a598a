//! Lines to go back to.

use super::buffer::Way;
use crate::limits::{HISTORY_BYTES_MAX, HISTORY_LINES_MAX};
use std::collections::VecDeque;

/// The lines, oldest first, and where among them the reader is.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    lines: VecDeque<String>,
    bytes: usize,
    /// How many lines back; zero is the line that is being typed.
    back: usize,
    draft: String,
}

impl History {
    /// Adds a line, unless it is empty or the same as the last.
    pub(super) fn remember(&mut self, line: &str) {
        self.back = 0;
        if line.is_empty() || self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        self.bytes += line.len();
        self.lines.push_back(line.to_owned());
        while self.bytes > HISTORY_BYTES_MAX || self.lines.len() > HISTORY_LINES_MAX {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }

    /// Begins at the line that is being typed.
    pub(super) fn begin(&mut self) {
        self.back = 0;
    }

    /// The line before; `typed` is kept to come back to.
    pub(super) fn older(&mut self, typed: impl FnOnce() -> String) -> Option<&str> {
        let index = self.lines.len().checked_sub(self.back + 1)?;
        if self.back == 0 {
            self.draft = typed();
        }
        self.back += 1;
        self.lines.get(index).map(String::as_str)
    }

    /// The line after.
    pub(super) fn newer(&mut self) -> Option<&str> {
        self.back = self.back.checked_sub(1)?;
        match self.lines.len().checked_sub(self.back) {
            Some(index) if self.back > 0 => self.lines.get(index).map(String::as_str),
            _ => Some(&self.draft),
        }
    }

    /// Where the reader is, counted from the oldest line; the line that is being typed is the last.
    pub(super) fn place(&self) -> usize {
        self.lines.len().saturating_sub(self.back)
    }

    /// Goes to a place; `typed` is kept to come back to.
    pub(super) fn go(&mut self, place: usize, typed: String) {
        if self.back == 0 {
            self.draft = typed;
        }
        self.back = self.lines.len().saturating_sub(place);
    }

    /// The nearest line of a kind, from a place on, that one included.
    pub(super) fn find(
        &self,
        way: Way,
        from: usize,
        kind: impl Fn(&str) -> bool,
    ) -> Option<(usize, &str)> {
        let mut at = match way {
            Way::Back => from.min(self.lines.len().checked_sub(1)?),
            Way::Forth => from,
        };
        loop {
            let line = self.lines.get(at)?;
            if kind(line) {
                return Some((at, line));
            }
            at = match way {
                Way::Back => at.checked_sub(1)?,
                Way::Forth => at + 1,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_and_forth() {
        let mut history = History::default();
        for line in ["one", "two", "two", "", "three"] {
            history.remember(line);
        }
        let mut older = Vec::new();
        while let Some(line) = history.older(|| "draft".to_owned()) {
            older.push(line.to_owned());
        }
        assert_eq!(older, ["three", "two", "one"]);
        assert_eq!(history.newer(), Some("two"));
        assert_eq!(history.older(|| "lost".to_owned()), Some("one"));
        assert_eq!(history.newer(), Some("two"));
        assert_eq!(history.newer(), Some("three"));
        assert_eq!(history.newer(), Some("draft"));
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut history = History::default();
        (0..10_000).for_each(|number| history.remember(&format!("line {number}")));
        assert!(history.bytes <= HISTORY_BYTES_MAX && history.lines.len() <= HISTORY_LINES_MAX);
        assert_eq!(history.bytes, history.lines.iter().map(String::len).sum::<usize>());
        assert_eq!(history.lines.back().map(String::as_str), Some("line 9999"));
    }
}
