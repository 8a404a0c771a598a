//! What is known of a peering at one moment. The loop sees the link and the BGP session, the
//! command looks at the registry and at the endpoint; what follows from it is judged elsewhere.

use crate::model::{Asn, BgpState, Mntner, WgKey};
use crate::peering::{Peering, Site};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

/// Everything that a diagnosis is made of.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// This POP.
    pub site: &'a Site,
    /// The peering, as the database has it.
    pub peering: &'a Peering,
    /// Whose the AS number is.
    pub ownership: Ownership,
    /// What became of the endpoint.
    pub place: Place,
    /// What the endpoint's port said to a datagram of ours, if one was sent.
    pub probe: Option<Probe>,
    /// What the member's handshakes were like that did not fit, if some were heard.
    pub captured: Option<CapturedHandshake>,
    /// Why the loop could not apply the peering, or works on it still.
    pub unapplied: Option<String>,
    pub link: Option<LinkView>,
    /// How old its last handshake is, where there was one.
    pub handshake_age: Option<Duration>,
    /// What came back through the tunnel.
    pub tunnel: Option<Echo>,
    pub bgp: Option<BgpView>,
    /// What this POP's kernel makes of it all, where that is known.
    pub kernel: Option<Rc<KernelView>>,
    /// What came back when the endpoint was last pinged.
    pub rtt: Option<Echo>,
    /// The dn42 latency class that BIRD is told.
    pub class: Option<u8>,
}

/// What the registry says of an AS number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// Is there an object of it?
    pub known: bool,
    /// Its maintainers, those that exist.
    pub owners: Vec<Mntner>,
    /// Has any of them a key that can log in?
    pub keys: bool,
}

/// Where a member's WireGuard is, by their own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// They call us.
    Passive,
    Found(SocketAddr),
    /// Its name gives no address, and this is why: the name's fault.
    Nameless(String),
    /// Its name could not be looked up, and this is why: the name server's fault.
    Unasked(String),
    /// It has an address that is no endpoint here, and this is why.
    Forbidden(String),
    /// Nothing is known yet.
    Unknown,
}

/// What a UDP port said to a datagram that no WireGuard would answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Nothing: somebody listens, or a firewall is silent.
    Silence,
    /// Nobody listens there (ICMP port unreachable).
    Closed,
    /// A firewall forbids it (ICMP administratively prohibited).
    Forbidden,
    /// There is no way to the host (ICMP no route, address unreachable).
    Unreachable,
}

/// What handshakes were like that came from the endpoint and to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapturedHandshake {
    /// They were made for another public key than ours.
    OtherRecipient,
    /// They were made for our public key, so that the sender's own must be another one than we
    /// have.
    OtherSender,
}

/// What came back of a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Echo {
    /// An answer, after so many microseconds.
    Answer(u64),
    Silence,
    /// This POP cannot ping, and this is why.
    Unable(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkView {
    /// Seconds since 1970 of the last handshake; 0: never.
    pub last_handshake_s: i64,
    /// Where the last valid packet came from, or what was configured.
    pub endpoint: Option<SocketAddr>,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
}

/// How a BGP session is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BgpView {
    /// `None`: BIRD says none that is known.
    pub state: Option<BgpState>,
    /// Since when, in BIRD's words.
    pub since: String,
    /// The last error in BIRD's words; empty: none.
    pub last_error: String,
    /// What was said before the other side only hung up; empty: nothing.
    pub earlier_error: String,
    /// The AS number that BIRD expects.
    pub neighbor_as: Option<Asn>,
    /// What the other side can, as long as the BGP session is up.
    pub offer: Option<Offer>,
    /// Each family that is up.
    pub routes: Vec<RoutesView>,
    /// The families that BIRD has here and that are not up.
    pub missing: Vec<String>,
}

/// What the other side said that it can (RFC 5492).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The families: `ipv4`, `ipv6` (RFC 4760).
    pub families: Vec<String>,
    /// Those whose routes may have an IPv6 next hop (RFC 8950).
    pub next_hops: Vec<String>,
}

/// The routes of one family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutesView {
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// Taken from the member.
    pub imported: u64,
    /// Refused by the filter, where BIRD counts them.
    pub filtered: Option<u64>,
    /// Given to the member.
    pub exported: u64,
    /// Updates that came since the BGP session is up.
    pub received: Option<u64>,
    /// Those of them that were broken, or that the filter refused.
    pub refused: Option<u64>,
    /// How many routes may be imported, and whether it was more.
    pub limit: Option<(u64, Limit)>,
}

/// What the kernel of this POP does with BIRD's routes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelView {
    /// BIRD's best routes, of all peerings.
    pub routes: usize,
    /// Those of them that the kernel refused.
    pub refused: usize,
    /// Addresses of this POP that it lacks.
    pub missing: Vec<IpAddr>,
    /// The families of which it forwards no packet.
    pub not_forwarded: Vec<&'static str>,
}

/// Is a limit reached?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Kept,
    /// It was, since the BGP session is up.
    Hit,
}

/// How BIRD tells of a connection that was closed without a word.
const HUNG_UP: [&str; 2] = ["Socket: Connection closed", "Socket: Connection reset by peer"];
/// How it tells that nobody listens; a daemon that was stopped may have said goodbye before.
const REFUSED: &str = "Socket: Connection refused";

impl BgpView {
    /// Are routes exchanged?
    pub fn is_established(&self) -> bool {
        self.state == Some(BgpState::Established)
    }

    /// Keeps what was said when somebody looked before. A BGP daemon that found a mistake says so
    /// once, and then hangs up on every attempt for a minute or more; BIRD keeps only the last.
    pub fn remember(&mut self, before: Option<BgpView>) {
        let Some(before) = before.filter(|_| self.is_mute()) else { return };
        self.earlier_error =
            if before.is_mute() { before.earlier_error } else { before.last_error };
    }

    fn is_hung_up(&self) -> bool {
        HUNG_UP.contains(&self.last_error.as_str())
    }

    fn is_mute(&self) -> bool {
        self.is_hung_up() || self.last_error == REFUSED
    }

    /// The error that tells most: that nobody listens is news, that they hang up is not.
    pub(super) fn error(&self) -> &str {
        if self.is_hung_up() && !self.earlier_error.is_empty() {
            &self.earlier_error
        } else {
            &self.last_error
        }
    }
}

impl Facts<'_> {
    /// Our side as the member has to enter it: name, port, public key.
    pub(super) fn ours(&self) -> (&str, u16, WgKey) {
        let port = self.site.port(self.peering).map_or(0, |port| port.get());
        (&self.site.name, port, self.site.key_for(self.peering))
    }
}
