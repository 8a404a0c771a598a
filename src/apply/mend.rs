//! Which steps of a pass are taken, and what is told of the others: what drifts again and again is
//! left alone, and a link that cannot be made waits.

use super::{Apply, Pass};
use crate::board::Cause;
use crate::limits::{DRIFT_LEFT_S, DRIFT_MENDED_MAX, DRIFT_WINDOW_S, LINK_FAILURES_S_MAX};
use crate::plan::drift::{Thing, Verdict};
use crate::plan::{Owner, Step, Wanted};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

impl Apply {
    /// What a command asked for, or the operator by SIGHUP, is tried at once.
    pub(super) fn listen(&mut self, causes: &[Cause]) {
        if causes.contains(&Cause::Reload) {
            self.ledger.hurry();
        }
        let queued = self.board.queued().into_iter();
        queued.for_each(|asn| self.ledger.forget(Owner::Peering(asn)));
    }

    /// The steps that are to be taken. What BIRD cannot be told now is not judged.
    pub(super) fn sift(&mut self, pass: &mut Pass, wanted: &Wanted, steps: Vec<Step>) -> Vec<Step> {
        let (mut taken, mut files) = (Vec::new(), BTreeSet::new());
        for step in steps {
            if pass.shut.is_some() && step.is_birds() {
                taken.push(step);
                continue;
            }
            if let Step::ConfigureBird { mut present, absent } = step {
                // That BIRD lost one whose file is right is BIRD's trouble, and no drift of it.
                present.retain(|it| files.contains(it) || !pass.outcome.left.contains_key(it));
                if !present.is_empty() || !absent.is_empty() || pass.observed.actual.unread {
                    taken.push(Step::ConfigureBird { present, absent });
                }
                continue;
            }
            if let Some((owner, thing)) = Thing::of(&step) {
                if !self.may(pass, wanted, owner, thing) {
                    continue;
                }
                if thing.is_birds() {
                    files.insert(owner);
                }
            }
            taken.push(step);
        }
        taken
    }

    fn may(&mut self, pass: &mut Pass, wanted: &Wanted, owner: Owner, thing: Thing) -> bool {
        match self.ledger.judge(owner, thing, wanted, Instant::now()) {
            Verdict::Take => true,
            Verdict::Mend => {
                pass.outcome.mends.insert((owner, thing));
                true
            }
            Verdict::Leave => {
                pass.outcome.left.insert(owner, left_words(thing));
                false
            }
            Verdict::Wait => {
                let why = self.told.get(&owner).cloned();
                pass.outcome
                    .left
                    .insert(owner, why.unwrap_or("its link could not be made".to_string()));
                pass.outcome.undone.failed.insert((owner, thing));
                false
            }
        }
    }

    /// Makes a link. Programs that make none may not hold up the others for long.
    pub(super) async fn create_link(&mut self, pass: &mut Pass, step: &Step) -> Result<(), String> {
        if pass.outcome.link_failures > Duration::from_secs(LINK_FAILURES_S_MAX) {
            return Err("its link is not tried now: too many others could not be made".to_string());
        }
        let begun = Instant::now();
        let made = super::steps::perform(pass, step).await;
        if let Some(owner) = step.owner() {
            match made {
                Ok(()) => self.ledger.link_made(owner),
                Err(_) => self.ledger.link_failed(owner, Instant::now()),
            }
        }
        if made.is_err() {
            pass.outcome.link_failures += begun.elapsed();
        }
        made
    }

    /// Notes what the pass left, for whoever asks the database (`check`, `plan`).
    pub(super) fn settle(&mut self, pass: &Pass, wanted: &Wanted) {
        self.board.set_mesh_links(pass.mesh_links(wanted));
        self.ledger.settle(wanted, &pass.outcome.undone);
        let mut left = BTreeMap::new();
        for (owner, why) in &pass.outcome.left {
            if let Some(asn) = owner.asn() {
                left.insert(asn, why.clone());
            }
        }
        if left == self.left {
            return;
        }
        match self.store.borrow_mut().note_left_alone(&left) {
            Ok(()) => self.left = left,
            Err(error) => log::warn!("what is left alone cannot be noted: {error}"),
        }
    }
}

fn left_words(thing: Thing) -> String {
    let (window, left) = (DRIFT_WINDOW_S / 60, DRIFT_LEFT_S / 60);
    format!(
        "its {thing} was put right {DRIFT_MENDED_MAX} times within {window} minutes and is \
         different again: it is left as it is for {left} minutes, or until a command changes the \
         peering; find out what else changes it"
    )
}
