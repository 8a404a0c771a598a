//! What operators decide and read, as answers.

use super::{Applied, PeerView};
use crate::model::Asn;
use crate::peering::audit_log::{AuditLog, Happening};
use crate::peering::ban::{Ban, Subject};

/// What came of an operator's command.
#[derive(Clone, Debug)]
pub enum Decision {
    /// A peering that waited is taken.
    Approved(PeerView, Applied),
    /// A peering that waited is not taken, for this reason.
    Rejected(Asn, String),
    /// A peering is switched off.
    Suspended(PeerView, Applied),
    /// It was so already, and nothing was written.
    Unchanged(PeerView, Applied),
    /// Somebody gets no peering here.
    Banned(Ban, Effect),
    /// Somebody may have a peering here.
    Unbanned(Subject, Effect),
    /// Who gets no peering here.
    Bans(Vec<Ban>),
    /// Who changed what.
    Audit(AuditLog),
}

/// Did a decision make a difference?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Yes.
    Changed,
    /// It was so already.
    Unchanged,
}

/// What happened to a peering.
#[derive(Clone, Debug)]
pub struct HistoryView {
    /// Whose it is.
    pub asn: Asn,
    /// What happened, the oldest first.
    pub happenings: Vec<Happening>,
    /// Was there more, which is not told?
    pub cut: bool,
}

impl Decision {
    /// What came of waiting for the apply loop, where it had something to do.
    pub fn applied(&self) -> Option<&Applied> {
        match self {
            Decision::Approved(_, applied)
            | Decision::Suspended(_, applied)
            | Decision::Unchanged(_, applied) => Some(applied),
            Decision::Rejected(..)
            | Decision::Banned(..)
            | Decision::Unbanned(..)
            | Decision::Bans(_)
            | Decision::Audit(_) => None,
        }
    }
}
