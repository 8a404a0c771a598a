//! The part of a list of changes that a WireGuard implementation performs, as one request.
//!
//! The kernel and the userspace protocol take the same request in two encodings; both read this.
//! What is `None` stays as it is.

use super::change::Change;
use super::{LinkActual, LinkWanted, PeerActual};
use crate::limits::WG_KEY_BYTES;
use crate::model::{Port, WgKey, WgSecret};
use ipnet::IpNet;
use std::net::SocketAddr;
use std::rc::Rc;

/// What to set on a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Our private key.
    pub private_key: Option<WgSecret>,
    /// The UDP port to listen on.
    pub listen_port: Option<Port>,
    /// Peers, in the order in which they are to be dealt with.
    pub peers: Vec<PeerSettings>,
}

/// What to set on one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSettings {
    pub key: WgKey,
    /// What is to be done with it.
    pub rule: PeerRule,
    /// A preshared key; all zero takes it away, in both encodings.
    pub preshared_key: Option<WgSecret>,
    /// Where to send.
    pub endpoint: Option<SocketAddr>,
    /// Seconds between keepalives.
    pub keepalive_s: Option<u16>,
    /// What it may send and receive, in place of what is set.
    pub allowed_ips: Option<Rc<[IpNet]>>,
}

/// What is to be done with a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerRule {
    /// It is made if it is not there.
    Add,
    /// It is changed, and left away if somebody removed it in the meantime.
    Update,
    /// It goes.
    Remove,
}

impl Settings {
    /// Keys and peers of these changes; not the port, which a request of its own sets so that one
    /// that is taken hinders nothing else.
    pub fn peers_of(changes: &[Change]) -> Settings {
        let private_key = changes.iter().find_map(|change| match change {
            Change::PrivateKey { new, .. } => Some(new.clone()),
            _ => None,
        });
        Settings {
            private_key,
            listen_port: None,
            peers: changes.iter().filter_map(peer).collect(),
        }
    }

    /// The port of these changes.
    pub fn port_of(changes: &[Change]) -> Settings {
        let listen_port = changes.iter().find_map(|change| match change {
            Change::ListenPort { new, .. } => Some(*new),
            _ => None,
        });
        Settings { listen_port, ..Settings::default() }
    }
}

impl PeerSettings {
    fn update(key: &WgKey) -> PeerSettings {
        PeerSettings::new(*key, PeerRule::Update)
    }

    fn new(key: WgKey, rule: PeerRule) -> PeerSettings {
        PeerSettings {
            key,
            rule,
            preshared_key: None,
            endpoint: None,
            keepalive_s: None,
            allowed_ips: None,
        }
    }
}

/// What one change sets on a peer. A peer with several changes comes several times, which both
/// encodings allow.
fn peer(change: &Change) -> Option<PeerSettings> {
    Some(match change {
        Change::AddPeer { key, preshared_key, endpoint, allowed_ips, keepalive_s } => {
            PeerSettings {
                key: *key,
                rule: PeerRule::Add,
                preshared_key: preshared_key.clone(),
                endpoint: *endpoint,
                keepalive_s: Some(*keepalive_s),
                allowed_ips: Some(allowed_ips.clone()),
            }
        }
        Change::RemovePeer { key } => PeerSettings::new(*key, PeerRule::Remove),
        Change::PresharedKey { key, new, .. } => {
            let secret = new.clone().unwrap_or_else(|| WgSecret::new([0; WG_KEY_BYTES]));
            PeerSettings { preshared_key: Some(secret), ..PeerSettings::update(key) }
        }
        Change::Endpoint { key, new, .. } => {
            PeerSettings { endpoint: Some(*new), ..PeerSettings::update(key) }
        }
        Change::Keepalive { key, new, .. } => {
            PeerSettings { keepalive_s: Some(*new), ..PeerSettings::update(key) }
        }
        Change::AllowedIps { key, new, .. } => {
            PeerSettings { allowed_ips: Some(new.clone()), ..PeerSettings::update(key) }
        }
        Change::PrivateKey { .. } | Change::ListenPort { .. } | Change::Mtu { .. } => return None,
        Change::Up | Change::AddAddress { .. } | Change::RenewRoute { .. } => return None,
        Change::ChangeRemote { .. } | Change::RemoveAddress { .. } => return None,
    })
}

// What a link is once it was made or changed as wanted.

/// The MTU that WireGuard gives to a link for which none was wanted, in bytes: 1500 less its own
/// overhead over IPv6 (`drivers/net/wireguard/device.c`).
const MTU_DEFAULT: u32 = 1420;

