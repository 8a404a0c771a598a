//! The last answer about each name, so that nobody has to wait for what was just asked.
//!
//! An answer is believed as long as whoever uses it thinks right: a member's questions believe it
//! for a minute, the apply loop until there is a newer one.

use super::DnsError;
use crate::limits::DNS_REMEMBERED_MAX;
use crate::model::{Families, HostName};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

/// What a name came to.
pub type Answer = Result<Vec<IpAddr>, DnsError>;

/// An answer that was kept.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// The answer.
    pub answer: Answer,
    /// When it came.
    pub at: Instant,
    families: Families,
}

/// The answers that were kept; the oldest goes where there are more than [`DNS_REMEMBERED_MAX`].
#[derive(Debug, Default)]
pub struct Memory(RefCell<BTreeMap<HostName, Remembered>>);

impl Memory {
    /// Keeps an answer in the place of an older one.
    pub fn keep(&self, name: &HostName, families: Families, answer: &Answer) {
        let mut known = self.0.borrow_mut();
        if known.len() >= DNS_REMEMBERED_MAX && !known.contains_key(name) {
            let oldest = known.iter().min_by_key(|(_, it)| it.at).map(|(name, _)| name.clone());
            oldest.map(|name| known.remove(&name));
        }
        let remembered = Remembered { answer: answer.clone(), at: Instant::now(), families };
        known.insert(name.clone(), remembered);
    }

    /// The last answer about a name, if it was asked for these families.
    pub fn last(&self, name: &HostName, families: Families) -> Option<Remembered> {
        let known = self.0.borrow();
        known.get(name).filter(|it| it.families == families).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_answer_is_kept_and_there_is_a_bound() {
        let memory = Memory::default();
        let name = |number: usize| format!("n{number}.example.org").parse::<HostName>().unwrap();
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        memory.keep(&name(0), Families::Both, &Err(DnsError::Unreachable));
        memory.keep(&name(0), Families::Both, &Ok(vec![address]));
        let last = |number, families| memory.last(&name(number), families).map(|it| it.answer);
        assert_eq!(last(0, Families::Both), Some(Ok(vec![address])));
        assert_eq!(last(0, Families::V6), None, "another question");
        for number in 1..=DNS_REMEMBERED_MAX {
            memory.keep(&name(number), Families::Both, &Ok(vec![address]));
        }
        assert_eq!(memory.0.borrow().len(), DNS_REMEMBERED_MAX);
        assert_eq!(last(0, Families::Both), None, "the oldest went");
        assert!(last(DNS_REMEMBERED_MAX, Families::Both).is_some());
    }
}
