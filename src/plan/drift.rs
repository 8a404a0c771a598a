//! Drift: what was right after a pass and is not any more, though nobody asked for a change.
//!
//! Somebody deleted a link, edited a file, disabled a protocol. Once, that is mended and told. But
//! where another program wants it otherwise, mending for ever would make a BGP session flap for
//! ever: what drifts [`DRIFT_MENDED_MAX`] times within [`DRIFT_WINDOW`] is left as it is for
//! [`DRIFT_LEFT`], or until what is wanted of the peering changes.
//!
//! Where links are made by a program, one that cannot is not run again at once either.

use super::wireguard::{Change, EndpointRule, differs};
use super::{FileKind, Owner, ServedWanted, Step, Wanted};
use crate::limits::{DRIFT_LEFT, DRIFT_MENDED_MAX, DRIFT_WINDOW, LINK_PAUSE, LINK_PAUSE_MAX};
use crate::model::WgSecret;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;
use std::time::Instant;

/// What of a peering can drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A file, or its absence.
    File(FileKind),
    /// The link's being there.
    Link,
    /// Keys, peers, addresses, routes of the link.
    Settings,
    /// The BGP session's being there and enabled.
    BgpSession,
}

/// What becomes of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken: what is wanted is new, or never was there.
    Take,
    /// It is taken, and mends drift.
    Mend,
    /// It drifted too often: it is not taken for long.
    Leave,
    /// It could not be done a moment ago: it is not taken now.
    Wait,
}

/// What was right, how often it drifted, and what is left alone.
#[derive(Default)]
pub struct Ledger {
    /// What was wanted of each peering by the last pass, and what of it was not there.
    right: BTreeMap<Owner, (Lasting, BTreeSet<Thing>)>,
    mended: BTreeMap<(Owner, Thing), Vec<Instant>>,
    left: BTreeMap<(Owner, Thing), Instant>,
    pauses: BTreeMap<Owner, Pause>,
}

/// What a pass did not do.
#[derive(Debug, Default)]
pub struct Undone {
    /// What it tried, or would have, if nothing before it had failed.
    pub failed: BTreeSet<(Owner, Thing)>,
    /// What it did not even judge, for want of BIRD: it is what it was before.
    pub held: BTreeSet<(Owner, Thing)>,
}

/// What is wanted of a peering by its row alone. The endpoint follows a name, and is no part of it.
#[derive(PartialEq, Eq)]
struct Lasting {
    conf: Option<Rc<str>>,
    bird: Option<Rc<str>>,
    /// What `wg-as<ASN>.conf` does not say already.
    mtu: Option<u32>,
    preshared_key: Option<WgSecret>,
}

/// How often in a row a link could not be made, and when to try again.
#[derive(Clone, Copy)]
struct Pause {
    failures: u32,
    until: Instant,
}

impl Thing {
    /// Is it a file that BIRD reads?
    pub fn is_birds(self) -> bool {
        matches!(self, Thing::File(kind) if kind.is_birds())
    }

    /// What a step is about, if that can drift. An endpoint follows the member's name, and a
    /// removal was asked for.
    pub fn of(step: &Step) -> Option<(Owner, Thing)> {
        let thing = match step {
            Step::WriteFile { kind, .. } => Thing::File(*kind),
            Step::CreateLink(..) => Thing::Link,
            Step::ChangeLink(_, wanted, actual) => {
                let mut changes = differs(wanted, actual, EndpointRule::Set);
                changes.retain(|change| !matches!(change, Change::Endpoint { .. }));
                if changes.is_empty() {
                    return None;
                }
                Thing::Settings
            }
            Step::EnableBgp(..) => Thing::BgpSession,
            Step::RemoveFile { .. } | Step::RemoveLink(..) | Step::ConfigureBird { .. } => {
                return None;
            }
            Step::AddAddress(_) | Step::SetSysctl { .. } => return None,
        };
        Some((step.owner()?, thing))
    }
}

impl Ledger {
    /// What is to become of a step about this thing.
    pub fn judge(&mut self, owner: Owner, thing: Thing, wanted: &Wanted, now: Instant) -> Verdict {
        let (key, lasting) = ((owner, thing), wanted.served.get(&owner).map(Lasting::of));
        let last = self.right.get(&owner).filter(|(last, _)| Some(last) == lasting.as_ref());
        let was_there = last.map(|(_, amiss)| !amiss.contains(&thing));
        if was_there.is_some() && self.left.get(&key).is_some_and(|until| now < *until) {
            return Verdict::Leave;
        }
        if was_there != Some(true) {
            let waits = self.pauses.get(&owner).is_some_and(|pause| now < pause.until);
            return if waits && thing == Thing::Link { Verdict::Wait } else { Verdict::Take };
        }
        self.left.remove(&key);
        let times = self.mended.entry(key).or_default();
        times.retain(|then| now.saturating_duration_since(*then) < DRIFT_WINDOW);
        if times.len() >= DRIFT_MENDED_MAX {
            self.mended.remove(&key);
            self.left.insert(key, now + DRIFT_LEFT);
            return Verdict::Leave;
        }
        times.push(now);
        Verdict::Mend
    }

