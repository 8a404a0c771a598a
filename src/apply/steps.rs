//! Which steps of a pass are taken, and how. What drifts again and again is left alone, and a link
//! that cannot be made waits.

use super::Apply;
use super::bird::trial::Change;
use super::bird::{self, Blocked, Expected, Task};
use super::pass::Pass;
use crate::board::Cause;
use crate::limits::{DRIFT_LEFT, DRIFT_MENDED_MAX, DRIFT_WINDOW, LINK_FAILURES_MAX};
use crate::plan::drift::{Thing, Verdict};
use crate::plan::wireguard::EndpointRule;
use crate::plan::{FileKind, Owner, Step, Wanted};
use crate::store::StoreError;
use crate::sys::{self, files, wireguard};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

impl Apply {
    /// What a command asked for, or the operator by SIGHUP, is tried at once.
    pub(super) fn try_again(&mut self, causes: &[Cause]) {
        if causes.contains(&Cause::Reload) {
            self.ledger.hurry();
        }
        for asn in self.board.queued() {
            self.ledger.forget(Owner::Peering(asn));
        }
    }

    /// The steps that are to be taken. What BIRD cannot be told now is not judged.
    pub(super) fn sift(&mut self, pass: &mut Pass, wanted: &Wanted, steps: Vec<Step>) -> Vec<Step> {
        let (mut taken, mut files) = (Vec::new(), BTreeSet::new());
        for step in steps {
            if pass.outcome.blocked.is_some() && step.is_birds() {
                taken.push(step);
                continue;
            }
            if let Step::ConfigureBird { mut present, absent } = step {
                // That BIRD lost one whose file is right is BIRD's trouble, and no drift of it.
                present.retain(|owner| {
                    files.contains(owner) || !pass.outcome.left.contains_key(owner)
                });
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
                let why = self.logged.get(&owner).cloned();
                let why = why.unwrap_or("its link could not be made".to_string());
                pass.outcome.left.insert(owner, why);
                pass.outcome.undone.failed.insert((owner, thing));
                false
            }
        }
    }

