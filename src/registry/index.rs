//! The registry as it is asked: who is this, whose key is that, whose AS number is that.
//!
//! Everything is in sorted arrays; maintainers refer to each other's things by place, so that a
//! registry of 2,800 maintainers and 3,000 AS numbers takes some 300 kB. An index never changes: a
//! new one takes its place, unless [`judge_replacement`] finds that it must be a broken one.

use super::finding::Kind;
use super::key::{KeyFingerprint, SshKey, Unusable};
use crate::limits::REGISTRY_SHRINK_PERCENT_MAX;
use crate::model::{Asn, Mntner};
use std::fmt;

/// Maintainers, their keys and their AS numbers.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Sorted; the place in here is the maintainer's number in all that follows.
    pub(super) names: Box<[Mntner]>,
    pub(super) has_pgp: Box<[bool]>,
    pub(super) keys: Rows<SshKey>,
    pub(super) unusable: Rows<Unusable>,
    /// The AS numbers of each maintainer, sorted.
    pub(super) asns: Rows<Asn>,
    /// Places in the items of `keys`, sorted by fingerprint, then by place.
    pub(super) by_key: Box<[u32]>,
    /// Sorted.
    pub(super) aut_nums: Box<[Asn]>,
    /// The maintainers of each of `aut_nums`, sorted.
    pub(super) owners: Rows<u32>,
}

/// One maintainer of an [`Index`].
#[derive(Clone, Copy)]
pub struct Maintainer<'a> {
    index: &'a Index,
    name: &'a Mntner,
    number: usize,
}

/// How much is in an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Maintainers, those without a key too.
    pub maintainers: usize,
    /// AS numbers, those without a maintainer too.
    pub aut_nums: usize,
    /// SSH keys that can log in.
    pub keys: usize,
}

/// Why a new index may not take the old one's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shrunk {
    /// It has no maintainer at all.
    Empty,
    /// It lost too many maintainers: how many there were, and are.
    Maintainers(usize, usize),
    /// It lost too many AS numbers: how many there were, and are.
    AutNums(usize, usize),
    /// A table of route origins lost too many: which, how many there were, and are.
    Routes(Kind, usize, usize),
}

