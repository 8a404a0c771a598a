//! Bytes of a terminal to keys.
//!
//! Takes one byte at a time, so that packet borders mean nothing, and holds a few bytes at most.
//! Escape sequences are those of ECMA-48 and xterm (ctlseqs); what is not known is swallowed whole.
//! Every sequence is bounded, and a control character inside one ends it and counts for itself: no
//! garbage can swallow the Ctrl-C that comes after it. There is no clock here, so a lone Escape
//! waits for the byte that follows.

use crate::limits::{ESCAPE_BYTES_MAX, ESCAPE_STRING_BYTES_MAX};

/// A key, or what a terminal sends as if it were one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character, whatever it is: the reader decides whether it is fit to be shown.
    Char(char),
    /// CR or LF.
    Enter,
    /// BS or DEL.
    Backspace,
    /// Delete under the cursor.
    Delete,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    Home,
    End,
    /// A control character, as the letter that is pressed with it: `b'C'` for Ctrl-C.
    Ctrl(u8),
    /// A character with Alt or after Escape; DEL is Alt-Backspace. Ctrl with a cursor key is Alt-B
    /// or Alt-F, which move by words as well.
    Alt(char),
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Text up to `PasteEnd` is pasted, not typed.
    PasteStart,
    /// The end of pasted text.
    PasteEnd,
    /// Bytes that are no UTF-8.
    Invalid,
    /// A sequence that means nothing here.
    Unknown,
}

/// What a byte has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    More,
    Key(Key),
    /// The byte has ended what came before it and was not taken: give it again.
    Again(Key),
}

/// The decoder.
#[derive(Clone, Debug, Default)]
pub struct Keys(State);

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Ground,
    /// Inside a UTF-8 character: bytes to come, and the bytes so far.
    Utf8 {
        missing: usize,
        bytes: heapless::Vec<u8, 4>,
    },
    Escape,
    /// After `ESC [`, with the bytes up to the final one.
    Csi(heapless::Vec<u8, ESCAPE_BYTES_MAX>),
    /// After `ESC [ [`, the Linux console's function keys.
    Console,
    /// After `ESC O`.
    Ss3,
    /// Inside OSC, DCS, SOS, PM or APC, with the count of bytes.
    Text(usize),
}

/// Begins every sequence.
pub const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const BS: u8 = 0x08;
const DEL: u8 = 0x7f;

impl Keys {
    /// Takes one byte, unless the answer is `Again`. After `Again` the same byte is always taken.
    pub fn step(&mut self, byte: u8) -> Step {
        match std::mem::take(&mut self.0) {
            State::Ground => self.ground(byte),
            State::Utf8 { missing, bytes } => self.utf8(missing, bytes, byte),
            State::Text(_) if byte == BEL => Step::Key(Key::Unknown),
            State::Escape if byte == ESC => self.enter(State::Escape),
            // Alt-Backspace of terminals whose Backspace is BS.
            State::Escape if byte == BS => Step::Key(Key::Alt(char::from(DEL))),
            // Whatever the sequence: a control character ends it.
            _ if byte < 0x20 => Step::Again(Key::Unknown),
            State::Escape => self.escape(byte),
            State::Csi(bytes) => self.csi(bytes, byte),
            State::Console => Step::Key(Key::Unknown),
            State::Ss3 => Step::Key(final_key(byte, 0)),
            State::Text(count) if count < ESCAPE_STRING_BYTES_MAX => {
                self.enter(State::Text(count + 1))
            }
            State::Text(_) => Step::Again(Key::Unknown),
        }
    }

    fn enter(&mut self, state: State) -> Step {
        self.0 = state;
        Step::More
    }

