//! Text of other people, escaped so that no terminal obeys it.
//!
//! Registry objects, BIRD's messages, host names and what members type may hold bytes that move the
//! cursor, recolour or retitle a terminal, turn the order of letters round (CVE-2021-42574), or
//! hide. Nothing of that is dropped: it is shown as an escape in the form of Rust's character
//! literals, so that a reader sees that there is something. Printable letters of all scripts stay.

use crate::limits::MARKS_MAX;
use std::ops::RangeInclusive;
use unicode_width::UnicodeWidthChar;

/// Characters that a terminal obeys or that a reader cannot see, apart from C0, DEL and C1:
/// Unicode's Default_Ignorable_Code_Point and Bidi_Control (UAX #44), line and paragraph separator,
/// and the interlinear annotation marks.
const INVISIBLE: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// The text on one line, without anything that a terminal obeys or a reader cannot see.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for letter in text.chars() {
        marks = if letter.width() == Some(0) { marks + 1 } else { 0 };
        if is_printable(letter) && marks <= MARKS_MAX {
            out.push(letter);
        } else {
            out.extend(letter.escape_default());
        }
    }
    out
}

/// Escaped, with a full stop unless it ends in a mark that ends a sentence.
pub fn sentence(words: &str) -> String {
    let end = if words.ends_with(['?', '!', '.']) { "" } else { "." };
    escape(words) + end
}

/// The same, but newlines stay (and the carriage return of a CRLF goes): for text of several lines.
pub fn escape_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        out.push_str(&escape(line.strip_suffix('\r').unwrap_or(line)));
    }
    out
}

/// A JSON text that means the same, with an escape for whatever a terminal obeys or a reader cannot
/// see: outside of strings JSON has none of it, inside any character may be written so (RFC 8259,
/// section 7).
pub fn escape_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_printable(letter) {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

/// Whether a terminal just shows this character.
pub fn is_printable(letter: char) -> bool {
    !letter.is_control() && !INVISIBLE.iter().any(|range| range.contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays() {
        for text in
            ["", "AS4242420263 fe80::1%va \\ \"'", "Zoë Øst", "日本語", "ไทย", "e\u{301}", "😀"]
        {
            assert_eq!(escape(text), text);
        }
    }

    #[test]
    fn whatever_moves_or_hides_is_shown() {
        for (text, shown) in [
            ("\x1b[2J", "\\u{1b}[2J"),
            ("\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}"),
            ("a\tb\r\nc", "a\\tb\\r\\nc"),
            ("\0\x08\x7f", "\\u{0}\\u{8}\\u{7f}"),
            ("\u{80}\u{9b}31m\u{9f}", "\\u{80}\\u{9b}31m\\u{9f}"),
            ("\u{202e}evil\u{2066}", "\\u{202e}evil\\u{2066}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("a\u{301}\u{301}\u{301}\u{301}\u{301}", "a\u{301}\u{301}\u{301}\u{301}\\u{301}"),
        ] {
            assert_eq!(escape(text), shown);
        }
    }

    #[test]
    fn every_control_and_format_character_is_caught() {
        for code in (0..0x20).chain(0x7f..0xa0).chain(0x202a..0x202f).chain(0x2066..0x206a) {
            let letter = char::from_u32(code).unwrap();
            assert!(!is_printable(letter), "{code:x}");
            assert!(!escape(&letter.to_string()).contains(letter), "{code:x}");
        }
    }

    #[test]
    fn json_means_the_same() {
        for (text, shown) in [
            ("{\"a\": \"Zoë 日本\"}", "{\"a\": \"Zoë 日本\"}"),
            ("\"\u{9b}31m\u{202e}\u{e0041}\"", "\"\\u009b31m\\u202e\\udb40\\udc41\""),
        ] {
            assert_eq!(escape_json(text), shown);
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(escape_lines("a\r\nb\n\x1b\n"), "a\nb\n\\u{1b}\n");
        assert_eq!(escape_lines("a\rb"), "a\\rb");
    }
}
