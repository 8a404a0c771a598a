//! Who gets a new peering, or a change of one: nobody against whom a ban stands, nobody without end
//! where each is to be approved, and nobody too often: changes are written down and keep BIRD busy,
//! and port probes are datagrams to addresses that members name.

use super::Control;
use super::context::{Context, fault};
use crate::answer::Stop;
use crate::command::{About, Bans, Field};
use crate::limits::{CHANGES_MAX, CHANGES_WINDOW, PENDING_PER_MAINTAINER_MAX, PROBE_KEPT};
use crate::model::{Asn, Mntner, Open, Refusal, Role};
use crate::peering::Status;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

impl Control {
    /// Judges what can be judged before the command itself is: it is run again with each answer, so
    /// an AS number is judged as soon as it is there. Administrators decide for themselves.
    pub(super) fn admit(&self, context: &Context<'_>) -> Result<(), Stop> {
        let spec = context.request.command.spec();
        if context.identity.role == Role::Admin || spec.bans == Bans::Allow {
            return Ok(());
        }
        let (maintainer, asn) = (context.identity.maintainer.as_ref(), context.meant());
        let bans = self.store.borrow().bans().map_err(fault)?;
        if let Some(ban) = bans.iter().find(|ban| ban.concerns(maintainer, asn.as_slice())) {
            return Err(Stop::Refused(ban.refusal(), ban.subject.asn().map(|_| Field::Asn)));
        }
        let is_new = spec.about == About::NewPeering && !context.is_there(asn);
        if is_new && context.pending_left() == Some(0) {
            return Err(too_many_pending().into());
        }
        Ok(())
    }

    /// Why a peering that its member set up is not to be waited for.
    pub(super) fn unapproved(&self, asn: Asn) -> Option<String> {
        let status = self.store.borrow().status(asn).ok().flatten();
        (status == Some(Status::Pending)).then(|| WAITS_FOR_APPROVAL.to_string())
    }
}

/// What is told of a peering that waits.
pub(super) const WAITS_FOR_APPROVAL: &str = "it waits for the approval of this POP's operator";

impl Context<'_> {
    /// The AS number that the command is about, as far as that is known.
    fn meant(&self) -> Option<Asn> {
        match (self.request.answer(Field::Asn), self.request.command.spec().about) {
            (Some(text), _) => text.parse().ok(),
            (None, About::NewPeering) => None,
            (None, About::Peering) => self.chosen().ok().map(|peering| peering.asn),
        }
    }

    fn is_there(&self, asn: Option<Asn>) -> bool {
        asn.is_some_and(|asn| self.peerings.iter().any(|peering| peering.asn == asn))
    }

    /// How many more peerings of the caller's may wait for approval; `None`: none has to.
    fn pending_left(&self) -> Option<usize> {
        let name = self.identity.maintainer.as_ref();
        if self.settings.open != Open::Approval {
            return None;
        }
        let pending = self.peerings.iter().filter(|peering| peering.status == Status::Pending);
        let waiting = pending.filter(|peering| peering.maintainer.as_ref() == name).count();
        Some(PENDING_PER_MAINTAINER_MAX.saturating_sub(waiting))
    }

    /// What is told of a peering that is switched off.
    pub(super) fn switched_off(&self, asn: Asn) -> String {
        match self.suspensions.get(&asn) {
            Some(reason) => format!("it was switched off by this POP's operator: {reason}"),
            None => "it was switched off by this POP's operator".to_string(),
        }
    }
}

fn too_many_pending() -> Refusal {
    let message =
        format!("{PENDING_PER_MAINTAINER_MAX} of your peerings wait for approval, and more cannot");
    Refusal::new("too_many_pending", message, "peer_list shows them, peer_remove takes one back")
}

/// What members have done lately.
#[derive(Debug, Default)]
pub struct RateLimits {
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
    pub(super) fn may_change(&self, context: &Context<'_>) -> Result<(), Stop> {
        match (context.identity.role, &context.identity.maintainer) {
            (Role::Member, Some(name)) => {
                let taken = self.rate_limits.changes.borrow_mut().take(name, Instant::now());
                taken.map_err(|wait| too_many(wait).into())
            }
            (Role::Admin, _) | (_, None) => Ok(()),
        }
    }

    /// May an endpoint be tried for this caller now? If so, that is noted.
    pub(super) fn may_probe(&self, context: &Context<'_>) -> bool {
        let (caller, now) = (self.history_owner(context.identity), Instant::now());
        let mut probes = self.rate_limits.probes.borrow_mut();
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
