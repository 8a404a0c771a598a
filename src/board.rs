//! What stands between commands and the apply loop: the bell that wakes it, the board it publishes
//! on.
//!
//! The bell has room for one ring: causes coalesce, the loop runs at its own pace. The board tells
//! per peering what was reached; whoever waits for it is woken by each publication. Nothing but the
//! loop asks the kernel or BIRD; commands read the board.

pub use crate::diagnosis::{
    BgpView, CapturedHandshake, Echo, KernelView, Limit, LinkView, Offer, Probe, RawView,
    RoutesView,
};

use crate::limits::BELL_CAUSES_MAX;
use crate::model::{Asn, Handshakes, IfName, Timestamp};
use crate::peering::Generation;
use crate::plan::Owner;
use crate::plan::naming::Naming;
use crate::plan::wireguard::LinkActual;
use crate::sys;
use crate::sys::bird::Claims;
use smol::channel::{Receiver, Sender, bounded};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Why the loop is woken. Words are for the log; only the variant steers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A command saved something.
    Saved(String),
    /// The configuration was read again (SIGHUP): the operator wants everything tried at once.
    Reload,
    /// The interval is over.
    Tick,
    /// The registry, or the route origins in it.
    Registry(&'static str),
    /// What BIRD runs is not what it should.
    Bird(&'static str),
    /// Somebody wants to know how this peering is.
    Look(Asn),
    /// Something else may have changed.
    Other(&'static str),
}

pub struct Bell {
    causes: RefCell<Vec<Cause>>,
    ring: (Sender<()>, Receiver<()>),
}

#[derive(Default)]
pub struct Board {
    entries: RefCell<Entries>,
    mesh_links: RefCell<BTreeMap<Owner, MeshLinkStatus>>,
    generation: Cell<Generation>,
    trouble: RefCell<Option<String>>,
    kernel: RefCell<Option<Rc<KernelView>>>,
    /// What things are called.
    naming: RefCell<Rc<Naming>>,
    handshakes: RefCell<Handshakes>,
    claims: RefCell<Claims>,
    watchers: RefCell<Vec<Sender<()>>>,
    sight: Cell<Sight>,
}

/// What the loop has made of the mesh link to another POP of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeshLinkStatus {
    /// Its link, where that is not switched off.
    pub link: bool,
    /// Its BGP session, where that is not the operator's own.
    pub session: bool,
}

/// How one peering is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The generation that this tells about.
    pub generation: Generation,
    /// What the loop achieved.
    pub progress: Progress,
    /// The address that the endpoint has now, where it is one.
    pub endpoint: Option<SocketAddr>,
    /// Why the endpoint is not used.
    pub endpoint_trouble: Option<String>,
    pub link: Option<LinkView>,
    pub bgp: Option<BgpView>,
    /// The dn42 latency class that BIRD is told.
    pub class: Option<u8>,
    /// What came back when the endpoint was last pinged.
    pub rtt: Option<Echo>,
    /// What came back when their address was last pinged, through the tunnel.
    pub tunnel: Option<Echo>,
    /// How often somebody has looked since the start.
    pub looks: u64,
    /// What other programs would have shown when somebody last looked.
    pub raw: Option<Rc<RawView>>,
    /// What was last found at an endpoint that does not answer.
    pub port_probe: Option<PortProbe>,
    /// When it came up or went down.
    pub since: Since,
}

/// When the watch saw the parts of a peering come up or go down; `None`: it never did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// The link.
    pub link: Option<Timestamp>,
    /// The BGP session.
    pub bgp: Option<Timestamp>,
}

/// What this POP can look at. Of the rest nobody here knows whether it is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Links.
    pub links: bool,
    /// BGP sessions.
    pub bird: bool,
}

/// How all peerings are.
pub type Entries = BTreeMap<Asn, Entry>;

/// What was found at an endpoint that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortProbe {
    pub at: Instant,
    pub address: SocketAddr,
    pub said: Probe,
    /// What its handshakes were like.
    pub captured: Option<CapturedHandshake>,
}

/// What the loop achieved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    #[default]
    Queued,
    /// It is on the machine.
    Applied,
    /// It is not, and this is why.
    Failed(String),
}

impl Entry {
    /// What was found at this address; nothing, if it was found elsewhere.
    pub fn port_probe_of(&self, address: SocketAddr) -> Option<PortProbe> {
        self.port_probe.filter(|probe| probe.address == address)
    }

    /// How the BGP session is now. What was said before it only hung up is kept.
    pub fn see_bgp(&mut self, seen: Option<BgpView>) {
        let before = self.bgp.take();
        self.bgp = seen.map(|mut view| {
            view.remember(before);
            view
        });
    }
}

impl Default for Bell {
    fn default() -> Bell {
        Bell { causes: RefCell::default(), ring: bounded(1) }
    }
}

