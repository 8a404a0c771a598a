//! A link as it should be, and as it is: what is sent to the kernel, to a userspace implementation,
//! and to `wg-as<ASN>.conf`.

mod change;
mod difference;
mod settings;

pub use crate::plan::show::show;
pub use change::Change;
pub use difference::{EndpointRule, differs};
pub use settings::{PeerRule, PeerSettings, Settings};

pub use crate::peering::files::{ALLOWED_IPS, KEEPALIVE_S};

use crate::model::{IfName, LinkLocal, Port, WgKey, WgSecret};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

/// What new links become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Links of the kernel's WireGuard.
    Kernel,
    /// A process for each link.
    Userspace {
        /// The program that is started with the link's name: a path, or a name for PATH.
        command: String,
    },
    /// Nothing: somebody else brings up what the files say. All verbs do nothing.
    Files,
}

/// A link as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkWanted {
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
    /// The same in IPv4 (/32), where both ends have such addresses.
    pub ipv4: Option<(Ipv4Addr, Ipv4Addr)>,
    pub peer_key: WgKey,
    /// A preshared key, if one was agreed.
    pub preshared_key: Option<WgSecret>,
    /// Where to send. `None`: they call us, or their name does not resolve now.
    pub endpoint: Option<SocketAddr>,
    /// What the peer may send and receive; peerings share one list.
    pub allowed_ips: Rc<[IpNet]>,
    /// Seconds between keepalives; 0: none.
    pub keepalive_s: u16,
    /// What becomes of link-local addresses that are not wanted.
    pub other_addresses: OtherAddresses,
}

/// What becomes of link-local addresses on a link that are not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherAddresses {
    /// They go: one of them could become the source of the BGP session.
    Removed,
    /// They stay, and ours may be there without its peer: the link was made by hand, and its BGP
    /// session runs as it is.
    Kept,
}

impl LinkWanted {
    /// Our addresses on the link, each with theirs.
    pub fn addresses(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> {
        let ipv4 = self.ipv4.map(|(local, remote)| (local.into(), remote.into()));
        [(self.local.get().into(), self.remote.get().into())].into_iter().chain(ipv4)
    }
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
    /// Every address on it with its peer's (equal to the address where there is no peer).
    pub addresses: Vec<(IpAddr, IpAddr)>,
    /// Those peers that the kernel has no route to. It loses it if somebody deletes it.
    pub unrouted: Vec<IpAddr>,
    /// Our private key, if one is set, as the implementation keeps it: clamped (RFC 7748, section
    /// 5).
    pub private_key: Option<WgSecret>,
    /// The UDP port that it listens on, 0 if none is set.
    pub listen_port: u16,
    pub peers: Vec<PeerActual>,
}

/// One WireGuard peer of a link, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerActual {
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

/// [`ALLOWED_IPS`] as prefixes: what the peer of a peering's link may send and receive.
pub fn allowed_ips() -> Rc<[IpNet]> {
    ALLOWED_IPS.iter().filter_map(|text| text.parse().ok()).collect()
}
