//! Where BIRD finds fault with its configuration. Pure.
//!
//! Reply 8002 reads `FILE:LINE:COLUMN words` or, if the main file cannot be opened, `FILE: words`
//! (BIRD's sysdep/unix/main.c). For a dangling symbolic link FILE has the `include` line and the
//! words quote freed memory. Whoever acts on a file compares it with the names of their own first.

use std::fmt;
use std::path::PathBuf;

/// What BIRD refuses, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file, as BIRD names it: a path as it stands in the configuration or on BIRD's command
    /// line.
    pub file: Option<PathBuf>,
    /// Counted from 1; 0 if BIRD tells no position.
    pub line: u32,
    /// Counted from 1; 0 if BIRD tells no position.
    pub column: u32,
    /// BIRD's own words.
    pub words: String,
}

impl Complaint {
    /// Reads the text of a reply 8002.
    pub(super) fn parse(text: &str) -> Complaint {
        positioned(text).unwrap_or_else(|| {
            // The reason is the C library's, which has no colon; the file's name may.
            let (file, words) = match text.rsplit_once(": ") {
                Some((file, words)) => (Some(file), words),
                None => (None, text),
            };
            let file = file.map(PathBuf::from);
            Complaint { file, line: 0, column: 0, words: words.trim().to_owned() }
        })
    }
}

/// Splits at the first `:LINE:COLUMN ` in the text: a file's name before it may have colons and
/// blanks, and the words after it may name more places.
fn positioned(text: &str) -> Option<Complaint> {
    text.match_indices(':').find_map(|(at, _)| {
        let (file, rest) = text.split_at_checked(at)?;
        let (position, words) = rest.strip_prefix(':')?.split_once(' ')?;
        let (line, column) = position.split_once(':')?;
        let (line, column) = (number(line)?, number(column)?);
        let file = Some(file).filter(|it| !it.is_empty()).map(PathBuf::from);
        Some(Complaint { file, line, column, words: words.trim().to_owned() })
    })
}

fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// `FILE:LINE:COLUMN words`, as BIRD has it.
impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), 0) => write!(out, "{}: {}", file.display(), self.words),
            (Some(file), line) => {
                write!(out, "{}:{line}:{} {}", file.display(), self.column, self.words)
            }
            (None, _) => out.write_str(&self.words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_file_and_the_place() {
        for (text, file, line, column, words) in [
            (
                "/etc/bird/p/ebgp_as64600:2:20 syntax error",
                "/etc/bird/p/ebgp_as64600",
                2,
                20,
                "syntax error",
            ),
            ("bird.conf:1:1 a:2:3 b", "bird.conf", 1, 1, "a:2:3 b"),
            ("/a b/c:d:7:1 x", "/a b/c:d", 7, 1, "x"),
            ("/a:1:2:3:4 x", "/a:1:2", 3, 4, "x"),
            ("/a: b:3:4 x", "/a: b", 3, 4, "x"),
            (
                "/no/bird.conf: No such file or directory",
                "/no/bird.conf",
                0,
                0,
                "No such file or directory",
            ),
            ("/a: b: Permission denied", "/a: b", 0, 0, "Permission denied"),
            ("\u{fffd}\u{fffd}:1:2 Unable to open", "\u{fffd}\u{fffd}", 1, 2, "Unable to open"),
            (":1:2 x", "", 1, 2, "x"),
            ("no place at all", "", 0, 0, "no place at all"),
            ("/a:99999999999:1 x", "", 0, 0, "/a:99999999999:1 x"),
            ("/a:+1:1 x", "", 0, 0, "/a:+1:1 x"),
            (":::::", "", 0, 0, ":::::"),
            ("", "", 0, 0, ""),
        ] {
            let file = Some(file).filter(|it| !it.is_empty()).map(PathBuf::from);
            let expected = Complaint { file, line, column, words: words.to_owned() };
            assert_eq!(Complaint::parse(text), expected, "{text:?}");
            if expected.file.is_some() {
                assert_eq!(expected.to_string(), text);
            }
        }
    }
}