    /// Makes a link. Programs that make none may not hold up the others for long.
    pub(super) async fn create_link(&mut self, pass: &mut Pass, step: &Step) -> Result<(), String> {
        if pass.outcome.link_failures > LINK_FAILURES_MAX {
            return Err("its link is not tried now: too many others could not be made".to_string());
        }
        let begun = Instant::now();
        let made = perform(pass, step).await;
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

    /// Takes one step, if nothing stands against it.
    pub(super) async fn take(&mut self, pass: &mut Pass, step: &Step) {
        if step.is_birds()
            && pass.settings.bird_socket.is_some()
            && let Some(blocked) = pass.outcome.blocked.clone()
        {
            self.bird.waits(&blocked);
            return pass.outcome.hold(step, &blocked);
        }
        if pass.outcome.has_failed(step) {
            return pass.outcome.undone.failed.extend(Thing::of(step));
        }
        let done = match step {
            Step::ConfigureBird { .. } => {
                pass.sync();
                wireguard::settle(&pass.machine).await;
                return self.configure(pass, step).await;
            }
            Step::EnableBgp(_, protocol) => self.bird.enable(&pass.settings, protocol).await,
            Step::CreateLink(..) => self.create_link(pass, step).await,
            other => {
                self.owe(pass, other);
                perform(pass, other).await
            }
        };
        match done {
            Ok(()) => pass.note(step),
            Err(why) => {
                pass.outcome.undone.failed.extend(Thing::of(step));
                pass.outcome.fail(step.owner(), why);
            }
        }
    }

    /// Lets BIRD try what this pass changed, and read its files. Peerings that failed already are
    /// left out.
    pub(super) async fn configure(&mut self, pass: &mut Pass, step: &Step) {
        let Step::ConfigureBird { present, absent } = step else { return };
        let mut present = present.clone();
        present.retain(|owner| !pass.outcome.failures.contains_key(owner));
        let changes = std::mem::take(&mut pass.outcome.changes);
        let unread = pass.observed.actual.unread;
        if changes.is_empty() && present.is_empty() && absent.is_empty() && !unread {
            return;
        }
        let suspects = suspects(pass, &changes, &present);
        let mut changed: BTreeSet<(Owner, FileKind)> = BTreeSet::new();
        changed.extend(changes.iter().map(|change| (change.owner, change.kind)));
        let expected = Expected { present, absent: absent.clone() };
        let task = Task { changes, suspects, expected, unread };
        let bird::Outcome { kept, failures, blocked, is_told } =
            self.bird.configure(&pass.settings, task).await;
        for (owner, kind) in changed {
            if !kept.iter().any(|change| change.owner == owner && change.kind == kind) {
                pass.outcome.undone.failed.insert((owner, Thing::File(kind)));
            }
            if let Some(blocked) = &blocked {
                pass.outcome.stop(owner, blocked);
            }
        }
        if matches!(blocked, Some(Blocked::Undo | Blocked::Trap(_))) {
            pass.outcome.waiting.extend(absent.iter().copied());
        }
        for change in &kept {
            pass.outcome.log(Some((change.owner, Thing::File(change.kind))), &change.words);
        }
        if is_told {
            log::info!("{step}");
            if let Some(running) = &mut pass.observed.actual.protocols {
                running.retain(|owner| {
                    !absent.contains(owner) || failures.iter().any(|(failed, _)| failed == owner)
                });
            }
        }
        // What all went back is what BIRD has read.
        if is_told || kept.is_empty() && !unread {
            self.clear_debt();
        }
        for (owner, why) in failures {
            pass.outcome.fail(Some(owner), why);
        }
        if pass.outcome.blocked.is_none() {
            pass.outcome.blocked = blocked;
        }
    }

    /// Before the first of BIRD's files is touched: a crash must not make it forgotten that BIRD
    /// has to read them. Times would not tell: those of BIRD are whole seconds.
    pub(super) fn owe(&mut self, pass: &mut Pass, step: &Step) {
        let touches = Change::of(step).is_some() && pass.settings.bird_socket.is_some();
        if touches && !pass.outcome.owes {
            let noted = self.store.borrow_mut().owe_configure();
            is_noted(noted);
            self.bird.is_paid = false;
            pass.outcome.owes = true;
        }
    }

    /// BIRD has read its files. Where the database cannot be told, the next pass tries again.
    pub(super) fn clear_debt(&mut self) {
        let noted = self.store.borrow_mut().settle_configure();
        self.bird.is_paid = !is_noted(noted);
    }
}

/// A database that takes nothing must not keep a link from being mended: it is logged.
fn is_noted(noted: Result<(), StoreError>) -> bool {
    if let Err(error) = &noted {
        log::warn!("that BIRD has to read its files, or has, cannot be noted: {error}");
    }
    noted.is_ok()
}

/// Files from before this pass whose protocols BIRD does not run: where it refuses its
/// configuration without any of our changes, a crash may have left one of these.
fn suspects(pass: &Pass, changes: &[Change], present: &[Owner]) -> Vec<Change> {
    let mut suspects = Vec::new();
    for owner in present {
        let is_new = changes.iter().any(|change| change.owner == *owner);
        if let Some(text) = pass.observed.actual.birds.get(owner)
            && !is_new
        {
            suspects.push(Change {
                kind: FileKind::Bird,
                owner: *owner,
                name: pass.settings.pop.naming.file(FileKind::Bird, *owner),
                before: None,
                after: Some(text.to_string()),
                words: String::new(),
            });
        }
    }
    suspects
}

/// A process that was killed leaves its socket. Where its link is wanted no more there is no link
/// to remove, and so no step that would take the socket away.
pub async fn sweep(pass: &Pass, wanted: &Wanted) {
    for name in wanted.ended.iter().filter_map(|owner| wanted.naming.link(*owner)) {
        if !pass.observed.actual.links.contains_key(&name) {
            pass.inputs.pop.backend.sweep(&name).await;
        }
    }
}

/// One step, except those of BIRD's socket.
async fn perform(pass: &Pass, step: &Step) -> Result<(), String> {
    let (settings, machine) = (&pass.settings, &pass.machine);
    let backend = &settings.pop.backend;
    match step {
        Step::WriteFile { kind, name, new, .. } => {
            let directory = settings.directory(*kind);
            files::write(directory, *kind, name, new).map_err(|error| error.to_string())
        }
        Step::RemoveFile { kind, name, .. } => {
            let directory = settings.directory(*kind);
            files::remove(directory, name).map_err(|error| error.to_string())
        }
        Step::CreateLink(_, wanted) => {
            backend.create(machine, wanted).await.map_err(|error| error.to_string())
        }
        Step::ChangeLink(_, wanted, actual) => {
            let changed = backend.change(machine, wanted, actual, EndpointRule::Set).await;
            changed.map(drop).map_err(|error| error.to_string())
        }
        Step::RemoveLink(_, name) => {
            backend.remove(machine, name).await.map_err(|error| error.to_string())
        }
        Step::AddAddress(address) => {
            sys::netlink::add_loopback_address(*address).map_err(|error| error.to_string())
        }
        Step::SetSysctl { name, new, .. } => sys::sysctl::set(name, new),
        Step::ConfigureBird { .. } | Step::EnableBgp(..) => Ok(()),
    }
}

fn left_words(thing: Thing) -> String {
    let (window, left) = (DRIFT_WINDOW.as_secs() / 60, DRIFT_LEFT.as_secs() / 60);
    format!(
        "its {thing} was put right {DRIFT_MENDED_MAX} times within {window} minutes and is \
         different again: it is left as it is for {left} minutes, or until a command changes the \
         peering; find out what else changes it"
    )
}
