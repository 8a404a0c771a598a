//! What a backup has of a POP, and what it must not have. Pure.
//!
//! A backup may be published, and lies in git beside those of the other POPs: it has the files that
//! a POP is made of and its peerings, and of none of them a secret. The same POP gives the same
//! bytes, so that git shows what changed and nothing else.

mod includes;

pub use includes::{blank, fits, includes, is_route_table};

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The directory above those of the POPs.
pub const SERVERS: &str = "servers";
/// The copy of the database, in a POP's directory.
pub const DATABASE: &str = "peering.db";
/// The directory of WireGuard's files, in a POP's directory.
pub const WIREGUARD: &str = "wireguard";
/// The directory of BIRD's files, in a POP's directory: they lie there as in BIRD's own.
pub const BIRD: &str = "bird";
/// What BIRD reads first.
pub const BIRD_CONF: &str = "bird.conf";

/// The files that are copied one by one, by the directory that they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `wireguard.directory`.
    Wireguard,
    /// `bird.directory`.
    Bird,
}

impl Part {
    /// Does a file of this name belong to it? Hand-made ones do too: of WireGuard's all links named
    /// `wg-*`, of BIRD's everything that `include "…/*"` reads, which passes over names with a dot
    /// in front.
    pub fn takes(self, name: &str) -> bool {
        let sound =
            !name.is_empty() && !name.chars().any(|letter| letter.is_control() || letter == '/');
        sound
            && match self {
                Part::Wireguard => name.starts_with("wg-") && name.ends_with(".conf"),
                Part::Bird => !name.starts_with('.'),
            }
    }
}

/// The directory of a POP that has no short name: the first label of its host name, or its whole
/// address.
pub fn name_of(host: &str) -> String {
    let lower = host.to_ascii_lowercase();
    match lower.parse::<IpAddr>() {
        Ok(_) => lower,
        Err(_) => lower.split('.').next().unwrap_or_default().to_string(),
    }
}

// The list of what an export wrote, which lies beside its files: nothing else is ever removed. It
// comes from a repository that others can push to, so only what can be a copy of ours is heeded.

/// The name of the list, in a POP's directory.
pub const LIST: &str = ".peerling-files";
/// What the list begins with.
const HEAD: &str = "# Copied by peerling. What stands here goes when the POP has it no more;\n\
                    # whatever else lies here is left alone.\n";

/// The paths that a list names.
pub fn read_list(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter(|line| is_ours(line)).map(str::to_string).collect()
}

/// The list of these paths.
pub fn write_list(paths: &BTreeSet<String>) -> String {
    let mut text = HEAD.to_string();
    for path in paths {
        text.push_str(path);
        text.push('\n');
    }
    text
}

/// May it be the path of a copy? It lies below one of the two directories, and nowhere else.
fn is_ours(path: &str) -> bool {
    let mut parts = path.split('/');
    let below = parts.next().is_some_and(|first| first == BIRD || first == WIREGUARD);
    let mut rest = parts.peekable();
    below && rest.peek().is_some() && rest.all(is_plain_part)
}

fn is_plain_part(part: &str) -> bool {
    !part.is_empty() && part != "." && part != ".." && !part.contains(char::is_control)
}

// What changed between two exports, in words for a commit.

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is new.
    Added,
    /// It has other bytes.
    Changed,
    /// It is gone.
    Removed,
}

/// Peerings and files that a line names; of more only their number is told.
const NAMED_MAX: usize = 10;

/// What a commit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// One line: what changed, what is gone first.
    pub line: String,
    /// Every file that is gone, a line each; empty: none is.
    pub removed: String,
}

impl Message {
    /// The whole text, as git takes it.
    pub fn text(&self) -> String {
        match self.removed.as_str() {
            "" => self.line.clone(),
            removed => format!("{}\n\n{removed}", self.line),
        }
    }
}

/// The message for the changes of a POP's files, each with its path in the POP's directory.
pub fn message(pop: &str, changes: &[(Change, String)]) -> Message {
    let mut subjects: BTreeMap<String, BTreeSet<Change>> = BTreeMap::new();
    let mut removed = String::new();
    for (change, path) in changes {
        subjects.entry(subject(path)).or_default().insert(*change);
        if *change == Change::Removed {
            removed.push_str(&format!("removed: {path}\n"));
        }
    }
    // That these changed too says nothing more.
    for name in [LIST, DATABASE] {
        if subjects.len() > 1 {
            subjects.remove(name);
        }
    }
    let mut told: Vec<(&str, String)> =
        subjects.iter().map(|(name, kinds)| (verb(kinds), name.clone())).collect();
    told.sort_by_key(|(verb, _)| *verb != GONE);
    let mut parts: Vec<String> =
        told.iter().take(NAMED_MAX).map(|(verb, name)| format!("{name} {verb}")).collect();
    let left = told.len().saturating_sub(NAMED_MAX);
    if left > 0 {
        parts.push(format!("and {left} more"));
    }
    Message { line: format!("{pop}: {}", parts.join(", ")), removed }
}

