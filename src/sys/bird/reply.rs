//! What BIRD's control socket sends, as values. Pure: bytes in, replies out, in pieces of any size.
//!
//! A line is four digits, then `-` if more lines follow or a space if it is the reply's last, then
//! text (BIRD's doc/reply_codes and nest/cli.c). A line that begins with a space goes on with the
//! last code; one that begins with `+` is a message to everybody that may come at any time.
//!
//! The text is not to be trusted: it quotes freed memory in one error of BIRD's, and host names and
//! shutdown messages that the other end of a BGP session chose. So it comes out as harmless UTF-8.

use crate::limits::{BIRD_LINE_BYTES_MAX, BIRD_REPLY_BYTES_MAX, BIRD_REPLY_LINES_MAX};

/// One line, without its code in digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// 0-9999; 0xxx is success, 1xxx data, 2xxx a heading, 8xxx a refusal, 9xxx a syntax error.
    pub code: u16,
    /// The rest; what is no text or could move a terminal's cursor is U+FFFD.
    pub text: String,
}

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// All lines, the last one too; at least one.
    pub lines: Vec<Line>,
    /// The last line's code.
    pub code: u16,
}

/// Why bytes are no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReplyError {
    /// A line over [`BIRD_LINE_BYTES_MAX`].
    LineTooLong,
    /// Over [`BIRD_REPLY_BYTES_MAX`] or [`BIRD_REPLY_LINES_MAX`].
    TooLarge,
    /// A line that is of no form above.
    Garbage(String),
}

/// Makes replies of bytes. After an error it is of no more use.
#[derive(Debug, Default)]
pub(super) struct Parser {
    /// What came after the last line that was taken.
    pending: Vec<u8>,
    lines: Vec<Line>,
    bytes: usize,
}

impl Reply {
    /// The last line's text.
    pub fn words(&self) -> &str {
        self.lines.last().map_or("", |line| line.text.as_str())
    }

    /// The text as birdc prints it, without the empty lines at its end.
    pub fn text(&self) -> String {
        let lines: Vec<_> = self.lines.iter().map(|line| line.text.as_str()).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// The texts of all lines with this code.
    pub(super) fn with_code(&self, code: u16) -> impl Iterator<Item = &str> {
        self.lines.iter().filter(move |line| line.code == code).map(|line| line.text.as_str())
    }
}

impl Parser {
    /// Takes the next bytes, and gives the reply that they complete. Bytes after it stay for the
    /// next.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Option<Reply>, ReplyError> {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at_checked(end).unwrap_or_default();
            rest = after.strip_prefix(b"\n").unwrap_or_default();
            self.count(line)?;
            if let Some(code) = self.take(line)? {
                self.pending = rest.to_vec();
                self.bytes = 0;
                return Ok(Some(Reply { lines: std::mem::take(&mut self.lines), code }));
            }
        }
        if rest.len() > BIRD_LINE_BYTES_MAX {
            return Err(ReplyError::LineTooLong);
        }
        self.pending = rest.to_vec();
        Ok(None)
    }

    /// Whether nothing has come but, perhaps, messages to everybody.
    pub(super) fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.pending.first().is_none_or(|byte| *byte == b'+')
    }

    fn count(&mut self, line: &[u8]) -> Result<(), ReplyError> {
        if line.len() > BIRD_LINE_BYTES_MAX {
            return Err(ReplyError::LineTooLong);
        }
        self.bytes += line.len() + 1;
        if self.bytes > BIRD_REPLY_BYTES_MAX || self.lines.len() >= BIRD_REPLY_LINES_MAX {
            return Err(ReplyError::TooLarge);
        }
        Ok(())
    }

    /// Adds a line; the code of the reply if it was the last.
    fn take(&mut self, line: &[u8]) -> Result<Option<u16>, ReplyError> {
        let parts = match line.split_first() {
            Some((b'+', _)) => return Ok(None),
            Some((b' ', text)) => self.lines.last().map(|before| (before.code, b'-', text)),
            _ => coded(line),
        };
        let Some((code, mark, text)) = parts else {
            return Err(ReplyError::Garbage(escaped(line)));
        };
        self.lines.push(Line { code, text: escaped(text) });
        match mark {
            b'-' => Ok(None),
            b' ' => Ok(Some(code)),
            _ => Err(ReplyError::Garbage(escaped(line))),
        }
    }
}

/// The code, the mark after it, and the text.
fn coded(line: &[u8]) -> Option<(u16, u8, &[u8])> {
    let (digits, rest) = line.split_at_checked(4)?;
    let (mark, text) = rest.split_first()?;
    let plain = digits.iter().all(u8::is_ascii_digit);
    let code = str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()?;
    Some((code, *mark, text))
}

/// Text that cannot move a cursor, change a colour, or turn what stands beside it round.
fn escaped(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().map(escaped_letter).collect()
}

