//! How often one member may do what costs others: changes, which are written down and keep BIRD
//! busy, and datagrams to addresses that they name.

use super::{Case, Control, Stop};
use crate::limits::{CHANGES_MAX, CHANGES_WINDOW, PROBE_KEPT};
use crate::model::{Mntner, Refusal, Role};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What members have done lately.
#[derive(Debug, Default)]
pub struct Pace {
    changes: RefCell<Buckets>,
    /// When an endpoint was last tried, by who asked for it.
    probes: RefCell<BTreeMap<String, Instant>>,
}

/// A bucket of [`CHANGES_MAX`] tokens for each maintainer, told by when it will be full again. A
/// full one needs no entry, so there are at most as many as maintainers who changed something
/// within [`CHANGES_WINDOW`].
#[derive(Debug, Default)]
struct Buckets(BTreeMap<Mntner, Instant>);

impl Buckets {
    /// Takes a token; else tells how long it takes until there is one.
    fn take(&mut self, name: &Mntner, now: Instant) -> Result<(), Duration> {
        self.0.retain(|_, full| *full > now);
        let token = CHANGES_WINDOW / CHANGES_MAX;
        let filling = self.0.get(name).map_or(Duration::ZERO, |full| *full - now) + token;
        match filling.checked_sub(CHANGES_WINDOW) {
            Some(missing) if missing > Duration::ZERO => Err(missing),
            _ => {
                self.0.insert(name.clone(), now + filling);
                Ok(())
            }
        }
    }
}

impl Control {
    /// To be asked before something is written, and only then: what changes nothing costs nothing.
    /// Administrators are not bounded.
    pub(super) fn may_change(&self, case: &Case<'_>) -> Result<(), Stop> {
        match (case.identity.role, &case.identity.maintainer) {
            (Role::Member, Some(name)) => {
                let taken = self.pace.changes.borrow_mut().take(name, Instant::now());
                taken.map_err(|wait| too_many(wait).into())
            }
            (Role::Admin, _) | (_, None) => Ok(()),
        }
    }

    /// May an endpoint be tried for this caller now? If so, that is noted.
    pub(super) fn may_probe(&self, case: &Case<'_>) -> bool {
        let (caller, now) = (self.history_owner(case.identity), Instant::now());
        let mut probes = self.pace.probes.borrow_mut();
        probes.retain(|_, at| now - *at < PROBE_KEPT);
        let first = !probes.contains_key(&caller);
        if first {
            probes.insert(caller, now);
        }
        first
    }
}

fn too_many(wait: Duration) -> Refusal {
    let (minutes, seconds) = (CHANGES_WINDOW.as_secs() / 60, wait.as_secs() + 1);
    let message = format!("You may make {CHANGES_MAX} changes within {minutes} minutes, and did");
    Refusal::new(
        "too_many_changes",
        message,
        format!("Nothing was changed. Try again in {seconds} s"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let [alice, bob] = ["ALICE-MNT", "BOB-MNT"].map(|it| it.parse::<Mntner>().unwrap());
        let (mut buckets, begin) = (Buckets::default(), Instant::now());
        let second = |it| begin + Duration::from_secs(it);
        for _ in 0..CHANGES_MAX {
            assert_eq!(buckets.take(&alice, begin), Ok(()));
        }
        let window_s = CHANGES_WINDOW.as_secs();
        let token_s = window_s / u64::from(CHANGES_MAX);
        assert_eq!(buckets.take(&alice, begin), Err(Duration::from_secs(token_s)));
        assert_eq!(buckets.take(&alice, second(token_s - 1)), Err(Duration::from_secs(1)));
        assert_eq!(buckets.take(&bob, begin), Ok(()), "one is not the other");
        assert_eq!(buckets.take(&alice, second(token_s)), Ok(()));
        assert!(buckets.take(&alice, second(token_s)).is_err(), "one token at a time");
        let later = token_s + window_s;
        for _ in 0..CHANGES_MAX {
            assert_eq!(buckets.take(&alice, second(later)), Ok(()));
        }
        assert_eq!(buckets.0.len(), 1, "a full bucket is forgotten");
    }
}