/// What is said of something that is there no more.
const GONE: &str = "removed";

/// A peering's two files are one subject.
fn subject(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let wireguard = name.strip_prefix("wg-as").and_then(|rest| rest.strip_suffix(".conf"));
    let number = wireguard.or_else(|| name.strip_prefix("ebgp_as"));
    match number
        .filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    {
        Some(number) => format!("AS{number}"),
        None => path.to_string(),
    }
}

fn verb(kinds: &BTreeSet<Change>) -> &'static str {
    match (kinds.first(), kinds.len()) {
        (Some(Change::Added), 1) => "added",
        (Some(Change::Removed), 1) => GONE,
        _ => "changed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Change::{Added, Changed, Removed};

    #[test]
    fn each_part_takes_its_own() {
        for (name, wireguard, bird) in [
            ("wg-as4242420001.conf", true, true),
            ("wg-int-fra.conf", true, true),
            ("wg0.conf", false, true),
            ("wg-as1.conf.bak", false, true),
            (".wg-as1.conf.new", false, false),
            ("ebgp_as1", false, true),
            ("ibgp_fra", false, true),
            (".ebgp_as1.new", false, false),
            ("", false, false),
            ("wg-\n.conf", false, false),
            ("wg-/.conf", false, false),
        ] {
            let taken = [Part::Wireguard, Part::Bird].map(|it| it.takes(name));
            assert_eq!(taken, [wireguard, bird], "{name:?}");
        }
    }

    #[test]
    fn a_pop_is_called_by_its_first_label() {
        for (host, name) in [
            ("nl-ams1.example.net", "nl-ams1"),
            ("NL-AMS1.example.net", "nl-ams1"),
            ("pop", "pop"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(name_of(host), name);
        }
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let paths = ["bird/bgp_peers/ebgp_as1", "bird/bird.conf", "wireguard/wg-as1.conf"];
        let paths: BTreeSet<String> = paths.map(str::to_string).into();
        assert_eq!(read_list(&write_list(&paths)), paths);
        assert_eq!(read_list(""), BTreeSet::new());
    }

    /// Whoever pushes to the repository can write the list, too.
    #[test]
    fn nothing_else_can_be_named() {
        for line in [
            "/etc/passwd",
            "bird/../../x",
            "bird/",
            "bird",
            "bird//x",
            "bird/./x",
            "../bird/x",
            "README",
            "peering.db",
            "wireguard/a\u{7f}",
            "",
        ] {
            assert_eq!(read_list(&format!("{line}\n")), BTreeSet::new(), "{line:?}");
        }
    }

    #[test]
    fn a_commit_says_what_changed() {
        let told = |them: &[(Change, &str)]| {
            let them: Vec<_> = them.iter().map(|(it, path)| (*it, path.to_string())).collect();
            message("nl-ams1", &them).line
        };
        let two = [
            (Added, "bird/ebgp_as4242420001"),
            (Added, "wireguard/wg-as4242420001.conf"),
            (Changed, "bird/ebgp_as4242420002"),
            (Changed, "peering.db"),
        ];
        assert_eq!(told(&two), "nl-ams1: AS4242420001 added, AS4242420002 changed");
        assert_eq!(told(&[(Changed, "peering.db")]), "nl-ams1: peering.db changed");
        let others = [
            (Removed, "bird/ibgp_fra"),
            (Removed, "bird/ebgp_as1"),
            (Added, "wireguard/wg-as1.conf"),
            (Added, "bird/ebgp_asx"),
        ];
        let expected = "nl-ams1: bird/ibgp_fra removed, AS1 changed, bird/ebgp_asx added";
        assert_eq!(told(&others), expected);
        let many: Vec<_> = (10..30).map(|it| (Added, format!("bird/ebgp_as{it}"))).collect();
        let line = message("a", &many).line;
        assert!(line.starts_with("a: AS10 added, ") && line.ends_with(", and 10 more"), "{line}");
    }

    /// However much changes at once, nobody has to search for what is gone.
    #[test]
    fn what_is_gone_is_named_whole() {
        let mut changes: Vec<_> = (10..40).map(|it| (Added, format!("bird/x{it}"))).collect();
        changes.push((Removed, "wireguard/wg-zz.conf".to_string()));
        changes.push((Changed, ".peerling-files".to_string()));
        let told = message("a", &changes);
        assert!(told.line.starts_with("a: wireguard/wg-zz.conf removed, bird/x10 added, "));
        assert_eq!(
            told.text().lines().skip(2).collect::<Vec<_>>(),
            ["removed: wireguard/wg-zz.conf"]
        );
        assert_eq!(message("a", &[(Added, "x".to_string())]).text(), "a: x added");
    }
}
