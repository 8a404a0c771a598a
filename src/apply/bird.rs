//! The loop's hand on BIRD: see what it runs, try a pass's changes on it, configure it, and look
//! that it did.

pub mod change;
mod trial;
mod view;

pub use view::view;

use super::ApplySettings;
use crate::board::BgpView;
use crate::limits::{BIRD_CONFIGURE_PAUSE_MS, BIRD_CONNECT_S, BIRD_LOOK_PAUSE_MS, BIRD_LOOKS_MAX};
use crate::model::Asn;
use crate::plan::{Owner, bird as plan};
use crate::sys::bird::{Bird, BirdError, Check, Configured, connect};
use change::Change;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use trial::{Trial, Verdict, refused};

/// The names of all peerings' protocols, and of others that [`protocol_owner`] leaves out.
pub const PATTERN: &str = "ebgp_as*";
/// The same of those to our own POPs.
pub const MESH_PATTERN: &str = "ibgp_*";

/// While an undo is scheduled: the next `configure` would call it off.
const UNDO_WORDS: &str = "BIRD is to go back to its configuration of before (`birdc configure \
                          timeout`): changes wait until somebody types `birdc configure confirm` \
                          or `birdc configure undo`, or its time is over";

/// What is remembered of BIRD between passes.
pub struct BirdHand {
    /// What keeps BIRD from being told anything.
    trouble: Option<String>,
    /// Whose files it accepted and may not have read since.
    untold: BTreeSet<Owner>,
    /// Whose protocols it runs from somebody else's files.
    theirs: BTreeSet<Owner>,
    /// It was told, and the database still says that it has to be.
    is_paid: bool,
    /// The change of its files that it was last seen to have read.
    read_change: Option<SystemTime>,
    configured: Option<Instant>,
    /// The least time from one configuration to the next.
    pub pause: Duration,
    /// Its main file, as it tells.
    main_file: Option<PathBuf>,
}

/// What BIRD runs that bears names of ours.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Those whose protocols it has.
    pub all: BTreeSet<Owner>,
    /// Those that somebody disabled.
    pub disabled: BTreeSet<Owner>,
}

/// What BIRD said before a pass touched anything.
#[derive(Debug, PartialEq, Eq)]
pub struct Sight {
    /// What it runs.
    pub running: Running,
    /// It has to read its files.
    pub unread: bool,
    /// It must not be configured now.
    pub shut: Option<Shut>,
}

/// Why BIRD's files stay as they are in a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shut {
    /// It cannot be asked what it thinks of them.
    Silent(String),
    /// The operator tries a configuration out, and BIRD is to go back to the one of before.
    Undo,
}

/// What the loop knows when it asks BIRD.
#[derive(Clone, Copy, Debug)]
pub struct Debt {
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
    /// Protocols that must be there.
    pub present: Vec<Owner>,
    /// Protocols that must be gone.
    pub absent: Vec<Owner>,
    /// It has to read its files whatever comes of the changes.
    pub unread: bool,
}

/// What came of that.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Changes that stay on the disk.
    pub kept: Vec<Change>,
    /// Who is not as it should be, and why.
    pub failures: Vec<(Owner, String)>,
    /// Nothing was changed, and this is why.
    pub shut: Option<Shut>,
    /// Did BIRD read its files?
    pub is_told: bool,
}

impl Default for BirdHand {
    fn default() -> BirdHand {
        BirdHand {
            trouble: None,
            untold: BTreeSet::new(),
            theirs: BTreeSet::new(),
            is_paid: false,
            read_change: None,
            configured: None,
            pause: Duration::from_millis(BIRD_CONFIGURE_PAUSE_MS),
            main_file: None,
        }
    }
}

impl BirdHand {
    /// What keeps BIRD from being told anything.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }

    /// BIRD's main file, where it told.
    pub fn main_file(&self) -> Option<&Path> {
        self.main_file.as_deref()
    }

