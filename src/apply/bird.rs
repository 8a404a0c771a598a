//! The loop's hand on BIRD: check, give a refused file back, configure, and look that it is there.

use super::ApplySettings;
use crate::board::{BgpView, Limit, Offer, RoutesView};
use crate::limits::{BIRD_CONFIGURE_PAUSE_MS, BIRD_CONNECT_S, BIRD_LOOK_PAUSE_MS, BIRD_LOOKS_MAX};
use crate::model::Asn;
use crate::plan::{FileKind, Owner, SHARED_FILES, Step, bird as plan};
use crate::sys::bird::{
    BgpStatus, Bird, BirdError, Capabilities, Channel, Check, Complaint, Configured, connect,
};
use crate::sys::files;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

/// The names of all peerings' protocols, and of others that [`protocol_owner`] leaves out.
pub const PATTERN: &str = "ebgp_as*";
/// The same of those to our own POPs.
pub const MESH_PATTERN: &str = "ibgp_*";

/// What is remembered of BIRD between passes.
pub struct BirdHand {
    /// Whether BIRD has what the files say is not known: at the start, and after it could not be
    /// told.
    uncertain: bool,
    /// Peerings whose files BIRD was to read, and may not have.
    unconfirmed: BTreeSet<Owner>,
    trouble: Option<String>,
    configured: Option<Instant>,
    /// Did somebody before us touch BIRD's files, and not come to tell it? Unknown until asked.
    inherited_debt: Option<bool>,
}

/// What BIRD runs of ours.
#[derive(Debug, Default)]
pub struct Running {
    /// Those whose protocols it has.
    pub all: BTreeSet<Owner>,
    /// Those that somebody disabled.
    pub disabled: BTreeSet<Owner>,
}

/// Who is not as it should be, and why.
type Failures = Vec<(Owner, String)>;

impl Default for BirdHand {
    fn default() -> BirdHand {
        BirdHand {
            uncertain: true,
            unconfirmed: BTreeSet::new(),
            trouble: None,
            configured: None,
            inherited_debt: None,
        }
    }
}

impl BirdHand {
    /// What keeps BIRD from being told anything.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }

    /// What BIRD runs is to be looked at by the next pass.
    pub fn doubt(&mut self) {
        self.uncertain = true;
    }

    /// What BIRD runs, if that is not known from before; else `None`, and BIRD is not asked.
    /// `owed`: its files were touched, by us or somebody before us, and it was not told.
    pub async fn recollect(&mut self, settings: &ApplySettings, owed: bool) -> Option<Running> {
        let socket = settings.bird_socket.as_deref().filter(|_| self.uncertain)?;
        let inherited = *self.inherited_debt.get_or_insert(owed);
        match recall(socket, settings, inherited).await {
            Ok(mut running) => {
                (self.uncertain, self.trouble) = (false, None);
                // It may run them as they were before: they count as missing until it was told.
                running.all.retain(|owner| !self.unconfirmed.contains(owner));
                Some(running)
            }
            Err(error) => {
                self.trouble = Some(error.to_string());
                None
            }
        }
    }

    /// Lets BIRD read the files. A file of ours that it refuses goes back to what it was before
    /// this pass, its peering fails with BIRD's words, and the rest goes on.
    pub async fn configure(
        &mut self,
        settings: &ApplySettings,
        steps: &[Step],
        (present, absent): (&[Owner], &[Owner]),
    ) -> Failures {
        let Some(socket) = settings.bird_socket.as_deref() else {
            return Failures::new();
        };
        self.pause().await;
        match self.attempt(settings, socket, steps, (present, absent)).await {
            Ok(failures) => {
                (self.trouble, self.inherited_debt) = (None, Some(false));
                self.unconfirmed.clear();
                failures
            }
            Err(why) => {
                (self.uncertain, self.trouble) = (true, Some(why.clone()));
                self.unconfirmed.extend(steps.iter().filter_map(Step::owner));
                let unharmed = unharmed(settings, socket, &self.unconfirmed).await;
                let missing = present.iter().filter(|it| !unharmed.contains(it));
                missing.chain(absent).map(|owner| (*owner, why.clone())).collect()
            }
        }
    }

