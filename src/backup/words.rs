//! What changed between two exports, in words for a commit.

use std::collections::{BTreeMap, BTreeSet};

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
    for name in [super::list::LIST, super::DATABASE] {
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
    let wireguard = name.strip_prefix("wg-as").and_then(|it| it.strip_suffix(".conf"));
    let number = wireguard.or_else(|| name.strip_prefix("ebgp_as"));
    match number.filter(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit())) {
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