    /// The database says what is so: nothing more is owed, or something is.
    pub fn noted(&mut self, is_clear: bool) {
        self.is_paid = !is_clear;
    }

    /// Was BIRD told, though the database still says that it has to be?
    pub fn is_paid(&self) -> bool {
        self.is_paid
    }

    /// Something waits for BIRD.
    pub fn waits(&mut self, shut: &Shut) {
        self.trouble = Some(shut.words().to_string());
    }

    /// What BIRD runs, and whether it can be told anything; `None` without a socket.
    pub async fn see(&mut self, settings: &ApplySettings, debt: Debt) -> Option<Sight> {
        let socket = settings.bird_socket.as_deref()?;
        match self.ask(socket, settings, debt).await {
            Ok(sight) => {
                self.trouble = None;
                Some(sight)
            }
            Err(error) => {
                let shut = Some(Shut::Silent(error.to_string()));
                self.trouble = Some(error.to_string());
                Some(Sight { running: Running::default(), unread: false, shut })
            }
        }
    }

    async fn ask(
        &mut self,
        socket: &Path,
        settings: &ApplySettings,
        debt: Debt,
    ) -> Result<Sight, BirdError> {
        let mut bird = connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await?;
        if self.main_file.is_none() {
            self.main_file = bird.examine().await?.main_file;
        }
        let shut = bird.undo_s().await?.map(|_| Shut::Undo);
        // BIRD tells whole seconds at worst: a file that is newer by less may just have been read.
        let read = bird.ages().await?.configured;
        let times = read.zip(debt.changed.and_then(|it| it.elapsed().ok()));
        // What was found read once stays so, however the clock is set afterwards.
        let is_newer = debt.changed != self.read_change
            && times.is_some_and(|(read, file)| file + Duration::from_secs(1) < read);
        if !is_newer {
            self.read_change = debt.changed;
        }
        let is_owed = debt.noted && !self.is_paid;
        let mut running = ours(&mut bird, settings).await?;
        // It may run them as they were before: they count as missing until it was told.
        running.all.retain(|it| !self.untold.contains(it) && !self.theirs.contains(it));
        running.disabled.retain(|it| !self.theirs.contains(it));
        Ok(Sight { running, unread: is_newer || is_owed || !self.untold.is_empty(), shut })
    }

    /// What BIRD says to the files as they are, for whoever only looks; `None`: nothing, or it
    /// cannot be asked.
    pub async fn refusal(&mut self, settings: &ApplySettings) -> Option<String> {
        let socket = settings.bird_socket.as_deref()?;
        let mut bird = connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await.ok()?;
        match bird.check().await.ok()? {
            Check::Ok => None,
            Check::Refused(complaint) => Some(refused(&complaint)),
        }
    }

    /// Lets BIRD try the changes and read the files. What it does not accept is not on the disk
    /// any more afterwards.
    pub async fn configure(&mut self, settings: &ApplySettings, task: Task) -> Outcome {
        let Some(socket) = settings.bird_socket.as_deref() else { return Outcome::default() };
        let limit = Duration::from_secs(BIRD_CONNECT_S);
        let outcome = match connect(socket, limit).await {
            Ok(mut bird) => self.attempt(&mut bird, settings, task).await,
            Err(error) => task.give_up(settings, Shut::Silent(error.to_string())),
        };
        if outcome.is_told {
            self.untold.clear();
        } else {
            self.untold.extend(outcome.kept.iter().map(|it| it.owner));
        }
        for owner in outcome.kept.iter().filter(|it| it.after.is_some()).map(|it| it.owner) {
            self.theirs.remove(&owner);
        }
        if let Some(shut) = &outcome.shut {
            self.waits(shut);
        }
        outcome
    }

