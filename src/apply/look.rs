//! How single peerings are at this moment, for whoever asked: the link, the BGP session, whether
//! their address answers through the tunnel, and what this machine's kernel does for all of them:
//! where it refuses BIRD's routes, or forwards nothing, BGP sessions are Established all the same.

use super::{Apply, ApplySettings};
use crate::board::{BgpView, Echo, KernelView, Limit, LinkView, Offer, RawView, RoutesView};
use crate::limits::{
    BIRD_CONNECT_TIMEOUT, HANDSHAKE_FRESH, KERNEL_LOOK_KEPT, RAW_BYTES_MAX, TUNNEL_ECHO_PAUSE,
    TUNNEL_ECHOES, TUNNEL_WAIT,
};
use crate::model::{Asn, IfName};
use crate::plan::Owner;
use crate::plan::latency::median_us;
use crate::plan::wireguard::{LinkActual, show};
use crate::sys;
use crate::sys::bird::{BgpStatus, BirdError, Capabilities, Channel, KernelRoutes, connect};
use crate::sys::netlink;
use crate::sys::ping::{Echoes, PingError, ping};
use ipnet::IpNet;
use smol::LocalExecutor;
use smol::future::zip;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

impl Apply {
    /// Looks at these peerings, at all of them at once, and tells on the board.
    pub(super) async fn look(&mut self, asns: &[Asn]) {
        let settings = self.settings.borrow().clone();
        let naming = &settings.pop.naming;
        let found = settings.pop.backend.observe(&settings.patience, naming).await;
        let mut links = BTreeMap::new();
        let mut live = BTreeMap::new();
        for (name, link) in found.unwrap_or_default() {
            let asn = naming.link_owner(name.as_str()).and_then(Owner::asn);
            if let (Ok(link), Some(asn)) = (link, asn)
                && asns.contains(&asn)
            {
                live.insert(asn, link.clone());
                links.insert(name, link);
            }
        }
        let ages = self.board.handshake_ages(&links);
        live.retain(|asn, _| {
            ages.get(&naming.peering_link(*asn)).is_some_and(|age| *age <= HANDSHAKE_FRESH)
        });
        let asked = zip(self.bird.look(&settings, asns), self.kernel.look(&settings));
        let ((mut sessions, kernel), mut tunnels) = zip(asked, tunnels(&live)).await;
        if let Some(view) = kernel {
            self.board.set_kernel(view);
        }
        for asn in asns {
            self.board.update(*asn, |entry| {
                let (bgp, bird) = sessions.remove(asn).unzip();
                let name = naming.peering_link(*asn);
                let link = links.get(&name);
                entry.link = link.and_then(link_view);
                entry.see_bgp(bgp);
                entry.looks += 1;
                let wireguard = link.map(|link| show(&name, link, sys::now()));
                entry.raw = Some(Rc::new(raw(name, wireguard, bird)));
                entry.tunnel = tunnels.remove(asn);
            });
        }
    }
}

/// Looks at the kernel, of which there is one in [`KERNEL_LOOK_KEPT`] however many ask.
#[derive(Debug, Default)]
pub struct KernelWatch {
    /// The POP's addresses, as the last pass had them.
    pub addresses: Vec<IpNet>,
    last: Option<Instant>,
}

impl KernelWatch {
    /// How the kernel is; `None`: somebody looked a moment ago.
    pub async fn look(&mut self, settings: &ApplySettings) -> Option<KernelView> {
        if self.last.is_some_and(|last| last.elapsed() < KERNEL_LOOK_KEPT) {
            return None;
        }
        let mut view = KernelView::default();
        if let Some(socket) = &settings.bird_socket
            && let Ok(routes) = kernel_routes(socket).await
        {
            (view.routes, view.refused) = (routes.best, routes.refused);
        }
        if let Ok(present) = netlink::host_addresses() {
            for wanted in &self.addresses {
                if !present.iter().any(|host| host.serves_as(wanted)) {
                    view.missing.push(wanted.addr());
                }
            }
        }
        // What cannot be seen is not told.
        view.not_forwarded = netlink::families_not_forwarded().unwrap_or_default();
        self.last = Some(Instant::now());
        Some(view)
    }
}

async fn kernel_routes(socket: &Path) -> Result<KernelRoutes, BirdError> {
    connect(socket, BIRD_CONNECT_TIMEOUT).await?.kernel_routes().await
}

/// What other programs would show, in bounds.
fn raw(link: IfName, wireguard: Option<String>, bird: Option<String>) -> RawView {
    let (wireguard, bird) = (wireguard.unwrap_or_default(), bird.unwrap_or_default());
    RawView { link: link.to_string(), wireguard: bounded(wireguard), bird: bounded(bird) }
}

fn bounded(text: String) -> String {
    match text.as_bytes().get(..RAW_BYTES_MAX) {
        Some(start) if text.len() > RAW_BYTES_MAX => {
            format!("{}\n(more)", String::from_utf8_lossy(start))
        }
        _ => text,
    }
}

/// What comes back through these tunnels, which had a handshake lately; others would have to make
/// one first.
async fn tunnels(links: &BTreeMap<Asn, LinkActual>) -> BTreeMap<Asn, Echo> {
    let executor = LocalExecutor::new();
    let mut tasks = Vec::new();
    for (asn, link) in links {
        tasks.push((*asn, executor.spawn(through(link))));
    }
    let echoes = async {
        let mut echoes = BTreeMap::new();
        for (asn, task) in tasks {
            echoes.extend(task.await.map(|echo| (asn, echo)));
        }
        echoes
    };
    executor.run(echoes).await
}

/// Pings their address on a link; `None` where the link has none yet.
async fn through(link: &LinkActual) -> Option<Echo> {
    let echoes = Echoes { count: TUNNEL_ECHOES, interval: TUNNEL_ECHO_PAUSE, timeout: TUNNEL_WAIT };
    let mut pairs = link.addresses.iter();
    let (_, theirs) = pairs.find(|(ours, theirs)| ours.is_ipv6() && ours != theirs)?;
    Some(echo(ping(*theirs, link.index, echoes).await))
}

/// What came back, in the board's words.
pub fn echo(pinged: Result<Vec<Duration>, PingError>) -> Echo {
    match pinged.map(median_us) {
        Ok(Some(round_trip_us)) => Echo::Answer(round_trip_us),
        Ok(None) => Echo::Silence,
        Err(error) => Echo::Unable(error.to_string()),
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

/// A BGP session as the board tells it.
pub fn bgp_view(status: BgpStatus) -> BgpView {
    let (up, down): (Vec<_>, Vec<_>) =
        status.channels.into_iter().partition(|channel| channel.imported.is_some());
    BgpView {
        state: status.bgp_state,
        since: status.protocol.since,
        last_error: status.last_error.unwrap_or_default(),
        earlier_error: String::new(),
        neighbor_as: status.neighbor_as,
        offer: status.capabilities.map(offer),
        routes: up.into_iter().map(routes).collect(),
        missing: down.into_iter().map(|channel| channel.name).collect(),
    }
}

fn offer(capabilities: Capabilities) -> Offer {
    Offer { families: capabilities.families, next_hops: capabilities.next_hops }
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
        limit: channel.import_limit.map(|action| (action, limit)),
    }
}
