//! peer_export: a peering as text for a sister POP.

use super::{Case, Control, Outcome, fault};

impl Control {
    pub(super) fn export(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }
}
