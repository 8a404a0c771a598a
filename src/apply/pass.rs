//! One pass: what it works on, what should be, and what came of it.

use super::ApplySettings;
use super::bird::Blocked;
use super::bird::trial::Change;
use super::look::link_view;
use crate::board::{Entry, MeshLinkStatus, Progress};
use crate::model::Asn;
use crate::plan::drift::{Thing, Undone};
use crate::plan::{
    self, Drafts, FileKind, Inputs, Observed, Owner, PopSettings, Rows, Step, Wanted,
};
use crate::store::{Store, StoreError};
use crate::sys::files;
use crate::sys::wireguard::Machine;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// What one pass works on, and what came of it.
pub struct Pass {
    pub settings: Rc<ApplySettings>,
    /// What was said.
    pub inputs: Inputs,
    /// What was seen.
    pub observed: Observed,
    /// What is wanted of the peerings.
    pub drafts: Drafts,
    /// The sockets that its steps go over.
    pub machine: Machine,
    pub outcome: Outcome,
}

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
    /// Why BIRD's files stay as they are.
    pub blocked: Option<Blocked>,
    /// Changes of BIRD's files that BIRD has not seen.
    pub changes: Vec<Change>,
    /// BIRD's files were touched, and the database says so.
    pub owes: bool,
    /// Whose files were written or removed and may not outlast a loss of power.
    pub unsynced: BTreeMap<FileKind, Vec<Owner>>,
    /// How long links took that could not be made.
    pub link_failures: Duration,
    /// How many steps there were to be taken.
    pub steps: usize,
}

/// The peerings as the database tells them, read again only when it changed: a thousand of them
/// take longer to read than all the rest.
#[derive(Default)]
pub struct RowsCache(Option<Reading>);

struct Reading {
    pop: Rc<PopSettings>,
    /// Of the database, as [`Store::state`] tells it.
    state: (i64, u64),
    rows: Rc<Rows>,
}

impl RowsCache {
    /// What the database says now. `routes`: what the registry says, for the files that all BGP
    /// sessions share.
    pub fn inputs(
        &mut self,
        store: &Store,
        pop: &Rc<PopSettings>,
        routes: BTreeMap<FileKind, Rc<str>>,
    ) -> Result<Inputs, StoreError> {
        Ok(Inputs {
            pop: pop.clone(),
            rows: self.rows(store, pop)?,
            generation: store.generation()?,
            tombstones: store.tombstones()?,
            latencies: store.latencies()?,
            routes,
        })
    }

    fn rows(&mut self, store: &Store, pop: &Rc<PopSettings>) -> Result<Rc<Rows>, StoreError> {
        // Before the rows: what changes in between is read again by the next pass.
        let state = store.state()?;
        if let Some(last) = &self.0
            && last.state == state
            && Rc::ptr_eq(&last.pop, pop)
        {
            return Ok(last.rows.clone());
        }
        let rows = Rows::read(&store.rows()?, &pop.site).with_names_of(store.adopted()?);
        let rows = Rc::new(rows);
        self.0 = Some(Reading { pop: pop.clone(), state, rows: rows.clone() });
        Ok(rows)
    }
}

impl Pass {
    /// Does BIRD run nothing of it any more, as far as anybody can know?
    pub fn is_gone(&self, owner: Owner) -> bool {
        match &self.observed.actual.protocols {
            Some(running) => !running.contains(&owner),
            None => self.settings.bird_socket.is_none(),
        }
    }

    /// A step was taken. What it made of a link is known, and nobody has to be asked for it.
    pub fn note(&mut self, step: &Step) {
        let links = &mut self.observed.actual.links;
        match step {
            Step::CreateLink(_, wanted) => {
                drop(links.insert(wanted.name.clone(), wanted.done(None)))
            }
            Step::ChangeLink(_, wanted, before) => {
                links.insert(wanted.name.clone(), wanted.done(Some(before)));
            }
            Step::RemoveLink(_, name) => drop(links.remove(name)),
            Step::WriteFile { kind, owner, .. } | Step::RemoveFile { kind, owner, .. } => {
                self.outcome.unsynced.entry(*kind).or_default().push(*owner);
            }
            _ => {}
        }
        match Change::of(step).filter(|_| self.settings.bird_socket.is_some()) {
            // It is logged when BIRD has accepted it.
            Some(change) => self.outcome.changes.push(change),
            None => self.outcome.log(Thing::of(step), &step.to_string()),
        }
    }

