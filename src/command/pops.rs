//! What pops is answered with: the POPs of the network, and which of them a member peers with.

use crate::model::Asn;

/// The network as a member sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PopsView {
    /// Every POP in use, in the order of the inventory; none where this POP has no sisters.
    pub pops: Vec<PopView>,
    /// What makes the member's peerings at sisters that do not have them: lines for a shell of the
    /// member's own.
    pub lines: Vec<String>,
}

/// One POP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PopView {
    /// Its short name.
    pub name: String,
    /// Where members connect to.
    pub host: String,
    /// Is it the one that answers?
    pub this: bool,
    /// The member's peerings there; `None`: nobody here knows.
    pub peerings: Option<Vec<PopPeering>>,
}

/// A peering of the member at one POP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PopPeering {
    /// The member's AS number.
    pub asn: Asn,
    /// How far that POP is from the member's endpoint.
    pub rtt: Rtt,
}

/// How far it is to a member's endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rtt {
    /// It was never measured.
    Unknown,
    /// This POP measures it, in microseconds.
    Measured(u64),
    /// A sister says that it is at most this, in microseconds.
    AtMost(u64),
}
