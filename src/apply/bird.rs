//! What the loop does with BIRD: see what it runs, try a pass's changes on it, configure it, and
//! look that it did.

pub mod trial;

pub use trial::{MESH_PATTERN, Running};

use super::ApplySettings;
use super::look::bgp_view;
use crate::board::BgpView;
use crate::limits::{BIRD_CONFIGURE_PAUSE, BIRD_CONNECT_TIMEOUT};
use crate::model::Asn;
use crate::plan::Owner;
use crate::sys::bird::{Bird, BirdError, Check, Configured, connect};
use crate::sys::files;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use trial::{Change, Trial, Verdict, refused};
use trial::{look_for, ours};

/// While an undo is scheduled: the next `configure` would call it off.
const UNDO_WORDS: &str = "BIRD is to go back to its configuration of before (`birdc configure \
                          timeout`): changes wait until somebody types `birdc configure confirm` \
                          or `birdc configure undo`, or its time is over";

/// What is remembered of BIRD between passes.
pub struct BirdControl {
    /// What keeps BIRD from being told anything.
    trouble: Option<String>,
    /// Whose files it accepted and may not have read since.
    untold: BTreeSet<Owner>,
    /// Whose protocols it runs from somebody else's files.
    theirs: BTreeSet<Owner>,
    /// It was told, and the database still says that it has to be.
    pub is_paid: bool,
    /// The change of its files that it was last seen to have read.
    read_change: Option<SystemTime>,
    configured: Option<Instant>,
    /// The least time from one configuration to the next.
    pub pause: Duration,
    /// Its main file, as it tells.
    main_file: Option<PathBuf>,
}

/// What BIRD said before a pass touched anything.
#[derive(Debug, PartialEq, Eq)]
pub struct BirdReport {
    /// What it runs.
    pub running: Running,
    /// It has to read its files.
    pub unread: bool,
    /// It must not be configured now.
    pub blocked: Option<Blocked>,
}

/// Why BIRD's files stay as they are in a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// It cannot be asked what it thinks of them.
    Silent(String),
    /// The operator tries a configuration out, and BIRD is to go back to the one of before.
    Undo,
    /// It would wait for ever at one of them; what and where, with the remedy.
    Trap(String),
}

/// What the loop knows when it asks BIRD.
#[derive(Clone, Copy, Debug)]
pub struct Touched {
    /// By the database its files were touched, by us or somebody before us, and it was not told.
    pub noted: bool,
    /// When the newest of our files changed.
    pub changed: Option<SystemTime>,
}

/// What BIRD is to be told.
#[derive(Debug, Default)]
pub struct Task {
    /// What this pass changed on the disk.
    pub changes: Vec<Change>,
    /// Files from before whose protocols it does not run.
    pub suspects: Vec<Change>,
    /// What it is to run afterwards.
    pub expected: Expected,
    /// It has to read its files whatever comes of the changes.
    pub unread: bool,
}

/// What BIRD is to run after it was configured, and what not.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Protocols that must be there.
    pub present: Vec<Owner>,
    /// Protocols that must be gone.
    pub absent: Vec<Owner>,
}

/// What came of that.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Changes that stay on the disk.
    pub kept: Vec<Change>,
    /// Who is not as it should be, and why.
    pub failures: Vec<(Owner, String)>,
    /// Nothing was changed, and this is why.
    pub blocked: Option<Blocked>,
    /// Did BIRD read its files?
    pub is_told: bool,
}

impl Default for BirdControl {
    fn default() -> BirdControl {
        BirdControl {
            trouble: None,
            untold: BTreeSet::new(),
            theirs: BTreeSet::new(),
            is_paid: false,
            read_change: None,
            configured: None,
            pause: BIRD_CONFIGURE_PAUSE,
            main_file: None,
        }
    }
}

impl BirdControl {
    /// What keeps BIRD from being told anything.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }

    /// BIRD's main file, where it told.
    pub fn main_file(&self) -> Option<&Path> {
        self.main_file.as_deref()
    }

    /// Something waits for BIRD.
    pub fn waits(&mut self, blocked: &Blocked) {
        self.trouble = Some(blocked.words().to_string());
    }

    /// What BIRD runs, and whether it can be told anything; `None` without a socket.
    pub async fn see(&mut self, settings: &ApplySettings, touched: Touched) -> Option<BirdReport> {
        let socket = settings.bird_socket.as_deref()?;
        match self.ask(socket, settings, touched).await {
            Ok(report) => {
                self.trouble = None;
                Some(report)
            }
            Err(error) => {
                let blocked = Some(Blocked::Silent(error.to_string()));
                self.trouble = Some(error.to_string());
                Some(BirdReport { running: Running::default(), unread: false, blocked })
            }
        }
    }

