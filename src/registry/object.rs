//! The syntax of a registry object: attributes, one to a line, and what continues them.
//!
//! It is RPSL (RFC 2622, section 2) as dn42 writes it, and as people have mistyped it: `name:` and
//! a value, with any blanks or none between them. A line that starts with a blank, a tab or `+`
//! continues the attribute above it and is joined to it with one blank, so it can never be an
//! attribute by itself, whatever it says. `#` and `%` start a comment line. A line that is none of
//! these is passed over together with what continues it. An object that git left in conflict holds
//! both sides of a quarrel, and one with a NUL is no text: both are refused whole.

use crate::limits::{REGISTRY_ATTRIBUTES_MAX, REGISTRY_LINE_BYTES_MAX, REGISTRY_OBJECT_BYTES_MAX};
use std::borrow::Cow;
use std::fmt;

/// The attributes of one object, in the order of its file.
#[derive(Debug)]
pub struct Object<'a> {
    attributes: Vec<(&'a str, Cow<'a, str>)>,
}

/// Why bytes are no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectError {
    /// More than [`REGISTRY_OBJECT_BYTES_MAX`].
    Size,
    /// A line of more than [`REGISTRY_LINE_BYTES_MAX`].
    Line,
    /// More than [`REGISTRY_ATTRIBUTES_MAX`].
    Attributes,
    /// A NUL byte.
    Nul,
    /// A line that git writes where two versions disagree.
    Conflict,
}

/// What one line is. Values are trimmed.
enum Line<'a> {
    Attribute(&'a str, &'a [u8]),
    Continuation(&'a [u8]),
    Comment,
    Nothing,
}

impl<'a> Object<'a> {
    /// Reads one file. Bytes that are not UTF-8 become U+FFFD, which no name and no key contains.
    ///
    /// # Errors
    /// Where a bound is passed, or the file cannot be a single object.
    pub fn parse(bytes: &'a [u8]) -> Result<Object<'a>, ObjectError> {
        if bytes.len() > REGISTRY_OBJECT_BYTES_MAX {
            return Err(ObjectError::Size);
        }
        if bytes.contains(&0) {
            return Err(ObjectError::Nul);
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes); // A byte order mark.
        let mut attributes = Vec::new();
        let mut continuable = false;
        for line in text.split(|&byte| byte == b'\n') {
            match classify(line)? {
                Line::Attribute(name, value) => {
                    attributes.push((name, String::from_utf8_lossy(value)));
                    continuable = true;
                }
                Line::Continuation(more) if continuable => join(attributes.last_mut(), more),
                Line::Continuation(_) | Line::Comment => {}
                Line::Nothing => continuable = false,
            }
            if attributes.len() > REGISTRY_ATTRIBUTES_MAX {
                return Err(ObjectError::Attributes);
            }
        }
        Ok(Object { attributes })
    }

    /// The values of all attributes of this name, upper and lower case being the same.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let attributes = self.attributes.iter();
        let named = attributes.filter(move |(own_name, _)| own_name.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_ref())
    }
}

/// Adds a continuation to the attribute above it. An empty one (`+`, or blanks) adds nothing.
fn join(attribute: Option<&mut (&str, Cow<'_, str>)>, more: &[u8]) {
    let Some((_, value)) = attribute else { return };
    if more.is_empty() {
        return;
    }
    let value = value.to_mut();
    if !value.is_empty() {
        value.push(' ');
    }
    value.push_str(&String::from_utf8_lossy(more));
}

fn classify(line: &[u8]) -> Result<Line<'_>, ObjectError> {
    if line.len() > REGISTRY_LINE_BYTES_MAX {
        return Err(ObjectError::Line);
    }
    match line {
        [b' ' | b'\t' | b'+', more @ ..] => Ok(Line::Continuation(more.trim_ascii())),
        [b'#' | b'%', ..] => Ok(Line::Comment),
        _ if is_conflict(line) => Err(ObjectError::Conflict),
        _ => Ok(attribute(line).unwrap_or(Line::Nothing)),
    }
}

/// Seven times the same sign at the start of a line (git-merge(1), how conflicts are presented).
fn is_conflict(line: &[u8]) -> bool {
    [b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>"].iter().any(|mark| line.starts_with(*mark))
}

/// `name:` and a value. A name is letters, digits, `-` and `_`, and starts with a letter.
fn attribute(line: &[u8]) -> Option<Line<'_>> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let (name, rest) = line.split_at_checked(colon)?;
    let (_, value) = rest.split_first()?;
    let mut letters = name.iter();
    if !letters.next()?.is_ascii_alphabetic()
        || !letters.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    {
        return None;
    }
    Some(Line::Attribute(str::from_utf8(name).ok()?, value.trim_ascii()))
}

