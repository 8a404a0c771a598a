//! Why something that was made by hand does not become a peering: what is the case, and, where
//! there is one, what to do.

use super::wg_quick::Fault;
use crate::model::Asn;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The tunnel has IPv4 addresses only.
    Ipv4Tunnel,
    /// The BGP session runs over IPv4.
    Ipv4Session,
    /// One BGP session for each family.
    Split,
    /// Several BGP sessions with one AS, or over one link; all their protocols.
    SeveralSessions(Vec<String>),
    /// The neighbour's address is not a link-local one.
    NotLinkLocal(IpAddr),
    /// The protocol gives no address of a neighbour.
    NoNeighbour,
    /// The neighbour's AS number is no number, or one that cannot be a peer's.
    NoAsn,
    /// The protocol is switched off in BIRD's configuration.
    Disabled,
    /// The protocol has no name.
    Unnamed,
    /// The tunnel has no BGP session.
    NoSession,
    /// The BGP session is bound to no link.
    NoLink,
    /// The link is not there now.
    LinkGone,
    /// The link runs otherwise than its file says: the first difference, in words.
    RunsOtherwise(String),
    /// The link is no WireGuard.
    OtherLink(String),
    /// The link has no file of wg-quick's in the directory of them.
    NoFile(PathBuf),
    /// The file is none of wg-quick's.
    Unreadable(PathBuf, Fault),
    /// The tunnel has none, or several, of what it must have one of.
    Peers(usize),
    /// The file gives no public key of the peer.
    NoPeerKey,
    /// The file has no `ListenPort`.
    NoPort,
    /// The file gives no address of ours on the link with this neighbour.
    NoAddress(IpAddr),
    /// The private key is in another file.
    KeyElsewhere(String),
    /// The file has no private key.
    NoKey,
    /// The link's name cannot be kept.
    LinkName,
    /// The AS number has a peering already.
    HasPeering(Asn),
    /// The link, the port or the protocol belongs to a peering that has it already, or to another
    /// of these.
    Clash(String),
    /// The registry has no such AS number.
    NotRegistered(Asn),
    /// The registry names no maintainer of it that exists.
    NoMaintainer(Asn),
    /// None of its maintainers has a key: nobody could log in for it.
    NoKeys(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Reason::Ipv4Tunnel => "the tunnel has IPv4 addresses only",
            Reason::Ipv4Session => "the BGP session runs over IPv4",
            Reason::Split => "one BGP session for each family",
            Reason::NoNeighbour => "the protocol names no neighbour's address",
            Reason::NoAsn => "the neighbour's AS number is not given as a number",
            Reason::Disabled => "the protocol is disabled in BIRD's configuration",
            Reason::Unnamed => "the protocol has no name; give it one",
            Reason::NoSession => "no BGP session in BIRD's configuration uses this link",
            Reason::NoLink => "the BGP session is bound to no link",
            Reason::LinkGone => "the link is not up; bring it up, or remove what is left of it",
            Reason::NoPeerKey => "its wg-quick file has no PublicKey below [Peer]",
            Reason::NoPort => "its wg-quick file has no ListenPort; write the port into it",
            Reason::NoKey => "its wg-quick file has no PrivateKey",
            Reason::LinkName => "the link's name has characters that cannot be kept",
            Reason::Peers(0) => "its wg-quick file has no [Peer]",
            other => return other.with_detail(out),
        };
        out.write_str(words)
    }
}

impl Reason {
    fn with_detail(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::SeveralSessions(protocols) => {
                write!(out, "{} BGP sessions: {}", protocols.len(), protocols.join(", "))
            }
            Reason::NotLinkLocal(address) => {
                write!(out, "the neighbour's address {address} is not link-local")
            }
            Reason::OtherLink(kind) => write!(out, "the link is {kind}, not WireGuard"),
            Reason::RunsOtherwise(change) => {
                write!(out, "the running link is not as its wg-quick file says: {change}")
            }
            Reason::NoFile(file) => write!(out, "the link has no wg-quick file {}", file.display()),
            Reason::Unreadable(file, fault) => write!(out, "{}:{fault}", file.display()),
            Reason::Peers(count) => write!(out, "{count} WireGuard peers on one link"),
            Reason::NoAddress(neighbour) => {
                write!(out, "its wg-quick file gives us no address to reach {neighbour} from")
            }
            Reason::KeyElsewhere(file) => {
                let from = if file.starts_with('/') { file } else { "a command" };
                write!(out, "the private key comes from {from}; ")?;
                out.write_str("write PrivateKey into the wg-quick file")
            }
            Reason::HasPeering(asn) => write!(out, "{asn} has a peering here already"),
            Reason::Clash(with) => write!(out, "another peering has {with} already"),
            Reason::NotRegistered(asn) => write!(out, "the registry has no {asn}"),
            Reason::NoMaintainer(asn) => {
                write!(out, "the registry has no maintainer of {asn}")
            }
            Reason::NoKeys(names) => {
                write!(out, "{names} has no key in the registry that could log in")
            }
            _ => Ok(()),
        }
    }
}
