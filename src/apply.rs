//! The loop that makes the machine what the database says.
//!
//! It sleeps until the bell rings or the interval is over, then makes one pass: read what is
//! wanted, observe what is, take the steps of the difference, publish the board. It always compares
//! with the machine itself, so a restart, an edit by hand and a crash in the middle are one and the
//! same case. A step that fails marks its peering and nothing else; the next pass tries again.

mod bird;
mod endpoints;
mod look;
mod observe;

use crate::board::{Bell, Board, Cause, Entry, LinkView, Progress};
use crate::limits::{RETRY_S, RETRY_S_MAX};
use crate::model::{Asn, Measured, Timestamp, WgSecret};
use crate::peering::policy::Policy;
use crate::peering::{Peering, Site, Standing, files as texts};
use crate::plan::wireguard::{EndpointRule, LinkActual, LinkWanted};
use crate::plan::{self, Actual, FileKind, PeeringWanted, Step, Wanted};
use crate::store::{Generation, Store, Tombstone};
use crate::sys::dns::Resolver;
use crate::sys::files;
use crate::sys::wireguard::Backend;
use bird::BirdHand;
use endpoints::Resolved;
use smol::future::FutureExt as _;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

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
}

/// The loop.
pub struct Apply {
    store: Rc<RefCell<Store>>,
    bell: Rc<Bell>,
    board: Rc<Board>,
    resolver: Rc<Resolver>,
    settings: Rc<RefCell<Rc<ApplySettings>>>,
    bird: BirdHand,
    /// Failed peerings by what they failed with, so that each failure is logged once.
    told: BTreeMap<Asn, String>,
}

/// What one pass works on, and what came of it.
struct Pass {
    settings: Rc<ApplySettings>,
    generation: Generation,
    peerings: Vec<Peering>,
    stones: Vec<Tombstone>,
    /// Standing that is not to be served: taken down like a removal, but kept in the database.
    resting: Vec<Asn>,
    latencies: BTreeMap<Asn, Measured>,
    actual: Actual,
    resolved: BTreeMap<Asn, Resolved>,
    failures: BTreeMap<Asn, String>,
    steps: usize,
}

impl Apply {
    /// A loop over this database; it does nothing before [`Apply::run`].
    pub fn new(
        store: Rc<RefCell<Store>>,
        (bell, board): (Rc<Bell>, Rc<Board>),
        resolver: Rc<Resolver>,
        settings: Rc<RefCell<Rc<ApplySettings>>>,
    ) -> Apply {
        let (bird, told) = (BirdHand::default(), BTreeMap::new());
        Apply { store, bell, board, resolver, settings, bird, told }
    }

    /// The settings; whoever replaces them rings the bell.
    pub fn settings(&self) -> Rc<RefCell<Rc<ApplySettings>>> {
        self.settings.clone()
    }

    /// Runs until the program ends. The first pass comes at once.
    pub async fn run(mut self) {
        let mut causes = vec![Cause::Everything("start")];
        let mut retry_s = RETRY_S;
        loop {
            let well = self.heed(&causes).await;
            let interval = self.settings.borrow().interval;
            let pause = if well { interval } else { Duration::from_secs(retry_s).min(interval) };
            retry_s = if well { RETRY_S } else { (2 * retry_s).min(RETRY_S_MAX) };
            let tick = async {
                smol::Timer::after(pause).await;
                vec![Cause::Everything("tick")]
            };
            causes = self.bell.heard().or(tick).await;
        }
    }

    /// Does what was asked for; `false` if something is to be tried again soon.
    async fn heed(&mut self, causes: &[Cause]) -> bool {
        let looks: Vec<Asn> = causes
            .iter()
            .filter_map(|cause| if let Cause::Look(asn) = cause { Some(*asn) } else { None })
            .collect();
        let well = match looks.len() == causes.len() {
            true => true,
            false => self.pass(causes).await,
        };
        if !looks.is_empty() {
            self.look(&looks).await;
        }
        well
    }

    /// One pass. `true`: everything wanted is there.
    pub async fn pass(&mut self, causes: &[Cause]) -> bool {
        let mut pass = match self.read() {
            Ok(pass) => pass,
            Err(trouble) => {
                self.trouble(Some(trouble));
                return false;
            }
        };
        let observed = observe::actual(&pass.settings, &mut pass.failures);
        match observed {
            Ok(actual) => pass.actual = actual,
            Err(trouble) => {
                self.trouble(Some(trouble));
                return false;
            }
        }
        pass.actual.protocols = self.bird.recollect(&pass.settings).await;
        pass.resolved = endpoints::resolve(&self.resolver, &pass).await;
        self.perform(&mut pass).await;
        log::debug!("pass over generation {} ({causes:?}): {} steps", pass.generation, pass.steps);
        self.finish(pass).await
    }

