//! How single peerings are at this moment, for whoever asked: the link, the BGP session, and
//! whether their address answers through the tunnel.

use super::{Apply, link_view};
use crate::board::{BgpView, Echo, RawView};
use crate::limits::{
    HANDSHAKE_STALE_S, RAW_BYTES_MAX, TUNNEL_ECHO_PAUSE_MS, TUNNEL_ECHOES, TUNNEL_WAIT_MS,
};
use crate::model::{Asn, IfName};
use crate::plan::latency::median_us;
use crate::plan::wireguard::{LinkActual, show};
use crate::sys;
use crate::sys::ping::{Echoes, PingError, ping};
use smol::LocalExecutor;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

impl Apply {
    /// Looks at these peerings, at all of them at once, and tells on the board.
    pub(super) async fn look(&mut self, asns: &[Asn]) {
        let settings = self.settings.borrow().clone();
        let mut observed =
            settings.pop.backend.observe(&settings.patience).await.unwrap_or_default();
        let mut link = |asn: &Asn| {
            let name = IfName::of(*asn);
            Some((name.clone(), observed.remove(&name)?.ok()?))
        };
        let links: BTreeMap<IfName, LinkActual> = asns.iter().filter_map(&mut link).collect();
        let ages = self.board.handshake_ages(&links);
        let live = |it: &IfName| ages.get(it).is_some_and(|age| *age <= HANDSHAKE_STALE_S);
        let sessions = async {
            let mut sessions = BTreeMap::new();
            for asn in asns {
                sessions.insert(*asn, self.bird.look(&settings, *asn).await);
            }
            sessions
        };
        let (mut sessions, mut tunnels): (BTreeMap<Asn, Option<(BgpView, String)>>, _) =
            smol::future::zip(sessions, tunnels(&links, live)).await;
        for asn in asns {
            self.board.update(*asn, |entry| {
                let (bgp, bird) = sessions.remove(asn).flatten().unzip();
                let link = links.get(&IfName::of(*asn));
                entry.link = link.and_then(link_view);
                entry.see_bgp(bgp);
                entry.looks += 1;
                let wireguard = link.map(|link| show(&IfName::of(*asn), link, sys::now()));
                entry.raw = Some(Rc::new(raw(wireguard, bird)));
                entry.tunnel = tunnels.remove(asn);
            });
        }
    }
}

/// What other programs would show, in bounds.
fn raw(wireguard: Option<String>, bird: Option<String>) -> RawView {
    let cut = |text: Option<String>| match text.unwrap_or_default() {
        long if long.len() > RAW_BYTES_MAX => {
            let start =
                String::from_utf8_lossy(long.as_bytes().get(..RAW_BYTES_MAX).unwrap_or(&[]));
            format!("{start}\n(more)")
        }
        whole => whole,
    };
    RawView { wireguard: cut(wireguard), bird: cut(bird) }
}

/// What comes back through the tunnels that had a handshake lately; the others would have to make
/// one first.
async fn tunnels(
    links: &BTreeMap<IfName, LinkActual>,
    is_live: impl Fn(&IfName) -> bool,
) -> BTreeMap<Asn, Echo> {
    let executor = LocalExecutor::new();
    let live = links.iter().filter(|(name, _)| is_live(name));
    let live = live.filter_map(|(name, link)| Some((IfName::owner(name.as_str())?, link)));
    let tasks: Vec<_> = live.map(|(asn, link)| (asn, executor.spawn(through(link)))).collect();
    executor
        .run(async {
            let mut echoes = BTreeMap::new();
            for (asn, task) in tasks {
                echoes.extend(task.await.map(|echo| (asn, echo)));
            }
            echoes
        })
        .await
}

/// Pings their address on a link; `None` where the link has none yet.
async fn through(link: &LinkActual) -> Option<Echo> {
    let echoes = Echoes {
        count: TUNNEL_ECHOES,
        interval: Duration::from_millis(TUNNEL_ECHO_PAUSE_MS),
        timeout: Duration::from_millis(TUNNEL_WAIT_MS),
    };
    let is_pair = |(ours, theirs): &&(IpAddr, IpAddr)| ours.is_ipv6() && ours != theirs;
    let theirs = link.addresses.iter().find(is_pair)?.1;
    Some(echo(ping(theirs, link.index, echoes).await))
}

/// What came back, in the board's words.
pub fn echo(pinged: Result<Vec<Duration>, PingError>) -> Echo {
    match pinged.map(median_us) {
        Ok(Some(round_trip_us)) => Echo::Answer(round_trip_us),
        Ok(None) => Echo::Silence,
        Err(error) => Echo::Unable(error.to_string()),
    }
}
