//! A TOML text, cut into its statements: headers and assignments.
//!
//! The TOML parser gives up at the first error. So it gets one statement at a time: an error spoils
//! only its own, and the next one is read as if nothing had happened. The cutting needs no grammar,
//! only the parser's own tokens and a count of open brackets. A value that is never closed would
//! swallow all that follows; a line that can only be a new statement ends it.
//!
//! Parsers that recover by themselves cannot tell such a line: after one forgotten bracket they
//! report each of the next lines, or none.

use super::problem::Lines;
use super::value::{Located, Value};
use crate::limits::{CONFIG_LIST_ITEMS_MAX, CONFIG_STATEMENT_BYTES_MAX};
use toml_span::tokens::{Error as TokenError, Token, Tokenizer};
use toml_span::value::{Key, Table};
use toml_span::{ErrorKind, Span, Value as Toml};

/// One statement. Spans of what is parsed from it count from its start.
pub(super) struct Statement<'a> {
    pub(super) text: &'a str,
    /// Where it starts in the whole text, in bytes.
    pub(super) start: usize,
    /// The first bracket that is still open at the end, if one is, by its place in the whole text.
    open: Option<usize>,
}

/// Why a statement cannot be read, and at which byte of the whole text.
pub(super) struct SyntaxError {
    pub(super) offset: usize,
    pub(super) message: String,
}

impl<'a> Statement<'a> {
    /// The table that the statement means by itself.
    ///
    /// # Errors
    /// The first one of the parser, in our words.
    pub(super) fn parse(&self) -> Result<Toml<'a>, SyntaxError> {
        if self.text.len() > CONFIG_STATEMENT_BYTES_MAX {
            let message = format!("an assignment has at most {CONFIG_STATEMENT_BYTES_MAX} bytes");
            return Err(SyntaxError { offset: self.start, message });
        }
        // The parser would pass over a byte order mark, which only the whole text may begin with.
        if self.text.starts_with('\u{feff}') {
            let message = explain(&ErrorKind::Unexpected('\u{feff}'));
            return Err(SyntaxError { offset: self.start, message });
        }
        toml_span::parse(self.text).map_err(|error| match self.open {
            Some(offset) => SyntaxError { offset, message: "this bracket is never closed".into() },
            None => {
                SyntaxError { offset: self.start + error.span.start, message: explain(&error.kind) }
            }
        })
    }

    pub(super) fn is_header(&self) -> bool {
        self.text.starts_with('[')
    }

    pub(super) fn is_array_header(&self) -> bool {
        self.text.starts_with("[[")
    }

    /// Whether an assignment is written `section.key = …`.
    pub(super) fn is_dotted(&self) -> bool {
        self.text.split('=').next().is_some_and(|before| before.contains('.'))
    }

    /// Where a key or a text begins in the whole text. The parser's span of a text lacks the
    /// quotation marks, and the line end after three of them.
    pub(super) fn offset(&self, span: Span) -> usize {
        let before = self.text.get(..span.start).unwrap_or("");
        let before_line_end = before.trim_end_matches(['\n', '\r']);
        for (before, marks) in
            [(before_line_end, "\"\"\""), (before_line_end, "'''"), (before, "\""), (before, "'")]
        {
            if let Some(before) = before.strip_suffix(marks) {
                return self.start + before.len();
            }
        }
        self.start + span.start
    }

    /// The value of a key in this statement, with its place.
    pub(super) fn value(&self, toml: &Toml<'_>, lines: &mut Lines<'_>) -> Located {
        let offset = match toml.as_str() {
            Some(_) => self.offset(toml.span),
            None => self.start + toml.span.start,
        };
        let place = lines.place(offset);
        let Some(items) = toml.as_array() else { return Located { place, value: scalar(toml) } };
        if items.len() > CONFIG_LIST_ITEMS_MAX {
            return Located { place, value: Value::Other("a list as long as this") };
        }
        let mut entries = Vec::with_capacity(items.len());
        for item in items {
            // An entry that is a list itself is not looked into: no key takes one.
            entries.push(match item.as_array() {
                Some(_) => {
                    let place = lines.place(self.start + item.span.start);
                    Located { place, value: Value::Other("a list") }
                }
                None => self.value(item, lines),
            });
        }
        Located { place, value: Value::List(entries) }
    }
}

