//! What a link is once it was made or changed as wanted.

use super::{LinkActual, LinkWanted, PeerActual};

/// The MTU that WireGuard gives to a link for which none was wanted, in bytes: 1500 less its own
/// overhead over IPv6 (`drivers/net/wireguard/device.c`).
const MTU_DEFAULT: u32 = 1420;

impl LinkWanted {
    /// The link as it is now that all of this was done to it, `before` being what it was. It need
    /// not be asked: a thousand new links are a thousand questions whose answers are known. Of a
    /// peer that stayed, handshake and counters are as they were last seen.
    pub fn done(&self, before: Option<&LinkActual>) -> LinkActual {
        let peers = before.map(|it| it.peers.as_slice()).unwrap_or_default();
        let stayed = peers.iter().find(|peer| peer.key == self.peer_key);
        LinkActual {
            index: before.map_or(0, |it| it.index),
            up: true,
            mtu: self.mtu.or(before.map(|it| it.mtu)).unwrap_or(MTU_DEFAULT),
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
            endpoint: self.endpoint.or(stayed.and_then(|it| it.endpoint)),
            keepalive_s: self.keepalive_s,
            allowed_ips: self.allowed_ips.to_vec(),
            last_handshake_s: stayed.map_or(0, |it| it.last_handshake_s),
            rx_bytes: stayed.map_or(0, |it| it.rx_bytes),
            tx_bytes: stayed.map_or(0, |it| it.tx_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EndpointRule, OtherAddresses, allowed_ips, differs};
    use super::*;
    use crate::model::{Asn, IfName, WgKey, WgSecret};

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
