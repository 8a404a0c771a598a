//! What bears names of ours and is not ours, and what nobody can explain.

use super::Findings;
use crate::apply::{DryRun, unexplained_words};

/// The area's name.
const NAME: &str = "foreign";

/// Tells what is left alone.
pub(super) fn look(dry_run: &DryRun, findings: &mut Findings) {
    for words in &dry_run.foreign {
        findings.ok(NAME, format_args!("not ours: {words}"));
    }
    for stray in &dry_run.strays {
        if findings.list().iter().any(|finding| finding.detail == stray.what) {
            continue;
        }
        findings.wrong(NAME, &stray.what, &stray.remedy);
    }
    if !dry_run.unexplained.is_empty() {
        let remedy = "peerling apply --confirm-removals, or take them into the database";
        findings.wrong(NAME, unexplained_words(&dry_run.unexplained), remedy);
    }
}
