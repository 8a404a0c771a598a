//! WireGuard of the kernel, over generic netlink.
//!
//! Two commands: WG_CMD_GET_DEVICE lists a link with its peers, which may come in several messages,
//! and WG_CMD_SET_DEVICE changes what it names and leaves the rest (linux/wireguard.h, and
//! wireguard.yaml in Documentation/netlink/specs). Links are made and deleted elsewhere, over
//! rtnetlink.
//!
//! Peers that do not fit one message follow in the next; so do the allowed IPs of one peer, and
//! then that peer comes again with nothing but its key and the rest of them (linux/wireguard.h).

use crate::limits::{KERNEL_PEERS_MAX, WG_KEY_BYTES};
use crate::model::{WgKey, WgSecret};
use crate::plan::wireguard::{LinkActual, PeerActual, PeerRule, PeerSettings, Settings};
use crate::sys::netlink::{NetlinkError, Socket};
use ipnet::IpNet;
use netlink_bindings::nlctrl;
use netlink_bindings::traits::Pusher;
use netlink_bindings::wireguard::{
    IterableWgallowedip, IterableWgdevice, IterableWgpeer, PushArrayWgpeer, Request, WgpeerFlags,
};
use netlink_sys::protocols::NETLINK_GENERIC;
use std::net::SocketAddr;

/// The family number of the family that tells the numbers of others (GENL_ID_CTRL).
const GENL_ID_CTRL: u16 = 0x10;
/// Address families of allowed IPs (linux/socket.h).
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// A socket for the WireGuard of the kernel.
pub struct Kernel(Socket);

impl Kernel {
    /// Opens the socket; ENOENT if the kernel has no WireGuard. Asking loads the module if there is
    /// one.
    pub fn open() -> Result<Kernel, NetlinkError> {
        let socket = Socket::open(NETLINK_GENERIC)?.with_family(GENL_ID_CTRL);
        let what = "find the kernel's WireGuard";
        let mut request = nlctrl::Request::new().op_getfamily_do();
        request.encode().push_family_name_bytes(b"wireguard");
        let family = socket.ask(what, &request, |attributes| attributes.get_family_id().ok())?;
        match family.first() {
            Some(family) => Ok(Kernel(socket.with_family(*family))),
            None => Err(NetlinkError {
                what: what.to_owned(),
                errno: rustix::io::Errno::NOENT,
                kernel_text: None,
            }),
        }
    }

    /// Reads key, port and peers of the link `actual.index` into `actual`. EOPNOTSUPP if it is no
    /// WireGuard link. Needs CAP_NET_ADMIN.
    pub fn read(&self, actual: &mut LinkActual) -> Result<(), NetlinkError> {
        let mut request = Request::new().op_get_device_dump();
        request.encode().push_ifindex(actual.index);
        let what = format!("read WireGuard link {}", actual.index);
        let parts = self.0.ask(&what, &request, |message| Some(part(&message)))?;
        join(parts, actual);
        Ok(())
    }

    /// Sets what `settings` names on the link `index`, in one request unless somebody left hundreds
    /// of peers there to remove. A running link opens a new port at once: EADDRINUSE if it is
    /// taken. Needs CAP_NET_ADMIN.
    pub fn set(&self, index: u32, settings: &Settings) -> Result<(), NetlinkError> {
        let (first, rest) = match settings.peers.split_at_checked(KERNEL_PEERS_MAX) {
            Some(parts) => parts,
            None => (settings.peers.as_slice(), [].as_slice()),
        };
        self.set_some(index, settings, first)?;
        let nothing = Settings::default();
        rest.chunks(KERNEL_PEERS_MAX).try_for_each(|peers| self.set_some(index, &nothing, peers))
    }

    /// One request: what `settings` has for the link itself, and these peers.
    fn set_some(
        &self,
        index: u32,
        settings: &Settings,
        peers: &[PeerSettings],
    ) -> Result<(), NetlinkError> {
        let mut request = Request::new().op_set_device_do();
        let mut device = request.encode().push_ifindex(index);
        if let Some(key) = &settings.private_key {
            device = device.push_private_key(key.bytes());
        }
        if let Some(port) = settings.listen_port {
            device = device.push_listen_port(port.get());
        }
        peers.iter().fold(device.array_peers(), push_peer).end_array();
        self.0.perform(&format!("set WireGuard link {index}"), &request)
    }
}

fn push_peer<P: Pusher>(peers: PushArrayWgpeer<P>, peer: &PeerSettings) -> PushArrayWgpeer<P> {
    let mut entry = peers.entry_nested().push_public_key(peer.key.bytes()).push_flags(flags(peer));
    if let Some(key) = &peer.preshared_key {
        entry = entry.push_preshared_key(key.bytes());
    }
    if let Some(endpoint) = peer.endpoint {
        entry = entry.push_endpoint(endpoint);
    }
    if let Some(seconds) = peer.keepalive_s {
        entry = entry.push_persistent_keepalive_interval(seconds);
    }
    let Some(prefixes) = &peer.allowed_ips else { return entry.end_nested() };
    let list = prefixes.iter().fold(entry.array_allowedips(), |list, prefix| {
        let family = if matches!(prefix, IpNet::V4(_)) { AF_INET } else { AF_INET6 };
        let entry = list.entry_nested().push_family(family).push_ipaddr(prefix.network());
        entry.push_cidr_mask(prefix.prefix_len()).end_nested()
    });
    list.end_array().end_nested()
}

fn flags(peer: &PeerSettings) -> u32 {
    let rule = match peer.rule {
        PeerRule::Add => 0,
        PeerRule::Update => WgpeerFlags::UpdateOnly as u32,
        PeerRule::Remove => WgpeerFlags::RemoveMe as u32,
    };
    match peer.allowed_ips {
        Some(_) => rule | WgpeerFlags::ReplaceAllowedips as u32,
        None => rule,
    }
}

/// What one message tells.
struct Part {
    private_key: Option<WgSecret>,
    listen_port: Option<u16>,
    peers: Vec<PeerActual>,
}

/// Reads one message; what is missing or misshapen is left out.
fn part(message: &IterableWgdevice<'_>) -> Part {
    let peers = message.get_peers().into_iter().flatten();
    Part {
        private_key: message.get_private_key().ok().and_then(secret),
        listen_port: message.get_listen_port().ok(),
        peers: peers.filter_map(|entry| peer(&entry)).collect(),
    }
}

/// Fills key, port and peers of `actual` from all messages of an answer.
fn join(parts: Vec<Part>, actual: &mut LinkActual) {
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
        endpoint: endpoint.map(|endpoint| SocketAddr::new(endpoint.ip(), endpoint.port())),
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
    bytes(value).filter(|bytes| *bytes != [0; WG_KEY_BYTES]).map(WgSecret::new)
}

fn key(value: &[u8]) -> Option<WgKey> {
    WgKey::new(bytes(value)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use netlink_bindings::wireguard::{PushWgdevice, Wgdevice};

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
