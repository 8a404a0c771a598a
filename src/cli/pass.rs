//! `peerling plan` and `peerling apply`: one pass, shown or taken.

use super::parse::Invocation;
use super::table::{CONFIRM_REMOVALS, DONE, FAILED, PENDING};
use crate::apply::{DryRun, Reached, Removals, unexplained_words};
use crate::board::Cause;
use crate::daemon::{Assembled, ConfigFile, Failure, Service, Trouble, block_on, close};
use crate::plan::show::detail;
use crate::store::Store;

/// Shows what a pass would do now. Nothing is written, not even to the database.
///
/// # Errors
/// What keeps everything from being looked at.
pub(super) fn plan(invocation: &Invocation) -> Result<u8, Failure> {
    let assembled = Assembled::load(&invocation.file)?;
    // Steps that nobody could take are none.
    assembled.can_make_links()?;
    let dry_run = dry_run(assembled, invocation.file.clone())?;
    for step in &dry_run.steps {
        super::print(&detail(step));
    }
    for line in remarks(&dry_run) {
        super::complain(&format!("peerling: {line}\n"));
    }
    Ok(if dry_run.steps.is_empty() { DONE } else { PENDING })
}

/// What is not a step.
fn remarks(dry_run: &DryRun) -> Vec<String> {
    let mut lines: Vec<String> = dry_run.foreign.iter().cloned().collect();
    for stray in &dry_run.strays {
        lines.push(stray.to_string());
    }
    lines.extend(dry_run.refusal.clone());
    for (owner, why) in &dry_run.failures {
        lines.push(format!("{owner}: {why}"));
    }
    if !dry_run.unexplained.is_empty() {
        lines.push(unexplained_words(&dry_run.unexplained));
    }
    lines
}

/// What a pass would do, for a configuration that is read already.
///
/// # Errors
/// The database is not this POP's or cannot be read, or nobody can look at the machine.
pub(super) fn dry_run(assembled: Assembled, file: ConfigFile) -> Result<DryRun, Trouble> {
    let store = look(&assembled)?;
    let mut service = Service::over(store, assembled, file)?;
    let dry_run = async |_| {
        service.read_routes().await;
        service.apply.dry_run().await
    };
    block_on(dry_run)?.map_err(Trouble::new)
}

fn look(assembled: &Assembled) -> Result<Store, Trouble> {
    let looked = Store::look(&assembled.config.store.path).and_then(|store| {
        store.belongs(&assembled.site())?;
        Ok(store)
    });
    looked.map_err(|error| Trouble::new(error.to_string()))
}

/// Takes one pass. What could not be done was logged.
///
/// # Errors
/// What keeps the pass from beginning, or the database from being closed.
pub(super) fn apply(invocation: &Invocation) -> Result<u8, Failure> {
    let file = invocation.file.clone();
    let assembled = Assembled::load(&file)?;
    assembled.can_make_links()?;
    let service = Service::new(assembled, file)?;
    let store = service.control.store.clone();
    block_on(async |_| service.read_routes().await)?;
    let mut apply = service.apply.removing(removals(invocation));
    let passed = block_on(async |_| apply.pass(&[Cause::Other("peerling apply")]).await);
    let closed = close(&mut store.borrow_mut());
    let reached = passed?;
    closed?;
    match reached {
        Reached::All => Ok(DONE),
        Reached::NotAll => Ok(FAILED),
    }
}

fn removals(invocation: &Invocation) -> Removals {
    if invocation.has(&CONFIRM_REMOVALS) { Removals::Confirmed } else { Removals::Asked }
}