    fn ground(&mut self, byte: u8) -> Step {
        let missing = match byte {
            ESC => return self.enter(State::Escape),
            b'\r' | b'\n' => return Step::Key(Key::Enter),
            b'\t' => return Step::Key(Key::Tab),
            BS | DEL => return Step::Key(Key::Backspace),
            0..0x20 => return Step::Key(Key::Ctrl(byte | 0x40)),
            0x20..DEL => return Step::Key(Key::Char(char::from(byte))),
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => return Step::Key(Key::Invalid),
        };
        self.enter(State::Utf8 { missing, bytes: heapless::Vec::from_iter([byte]) })
    }

    fn utf8(&mut self, missing: usize, mut bytes: heapless::Vec<u8, 4>, byte: u8) -> Step {
        if !(0x80..0xc0).contains(&byte) || bytes.push(byte).is_err() {
            return Step::Again(Key::Invalid);
        }
        if missing > 1 {
            return self.enter(State::Utf8 { missing: missing - 1, bytes });
        }
        let letter = str::from_utf8(&bytes).ok().and_then(|text| text.chars().next());
        Step::Key(letter.map_or(Key::Invalid, Key::Char))
    }

    fn escape(&mut self, byte: u8) -> Step {
        match byte {
            b'[' => self.enter(State::Csi(heapless::Vec::new())),
            b'O' => self.enter(State::Ss3),
            b']' | b'P' | b'X' | b'^' | b'_' => self.enter(State::Text(0)),
            // The end of a string whose Escape has just ended it.
            b'\\' => Step::Key(Key::Unknown),
            0x20..=DEL => Step::Key(Key::Alt(char::from(byte))),
            _ => Step::Again(Key::Unknown),
        }
    }

    fn csi(&mut self, mut bytes: heapless::Vec<u8, ESCAPE_BYTES_MAX>, byte: u8) -> Step {
        match byte {
            b'[' if bytes.is_empty() => self.enter(State::Console),
            0x20..0x40 => match bytes.push(byte) {
                Ok(()) => self.enter(State::Csi(bytes)),
                Err(_) => Step::Again(Key::Unknown),
            },
            0x40..DEL => Step::Key(csi_key(&bytes, byte)),
            _ => Step::Again(Key::Unknown),
        }
    }
}

/// `ESC [ number ; modifier final`.
fn csi_key(bytes: &[u8], last: u8) -> Key {
    let text = str::from_utf8(bytes).unwrap_or("");
    let mut numbers = text.split(';').map(|number| number.parse::<u16>().unwrap_or(0));
    let (number, modifier) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    match (last, number) {
        (b'~', 1 | 7) => Key::Home,
        (b'~', 3) => Key::Delete,
        (b'~', 4 | 8) => Key::End,
        (b'~', 200) => Key::PasteStart,
        (b'~', 201) => Key::PasteEnd,
        (b'~', _) => Key::Unknown,
        _ if text.starts_with(['<', '=', '>', '?']) => Key::Unknown,
        _ => final_key(last, modifier),
    }
}

