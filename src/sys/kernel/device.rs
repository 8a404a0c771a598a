//! Puts together what the kernel tells of a WireGuard link. Pure.
//!
//! Peers that do not fit one message follow in the next; so do the allowed IPs of one peer, and
//! then that peer comes again with nothing but its key and the rest of them (linux/wireguard.h).

use crate::limits::WG_KEY_BYTES;
use crate::model::{WgKey, WgSecret};
use crate::plan::wireguard::{LinkActual, PeerActual};
use ipnet::IpNet;
use netlink_bindings::wireguard::{IterableWgallowedip, IterableWgdevice, IterableWgpeer};
use std::net::SocketAddr;

/// What one message tells.
pub struct Part {
    private_key: Option<WgSecret>,
    listen_port: Option<u16>,
    peers: Vec<PeerActual>,
}

/// Reads one message; what is missing or misshapen is left out.
pub fn part(message: &IterableWgdevice<'_>) -> Part {
    let peers = message.get_peers().into_iter().flatten();
    Part {
        private_key: message.get_private_key().ok().and_then(secret),
        listen_port: message.get_listen_port().ok(),
        peers: peers.filter_map(|entry| peer(&entry)).collect(),
    }
}

/// Fills key, port and peers of `actual` from all messages of an answer.
pub fn join(parts: Vec<Part>, actual: &mut LinkActual) {
    actual.peers.clear();
    for part in parts {
        actual.private_key = part.private_key.or(actual.private_key.take());
        actual.listen_port = part.listen_port.unwrap_or(actual.listen_port);
        for mut peer in part.peers {
            match actual.peers.last_mut().filter(|last| last.key == peer.key) {
                Some(last) => last.allowed_ips.append(&mut peer.allowed_ips),
                None => actual.peers.push(peer),
            }
        }
    }
}

fn peer(entry: &IterableWgpeer<'_>) -> Option<PeerActual> {
    let endpoint = entry.get_endpoint().ok();
    let allowed_ips = entry.get_allowedips().into_iter().flatten();
    let handshake = entry.get_last_handshake_time().map_or(0, |time| time.sec);
    Some(PeerActual {
        key: key(entry.get_public_key().ok()?)?,
        preshared_key: entry.get_preshared_key().ok().and_then(secret),
        // Flow and zone mean nothing here, and would make equal endpoints differ.
        endpoint: endpoint.map(|it| SocketAddr::new(it.ip(), it.port())),
        keepalive_s: entry.get_persistent_keepalive_interval().unwrap_or(0),
        allowed_ips: allowed_ips.filter_map(|entry| prefix(&entry)).collect(),
        last_handshake_s: i64::try_from(handshake).unwrap_or(0),
        rx_bytes: entry.get_rx_bytes().unwrap_or(0),
        tx_bytes: entry.get_tx_bytes().unwrap_or(0),
    })
}

fn prefix(entry: &IterableWgallowedip<'_>) -> Option<IpNet> {
    IpNet::new(entry.get_ipaddr().ok()?, entry.get_cidr_mask().ok()?).ok()
}

fn bytes(value: &[u8]) -> Option<[u8; WG_KEY_BYTES]> {
    value.try_into().ok()
}

/// All zero means none.
fn secret(value: &[u8]) -> Option<WgSecret> {
    bytes(value).filter(|it| *it != [0; WG_KEY_BYTES]).map(WgSecret::new)
}

fn key(value: &[u8]) -> Option<WgKey> {
    WgKey::new(bytes(value)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use netlink_bindings::traits::Pusher;
    use netlink_bindings::wireguard::{PushArrayWgpeer, PushWgdevice, Wgdevice};

    fn entry<P: Pusher>(
        peers: PushArrayWgpeer<P>,
        key: u8,
        addresses: std::ops::Range<u8>,
    ) -> PushArrayWgpeer<P> {
        let entry = peers.entry_nested().push_public_key(&[key; 32]);
        let list = addresses.fold(entry.array_allowedips(), |list, last| {
            let prefix = list.entry_nested().push_family(2).push_ipaddr([10, 0, 0, last].into());
            prefix.push_cidr_mask(32).end_nested()
        });
        list.end_array().end_nested()
    }

    fn read(messages: &[Vec<u8>]) -> LinkActual {
        let mut actual = LinkActual { index: 7, ..LinkActual::default() };
        let parts = messages.iter().map(|bytes| part(&Wgdevice::new(bytes))).collect();
        join(parts, &mut actual);
        actual
    }

    #[test]
    fn a_peer_may_be_spread_over_messages() {
        let (mut first, mut second, mut third) = (Vec::new(), Vec::new(), Vec::new());
        let device = PushWgdevice::new(&mut first).push_listen_port(52001);
        let device = device.push_private_key(&[9; 32]).array_peers();
        drop(entry(entry(device, 1, 0..2), 2, 0..3));
        drop(entry(PushWgdevice::new(&mut second).array_peers(), 2, 3..5));
        drop(entry(PushWgdevice::new(&mut third).array_peers(), 3, 0..1));
        let actual = read(&[first, second, third]);
        assert_eq!(actual.listen_port, 52001);
        assert_eq!(actual.private_key, Some(WgSecret::new([9; 32])));
        let counts: Vec<_> = actual.peers.iter().map(|peer| peer.allowed_ips.len()).collect();
        assert_eq!(counts, [2, 5, 1]);
    }

    #[test]
    fn what_is_misshapen_is_left_out() {
        let mut bytes = Vec::new();
        let device = PushWgdevice::new(&mut bytes).push_private_key(&[9; 31]).array_peers();
        let peers = device.entry_nested().push_public_key(&[0; 32]).end_nested();
        let peers = peers.entry_nested().push_persistent_keepalive_interval(1).end_nested();
        let peer = peers.entry_nested().push_public_key(&[5; 32]).push_preshared_key(&[0; 32]);
        let list = peer.array_allowedips().entry_nested().push_ipaddr([10, 0, 0, 1].into());
        drop(list.push_cidr_mask(33).end_nested().end_array().end_nested());
        let actual = read(&[bytes.clone()]);
        assert_eq!((actual.private_key, actual.peers.len()), (None, 1));
        assert_eq!(actual.peers[0].preshared_key, None);
        assert_eq!(actual.peers[0].allowed_ips, []);
        for cut in 0..bytes.len() {
            read(&[bytes[..cut].to_vec()]);
        }
    }
}
