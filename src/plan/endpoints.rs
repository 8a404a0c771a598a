//! Where members are now: names to addresses, each judged anew.
//!
//! A link whose handshake is fresh is left alone, wherever the member may have moved to, unless
//! they have just named another endpoint or key. For the others the declared endpoint is resolved
//! again. An address that policy forbids never reaches the kernel, even if the name stood for an
//! allowed one when the peering was made.

use super::wireguard::{Backend, LinkActual};
use super::{Drafts, Inputs, Observed, Owner, Resolved};
use crate::model::{Endpoint, Host, HostName, IfName, WgKey};
use crate::peering::Peering;
use crate::peering::policy::{self, Policy};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// An endpoint as it was declared, with the key of the router there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    owner: Owner,
    link: IfName,
    endpoint: Endpoint,
    key: WgKey,
}

/// What a name server said of a name: addresses, or why there are none.
pub type Lookup = Result<Vec<IpAddr>, String>;

impl Declared {
    /// The name that has to be looked up, if it is one.
    pub fn name(&self) -> Option<&HostName> {
        match &self.endpoint.host {
            Host::Ip(_) => None,
            Host::Name(name) => Some(name),
        }
    }
}

/// The endpoints to look at: those whose links have no fresh handshake, or that were just changed.
/// wg-quick resolves names for itself: where links are left to it, none is looked up.
pub fn declared(inputs: &Inputs, drafts: &Drafts, observed: &Observed) -> Vec<Declared> {
    let mut all = Vec::new();
    for peering in &inputs.rows.peerings {
        if let Some(endpoint) = &peering.endpoint
            && (observed.is_stale(&inputs.pop.naming.peering_link(peering.asn))
                || is_declared_anew(drafts, observed, peering))
        {
            let owner = Owner::Peering(peering.asn);
            let link = inputs.pop.naming.peering_link(peering.asn);
            all.push(Declared { owner, link, endpoint: endpoint.clone(), key: peering.key });
        }
    }
    for link in inputs.pop.links() {
        if observed.is_stale(&link.name())
            && let Some(endpoint) = &link.endpoint
        {
            let (owner, key) = (Owner::Mesh(link.to.name), link.to.key);
            all.push(Declared { owner, link: link.name(), endpoint: endpoint.clone(), key });
        }
    }
    if inputs.pop.backend == Backend::Files {
        all.retain(|declared| declared.name().is_none());
    }
    all
}

/// Where these endpoints are, by what is known of their names. One whose name was never looked up
/// is left out: what its link has stays as it is.
pub fn resolved(
    declared: &[Declared],
    lookups: &BTreeMap<HostName, Lookup>,
    members: &Policy,
    links: &BTreeMap<IfName, LinkActual>,
) -> BTreeMap<Owner, Resolved> {
    // Our own POPs may be anywhere: the operator named them, not a member.
    let pops = Policy {
        reserved: Vec::new(),
        allowed: vec![IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())],
        own: Vec::new(),
        families: members.families,
    };
    let routers = routers(links);
    let mut all = BTreeMap::new();
    for Declared { owner, link: name, endpoint, key } in declared {
        let link = links.get(name);
        let policy = if owner.asn().is_some() { members } else { &pops };
        let found = match &endpoint.host {
            Host::Ip(address) => choose(&[address.get()], policy, used(link), endpoint.port.get()),
            Host::Name(name) => match lookups.get(name) {
                Some(Ok(addresses)) => choose(addresses, policy, used(link), endpoint.port.get()),
                Some(Err(why)) => Resolved { address: None, trouble: Some(why.clone()) },
                None => continue,
            },
        };
        let holder = found.address.and_then(|address| routers.get(&(*key, address)).copied());
        all.insert(*owner, refuse_second(found, holder, name));
    }
    all
}

/// The links that send to a router, by its key and its address.
fn routers(links: &BTreeMap<IfName, LinkActual>) -> BTreeMap<(WgKey, SocketAddr), &IfName> {
    let mut routers = BTreeMap::new();
    for (name, link) in links {
        for peer in &link.peers {
            if let Some(address) = peer.endpoint {
                routers.entry((peer.key, address)).or_insert(name);
            }
        }
    }
    routers
}

/// The other end has one entry for our key: two of our links that send to the same router would
/// take its tunnel from each other. Whoever points a name there gets nothing.
fn refuse_second(found: Resolved, holder: Option<&IfName>, own: &IfName) -> Resolved {
    if holder.is_none_or(|holder| holder == own) {
        return found;
    }
    let trouble = "another peering of this POP has this key at this address and port";
    Resolved { address: None, trouble: Some(trouble.to_string()) }
}

