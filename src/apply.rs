//! The loop that makes the machine what the database says.
//!
//! It sleeps until the bell rings or the interval is over, then makes one pass: read what is
//! wanted, observe what is, take the steps of the difference, publish the board. It always compares
//! with the machine itself, so a restart, an edit by hand and a crash in the middle are one and the
//! same case. A step that fails marks its peering and nothing else; the next pass tries again.

mod bird;
mod claims;
mod endpoints;
mod look;
mod mend;
mod names;
mod observe;
mod outcome;
mod own;
mod pass;
mod retry;
mod rows;
mod steps;
mod survey;

pub use bird::{MESH_PATTERN, PATTERN as BGP_PATTERN, protocol_owner, view as bgp_view};
pub use look::echo;
pub use pass::link_view;
pub use survey::{Removals, Survey, unexplained_words};

use crate::board::{Bell, Board, Cause};
use crate::limits::{RESOLVE_MS, RETRY_S};
use crate::model::Asn;
use crate::peering::Tombstone;
use crate::peering::policy::Policy;
use crate::plan::drift::{Ledger, Thing};
use crate::plan::{self, DraftCache, FileKind, Owner, PopSettings, Step};
use crate::runtime;
use crate::store::Store;
use crate::sys::bird::Definitions;
use crate::sys::dns::Resolver;
use crate::sys::files::{self, Memory};
use crate::sys::uapi::Patience;
use crate::sys::wireguard;
use bird::{BirdHand, Debt, Shut};
use names::Names;
use observe::Found;
use pass::Pass;
use rows::Known;
use smol::future::FutureExt as _;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};
use steps::{perform, sweep};

/// What the loop needs to know of the configuration.
#[derive(Clone, Debug)]
pub struct ApplySettings {
    /// What is wanted of this POP.
    pub pop: Rc<PopSettings>,
    /// Which links' processes are left in peace, since they did not answer.
    pub patience: Rc<Patience>,
    /// Where `wg-as<ASN>.conf` lies.
    pub wireguard_directory: PathBuf,
    /// Where `ebgp_as<ASN>` lies.
    pub bird_directory: PathBuf,
    /// BIRD's socket; `None`: only files are written.
    pub bird_socket: Option<PathBuf>,
    /// Which addresses may be an endpoint.
    pub policy: Policy,
    /// How long the loop sleeps where nothing happens.
    pub interval: Duration,
    /// How long the watch sleeps between two looks.
    pub watch_interval: Duration,
}

/// The loop.
pub struct Apply {
    store: Rc<RefCell<Store>>,
    bell: Rc<Bell>,
    board: Rc<Board>,
    names: Rc<Names>,
    lookups: Lookups,
    settings: Rc<RefCell<Rc<ApplySettings>>>,
    bird: BirdHand,
    /// What the database said when it was last read.
    known: Known,
    /// What was wanted of the peerings.
    drafts: DraftCache,
    /// What the files held when they were last read.
    memory: Memory,
    /// What the other files of BIRD's configuration define.
    definitions: Definitions,
    /// Whose BIRD file was seen since the start: their protocols are ours, whatever became of it.
    had_file: BTreeSet<Owner>,
    /// What was right, what drifted, what is left alone.
    ledger: Ledger,
    /// What the database says is left alone.
    left: BTreeMap<Asn, String>,
    /// What failed, by what it failed with, so that each failure is logged once.
    told: BTreeMap<Owner, String>,
    /// What the registry says for the files that all BGP sessions share.
    routes: SharedTexts,
    /// What the machine had and nobody could explain, when it was last told.
    unexplained: BTreeSet<Asn>,
    /// What bore names of ours and was not ours when the machine was last looked at.
    foreign: BTreeSet<String>,
    /// What of it was logged.
    told_foreign: BTreeSet<String>,
    removals: Removals,
}

/// How names of endpoints come to a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lookups {
    /// The pass is the only one, and waits for them.
    Awaited,
    /// They are looked up beside the passes, and the bell rings when there is something new.
    Beside,
}

