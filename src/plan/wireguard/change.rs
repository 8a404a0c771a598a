//! One difference of a link: what is there, what is to be there, and the line that tells it.
//!
//! The same value is printed by a plan, logged by the apply loop and performed on the machine, so
//! what is told is what is done. A secret never appears in a line; the public half of a private key
//! does.

use crate::limits::ALLOWED_IPS_SHOWN_MAX;
use crate::model::{Port, WgKey, WgSecret};
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// One change of one link. Its `Display` is one line without the link's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Our private key.
    PrivateKey {
        /// The one that is set.
        old: Option<WgSecret>,
        /// The one to set.
        new: WgSecret,
    },
    /// A peer that is not there.
    AddPeer {
        key: WgKey,
        preshared_key: Option<WgSecret>,
        /// Where to send first.
        endpoint: Option<SocketAddr>,
        /// What it may send and receive.
        allowed_ips: Rc<[IpNet]>,
        /// Seconds between keepalives; 0: none.
        keepalive_s: u16,
    },
    /// A peer that nobody asked for: its allowed IPs would take the packets of the right one.
    RemovePeer { key: WgKey },
    PresharedKey {
        /// Of this peer.
        key: WgKey,
        /// The one that is set.
        old: Option<WgSecret>,
        /// The one to set; `None` takes it away.
        new: Option<WgSecret>,
    },
    /// Where to send.
    Endpoint {
        /// To this peer.
        key: WgKey,
        /// Where packets go now.
        old: Option<SocketAddr>,
        /// Where they shall go, until they come from elsewhere.
        new: SocketAddr,
    },
    /// Seconds between keepalives, 0 if off.
    Keepalive {
        /// To this peer.
        key: WgKey,
        /// What is set.
        old: u16,
        /// What shall be.
        new: u16,
    },
    /// What the peer may send and receive.
    AllowedIps {
        /// The peer.
        key: WgKey,
        /// What is set.
        old: Vec<IpNet>,
        /// What shall be.
        new: Rc<[IpNet]>,
    },
    /// The UDP port that the link listens on.
    ListenPort {
        /// The one that is set, 0 if none is.
        old: u16,
        /// The one to set.
        new: Port,
    },
    /// The largest packet in bytes.
    Mtu {
        /// What is set.
        old: u32,
        /// What shall be.
        new: u32,
    },
    /// The link is down and shall be up.
    Up,
    /// An address that is not there.
    AddAddress {
        local: IpAddr,
        /// The peer's, which the kernel routes to the link.
        remote: IpAddr,
    },
    /// Our address is there with another peer's.
    ChangeRemote {
        local: IpAddr,
        /// The peer's that is there.
        old: IpAddr,
        /// The peer's that shall be.
        new: IpAddr,
    },
    /// Our address is there with its peer, and the route to it is not.
    RenewRoute {
        local: IpAddr,
        /// The peer's.
        remote: IpAddr,
    },
    /// A link-local address that is no longer wanted, or that stands in the way of the route.
    RemoveAddress {
        local: IpAddr,
        /// The peer's, equal to ours if there is none.
        remote: IpAddr,
    },
}

impl Change {
    /// Does the route to the peer go with the address, though the new one may have the same peer?
    pub fn takes_route(&self) -> bool {
        matches!(self, Change::RemoveAddress { local, .. } if local.is_ipv6())
    }

    /// Does the kernel make the route to the peer because of it, a moment later?
    pub fn moves_route(&self) -> bool {
        matches!(
            self,
            Change::AddAddress { .. }
                | Change::ChangeRemote { .. }
                | Change::RemoveAddress { .. }
                | Change::RenewRoute { .. }
        )
    }
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::PrivateKey { old, new } => {
                let old = old.as_ref().map(WgSecret::public);
                write!(out, "private key of {} -> {}", or(old, "none"), new.public())
            }
            Change::AddPeer { key, endpoint, .. } => {
                write!(out, "peer {key} added, endpoint {}", or(*endpoint, "unknown"))
            }
            Change::RemovePeer { key } => write!(out, "peer {key} removed"),
            Change::PresharedKey { old, new, .. } => out.write_str(secret_words(old, new)),
            Change::Endpoint { old, new, .. } => {
                write!(out, "endpoint {} -> {new}", or(*old, "unknown"))
            }
            Change::Keepalive { old, new, .. } => write!(out, "keepalive {old} s -> {new} s"),
            Change::AllowedIps { old, new, .. } => {
                write!(out, "allowed IPs {} -> {}", prefixes(old), prefixes(new))
            }
            Change::ListenPort { old: 0, new } => write!(out, "listen port none -> {new}"),
            Change::ListenPort { old, new } => write!(out, "listen port {old} -> {new}"),
            Change::Mtu { old, new } => write!(out, "MTU {old} -> {new}"),
            Change::Up => out.write_str("down -> up"),
            Change::AddAddress { local, remote } => {
                write!(out, "address {local} peer {remote} added")
            }
            Change::ChangeRemote { local, old, new } => {
                write!(out, "address {local} peer {old} -> {new}")
            }
            Change::RenewRoute { remote, .. } => write!(out, "route to {remote} made anew"),
            Change::RemoveAddress { local, remote } if local == remote => {
                write!(out, "address {local} removed")
            }
            Change::RemoveAddress { local, remote } => {
                write!(out, "address {local} peer {remote} removed")
            }
        }
    }
}

