//! What is shown before a question: what may be asked for, what was understood, what will change.

use super::PeerView;
use crate::model::{Asn, Families};

/// What is to be seen before a question is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// What this POP takes, before the first answer.
    Limits(LimitsView),
    /// The peering that would be made, and our AS number.
    Draft(Box<PeerView>, Asn),
    /// What would change of a peering.
    Changes(Asn, Vec<Change>),
}

/// What this POP takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsView {
    /// Our AS number.
    pub our_asn: Asn,
    /// The public name of this POP.
    pub server: String,
    /// How many peerings there are.
    pub peers: usize,
    /// How many there may be, where that is bounded.
    pub peers_max: Option<u16>,
    /// Which addresses an endpoint may have.
    pub families: Families,
    /// Must the operator approve of each?
    pub approval: bool,
}

/// Something that is different afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What: the flag that says it, without its hyphens and with underscores, as JSON has it.
    pub name: &'static str,
    /// What it is now, harmless for everybody who may see the peering.
    pub before: String,
    /// What it will be.
    pub after: String,
}