    async fn attempt(&mut self, bird: &mut Bird, settings: &ApplySettings, task: Task) -> Outcome {
        match bird.undo_s().await {
            Ok(None) => {}
            Ok(Some(_)) => return task.give_up(settings, Shut::Undo),
            Err(error) => return task.give_up(settings, Shut::Silent(error.to_string())),
        }
        let Task { changes, suspects, mut present, mut absent, unread } = task;
        let mut owners: BTreeSet<Owner> = changes.iter().map(|it| it.owner).collect();
        owners.extend(present.iter().chain(&absent));
        let (kept, failures) = match Trial::new(bird, settings, changes, suspects).hold().await {
            Ok(Verdict::Content(kept, failures)) => (kept, failures),
            Ok(Verdict::Refused(why)) => {
                self.trouble = Some(why.clone());
                let failures = owners.into_iter().map(|it| (it, why.clone())).collect();
                return Outcome { failures, ..Outcome::default() };
            }
            Err(why) => {
                let failures = owners.into_iter().map(|it| (it, why.clone())).collect();
                let shut = Some(Shut::Silent(why));
                return Outcome { failures, shut, ..Outcome::default() };
            }
        };
        let mut outcome = Outcome { kept, failures, ..Outcome::default() };
        present.retain(|owner| outcome.failure(*owner).is_none());
        absent.retain(|owner| outcome.failure(*owner).is_none());
        if !unread && outcome.kept.is_empty() && present.is_empty() && absent.is_empty() {
            return outcome;
        }
        if let Err(why) = self.tell(bird, settings, (&present, &absent), &mut outcome).await {
            self.trouble = Some(why.clone());
            let fail = |owner: &Owner| (*owner, why.clone());
            outcome.failures.extend(present.iter().chain(&absent).map(fail));
        }
        outcome
    }

    /// Configures BIRD with what it accepted, and looks that it did.
    async fn tell(
        &mut self,
        bird: &mut Bird,
        settings: &ApplySettings,
        (present, absent): (&[Owner], &[Owner]),
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        let words = |error: BirdError| error.to_string();
        self.rest().await;
        let (mut absent, mut wrong) = (absent.to_vec(), Vec::new());
        // Once more where one seems to stay: by then BIRD has ended what it was to end.
        for _ in 0..2 {
            let configured = bird.configure().await.map_err(words)?;
            match &configured {
                Configured::Done | Configured::InProgress | Configured::Queued => {}
                Configured::Refused(complaint) => return Err(refused(complaint)),
                Configured::ShuttingDown => return Err("BIRD is shutting down".to_string()),
            }
            outcome.is_told = true;
            if configured == Configured::Done {
                // It waits for none to end: what it runs still stands in a file that is not ours.
                let running = ours(bird, settings).await.map_err(words)?.all;
                self.theirs.extend(absent.extract_if(.., |owner| running.contains(owner)));
            }
            wrong = look_for(bird, settings, present, &absent).await.map_err(words)?;
            if !wrong.iter().any(|(owner, _)| absent.contains(owner)) {
                break;
            }
        }
        outcome.failures.extend(wrong);
        Ok(())
    }

    /// At most one configuration in so much time, the first at once.
    async fn rest(&mut self) {
        if let Some(rest) = self.configured.and_then(|it| self.pause.checked_sub(it.elapsed())) {
            smol::Timer::after(rest).await;
        }
        self.configured = Some(Instant::now());
    }