/// A value or a word in its place.
fn or<T: fmt::Display>(value: Option<T>, word: &str) -> String {
    value.map_or_else(|| word.to_owned(), |value| value.to_string())
}

fn secret_words(old: &Option<WgSecret>, new: &Option<WgSecret>) -> &'static str {
    match (old, new) {
        (None, _) => "preshared key set",
        (_, None) => "preshared key removed",
        _ => "preshared key replaced",
    }
}

fn prefixes(list: &[IpNet]) -> String {
    match list.len() {
        0 => "none".to_owned(),
        count if count > ALLOWED_IPS_SHOWN_MAX => format!("{count} prefixes"),
        _ => list.iter().map(IpNet::to_string).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cases: &[(Change, &str)]) {
        for (change, line) in cases {
            assert_eq!(change.to_string(), *line);
            // No part of the secret of nines, in any of its spellings.
            assert!(!format!("{change:?} {change}").contains("CQkJ"), "{change:?}");
        }
    }

    #[test]
    fn a_peer_in_one_line_without_secrets() {
        let key = WgSecret::new([1; 32]).public();
        let shown = key.to_string();
        let psk = || Some(WgSecret::new([9; 32]));
        let endpoint: SocketAddr = "[2001:db8::1]:20263".parse().unwrap();
        let many: Vec<IpNet> = (0..9).map(|n| format!("10.0.{n}.0/24").parse().unwrap()).collect();
        let few = Rc::new(["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let secret = |old, new| Change::PresharedKey { key, old, new };
        let new = WgSecret::new([1; 32]);
        told(&[
            (Change::PrivateKey { old: None, new }, &format!("private key of none -> {shown}")),
            (
                Change::AddPeer {
                    key,
                    preshared_key: psk(),
                    endpoint: None,
                    allowed_ips: Rc::new([]),
                    keepalive_s: 30,
                },
                &format!("peer {shown} added, endpoint unknown"),
            ),
            (Change::RemovePeer { key }, &format!("peer {shown} removed")),
            (secret(None, psk()), "preshared key set"),
            (secret(psk(), None), "preshared key removed"),
            (secret(psk(), psk()), "preshared key replaced"),
            (
                Change::Endpoint { key, old: None, new: endpoint },
                "endpoint unknown -> [2001:db8::1]:20263",
            ),
            (Change::Keepalive { key, old: 0, new: 30 }, "keepalive 0 s -> 30 s"),
            (
                Change::AllowedIps { key, old: many, new: few },
                "allowed IPs 9 prefixes -> 10.0.0.0/8, fd00::/8",
            ),
        ]);
    }

    #[test]
    fn a_link_in_one_line() {
        let address = |text: &str| IpAddr::V6(text.parse().unwrap());
        let (local, remote) = (address("fe80::263"), address("fe80::1:1"));
        let new = Port::new(52001).unwrap();
        told(&[
            (Change::ListenPort { old: 0, new }, "listen port none -> 52001"),
            (Change::ListenPort { old: 7, new }, "listen port 7 -> 52001"),
            (Change::Mtu { old: 1420, new: 1412 }, "MTU 1420 -> 1412"),
            (Change::Up, "down -> up"),
            (Change::AddAddress { local, remote }, "address fe80::263 peer fe80::1:1 added"),
            (
                Change::ChangeRemote { local, old: remote, new: local },
                "address fe80::263 peer fe80::1:1 -> fe80::263",
            ),
            (Change::RenewRoute { local, remote }, "route to fe80::1:1 made anew"),
            (Change::RemoveAddress { local, remote: local }, "address fe80::263 removed"),
            (Change::RemoveAddress { local, remote }, "address fe80::263 peer fe80::1:1 removed"),
        ]);
    }
}