    /// At most one configuration in [`BIRD_CONFIGURE_PAUSE_MS`], the first at once.
    async fn pause(&mut self) {
        let pause = Duration::from_millis(BIRD_CONFIGURE_PAUSE_MS);
        if let Some(rest) = self.configured.and_then(|then| pause.checked_sub(then.elapsed())) {
            smol::Timer::after(rest).await;
        }
        self.configured = Some(Instant::now());
    }

    async fn attempt(
        &mut self,
        settings: &ApplySettings,
        socket: &Path,
        steps: &[Step],
        (present, absent): (&[Owner], &[Owner]),
    ) -> Result<Failures, String> {
        let words = |error: BirdError| error.to_string();
        let mut bird = connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await.map_err(words)?;
        let mut failures = Failures::new();
        while let Check::Refused(complaint) = bird.check().await.map_err(words)? {
            let failure = give_back(settings, steps, &complaint)?;
            // What stood there before is refused as well: that is not this pass's doing.
            if failures.iter().any(|it| it.0 == failure.0) {
                return Err(refused(&complaint));
            }
            failures.push(failure);
        }
        if failures.len() < present.len() + absent.len() {
            match bird.configure().await.map_err(words)? {
                Configured::Done | Configured::InProgress | Configured::Queued => {}
                Configured::Refused(complaint) => return Err(refused(&complaint)),
                Configured::ShuttingDown => return Err("BIRD is shutting down".to_string()),
            }
        }
        let well = |owner: &Owner| failures.iter().all(|it| it.0 != *owner);
        let present: Vec<Owner> = present.iter().copied().filter(well).collect();
        let wrong = look_for(&mut bird, settings, &present, absent).await.map_err(words)?;
        failures.extend(wrong);
        Ok(failures)
    }

