//! What made-up peerings want of a machine, and a machine that has it.

use crate::peers;
use peerling::model::WgSecret;
use peerling::peering::{Peering, Site, files};
use peerling::plan::form::{Form, REFERENCE};
use peerling::plan::naming::Naming;
use peerling::plan::wireguard::{
    KEEPALIVE_S, LinkActual, LinkWanted, OtherAddresses, PeerActual, allowed_ips,
};
use peerling::plan::{Actual, Owner, ServedWanted, Wanted, bird};

/// Everything that is wanted for these peerings: files and links.
pub fn wanted(peerings: &[Peering]) -> Wanted {
    let (site, secret) = (peers::site(), peers::secret());
    let one = |it: &Peering| (Owner::Peering(it.asn), one_wanted(it, &site, &secret));
    Wanted { served: peerings.iter().map(one).collect(), ..Wanted::default() }
}

fn one_wanted(it: &Peering, site: &Site, secret: &WgSecret) -> ServedWanted {
    let (naming, form) = (Naming::default(), Form::parse(REFERENCE).unwrap());
    let pop = bird::BirdPop { site, naming: &naming, form: &form, template: "dnpeers" };
    ServedWanted {
        conf: files::our_conf(it, site, secret).map(Into::into),
        bird: bird::render(it, &pop, bird::LATENCY_UNKNOWN).map(Into::into),
        link: Some(LinkWanted {
            name: naming.peering_link(it.asn),
            private_key: secret.clone(),
            listen_port: site.port(it).unwrap(),
            mtu: it.mtu,
            local: site.local(it).unwrap(),
            remote: site.remote(it).unwrap(),
            ipv4: None,
            peer_key: it.key,
            preshared_key: None,
            endpoint: None,
            allowed_ips: allowed_ips(),
            keepalive_s: KEEPALIVE_S,
            other_addresses: OtherAddresses::Removed,
        }),
    }
}

/// A machine where everything wanted is there.
pub fn actual(wanted: &Wanted) -> Actual {
    let files = |text: fn(&ServedWanted) -> &str| {
        wanted.served.iter().map(|(owner, it)| (*owner, text(it).into())).collect()
    };
    let links = wanted.served.values().filter_map(|it| it.link.as_ref());
    Actual {
        confs: files(|it| it.conf.as_deref().unwrap_or_default()),
        birds: files(|it| it.bird.as_deref().unwrap_or_default()),
        links: links.map(|link| (link.name.clone(), one_actual(link))).collect(),
        protocols: Some(wanted.served.keys().copied().collect()),
        ..Actual::default()
    }
}

fn one_actual(link: &LinkWanted) -> LinkActual {
    LinkActual {
        index: 1,
        up: true,
        mtu: 1420,
        unrouted: vec![],
        addresses: link.addresses().collect(),
        private_key: Some(link.private_key.clone()),
        listen_port: link.listen_port.get(),
        peers: vec![PeerActual {
            key: link.peer_key,
            preshared_key: None,
            endpoint: None,
            keepalive_s: KEEPALIVE_S,
            allowed_ips: allowed_ips().to_vec(),
            last_handshake_s: 0,
            rx_bytes: 0,
            tx_bytes: 0,
        }],
    }
}
