//! From the TOML parser's byte offsets to lines and columns, and to the words for its errors.

use super::Source;
use super::problem::Place;
use toml_span::{ErrorKind, Span};

/// A text with a finger in it. Places are asked for from front to back, so each step counts on from
/// the last one; a step back begins anew.
pub(super) struct Lines<'a> {
    source: Source<'a>,
    offset: usize,
    line: usize,
    column: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(source: Source<'a>) -> Lines<'a> {
        Lines { source, offset: 0, line: 1, column: 1 }
    }

    pub(super) fn text(&self) -> &'a str {
        self.source.text
    }

    /// The line of a byte.
    pub(super) fn line(&mut self, offset: usize) -> usize {
        self.go(offset);
        self.line
    }

    /// The place of a byte, in characters. A byte order mark at the start is in no column.
    pub(super) fn place(&mut self, offset: usize) -> Place {
        self.go(offset);
        Place::Text { name: self.source.name.into(), line: self.line, column: self.column }
    }

    fn go(&mut self, offset: usize) {
        if offset < self.offset {
            *self = Lines::of(self.source);
        }
        for letter in self.source.text.get(self.offset..offset).unwrap_or("").chars() {
            match letter {
                '\n' => (self.line, self.column) = (self.line + 1, 1),
                '\u{feff}' if (self.line, self.column) == (1, 1) => {}
                _ => self.column += 1,
            }
        }
        self.offset = offset;
    }
}

/// Where a value or key begins in `text`. The parser's span of a string lacks the quotation marks,
/// and the line end after three of them.
pub(super) fn beginning(text: &str, span: Span) -> usize {
    let before = text.get(..span.start).unwrap_or("");
    let line_end = before.trim_end_matches(['\n', '\r']);
    for (before, marks) in [(line_end, "\"\"\""), (line_end, "'''"), (before, "\""), (before, "'")]
    {
        if let Some(before) = before.strip_suffix(marks) {
            return before.len();
        }
    }
    span.start
}

/// What the parser found wrong, in our words.
pub(super) fn explain(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::UnexpectedEof => "a value is missing here".into(),
        ErrorKind::UnquotedString => "a text needs quotation marks".into(),
        ErrorKind::UnterminatedString => "this text has no closing quotation mark".into(),
        ErrorKind::InvalidCharInString('\n') => "the text has no closing quotation mark".into(),
        ErrorKind::InvalidCharInString(c) => {
            format!("the character {c:?} must not stand in a text")
        }
        ErrorKind::InvalidEscape(c) => {
            format!("\\ and {c:?} mean nothing together; a \\ itself is written \\\\")
        }
        ErrorKind::InvalidHexEscape(c) => format!("{c:?} is no hexadecimal digit"),
        ErrorKind::InvalidEscapeValue(_) => "the escape names no character".into(),
        ErrorKind::Unexpected(c) => format!("the character {c:?} must not stand here"),
        ErrorKind::InvalidNumber => "no number that TOML knows, or one of more than 64 bits".into(),
        ErrorKind::Wanted { expected, found } => {
            format!("{} is needed here, not {}", word(expected), word(found))
        }
        ErrorKind::DuplicateKey { .. } => "the key is in these braces already".into(),
        ErrorKind::ExceededDepthLimit => "brackets are nested too deeply".into(),
        _ => "no assignment that TOML knows".into(),
    }
}

/// The parser's name of a token, as its character where it is one.
fn word(token: &'static str) -> &'static str {
    match token {
        "newline" | "a newline" => "the end of the line",
        "eof" => "the end",
        "an identifier" => "a word",
        "a table key" => "a key",
        "an equals" => "=",
        "a period" => "a dot",
        "a right brace" => "}",
        "a left brace" => "{",
        "a right bracket" => "]",
        "a left bracket" => "[",
        "a string" => "a text",
        "a multiline string" => "a text of several lines",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters() {
        let text = "\u{feff}# ä\r\nb = 'ö' # 🦀 x\n\n\tc";
        let mut lines = Lines::of(Source { name: "x", text });
        for (find, expected) in
            [("#", "1:1"), ("b", "2:1"), ("x", "2:13"), ("c", "4:2"), ("b", "2:1")]
        {
            let place = lines.place(text.find(find).unwrap());
            assert_eq!(place.to_string(), format!("x:{expected}"));
        }
        assert_eq!(lines.place(text.len()).to_string(), "x:4:3");
        assert_eq!(lines.place(text.len() + 1).to_string(), "x:4:3");
    }

    #[test]
    fn a_value_begins_at_its_quotation_mark() {
        for value in
            ["12", "\"\"", "''", "\"a\"", "'a'", "\"\"\"a\"\"\"", "'''\r\na'''", "'\\n'", "[1]"]
        {
            let text = format!("key = {value}");
            let toml = toml_span::parse(&text).unwrap();
            let span = toml.as_table().unwrap().values().next().unwrap().span;
            assert_eq!(beginning(&text, span), 6, "{text:?}");
        }
    }
}
