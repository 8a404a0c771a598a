//! The words of BIRD's language with their places, by BIRD's rules for comments, strings, numbers,
//! addresses and names (conf/cf-lex.l). Any bytes give words: what BIRD would refuse comes as
//! single marks, and each step takes at least one character.

use crate::limits::ADDRESS_BYTES_MAX;
use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

/// A word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// A keyword or a name, also one in single quotes.
    Name(&'a str),
    /// A number; what has more than 64 bits is the largest.
    Number(u64),
    /// An address without prefix length or zone.
    Address(IpAddr),
    /// What stands in double quotes.
    Text(&'a str),
    /// Any other character.
    Mark(char),
}

/// Line and column, from 1 on; the column counts characters, as BIRD and editors do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// A word and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<'a> {
    /// The word.
    pub word: Word<'a>,
    /// Where it begins, for people.
    pub place: Place,
    /// Which bytes of the text it is.
    pub bytes: Range<usize>,
}

/// The words of a text, one after the other.
pub struct Words<'a> {
    text: &'a str,
    /// The bytes that were taken.
    at: usize,
    place: Place,
}

impl<'a> Words<'a> {
    /// The words of this text.
    pub fn of(text: &'a str) -> Words<'a> {
        Words { text, at: 0, place: Place { line: 1, column: 1 } }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes on by so many bytes, which end at a character.
    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = self.rest().get(..bytes).unwrap_or_default();
        for character in taken.chars() {
            if character == '\n' {
                self.place = Place { line: self.place.line.saturating_add(1), column: 1 };
            } else {
                self.place.column = self.place.column.saturating_add(1);
            }
        }
        self.at += taken.len();
        taken
    }

    /// Goes on to the next word, over spaces and comments. A comment that is never closed is the
    /// rest of the text.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start().len();
            let comment = if rest.starts_with('#') {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |at| at + 2)
            } else {
                0
            };
            if blanks == 0 && comment == 0 {
                return;
            }
            self.take(blanks.max(comment));
        }
    }

    /// What stands between this quote and its next on the same line.
    fn quoted(&self, quote: char) -> Option<&'a str> {
        let inner = self.rest().strip_prefix(quote)?;
        let end = inner.find([quote, '\n'])?;
        if inner.get(end..)?.starts_with(quote) { inner.get(..end) } else { None }
    }

    /// The word that begins here, and its length in bytes; never zero.
    fn word(&self, first: char) -> (Word<'a>, usize) {
        if let Some(text) = self.quoted('"') {
            return (Word::Text(text), text.len() + 2);
        }
        if let Some(name) = self.quoted('\'') {
            return (Word::Name(name), name.len() + 2);
        }
        let rest = self.rest();
        if let Some((address, length)) = address(rest) {
            return (Word::Address(address), length);
        }
        let run = leading(rest, |letter| letter.is_ascii_alphanumeric() || letter == '_');
        if first.is_ascii_digit() {
            // BIRD begins a name behind the digits.
            let digits = match run.strip_prefix("0x") {
                Some(hex) => 2 + leading(hex, |letter| letter.is_ascii_hexdigit()).len(),
                None => leading(run, |letter| letter.is_ascii_digit()).len(),
            };
            return (Word::Number(number(run.get(..digits).unwrap_or_default())), digits.max(1));
        }
        match run {
            "" => (Word::Mark(first), first.len_utf8()),
            name => (Word::Name(name), name.len()),
        }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Placed<'a>;

    fn next(&mut self) -> Option<Placed<'a>> {
        self.skip_blanks();
        let (place, start) = (self.place, self.at);
        let first = self.rest().chars().next()?;
        let (word, length) = self.word(first);
        self.take(length);
        Some(Placed { word, place, bytes: start..self.at })
    }
}

