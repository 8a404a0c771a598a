//! The taking of single steps.

use super::Apply;
use super::pass::Pass;
use crate::plan::wireguard::EndpointRule;
use crate::plan::{Owner, Step};
use crate::sys::{self, files};

impl Apply {
    /// Lets BIRD read the files, but for peerings that failed already.
    pub(super) async fn configure(
        &mut self,
        pass: &mut Pass,
        (steps, step): (&[Step], &Step),
        present: &[Owner],
        absent: &[Owner],
    ) {
        let well = |owner: &&Owner| !pass.failures.contains_key(*owner);
        let present: Vec<Owner> = present.iter().filter(well).copied().collect();
        if present.is_empty() && absent.is_empty() {
            return;
        }
        let refused = self.bird.configure(&pass.settings, steps, (&present, absent)).await;
        if refused.is_empty() {
            log::info!("{step}");
        }
        for (owner, why) in refused {
            pass.failures.entry(owner).or_insert(why);
        }
        if self.bird.trouble().is_none() {
            self.note_debt(false);
            pass.owes = false;
        }
    }

    /// Before the first of BIRD's files is touched: a crash must not make it forgotten that BIRD
    /// has to read them. Times would not tell: those of BIRD are whole seconds.
    pub(super) fn owe(&mut self, pass: &mut Pass, step: &Step) {
        let kind = match step {
            Step::WriteFile { kind, .. } | Step::RemoveFile { kind, .. } => *kind,
            _ => return,
        };
        if kind.is_birds() && !pass.owes && pass.settings.bird_socket.is_some() {
            self.note_debt(true);
            pass.owes = true;
        }
    }

    /// A database that takes nothing must not keep a link from being mended.
    fn note_debt(&mut self, owed: bool) {
        if let Err(error) = self.store.borrow_mut().owe_configure(owed) {
            log::warn!("that BIRD has to read its files, or has, cannot be noted: {error}");
        }
    }
}

/// One step, except those of BIRD's socket.
pub async fn perform(pass: &Pass, step: &Step) -> Result<(), String> {
    let (settings, machine) = (&pass.settings, &pass.machine);
    let backend = &settings.backend;
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