/// The value that a piece of TOML such as `[1, 2]` means; its places mean nothing.
pub(super) fn value(toml: &str) -> Option<Value> {
    let text = format!("key = {toml}");
    let statement = Statement { text: &text, start: 0, open: None };
    let root = statement.parse().ok()?;
    let toml = root.as_table()?.values().next()?;
    Some(statement.value(toml, &mut Lines::new("", &text)).value)
}

fn scalar(toml: &Toml<'_>) -> Value {
    if let Some(text) = toml.as_str() {
        Value::Text(text.into())
    } else if let Some(number) = toml.as_integer() {
        Value::Number(number)
    } else if let Some(boolean) = toml.as_bool() {
        Value::Boolean(boolean)
    } else if toml.as_float().is_some() {
        Value::Other("a number with a fraction")
    } else {
        Value::Other("a table")
    }
}

/// The entries of a table in the order of the text.
pub(super) fn in_order<'k, 't>(table: &'k Table<'t>) -> Vec<(&'k Key<'t>, &'k Toml<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    entries
}

/// The names in a header.
pub(super) fn path(header: &Table<'_>) -> Vec<String> {
    let mut path = Vec::new();
    let mut next = header.iter().next();
    while let Some((key, value)) = next {
        path.push(key.name.to_string());
        // The header of an array of tables means an array with one table.
        let table = value.as_array().map_or(Some(value), |tables| tables.first());
        next = table.and_then(|table| table.as_table()?.iter().next());
    }
    path
}

/// What the parser found wrong, in our words.
pub(super) fn explain(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::UnexpectedEof => "a value is missing here".into(),
        ErrorKind::UnquotedString => "a text must be in quotation marks".into(),
        ErrorKind::UnterminatedString => "this text has no closing quotation mark".into(),
        ErrorKind::InvalidCharInString('\n') => "this text has no closing quotation mark".into(),
        ErrorKind::InvalidCharInString(c) => {
            format!("the character {c:?} is not allowed in a text")
        }
        ErrorKind::InvalidEscape(c) => {
            format!("unknown escape: \\ before {c:?}; write \\\\ for a backslash")
        }
        ErrorKind::InvalidHexEscape(c) => format!("{c:?} is not a hexadecimal digit"),
        ErrorKind::InvalidEscapeValue(_) => "this escape is not a Unicode character".into(),
        ErrorKind::Unexpected(c) => format!("the character {c:?} is not allowed here"),
        ErrorKind::InvalidNumber => "not a valid number, or one of more than 64 bits".into(),
        ErrorKind::Wanted { expected, found } => {
            format!("expected {}, found {}", word(expected), word(found))
        }
        ErrorKind::DuplicateKey { .. } => "this key is already in these braces".into(),
        ErrorKind::ExceededDepthLimit => "brackets are nested too deeply".into(),
        _ => "not valid TOML".into(),
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

/// The statements of a text, in order. Comments and empty lines between them are left out.
pub(super) struct Statements<'a> {
    text: &'a str,
    /// Where the tokens of `tokens` count from.
    base: usize,
    tokens: Tokenizer<'a>,
}

impl<'a> Statements<'a> {
    pub(super) fn new(text: &'a str) -> Statements<'a> {
        Statements { text, base: 0, tokens: Tokenizer::new(text) }
    }

    fn cut(&self, start: usize, end: usize, open: Option<usize>) -> Statement<'a> {
        Statement { text: self.text.get(start..end).unwrap_or(""), start, open }
    }

