//! The loop that makes the machine what the database says.
//!
//! It sleeps until the bell rings or the interval is over, then makes one pass: read what is
//! wanted, observe what is, take the steps of the difference, publish the board. It always compares
//! with the machine itself, so a restart, an edit by hand and a crash in the middle are one and the
//! same case. A step that fails marks its peering and nothing else; the next pass tries again.

mod bird;
mod endpoints;
mod look;
mod mend;
mod observe;
mod pass;

pub use bird::{PATTERN as BGP_PATTERN, protocol_owner, view as bgp_view};
pub use look::echo;
pub use pass::link_view;

use crate::board::{Bell, Board, Cause, Progress};
use crate::limits::{RETRY_S, RETRY_S_MAX, UNEXPLAINED_SHOWN_MAX};
use crate::model::{Asn, WgSecret};
use crate::peering::Site;
use crate::peering::policy::Policy;
use crate::plan::drift::Ledger;
use crate::plan::wireguard::EndpointRule;
use crate::plan::{FileKind, Step};
use crate::store::Store;
use crate::sys;
use crate::sys::dns::Resolver;
use crate::sys::files;
use crate::sys::wireguard::Backend;
use bird::BirdHand;
use observe::Observed;
use pass::Pass;
use smol::future::FutureExt as _;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What the loop needs to know of the configuration.
#[derive(Clone, Debug)]
pub struct ApplySettings {
    /// This POP.
    pub site: Site,
    /// Our private key.
    pub private_key: WgSecret,
    /// How links are made.
    pub backend: Backend,
    /// Where `wg-as<ASN>.conf` lies.
    pub wireguard_directory: PathBuf,
    /// Where `ebgp_as<ASN>` lies.
    pub bird_directory: PathBuf,
    /// BIRD's socket; `None`: only files are written.
    pub bird_socket: Option<PathBuf>,
    /// The template that BIRD's files build on.
    pub template: String,
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
    resolver: Rc<Resolver>,
    settings: Rc<RefCell<Rc<ApplySettings>>>,
    bird: BirdHand,
    /// What was right, what drifted, what is left alone.
    ledger: Ledger,
    /// What the database says is left alone.
    left: BTreeMap<Asn, String>,
    /// Failed peerings by what they failed with, so that each failure is logged once.
    told: BTreeMap<Asn, String>,
    /// What the machine had and nobody could explain, when it was last told.
    unexplained: BTreeSet<Asn>,
    /// What bore names of ours and was not ours when the machine was last looked at.
    foreign: BTreeSet<String>,
    /// What of it was logged.
    told_foreign: BTreeSet<String>,
    removals: Removals,
}

/// What becomes of peerings that are on the machine and neither in the database nor removed by a
/// command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Removals {
    /// They are reported and left alone.
    #[default]
    Asked,
    /// The operator has confirmed that they are to go.
    Confirmed,
}