    async fn ask(
        &mut self,
        socket: &Path,
        settings: &ApplySettings,
        touched: Touched,
    ) -> Result<BirdReport, BirdError> {
        let mut bird = connect(socket, BIRD_CONNECT_TIMEOUT).await?;
        let trap = trap(settings);
        if self.main_file.is_none() && trap.is_none() {
            self.main_file = bird.examine().await?.main_file;
        }
        let blocked = trap.or(bird.undo_s().await?.map(|_| Blocked::Undo));
        // BIRD tells whole seconds at worst: a file that is newer by less may just have been read.
        let read = bird.ages().await?.configured;
        let times = read.zip(touched.changed.and_then(|time| time.elapsed().ok()));
        // What was found read once stays so, however the clock is set afterwards.
        let is_newer = touched.changed != self.read_change
            && times.is_some_and(|(read, file)| file + Duration::from_secs(1) < read);
        if !is_newer {
            self.read_change = touched.changed;
        }
        let is_owed = touched.noted && !self.is_paid;
        let mut running = ours(&mut bird, settings).await?;
        // It may run them as they were before: they count as missing until it was told.
        running.all.retain(|owner| !self.untold.contains(owner) && !self.theirs.contains(owner));
        running.disabled.retain(|owner| !self.theirs.contains(owner));
        Ok(BirdReport { running, unread: is_newer || is_owed || !self.untold.is_empty(), blocked })
    }

    /// What BIRD says to the files as they are, for whoever only looks; `None`: nothing, or it
    /// cannot be asked.
    pub async fn refusal(&mut self, settings: &ApplySettings) -> Option<String> {
        let socket = settings.bird_socket.as_deref()?;
        if trap(settings).is_some() {
            return None;
        }
        let mut bird = connect(socket, BIRD_CONNECT_TIMEOUT).await.ok()?;
        match bird.check().await.ok()? {
            Check::Ok => None,
            Check::Refused(complaint) => Some(refused(&complaint)),
        }
    }

    /// Lets BIRD try the changes and read the files. What it does not accept is not on the disk
    /// any more afterwards.
    pub async fn configure(&mut self, settings: &ApplySettings, task: Task) -> Outcome {
        let Some(socket) = settings.bird_socket.as_deref() else { return Outcome::default() };
        if let Some(blocked) = trap(settings) {
            self.waits(&blocked);
            return task.give_up(settings, blocked);
        }
        let limit = BIRD_CONNECT_TIMEOUT;
        let outcome = match connect(socket, limit).await {
            Ok(mut bird) => self.attempt(&mut bird, settings, task).await,
            Err(error) => task.give_up(settings, Blocked::Silent(error.to_string())),
        };
        if outcome.is_told {
            self.untold.clear();
        } else {
            self.untold.extend(outcome.kept.iter().map(|change| change.owner));
        }
        for owner in
            outcome.kept.iter().filter(|change| change.after.is_some()).map(|change| change.owner)
        {
            self.theirs.remove(&owner);
        }
        if let Some(blocked) = &outcome.blocked {
            self.waits(blocked);
        }
        outcome
    }

    async fn attempt(&mut self, bird: &mut Bird, settings: &ApplySettings, task: Task) -> Outcome {
        match bird.undo_s().await {
            Ok(None) => {}
            Ok(Some(_)) => return task.give_up(settings, Blocked::Undo),
            Err(error) => return task.give_up(settings, Blocked::Silent(error.to_string())),
        }
        let Task { changes, suspects, mut expected, unread } = task;
        let owners = expected.owners(&changes);
        let (kept, failures) = match Trial::new(bird, settings, changes, suspects).hold().await {
            Ok(Verdict::Content(kept, failures)) => (kept, failures),
            Ok(Verdict::Refused(why)) => {
                self.trouble = Some(why.clone());
                return Outcome { failures: all_fail(owners, &why), ..Outcome::default() };
            }
            Err(why) => {
                let failures = all_fail(owners, &why);
                let blocked = Some(Blocked::Silent(why));
                return Outcome { failures, blocked, ..Outcome::default() };
            }
        };
        let mut outcome = Outcome { kept, failures, ..Outcome::default() };
        expected.present.retain(|owner| !outcome.has_failed(*owner));
        expected.absent.retain(|owner| !outcome.has_failed(*owner));
        if !unread && outcome.kept.is_empty() && expected.is_empty() {
            return outcome;
        }
        if let Err(why) = self.tell(bird, settings, &expected, &mut outcome).await {
            self.trouble = Some(why.clone());
            outcome.failures.extend(all_fail(expected.owners(&[]), &why));
        }
        outcome
    }