    /// Goes on at the end of the line of `offset`, because the tokens after an error mean nothing.
    fn resume_after(&mut self, offset: usize) -> usize {
        let rest = self.text.get(offset..).unwrap_or("");
        let end = offset + rest.find('\n').unwrap_or(rest.len());
        self.base = end;
        self.tokens = Tokenizer::new(self.text.get(end..).unwrap_or(""));
        end
    }

    /// Whether a statement may end at the newline at `offset`.
    fn ends(&self, offset: usize, brackets: &Brackets) -> bool {
        if brackets.depth == 0 {
            return true;
        }
        let rest = self.text.get(offset..).unwrap_or("");
        let next_line = rest.lines().nth(1).unwrap_or("");
        is_header(next_line) || (brackets.braces == 0 && is_assignment(next_line))
    }
}

impl<'a> Iterator for Statements<'a> {
    type Item = Statement<'a>;

    fn next(&mut self) -> Option<Statement<'a>> {
        let mut start = None;
        let mut brackets = Brackets::default();
        loop {
            let offset = self.base + self.tokens.current();
            match self.tokens.step() {
                Ok(Some((_, Token::Whitespace(_) | Token::Comment(_)))) => {}
                Ok(Some((_, Token::Newline))) => {
                    if let Some(start) = start
                        && self.ends(offset, &brackets)
                    {
                        return Some(self.cut(start, offset, brackets.first));
                    }
                }
                Ok(Some((_, token))) => {
                    start = start.or(Some(offset));
                    brackets.count(&token, offset);
                }
                Ok(None) => return Some(self.cut(start?, offset, brackets.first)),
                Err(error) => {
                    let end = self.resume_after(self.base + error_offset(&error));
                    return Some(self.cut(start.unwrap_or(offset), end, None));
                }
            }
        }
    }
}

/// The brackets that are open.
#[derive(Default)]
struct Brackets {
    first: Option<usize>,
    depth: usize,
    braces: usize,
}