fn escaped_letter(letter: char) -> char {
    match letter {
        '\t' => ' ',
        // Invisible, or changing the direction (Unicode's Bidi_Control and default ignorables).
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => {
            char::REPLACEMENT_CHARACTER
        }
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => {
            char::REPLACEMENT_CHARACTER
        }
        '\u{e0000}'..='\u{e0fff}' => char::REPLACEMENT_CHARACTER,
        letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All replies in the bytes, fed in pieces of this size, and whether nothing is left.
    fn replies(bytes: &[u8], piece: usize) -> Result<(Vec<Reply>, bool), ReplyError> {
        let (mut parser, mut found) = (Parser::default(), Vec::new());
        for piece in bytes.chunks(piece) {
            let mut next = parser.feed(piece)?;
            while let Some(reply) = next {
                found.push(reply);
                next = parser.feed(b"")?;
            }
        }
        let idle = parser.is_idle();
        Ok((found, idle))
    }

    #[test]
    fn recorded_replies_come_out_whole_however_they_are_cut() {
        for (name, bytes) in [
            ("greeting", &include_bytes!("../../../fixtures/bird/greeting.txt")[..]),
            ("list", include_bytes!("../../../fixtures/bird/list-2.0.12.txt")),
            ("up", include_bytes!("../../../fixtures/bird/established-2.0.12.txt")),
            ("up in 3", include_bytes!("../../../fixtures/bird/established-3.txt")),
            ("active", include_bytes!("../../../fixtures/bird/active-2.0.12.txt")),
            ("down", include_bytes!("../../../fixtures/bird/down-2.0.12.txt")),
            ("no match", include_bytes!("../../../fixtures/bird/no-match.txt")),
        ] {
            let (whole, idle) = replies(bytes, bytes.len()).unwrap();
            assert_eq!((whole.len(), idle), (1, true), "{name}");
            assert_eq!(whole[0].lines.len(), bytes.split(|it| *it == b'\n').count() - 1, "{name}");
            for piece in [1, 2, 7, 100] {
                assert_eq!(replies(bytes, piece).unwrap().0, whole, "{name} in {piece}s");
            }
        }
    }

    #[test]
    fn lines_of_each_kind() {
        let bytes =
            b"+to all\n1000-BIRD 3\n1011-Router\n and more\n+again\n \n0013 Up\n0000 \n+late";
        let line = |code, text: &str| Line { code, text: text.to_owned() };
        for piece in [1, 3, 1000] {
            let (found, idle) = replies(bytes, piece).unwrap();
            let lines = [
                line(1000, "BIRD 3"),
                line(1011, "Router"),
                line(1011, "and more"),
                line(1011, ""),
            ];
            assert_eq!(found[0].lines[..4], lines);
            assert_eq!((found[0].words(), found[0].code), ("Up", 13));
            assert_eq!((found[1].words(), found[1].code), ("", 0));
            assert!(idle);
        }
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        let long = [b"1000-".to_vec(), vec![b'x'; BIRD_LINE_BYTES_MAX]].concat();
        let long_line = [long.clone(), b"\n".to_vec()].concat();
        for (bytes, error) in [
            (&b" no code before\n"[..], Some("\u{20}no code before")),
            (b"\n", Some("")),
            (b"0000\n", Some("0000")),
            (b"0000x\n", Some("0000x")),
            (b"000 x\n", Some("000 x")),
            (b"+001 x\n0001-\nGET / HTTP/1.1\n", Some("GET / HTTP/1.1")),
            (b"\x30\x30\x30\xc3\xa9 x\n", Some("000é x")),
            (&long, None),
            (&long_line, None),
        ] {
            let expected = match error {
                Some(text) => ReplyError::Garbage(text.to_owned()),
                None => ReplyError::LineTooLong,
            };
            for piece in [1, 9, 10_000] {
                assert_eq!(replies(bytes, piece), Err(expected.clone()), "{bytes:?}");
            }
        }
    }

    #[test]
    fn a_reply_without_end_is_too_large() {
        let (mut parser, block) = (Parser::default(), b"1006-x\n".repeat(1000));
        let error = (0..).find_map(|_| parser.feed(&block).err());
        assert_eq!(error, Some(ReplyError::TooLarge));
        let (mut parser, block) = (Parser::default(), b"+xxxxxxxxxxxxxxxx\n".repeat(1000));
        let error = (0..).find_map(|_| parser.feed(&block).err());
        assert_eq!(error, Some(ReplyError::TooLarge));
    }

    #[test]
    fn text_is_escaped() {
        let bytes = b"8002 a\xff\xfe\x1b[31m\x00\xc2\x9b\xe2\x80\xae\tb\n";
        let found = replies(bytes, 1).unwrap().0;
        let gone = char::REPLACEMENT_CHARACTER;
        assert_eq!(found[0].words(), format!("a{gone}{gone}{gone}[31m{gone}{gone}{gone} b"));
        assert_eq!(found[0].text(), found[0].words());
    }
}