    /// Enables a BGP session that somebody disabled.
    pub async fn enable(&mut self, settings: &ApplySettings, owner: Owner) -> Result<(), String> {
        let Some(socket) = settings.bird_socket.as_deref() else { return Ok(()) };
        let Some(protocol) = owner.protocol() else { return Ok(()) };
        let enabled = async {
            let mut bird = connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await?;
            bird.enable(&protocol).await
        };
        match enabled.await {
            Ok(true) => Ok(()),
            Ok(false) => Err("BIRD does not run its protocol any more".to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// How one BGP session is, and what birdc would print; `None` if BIRD does not run it or does
    /// not answer.
    pub async fn look(&mut self, settings: &ApplySettings, asn: Asn) -> Option<(BgpView, String)> {
        let socket = settings.bird_socket.as_deref()?;
        let mut bird = connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await.ok()?;
        let status = bird.protocol(&plan::protocol_name(asn)).await.ok().flatten()?;
        let raw = format!("BIRD {} ready.\n{}\n", bird.version(), status.raw);
        Some((view(status), raw))
    }
}

impl Shut {
    /// For the operator, and for whoever waits.
    pub fn words(&self) -> &str {
        match self {
            Shut::Silent(why) => why,
            Shut::Undo => UNDO_WORDS,
        }
    }
}

impl Task {
    /// BIRD cannot be asked: what this pass changed goes back.
    fn give_up(self, settings: &ApplySettings, shut: Shut) -> Outcome {
        let mut failures = Vec::new();
        for change in self.changes.iter().rev() {
            if let Err(error) = change.take_back(settings) {
                failures.push((change.owner, error));
            }
        }
        let mut owners: BTreeSet<Owner> = self.changes.iter().map(|it| it.owner).collect();
        owners.extend(self.present.into_iter().chain(self.absent));
        if let Shut::Silent(why) = &shut {
            failures.extend(owners.into_iter().map(|owner| (owner, why.clone())));
        }
        Outcome { failures, shut: Some(shut), ..Outcome::default() }
    }
}

impl Outcome {
    fn failure(&self, owner: Owner) -> Option<&str> {
        self.failures.iter().find(|it| it.0 == owner).map(|it| it.1.as_str())
    }
}

async fn ours(bird: &mut Bird, settings: &ApplySettings) -> Result<Running, BirdError> {
    let mut protocols = bird.protocols(PATTERN).await?;
    let ways: BTreeMap<String, Owner> = settings.pop.mesh_protocols();
    if !ways.is_empty() {
        protocols.extend(bird.protocols(MESH_PATTERN).await?);
    }
    let mut running = Running::default();
    for protocol in protocols {
        let peering = || protocol_owner(&protocol.name).map(Owner::Peering);
        let owner = ways.get(&protocol.name).copied().or_else(peering);
        // A protocol that was removed is listed until its routes are gone, as `flush`.
        let Some(owner) = owner.filter(|_| protocol.state != "flush") else { continue };
        running.all.insert(owner);
        if protocol.is_disabled() {
            running.disabled.insert(owner);
        }
    }
    Ok(running)
}

/// Whose protocol this is, if it is ours by its name.
pub fn protocol_owner(name: &str) -> Option<Asn> {
    plan::file_owner(name.strip_suffix("_v6")?)
}

/// Looks until every protocol is there or gone as it should be; BIRD takes a moment to close a
/// session. Who is not as it should be then, and why.
async fn look_for(
    bird: &mut Bird,
    settings: &ApplySettings,
    present: &[Owner],
    absent: &[Owner],
) -> Result<Vec<(Owner, String)>, BirdError> {
    const MISSING: &str =
        "BIRD was configured and does not run its protocol; is bgp_peers included?";
    const STAYING: &str = "BIRD still runs its protocol";
    let mut wrong = Vec::new();
    for _ in 0..BIRD_LOOKS_MAX {
        let running = ours(bird, settings).await?.all;
        let sessions = present.iter().filter(|it| **it != Owner::Pop);
        let missing = sessions.filter(|it| !running.contains(it));
        let staying = absent.iter().filter(|it| running.contains(it));
        let missing = missing.map(|it| (*it, MISSING.to_string()));
        wrong = missing.chain(staying.map(|it| (*it, STAYING.to_string()))).collect();
        if wrong.is_empty() {
            break;
        }
        smol::Timer::after(Duration::from_millis(BIRD_LOOK_PAUSE_MS)).await;
    }
    Ok(wrong)
}
