//! peer_list: how every peering lives. All of it stands on the board: nobody is asked.

use super::Control;
use super::context::Context;
use crate::answer::{
    BgpLife, Life, LifeView, ListedPeer, PeerList, PeerView, RouteCounts, Sign, Signs,
};
use crate::board::{Echo, Entry};
use crate::command::{Only, Scope};
use crate::limits::HANDSHAKE_LINK_UP;
use crate::model::Mntner;
use crate::peering::Peering;
use crate::registry::Index;
use std::time::Duration;

impl Control {
    pub(super) fn list(&self, context: &Context<'_>) -> PeerList {
        let request = context.request;
        let everybody = request.scope == Scope::All || context.identity.maintainer.is_none();
        let mut peers = Vec::new();
        for peering in &context.peerings {
            if !everybody && !context.owned.contains(&peering.asn) {
                continue;
            }
            let listed = self.listed(context, peering);
            if request.only == Only::Any || listed.life.life == Life::Down {
                peers.push(listed);
            }
        }
        PeerList { peers, scope: request.scope, only: request.only, now: context.now }
    }

    /// A peering with what the board says of its life.
    pub(super) fn listed(&self, context: &Context<'_>, peering: &Peering) -> ListedPeer {
        let peer = self.view(context, peering);
        let life = self.life(&peer, whose(&context.index, peering));
        ListedPeer { peer, life }
    }

    fn life(&self, peer: &PeerView, maintainer: Option<Mntner>) -> LifeView {
        let entry = self.board.entry(peer.asn).unwrap_or_default();
        let handshake = self.board.handshake_age(peer.asn);
        let signs = Signs { tunnel: self.tunnel(&entry, handshake), bgp: self.bgp(&entry) };
        LifeView {
            life: Life::of(peer.state, signs),
            signs,
            handshake,
            link_since: entry.since.link,
            bgp: bgp_life(&entry),
            rtt_us: match entry.rtt {
                Some(Echo::Answer(us)) => Some(us),
                Some(Echo::Silence | Echo::Unable(_)) | None => None,
            },
            maintainer,
        }
    }

    fn tunnel(&self, entry: &Entry, handshake: Option<Duration>) -> Sign {
        match handshake {
            _ if entry.link.is_none() && !self.board.sight().links => Sign::Unseen,
            Some(age) if age <= HANDSHAKE_LINK_UP => Sign::Up,
            Some(_) | None => Sign::Down,
        }
    }

    fn bgp(&self, entry: &Entry) -> Sign {
        match &entry.bgp {
            Some(bgp) if bgp.is_established() => Sign::Up,
            Some(_) => Sign::Down,
            None if self.board.sight().bird => Sign::Down,
            None => Sign::Unseen,
        }
    }
}

fn bgp_life(entry: &Entry) -> BgpLife {
    let Some(bgp) = &entry.bgp else { return BgpLife::default() };
    let mut routes = RouteCounts::default();
    for family in &bgp.routes {
        routes.imported = routes.imported.saturating_add(family.imported);
        routes.exported = routes.exported.saturating_add(family.exported);
    }
    BgpLife { state: bgp.state, since: entry.since.bgp, routes: Some(routes) }
}

/// The recorded maintainer, as long as the registry does not say that it is another's.
fn whose(index: &Index, peering: &Peering) -> Option<Mntner> {
    let recorded = peering.maintainer.as_ref();
    let mut owners = index.owners(peering.asn).peekable();
    let Some(first) = owners.peek().copied() else { return recorded.cloned() };
    owners.find(|owner| Some(*owner) == recorded).or(Some(first)).cloned()
}