impl Index {
    /// The maintainer of this name.
    pub fn maintainer(&self, name: &Mntner) -> Option<Maintainer<'_>> {
        self.at(self.number(name)?)
    }

    /// All maintainers that have this key: now and then, two.
    pub fn by_key(&self, key: &KeyFingerprint) -> impl Iterator<Item = Maintainer<'_>> {
        let start = self.by_key.partition_point(|place| self.fingerprint_at(*place) < Some(*key));
        let found = self.by_key.iter().skip(start);
        let found = found.take_while(move |place| self.fingerprint_at(**place) == Some(*key));
        found.filter_map(|place| self.at(self.keys.row_of(*place as usize)))
    }

    fn fingerprint_at(&self, place: u32) -> Option<KeyFingerprint> {
        self.keys.items().get(place as usize).map(|key| key.fingerprint)
    }

    /// The maintainers of an AS number, sorted; any one of them has the full right.
    pub fn owners(&self, asn: Asn) -> impl Iterator<Item = &Mntner> {
        let row = self.aut_nums.binary_search(&asn).map(|number| self.owners.row(number));
        row.unwrap_or_default().iter().filter_map(|number| self.names.get(*number as usize))
    }

    /// Is there an object of this AS number, whoever maintains it?
    pub fn knows(&self, asn: Asn) -> bool {
        self.aut_nums.binary_search(&asn).is_ok()
    }

    /// How much is in it.
    pub fn counts(&self) -> Counts {
        Counts {
            maintainers: self.names.len(),
            aut_nums: self.aut_nums.len(),
            keys: self.keys.items().len(),
        }
    }

    /// The heap memory that it holds, in bytes.
    pub fn bytes(&self) -> usize {
        let rows = self.keys.bytes() + self.unusable.bytes() + self.asns.bytes();
        let names = size_of_val::<[Mntner]>(&self.names) + size_of_val::<[bool]>(&self.has_pgp);
        let numbers = size_of_val::<[u32]>(&self.by_key) + size_of_val::<[Asn]>(&self.aut_nums);
        rows + names + numbers + self.owners.bytes()
    }

    /// Fills in what follows from the rest; `owners` gives the `mnt-by` of each AS number in turn.
    pub(super) fn connect<'a>(&mut self, owners: impl Iterator<Item = &'a [Mntner]>) {
        self.owners = owners.map(|names| self.numbers(names)).collect();
        self.asns = self.asns_of_maintainers();
        let mut by_key: Box<[u32]> = (0..).take(self.keys.items().len()).collect();
        by_key
            .sort_by_key(|place| self.keys.items().get(*place as usize).map(|key| key.fingerprint));
        self.by_key = by_key;
    }

    fn asns_of_maintainers(&self) -> Rows<Asn> {
        let rows = self.aut_nums.iter().enumerate();
        let pairs =
            rows.flat_map(|(row, asn)| self.owners.row(row).iter().map(|owner| (*owner, *asn)));
        let mut pairs: Vec<(u32, Asn)> = pairs.collect();
        pairs.sort_unstable();
        let mut rest = pairs.as_slice();
        let mut rows = Rows::default();
        for number in (0..).take(self.names.len()) {
            let (own, others) = rest.split_at(rest.partition_point(|pair| pair.0 <= number));
            rest = others;
            rows.push(own.iter().map(|pair| pair.1));
        }
        rows.shrink();
        rows
    }

    /// The numbers of those names that exist, each once, sorted.
    fn numbers(&self, names: &[Mntner]) -> Vec<u32> {
        let known = names.iter().filter_map(|name| u32::try_from(self.number(name)?).ok());
        let mut numbers: Vec<u32> = known.collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn at(&self, number: usize) -> Option<Maintainer<'_>> {
        self.names.get(number).map(|name| Maintainer { index: self, name, number })
    }

    fn number(&self, name: &Mntner) -> Option<usize> {
        self.names.binary_search(name).ok()
    }
}

impl<'a> Maintainer<'a> {
    pub fn name(self) -> &'a Mntner {
        self.name
    }

    /// Its keys that can log in, each once, in the order of the object.
    pub fn keys(self) -> &'a [SshKey] {
        self.index.keys.row(self.number)
    }

    /// Whether a PGP key or fingerprint is among its `auth:` attributes.
    pub fn has_pgp(self) -> bool {
        self.index.has_pgp.get(self.number).is_some_and(|has_pgp| *has_pgp)
    }

    /// The `auth:` attributes that cannot be used, one reason each.
    pub fn unusable(self) -> &'a [Unusable] {
        self.index.unusable.row(self.number)
    }

    /// The AS numbers that it maintains, sorted.
    pub fn asns(self) -> &'a [Asn] {
        self.index.asns.row(self.number)
    }
}

/// Whether a new index may take the old one's place. An empty one never; one that lost more than
/// [`REGISTRY_SHRINK_PERCENT_MAX`] is likelier half a checkout than a registry in decline.
pub fn judge_replacement(old: Counts, new: Counts) -> Result<(), Shrunk> {
    if new.maintainers == 0 {
        Err(Shrunk::Empty)
    } else if shrank(old.maintainers, new.maintainers) {
        Err(Shrunk::Maintainers(old.maintainers, new.maintainers))
    } else if shrank(old.aut_nums, new.aut_nums) {
        Err(Shrunk::AutNums(old.aut_nums, new.aut_nums))
    } else {
        Ok(())
    }
}

/// Is that more than may go at once?
pub(super) fn shrank(old: usize, new: usize) -> bool {
    old.saturating_sub(new).saturating_mul(100) > old.saturating_mul(REGISTRY_SHRINK_PERCENT_MAX)
}

