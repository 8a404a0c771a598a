//! Each peering: what cannot be read or served, and what is still to be done.

use super::{Findings, Scene};
use crate::apply::Survey;

/// Tells what a pass could not do, and how many steps it would take.
pub(super) fn look(_scene: &Scene, survey: &Survey, findings: &mut Findings) {
    for (owner, why) in &survey.failures {
        let told = format!("{owner}: {why}");
        if findings.list().iter().all(|finding| finding.detail != told) {
            findings.wrong("peering", told, format_args!("peerling exec -- peer_status {owner}"));
        }
    }
    match survey.steps.len() {
        0 => findings.ok("machine", "the machine is as it should be"),
        count => findings.ok("machine", format_args!("{count} step(s) are pending: peerling plan")),
    }
}
