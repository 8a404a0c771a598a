//! What is logged once, and not at every look: that something is wrong, and that it is over.

use std::collections::BTreeSet;

/// What is wrong now, as it was last logged. `K` is the reason: another reason is news.
#[derive(Debug)]
pub struct Once<K>(Option<K>);

/// What is to be logged after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn<'a, K> {
    /// Nothing: it is as it was.
    Same,
    /// What is wrong: it was not logged yet, or something else was.
    Wrong(&'a K),
    Over,
}

impl<K> Default for Once<K> {
    fn default() -> Once<K> {
        Once(None)
    }
}

impl<K: PartialEq> Once<K> {
    /// Takes what this look found wrong, if anything.
    pub fn turn(&mut self, wrong: Option<K>) -> Turn<'_, K> {
        if self.0 == wrong {
            return Turn::Same;
        }
        self.0 = wrong;
        self.0.as_ref().map_or(Turn::Over, Turn::Wrong)
    }

    pub fn wrong(&self) -> Option<&K> {
        self.0.as_ref()
    }
}

/// Several things that are wrong at a time, each logged once.
#[derive(Debug)]
pub struct OnceEach<K>(BTreeSet<K>);

impl<K> Default for OnceEach<K> {
    fn default() -> OnceEach<K> {
        OnceEach(BTreeSet::new())
    }
}

impl<K: Ord> OnceEach<K> {
    /// Takes one thing that a look found wrong which did not see all. Is it new? Where `max` are
    /// known already, nothing is: they stay known until [`OnceEach::turn`] says what is wrong.
    pub fn add(&mut self, wrong: K, max: usize) -> bool {
        self.0.len() < max && self.0.insert(wrong)
    }

    /// Takes all that this look found wrong; those that the last look did not find are new.
    pub fn turn(&mut self, wrong: BTreeSet<K>) -> impl Iterator<Item = &K> {
        let before = std::mem::replace(&mut self.0, wrong);
        self.0.iter().filter(move |found| !before.contains(*found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_logged_once_and_so_is_its_end() {
        let mut once = Once::default();
        assert_eq!(once.turn(None), Turn::Same, "nothing was ever wrong");
        assert_eq!(once.turn(Some("full")), Turn::Wrong(&"full"));
        assert_eq!(once.turn(Some("full")), Turn::Same);
        assert_eq!(once.turn(Some("gone")), Turn::Wrong(&"gone"), "another reason is news");
        assert_eq!(once.wrong(), Some(&"gone"));
        assert_eq!(once.turn(None), Turn::Over);
        assert_eq!(once.turn(None), Turn::Same);
        assert_eq!(once.turn(Some("gone")), Turn::Wrong(&"gone"), "it is back");
    }

    #[test]
    fn each_of_several_is_logged_once() {
        let mut once = OnceEach::default();
        let mut turn = |found: &[u8]| {
            let news: Vec<u8> = once.turn(found.iter().copied().collect()).copied().collect();
            news
        };
        assert_eq!(turn(&[1, 2]), [1, 2]);
        assert_eq!(turn(&[2, 3]), [3]);
        assert!(turn(&[]).is_empty());
        assert_eq!(turn(&[1]), [1], "it is back");
    }

    #[test]
    fn what_is_added_is_logged_once_and_has_a_bound() {
        let mut once = OnceEach::default();
        assert!(once.add(1, 2));
        assert!(!once.add(1, 2), "it is known");
        assert!(once.add(2, 2));
        assert!(!once.add(3, 2), "there are enough");
        assert!(!once.add(1, 2));
    }
}
