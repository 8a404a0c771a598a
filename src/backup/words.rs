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

/// The line for the changes of a POP's files, each with its path in the POP's directory.
pub fn words(pop: &str, changes: &[(Change, String)]) -> String {
    let mut subjects: BTreeMap<String, BTreeSet<Change>> = BTreeMap::new();
    for (change, path) in changes {
        subjects.entry(subject(path)).or_default().insert(*change);
    }
    // That the database changed too says nothing more.
    if subjects.len() > 1 {
        subjects.remove(super::DATABASE);
    }
    let left = subjects.len().saturating_sub(NAMED_MAX);
    let named =
        subjects.iter().take(NAMED_MAX).map(|(name, kinds)| format!("{name} {}", verb(kinds)));
    let mut parts: Vec<String> = named.collect();
    if left > 0 {
        parts.push(format!("and {left} more"));
    }
    format!("{pop}: {}", parts.join(", "))
}

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
        (Some(Change::Removed), 1) => "removed",
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
            words("nl-ams1", &them)
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
        let expected = "nl-ams1: AS1 changed, bird/ebgp_asx added, bird/ibgp_fra removed";
        assert_eq!(told(&others), expected);
        let many: Vec<_> = (10..30).map(|it| (Added, format!("bird/ebgp_as{it}"))).collect();
        let line = words("a", &many);
        assert!(line.starts_with("a: AS10 added, ") && line.ends_with(", and 10 more"), "{line}");
    }
}