/// Texts for files that all BGP sessions share; who changes one rings the bell.
pub type SharedTexts = Rc<RefCell<BTreeMap<FileKind, Rc<str>>>>;

impl Apply {
    /// A loop over this database; it does nothing before [`Apply::run`].
    pub fn new(
        store: Rc<RefCell<Store>>,
        (bell, board): (Rc<Bell>, Rc<Board>),
        resolver: Rc<Resolver>,
        settings: Rc<RefCell<Rc<ApplySettings>>>,
    ) -> Apply {
        let left = BTreeMap::from_iter(store.borrow().left_alone().unwrap_or_default());
        Apply {
            store,
            bell,
            board,
            names: Rc::new(Names::new(resolver)),
            lookups: Lookups::Awaited,
            settings,
            bird: BirdHand::default(),
            known: Known::default(),
            drafts: DraftCache::default(),
            memory: Memory::default(),
            definitions: Definitions::default(),
            had_file: BTreeSet::new(),
            ledger: Ledger::default(),
            left,
            told: BTreeMap::new(),
            routes: SharedTexts::default(),
            unexplained: BTreeSet::new(),
            foreign: BTreeSet::new(),
            told_foreign: BTreeSet::new(),
            removals: Removals::default(),
        }
    }

    /// The same, with the operator's word that what nobody can explain is to go.
    pub fn confirming(self) -> Apply {
        Apply { removals: Removals::Confirmed, ..self }
    }

    /// The settings; whoever replaces them rings the bell.
    pub fn settings(&self) -> Rc<RefCell<Rc<ApplySettings>>> {
        self.settings.clone()
    }

    /// What the registry says for the files that all BGP sessions share; at first nothing.
    pub fn routes(&self) -> SharedTexts {
        self.routes.clone()
    }

    /// Learns which ids the machine still has something of: before the first pass has, a command
    /// must not give one of them out. What keeps it from being seen, the first pass tells.
    pub async fn find_occupied(&mut self) {
        if let Ok(mut pass) = self.read()
            && self.observe(&mut pass).await.is_ok()
        {
            self.store.borrow_mut().set_occupied(pass.occupied());
        }
    }

    /// Runs until the program ends. The first pass comes at once.
    pub async fn run(mut self) {
        self.lookups = Lookups::Beside;
        let (names, bell) = (self.names.clone(), self.bell.clone());
        self.passes().or(names.work(&bell)).await;
    }

    async fn passes(mut self) {
        let mut causes = vec![Cause::Other("start")];
        let (mut retry_s, mut due) = (RETRY_S, Instant::now());
        loop {
            if let Some(well) = self.heed(&causes).await {
                let interval = self.settings.borrow().interval;
                let retry = Duration::from_secs(retry_s).min(interval);
                due = Instant::now() + if well { interval } else { retry };
                retry_s = retry::next_s(retry_s, well, &causes);
            }
            let tick = async {
                smol::Timer::at(due).await;
                vec![Cause::Tick]
            };
            causes = self.bell.heard().or(tick).await;
        }
    }

    /// Looks at peerings for whoever asks, and makes no pass: where a command runs beside the
    /// service, that is the service's to do. It never ends.
    pub async fn attend<T>(&mut self) -> T {
        loop {
            let mut causes = self.bell.heard().await;
            causes.retain(|it| matches!(it, Cause::Look(_)));
            self.heed(&causes).await;
        }
    }

    /// Does what was asked for. `Some(false)`: a pass is to be tried again soon; `None`: there was
    /// no pass, since somebody only wanted to look. That puts off nothing.
    async fn heed(&mut self, causes: &[Cause]) -> Option<bool> {
        let mut looks = Vec::new();
        for cause in causes {
            if let Cause::Look(asn) = cause {
                looks.push(*asn);
            }
        }
        let only_looks = looks.len() == causes.len();
        let well = if only_looks { None } else { Some(self.pass(causes).await) };
        if !looks.is_empty() {
            self.look(&looks).await;
        }
        well
    }

