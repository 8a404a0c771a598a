//! One pass: what it works on, what should be, and what came of it.

use super::ApplySettings;
use super::bird::Shut;
use super::bird::change::Change;
use super::outcome::Outcome;
use super::rows::Known;
use crate::board::{Entry, LinkView, Progress};
use crate::limits::HANDSHAKE_STALE_S;
use crate::model::{Asn, IfName};
use crate::peering::{Generation, Tombstone};
use crate::plan::drift::Thing;
use crate::plan::wireguard::LinkActual;
use crate::plan::{self, Drafts, FileKind, Inputs, Observed, Owner, Step, Wanted};
use crate::store::{Store, StoreError};
use crate::sys::files::{self, Stray};
use crate::sys::wireguard::Machine;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What one pass works on, and what came of it.
pub struct Pass {
    pub settings: Rc<ApplySettings>,
    pub generation: Generation,
    /// What was said.
    pub inputs: Inputs,
    /// What was seen.
    pub observed: Observed,
    pub tombstones: Vec<Tombstone>,
    /// The sockets that its steps go over.
    pub machine: Machine,
    /// What lies among BIRD's files and does no good there.
    pub strays: BTreeSet<Stray>,
    /// Why BIRD's files stay as they are.
    pub shut: Option<Shut>,
    /// What is wanted of the peerings.
    pub drafts: Drafts,
    /// What came of it so far.
    pub outcome: Outcome,
}

impl Pass {
    /// Reads what is wanted from the database.
    pub fn read(
        store: &Store,
        known: &mut Known,
        settings: Rc<ApplySettings>,
        routes: BTreeMap<FileKind, Rc<str>>,
    ) -> Result<Pass, String> {
        let words = |error: StoreError| error.to_string();
        let rows = known.read(store, &settings.pop).map_err(words)?;
        let generation = store.generation().map_err(words)?;
        let tombstones = store.tombstones().map_err(words)?;
        let inputs = Inputs {
            pop: settings.pop.clone(),
            rows,
            removed: tombstones.iter().map(|tombstone| tombstone.asn).collect(),
            latencies: store.latencies().map_err(words)?,
            routes,
        };
        let failures = inputs.rows.failures.clone();
        Ok(Pass {
            settings,
            generation,
            tombstones,
            inputs,
            observed: Observed::default(),
            drafts: Drafts::default(),
            machine: Machine::default(),
            strays: BTreeSet::new(),
            shut: None,
            outcome: Outcome { failures, ..Outcome::default() },
        })
    }

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
            Step::CreateLink(wanted) => drop(links.insert(wanted.name.clone(), wanted.done(None))),
            Step::ChangeLink(wanted, before) => {
                links.insert(wanted.name.clone(), wanted.done(Some(before)));
            }
            Step::RemoveLink(name) => drop(links.remove(name)),
            Step::WriteFile { kind, owner, .. } | Step::RemoveFile { kind, owner, .. } => {
                self.outcome.unsynced.entry(*kind).or_default().push(*owner);
            }
            _ => {}
        }
        match Change::of(step).filter(|_| self.settings.bird_socket.is_some()) {
            // It is told when BIRD has accepted it.
            Some(change) => self.outcome.changes.push(change),
            None => self.outcome.tell(Thing::of(step), &step.to_string()),
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

    /// Must we look where the other end is? Not while packets go both ways.
    pub fn is_stale(&self, link: &IfName) -> bool {
        self.observed.handshake_ages.get(link).is_none_or(|age| *age > HANDSHAKE_STALE_S)
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

    /// A row that cannot be served explains what the machine has of it.
    pub fn unexplained(&self, wanted: &Wanted) -> BTreeSet<Asn> {
        let mut asns = plan::unexplained(wanted, &self.observed.actual);
        asns.retain(|asn| !self.outcome.failures.contains_key(&Owner::Peering(*asn)));
        asns
    }

    /// The ids that are not free, though no row has them.
    pub fn occupied(&self) -> BTreeSet<u16> {
        plan::occupied(&self.inputs, &self.observed.actual, &self.outcome.failures)
    }

    /// The board's entries after this pass; what it did not look at is taken over from before.
    pub fn entries(&self, before: &mut BTreeMap<Asn, Entry>) -> BTreeMap<Asn, Entry> {
        let failed = self.outcome.all_failures().into_iter();
        let mut entries: BTreeMap<Asn, Entry> = failed
            .filter_map(|(owner, why)| Some((owner.asn()?, self.entry(Progress::Failed(why)))))
            .collect();
        let waiting = self.outcome.waiting.iter().filter_map(|owner| owner.asn());
        entries.extend(waiting.map(|asn| (asn, self.entry(Progress::Queued))));
        for peering in &self.inputs.rows.peerings {
            let entry = entries.entry(peering.asn).or_insert_with(|| self.entry(Progress::Applied));
            let progress = std::mem::take(&mut entry.progress);
            let before = before.remove(&peering.asn).unwrap_or_default();
            *entry = self.served_entry(peering.asn, progress, before);
        }
        entries
    }

    fn served_entry(&self, asn: Asn, progress: Progress, before: Entry) -> Entry {
        let link = self.observed.actual.links.get(&IfName::of(asn));
        let resolved = self.observed.endpoints.get(&Owner::Peering(asn));
        let used = || link.and_then(|it| it.peers.first()?.endpoint);
        Entry {
            generation: self.generation,
            progress,
            link: link.and_then(link_view),
            class: self.drafts.get(&asn).map(|it| it.class),
            endpoint: resolved.and_then(|it| it.address).or_else(used).or(before.endpoint),
            endpoint_trouble: match resolved {
                Some(it) => it.trouble.clone(),
                None => before.endpoint_trouble,
            },
            ..before
        }
    }

    fn entry(&self, progress: Progress) -> Entry {
        Entry { generation: self.generation, progress, ..Entry::default() }
    }
}

/// A link as the board tells it.
pub fn link_view(link: &LinkActual) -> Option<LinkView> {
    let peer = link.peers.first()?;
    Some(LinkView {
        last_handshake_s: peer.last_handshake_s,
        endpoint: peer.endpoint,
        rx_bytes: peer.rx_bytes,
        tx_bytes: peer.tx_bytes,
    })
}
