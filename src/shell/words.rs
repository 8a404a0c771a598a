//! A line becomes words. Not as a POSIX shell has it, which is why no library does this: a
//! backslash is a letter like any other, a `#` begins no comment inside a line, every blank of
//! Unicode ends a word, and the quote that is not closed is named.

use crate::model::Refusal;

/// Words between blanks; quotes of either kind hold blanks together.
///
/// # Errors
///
/// A quote that is not closed is a refusal with the code `usage`.
pub fn split(line: &str) -> Result<Vec<String>, Refusal> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    match quote {
        None => Ok(words),
        Some(open) => Err(Refusal::usage(
            format!("The quote {open} is not closed"),
            "Close it, or leave it out",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_blanks_and_a_backslash_holds_nothing() {
        for (line, expect) in [
            ("", vec![]),
            (" peer  list\t", vec!["peer", "list"]),
            ("ban --reason 'two words'", vec!["ban", "--reason", "two words"]),
            ("--reason=\"it's\"' \"here\"'", vec!["--reason=it's \"here\""]),
            ("--link-local ''", vec!["--link-local", ""]),
            (r"a\ b \\ \'c'", vec![r"a\", "b", r"\\", r"\c"]),
            ("ban #1 # 2", vec!["ban", "#1", "#", "2"]),
            ("a\u{a0}b", vec!["a", "b"]),
        ] {
            assert_eq!(split(line).unwrap(), expect, "{line}");
        }
        for (line, quote) in [("peer_create 'x", '\''), ("ban \"it's", '"')] {
            let refusal = split(line).unwrap_err();
            assert_eq!(refusal.code, "usage");
            assert!(refusal.to_string().contains(&format!("{quote} is not closed")), "{refusal}");
        }
    }
}
