//! What is wrong with a configuration, and where.
//!
//! A problem is one line that an editor can jump to: `peerling.toml:3:5: pop.asn: …`. The number of
//! problems is bounded, because a file can hold a hundred thousand of them.

use crate::limits::{CONFIG_PROBLEMS_MAX, CONFIG_QUOTE_CHARS_MAX};
use std::fmt;

/// Where a value is set, or should be. The order is that of the report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A file as a whole.
    Whole(String),
    /// A character of a file.
    Text {
        /// The name of the file.
        name: String,
        /// The line, from 1.
        line: usize,
        /// The character in the line, from 1; a character is a Unicode scalar value, a tab is one.
        column: usize,
    },
    /// A variable of the environment.
    Variable(String),
}

/// One thing that is wrong. Its text never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The value's place.
    pub place: Place,
    /// What is wrong, in lower case and without a final full stop.
    pub message: String,
}

/// The problems found so far, at most [`CONFIG_PROBLEMS_MAX`].
#[derive(Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    overflow: bool,
}

impl Problems {
    /// Whether no more will be reported: then there is no use in looking for them.
    pub(super) fn is_full(&self) -> bool {
        self.overflow
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds a problem, if there is room.
    pub(super) fn add(&mut self, place: Place, message: impl Into<String>) {
        if self.list.len() < CONFIG_PROBLEMS_MAX {
            self.list.push(Problem { place, message: message.into() });
        } else {
            self.overflow = true;
        }
    }

    /// All of them by place, and last whether there are more.
    pub(super) fn sorted(mut self) -> Vec<Problem> {
        self.list.sort();
        if self.overflow
            && let Some(last) = self.list.last()
        {
            let message = "there are more problems".into();
            self.list.push(Problem { place: last.place.clone(), message });
        }
        self.list
    }
}

/// A text from byte offsets to places. They are asked for from front to back, so each step counts
/// on from the last one; a step back begins at the start.
pub(super) struct Lines<'a> {
    name: &'a str,
    text: &'a str,
    offset: usize,
    line: usize,
    column: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(name: &'a str, text: &'a str) -> Lines<'a> {
        Lines { name, text, offset: 0, line: 1, column: 1 }
    }

    /// The line of a byte.
    pub(super) fn line(&mut self, offset: usize) -> usize {
        self.go(offset);
        self.line
    }

    /// The place of a byte, in characters. A byte order mark at the start is in no column.
    pub(super) fn place(&mut self, offset: usize) -> Place {
        self.go(offset);
        Place::Text { name: self.name.into(), line: self.line, column: self.column }
    }

    fn go(&mut self, offset: usize) {
        if offset < self.offset {
            *self = Lines::new(self.name, self.text);
        }
        for letter in self.text.get(self.offset..offset).unwrap_or("").chars() {
            match letter {
                '\n' => (self.line, self.column) = (self.line + 1, 1),
                '\u{feff}' if (self.line, self.column) == (1, 1) => {}
                _ => self.column += 1,
            }
        }
        self.offset = offset;
    }
}

/// A value as a problem shows it: in quotes, without control characters, and cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(CONFIG_QUOTE_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Whole(name) => out.write_str(name),
            Place::Text { name, line, column } => write!(out, "{name}:{line}:{column}"),
            Place::Variable(name) => write!(out, "{}", name.escape_debug()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, column: usize) -> Place {
        Place::Text { name: "x.toml".into(), line, column }
    }

    #[test]
    fn problems_come_by_place() {
        let mut problems = Problems::default();
        problems.add(Place::Variable("PEERLING_POP_ASN".into()), "last");
        problems.add(at(10, 2), "third");
        problems.add(at(9, 12), "second");
        problems.add(Place::Whole("x.toml".into()), "first");
        let told: Vec<_> = problems.sorted().iter().map(Problem::to_string).collect();
        assert_eq!(
            told,
            [
                "x.toml: first",
                "x.toml:9:12: second",
                "x.toml:10:2: third",
                "PEERLING_POP_ASN: last"
            ]
        );
    }

    #[test]
    fn the_number_of_problems_is_bounded() {
        let mut problems = Problems::default();
        for line in 1..=CONFIG_PROBLEMS_MAX + 5 {
            problems.add(at(line, 1), "bad");
        }
        let told = problems.sorted();
        assert_eq!(told.len(), CONFIG_PROBLEMS_MAX + 1);
        assert_eq!(told.last().unwrap().message, "there are more problems");
    }

    #[test]
    fn a_quoted_value_is_one_harmless_line() {
        assert_eq!(quoted("a\u{1b}[2J\n\"\0é"), r#""a\u{1b}[2J\n\"\0é""#);
        assert_eq!(quoted(&"ä".repeat(61)), format!("\"{}…\"", "ä".repeat(60)));
    }

    #[test]
    fn columns_are_characters() {
        let text = "\u{feff}# ä\r\nb = 'ö' # 🦀 x\n\n\tc";
        let mut lines = Lines::new("x", text);
        for (find, expected) in
            [("#", "1:1"), ("b", "2:1"), ("x", "2:13"), ("c", "4:2"), ("b", "2:1")]
        {
            let place = lines.place(text.find(find).unwrap());
            assert_eq!(place.to_string(), format!("x:{expected}"));
        }
        assert_eq!(lines.place(text.len()).to_string(), "x:4:3");
        assert_eq!(lines.place(text.len() + 1).to_string(), "x:4:3");
    }
}