    /// A pass is over. All that is wanted is there, but for what is left and what was not done.
    pub fn settle(&mut self, wanted: &Wanted, undone: &Undone) {
        let served = &wanted.served;
        self.right.retain(|owner, _| served.contains_key(owner));
        self.mended.retain(|(owner, _), _| served.contains_key(owner));
        self.left.retain(|(owner, _), _| served.contains_key(owner));
        self.pauses.retain(|owner, _| served.contains_key(owner));
        for (owner, peering) in &wanted.served {
            let lasting = Lasting::of(peering);
            let before = self.right.remove(owner).filter(|(last, _)| *last == lasting);
            if before.is_none() {
                self.mended.retain(|(other, _), _| other != owner);
                self.left.retain(|(other, _), _| other != owner);
            }
            let mut amiss = undone.failed_of(*owner);
            for thing in undone.held_of(*owner) {
                if before.as_ref().is_none_or(|(_, amiss)| amiss.contains(&thing)) {
                    amiss.insert(thing);
                }
            }
            self.right.insert(*owner, (lasting, amiss));
        }
    }

    /// A link could not be made.
    pub fn link_failed(&mut self, owner: Owner, now: Instant) {
        let failures = self.pauses.get(&owner).map_or(0, |pause| pause.failures);
        let pause = LINK_PAUSE.saturating_mul(1 << failures.min(16)).min(LINK_PAUSE_MAX);
        let until = now + pause;
        self.pauses.insert(owner, Pause { failures: failures.saturating_add(1), until });
    }

    /// The operator wants everything tried at once.
    pub fn hurry(&mut self) {
        self.pauses.clear();
    }

    pub fn link_made(&mut self, owner: Owner) {
        self.pauses.remove(&owner);
    }

    /// A command changed this peering: what was before does not count any more.
    pub fn forget(&mut self, owner: Owner) {
        self.right.remove(&owner);
        self.mended.retain(|(other, _), _| *other != owner);
        self.left.retain(|(other, _), _| *other != owner);
        self.pauses.remove(&owner);
    }
}

impl Undone {
    fn failed_of(&self, owner: Owner) -> BTreeSet<Thing> {
        self.failed.iter().filter(|failure| failure.0 == owner).map(|failure| failure.1).collect()
    }

    fn held_of(&self, owner: Owner) -> BTreeSet<Thing> {
        self.held.iter().filter(|hold| hold.0 == owner).map(|hold| hold.1).collect()
    }
}

