//! A link as it should be, and as it is: what is sent to the kernel, to a userspace implementation,
//! and to `wg-as<ASN>.conf`.

mod change;
mod difference;
mod settings;
mod show;

pub use change::Change;
pub use difference::{EndpointRule, differs};
pub use settings::{PeerRule, PeerSettings, Settings};
pub use show::show;

pub use crate::peering::files::{ALLOWED_IPS, KEEPALIVE_S};

use crate::model::{IfName, LinkLocal, Port, WgKey, WgSecret};
use ipnet::IpNet;
use std::net::{Ipv6Addr, SocketAddr};

/// A link as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkWanted {
    /// Its name.
    pub name: IfName,
    /// Our private key, the same for all links of a POP.
    pub private_key: WgSecret,
    /// The UDP port that we listen on for this peering.
    pub listen_port: Port,
    /// The largest packet in bytes; `None` leaves what the link was created with.
    pub mtu: Option<u32>,
    /// Our address on the link.
    pub local: LinkLocal,
    /// Theirs: the kernel routes it (/128) to the link.
    pub remote: LinkLocal,
    /// Their public key.
    pub peer_key: WgKey,
    /// A preshared key, if one was agreed.
    pub preshared_key: Option<WgSecret>,
    /// Where to send. `None`: they call us, or their name does not resolve now.
    pub endpoint: Option<SocketAddr>,
}

/// A link as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LinkActual {
    /// Index of the network interface.
    pub index: u32,
    /// Is it set up (`IFF_UP`)?
    pub up: bool,
    /// The largest packet in bytes.
    pub mtu: u32,
    /// Every IPv6 address on it with its peer's (equal to the address where there is no peer).
    pub addresses: Vec<(Ipv6Addr, Ipv6Addr)>,
    /// Has the kernel no route to the peer of one of them? It loses it if somebody deletes it.
    pub unrouted: bool,
    /// Our private key, if one is set, as the implementation keeps it: clamped (RFC 7748, section
    /// 5).
    pub private_key: Option<WgSecret>,
    /// The UDP port that it listens on, 0 if none is set.
    pub listen_port: u16,
    /// Its peers.
    pub peers: Vec<PeerActual>,
}

/// One WireGuard peer of a link, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerActual {
    /// Its public key.
    pub key: WgKey,
    /// The preshared key, if one is set (all zero means none).
    pub preshared_key: Option<WgSecret>,
    /// Where packets go now: what was configured, or where the last valid packet came from.
    pub endpoint: Option<SocketAddr>,
    /// Seconds between keepalives, 0 if off.
    pub keepalive_s: u16,
    /// What it may send and receive.
    pub allowed_ips: Vec<IpNet>,
    /// When the last handshake was completed, in seconds since 1970; 0 if never.
    pub last_handshake_s: i64,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
}

/// [`ALLOWED_IPS`] as prefixes.
pub fn allowed_ips() -> Vec<IpNet> {
    ALLOWED_IPS.iter().filter_map(|text| text.parse().ok()).collect()
}
