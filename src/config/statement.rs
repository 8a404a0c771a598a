//! A TOML text, cut into its statements: headers and assignments.
//!
//! The TOML parser gives up at the first error. So it gets one statement at a time: an error spoils
//! only its own, and the next one is read as if nothing had happened. The cutting needs no grammar,
//! only the parser's own tokens and a count of open brackets. A value that nobody closed would
//! swallow all that follows; a line that can only be a new statement ends it.

use toml_span::tokens::{Error, Token, Tokenizer};

/// One statement: its place in the text, in bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Statement {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The first bracket that is still open at the end, if one is.
    pub(super) open: Option<usize>,
}

/// The statements of a text, in order. Comments and empty lines between them are left out.
pub(super) struct Statements<'a> {
    text: &'a str,
    /// Where the tokens of `tokens` count from.
    base: usize,
    tokens: Tokenizer<'a>,
}

/// The brackets that are open.
#[derive(Default)]
struct Brackets {
    first: Option<usize>,
    depth: usize,
    braces: usize,
}

impl<'a> Statements<'a> {
    pub(super) fn of(text: &'a str) -> Statements<'a> {
        Statements { text, base: 0, tokens: Tokenizer::new(text) }
    }

    /// Where the next token begins, and the token; in its place, where the error in it is.
    fn token(&mut self) -> (usize, Result<Option<Token<'a>>, usize>) {
        let at = self.base + self.tokens.current();
        let token = self.tokens.step().map(|token| token.map(|(_, token)| token));
        (at, token.map_err(|error| self.base + offset(&error)))
    }

    /// Goes on at the end of the line of `offset`, because the tokens after an error mean nothing.
    fn resume_after(&mut self, offset: usize) -> usize {
        let rest = self.text.get(offset..).unwrap_or("");
        let end = offset + rest.find('\n').unwrap_or(rest.len());
        self.base = end;
        self.tokens = Tokenizer::new(self.text.get(end..).unwrap_or(""));
        end
    }

    /// Whether a statement may end at the newline at `at`.
    fn ends(&self, at: usize, brackets: &Brackets) -> bool {
        let next = || self.text.get(at..).and_then(|rest| rest.lines().nth(1)).unwrap_or("");
        brackets.depth == 0 || is_header(next()) || (brackets.braces == 0 && is_assignment(next()))
    }
}

impl Iterator for Statements<'_> {
    type Item = Statement;

    fn next(&mut self) -> Option<Statement> {
        let mut start = None;
        let mut brackets = Brackets::default();
        loop {
            let (at, token) = self.token();
            match (token, start) {
                (Ok(Some(Token::Whitespace(_) | Token::Comment(_))), _) => {}
                (Ok(Some(Token::Newline)), None) => {}
                (Ok(Some(Token::Newline)), Some(start)) => {
                    if self.ends(at, &brackets) {
                        return Some(Statement { start, end: at, open: brackets.first });
                    }
                }
                (Ok(Some(token)), _) => {
                    start = start.or(Some(at));
                    brackets.count(&token, at);
                }
                (Ok(None), _) => {
                    return start.map(|start| Statement { start, end: at, open: brackets.first });
                }
                (Err(error), _) => {
                    let end = self.resume_after(error);
                    return Some(Statement { start: start.unwrap_or(at), end, open: None });
                }
            }
        }
    }
}

impl Brackets {
    fn count(&mut self, token: &Token<'_>, at: usize) {
        match token {
            Token::LeftBracket | Token::LeftBrace => {
                self.first = self.first.or(Some(at));
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

/// Where an error of the tokenizer is.
fn offset(error: &Error) -> usize {
    match error {
        Error::InvalidCharInString(at, _)
        | Error::InvalidEscape(at, _)
        | Error::InvalidHexEscape(at, _)
        | Error::InvalidEscapeValue(at, ..)
        | Error::NewlineInString(at)
        | Error::Unexpected(at, _)
        | Error::UnterminatedString(at)
        | Error::MultilineStringKey(at, _)
        | Error::Wanted { at, .. } => *at,
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// Whether a line can only be the header of a section.
fn is_header(line: &str) -> bool {
    let line = line.trim_start();
    let double = line.strip_prefix("[[").and_then(|rest| rest.split_once("]]"));
    let single = || line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    double.or_else(single).is_some_and(|(name, after)| {
        let after = after.trim();
        is_word(name.trim()) && (after.is_empty() || after.starts_with('#'))
    })
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
        let show = |it: Statement| {
            let open = it.open.map_or(it.end, |open| open);
            let bar = if it.open.is_some() { "|" } else { "" };
            format!("{}{bar}{}", &text[it.start..open], &text[open..it.end])
        };
        Statements::of(text).map(show).collect()
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
}