impl Lasting {
    fn of(served: &ServedWanted) -> Lasting {
        let link = served.link.as_ref();
        Lasting {
            conf: served.conf.clone(),
            bird: served.bird.clone(),
            mtu: link.and_then(|link| link.mtu),
            preshared_key: link.and_then(|link| link.preshared_key.clone()),
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Thing::File(FileKind::WireGuard) => "WireGuard file",
            Thing::File(_) => "BIRD file",
            Thing::Link => "link",
            Thing::Settings => "link's settings",
            Thing::BgpSession => "BGP session",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Asn;
    use std::time::Duration;

    const ASN: u32 = 4242420001;

    fn owner() -> Owner {
        Owner::Peering(Asn::new(ASN).unwrap())
    }

    fn wanted(conf: &str) -> Wanted {
        let peering = ServedWanted { conf: Some(conf.into()), bird: Some("b".into()), link: None };
        Wanted { served: BTreeMap::from([(owner(), peering)]), ..Wanted::default() }
    }

    /// A ledger after a pass that made everything right.
    fn settled() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.settle(&wanted("a"), &Undone::default());
        ledger
    }

    fn failing(thing: Thing) -> Undone {
        Undone { failed: BTreeSet::from([(owner(), thing)]), ..Undone::default() }
    }

    /// What becomes of the link's step at these seconds, and after each everything is right again.
    fn verdicts(ledger: &mut Ledger, start: Instant, seconds: &[u64]) -> Vec<Verdict> {
        let judge = |second: &u64| {
            let now = start + Duration::from_secs(*second);
            let verdict = ledger.judge(owner(), Thing::Link, &wanted("a"), now);
            ledger.settle(&wanted("a"), &Undone::default());
            verdict
        };
        seconds.iter().map(judge).collect()
    }

    #[test]
    fn the_first_pass_and_a_change_that_was_asked_for_are_no_drift() {
        let now = Instant::now();
        let link = Thing::Link;
        assert_eq!(Ledger::default().judge(owner(), link, &wanted("a"), now), Verdict::Take);
        assert_eq!(settled().judge(owner(), link, &wanted("b"), now), Verdict::Take);
        assert_eq!(settled().judge(owner(), link, &wanted("a"), now), Verdict::Mend);
        let mut failed = settled();
        failed.settle(&wanted("a"), &failing(Thing::Link));
        assert_eq!(
            failed.judge(owner(), link, &wanted("a"), now),
            Verdict::Take,
            "it was not there"
        );
        let other = failed.judge(owner(), Thing::Settings, &wanted("a"), now);
        assert_eq!(other, Verdict::Mend, "another thing of it was");
    }

    /// For want of BIRD nothing is judged: what was right before is no less so, and what is newly
    /// wanted was never there.
    #[test]
    fn what_waits_for_bird_is_what_it_was() {
        let (now, file) = (Instant::now(), Thing::File(FileKind::Bird));
        let held = Undone { held: BTreeSet::from([(owner(), file)]), ..Undone::default() };
        let mut ledger = settled();
        ledger.settle(&wanted("a"), &held);
        assert_eq!(ledger.judge(owner(), file, &wanted("a"), now), Verdict::Mend);
        let mut new = Ledger::default();
        for _ in 0..5 {
            new.settle(&wanted("a"), &held);
            assert_eq!(new.judge(owner(), file, &wanted("a"), now), Verdict::Take);
        }
    }

    #[test]
    fn what_drifts_again_and_again_is_left_for_a_while() {
        use Verdict::{Leave, Mend};
        let (start, mut ledger) = (Instant::now(), settled());
        let left = DRIFT_LEFT.as_secs();
        let seconds = [0, 300, 600, 900, 1200, 900 + left, 901 + left];
        let expected = [Mend, Mend, Mend, Leave, Leave, Mend, Mend];
        assert_eq!(verdicts(&mut ledger, start, &seconds), expected);
        let window = DRIFT_WINDOW.as_secs();
        let rare = [0, 1800, window, window + 1800, 2 * window];
        assert_eq!(verdicts(&mut settled(), start, &rare), [Mend; 5], "thrice in no hour");
    }

    #[test]
    fn a_change_that_was_asked_for_ends_the_leaving() {
        let (start, mut ledger) = (Instant::now(), settled());
        verdicts(&mut ledger, start, &[0, 1, 2, 3]);
        assert_eq!(ledger.judge(owner(), Thing::Link, &wanted("a"), start), Verdict::Leave);
        let other = ledger.judge(owner(), Thing::BgpSession, &wanted("a"), start);
        assert_eq!(other, Verdict::Mend, "another thing of the same peering");
        assert_eq!(ledger.judge(owner(), Thing::Link, &wanted("b"), start), Verdict::Take);
        ledger.settle(&wanted("b"), &Undone::default());
        assert_eq!(ledger.judge(owner(), Thing::Link, &wanted("b"), start), Verdict::Mend);
        ledger.settle(&Wanted::default(), &Undone::default());
        assert!(ledger.right.is_empty() && ledger.mended.is_empty(), "what is gone is forgotten");
    }

    #[test]
    fn a_link_that_cannot_be_made_is_tried_less_and_less() {
        let (start, mut ledger) = (Instant::now(), Ledger::default());
        let (mut now, mut tries) = (start, Vec::new());
        while tries.len() < 12 {
            if ledger.judge(owner(), Thing::Link, &wanted("a"), now) == Verdict::Take {
                tries.push(now.duration_since(start));
                ledger.link_failed(owner(), now);
                ledger.settle(&wanted("a"), &failing(Thing::Link));
            }
            now += Duration::from_secs(1);
        }
        assert_eq!(tries[..4], [Duration::ZERO, LINK_PAUSE, 3 * LINK_PAUSE, 7 * LINK_PAUSE]);
        assert_eq!(tries[11] - tries[10], LINK_PAUSE_MAX);
        assert_eq!(ledger.judge(owner(), Thing::Settings, &wanted("a"), now), Verdict::Mend);
        ledger.link_made(owner());
        assert_eq!(ledger.judge(owner(), Thing::Link, &wanted("a"), now), Verdict::Take);
    }
}
