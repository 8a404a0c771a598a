//! The loop that makes the machine what the database says.
//!
//! It sleeps until the bell rings or the interval is over, then makes one pass: read what is
//! wanted, observe what is, take the steps of the difference, publish the board. It always compares
//! with the machine itself, so a restart, an edit by hand and a crash in the middle are one and the
//! same case. A step that fails marks its peering and nothing else; the next pass tries again.

mod bird;
mod dry_run;
mod look;
mod names;
mod observe;
mod pass;
mod prepare;
mod steps;

pub use bird::MESH_PATTERN;
pub use dry_run::{DryRun, Removals, unexplained_words};
pub use look::{bgp_view, echo, link_view};

use crate::board::{Bell, Board, Cause};
use crate::limits::{RETRY_PAUSE, RETRY_PAUSE_MAX};
use crate::model::{Asn, OnceEach};
use crate::peering::Tombstone;
use crate::peering::policy::Policy;
use crate::plan::drift::Ledger;
use crate::plan::{self, DraftCache, FileKind, Owner, PopSettings, Wanted};
use crate::runtime;
use crate::store::Store;
use crate::sys::bird::Definitions;
use crate::sys::dns::Resolver;
use crate::sys::files::{self, Memory};
use crate::sys::uapi::Patience;
use crate::sys::wireguard;
use bird::{BirdControl, Blocked};
use look::KernelWatch;
use names::Names;
use pass::{Pass, RowsCache};
use smol::future::FutureExt as _;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};
use steps::sweep;

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
    bird: BirdControl,
    /// What the database said when it was last read.
    rows: RowsCache,
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
    /// Why each of those failed that failed in the last pass, as it was logged.
    logged: BTreeMap<Owner, String>,
    /// What the registry says for the files that all BGP sessions share.
    routes: SharedTexts,
    /// What the machine had and nobody could explain, when it was last logged.
    unexplained: BTreeSet<Asn>,
    /// What bears names of ours and is not ours.
    foreign: OnceEach<String>,
    removals: Removals,
    kernel: KernelWatch,
}

/// How names of endpoints come to a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lookups {
    /// The pass is the only one, and waits for them.
    Awaited,
    /// They are looked up beside the passes, and the bell rings when there is something new.
    Beside,
}

/// What a pass came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Everything wanted is there.
    All,
    /// Something is not, and is to be tried again soon.
    NotAll,
}

/// Texts for files that all BGP sessions share; who changes one rings the bell.
pub type SharedTexts = Rc<RefCell<BTreeMap<FileKind, Rc<str>>>>;

