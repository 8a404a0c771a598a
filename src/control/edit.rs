//! peer_edit: another key, endpoint or option for a peering that stays what it is.

use super::{Case, Control, Outcome, fault};

impl Control {
    pub(super) async fn edit(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }
}