impl Bell {
    /// Wakes the loop. More causes than [`BELL_CAUSES_MAX`] become one: everything. A reload is
    /// not lost among them.
    pub fn ring(&self, cause: Cause) {
        let mut causes = self.causes.borrow_mut();
        if causes.len() >= BELL_CAUSES_MAX {
            causes.retain(|kept| *kept == Cause::Reload);
            causes.push(Cause::Other("many changes at once"));
        }
        if !causes.contains(&cause) {
            causes.push(cause);
        }
        // Full means that the loop is to wake already.
        let _ = self.ring.0.try_send(());
    }

    /// Waits for a ring; everything that was asked for until then.
    pub async fn heard(&self) -> Vec<Cause> {
        // The sender lives as long as the bell: this cannot fail.
        let _ = self.ring.1.recv().await;
        self.causes.take()
    }
}

impl Board {
    /// The entry of a peering, if there ever was one.
    pub fn entry(&self, asn: Asn) -> Option<Entry> {
        self.entries.borrow().get(&asn).cloned()
    }

    /// How often the peering was looked at.
    pub fn looks(&self, asn: Asn) -> u64 {
        self.entries.borrow().get(&asn).map_or(0, |entry| entry.looks)
    }

    /// The peerings about which a command saved something that the loop has not dealt with.
    pub fn queued(&self) -> Vec<Asn> {
        let entries = self.entries.borrow();
        let queued = entries.iter().filter(|(_, entry)| entry.progress == Progress::Queued);
        queued.map(|(asn, _)| *asn).collect()
    }

    /// What can be looked at here; nothing before the first look.
    pub fn sight(&self) -> Sight {
        self.sight.get()
    }

    /// The watch tells what it can look at.
    pub fn set_sight(&self, sight: Sight) {
        self.sight.set(sight);
    }

    /// Every entry.
    pub fn entries(&self) -> BTreeMap<Asn, Entry> {
        self.entries.borrow().clone()
    }

    /// The mesh links that are as they should be.
    pub fn mesh_links(&self) -> BTreeMap<Owner, MeshLinkStatus> {
        self.mesh_links.borrow().clone()
    }

    /// The loop tells which mesh links are as they should be.
    pub fn set_mesh_links(&self, links: BTreeMap<Owner, MeshLinkStatus>) {
        self.mesh_links.replace(links);
    }

    /// The operator's own file that has the BGP session of this AS number, if there is one.
    pub fn hand_made(&self, asn: Asn) -> Option<PathBuf> {
        let claims = self.claims.borrow();
        let symbols = self.naming.borrow().symbols(Owner::Peering(asn));
        symbols.iter().find_map(|name| claims.get(name).cloned())
    }

    /// The loop tells what the operator's own files define.
    pub fn set_claims(&self, claims: Claims) {
        self.claims.replace(claims);
    }

    /// The loop tells what things are called.
    pub fn set_naming(&self, naming: Rc<Naming>) {
        self.naming.replace(naming);
    }

    /// The generation that the loop last dealt with.
    pub fn generation(&self) -> Generation {
        self.generation.get()
    }

    /// What keeps the loop from working at all: the database, BIRD, the operator's own files.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }

    /// What the kernel made of BIRD's routes when somebody last looked.
    pub fn kernel(&self) -> Option<Rc<KernelView>> {
        self.kernel.borrow().clone()
    }

    /// The loop tells how the kernel is.
    pub fn set_kernel(&self, view: KernelView) {
        self.kernel.replace(Some(Rc::new(view)));
    }

    /// A command saved something about this peering: what the board says is no longer true.
    pub fn expect(&self, asn: Asn, generation: Generation) {
        let mut entries = self.entries.borrow_mut();
        let entry = entries.entry(asn).or_default();
        entry.generation = generation;
        entry.progress = Progress::Queued;
    }

    /// The loop tells what a pass over `generation` reached, and may take from what was known
    /// before. An entry that a newer command already made stale stays queued; peerings that it does
    /// not tell of are gone, unless a newer command made them.
    pub fn publish(&self, generation: Generation, tell: impl FnOnce(&mut Entries) -> Entries) {
        let (newer, mut before): (Entries, Entries) =
            self.entries.take().into_iter().partition(|(_, entry)| entry.generation > generation);
        let mut entries = tell(&mut before);
        entries.extend(newer);
        self.entries.replace(entries);
        self.generation.set(generation);
        self.wake();
    }

    /// The loop tells how one peering is, apart from a pass.
    pub fn update(&self, asn: Asn, change: impl FnOnce(&mut Entry)) {
        self.note(asn, change);
        self.wake();
    }

    /// Adds to what is told of a peering, for whoever asks next; nobody is woken for it.
    pub fn note(&self, asn: Asn, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.borrow_mut().get_mut(&asn) {
            change(entry);
        }
    }

