//! What may have been meant by a name that does not exist.
//!
//! A hint is appended to the problem. It is empty where nothing is near: a wrong guess is worse
//! than none.

use super::key::KeySpec;
use super::{sections, tables};

/// For a section that does not exist.
pub(super) fn section(name: &str) -> String {
    let names = sections().iter().map(|spec| spec.name).chain(tables().iter().map(|it| it.path));
    let meant = |name| format!("; is {} meant?", KeySpec::header(name));
    nearest(name, names).map(meant).unwrap_or_default()
}

/// For a section that is written as an array of tables: maybe one of them is meant.
pub(super) fn array(name: &str) -> String {
    let meant = tables().iter().find(|it| it.names().1 == name);
    meant.map(|it| format!("; or is [[{}]] meant?", it.path)).unwrap_or_default()
}

/// For a key that does not exist in its section, but maybe in another.
pub(super) fn key(section: &str, name: &str) -> String {
    if let Some(table) = tables().iter().find(|it| it.names() == (section, name)) {
        return format!("; each has a table of its own, written [[{}]]", table.path);
    }
    let names = KeySpec::all().filter(|spec| spec.section == section).map(|spec| spec.key);
    let near = nearest(name, names).map(|name| format!("; is {name} meant?"));
    near.or_else(|| elsewhere(name)).unwrap_or_default()
}

/// For what stands before the first section: a key that belongs into one, or a section's name.
pub(super) fn outside(name: &str) -> String {
    elsewhere(name).unwrap_or_else(|| section(name))
}

/// For a variable that does not exist.
pub(super) fn variable(name: &str, variables: &[String]) -> String {
    let names = variables.iter().map(String::as_str);
    nearest(name, names).map(|name| format!("; is {name} meant?")).unwrap_or_default()
}

fn elsewhere(name: &str) -> Option<String> {
    let spec = KeySpec::all().find(|spec| spec.key == name)?;
    Some(format!("; it belongs into {}", KeySpec::header(spec.section)))
}

/// The most characters that a slip of the fingers gets wrong.
const SLIPS_MAX: usize = 3;

/// The name most like `wrong`, if one is so near that a slip of the fingers explains the
/// difference.
fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let bound = (wrong.chars().count() / 3).clamp(1, SLIPS_MAX);
    names
        .map(|name| (distance(wrong, name), name))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many characters to add, drop, change, or swap with their neighbour (optimal string
/// alignment). Of a text much longer than our own name only so much is looked at as makes it too
/// far.
fn distance(wrong: &str, name: &str) -> usize {
    let name: Vec<char> = name.chars().collect();
    let wrong: Vec<char> = wrong.chars().take(name.len() + SLIPS_MAX + 1).collect();
    // Of the usual table: the line before the last, the last, and the one being made.
    let mut older = Vec::new();
    let mut old: Vec<usize> = (0..=name.len()).collect();
    let cell = |row: &[usize], j: usize| row.get(j).map_or(usize::MAX, |count| count + 1);
    for (i, from) in wrong.iter().enumerate() {
        let from_before = i.checked_sub(1).and_then(|i| wrong.get(i));
        let mut row = vec![i + 1];
        for (j, to) in name.iter().enumerate() {
            let to_before = j.checked_sub(1).and_then(|j| name.get(j));
            let is_swap = from_before == Some(to) && to_before == Some(from);
            let swapped = if is_swap { cell(&older, j - 1) } else { usize::MAX };
            let changed = cell(&old, j) - usize::from(from == to);
            row.push(changed.min(swapped).min(cell(&old, j + 1)).min(cell(&row, j)));
        }
        older = std::mem::replace(&mut old, row);
    }
    old.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (left, right, expected) in [
            ("", "", 0),
            ("asn", "asn", 0),
            ("ans", "asn", 1),
            ("kitten", "sitting", 3),
            ("listen", "lisen", 1),
            ("", "abc", 3),
            ("naïve", "naive", 1),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn a_hint_is_near_or_missing() {
        let long = "x".repeat(1_000_000);
        for (hint, expected) in [
            (section("shh"), "; is [ssh] meant?"),
            (section("vpn"), ""),
            (key("ssh", "hostkeys"), "; is host_keys meant?"),
            (key("ssh", "asn"), "; it belongs into [pop]"),
            (key("ssh", "banner"), ""),
            (key("ssh", ""), ""),
            (key("ssh", &long), ""),
            (outside("listen"), "; it belongs into [ssh]"),
            (outside("link"), ""),
            (outside("mtu"), "; it belongs into [[mesh.link]]"),
            (section("mesh.pops"), "; is [[mesh.pop]] meant?"),
            (key("mesh", "pop"), "; each has a table of its own, written [[mesh.pop]]"),
            (key("mesh.pop", "pubic_key"), "; is public_key meant?"),
            (array("pop"), "; or is [[mesh.pop]] meant?"),
            (array("ssh"), ""),
        ] {
            assert_eq!(hint, expected);
        }
    }
}
