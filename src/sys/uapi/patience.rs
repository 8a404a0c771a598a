//! Which processes did not answer, and when to ask them again: one that hangs may cost each look a
//! time-out once, and not for ever.

use crate::limits::{UAPI_REST, UAPI_REST_MAX};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Instant;

/// The processes that were silent, by their links' names.
#[derive(Debug, Default)]
pub struct Patience(RefCell<BTreeMap<String, Rest>>);

/// How often in a row one was silent, and when it is asked again.
#[derive(Clone, Copy, Debug)]
struct Rest {
    silences: u32,
    until: Instant,
}

impl Patience {
    /// Is it left in peace now?
    pub fn rests(&self, name: &str, now: Instant) -> bool {
        self.0.borrow().get(name).is_some_and(|it| now < it.until)
    }

    /// It said something, whatever that was.
    pub fn answered(&self, name: &str) {
        self.0.borrow_mut().remove(name);
    }

    /// It said nothing in time.
    pub fn silent(&self, name: &str, now: Instant) {
        let mut rests = self.0.borrow_mut();
        let silences = rests.get(name).map_or(0, |it| it.silences);
        let rest = UAPI_REST.saturating_mul(1 << silences.min(16)).min(UAPI_REST_MAX);
        let until = now + rest;
        rests.insert(name.to_string(), Rest { silences: silences.saturating_add(1), until });
    }

    /// Those whose links are gone are forgotten.
    pub fn retain(&self, is_there: impl Fn(&str) -> bool) {
        self.0.borrow_mut().retain(|name, _| is_there(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn rests_grow_and_end_with_an_answer() {
        let (patience, start) = (Patience::default(), Instant::now());
        let (mut now, mut asked) = (start, Vec::new());
        while asked.len() < 9 {
            if !patience.rests("wg-as1", now) {
                asked.push(now.duration_since(start));
                patience.silent("wg-as1", now);
            }
            now += Duration::from_secs(1);
        }
        assert_eq!(asked[..4], [Duration::ZERO, UAPI_REST, 3 * UAPI_REST, 7 * UAPI_REST]);
        assert_eq!(asked[8] - asked[7], UAPI_REST_MAX);
        assert!(!patience.rests("wg-as2", now));
        patience.answered("wg-as1");
        assert!(!patience.rests("wg-as1", now));
        patience.silent("wg-as1", now);
        patience.retain(|name| name != "wg-as1");
        assert!(!patience.rests("wg-as1", now));
    }
}
