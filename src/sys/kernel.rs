//! WireGuard of the kernel, over generic netlink.
//!
//! Two commands: WG_CMD_GET_DEVICE lists a link with its peers, which may come in several messages,
//! and WG_CMD_SET_DEVICE changes what it names and leaves the rest (linux/wireguard.h, and
//! wireguard.yaml in Documentation/netlink/specs). Links are made and deleted elsewhere, over
//! rtnetlink.

mod device;

use crate::limits::KERNEL_PEERS_MAX;
use crate::plan::wireguard::{LinkActual, PeerRule, PeerSettings, Settings};
use crate::sys::netlink::{NetlinkError, Socket};
use ipnet::IpNet;
use netlink_bindings::nlctrl;
use netlink_bindings::traits::Pusher;
use netlink_bindings::wireguard::{PushArrayWgpeer, Request, WgpeerFlags};
use netlink_sys::protocols::NETLINK_GENERIC;

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
        let missing = || NetlinkError {
            what: what.to_owned(),
            errno: rustix::io::Errno::NOENT,
            kernel_text: None,
        };
        let family = family.first().copied().ok_or_else(missing)?;
        Ok(Kernel(socket.with_family(family)))
    }

    /// Reads key, port and peers of the link `actual.index` into `actual`. EOPNOTSUPP if it is no
    /// WireGuard link. Needs CAP_NET_ADMIN.
    pub fn read(&self, actual: &mut LinkActual) -> Result<(), NetlinkError> {
        let mut request = Request::new().op_get_device_dump();
        request.encode().push_ifindex(actual.index);
        let what = format!("read WireGuard link {}", actual.index);
        let parts = self.0.ask(&what, &request, |message| Some(device::part(&message)))?;
        device::join(parts, actual);
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
