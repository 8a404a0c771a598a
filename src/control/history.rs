//! peer_history: what happened to a peering.

use super::{Case, Control, Outcome, fault};

impl Control {
    pub(super) fn history(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }
}