    /// One pass. `true`: everything wanted is there.
    pub async fn pass(&mut self, causes: &[Cause]) -> bool {
        if causes.contains(&Cause::Reload) {
            self.memory = Memory::default();
        }
        let mut pass = match self.prepare().await {
            Ok(pass) => pass,
            Err(trouble) => {
                self.trouble(Some(trouble));
                return false;
            }
        };
        self.listen(causes);
        self.foreign.difference(&self.told_foreign).for_each(|words| log::warn!("{words}"));
        self.told_foreign = self.foreign.clone();
        if let Err(trouble) = self.perform(&mut pass).await {
            self.trouble(Some(trouble));
            return false;
        }
        log::debug!(
            "pass over generation {} ({causes:?}): {} steps",
            pass.generation,
            pass.outcome.steps
        );
        self.finish(pass).await
    }

    /// Everything that a pass has to know before its first step.
    async fn prepare(&mut self) -> Result<Pass, String> {
        let mut pass = self.read()?;
        let changed = self.observe(&mut pass).await?;
        pass.drafts = self.drafts.renew(&pass.inputs, &pass.observed.actual);
        let noted = self.store.borrow().owes_configure().map_err(|error| error.to_string())?;
        if let Some(sight) = self.bird.see(&pass.settings, Debt { noted, changed }).await {
            pass.observed.actual.unread = sight.unread;
            if !matches!(sight.shut, Some(Shut::Silent(_))) {
                pass.observed.actual.disabled = sight.running.disabled;
                pass.observed.actual.protocols = Some(sight.running.all);
            }
            pass.shut = sight.shut;
        }
        self.heed_claims(&mut pass);
        self.disown(&mut pass);
        endpoints::ask(&self.names, &pass);
        if self.lookups == Lookups::Awaited {
            self.names.settle(&self.bell, Duration::from_millis(RESOLVE_MS)).await;
        }
        pass.observed.endpoints = endpoints::located(&self.names, &pass);
        self.store.borrow_mut().set_occupied(pass.occupied());
        Ok(pass)
    }

    fn read(&mut self) -> Result<Pass, String> {
        let (settings, routes) = (self.settings.borrow().clone(), self.routes.borrow().clone());
        Pass::read(&self.store.borrow(), &mut self.known, settings, routes)
    }

    /// What is. A link that cannot be read is its peering's failure; where there is no such peering
    /// it is somebody else's link, which is told once and no reason to try again. The answer is
    /// when the newest of BIRD's files changed.
    async fn observe(&mut self, pass: &mut Pass) -> Result<Option<SystemTime>, String> {
        let Found { actual, unreadable, mut foreign, hand_made, changed } =
            observe::observe(&pass.settings, &mut self.memory).await?;
        for (owner, why) in unreadable {
            if pass.inputs.concerns(owner) {
                pass.outcome.failures.insert(owner, why);
            } else {
                foreign.insert(format!("nothing with {owner}: {why}"));
            }
        }
        (self.foreign, pass.observed.hand_made) = (foreign, hand_made);
        pass.observed.handshake_ages = self.board.handshake_ages(&actual.links);
        pass.observed.actual = actual;
        Ok(changed)
    }

    async fn perform(&mut self, pass: &mut Pass) -> Result<(), String> {
        self.close_to_others(pass);
        let mut wanted = plan::wanted(&pass.inputs, &pass.drafts, &pass.observed);
        let unexplained = pass.unexplained(&wanted);
        if !unexplained.is_empty() && unexplained != self.unexplained {
            // In a damaged database rows vanish, and nobody took them out.
            self.store.borrow().prove_sound().map_err(|error| error.to_string())?;
        }
        match self.removals {
            Removals::Confirmed => {
                wanted.ended.extend(unexplained.into_iter().map(Owner::Peering));
            }
            Removals::Asked => self.report(unexplained),
        }
        let steps = pass.differences(&wanted);
        let steps = self.sift(pass, &wanted, steps);
        pass.outcome.steps = steps.len();
        for step in &steps {
            runtime::give_way().await;
            self.take(pass, step).await;
        }
        sweep(pass, &wanted).await;
        pass.sync();
        wireguard::settle(&pass.machine).await;
        self.settle(pass, &wanted);
        Ok(())
    }