/// The characters at the beginning that are of this kind.
fn leading(text: &str, is_such: fn(char) -> bool) -> &str {
    let end = text.find(|letter| !is_such(letter)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// The address that a text begins with, and its length. A dot or a colon behind it is the next
/// word: `fe80::1..` and the end of a case.
fn address(rest: &str) -> Option<(IpAddr, usize)> {
    // No more is looked at than an address can have, and the two characters behind it.
    let most = ADDRESS_BYTES_MAX + 2;
    let length = rest.bytes().take(most).take_while(is_of_address).count();
    let run = rest.get(..length).filter(|run| length < most && run.contains([':', '.']))?;
    for cut in 0..=2 {
        let text = run.get(..run.len().checked_sub(cut)?)?;
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some((address, text.len()));
        }
    }
    None
}

fn is_of_address(byte: &u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')
}

fn number(digits: &str) -> u64 {
    let number = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    number.unwrap_or(u64::MAX)
}

/// Do two texts say the same to BIRD, word by word? Comments, spaces and spellings do not count.
pub fn say_the_same(one: &str, other: &str) -> bool {
    Words::of(one).map(|placed| placed.word).eq(Words::of(other).map(|placed| placed.word))
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word<'_>> {
        Words::of(text).map(|it| it.word).collect()
    }

    fn ip(text: &str) -> Word<'static> {
        Word::Address(text.parse().unwrap())
    }

    #[test]
    fn words_are_those_of_bird() {
        use Word::{Mark, Name, Number, Text};
        for (text, expected) in [
            ("fe80::b%'wg'", vec![ip("fe80::b"), Mark('%'), Name("wg")]),
            ("fe80::b % wg0;", vec![ip("fe80::b"), Mark('%'), Name("wg0"), Mark(';')]),
            ("neighbor 172.20.0.1 as 64600;", {
                let (start, end) = (Name("neighbor"), [Name("as"), Number(64600), Mark(';')]);
                [start, ip("172.20.0.1")].into_iter().chain(end).collect()
            }),
            ("fd00::/8{44,64}", {
                let length = [Mark('/'), Number(8), Mark('{'), Number(44), Mark(',')];
                let start = std::iter::once(ip("fd00::")).chain(length);
                start.chain([Number(64), Mark('}')]).collect()
            }),
            ("0xff 0x 12ab", vec![Number(255), Number(u64::MAX), Number(12), Name("ab")]),
            ("\"a # b\" # c\nd", vec![Text("a # b"), Name("d")]),
            ("a/* { */b", vec![Name("a"), Name("b")]),
            ("1:2", vec![Number(1), Mark(':'), Number(2)]),
            ("::", vec![ip("::")]),
            ("default", vec![Name("default")]),
            ("fe80 abc:", vec![Name("fe80"), Name("abc"), Mark(':')]),
            ("'dn42-x.y'", vec![Name("dn42-x.y")]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn places_are_those_that_an_editor_shows() {
        let text = "a\n  /* ü\n */ ü b\r\n\tc";
        let places: Vec<String> = Words::of(text).map(|it| it.place.to_string()).collect();
        assert_eq!(places, ["1:1", "3:5", "3:7", "4:2"]);
        for word in Words::of(text) {
            assert!(!text[word.bytes.clone()].is_empty(), "{word:?}");
        }
    }

    #[test]
    fn every_text_ends() {
        for text in
            ["\"", "'", "\"\n\"", "/*", "*/", "#", "::::::", "....", "0x", "é\"ü", "\0", "%"]
        {
            assert!(words(text).len() <= text.len(), "{text:?}");
        }
        let long = format!("{} {}", ":".repeat(50_000), "1".repeat(50_000));
        assert_eq!(words(&long).last(), Some(&Word::Number(u64::MAX)));
    }

    #[test]
    fn two_texts_say_the_same_whatever_they_look_like() {
        let one = "protocol bgp a from t { # mine\n neighbor fe80::B%'x' as 1; }";
        let other = "protocol bgp 'a' from t{neighbor fe80:0::b % x as 1;}\n";
        assert!(say_the_same(one, other));
        assert!(!say_the_same(one, &other.replace("as 1", "as 2")));
        assert!(!say_the_same(one, &format!("{other};")));
    }
}
