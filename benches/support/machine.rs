//! What made-up peerings want of a machine, and a machine that has it.

use crate::peers;
use peerling::model::{IfName, WgSecret};
use peerling::peering::{Peering, Site, files};
use peerling::plan::wireguard::{KEEPALIVE_S, LinkActual, LinkWanted, PeerActual, allowed_ips};
use peerling::plan::{Actual, PeeringWanted, Wanted, bird};
use std::collections::BTreeSet;

/// Everything that is wanted for these peerings: files and links.
pub fn wanted(peerings: &[Peering]) -> Wanted {
    let (site, secret) = (peers::site(), peers::secret());
    let one = |it: &Peering| (it.asn, one_wanted(it, &site, &secret));
    Wanted { peerings: peerings.iter().map(one).collect(), ended: Vec::new() }
}

fn one_wanted(it: &Peering, site: &Site, secret: &WgSecret) -> PeeringWanted {
    PeeringWanted {
        conf: files::our_conf(it, site, secret).unwrap(),
        bird: bird::render(it, site, "dnpeers", bird::LATENCY_UNKNOWN).unwrap(),
        link: Some(LinkWanted {
            name: IfName::of(it.asn),
            private_key: secret.clone(),
            listen_port: site.port(it.id).unwrap(),
            mtu: it.mtu,
            local: site.local(it).unwrap(),
            remote: site.remote(it).unwrap(),
            peer_key: it.key,
            preshared_key: None,
            endpoint: None,
        }),
    }
}

/// A machine where everything wanted is there.
pub fn actual(wanted: &Wanted) -> Actual {
    let files = |text: fn(&PeeringWanted) -> &String| {
        wanted.peerings.iter().map(|(asn, it)| (*asn, text(it).clone())).collect()
    };
    let links = wanted.peerings.values().filter_map(|it| it.link.as_ref());
    Actual {
        confs: files(|it| &it.conf),
        birds: files(|it| &it.bird),
        links: links.map(|link| (link.name.clone(), one_actual(link))).collect(),
        protocols: Some(wanted.peerings.keys().copied().collect()),
        disabled: BTreeSet::new(),
    }
}

fn one_actual(link: &LinkWanted) -> LinkActual {
    LinkActual {
        index: 1,
        up: true,
        mtu: 1420,
        unrouted: false,
        addresses: vec![(link.local.get(), link.remote.get())],
        private_key: Some(link.private_key.clone()),
        listen_port: link.listen_port.get(),
        peers: vec![PeerActual {
            key: link.peer_key,
            preshared_key: None,
            endpoint: None,
            keepalive_s: KEEPALIVE_S,
            allowed_ips: allowed_ips(),
            last_handshake_s: 0,
            rx_bytes: 0,
            tx_bytes: 0,
        }],
    }
}