/// The keys that a final letter names, after `ESC [` or `ESC O`. Modifiers are 1 more than a sum in
/// which Alt is 2 and Ctrl is 4.
fn final_key(last: u8, modifier: u16) -> Key {
    let by_word = modifier.saturating_sub(1) & 6 != 0;
    match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' if by_word => Key::Alt('f'),
        b'D' if by_word => Key::Alt('b'),
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'F' => Key::End,
        b'H' => Key::Home,
        b'Z' => Key::BackTab,
        _ => Key::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut decoder = Keys::default();
        let mut out = Vec::new();
        for byte in bytes {
            loop {
                match decoder.step(*byte) {
                    Step::More => break,
                    Step::Key(key) => {
                        out.push(key);
                        break;
                    }
                    Step::Again(key) => out.push(key),
                }
            }
        }
        out
    }

    #[test]
    fn known_keys() {
        for (bytes, key) in [
            (&b"a"[..], Key::Char('a')),
            ("é".as_bytes(), Key::Char('é')),
            ("日".as_bytes(), Key::Char('日')),
            ("😀".as_bytes(), Key::Char('😀')),
            (b"\r", Key::Enter),
            (b"\n", Key::Enter),
            (b"\x08", Key::Backspace),
            (b"\x7f", Key::Backspace),
            (b"\t", Key::Tab),
            (b"\x03", Key::Ctrl(b'C')),
            (b"\0", Key::Ctrl(b'@')),
            (b"\x1b[A", Key::Up),
            (b"\x1bOA", Key::Up),
            (b"\x1b[B", Key::Down),
            (b"\x1bOC", Key::Right),
            (b"\x1b[D", Key::Left),
            (b"\x1b[H", Key::Home),
            (b"\x1b[1~", Key::Home),
            (b"\x1b[7~", Key::Home),
            (b"\x1bOF", Key::End),
            (b"\x1b[4~", Key::End),
            (b"\x1b[3~", Key::Delete),
            (b"\x1b[Z", Key::BackTab),
            (b"\x1b[1;5D", Key::Alt('b')),
            (b"\x1b[1;3C", Key::Alt('f')),
            (b"\x1b[1;2C", Key::Right),
            (b"\x1bb", Key::Alt('b')),
            (b"\x1b\x7f", Key::Alt('\x7f')),
            (b"\x1b\x08", Key::Alt('\x7f')),
            (b"\x1b\x1b[A", Key::Up),
            (b"\x1b[200~", Key::PasteStart),
            (b"\x1b[201~", Key::PasteEnd),
            (b"\x1b[15~", Key::Unknown),
            (b"\x1b[[A", Key::Unknown),
            (b"\x1b[?1;2c", Key::Unknown),
            (b"\x1b[<0;1;1M", Key::Unknown),
            (b"\x1b]11;rgb:0/0/0\x07", Key::Unknown),
            (b"\x80", Key::Invalid),
            (b"\xc0", Key::Invalid),
            (b"\xff", Key::Invalid),
            (b"\xed\xa0\x80", Key::Invalid),
            (b"\xf4\x90\x80\x80", Key::Invalid),
        ] {
            assert_eq!(keys(bytes), [key], "{bytes:?}");
        }
    }

    #[test]
    fn broken_sequences_end_at_the_next_key() {
        let (unknown, invalid) = (Key::Unknown, Key::Invalid);
        for (bytes, expect) in [
            (&b"\x1b[1\x03"[..], vec![unknown, Key::Ctrl(b'C')]),
            (b"\x1b\x03", vec![unknown, Key::Ctrl(b'C')]),
            (b"\x1bO\r", vec![unknown, Key::Enter]),
            (b"\x1b]0;never ends\x03", vec![unknown, Key::Ctrl(b'C')]),
            (b"\x1b]0;t\x1b\\x", vec![unknown, unknown, Key::Char('x')]),
            (b"\x1bP1$r\x1b\\x", vec![unknown, unknown, Key::Char('x')]),
            (b"\x1b[1\x1b[A", vec![unknown, Key::Up]),
            (b"\x1b\xc3\xa9", vec![unknown, Key::Char('é')]),
            (b"\xc3a", vec![invalid, Key::Char('a')]),
            (b"\xe2\x82\r", vec![invalid, Key::Enter]),
            (b"\xe2\xe2\x82\xac", vec![invalid, Key::Char('€')]),
        ] {
            assert_eq!(keys(bytes), expect, "{bytes:?}");
        }
    }

    #[test]
    fn endless_sequences_are_given_up() {
        let csi = [b"\x1b[".to_vec(), vec![b'1'; ESCAPE_BYTES_MAX + 3]].concat();
        assert_eq!(keys(&csi), [vec![Key::Unknown], vec![Key::Char('1'); 3]].concat());
        let text = [b"\x1b]".to_vec(), vec![b'a'; ESCAPE_STRING_BYTES_MAX + 2]].concat();
        assert_eq!(keys(&text), [Key::Unknown, Key::Char('a'), Key::Char('a')]);
    }
}
