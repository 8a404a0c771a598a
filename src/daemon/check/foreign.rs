//! What bears names of ours and is not ours, and what nobody can explain.

use super::Findings;
use crate::apply::{Survey, unexplained_words};

/// The area's name.
const NAME: &str = "foreign";

/// Tells what is left alone.
pub(super) fn look(survey: &Survey, findings: &mut Findings) {
    for words in &survey.foreign {
        findings.ok(NAME, format_args!("not ours: {words}"));
    }
    for stray in &survey.strays {
        if findings.list().iter().any(|finding| finding.detail == stray.what) {
            continue;
        }
        findings.wrong(NAME, &stray.what, &stray.remedy);
    }
    if !survey.unexplained.is_empty() {
        let remedy = "peerling apply --confirm-removals, or take them into the database";
        findings.wrong(NAME, unexplained_words(&survey.unexplained), remedy);
    }
}
