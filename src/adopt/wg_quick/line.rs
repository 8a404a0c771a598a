//! The lines of a wg-quick file.

use super::{Fault, Placed, What};
use crate::adopt::words::Place;
use std::ops::Range;
use std::str::FromStr;

/// A line that says something.
pub struct Line<'a> {
    /// What it belongs to.
    pub section: Section,
    /// The key; of a heading, the whole heading.
    pub key: &'a str,
    /// The value, without spaces around it; of a heading, nothing.
    pub value: &'a str,
    /// Which bytes the line is, with its end.
    pub whole: Range<usize>,
    /// Where the value begins in the file, in bytes.
    value_start: usize,
    /// The line's number, from 1 on.
    number: u32,
    text: &'a str,
}

/// What a line is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// It begins a section.
    Heading,
    /// It is below `[Interface]`.
    Interface,
    /// It is below `[Peer]`.
    Peer,
}

/// The lines of a file that say something, each as it is or what is wrong with it.
pub fn lines(text: &str) -> impl Iterator<Item = Result<Line<'_>, Fault>> {
    let mut section = None;
    let mut start = 0;
    let mut number = 0_u32;
    text.split_inclusive('\n').filter_map(move |whole| {
        let bytes = start..start + whole.len();
        start = bytes.end;
        number = number.saturating_add(1);
        let said = whole.split('#').next().unwrap_or_default().trim();
        if said.is_empty() {
            return None;
        }
        let at = Line {
            section: Section::Heading,
            key: said,
            value: "",
            value_start: bytes.end,
            whole: bytes,
            number,
            text,
        };
        if said.starts_with('[') {
            section = match said.to_ascii_lowercase().as_str() {
                "[interface]" => Some(Section::Interface),
                "[peer]" => Some(Section::Peer),
                _ => return Some(Err(at.fault(What::Heading))),
            };
            return Some(Ok(at));
        }
        Some(at.key_and_value(said, section))
    })
}

impl<'a> Line<'a> {
    fn key_and_value(self, said: &'a str, section: Option<Section>) -> Result<Line<'a>, Fault> {
        let Some((key, value)) = said.split_once('=') else { return Err(self.fault(What::Form)) };
        let (key, value) = (key.trim(), value.trim());
        let Some(section) = section.filter(|_| !key.is_empty()) else {
            return Err(self.fault(What::Key));
        };
        let value_start = self.offset_of(value);
        Ok(Line { section, key, value, value_start, ..self })
    }

    /// Where a part of the file's text begins in it, in bytes.
    fn offset_of(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    /// The value as what it is to be.
    pub fn parsed<T: FromStr>(&self, form: &'static str) -> Result<T, Fault> {
        self.value.parse().map_err(|_| self.value_fault(form))
    }

    /// A value that is the line's whole value.
    pub fn placed<T>(&self, value: T) -> Placed<T> {
        let bytes = self.value_start..self.value_start + self.value.len();
        Placed { value, bytes, line: self.whole.clone() }
    }

    /// A value that is this part of the line.
    pub fn placed_at<T>(&self, value: T, part: &str) -> Placed<T> {
        let start = self.offset_of(part);
        Placed { value, bytes: start..start + part.len(), line: self.whole.clone() }
    }

    /// The value is not what it is to be.
    pub fn value_fault(&self, form: &'static str) -> Fault {
        Fault { place: self.place(self.value_start), what: What::Value(form) }
    }

    /// The line is wrong.
    pub fn fault(&self, what: What) -> Fault {
        Fault { place: self.place(self.offset_of(self.key)), what }
    }

    fn place(&self, at: usize) -> Place {
        let before = self.text.get(self.whole.start..at).unwrap_or_default();
        let column = u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
        Place { line: self.number, column }
    }
}