impl LinkWanted {
    /// The link as it is now that all of this was done to it, `before` being what it was. It need
    /// not be asked: a thousand new links are a thousand questions whose answers are known. Of a
    /// peer that stayed, handshake and counters are as they were last seen.
    pub fn done(&self, before: Option<&LinkActual>) -> LinkActual {
        let peers = before.map(|link| link.peers.as_slice()).unwrap_or_default();
        let stayed = peers.iter().find(|peer| peer.key == self.peer_key);
        LinkActual {
            index: before.map_or(0, |link| link.index),
            up: true,
            mtu: self.mtu.or(before.map(|link| link.mtu)).unwrap_or(MTU_DEFAULT),
            addresses: self.addresses().collect(),
            unrouted: Vec::new(),
            private_key: Some(self.private_key.clone()),
            listen_port: self.listen_port.get(),
            peers: vec![self.peer_done(stayed)],
        }
    }

    fn peer_done(&self, stayed: Option<&PeerActual>) -> PeerActual {
        PeerActual {
            key: self.peer_key,
            preshared_key: self.preshared_key.clone(),
            endpoint: self.endpoint.or(stayed.and_then(|peer| peer.endpoint)),
            keepalive_s: self.keepalive_s,
            allowed_ips: self.allowed_ips.to_vec(),
            last_handshake_s: stayed.map_or(0, |peer| peer.last_handshake_s),
            rx_bytes: stayed.map_or(0, |peer| peer.rx_bytes),
            tx_bytes: stayed.map_or(0, |peer| peer.tx_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EndpointRule, OtherAddresses, allowed_ips, differs};
    use super::*;
    use crate::model::{Asn, IfName};

    #[test]
    fn only_what_wireguard_itself_performs() {
        let key = WgSecret::new([1; 32]).public();
        let port = Port::new(52001).unwrap();
        let changes = [
            Change::PrivateKey { old: None, new: WgSecret::new([1; 32]) },
            Change::AddPeer {
                key,
                preshared_key: None,
                endpoint: None,
                allowed_ips: Rc::new([]),
                keepalive_s: 30,
            },
            Change::PresharedKey { key, old: Some(WgSecret::new([2; 32])), new: None },
            Change::ListenPort { old: 0, new: port },
            Change::Up,
        ];
        let settings = Settings::peers_of(&changes);
        assert_eq!(settings.private_key, Some(WgSecret::new([1; 32])));
        assert_eq!(settings.listen_port, None);
        let rules: Vec<_> = settings.peers.iter().map(|peer| peer.rule).collect();
        assert_eq!(rules, [PeerRule::Add, PeerRule::Update]);
        assert_eq!(settings.peers[1].preshared_key, Some(WgSecret::new([0; 32])));
        assert_eq!(settings.peers[1].allowed_ips, None);
        assert_eq!(Settings::port_of(&changes).listen_port, Some(port));
        assert_eq!(Settings::peers_of(&changes[3..]), Settings::default());
        assert_eq!(Settings::port_of(&[Change::Up]), Settings::default());
    }

    fn wanted(key: u8) -> LinkWanted {
        LinkWanted {
            name: IfName::of(Asn::new(4242420001).unwrap()),
            private_key: WgSecret::new([1; 32]),
            listen_port: "52001".parse().unwrap(),
            mtu: None,
            local: "fe80::263".parse().unwrap(),
            remote: "fe80::2:1".parse().unwrap(),
            ipv4: None,
            peer_key: WgKey::new([key; 32]).unwrap(),
            preshared_key: None,
            endpoint: Some("[2a01:4f8::1]:20263".parse().unwrap()),
            allowed_ips: allowed_ips(),
            keepalive_s: 30,
            other_addresses: OtherAddresses::Removed,
        }
    }

    #[test]
    fn nothing_is_left_to_be_done() {
        let made = wanted(2).done(None);
        assert_eq!(differs(&wanted(2), &made, EndpointRule::Set), []);
        let other = LinkWanted { mtu: Some(1400), endpoint: None, ..wanted(3) };
        for wanted in [wanted(3), other] {
            let done = wanted.done(Some(&made));
            assert_eq!(differs(&wanted, &done, EndpointRule::Set), []);
        }
    }

    #[test]
    fn a_peer_that_stays_keeps_its_session_and_another_has_none() {
        let mut before = wanted(2).done(None);
        before.index = 7;
        before.peers[0].last_handshake_s = 1_000;
        let moved = LinkWanted { endpoint: None, mtu: Some(1400), ..wanted(2) };
        let done = moved.done(Some(&before));
        assert_eq!((done.index, done.mtu, &done.peers), (7, 1400, &before.peers));
        assert_eq!(wanted(3).done(Some(&before)).peers[0].last_handshake_s, 0);
    }
}