    /// Enables a BGP session that somebody disabled.
    pub async fn enable(&mut self, settings: &ApplySettings, owner: Owner) -> Result<(), String> {
        let Some(socket) = settings.bird_socket.as_deref() else { return Ok(()) };
        let Some(protocol) = owner.protocol() else { return Ok(()) };
        let enabled = async {
            let mut bird = connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await?;
            bird.enable(&protocol).await
        };
        let done = match enabled.await {
            Ok(true) => return Ok(()),
            Ok(false) => "BIRD does not run its protocol any more".to_string(),
            Err(error) => error.to_string(),
        };
        // The next pass has to ask again, or it would not know.
        self.uncertain = true;
        Err(done)
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

/// Those whose BGP sessions go on although BIRD cannot be configured: it runs them, and what they
/// are to be did not change. That BIRD has not read all files concerns them no more than others.
async fn unharmed(
    settings: &ApplySettings,
    socket: &Path,
    changed: &BTreeSet<Owner>,
) -> BTreeSet<Owner> {
    let running = async {
        let mut bird = connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await.ok()?;
        Some(ours(&mut bird, settings).await.ok()?.all)
    };
    let mut running = running.await.unwrap_or_default();
    running.retain(|owner| !changed.contains(owner));
    running
}

/// What BIRD runs by the files as they are: nothing, if one was changed since BIRD read them. A
/// crash between the writing of a file and the word to BIRD leaves a file that is right and a BGP
/// session that is not; we leave a note of that (`owed`), and others may have changed files.
async fn recall(socket: &Path, settings: &ApplySettings, owed: bool) -> Result<Running, BirdError> {
    let mut bird = connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await?;
    let directories = settings.include_directory.iter().chain([&settings.bird_directory]);
    let changed = directories.filter_map(|it| files::changed_ago(it)).min();
    let times = bird.ages().await?.configured.zip(changed);
    // BIRD tells whole seconds at worst: a file that is newer by less may just have been read.
    if owed || times.is_some_and(|(read, changed)| changed + Duration::from_secs(1) < read) {
        log::info!("BIRD has not read its files since one was changed");
        return Ok(Running::default());
    }
    ours(&mut bird, settings).await
}

async fn ours(bird: &mut Bird, settings: &ApplySettings) -> Result<Running, BirdError> {
    let mut protocols = bird.protocols(PATTERN).await?;
    let ways: BTreeMap<String, Owner> = settings.ways();
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

/// Gives a file back that BIRD refused: what it was before this pass, or nothing. A refusal that
/// names no file of this pass is the operator's matter, and nothing is touched.
fn give_back(
    settings: &ApplySettings,
    steps: &[Step],
    complaint: &Complaint,
) -> Result<(Owner, String), String> {
    let named = complaint.file.as_deref().and_then(|path| identify(path, settings));
    let written = steps.iter().find_map(|step| match step {
        Step::WriteFile { kind, owner, old, .. } if Some((*kind, *owner)) == named => Some(old),
        _ => None,
    });
    let (old, (kind, owner)) = written.zip(named).ok_or_else(|| refused(complaint))?;
    let directory = settings.directory(kind);
    let restored = match old {
        Some(text) => files::write(directory, kind, owner, text),
        None => files::remove(directory, kind, owner),
    };
    let restored = restored.and_then(|()| files::sync(directory));
    let (line, column, words) = (complaint.line, complaint.column, &complaint.words);
    restored.map_err(|error| error.to_string())?;
    let file = match owner {
        Owner::Pop => kind.name(owner),
        Owner::Mesh(_) | Owner::Peering(_) => "its file".to_string(),
    };
    Ok((owner, format!("BIRD refuses line {line}, column {column} of {file}: {words}")))
}

/// Which file of ours this is, if it lies in its directory.
fn identify(path: &Path, settings: &ApplySettings) -> Option<(FileKind, Owner)> {
    let name = path.file_name()?.to_str()?;
    let is_in = |directory: &Path| {
        let same = || Some(path.parent()?.canonicalize().ok()? == directory.canonicalize().ok()?);
        path.parent() == Some(directory) || same() == Some(true)
    };
    let mut kinds = [FileKind::Bird].into_iter().chain(SHARED_FILES);
    kinds.find_map(|kind| {
        let owner = kind.owner(name)?;
        is_in(settings.directory(kind)).then_some((kind, owner))
    })
}

fn refused(complaint: &Complaint) -> String {
    let place = complaint.file.as_ref().map_or(String::new(), |file| {
        format!("{}:{}:{}: ", file.display(), complaint.line, complaint.column)
    });
    format!("BIRD refuses its configuration, not because of a peering: {place}{}", complaint.words)
}

/// Looks until every protocol is there or gone as it should be; BIRD takes a moment to close a
/// session.
async fn look_for(
    bird: &mut Bird,
    settings: &ApplySettings,
    present: &[Owner],
    absent: &[Owner],
) -> Result<Failures, BirdError> {
    const MISSING: &str =
        "BIRD was configured and does not run its protocol; is bgp_peers included?";
    const STAYING: &str = "BIRD still runs its protocol";
    let mut wrong = Failures::new();
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

/// A BGP session as the board tells it.
pub fn view(status: BgpStatus) -> BgpView {
    let (up, down): (Vec<_>, Vec<_>) =
        status.channels.into_iter().partition(|it| it.imported.is_some());
    let offer = |it: Capabilities| Offer { families: it.families, next_hops: it.next_hops };
    BgpView {
        state: status.bgp_state.map_or(String::new(), |it| it.to_string()),
        since: status.protocol.since,
        last_error: status.last_error.unwrap_or_default(),
        earlier_error: String::new(),
        neighbor_as: status.neighbor_as,
        offer: status.capabilities.map(offer),
        routes: up.into_iter().map(routes).collect(),
        missing: down.into_iter().map(|it| it.name).collect(),
    }
}

fn routes(channel: Channel) -> RoutesView {
    let limit = if channel.limit_hit { Limit::Hit } else { Limit::Kept };
    RoutesView {
        family: channel.name,
        imported: channel.imported.unwrap_or(0),
        filtered: channel.filtered,
        exported: channel.exported.unwrap_or(0),
        received: channel.received,
        refused: channel.refused,
        limit: channel.import_limit.map(|it| (it, limit)),
    }
}