    /// How old the last handshakes of links are, where there was one. Whoever looks at
    /// links tells it here, so that a wall clock that is set misleads nobody.
    pub fn handshake_ages(
        &self,
        links: &BTreeMap<IfName, LinkActual>,
    ) -> BTreeMap<IfName, Duration> {
        let (now, mut known) = ((sys::now(), Instant::now()), self.handshakes.borrow_mut());
        let mut ages = BTreeMap::new();
        for (name, link) in links {
            if let Some(peer) = link.peers.first()
                && let Some(age) = known.age(name, peer.last_handshake_s, now)
            {
                ages.insert(name.clone(), age);
            }
        }
        ages
    }

    /// The same of one link that is on the board.
    pub fn handshake_age(&self, asn: Asn) -> Option<Duration> {
        let last_s = self.entry(asn)?.link?.last_handshake_s;
        let link = self.naming.borrow().peering_link(asn);
        self.handshakes.borrow_mut().age(&link, last_s, (sys::now(), Instant::now()))
    }

    /// Where the members are, as far as that is known.
    pub fn endpoints(&self) -> BTreeMap<Asn, IpAddr> {
        let mut known = BTreeMap::new();
        for (asn, entry) in self.entries.borrow().iter() {
            let seen = entry.link.as_ref().and_then(|link| link.endpoint);
            if let Some(endpoint) = entry.endpoint.or(seen) {
                known.insert(*asn, endpoint.ip());
            }
        }
        known
    }

    /// The loop tells that it cannot work, or that it can again.
    pub fn set_trouble(&self, trouble: Option<String>) {
        self.trouble.replace(trouble);
        self.wake();
    }

    fn wake(&self) {
        // Dropping the senders ends every wait.
        self.watchers.take();
    }

    /// Ends with the next publication.
    pub fn changed(&self) -> impl Future<Output = ()> + use<> {
        let (sender, receiver) = bounded(1);
        self.watchers.borrow_mut().push(sender);
        async move {
            let _ = receiver.recv().await;
        }
    }

    /// Ends when the loop has dealt with `generation` of this peering: what it achieved, or `None`
    /// if nothing of the peering is left.
    pub async fn settled(&self, asn: Asn, generation: Generation) -> Option<Progress> {
        loop {
            let changed = self.changed();
            match self.entry(asn) {
                Some(entry)
                    if entry.generation >= generation && entry.progress != Progress::Queued =>
                {
                    return Some(entry.progress);
                }
                None if self.generation.get() >= generation => return None,
                _ => changed.await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol::future::{block_on, poll_once};

    fn asn(number: u32) -> Asn {
        Asn::new(number).unwrap()
    }

    fn applied(generation: Generation) -> Entry {
        Entry { generation, progress: Progress::Applied, ..Entry::default() }
    }

    #[test]
    fn rings_coalesce_and_none_is_lost() {
        let bell = Bell::default();
        assert!(block_on(poll_once(bell.heard())).is_none());
        bell.ring(Cause::Look(asn(1)));
        bell.ring(Cause::Look(asn(1)));
        bell.ring(Cause::Saved("x".into()));
        assert_eq!(block_on(bell.heard()), [Cause::Look(asn(1)), Cause::Saved("x".into())]);
        assert!(block_on(poll_once(bell.heard())).is_none());
        bell.ring(Cause::Reload);
        (0..BELL_CAUSES_MAX * 3).for_each(|it| bell.ring(Cause::Saved(it.to_string())));
        let heard = block_on(bell.heard());
        assert!(heard.len() <= BELL_CAUSES_MAX && heard.contains(&Cause::Reload));
    }

    #[test]
    fn waiting_ends_with_the_generation_and_not_before() {
        let board = Board::default();
        board.expect(asn(1), 5);
        let mut wait = Box::pin(board.settled(asn(1), 5));
        assert!(block_on(poll_once(&mut wait)).is_none());
        board.publish(4, |_| BTreeMap::from([(asn(1), applied(4))]));
        assert!(block_on(poll_once(&mut wait)).is_none(), "an older pass says nothing about it");
        board.publish(5, |_| BTreeMap::from([(asn(1), applied(5))]));
        assert_eq!(block_on(wait), Some(Progress::Applied));
    }

    #[test]
    fn what_is_gone_is_gone_only_after_its_pass() {
        let board = Board::default();
        board.publish(1, |_| BTreeMap::from([(asn(1), applied(1))]));
        board.expect(asn(1), 2);
        let mut wait = Box::pin(board.settled(asn(1), 2));
        board.publish(1, |_| BTreeMap::new());
        assert!(block_on(poll_once(&mut wait)).is_none());
        board.publish(2, |_| BTreeMap::new());
        assert_eq!(block_on(wait), None);
    }
}
