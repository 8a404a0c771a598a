//! What was left out of the index, and why: for the log, and for the operator's check.
//!
//! A finding repeats names and values that other people wrote, so it cuts them short and escapes
//! everything that could play tricks on a terminal. It is one line.

use super::{ObjectError, Unusable};
use crate::limits::{
    REGISTRY_AUTHS_MAX, REGISTRY_EXCERPT_CHARS_MAX, REGISTRY_FINDINGS_MAX, REGISTRY_MNT_BYS_MAX,
    REGISTRY_ORIGINS_MAX, REGISTRY_ROA_LINES_MAX,
};
use crate::model::{AsnError, MntnerError};
use std::{fmt, io};

/// The kinds of object that are read; [`Kind::class`] is also the directory's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A maintainer.
    Mntner,
    /// An AS number.
    AutNum,
    /// An IPv4 network and who may announce it.
    Route,
    /// An IPv6 network and who may announce it.
    Route6,
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
    /// The name is no network of the family, or has bits set beyond its length.
    Network(Kind),
    /// No `origin` that can be used; here is the first that there is, made printable.
    NoOrigin(Option<String>),
    /// More than [`REGISTRY_ORIGINS_MAX`] `origin` attributes.
    Origins,
    /// One `origin` (here it is, made printable) is no AS number; the object stays.
    Origin(String),
    /// The `max-length` (here it is, made printable) is none, or there is more than one.
    MaxLength(String),
    /// Another object of the same network was there before, or spells it as everybody does; that
    /// one stays.
    Again,
    /// There are [`REGISTRY_ROA_LINES_MAX`] origins without it.
    Lines,
    /// So many networks are denied by the filter, or longer than it permits.
    Filtered(Kind, usize),
    /// A line of a filter is no rule: its number, the first being 1.
    Rule(usize),
    /// There are as many findings more, not told one by one.
    More(usize),
}

/// What findings come to, in words for one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Objects that are left out.
    pub left_out: usize,
    /// Findings about what is not left out, or is no object.
    pub remarks: usize,
    /// Findings that were not told one by one: of either kind.
    pub more: usize,
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
            Kind::Route => "route",
            Kind::Route6 => "route6",
        }
    }

    /// The file beside the directories that says which networks of this family may be announced.
    pub fn filter_file(self) -> &'static str {
        match self {
            Kind::Route6 => "filter6.txt",
            _ => "filter.txt",
        }
    }
}

impl Reason {
    /// Is an object left out for it?
    fn leaves_out(&self) -> bool {
        match self {
            Reason::Skipped(Skip::Hidden | Skip::NoFile)
            | Reason::Auth(_)
            | Reason::Origin(_)
            | Reason::Filtered(..)
            | Reason::Rule(_)
            | Reason::More(_) => false,
            Reason::Skipped(Skip::FileName | Skip::Symlink | Skip::Unreadable(_))
            | Reason::Syntax(_)
            | Reason::Unnamed(_)
            | Reason::Renamed(_)
            | Reason::Differs(..)
            | Reason::Name(_)
            | Reason::Prefix
            | Reason::Number(_)
            | Reason::Auths
            | Reason::MntBys
            | Reason::Duplicate
            | Reason::Network(_)
            | Reason::NoOrigin(_)
            | Reason::Origins
            | Reason::MaxLength(_)
            | Reason::Again
            | Reason::Lines => true,
        }
    }
}

impl Tally {
    /// Counts findings.
    pub fn of(findings: &[Finding]) -> Tally {
        let mut tally = Tally::default();
        for finding in findings {
            match &finding.reason {
                Reason::More(count) => tally.more = tally.more.saturating_add(*count),
                reason if reason.leaves_out() => tally.left_out += 1,
                _ => tally.remarks += 1,
            }
        }
        tally
    }
}

impl Finding {
    pub(super) fn new(kind: Kind, file_name: &str, reason: Reason) -> Finding {
        Finding { object: format!("{}/{}", kind.class(), excerpt(file_name)), reason }
    }
}

/// Findings as they come: at most [`REGISTRY_FINDINGS_MAX`] are told one by one.
#[derive(Debug, Default)]
pub(super) struct Findings {
    told: Vec<Finding>,
    untold: usize,
}

impl Findings {
    /// Takes note of something about an object.
    pub(super) fn report(&mut self, kind: Kind, file_name: &str, reason: Reason) {
        self.add(|| Finding::new(kind, file_name, reason));
    }

    /// Takes note of something about a file or directory of this name.
    pub(super) fn report_file(&mut self, name: &str, reason: Reason) {
        self.add(|| Finding { object: name.to_owned(), reason });
    }

    /// At most [`REGISTRY_FINDINGS_MAX`], and one that counts the rest.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        if self.untold > 0 {
            let object = "registry".to_owned();
            self.told.push(Finding { object, reason: Reason::More(self.untold) });
        }
        self.told
    }

    fn add(&mut self, finding: impl FnOnce() -> Finding) {
        if self.told.len() < REGISTRY_FINDINGS_MAX {
            self.told.push(finding());
        } else {
            self.untold = self.untold.saturating_add(1);
        }
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

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} objects left out, {} remarks", self.left_out, self.remarks)?;
        match self.more {
            0 => Ok(()),
            more => write!(out, ", {more} more findings of either kind"),
        }
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
            Reason::Network(kind) => {
                let family = if *kind == Kind::Route6 { "IPv6" } else { "IPv4" };
                write!(out, "the name is no {family} network, or has bits set beyond its length")
            }
            Reason::NoOrigin(None) => out.write_str("no origin: attribute"),
            Reason::NoOrigin(Some(text)) => {
                write!(out, "origin: says \"{text}\", which is no AS number, and there is no other")
            }
            Reason::Origins => write!(out, "more than {REGISTRY_ORIGINS_MAX} origin: attributes"),
            Reason::Origin(text) => write!(out, "origin: says \"{text}\", which is no AS number"),
            Reason::MaxLength(text) => write!(
                out,
                "max-length: says \"{text}\"; it is one number, no less than the network's length"
            ),
            Reason::Again => out.write_str("a second object of this network"),
            Reason::Lines => {
                write!(out, "there are {REGISTRY_ROA_LINES_MAX} origins without those of this one")
            }
            Reason::Filtered(kind, count) => write!(
                out,
                "{count} networks are denied by {0}, or longer than it permits",
                kind.filter_file()
            ),
            Reason::Rule(line) => write!(out, "line {line} is no rule, and permits nothing"),
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
    fn objects_left_out_are_told_from_remarks() {
        let reasons = [
            Reason::Skipped(Skip::Symlink),
            Reason::Duplicate,
            Reason::Skipped(Skip::Hidden),
            Reason::Rule(1),
            Reason::More(7),
        ];
        let finding = |reason| Finding::new(Kind::Mntner, "A-MNT", reason);
        let tally = Tally::of(&reasons.map(finding));
        let words = "2 objects left out, 2 remarks, 7 more findings of either kind";
        assert_eq!(tally.to_string(), words);
        assert_eq!(Tally::of(&[]).to_string(), "0 objects left out, 0 remarks");
    }

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