    /// Makes the files durable that were touched until now, before anybody is told of them.
    pub fn sync(&mut self) {
        for (kind, owners) in std::mem::take(&mut self.outcome.unsynced) {
            if let Err(error) = files::sync(self.settings.directory(kind)) {
                for owner in owners {
                    self.outcome.fail(Some(owner), error.to_string());
                }
            }
        }
    }

    /// The steps from what is to what should be. Without a socket nobody can be told to configure
    /// BIRD.
    pub fn differences(&self, wanted: &Wanted) -> Vec<Step> {
        let mut steps = plan::diff(wanted, &self.observed.actual);
        if self.settings.bird_socket.is_none() {
            steps.retain(|step| !matches!(step, Step::ConfigureBird { .. }));
        }
        steps
    }

    /// A row that cannot be served explains what the machine has of it, and a peering that stays
    /// whatever is wanted.
    pub fn unexplained(&self, wanted: &Wanted) -> BTreeSet<Asn> {
        let mut asns = plan::unexplained(wanted, &self.observed.actual);
        asns.retain(|asn| {
            let owner = Owner::Peering(*asn);
            !self.outcome.failures.contains_key(&owner) && !self.inputs.concerns(owner)
        });
        asns
    }

    /// The ids that are not free, though no row has them.
    pub fn occupied(&self) -> BTreeSet<u16> {
        plan::occupied(&self.inputs, &self.observed.actual, &self.outcome.failures)
    }

    /// The mesh links that are as they should be after this pass.
    pub fn mesh_links(&self, wanted: &Wanted) -> BTreeMap<Owner, MeshLinkStatus> {
        let mut links = BTreeMap::new();
        for (owner, served) in &wanted.served {
            let failed = self.outcome.failures.contains_key(owner);
            let is_left = self.outcome.left.contains_key(owner);
            if matches!(owner, Owner::Mesh(_)) && !failed && !is_left {
                let (link, session) = (served.link.is_some(), served.bird.is_some());
                links.insert(*owner, MeshLinkStatus { link, session });
            }
        }
        links
    }

    /// The board's entries after this pass; what it did not look at is taken over from before.
    pub fn entries(&self, before: &mut BTreeMap<Asn, Entry>) -> BTreeMap<Asn, Entry> {
        let mut entries = BTreeMap::new();
        for (owner, why) in self.outcome.all_failures() {
            if let Some(asn) = owner.asn() {
                entries.insert(asn, self.entry(Progress::Failed(why)));
            }
        }
        for asn in self.outcome.waiting.iter().filter_map(|owner| owner.asn()) {
            entries.insert(asn, self.entry(Progress::Queued));
        }
        for peering in &self.inputs.rows.peerings {
            let entry = entries.entry(peering.asn).or_insert_with(|| self.entry(Progress::Applied));
            let progress = std::mem::take(&mut entry.progress);
            let before = before.remove(&peering.asn).unwrap_or_default();
            *entry = self.served_entry(peering.asn, progress, before);
        }
        entries
    }

    fn served_entry(&self, asn: Asn, progress: Progress, before: Entry) -> Entry {
        let link = self
            .observed
            .actual
            .links
            .get(&self.settings.pop.naming.peering_link(asn))
            .and_then(link_view);
        let resolved = self.observed.endpoints.get(&Owner::Peering(asn));
        let used = link.as_ref().and_then(|link| link.endpoint);
        Entry {
            generation: self.inputs.generation,
            progress,
            class: self.drafts.get(&asn).map(|draft| draft.class),
            endpoint: resolved.and_then(|found| found.address).or(used).or(before.endpoint),
            endpoint_trouble: match resolved {
                Some(found) => found.trouble.clone(),
                None => before.endpoint_trouble,
            },
            link,
            ..before
        }
    }

    fn entry(&self, progress: Progress) -> Entry {
        Entry { generation: self.inputs.generation, progress, ..Entry::default() }
    }
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
    pub fn stop(&mut self, owner: Owner, blocked: &Blocked) {
        match blocked {
            Blocked::Silent(why) => drop(self.failures.entry(owner).or_insert(why.clone())),
            Blocked::Undo | Blocked::Trap(_) => drop(self.waiting.insert(owner)),
        }
    }

    /// BIRD's files stay as they are: whose step this is waits, or fails.
    pub fn hold(&mut self, step: &Step, blocked: &Blocked) {
        self.undone.held.extend(Thing::of(step));
        if let Step::ConfigureBird { present, absent } = step {
            for owner in present.iter().chain(absent) {
                self.stop(*owner, blocked);
            }
        }
        if let Some(owner) = step.owner() {
            self.stop(owner, blocked);
        }
    }

    /// Logs what was done, and what it put right.
    pub fn log(&mut self, thing: Option<(Owner, Thing)>, words: &str) {
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
