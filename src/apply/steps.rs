//! The taking of single steps.

use super::Apply;
use super::bird::change::Change;
use super::bird::{self, Shut, Task};
use super::pass::Pass;
use crate::plan::drift::Thing;
use crate::plan::wireguard::EndpointRule;
use crate::plan::{FileKind, Owner, Step, Wanted};
use crate::sys::{self, files};

impl Apply {
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
        let changed: Vec<(Owner, FileKind)> =
            changes.iter().map(|it| (it.owner, it.kind)).collect();
        let task = Task { changes, suspects, present, absent: absent.clone(), unread };
        let bird::Outcome { kept, failures, shut, is_told } =
            self.bird.configure(&pass.settings, task).await;
        for (owner, kind) in changed {
            if !kept.iter().any(|it| (it.owner, it.kind) == (owner, kind)) {
                pass.outcome.undone.failed.insert((owner, Thing::File(kind)));
            }
            if let Some(shut) = &shut {
                pass.outcome.stop(owner, shut);
            }
        }
        if matches!(shut, Some(Shut::Undo | Shut::Trap(_))) {
            pass.outcome.waiting.extend(absent.iter().copied());
        }
        for change in &kept {
            pass.outcome.tell(Some((change.owner, Thing::File(change.kind))), &change.words);
        }
        if is_told {
            log::info!("{step}");
            let stays = |owner: &Owner| failures.iter().any(|it| it.0 == *owner);
            if let Some(running) = &mut pass.observed.actual.protocols {
                running.retain(|owner| !absent.contains(owner) || stays(owner));
            }
        }
        // What all went back is what BIRD has read.
        if is_told || kept.is_empty() && !unread {
            self.clear_debt();
        }
        for (owner, why) in failures {
            pass.outcome.failures.entry(owner).or_insert(why);
        }
        pass.shut = pass.shut.take().or(shut);
    }

    /// Before the first of BIRD's files is touched: a crash must not make it forgotten that BIRD
    /// has to read them. Times would not tell: those of BIRD are whole seconds.
    pub(super) fn owe(&mut self, pass: &mut Pass, step: &Step) {
        let touches = Change::of(step).is_some() && pass.settings.bird_socket.is_some();
        if touches && !pass.outcome.owes {
            self.note_debt(true);
            self.bird.noted(true);
            pass.outcome.owes = true;
        }
    }

    /// BIRD has read its files. Where the database cannot be told, the next pass tries again.
    pub(super) fn clear_debt(&mut self) {
        let is_clear = self.note_debt(false);
        self.bird.noted(is_clear);
    }

    /// A database that takes nothing must not keep a link from being mended. `false`: it took
    /// nothing.
    fn note_debt(&mut self, owed: bool) -> bool {
        let mut store = self.store.borrow_mut();
        let noted = if owed { store.owe_configure() } else { store.settle_configure() };
        if let Err(error) = &noted {
            log::warn!("that BIRD has to read its files, or has, cannot be noted: {error}");
        }
        noted.is_ok()
    }
}

/// Files from before this pass whose protocols BIRD does not run: where it refuses its
/// configuration without any of our changes, a crash may have left one of these.
fn suspects(pass: &Pass, changes: &[Change], present: &[Owner]) -> Vec<Change> {
    let mut suspects = Vec::new();
    for owner in present {
        let is_new = changes.iter().any(|it| it.owner == *owner);
        let text = pass.observed.actual.birds.get(owner).filter(|_| !is_new);
        suspects.extend(text.map(|text| Change {
            kind: FileKind::Bird,
            owner: *owner,
            before: None,
            after: Some(text.to_string()),
            words: String::new(),
        }));
    }
    suspects
}

/// A process that was killed leaves its socket. Where its link is wanted no more there is no link
/// to remove, and so no step that would take the socket away.
pub async fn sweep(pass: &Pass, wanted: &Wanted) {
    for name in wanted.ended.iter().filter_map(|owner| owner.link()) {
        if !pass.observed.actual.links.contains_key(&name) {
            pass.inputs.pop.backend.sweep(&name).await;
        }
    }
}

/// One step, except those of BIRD's socket.
pub async fn perform(pass: &Pass, step: &Step) -> Result<(), String> {
    let (settings, machine) = (&pass.settings, &pass.machine);
    let backend = &settings.pop.backend;
    match step {
        Step::WriteFile { kind, owner, new, .. } => {
            let directory = settings.directory(*kind);
            files::write(directory, *kind, *owner, new).map_err(|it| it.to_string())
        }
        Step::RemoveFile { kind, owner, .. } => {
            let directory = settings.directory(*kind);
            files::remove(directory, *kind, *owner).map_err(|it| it.to_string())
        }
        Step::CreateLink(wanted) => {
            backend.create(machine, wanted).await.map_err(|it| it.to_string())
        }
        Step::ChangeLink(wanted, actual) => {
            let changed = backend.change(machine, wanted, actual, EndpointRule::Set).await;
            changed.map(drop).map_err(|it| it.to_string())
        }
        Step::RemoveLink(name) => backend.remove(machine, name).await.map_err(|it| it.to_string()),
        Step::AddAddress(address) => {
            sys::loopback::add(*address).map_err(|error| error.to_string())
        }
        Step::SetSysctl { name, new, .. } => sys::sysctl::set(name, new),
        Step::ConfigureBird { .. } | Step::EnableBgp(_) => Ok(()),
    }
}
