//! What has to change so that a link is as it should be, in the order in which it is to be done.
//!
//! Nothing of it takes the link down or ends the session of a peer whose key stays. The order
//! matters: the right peer comes before others go, and a link is up before it gets its address, or
//! the kernel never installs the route to the peer.

use super::change::Change;
use super::{LinkActual, LinkWanted, OtherAddresses, PeerActual};
use crate::limits::WG_KEY_BYTES;
use crate::model::WgSecret;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// What becomes of an endpoint that differs from the wanted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointRule {
    /// It is set: the member declared another one, or the old one no longer answers.
    Set,
    /// It stays: WireGuard follows a member who roams, and knows better while handshakes come.
    Keep,
}

/// The changes that bring `actual` to `wanted`; empty if nothing differs.
///
/// Only link-local addresses are looked at: a second one could become the source of the BGP
/// session. An address of another range on the link is somebody's deliberate work and stays.
pub fn differs(wanted: &LinkWanted, actual: &LinkActual, rule: EndpointRule) -> Vec<Change> {
    let mut changes = Vec::new();
    if !actual.up {
        port(wanted, actual, &mut changes);
    }
    if actual.private_key.as_ref().map(clamped) != Some(clamped(&wanted.private_key)) {
        let (old, new) = (actual.private_key.clone(), wanted.private_key.clone());
        changes.push(Change::PrivateKey { old, new });
    }
    peers(wanted, actual, rule, &mut changes);
    if actual.up {
        port(wanted, actual, &mut changes);
    }
    match wanted.mtu {
        Some(new) if new != actual.mtu => changes.push(Change::Mtu { old: actual.mtu, new }),
        _ => {}
    }
    addresses(wanted, actual, &mut changes);
    changes
}

/// The bits of a private key that mean anything (RFC 7748, section 5): implementations keep no
/// others. Public keys would tell the same, but to work one out costs more than all the rest of a
/// pass.
fn clamped(key: &WgSecret) -> [u8; WG_KEY_BYTES] {
    let mut bytes = *key.bytes();
    let [first, .., last] = &mut bytes;
    *first &= 0xf8;
    *last = *last & 0x7f | 0x40;
    bytes
}

/// On a fresh link the port comes first, or a userspace link sends its first handshake from another
/// one and loses the answer. On a running link it comes after the peers, so that one which is taken
/// does not keep them from being changed.
fn port(wanted: &LinkWanted, actual: &LinkActual, changes: &mut Vec<Change>) {
    if actual.listen_port != wanted.listen_port.get() {
        changes.push(Change::ListenPort { old: actual.listen_port, new: wanted.listen_port });
    }
}

fn peers(wanted: &LinkWanted, actual: &LinkActual, rule: EndpointRule, changes: &mut Vec<Change>) {
    match actual.peers.iter().find(|peer| peer.key == wanted.peer_key) {
        Some(peer) => same_peer(wanted, peer, rule, changes),
        None => changes.push(Change::AddPeer {
            key: wanted.peer_key,
            preshared_key: wanted.preshared_key.clone(),
            endpoint: wanted.endpoint,
            allowed_ips: wanted.allowed_ips.clone(),
            keepalive_s: wanted.keepalive_s,
        }),
    }
    let others = actual.peers.iter().filter(|peer| peer.key != wanted.peer_key);
    changes.extend(others.map(|peer| Change::RemovePeer { key: peer.key }));
}

fn same_peer(wanted: &LinkWanted, peer: &PeerActual, rule: EndpointRule, out: &mut Vec<Change>) {
    let key = peer.key;
    if peer.preshared_key != wanted.preshared_key {
        let (old, new) = (peer.preshared_key.clone(), wanted.preshared_key.clone());
        out.push(Change::PresharedKey { key, old, new });
    }
    if let Some(new) = endpoint(wanted.endpoint, peer.endpoint, rule) {
        out.push(Change::Endpoint { key, old: peer.endpoint, new });
    }
    if peer.keepalive_s != wanted.keepalive_s {
        out.push(Change::Keepalive { key, old: peer.keepalive_s, new: wanted.keepalive_s });
    }
    if !same(&wanted.allowed_ips, &peer.allowed_ips) {
        let (old, new) = (peer.allowed_ips.clone(), wanted.allowed_ips.clone());
        out.push(Change::AllowedIps { key, old, new });
    }
}