/// Was the peering edited, so that a fresh handshake tells of another router than is meant now? The
/// file tells what was meant until now.
fn is_declared_anew(drafts: &Drafts, observed: &Observed, peering: &Peering) -> bool {
    let Some(draft) = drafts.get(&peering.asn) else { return false };
    let there = observed.actual.confs.get(&Owner::Peering(peering.asn));
    match (there, &draft.wanted.conf) {
        (Some(there), Some(wanted)) => {
            !Rc::ptr_eq(there, wanted) && remote(there) != remote(wanted)
        }
        _ => false,
    }
}

/// The lines of a WireGuard file that say who the member is, and where.
fn remote(conf: &str) -> Vec<&str> {
    conf.lines()
        .filter(|line| line.starts_with("PublicKey") || line.starts_with("Endpoint"))
        .collect()
}

/// Where packets go now.
fn used(link: Option<&LinkActual>) -> Option<IpAddr> {
    Some(link?.peers.first()?.endpoint?.ip())
}

fn choose(addresses: &[IpAddr], policy: &Policy, used: Option<IpAddr>, port: u16) -> Resolved {
    match policy::choose(addresses, policy, used) {
        Some(Ok(ip)) => Resolved { address: Some(SocketAddr::new(ip, port)), trouble: None },
        Some(Err(why)) => Resolved { address: None, trouble: Some(why.to_string()) },
        None => Resolved::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Asn, Families};
    use crate::plan::wireguard::PeerActual;

    fn chosen(addresses: &[&str], used: Option<&str>) -> Resolved {
        let policy = Policy {
            families: Families::Both,
            reserved: vec!["2a01:4f8:bad::/48".parse().unwrap()],
            allowed: vec![],
            own: vec![],
        };
        let addresses: Vec<IpAddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
        choose(&addresses, &policy, used.map(|it| it.parse().unwrap()), 20263)
    }

    #[test]
    fn the_address_in_use_stays_while_the_name_stands_for_it() {
        let two = ["2a01:4f8::1", "2a01:4f8::2"];
        let address = |it: Resolved| it.address.unwrap().to_string();
        assert_eq!(address(chosen(&two, None)), "[2a01:4f8::1]:20263");
        assert_eq!(address(chosen(&two, Some("2a01:4f8::2"))), "[2a01:4f8::2]:20263");
        assert_eq!(address(chosen(&two, Some("2a01:4f8::3"))), "[2a01:4f8::1]:20263");
    }

    #[test]
    fn another_key_or_endpoint_is_seen_and_nothing_else() {
        let conf = |key: &str, endpoint: &str, mtu: u32| {
            format!("[Interface]\nMTU = {mtu}\n\n[Peer]\nPublicKey = {key}\nEndpoint = {endpoint}")
        };
        let same = |other: &str| remote(&conf("k", "a:1", 1420)) == remote(other);
        assert!(same(&conf("k", "a:1", 1400)));
        assert!(!same(&conf("l", "a:1", 1420)) && !same(&conf("k", "a:2", 1420)));
        assert!(!same("[Peer]\nPublicKey = k"));
    }

    /// The attack: somebody else's key, and a name that is pointed at their router afterwards.
    #[test]
    fn no_second_link_sends_to_the_same_router() {
        let [own, other] = [64601, 64602].map(|it| IfName::of(Asn::new(it).unwrap()));
        let there = || chosen(&["2a01:4f8::1"], None);
        assert_eq!(refuse_second(there(), None, &own), there());
        assert_eq!(refuse_second(there(), Some(&own), &own), there());
        let second = refuse_second(there(), Some(&other), &own);
        assert!(second.address.is_none() && second.trouble.is_some(), "{second:?}");
        let peer = PeerActual {
            key: WgKey::new([1; 32]).unwrap(),
            preshared_key: None,
            endpoint: "[2a01:4f8::1]:20263".parse().ok(),
            keepalive_s: 0,
            allowed_ips: vec![],
            last_handshake_s: 0,
            rx_bytes: 0,
            tx_bytes: 0,
        };
        let router = (peer.key, peer.endpoint.unwrap());
        let link = LinkActual {
            index: 1,
            up: true,
            mtu: 1420,
            addresses: vec![],
            unrouted: vec![],
            private_key: None,
            listen_port: 52001,
            peers: vec![peer],
        };
        let links = BTreeMap::from([(other.clone(), link.clone()), (own.clone(), link)]);
        assert_eq!(routers(&links), BTreeMap::from([(router, &own)]), "one holds it");
    }

    /// The attack: a name that was harmless at the creation is pointed into the operator's network.
    #[test]
    fn a_name_that_moved_into_a_reserved_network_is_not_followed() {
        let moved = chosen(&["2a01:4f8:bad::1"], Some("2a01:4f8:bad::1"));
        assert!(moved.address.is_none() && moved.trouble.is_some(), "{moved:?}");
        let mixed = chosen(&["fd00::1", "2a01:4f8::1"], None);
        assert_eq!(mixed.address.unwrap().to_string(), "[2a01:4f8::1]:20263");
        assert!(chosen(&["::1"], None).trouble.is_some());
    }
}