impl Brackets {
    fn count(&mut self, token: &Token<'_>, offset: usize) {
        match token {
            Token::LeftBracket | Token::LeftBrace => {
                self.first = self.first.or(Some(offset));
                self.depth += 1;
            }
            Token::RightBracket | Token::RightBrace => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        match token {
            Token::LeftBrace => self.braces += 1,
            Token::RightBrace => self.braces = self.braces.saturating_sub(1),
            _ => {}
        }
        if self.depth == 0 {
            self.first = None;
        }
    }
}

/// Where an error of the tokenizer is, by its tokens.
fn error_offset(error: &TokenError) -> usize {
    match error {
        TokenError::InvalidCharInString(at, _)
        | TokenError::InvalidEscape(at, _)
        | TokenError::InvalidHexEscape(at, _)
        | TokenError::InvalidEscapeValue(at, ..)
        | TokenError::NewlineInString(at)
        | TokenError::Unexpected(at, _)
        | TokenError::UnterminatedString(at)
        | TokenError::MultilineStringKey(at, _)
        | TokenError::Wanted { at, .. } => *at,
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// Whether a line can only be the header of a section or of a table.
fn is_header(line: &str) -> bool {
    let line = line.trim_start();
    let header = match line.strip_prefix("[[").and_then(|rest| rest.split_once("]]")) {
        Some(header) => Some(header),
        None => line.strip_prefix('[').and_then(|rest| rest.split_once(']')),
    };
    let Some((name, after)) = header else { return false };
    let after = after.trim();
    is_word(name.trim()) && (after.is_empty() || after.starts_with('#'))
}

/// Whether a line can only be an assignment, if it is not inside braces.
fn is_assignment(line: &str) -> bool {
    line.split_once('=').is_some_and(|(key, _)| is_word(key.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each statement as its text, with a bar before the bracket that stays open.
    fn cut(text: &str) -> Vec<String> {
        let mut shown = Vec::new();
        for Statement { text, start, open } in Statements::new(text) {
            match open {
                Some(open) => {
                    shown.push(format!("{}|{}", &text[..open - start], &text[open - start..]))
                }
                None => shown.push(text.to_string()),
            }
        }
        shown
    }

    #[test]
    fn statements_end_where_toml_ends_them() {
        for (text, expected) in [
            ("", &[] as &[&str]),
            ("\u{feff}# only\n\n", &[]),
            ("a = 1\r\n[b] # c\r\n d = 2", &["a = 1", "[b] # c", "d = 2"]),
            ("a = [ # x ]\n 1,\n]\nb = 2", &["a = [ # x ]\n 1,\n]", "b = 2"]),
            ("a = \"\"\"\n[b]\nc = 1\"\"\"\nd = 2", &["a = \"\"\"\n[b]\nc = 1\"\"\"", "d = 2"]),
            ("a = '#['\nb = \"\\\"]\"", &["a = '#['", "b = \"\\\"]\""]),
            ("a = {\n b = 1\n}\nc = 2", &["a = {\n b = 1\n}", "c = 2"]),
            ("\"a\" = 1", &["\"a\" = 1"]),
        ] {
            assert_eq!(cut(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_error_spoils_its_own_statement_only() {
        for (text, expected) in [
            ("a = [1,\nb = 2", &["a = |[1,", "b = 2"] as &[&str]),
            ("[a\nb = 2", &["|[a", "b = 2"]),
            ("a = [\n[b]\nc = 1", &["a = |[", "[b]", "c = 1"]),
            ("a = [\n[[b.c]] # d\ne = 1", &["a = |[", "[[b.c]] # d", "e = 1"]),
            ("a = {\n b = [\n[c]\nd = 1", &["a = |{\n b = [", "[c]", "d = 1"]),
            ("a = 'x\nb = 2", &["a = 'x", "b = 2"]),
            ("a = ]]\nb = 2", &["a = ]]", "b = 2"]),
            ("a = \"\"\"x\nb = 2", &["a = \"\"\"x", "b = 2"]),
            ("\0 = 1\nb = \"\\q\"\n\u{1}", &["\0 = 1", "b = \"\\q\"", "\u{1}"]),
            ("# \0\nb = 2", &["\0", "b = 2"]),
            ("'x\nb = 2", &["'x", "b = 2"]),
            ("a = [", &["a = |["]),
        ] {
            assert_eq!(cut(text), expected, "{text:?}");
        }
    }
    #[test]
    fn a_value_begins_at_its_quotation_mark() {
        for value in
            ["12", "\"\"", "''", "\"a\"", "'a'", "\"\"\"a\"\"\"", "'''\r\na'''", "'\\n'", "[1]"]
        {
            let text = format!("key = {value}");
            let toml = toml_span::parse(&text).unwrap();
            let span = toml.as_table().unwrap().values().next().unwrap().span;
            let statement = Statement { text: &text, start: 100, open: None };
            assert_eq!(statement.offset(span), 106, "{text:?}");
        }
    }
    #[test]
    fn headers_are_paths() {
        for (text, expected) in [
            ("[a]", &["a"] as &[&str]),
            ("[ \"a.b\" . c ]", &["a.b", "c"]),
            ("[[a]]", &["a"]),
            ("[[a.b]]", &["a", "b"]),
        ] {
            let toml = toml_span::parse(text).unwrap();
            assert_eq!(path(toml.as_table().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn a_list_is_bounded() {
        let longest = "1,".repeat(CONFIG_LIST_ITEMS_MAX);
        assert!(matches!(value(&format!("[{longest}]")), Some(Value::List(_))));
        assert!(matches!(value(&format!("[{longest}1]")), Some(Value::Other(_))));
        assert!(matches!(value("[[1]]"), Some(Value::List(items)) if items.len() == 1));
    }
}
