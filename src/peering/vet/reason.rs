//! The reason for a suspension, a ban or a rejection.

use crate::limits::REASON_CHARS_MAX;
use crate::model::Refusal;

/// One line that says something, without blanks and full stops at its ends: it becomes a part of
/// sentences.
pub fn reason(text: &str) -> Result<String, Refusal> {
    let words = text.trim().trim_end_matches('.').trim_end();
    let message = if words.is_empty() {
        "The reason is empty".to_string()
    } else if words.chars().any(char::is_control) {
        "The reason has control characters".to_string()
    } else if words.chars().count() > REASON_CHARS_MAX {
        format!("The reason has more than {REASON_CHARS_MAX} characters")
    } else {
        return Ok(words.to_string());
    };
    Err(Refusal::new("bad_reason", message, "One line, as in --reason 'floods the tunnel'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        for (text, words) in [
            ("floods the tunnel", "floods the tunnel"),
            ("  spam.  ", "spam"),
            ("\"},\"version\":2,{\"", "\"},\"version\":2,{\""),
            ("Zoë sagt: 日本", "Zoë sagt: 日本"),
        ] {
            assert_eq!(reason(text).as_deref(), Ok(words));
        }
        let longest = "é".repeat(REASON_CHARS_MAX);
        assert!(reason(&longest).is_ok());
        let longer = "é".repeat(REASON_CHARS_MAX + 1);
        for text in ["", " ", "...", "a\nb", "\u{1b}[2J", "a\0b", "\u{9b}31m", &longer] {
            assert_eq!(reason(text).unwrap_err().code, "bad_reason", "{text:?}");
        }
    }
}