    /// Configures BIRD with what it accepted, and looks that it did.
    async fn tell(
        &mut self,
        bird: &mut Bird,
        settings: &ApplySettings,
        expected: &Expected,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        self.rest().await;
        let (mut expected, mut wrong) = (expected.clone(), Vec::new());
        // Once more where one seems to stay: by then BIRD has ended what it was to end.
        for _ in 0..2 {
            let configured = bird.configure().await.map_err(|error| error.to_string())?;
            match &configured {
                Configured::Done | Configured::InProgress | Configured::Queued => {}
                Configured::Refused(complaint) => return Err(refused(complaint)),
                Configured::ShuttingDown => return Err("BIRD is shutting down".to_string()),
            }
            outcome.is_told = true;
            if configured == Configured::Done {
                // It waits for none to end: what it runs still stands in a file that is not ours.
                let running = ours(bird, settings).await.map_err(|error| error.to_string())?.all;
                let stay = expected.absent.extract_if(.., |owner| running.contains(owner));
                self.theirs.extend(stay);
            }
            let look = look_for(bird, settings, &expected).await;
            wrong = look.map_err(|error| error.to_string())?;
            if !wrong.iter().any(|(owner, _)| expected.absent.contains(owner)) {
                break;
            }
        }
        outcome.failures.extend(wrong);
        Ok(())
    }

    /// At most one configuration in so much time, the first at once.
    async fn rest(&mut self) {
        if let Some(rest) = self.configured.and_then(|time| self.pause.checked_sub(time.elapsed()))
        {
            smol::Timer::after(rest).await;
        }
        self.configured = Some(Instant::now());
    }

    /// Enables a BGP session that somebody disabled.
    pub async fn enable(&mut self, settings: &ApplySettings, protocol: &str) -> Result<(), String> {
        let Some(socket) = settings.bird_socket.as_deref() else { return Ok(()) };
        let connected = connect(socket, BIRD_CONNECT_TIMEOUT).await;
        let mut bird = connected.map_err(|error| error.to_string())?;
        match bird.enable(protocol).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("BIRD does not run its protocol any more".to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// How these BGP sessions are, and what birdc would print; not there are those that BIRD does
    /// not run, and all if it does not answer.
    pub async fn look(
        &mut self,
        settings: &ApplySettings,
        asns: &[Asn],
    ) -> BTreeMap<Asn, (BgpView, String)> {
        let mut sessions = BTreeMap::new();
        for asn in asns {
            if let Some(session) = look(settings, *asn).await {
                sessions.insert(*asn, session);
            }
        }
        sessions
    }
}

async fn look(settings: &ApplySettings, asn: Asn) -> Option<(BgpView, String)> {
    let socket = settings.bird_socket.as_deref()?;
    let mut bird = connect(socket, BIRD_CONNECT_TIMEOUT).await.ok()?;
    let status = bird.protocol(&settings.pop.naming.peering_protocol(asn)).await.ok().flatten()?;
    let raw = format!("BIRD {} ready.\n{}\n", bird.version(), status.raw);
    Some((bgp_view(status), raw))
}

impl Blocked {
    /// For the operator, and for whoever waits.
    pub fn words(&self) -> &str {
        match self {
            Blocked::Silent(why) | Blocked::Trap(why) => why,
            Blocked::Undo => UNDO_WORDS,
        }
    }
}

impl Task {
    /// BIRD cannot be asked: what this pass changed goes back.
    fn give_up(self, settings: &ApplySettings, blocked: Blocked) -> Outcome {
        let mut failures = Vec::new();
        for change in self.changes.iter().rev() {
            if let Err(error) = change.take_back(settings) {
                failures.push((change.owner, error));
            }
        }
        if let Blocked::Silent(why) = &blocked {
            failures.extend(all_fail(self.expected.owners(&self.changes), why));
        }
        Outcome { failures, blocked: Some(blocked), ..Outcome::default() }
    }
}

impl Expected {
    fn is_empty(&self) -> bool {
        self.present.is_empty() && self.absent.is_empty()
    }

    /// Whose these are, and these changes.
    fn owners(&self, changes: &[Change]) -> BTreeSet<Owner> {
        let mut owners: BTreeSet<Owner> = changes.iter().map(|change| change.owner).collect();
        owners.extend(self.present.iter().chain(&self.absent));
        owners
    }
}

impl Outcome {
    fn has_failed(&self, owner: Owner) -> bool {
        self.failures.iter().any(|(failed, _)| *failed == owner)
    }
}

fn all_fail(owners: BTreeSet<Owner>, why: &str) -> Vec<(Owner, String)> {
    owners.into_iter().map(|owner| (owner, why.to_string())).collect()
}

/// What BIRD would wait for if it were asked to read its files.
fn trap(settings: &ApplySettings) -> Option<Blocked> {
    files::trap(&settings.bird_directory).map(|trap| Blocked::Trap(trap.to_string()))
}
