//! Which known word a mistyped one is nearest to.

/// The most characters that a typing mistake gets wrong.
const MISTAKES_MAX: usize = 3;

/// The name most like `typed`, if one is so near that a typing mistake explains the difference: at
/// most a third of the characters, at most three. A wrong guess is worse than none.
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mistakes_max = (typed.chars().count() / 3).clamp(1, MISTAKES_MAX);
    let mut best = None;
    let mut best_distance = mistakes_max + 1;
    for name in names {
        let distance = distance(typed, name);
        if distance < best_distance {
            best = Some(name);
            best_distance = distance;
        }
    }
    best
}

/// How many characters to add, drop, change, or swap with their neighbour (optimal string
/// alignment). Of a `typed` much longer than `name` only so much is looked at as makes it too far.
pub fn distance(typed: &str, name: &str) -> usize {
    let name: Vec<char> = name.chars().collect();
    let typed: Vec<char> = typed.chars().take(name.len() + MISTAKES_MAX + 1).collect();
    // Of the usual table: the row before the last, the last, and the one being made.
    let mut older = Vec::new();
    let mut old: Vec<usize> = (0..=name.len()).collect();
    for (i, from) in typed.iter().enumerate() {
        let from_before = i.checked_sub(1).and_then(|i| typed.get(i));
        let mut row = vec![i + 1];
        for (j, to) in name.iter().enumerate() {
            let to_before = j.checked_sub(1).and_then(|j| name.get(j));
            let added = one_more(&row, j);
            let dropped = one_more(&old, j + 1);
            let changed = one_more(&old, j) - usize::from(from == to);
            let mut cost = added.min(dropped).min(changed);
            if from_before == Some(to) && to_before == Some(from) {
                cost = cost.min(one_more(&older, j - 1));
            }
            row.push(cost);
        }
        older = std::mem::replace(&mut old, row);
    }
    old.last().copied().unwrap_or(usize::MAX)
}

fn one_more(row: &[usize], column: usize) -> usize {
    row.get(column).map_or(usize::MAX, |count| count + 1)
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
    fn nearest_is_near_or_missing() {
        let names = ["asn", "listen", "host_keys", "link_local_prefix"];
        let long = "x".repeat(1_000_000);
        for (typed, expected) in [
            ("ans", Some("asn")),
            ("lisen", Some("listen")),
            ("hostkeys", Some("host_keys")),
            ("linklocalprefixx", Some("link_local_prefix")),
            ("banner", None),
            ("", None),
            (&long, None),
        ] {
            assert_eq!(nearest(typed, names.into_iter()), expected, "{typed:.20}");
        }
    }
}