impl fmt::Display for Shrunk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, old, new) = match self {
            Shrunk::Empty => return out.write_str("the registry has no maintainer at all"),
            Shrunk::Maintainers(old, new) => ("maintainers", old, new),
            Shrunk::AutNums(old, new) => ("AS numbers", old, new),
            Shrunk::Routes(Kind::Route6, old, new) => ("origins of IPv6 networks", old, new),
            Shrunk::Routes(_, old, new) => ("origins of IPv4 networks", old, new),
        };
        write!(out, "the registry shrank from {old} to {new} {what}; ")?;
        write!(out, "at most {REGISTRY_SHRINK_PERCENT_MAX} % may go at once")
    }
}

impl std::error::Error for Shrunk {}

// Lists of different lengths side by side in two allocations: a few thousand small vectors would
// cost more in headers than in content.

/// Rows of items, in the order in which they were pushed.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T> Rows<T> {
    /// Adds a row after the last one.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = T>) {
        self.items.extend(row);
        // The registry's bounds keep the sum far below 32 bits.
        self.ends.push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
    }

    /// A row; empty where there is none of this number.
    pub(super) fn row(&self, number: usize) -> &[T] {
        let start = number.checked_sub(1).and_then(|before| self.end(before)).unwrap_or(0);
        let range = self.end(number).and_then(|end| self.items.get(start..end));
        range.unwrap_or_default()
    }

    /// Where a row ends in `items`.
    fn end(&self, number: usize) -> Option<usize> {
        self.ends.get(number).map(|end| *end as usize)
    }

    /// All items, row after row.
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    /// The row that holds the item at this place of [`Rows::items`].
    pub(super) fn row_of(&self, item: usize) -> usize {
        self.ends.partition_point(|end| *end as usize <= item)
    }

    /// Gives back what was allocated ahead.
    pub(super) fn shrink(&mut self) {
        self.ends.shrink_to_fit();
        self.items.shrink_to_fit();
    }

    /// Heap memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.ends.capacity() * size_of::<u32>() + self.items.capacity() * size_of::<T>()
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Rows<T> {
        Rows { ends: Vec::new(), items: Vec::new() }
    }
}

impl<T> FromIterator<Vec<T>> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = Vec<T>>>(rows: I) -> Rows<T> {
        let mut all = Rows::default();
        rows.into_iter().for_each(|row| all.push(row));
        all.shrink();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::Builder;
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEHWaXQ4EhFCkFuCOUUANkmMUDW6dVugtFP6lKm0k7X9";
    const OTHER: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFga5kRZLu6IdiztTdSLgfXbu+2FFoZNiFDxcopkbbGF";

    /// A has KEY, B has OTHER and KEY, C has PGP. AS3 is A's and B's, AS1 is B's, AS2 is nobody's.
    /// They come in this order or backwards.
    fn index(backwards: bool) -> Index {
        let mut builder = Builder::new();
        let mntners = [("A", vec![KEY]), ("B", vec![OTHER, KEY]), ("C", vec!["PGPKEY-0"])];
        let aut_nums =
            [("AS3", "B-MNT\nmnt-by: a-mnt\nmnt-by: B-MNT"), ("AS1", "B-MNT"), ("AS2", "X-MNT")];
        let order = |count: usize| {
            let places = (0..count).map(move |at| if backwards { count - 1 - at } else { at });
            places.collect::<Vec<_>>()
        };
        for (name, auths) in order(3).into_iter().map(|at| &mntners[at]) {
            let text = format!("mntner: {name}-MNT\nauth: {}\n", auths.join("\nauth: "));
            builder.mntner(&format!("{name}-MNT"), text.as_bytes());
        }
        for (name, owners) in order(3).into_iter().map(|at| &aut_nums[at]) {
            builder.aut_num(name, format!("aut-num: {name}\nmnt-by: {owners}\n").as_bytes());
        }
        let (index, findings) = builder.finish();
        assert!(findings.is_empty(), "{findings:?}");
        index
    }

    fn name(text: &str) -> Mntner {
        text.parse().unwrap()
    }