    /// Files with our private key that somebody else wrote, or copied here, are nobody else's to
    /// read.
    fn close_to_others(&self, pass: &Pass) {
        for owner in self.memory.exposed().filter(|owner| pass.inputs.pop.knows(*owner)) {
            // Whoever may not do this is told so by `check`.
            let _ = files::close_to_others(&pass.settings.wireguard_directory, owner);
        }
    }

    /// Takes one step, if nothing stands against it.
    async fn take(&mut self, pass: &mut Pass, step: &Step) {
        let socket = pass.settings.bird_socket.as_ref();
        if let Some(shut) = pass.shut.clone().filter(|_| step.is_birds() && socket.is_some()) {
            self.bird.waits(&shut);
            return pass.outcome.hold(step, &shut);
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
            Step::EnableBgp(owner) => self.bird.enable(&pass.settings, *owner).await,
            Step::CreateLink(_) => self.create_link(pass, step).await,
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

    /// Buries what is gone, looks at what is there now, and tells.
    async fn finish(&mut self, mut pass: Pass) -> bool {
        for tombstone in pass.tombstones.clone() {
            self.bury(&mut pass, tombstone);
        }
        if self.bird.is_paid() {
            self.clear_debt();
        }
        self.store.borrow_mut().set_occupied(pass.occupied());
        self.tell(&pass);
        self.trouble(self.bird.trouble());
        let well = pass.outcome.is_well() && self.bird.trouble().is_none();
        self.board.publish(pass.generation, |before| pass.entries(before));
        well
    }

    /// Forgets a removal when nothing of it is left, in BIRD neither. One that BIRD may still run
    /// is wanted absent for as long as it takes, over any restart.
    fn bury(&mut self, pass: &mut Pass, tombstone: Tombstone) {
        let owner = Owner::Peering(tombstone.asn);
        for kind in [FileKind::WireGuard, FileKind::Bird] {
            if let Err(error) = files::discard_draft(pass.settings.directory(kind), kind, owner) {
                pass.outcome.failures.entry(owner).or_insert(error.to_string());
            }
        }
        if pass.outcome.is_stopped(owner) {
            return;
        }
        if !pass.is_gone(owner) {
            let silent = || Shut::Silent("BIRD may still run its protocol".to_string());
            return pass.outcome.stop(owner, &pass.shut.clone().unwrap_or_else(silent));
        }
        self.had_file.remove(&owner);
        if let Err(error) = self.store.borrow_mut().forget(tombstone) {
            log::error!("{}: its removal cannot be noted: {error}", tombstone.asn);
        }
    }

    /// Logs what nobody can explain, when it changes.
    fn report(&mut self, unexplained: BTreeSet<Asn>) {
        if !unexplained.is_empty() && unexplained != self.unexplained {
            log::error!("{}", unexplained_words(&unexplained));
        }
        self.unexplained = unexplained;
    }

    /// Logs each failure once, and that it is over.
    fn tell(&mut self, pass: &Pass) {
        let failures = pass.outcome.all_failures();
        for (owner, why) in &failures {
            if self.told.get(owner) != Some(why) {
                log::error!("{owner}: {why}");
            }
        }
        for owner in self.told.keys().filter(|owner| !failures.contains_key(owner)) {
            log::info!("{owner}: well again");
        }
        self.told = failures;
    }

    fn trouble(&self, trouble: Option<String>) {
        if trouble != self.board.trouble() {
            match &trouble {
                Some(words) => log::error!("{words}"),
                None => log::info!("the trouble is over"),
            }
            self.board.set_trouble(trouble);
        }
    }
}

#[cfg(test)]
mod tests;