/// What a pass would do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// What the machine has, and nobody wants or asked to end.
    pub unexplained: BTreeSet<Asn>,
    /// What bears names of ours and is not ours, in words.
    pub foreign: BTreeSet<String>,
    /// What cannot be read or served, and why.
    pub failures: BTreeMap<Asn, String>,
}

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
            resolver,
            settings,
            bird: BirdHand::default(),
            ledger: Ledger::default(),
            left,
            told: BTreeMap::new(),
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

    /// Runs until the program ends. The first pass comes at once.
    pub async fn run(mut self) {
        let mut causes = vec![Cause::Everything("start")];
        let (mut retry_s, mut due) = (RETRY_S, Instant::now());
        loop {
            if let Some(well) = self.heed(&causes).await {
                let interval = self.settings.borrow().interval;
                let retry = Duration::from_secs(retry_s).min(interval);
                due = Instant::now() + if well { interval } else { retry };
                retry_s = if well { RETRY_S } else { (2 * retry_s).min(RETRY_S_MAX) };
            }
            let tick = async {
                smol::Timer::at(due).await;
                vec![Cause::Everything("tick")]
            };
            causes = self.bell.heard().or(tick).await;
        }
    }

    /// Does what was asked for. `Some(false)`: a pass is to be tried again soon; `None`: there was
    /// no pass, since somebody only wanted to look. That puts off nothing.
    async fn heed(&mut self, causes: &[Cause]) -> Option<bool> {
        let looks: Vec<Asn> = causes
            .iter()
            .filter_map(|cause| if let Cause::Look(asn) = cause { Some(*asn) } else { None })
            .collect();
        let well = match looks.len() == causes.len() {
            true => None,
            false => Some(self.pass(causes).await),
        };
        if !looks.is_empty() {
            self.look(&looks).await;
        }
        well
    }

    /// One pass. `true`: everything wanted is there.
    pub async fn pass(&mut self, causes: &[Cause]) -> bool {
        if causes.iter().any(|it| matches!(it, Cause::Bird(_))) {
            self.bird.doubt();
        }
        let mut pass = match self.prepare().await {
            Ok(pass) => pass,
            Err(trouble) => {
                self.trouble(Some(trouble));
                return false;
            }
        };
        self.listen(causes, &pass);
        self.foreign.difference(&self.told_foreign).for_each(|words| log::warn!("{words}"));
        self.told_foreign = self.foreign.clone();
        self.perform(&mut pass).await;
        log::debug!("pass over generation {} ({causes:?}): {} steps", pass.generation, pass.steps);
        self.finish(pass).await
    }

    /// The steps that a pass would take now; none is taken. The board then tells of each peering
    /// whether it is as it should be.
    pub async fn survey(&mut self) -> Result<Survey, String> {
        let pass = self.prepare().await?;
        let wanted = pass.wanted();
        let (steps, unexplained) = (pass.differences(&wanted), pass.unexplained(&wanted));
        let mut entries = pass.entries(&self.board);
        for asn in steps.iter().filter_map(Step::asn) {
            if let Some(entry) = entries.get_mut(&asn) {
                entry.progress = Progress::Queued;
            }
        }
        self.board.publish(pass.generation, entries);
        let (foreign, failures) = (self.foreign.clone(), pass.failures);
        Ok(Survey { steps, unexplained, foreign, failures })
    }

    /// Everything that a pass has to know before its first step.
    async fn prepare(&mut self) -> Result<Pass, String> {
        let mut pass = Pass::read(&self.store.borrow(), self.settings.borrow().clone())?;
        self.observe(&mut pass)?;
        let owed = self.store.borrow().owes_configure().map_err(|error| error.to_string())?;
        if let Some(running) = self.bird.recollect(&pass.settings, owed).await {
            (pass.actual.protocols, pass.actual.disabled) = (Some(running.all), running.disabled);
        }
        pass.resolved = endpoints::resolve(&self.resolver, &pass).await;
        Ok(pass)
    }

    /// What is. A link that cannot be read is its peering's failure; where there is no such peering
    /// it is somebody else's link, which is told once and no reason to try again.
    fn observe(&mut self, pass: &mut Pass) -> Result<(), String> {
        let Observed { actual, unreadable, mut foreign } = observe::observe(&pass.settings)?;
        for (asn, why) in unreadable {
            match pass.concerns(asn) {
                true => drop(pass.failures.insert(asn, why)),
                false => drop(foreign.insert(format!("no peering with AS{asn}: {why}"))),
            }
        }
        self.foreign = foreign;
        pass.ages = self.board.handshake_ages(&actual.links);
        pass.actual = actual;
        Ok(())
    }

    async fn perform(&mut self, pass: &mut Pass) {
        let mut wanted = pass.wanted();
        let unexplained = pass.unexplained(&wanted);
        match self.removals {
            Removals::Confirmed => wanted.ended.extend(unexplained),
            Removals::Asked => self.report(unexplained),
        }
        let steps = pass.differences(&wanted);
        let steps = self.sift(pass, &wanted, steps);
        pass.steps = steps.len();
        for step in &steps {
            sys::give_way().await;
            let done = match step {
                Step::ConfigureBird { present, absent } => {
                    self.configure(pass, (&steps, step), present, absent).await;
                    continue;
                }
                _ if step.asn().is_some_and(|asn| pass.failures.contains_key(&asn)) => continue,
                Step::EnableBgp(asn) => self.bird.enable(&pass.settings, *asn).await,
                Step::CreateLink(_) => self.create_link(pass, step).await,
                other => {
                    self.owe(pass, other);
                    perform(&pass.settings, other).await
                }
            };
            match done {
                Ok(()) => log::info!("{step}"),
                Err(why) => pass.fail(step.asn(), why),
            }
        }
        self.settle(pass, &wanted);
    }

    /// Lets BIRD read the files, but for peerings that failed already.
    async fn configure(
        &mut self,
        pass: &mut Pass,
        (steps, step): (&[Step], &Step),
        present: &[Asn],
        absent: &[Asn],
    ) {
        let well = |asn: &&Asn| !pass.failures.contains_key(*asn);
        let present: Vec<Asn> = present.iter().filter(well).copied().collect();
        if present.is_empty() && absent.is_empty() {
            return;
        }
        let refused = self.bird.configure(&pass.settings, steps, (&present, absent)).await;
        if refused.is_empty() {
            log::info!("{step}");
        }
        for (asn, why) in refused {
            pass.failures.entry(asn).or_insert(why);
        }
        if self.bird.trouble().is_none() {
            self.note_debt(false);
            pass.owes = false;
        }
    }

    /// Before the first of BIRD's files is touched: a crash must not make it forgotten that BIRD
    /// has to read them. Times would not tell: those of BIRD are whole seconds.
    fn owe(&mut self, pass: &mut Pass, step: &Step) {
        let kind = match step {
            Step::WriteFile { kind, .. } | Step::RemoveFile { kind, .. } => *kind,
            _ => return,
        };
        if kind == FileKind::Bird && !pass.owes && pass.settings.bird_socket.is_some() {
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

    /// Buries what is gone, looks at what is there now, and tells.
    async fn finish(&mut self, mut pass: Pass) -> bool {
        for stone in &pass.stones {
            for kind in [FileKind::WireGuard, FileKind::Bird] {
                if let Err(error) = files::discard(directory(&pass.settings, kind), kind, stone.asn)
                {
                    pass.failures.entry(stone.asn).or_insert(error.to_string());
                }
            }
            if !pass.failures.contains_key(&stone.asn)
                && let Err(error) = self.store.borrow_mut().forget(*stone)
            {
                log::error!("AS{}: its removal cannot be noted: {error}", stone.asn);
            }
        }
        if pass.steps > 0 {
            match observe::observe(&pass.settings) {
                Ok(observed) => pass.actual = observed.actual,
                Err(why) => log::warn!("{why}"),
            }
        }
        self.tell(&pass);
        self.trouble(self.bird.trouble());
        let well = pass.failures.is_empty() && self.bird.trouble().is_none();
        self.board.publish(pass.generation, pass.entries(&self.board));
        well
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
        let failures = pass.all_failures();
        for (asn, why) in &failures {
            if self.told.get(asn) != Some(why) {
                log::error!("AS{asn}: {why}");
            }
        }
        for asn in self.told.keys().filter(|asn| !failures.contains_key(asn)) {
            log::info!("AS{asn}: well again");
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

/// One line for the operator about [`Survey::unexplained`].
pub fn unexplained_words(asns: &BTreeSet<Asn>) -> String {
    let names: Vec<String> =
        asns.iter().take(UNEXPLAINED_SHOWN_MAX).map(|it| format!("AS{it}")).collect();
    let more = asns.len().saturating_sub(UNEXPLAINED_SHOWN_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!(
        "{} peering(s) are on this machine, not in the database, and were not removed by a \
         command: {}{more}; they are left alone; `peerling apply --confirm-removals` removes them",
        asns.len(),
        names.join(", ")
    )
}

/// Where the files of a kind lie.
fn directory(settings: &ApplySettings, kind: FileKind) -> &Path {
    match kind {
        FileKind::WireGuard => &settings.wireguard_directory,
        FileKind::Bird => &settings.bird_directory,
    }
}

/// One step, except those of BIRD's socket.
async fn perform(settings: &ApplySettings, step: &Step) -> Result<(), String> {
    let backend = &settings.backend;
    match step {
        Step::WriteFile { kind, asn, new, .. } => {
            files::write(directory(settings, *kind), *kind, *asn, new).map_err(|it| it.to_string())
        }
        Step::RemoveFile { kind, asn, .. } => {
            files::remove(directory(settings, *kind), *kind, *asn).map_err(|it| it.to_string())
        }
        Step::CreateLink(wanted) => backend.create(wanted).await.map_err(|it| it.to_string()),
        Step::ChangeLink(wanted, actual) => {
            let changed = backend.change(wanted, actual, EndpointRule::Set).await;
            changed.map(drop).map_err(|it| it.to_string())
        }
        Step::RemoveLink(name) => backend.remove(name).await.map_err(|it| it.to_string()),
        Step::ConfigureBird { .. } | Step::EnableBgp(_) => Ok(()),
    }
}