    #[test]
    fn answers_alike_in_whatever_order_it_was_fed() {
        for index in [index(false), index(true)] {
            let asns = |who: &str| index.maintainer(&name(who)).unwrap().asns().to_vec();
            let owners = |asn| index.owners(Asn::new(asn).unwrap()).cloned().collect::<Vec<_>>();
            let [one, three] = [1, 3].map(|it| Asn::new(it).unwrap());
            assert_eq!(index.counts(), Counts { maintainers: 3, aut_nums: 3, keys: 3 });
            assert_eq!(
                (asns("A-MNT"), asns("B-MNT"), asns("C-MNT")),
                (vec![three], vec![one, three], vec![])
            );
            assert_eq!(owners(3), [name("A-MNT"), name("B-MNT")]);
            assert_eq!((owners(1), owners(2), owners(4)), (vec![name("B-MNT")], vec![], vec![]));
            assert!(index.maintainer(&name("C-MNT")).unwrap().has_pgp());
            assert!(!index.maintainer(&name("A-MNT")).unwrap().has_pgp());
            assert!(index.maintainer(&name("X-MNT")).is_none());
        }
    }

    #[test]
    fn a_key_finds_all_who_have_it() {
        let index = index(false);
        let holders = |key: &KeyFingerprint| -> Vec<String> {
            index.by_key(key).map(|it| it.name().to_string()).collect()
        };
        let keys: Vec<_> = index.maintainer(&name("B-MNT")).unwrap().keys().iter().collect();
        assert_eq!(holders(&keys[0].fingerprint), ["B-MNT"]);
        assert_eq!(holders(&keys[1].fingerprint), ["A-MNT", "B-MNT"]);
        assert!(holders(&KeyFingerprint([0; 32])).is_empty());
        assert!(holders(&KeyFingerprint([255; 32])).is_empty());
    }

    #[test]
    fn an_empty_index_knows_nobody() {
        let index = Index::default();
        assert_eq!(index.counts(), Counts::default());
        assert!(index.maintainer(&name("A-MNT")).is_none());
        assert_eq!(index.by_key(&KeyFingerprint([0; 32])).count(), 0);
        assert_eq!(index.owners(Asn::new(1).unwrap()).count(), 0);
    }

    #[test]
    fn a_replacement_may_not_be_much_smaller() {
        let counts = |maintainers, aut_nums| Counts { maintainers, aut_nums, keys: 0 };
        let old = counts(100, 200);
        for (new, expected) in [
            (counts(100, 200), Ok(())),
            (counts(80, 160), Ok(())),
            (counts(9_000, 9_000), Ok(())),
            (counts(79, 200), Err(Shrunk::Maintainers(100, 79))),
            (counts(100, 159), Err(Shrunk::AutNums(200, 159))),
            (counts(0, 200), Err(Shrunk::Empty)),
            (counts(0, 0), Err(Shrunk::Empty)),
        ] {
            assert_eq!(judge_replacement(old, new), expected, "{new:?}");
        }
        assert_eq!(judge_replacement(Counts::default(), counts(1, 0)), Ok(()));
        assert_eq!(judge_replacement(Counts::default(), Counts::default()), Err(Shrunk::Empty));
        assert_eq!(
            Shrunk::Maintainers(100, 79).to_string(),
            "the registry shrank from 100 to 79 maintainers; at most 20 % may go at once"
        );
    }

    #[test]
    fn gives_back_what_was_pushed() {
        let rows: Rows<u8> = [vec![], vec![1, 2], vec![], vec![3], vec![]].into_iter().collect();
        let read: Vec<&[u8]> = (0..6).map(|number| rows.row(number)).collect();
        assert_eq!(read, [&[] as &[u8], &[1, 2], &[], &[3], &[], &[]]);
        assert_eq!([0, 1, 2].map(|item| rows.row_of(item)), [1, 1, 3]);
        assert_eq!(rows.items(), [1, 2, 3]);
        assert!(rows.row(usize::MAX).is_empty());
    }
}