/// The endpoint to set, if one is to be set. A name that does not resolve now takes nothing away,
/// and a peer without any endpoint loses nothing by getting one.
fn endpoint(
    wanted: Option<SocketAddr>,
    actual: Option<SocketAddr>,
    rule: EndpointRule,
) -> Option<SocketAddr> {
    let differs = wanted.filter(|_| wanted != actual);
    differs.filter(|_| rule == EndpointRule::Set || actual.is_none())
}

/// The order of allowed IPs means nothing, and differs between implementations.
fn same(left: &[IpNet], right: &[IpNet]) -> bool {
    left.len() == right.len() && left.iter().all(|prefix| right.contains(prefix))
}

fn addresses(wanted: &LinkWanted, actual: &LinkActual, changes: &mut Vec<Change>) {
    let mut found = actual.addresses.clone();
    found.retain(|(local, _)| is_looked_at(*local, wanted));
    if !actual.up {
        // An address from before the link went up has no route to the peer, and would get none.
        changes.extend(found.into_iter().map(|(local, remote)| removed(local, remote)));
        changes.push(Change::Up);
        changes.extend(wanted.addresses().map(|(local, remote)| added(local, remote)));
        return;
    }
    let needs_no_peer = wanted.other_addresses == OtherAddresses::Kept;
    for (local, remote) in wanted.addresses() {
        let there = found.iter().find(|(found, _)| *found == local).copied();
        if needs_no_peer && there.is_some_and(|(local, remote)| local == remote) {
            continue;
        }
        address(Pair { local, remote }, there, actual, changes);
    }
    for (there, remote) in found {
        if !wanted.addresses().any(|(local, _)| local == there) {
            changes.push(removed(there, remote));
        }
    }
}

/// Our address on a link, and the other end's.
struct Pair {
    local: IpAddr,
    remote: IpAddr,
}

/// One address that is to be there, and what of it was found.
fn address(
    Pair { local, remote }: Pair,
    found: Option<(IpAddr, IpAddr)>,
    actual: &LinkActual,
    changes: &mut Vec<Change>,
) {
    let unrouted = actual.unrouted.contains(&remote);
    match found {
        Some((_, there)) if there == remote && !unrouted => {}
        // The kernel replaces neither the peer nor the route of an IPv4 address in place.
        Some((there, old)) if local.is_ipv4() => {
            changes.extend([removed(there, old), added(local, remote)]);
        }
        Some((_, there)) if there == remote => changes.push(Change::RenewRoute { local, remote }),
        Some((_, old)) => changes.push(Change::ChangeRemote { local, old, new: remote }),
        None => changes.push(added(local, remote)),
    }
}

/// Link-local addresses of a family that the link is to have, but for those that stay whatever they
/// are. `169.254.0.0/16` is IPv4's.
fn is_looked_at(address: IpAddr, wanted: &LinkWanted) -> bool {
    if wanted.other_addresses == OtherAddresses::Kept {
        return wanted.addresses().any(|(local, _)| local == address);
    }
    match address {
        IpAddr::V6(it) => it.is_unicast_link_local(),
        IpAddr::V4(it) => it.is_link_local() && wanted.ipv4.is_some(),
    }
}

fn added(local: IpAddr, remote: IpAddr) -> Change {
    Change::AddAddress { local, remote }
}

fn removed(local: IpAddr, remote: IpAddr) -> Change {
    Change::RemoveAddress { local, remote }
}

#[cfg(test)]
mod tests {
    use super::super::allowed_ips;
    use super::*;
    use crate::model::{IfName, WgKey};

    type Spoil = fn(&mut LinkActual);

    fn key(byte: u8) -> WgKey {
        WgKey::new([byte; 32]).unwrap()
    }

    fn pair(local: &str, remote: &str) -> (IpAddr, IpAddr) {
        (local.parse().unwrap(), remote.parse().unwrap())
    }

    fn wanted() -> LinkWanted {
        LinkWanted {
            name: IfName::of("4242420001".parse().unwrap()),
            private_key: WgSecret::new([1; 32]),
            listen_port: "52001".parse().unwrap(),
            mtu: Some(1412),
            local: "fe80:0263::1:1".parse().unwrap(),
            remote: "fe80::2:1".parse().unwrap(),
            ipv4: None,
            peer_key: key(2),
            preshared_key: Some(WgSecret::new([3; 32])),
            endpoint: Some("[2001:db8::1]:20263".parse().unwrap()),
            allowed_ips: allowed_ips(),
            keepalive_s: 30,
            other_addresses: OtherAddresses::Removed,
        }
    }