impl fmt::Display for ObjectError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ObjectError::Size => write!(out, "larger than {REGISTRY_OBJECT_BYTES_MAX} bytes"),
            ObjectError::Line => write!(out, "a line longer than {REGISTRY_LINE_BYTES_MAX} bytes"),
            ObjectError::Attributes => {
                write!(out, "more than {REGISTRY_ATTRIBUTES_MAX} attributes")
            }
            ObjectError::Nul => out.write_str("a NUL byte, so it is no text"),
            ObjectError::Conflict => out.write_str("an unresolved git conflict"),
        }
    }
}

impl std::error::Error for ObjectError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// All attributes as `name=value`.
    fn read(bytes: &[u8]) -> Vec<String> {
        let object = Object::parse(bytes).unwrap();
        object.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn reads_what_people_have_written() {
        let cases: &[(&str, &[u8], &[&str])] = &[
            ("usual", b"auth:               a b\nsource: DN42\n", &["auth=a b", "source=DN42"]),
            ("no newline at the end", b"a: 1\nb: 2", &["a=1", "b=2"]),
            ("carriage returns", b"a: 1\r\n  2\r\nb: 3\r\n", &["a=1 2", "b=3"]),
            ("tabs", b"a:\t\t1\t\n\t2\n", &["a=1 2"]),
            ("no blank after the colon", b"auth:ssh-rsa A:B\n", &["auth=ssh-rsa A:B"]),
            ("upper case", b"MNT-BY: X\n", &["MNT-BY=X"]),
            ("byte order mark", b"\xef\xbb\xbfa: 1\n", &["a=1"]),
            ("comments", b"# x: 1\n% y\na: 1\n#\n 2\n", &["a=1 2"]),
            ("plus", b"a: 1\n+\n+2\n+ 3\n", &["a=1 2 3"]),
            ("value on the next line only", b"a:\n 1\n", &["a=1"]),
            ("blank lines", b"\n\na: 1\n\n\nb: 2\n\n", &["a=1", "b=2"]),
            ("latin-1", b"descr: caf\xe9\nb: 2\n", &["descr=caf\u{fffd}", "b=2"]),
            ("nothing", b"", &[]),
            ("no colon", b"EXAMPLE-MNT\nb: 2\n", &["b=2"]),
            ("no name", b": 1\n1a: 1\n-: 1\na b: 1\n\xff: 1\n", &[]),
        ];
        for (what, bytes, expected) in cases {
            assert_eq!(read(bytes), *expected, "{what}");
        }
    }

    /// The attack: a key or a maintainer in what looks like prose, which a reader that trims lines
    /// before it looks at them takes for an attribute.
    #[test]
    fn a_continuation_is_never_an_attribute() {
        for start in [" ", "\t", "+", "+ ", "                    "] {
            let text = format!("remarks: old\n{start}auth: ssh-ed25519 AAAA\n");
            let object = Object::parse(text.as_bytes()).unwrap();
            assert_eq!(object.values("auth").count(), 0, "{start:?}");
            assert_eq!(
                object.values("remarks").collect::<Vec<_>>(),
                ["old auth: ssh-ed25519 AAAA"]
            );
        }
    }

    #[test]
    fn a_continuation_never_passes_over_what_is_not_understood() {
        assert_eq!(read(b" 0\nauth: x\nwhat is this\n  y\n"), ["auth=x"]);
        assert_eq!(read(b"auth: x\n\n  y\n"), ["auth=x"]);
    }

    #[test]
    fn refuses_what_is_no_single_text() {
        let big = vec![b'\n'; REGISTRY_OBJECT_BYTES_MAX + 1];
        let long = [b"a: ".as_slice(), &[b'x'; REGISTRY_LINE_BYTES_MAX]].concat();
        let many = b"a:\n".repeat(REGISTRY_ATTRIBUTES_MAX + 1);
        let cases: &[(&[u8], ObjectError)] = &[
            (&big, ObjectError::Size),
            (&long, ObjectError::Line),
            (&many, ObjectError::Attributes),
            (b"a: \0", ObjectError::Nul),
            (b"<<<<<<< HEAD\na: 1\n", ObjectError::Conflict),
            (b"a: 1\n=======\na: 2\n", ObjectError::Conflict),
            (b"a: 1\n>>>>>>> x\n", ObjectError::Conflict),
            (b"a: 1\n||||||| base\n", ObjectError::Conflict),
        ];
        for (bytes, error) in cases {
            assert_eq!(Object::parse(bytes).unwrap_err(), *error);
            assert!(!error.to_string().ends_with('.'));
        }
        assert!(Object::parse(&big[1..]).is_ok());
        assert_eq!(read(&many[3..]).len(), REGISTRY_ATTRIBUTES_MAX);
    }

    #[test]
    fn any_bytes_are_survived() {
        let alphabet = b"a:+ \t\n\r#\xff\xc3\0=";
        let mut state = 1_u32;
        for _ in 0..2_000 {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                alphabet[(state >> 24) as usize % alphabet.len()]
            };
            let bytes: Vec<u8> = (0..64).map(|_| next()).collect();
            let _ = Object::parse(&bytes);
        }
    }
}
