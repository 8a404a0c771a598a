//! peer_disable and peer_enable.

use super::{Case, Control, Outcome, fault};

impl Control {
    pub(super) async fn disable(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }

    pub(super) async fn enable(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }
}
