//! Maintainers: the registry's name for who may change an object.

use crate::limits::MNTNER_BYTES_MAX;
use std::{fmt, str::FromStr};

/// The name of a `mntner` object, in upper case and with its `-MNT`, as the registry writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mntner(heapless::String<MNTNER_BYTES_MAX>);

/// Why a text is no maintainer name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MntnerError {
    /// A character other than `A-Z`, `0-9` and `-`, or nothing at all.
    Form,
    /// Longer than [`MNTNER_BYTES_MAX`].
    Length,
    /// No `-MNT` at the end.
    Suffix,
}

impl Mntner {
    /// The whole name, `EXAMPLE-MNT`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that its owner logs in with: lower case, without `-MNT`.
    pub fn login(&self) -> String {
        self.0.strip_suffix("-MNT").unwrap_or(&self.0).to_ascii_lowercase()
    }

    /// The names that a login may mean: `example` is EXAMPLE-MNT, `example-mnt` is EXAMPLE-MNT
    /// first and EXAMPLE-MNT-MNT only if there is such a one.
    pub fn candidates(login: &str) -> impl Iterator<Item = Mntner> {
        let with_suffix = format!("{login}-MNT").parse();
        [login.parse(), with_suffix].into_iter().flatten()
    }
}

impl FromStr for Mntner {
    type Err = MntnerError;

    fn from_str(text: &str) -> Result<Mntner, MntnerError> {
        let mut name = heapless::String::try_from(text).map_err(|_| MntnerError::Length)?;
        name.make_ascii_uppercase();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(MntnerError::Form);
        }
        match name.strip_suffix("-MNT") {
            Some(stem) if !stem.is_empty() => Ok(Mntner(name)),
            _ => Err(MntnerError::Suffix),
        }
    }
}

impl fmt::Display for Mntner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Debug for Mntner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for MntnerError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MntnerError::Form => out.write_str("a maintainer name is letters, digits and hyphens"),
            MntnerError::Length => {
                write!(out, "a maintainer name has at most {MNTNER_BYTES_MAX} characters")
            }
            MntnerError::Suffix => out.write_str("a maintainer name ends in -MNT"),
        }
    }
}

impl std::error::Error for MntnerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        let name: Mntner = "Heidi-Legacy-mnt".parse().unwrap();
        assert_eq!((name.as_str(), name.login().as_str()), ("HEIDI-LEGACY-MNT", "heidi-legacy"));
    }

    #[test]
    fn a_login_names_its_maintainer_with_or_without_the_suffix() {
        let names = |login| Mntner::candidates(login).map(|it| it.to_string()).collect::<Vec<_>>();
        assert_eq!(names("alice"), ["ALICE-MNT"]);
        assert_eq!(names("Alice-MNT"), ["ALICE-MNT", "ALICE-MNT-MNT"]);
        assert!(names("").is_empty());
        assert!(names("../etc/passwd").is_empty());
        assert!(names("alice\n").is_empty());
    }

    #[test]
    fn refuses_what_is_no_name() {
        let parse = |text: &str| text.parse::<Mntner>();
        assert_eq!(parse("-MNT"), Err(MntnerError::Suffix));
        assert_eq!(parse("ALICE"), Err(MntnerError::Suffix));
        assert_eq!(parse("ÄLICE-MNT"), Err(MntnerError::Form));
        assert_eq!(parse("A LICE-MNT"), Err(MntnerError::Form));
        assert_eq!(parse(&format!("{}-MNT", "A".repeat(99))), Err(MntnerError::Length));
    }
}
