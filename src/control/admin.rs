//! What only administrators may: approve, reject, suspend, ban, and read the audit.

use super::{Case, Control, Outcome, fault};

impl Control {
    pub(super) async fn approve(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }

    pub(super) async fn reject(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }

    pub(super) async fn suspend(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }

    pub(super) fn ban(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }

    pub(super) fn unban(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }

    pub(super) fn audit(&self, case: &Case<'_>) -> Outcome {
        Err(fault(format!("{:?} is not there yet", case.request.command)))
    }
}