    fn actual() -> LinkActual {
        LinkActual {
            index: 7,
            up: true,
            mtu: 1412,
            unrouted: vec![],
            addresses: vec![pair("fe80:263::1:1", "fe80::2:1"), pair("fd42::1", "fd42::1")],
            private_key: Some(WgSecret::new(clamped(&wanted().private_key))),
            listen_port: 52001,
            peers: vec![PeerActual {
                key: key(2),
                preshared_key: Some(WgSecret::new([3; 32])),
                endpoint: wanted().endpoint,
                keepalive_s: 30,
                allowed_ips: allowed_ips().iter().rev().copied().collect(),
                last_handshake_s: 1,
                rx_bytes: 2,
                tx_bytes: 3,
            }],
        }
    }

    fn lines(wanted: &LinkWanted, actual: &LinkActual, rule: EndpointRule) -> Vec<String> {
        differs(wanted, actual, rule).iter().map(Change::to_string).collect()
    }

    #[test]
    fn nothing_differs() {
        assert_eq!(differs(&wanted(), &actual(), EndpointRule::Set), []);
        assert_eq!(
            differs(&LinkWanted { mtu: None, ..wanted() }, &actual(), EndpointRule::Set),
            []
        );
    }

    /// What somebody did to the link by hand, and the line that mends it.
    fn mends(spoil: Spoil, line: &str) {
        let mut actual = actual();
        spoil(&mut actual);
        assert_eq!(lines(&wanted(), &actual, EndpointRule::Set), [line]);
    }

    #[test]
    fn each_difference_of_the_link_is_one_line() {
        let own = wanted().private_key.public();
        mends(|it| it.private_key = None, &format!("private key of none -> {own}"));
        mends(|it| it.listen_port = 0, "listen port none -> 52001");
        mends(|it| it.mtu = 1420, "MTU 1420 -> 1412");
        mends(|it| it.addresses.truncate(0), "address fe80:263::1:1 peer fe80::2:1 added");
        mends(
            |it| it.addresses[0].1 = it.addresses[0].0,
            "address fe80:263::1:1 peer fe80:263::1:1 -> fe80::2:1",
        );
        mends(|it| it.addresses.push(pair("fe80::99", "fe80::99")), "address fe80::99 removed");
    }

    #[test]
    fn each_difference_of_the_peer_is_one_line() {
        mends(|it| it.peers[0].keepalive_s = 0, "keepalive 0 s -> 30 s");
        mends(|it| it.peers[0].preshared_key = None, "preshared key set");
        mends(|it| it.peers[0].endpoint = None, "endpoint unknown -> [2001:db8::1]:20263");
        mends(
            |it| it.peers[0].allowed_ips.truncate(1),
            "allowed IPs fe80::/10 -> 172.16.0.0/12, 10.0.0.0/8, fd00::/8, fe80::/10",
        );
        mends(
            |it| it.peers[0].endpoint = "192.0.2.1:1".parse().ok(),
            "endpoint 192.0.2.1:1 -> [2001:db8::1]:20263",
        );
        mends(
            |it| it.peers.push(PeerActual { key: key(8), ..it.peers[0].clone() }),
            &format!("peer {} removed", key(8)),
        );
    }

    #[test]
    fn a_roaming_member_keeps_the_endpoint() {
        let mut roamed = actual();
        roamed.peers[0].endpoint = "192.0.2.1:1".parse().ok();
        assert_eq!(differs(&wanted(), &roamed, EndpointRule::Keep), []);
        roamed.peers[0].endpoint = None;
        assert_eq!(differs(&wanted(), &roamed, EndpointRule::Keep).len(), 1);
        let unresolved = LinkWanted { endpoint: None, ..wanted() };
        assert_eq!(differs(&unresolved, &actual(), EndpointRule::Set), []);
    }

    #[test]
    fn a_new_key_adds_before_it_removes() {
        let wanted = LinkWanted { peer_key: key(4), preshared_key: None, ..wanted() };
        let (old, new) = (key(2), key(4));
        assert_eq!(
            lines(&wanted, &actual(), EndpointRule::Keep),
            [
                format!("peer {new} added, endpoint [2001:db8::1]:20263"),
                format!("peer {old} removed"),
            ]
        );
    }