    /// The steps that a pass would take now; none is taken. The board then tells of each peering
    /// whether it is as it should be.
    pub async fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut pass = self.read()?;
        pass.actual = observe::actual(&pass.settings, &mut pass.failures)?;
        pass.actual.protocols = self.bird.recollect(&pass.settings).await;
        pass.resolved = endpoints::resolve(&self.resolver, &pass).await;
        let steps = plan::diff(&pass.wanted(), &pass.actual);
        let mut entries = pass.entries(&self.board);
        for asn in steps.iter().filter_map(Step::asn) {
            if let Some(entry) = entries.get_mut(&asn) {
                entry.progress = Progress::Queued;
            }
        }
        self.board.publish(pass.generation, entries);
        Ok(steps)
    }

    fn read(&self) -> Result<Pass, String> {
        let store = self.store.borrow();
        let words = |error: crate::store::StoreError| error.to_string();
        let (mut peerings, mut resting) = (Vec::new(), Vec::new());
        let mut failures = BTreeMap::new();
        for row in store.rows().map_err(words)? {
            match Peering::read(&row) {
                Ok((peering, _)) if peering.standing == Standing::Active => peerings.push(peering),
                Ok((peering, _)) => resting.push(peering.asn),
                Err(why) => {
                    if let Some(asn) =
                        u32::try_from(row.as_num).ok().and_then(|it| Asn::new(it).ok())
                    {
                        failures.insert(asn, why.to_string());
                    }
                }
            }
        }
        Ok(Pass {
            settings: self.settings.borrow().clone(),
            generation: store.generation().map_err(words)?,
            stones: store.tombstones().map_err(words)?,
            peerings,
            resting,
            latencies: store.latencies().map_err(words)?,
            actual: Actual::default(),
            resolved: BTreeMap::new(),
            failures,
            steps: 0,
        })
    }

    async fn perform(&mut self, pass: &mut Pass) {
        let steps = plan::diff(&pass.wanted(), &pass.actual);
        pass.steps = steps.len();
        for step in &steps {
            let done = match step {
                Step::ConfigureBird { present, absent } => {
                    let well = |asn: &&Asn| !pass.failures.contains_key(*asn);
                    let present: Vec<Asn> = present.iter().filter(well).copied().collect();
                    if present.is_empty() && absent.is_empty() {
                        continue;
                    }
                    let refused =
                        self.bird.configure(&pass.settings, &steps, (&present, absent)).await;
                    for (asn, why) in refused {
                        pass.failures.entry(asn).or_insert(why);
                    }
                    continue;
                }
                _ if step.asn().is_some_and(|asn| pass.failures.contains_key(&asn)) => continue,
                other => perform(&pass.settings, other).await,
            };
            match done {
                Ok(()) => log::info!("{step}"),
                Err(why) => pass.fail(step.asn(), why),
            }
        }
    }

    /// Buries what is gone, looks at what is there now, and tells.
    async fn finish(&mut self, mut pass: Pass) -> bool {
        for stone in &pass.stones {
            if !pass.failures.contains_key(&stone.asn)
                && let Err(error) = self.store.borrow_mut().forget(*stone)
            {
                log::error!("AS{}: its removal cannot be noted: {error}", stone.asn);
            }
        }
        if pass.steps > 0 {
            match observe::actual(&pass.settings, &mut BTreeMap::new()) {
                Ok(actual) => pass.actual = actual,
                Err(why) => log::warn!("{why}"),
            }
        }
        self.tell(&pass);
        self.trouble(self.bird.trouble());
        let well = pass.failures.is_empty() && self.bird.trouble().is_none();
        self.board.publish(pass.generation, pass.entries(&self.board));
        well
    }

    /// Logs each failure once, and that it is over.
    fn tell(&mut self, pass: &Pass) {
        for (asn, why) in &pass.failures {
            if self.told.get(asn) != Some(why) {
                log::error!("AS{asn}: {why}");
            }
        }
        for asn in self.told.keys().filter(|asn| !pass.failures.contains_key(asn)) {
            log::info!("AS{asn}: well again");
        }
        self.told = pass.failures.clone();
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

impl Pass {
    fn fail(&mut self, asn: Option<Asn>, why: String) {
        match asn {
            Some(asn) => drop(self.failures.entry(asn).or_insert(why)),
            None => log::error!("{why}"),
        }
    }

    fn wanted(&self) -> Wanted {
        let wanted = |it: &Peering| Some((it.asn, self.peering_wanted(it)?));
        let stones = self.stones.iter().map(|stone| stone.asn);
        Wanted {
            peerings: self.peerings.iter().filter_map(wanted).collect(),
            ended: stones.chain(self.resting.iter().copied()).collect(),
        }
    }

    fn peering_wanted(&self, peering: &Peering) -> Option<PeeringWanted> {
        let settings = &self.settings;
        let class = self.class(peering.asn);
        Some(PeeringWanted {
            conf: texts::our_conf(peering, &settings.site, &settings.private_key)?,
            bird: plan::bird::render(peering, &settings.site, &settings.template, class)?,
            link: match settings.backend {
                Backend::Files => None,
                Backend::Kernel | Backend::Userspace { .. } => Some(self.link_wanted(peering)?),
            },
        })
    }

    /// The latency class: measured, or what the file says, by whomever it was measured.
    fn class(&self, asn: Asn) -> u8 {
        let measured = self.latencies.get(&asn).map(|it| it.class);
        let written = || plan::bird::latency(self.actual.birds.get(&asn)?);
        measured.or_else(written).unwrap_or(plan::bird::LATENCY_UNKNOWN)
    }

    fn link_wanted(&self, peering: &Peering) -> Option<LinkWanted> {
        let site = &self.settings.site;
        Some(LinkWanted {
            name: crate::model::IfName::of(peering.asn),
            private_key: self.settings.private_key.clone(),
            listen_port: site.port(peering.id)?,
            mtu: peering.mtu,
            local: site.local(peering)?,
            remote: site.remote(peering)?,
            peer_key: peering.key,
            preshared_key: peering.preshared_key.clone(),
            endpoint: self.resolved.get(&peering.asn).and_then(|it| it.address),
        })
    }

    /// The board's entries after this pass.
    fn entries(&self, board: &Board) -> BTreeMap<Asn, Entry> {
        let failed = self.failures.iter();
        let mut entries: BTreeMap<Asn, Entry> =
            failed.map(|(asn, why)| (*asn, self.entry(Progress::Failed(why.clone())))).collect();
        for peering in &self.peerings {
            let entry = entries.entry(peering.asn).or_insert_with(|| self.entry(Progress::Applied));
            let before = board.entry(peering.asn).unwrap_or_default();
            let link = self.actual.links.get(&crate::model::IfName::of(peering.asn));
            let resolved = self.resolved.get(&peering.asn);
            entry.link = link.and_then(link_view);
            entry.bgp = before.bgp;
            entry.class = Some(self.class(peering.asn));
            (entry.distance, entry.tunnel) = (before.distance, before.tunnel);
            entry.endpoint = resolved
                .and_then(|it| it.address)
                .or_else(|| link.and_then(|it| it.peers.first()?.endpoint))
                .or(before.endpoint);
            entry.endpoint_trouble = match resolved {
                Some(it) => it.trouble.clone(),
                None => before.endpoint_trouble,
            };
        }
        entries
    }

    fn entry(&self, progress: Progress) -> Entry {
        Entry { generation: self.generation, progress, ..Entry::default() }
    }
}

/// One step, except BIRD's.
async fn perform(settings: &ApplySettings, step: &Step) -> Result<(), String> {
    let directory = |kind: FileKind| -> &Path {
        match kind {
            FileKind::WireGuard => &settings.wireguard_directory,
            FileKind::Bird => &settings.bird_directory,
        }
    };
    let backend = &settings.backend;
    match step {
        Step::WriteFile { kind, asn, new, .. } => {
            files::write(directory(*kind), *kind, *asn, new).map_err(|it| it.to_string())
        }
        Step::RemoveFile { kind, asn, .. } => {
            files::remove(directory(*kind), *kind, *asn).map_err(|it| it.to_string())
        }
        Step::CreateLink(wanted) => backend.create(wanted).await.map_err(|it| it.to_string()),
        Step::ChangeLink(wanted, actual) => {
            let changed = backend.change(wanted, actual, EndpointRule::Set).await;
            changed.map(drop).map_err(|it| it.to_string())
        }
        Step::RemoveLink(name) => backend.remove(name).await.map_err(|it| it.to_string()),
        Step::ConfigureBird { .. } => Ok(()),
    }
}

fn link_view(link: &LinkActual) -> Option<LinkView> {
    let peer = link.peers.first()?;
    Some(LinkView {
        last_handshake_s: peer.last_handshake_s,
        endpoint: peer.endpoint,
        rx_bytes: peer.rx_bytes,
        tx_bytes: peer.tx_bytes,
    })
}

/// The age of a link's last handshake, in seconds; `None`: there never was one.
fn handshake_age(link: &LinkActual, now: Timestamp) -> Option<u64> {
    let last = link.peers.first()?.last_handshake_s;
    (last > 0).then(|| now.since(Timestamp(last)))
}
