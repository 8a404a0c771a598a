//! Steps for the operator's eyes: one line each, and what changes in a file, with secrets hidden.

use super::Step;
use std::fmt::Write as _;

/// Lines of a WireGuard file whose value nobody may see.
const SECRETS: [&str; 2] = ["PrivateKey = ", "PresharedKey = "];

/// The step's line and, where it changes a file, the lines that go (`-`) and come (`+`).
pub fn detail(step: &Step) -> String {
    let mut text = format!("{step}\n");
    let (old, new) = match step {
        Step::WriteFile { old, new, .. } => (old.as_deref().unwrap_or(""), new.as_str()),
        Step::RemoveFile { old, .. } => (old.as_str(), ""),
        _ => return text,
    };
    for (sign, line) in difference(old, new) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {sign} {}", masked(line));
    }
    text
}

/// What goes and what comes between the lines that both begin with and the lines that both end
/// with.
fn difference<'a>(old: &'a str, new: &'a str) -> Vec<(char, &'a str)> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - head;
    let ends = old.iter().rev().zip(new.iter().rev()).take(rest);
    let tail = ends.take_while(|(old, new)| old == new).count();
    let mut changed = Vec::new();
    for (sign, lines) in [('-', old), ('+', new)] {
        for line in lines.get(head..lines.len() - tail).unwrap_or_default() {
            changed.push((sign, *line));
        }
    }
    changed
}

fn masked(line: &str) -> String {
    let secret = SECRETS.iter().find(|name| line.starts_with(**name));
    secret.map_or_else(|| line.to_string(), |name| format!("{name}(hidden)"))
}

#[cfg(test)]
mod tests {
    use super::super::{FileKind, Owner};
    use super::*;
    use crate::model::Asn;

    fn written(old: Option<&str>, new: &str) -> String {
        let (kind, owner) = (FileKind::WireGuard, Owner::Peering(Asn::new(64600).unwrap()));
        {
            let name = crate::plan::naming::Naming::default().file(kind, owner);
            detail(&Step::WriteFile {
                kind,
                owner,
                name,
                old: old.map(str::to_string),
                new: new.to_string(),
            })
        }
    }

    #[test]
    fn what_changes_is_shown_and_nothing_else() {
        let seen = written(
            Some("[Interface]\nListenPort = 1\nTable = off"),
            "[Interface]\nListenPort = 2\nTable = off",
        );
        assert_eq!(seen, "change file wg-as64600.conf\n  - ListenPort = 1\n  + ListenPort = 2\n");
        assert_eq!(written(Some("a\na"), "a"), "change file wg-as64600.conf\n  - a\n");
        assert_eq!(written(Some("a"), "a\na"), "change file wg-as64600.conf\n  + a\n");
        assert_eq!(written(None, "x"), "write file wg-as64600.conf\n  + x\n");
    }

    #[test]
    fn secrets_are_not_shown() {
        let seen = written(Some("PrivateKey = one"), "PrivateKey = two\nPresharedKey = three");
        assert!(seen.contains("PresharedKey = (hidden)"));
        assert!(!["one", "two", "three"].iter().any(|secret| seen.contains(secret)), "{seen}");
    }
}