    #[test]
    fn a_new_address_comes_before_the_old_one_goes() {
        let wanted = LinkWanted { local: "fe80::5".parse().unwrap(), ..wanted() };
        assert_eq!(
            lines(&wanted, &actual(), EndpointRule::Keep),
            [
                "address fe80::5 peer fe80::2:1 added",
                "address fe80:263::1:1 peer fe80::2:1 removed",
            ]
        );
    }

    #[test]
    fn a_route_that_somebody_deleted_is_made_anew() {
        let unrouted = LinkActual { unrouted: vec!["fe80::2:1".parse().unwrap()], ..actual() };
        let line = "route to fe80::2:1 made anew";
        assert_eq!(lines(&wanted(), &unrouted, EndpointRule::Keep), [line]);
        // What makes an address anew makes its route.
        let bare = LinkActual { addresses: vec![], ..unrouted };
        let line = "address fe80:263::1:1 peer fe80::2:1 added";
        assert_eq!(lines(&wanted(), &bare, EndpointRule::Keep), [line]);
    }

    #[test]
    fn a_link_that_is_down_gets_its_address_after_it_is_up() {
        let down = LinkActual { up: false, ..actual() };
        assert_eq!(
            lines(&wanted(), &down, EndpointRule::Keep),
            [
                "address fe80:263::1:1 peer fe80::2:1 removed",
                "down -> up",
                "address fe80:263::1:1 peer fe80::2:1 added",
            ]
        );
    }

    #[test]
    fn a_fresh_link_gets_everything_in_order() {
        let fresh = LinkActual { index: 9, mtu: 1420, ..LinkActual::default() };
        let lines = lines(&wanted(), &fresh, EndpointRule::Keep);
        let first: Vec<_> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(first, ["listen", "private", "peer", "MTU", "down", "address"]);
    }

    /// A link that was made by hand: a network of its own, the TUN's own address, no keepalives.
    #[test]
    fn a_link_that_runs_as_it_is_stays_as_it_is() {
        let wanted =
            LinkWanted { other_addresses: OtherAddresses::Kept, keepalive_s: 0, ..wanted() };
        let mut there = actual();
        there.peers[0].keepalive_s = 0;
        there.addresses.push(pair("fe80::1234:5678", "fe80::1234:5678"));
        assert_eq!(lines(&wanted, &there, EndpointRule::Keep), [""; 0]);
        there.addresses[0].1 = there.addresses[0].0;
        assert_eq!(lines(&wanted, &there, EndpointRule::Keep), [""; 0]);
        let moved = LinkWanted { remote: "fe80::99".parse().unwrap(), ..wanted.clone() };
        let line = "address fe80:263::1:1 peer fe80::2:1 -> fe80::99";
        there.addresses[0].1 = "fe80::2:1".parse().unwrap();
        assert_eq!(lines(&moved, &there, EndpointRule::Keep), [line]);
        there.addresses.remove(0);
        let line = "address fe80:263::1:1 peer fe80::2:1 added";
        assert_eq!(lines(&wanted, &there, EndpointRule::Keep), [line]);
    }

    #[test]
    fn ipv4_addresses_are_looked_at_only_where_they_are_wanted() {
        let theirs = pair("169.254.9.9", "169.254.9.9");
        let mut there = actual();
        there.addresses.push(theirs);
        assert_eq!(lines(&wanted(), &there, EndpointRule::Keep), [""; 0]);
        let wanted = LinkWanted {
            ipv4: Some(([169, 254, 1, 2].into(), [169, 254, 2, 1].into())),
            ..wanted()
        };
        let added = "address 169.254.1.2 peer 169.254.2.1 added";
        let gone = "address 169.254.9.9 removed";
        assert_eq!(lines(&wanted, &there, EndpointRule::Keep), [added, gone]);
        there.addresses = vec![actual().addresses[0], pair("169.254.1.2", "169.254.2.1")];
        assert_eq!(lines(&wanted, &there, EndpointRule::Keep), [""; 0]);
        let removed = "address 169.254.1.2 peer 169.254.2.1 removed";
        let unrouted = LinkActual { unrouted: vec!["169.254.2.1".parse().unwrap()], ..there };
        assert_eq!(lines(&wanted, &unrouted, EndpointRule::Keep), [removed, added]);
        let down = LinkActual { up: false, ..unrouted };
        let all = lines(&wanted, &down, EndpointRule::Keep);
        assert_eq!(all[1..3], [removed, "down -> up"]);
        assert_eq!(all[4..], [added]);
    }
}
