//! What came of a pass.

use super::bird::Shut;
use super::bird::change::Change;
use crate::plan::drift::{Thing, Undone};
use crate::plan::{FileKind, Owner, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What came of a pass so far.
#[derive(Default)]
pub struct Outcome {
    /// What could not be read, served or done, and why.
    pub failures: BTreeMap<Owner, String>,
    /// Whose changes wait until BIRD may be told.
    pub waiting: BTreeSet<Owner>,
    /// What is left as it is for now, and why.
    pub left: BTreeMap<Owner, String>,
    /// What is put right by this pass if its steps are taken.
    pub mends: BTreeSet<(Owner, Thing)>,
    /// What is not done.
    pub undone: Undone,
    /// Changes of BIRD's files that BIRD has not seen.
    pub changes: Vec<Change>,
    /// BIRD's files were touched, and that was noted.
    pub owes: bool,
    /// Whose files were written or removed and may not outlast a loss of power.
    pub unsynced: BTreeMap<FileKind, Vec<Owner>>,
    /// How long links took that could not be made.
    pub link_failures: Duration,
    /// How many steps there were to be taken.
    pub steps: usize,
}

impl Outcome {
    /// Is everything as it should be?
    pub fn is_well(&self) -> bool {
        self.failures.is_empty() && self.waiting.is_empty()
    }

    /// Does an owner go no further in this pass?
    pub fn is_stopped(&self, owner: Owner) -> bool {
        self.failures.contains_key(&owner) || self.waiting.contains(&owner)
    }

    /// What belongs together goes no further after its first failure. What is the POP's own does:
    /// an address that cannot be set is no reason to leave a file as it is.
    pub fn has_failed(&self, step: &Step) -> bool {
        match step.owner() {
            None | Some(Owner::Pop) => false,
            Some(owner) => self.is_stopped(owner),
        }
    }

    /// The first failure of an owner stands. What concerns all is logged.
    pub fn fail(&mut self, owner: Option<Owner>, why: String) {
        match owner {
            Some(owner) => drop(self.failures.entry(owner).or_insert(why)),
            None => log::error!("{why}"),
        }
    }

    /// An owner goes no further in this pass.
    pub fn stop(&mut self, owner: Owner, shut: &Shut) {
        match shut {
            Shut::Silent(why) => drop(self.failures.entry(owner).or_insert(why.clone())),
            Shut::Undo => drop(self.waiting.insert(owner)),
        }
    }

    /// BIRD's files stay as they are: whose step this is waits, or fails.
    pub fn hold(&mut self, step: &Step, shut: &Shut) {
        self.undone.held.extend(Thing::of(step));
        if let Step::ConfigureBird { present, absent } = step {
            for owner in present.iter().chain(absent) {
                self.stop(*owner, shut);
            }
        }
        if let Some(owner) = step.owner() {
            self.stop(owner, shut);
        }
    }

    /// Logs what was done, and what it put right.
    pub fn tell(&mut self, thing: Option<(Owner, Thing)>, words: &str) {
        log::info!("{words}");
        if let Some((owner, thing)) = thing
            && self.mends.remove(&(owner, thing))
        {
            log::warn!("{owner}: drift: its {thing} was not as it was left; it was put right");
        }
    }

    /// Everything that is not as it should be, and why.
    pub fn all_failures(&self) -> BTreeMap<Owner, String> {
        let mut all = self.left.clone();
        all.extend(self.failures.clone());
        all
    }
}
