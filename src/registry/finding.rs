//! What was left out of the index, and why: for the log, and for the operator's check.
//!
//! A finding repeats names and values that other people wrote, so it cuts them short and escapes
//! everything that could play tricks on a terminal. It is one line.

use super::{ObjectError, Unusable};
use crate::limits::{REGISTRY_AUTHS_MAX, REGISTRY_EXCERPT_CHARS_MAX, REGISTRY_MNT_BYS_MAX};
use crate::model::{AsnError, MntnerError};
use std::{fmt, io};

/// The two kinds of object that are read; [`Kind::class`] is also the directory's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A maintainer.
    Mntner,
    /// An AS number.
    AutNum,
}

/// One thing that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Directory and file name, made printable and cut short.
    pub object: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Why something was left out: the whole object, unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The file was not read.
    Skipped(Skip),
    /// The file is no object.
    Syntax(ObjectError),
    /// No attribute names the object.
    Unnamed(Kind),
    /// Several attributes name the object.
    Renamed(Kind),
    /// The attribute that names the object (here it is, made printable) disagrees with the file
    /// name.
    Differs(Kind, String),
    /// The name is no maintainer's.
    Name(MntnerError),
    /// The name is not `AS` and a number.
    Prefix,
    /// The number is no AS number that can peer.
    Number(AsnError),
    /// More than [`REGISTRY_AUTHS_MAX`] `auth` attributes.
    Auths,
    /// More than [`REGISTRY_MNT_BYS_MAX`] `mnt-by` attributes.
    MntBys,
    /// An object of this name, but for upper and lower case, was there before and stays.
    Duplicate,
    /// One `auth` attribute cannot be used; the object stays.
    Auth(Unusable),
    /// There are as many findings more, not told one by one.
    More(usize),
}

/// Why a file was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// A hidden file: an editor's, or git's.
    Hidden,
    /// A file name that is not UTF-8.
    FileName,
    /// A symbolic link: it could give one person's object a second name, or lead out of the
    /// registry.
    Symlink,
    /// A directory, pipe, socket or device.
    NoFile,
    /// The system refused.
    Unreadable(io::ErrorKind),
}

impl Kind {
    /// The object's class, which is its directory, and the attribute that names the object.
    pub fn class(self) -> &'static str {
        match self {
            Kind::Mntner => "mntner",
            Kind::AutNum => "aut-num",
        }
    }
}

impl Finding {
    pub(super) fn new(kind: Kind, file_name: &str, reason: Reason) -> Finding {
        Finding { object: format!("{}/{}", kind.class(), excerpt(file_name)), reason }
    }
}

/// A text that strangers wrote, fit for a log line and a terminal.
pub(super) fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(REGISTRY_EXCERPT_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.escape_debug().collect()
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.object, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Skipped(skip) => skip.fmt(out),
            Reason::Syntax(error) => error.fmt(out),
            Reason::Unnamed(kind) => write!(out, "no {}: attribute", kind.class()),
            Reason::Renamed(kind) => write!(out, "more than one {}: attribute", kind.class()),
            Reason::Differs(kind, field) => {
                write!(out, "{}: says \"{field}\", which is not the file's name", kind.class())
            }
            Reason::Name(error) => error.fmt(out),
            Reason::Prefix => out.write_str("the name is not AS and a plain number"),
            Reason::Number(error) => error.fmt(out),
            Reason::Auths => write!(out, "more than {REGISTRY_AUTHS_MAX} auth: attributes"),
            Reason::MntBys => write!(out, "more than {REGISTRY_MNT_BYS_MAX} mnt-by: attributes"),
            Reason::Duplicate => {
                out.write_str("a second file of this name, but for upper and lower case")
            }
            Reason::Auth(unusable) => write!(out, "an auth: attribute cannot be used: {unusable}"),
            Reason::More(count) => write!(out, "{count} more findings"),
        }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Skip::Hidden => out.write_str("a hidden file"),
            Skip::FileName => out.write_str("the file name is not UTF-8"),
            Skip::Symlink => out.write_str("a symbolic link"),
            Skip::NoFile => out.write_str("not a regular file"),
            Skip::Unreadable(kind) => write!(out, "cannot be read: {kind}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_harmless_short_line() {
        let long = "A".repeat(200);
        for (name, expected) in [
            ("EXAMPLE-MNT", "mntner/EXAMPLE-MNT: a symbolic link"),
            ("A\nB\x1b[2J", "mntner/A\\nB\\u{1b}[2J: a symbolic link"),
            ("\u{202e}TNM", "mntner/\\u{202e}TNM: a symbolic link"),
            ("", "mntner/: a symbolic link"),
            (&long, &format!("mntner/{}…: a symbolic link", "A".repeat(72))),
        ] {
            let finding = Finding::new(Kind::Mntner, name, Reason::Skipped(Skip::Symlink));
            assert_eq!(finding.to_string(), expected);
        }
    }
}