impl Apply {
    /// A loop over this database; it does nothing before [`Apply::run`].
    pub fn new(
        store: Rc<RefCell<Store>>,
        bell: Rc<Bell>,
        board: Rc<Board>,
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
            bird: BirdControl::default(),
            rows: RowsCache::default(),
            drafts: DraftCache::default(),
            memory: Memory::default(),
            definitions: Definitions::default(),
            had_file: BTreeSet::new(),
            ledger: Ledger::default(),
            left,
            logged: BTreeMap::new(),
            routes: SharedTexts::default(),
            unexplained: BTreeSet::new(),
            foreign: OnceEach::default(),
            removals: Removals::default(),
            kernel: KernelWatch::default(),
        }
    }

    /// The same, with the operator's word on what is to go that no command removed.
    pub fn removing(self, removals: Removals) -> Apply {
        Apply { removals, ..self }
    }

    /// The settings; whoever replaces them rings the bell.
    pub fn settings(&self) -> Rc<RefCell<Rc<ApplySettings>>> {
        self.settings.clone()
    }

    /// What the registry says for the files that all BGP sessions share; at first nothing.
    pub fn routes(&self) -> SharedTexts {
        self.routes.clone()
    }

    /// Runs until the program ends. The first pass comes at once.
    pub async fn run(mut self) {
        self.lookups = Lookups::Beside;
        let (names, bell) = (self.names.clone(), self.bell.clone());
        self.passes().or(names.work(&bell)).await;
    }

    async fn passes(mut self) {
        let mut causes = vec![Cause::Other("start")];
        let (mut retry, mut due) = (RETRY_PAUSE, Instant::now());
        loop {
            if let Some(reached) = self.handle(&causes).await {
                let interval = self.settings.borrow().interval;
                let pause = match reached {
                    Reached::All => interval,
                    Reached::NotAll => retry.min(interval),
                };
                due = Instant::now() + pause;
                retry = next_retry(retry, reached, &causes);
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
            causes.retain(|cause| matches!(cause, Cause::Look(_)));
            self.handle(&causes).await;
        }
    }

    /// Does what was asked for. `None`: there was no pass, since somebody only wanted to look. That
    /// puts off nothing.
    async fn handle(&mut self, causes: &[Cause]) -> Option<Reached> {
        let mut looks = Vec::new();
        for cause in causes {
            if let Cause::Look(asn) = cause {
                looks.push(*asn);
            }
        }
        let mut reached = None;
        if looks.len() < causes.len() {
            reached = Some(self.pass(causes).await);
        }
        if !looks.is_empty() {
            self.look(&looks).await;
        }
        reached
    }

    pub async fn pass(&mut self, causes: &[Cause]) -> Reached {
        if causes.contains(&Cause::Reload) {
            self.memory = Memory::default();
        }
        let (mut pass, seen) = match self.prepare().await {
            Ok(prepared) => prepared,
            Err(trouble) => {
                self.set_trouble(Some(trouble));
                return Reached::NotAll;
            }
        };
        self.try_again(causes);
        for words in self.foreign.turn(seen.foreign) {
            log::warn!("{words}");
        }
        if let Err(trouble) = self.perform(&mut pass).await {
            self.set_trouble(Some(trouble));
            return Reached::NotAll;
        }
        log::debug!(
            "pass over generation {} ({causes:?}): {} steps",
            pass.inputs.generation,
            pass.outcome.steps
        );
        self.finish(pass).await
    }

    async fn perform(&mut self, pass: &mut Pass) -> Result<(), String> {
        self.close_to_others(pass);
        let wanted = self.wanted(pass)?;
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

    /// What should be, as the database or the operator says.
    fn aim(&self, pass: &Pass) -> Wanted {
        let wanted = plan::wanted(&pass.inputs, &pass.drafts, &pass.observed);
        match self.removals {
            Removals::Asked | Removals::Confirmed => wanted,
            Removals::Others => plan::nothing(wanted, &pass.inputs),
        }
    }

    /// What should be. What nobody can explain goes only where the operator said so.
    fn wanted(&mut self, pass: &Pass) -> Result<Wanted, String> {
        let mut wanted = self.aim(pass);
        self.kernel.addresses = plan::own_addresses(&pass.inputs, &pass.observed.actual);
        let unexplained = pass.unexplained(&wanted);
        let is_new = !unexplained.is_empty() && unexplained != self.unexplained;
        if is_new || self.removals == Removals::Others {
            // In a damaged database rows vanish, and nobody took them out.
            self.store.borrow().prove_sound().map_err(|error| error.to_string())?;
        }
        match self.removals {
            Removals::Confirmed => {
                wanted.ended.extend(unexplained.into_iter().map(Owner::Peering));
            }
            Removals::Asked | Removals::Others => self.log_unexplained(unexplained),
        }
        Ok(wanted)
    }

    /// Files with our private key that somebody else wrote, or copied here, are nobody else's to
    /// read.
    fn close_to_others(&self, pass: &Pass) {
        for owner in self.memory.exposed().filter(|owner| pass.inputs.pop.knows(*owner)) {
            // Whoever may not do this is told so by `check`.
            let name = pass.settings.pop.naming.file(FileKind::WireGuard, owner);
            let _ = files::close_to_others(&pass.settings.wireguard_directory, &name);
        }
    }

    /// Forgets removals of which nothing is left, and tells what was reached.
    async fn finish(&mut self, mut pass: Pass) -> Reached {
        for tombstone in pass.inputs.tombstones.clone() {
            self.bury(&mut pass, tombstone);
        }
        if self.bird.is_paid {
            self.clear_debt();
        }
        self.store.borrow_mut().set_occupied(pass.occupied());
        self.log_failures(&pass);
        self.set_trouble(self.bird.trouble());
        self.board.publish(pass.inputs.generation, |before| pass.entries(before));
        if pass.outcome.is_well() && self.bird.trouble().is_none() {
            Reached::All
        } else {
            Reached::NotAll
        }
    }

    /// Forgets a removal when nothing of it is left, in BIRD neither. One that BIRD may still run
    /// is wanted absent for as long as it takes, over any restart.
    fn bury(&mut self, pass: &mut Pass, tombstone: Tombstone) {
        let owner = Owner::Peering(tombstone.asn);
        for kind in [FileKind::WireGuard, FileKind::Bird] {
            if let Err(error) = files::discard(
                pass.settings.directory(kind),
                &pass.settings.pop.naming.file(kind, owner),
            ) {
                pass.outcome.fail(Some(owner), error.to_string());
            }
        }
        if pass.outcome.is_stopped(owner) {
            return;
        }
        if !pass.is_gone(owner) {
            let blocked = pass.outcome.blocked.clone();
            let silent = Blocked::Silent("BIRD may still run its protocol".to_string());
            return pass.outcome.stop(owner, &blocked.unwrap_or(silent));
        }
        self.had_file.remove(&owner);
        if let Err(error) = self.store.borrow_mut().forget(tombstone) {
            log::error!("{}: its removal cannot be noted: {error}", tombstone.asn);
        }
    }

    /// Logs what nobody can explain, when it changes.
    fn log_unexplained(&mut self, unexplained: BTreeSet<Asn>) {
        if !unexplained.is_empty() && unexplained != self.unexplained {
            log::error!("{}", unexplained_words(&unexplained));
        }
        self.unexplained = unexplained;
    }

    /// Logs each failure once, and that it is over.
    fn log_failures(&mut self, pass: &Pass) {
        let failures = pass.outcome.all_failures();
        for (owner, why) in &failures {
            if self.logged.get(owner) != Some(why) {
                log::error!("{owner}: {why}");
            }
        }
        for owner in self.logged.keys().filter(|owner| !failures.contains_key(owner)) {
            log::info!("{owner}: well again");
        }
        self.logged = failures;
    }

    fn set_trouble(&self, trouble: Option<String>) {
        if trouble != self.board.trouble() {
            match &trouble {
                Some(words) => log::error!("{words}"),
                None => log::info!("the trouble is over"),
            }
            self.board.set_trouble(trouble);
        }
    }
}

impl ApplySettings {
    /// Where the files of a kind lie.
    fn directory(&self, kind: FileKind) -> &Path {
        match kind {
            FileKind::WireGuard => &self.wireguard_directory,
            FileKind::Bird => &self.bird_directory,
            // Files that lie nowhere are never wanted.
            FileKind::RoaIpv4 | FileKind::RoaIpv6 | FileKind::Babel => {
                self.pop.include_directory.as_deref().unwrap_or(Path::new(""))
            }
        }
    }
}

/// The pause after the next one. Pauses grow with the tries that the clock made: who
/// changes something while BIRD is down does not put off what comes after.
fn next_retry(pause: Duration, reached: Reached, causes: &[Cause]) -> Duration {
    match (reached, causes) {
        (Reached::All, _) => RETRY_PAUSE,
        (Reached::NotAll, [Cause::Tick]) => (2 * pause).min(RETRY_PAUSE_MAX),
        (Reached::NotAll, _) => pause,
    }
}

#[cfg(test)]
mod tests;
