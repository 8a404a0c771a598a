//! Each peering: what cannot be read or served, what is down, and whose AS number is gone; what is
//! still to be done; and what is left alone since it is not ours.

use super::service::Asked;
use super::{Findings, wireguard};
use crate::apply::{DryRun, unexplained_words};
use crate::local::PeeringView;
use crate::model::{Asn, BgpState};
use crate::peering::Row;
use crate::registry::Index;

/// What a pass could not do, and how many steps it would take.
pub(super) fn look(dry_run: &DryRun, findings: &mut Findings) {
    for (owner, why) in &dry_run.failures {
        let detail = format!("{owner}: {why}");
        if findings.list().iter().all(|finding| finding.detail != detail) {
            findings.wrong("peering", detail, "peerling plan; peerling exec -- peer_list --all");
        }
    }
    // What apply would do then, nobody should type.
    if wireguard::has_other_key(dry_run) {
        return;
    }
    match dry_run.steps.len() {
        0 => findings.ok("machine", "the machine is as it should be"),
        count => findings.warn(
            "machine",
            format_args!("{count} steps are pending"),
            "peerling plan shows them, peerling apply takes them",
        ),
    }
}

/// AS numbers with a peering that the registry has no more.
pub(super) fn orphans(rows: &[Row], index: &Index, findings: &mut Findings) {
    for row in rows {
        let Some(asn) = row.asn().filter(|asn| !index.knows(*asn)) else { continue };
        let recorded = row.maintainer.as_deref().unwrap_or("nobody knows whose");
        findings.wrong(
            "peering",
            format_args!("{asn} ({recorded}): it is not in the registry any more"),
            format_args!("peerling exec -- peer_remove {}, or wait for it to come back", asn.get()),
        );
    }
}

/// How the service sees its peerings.
pub(super) fn seen(asked: &Asked, index: Option<&Index>, findings: &mut Findings) {
    let Asked::Seen(seen) = asked else { return };
    let (mut up, mut waiting) = (0_usize, 0_usize);
    for peering in &seen.peerings {
        match judge(peering) {
            Life::Up => up += 1,
            Life::Waiting => waiting += 1,
            Life::Down(why) => findings.warn(
                "peering",
                format_args!("{}: {why}", named(peering, index)),
                format_args!("peerling exec -- peer_status {}", peering.asn),
            ),
            Life::Failed(why) => findings.wrong(
                "peering",
                format_args!("{}: failed: {why}", named(peering, index)),
                format_args!("peerling exec -- peer_status {}", peering.asn),
            ),
        }
    }
    let all = seen.peerings.len();
    findings.ok("peerings", format_args!("{all} are served, {up} of them up, {waiting} queued"));
}

/// How a peering is.
enum Life {
    Up,
    /// The apply loop has not come to it.
    Waiting,
    Down(String),
    Failed(String),
}

fn judge(peering: &PeeringView) -> Life {
    match peering.progress.as_str() {
        "failed" => Life::Failed(peering.error.clone().unwrap_or("no reason given".to_string())),
        "queued" => Life::Waiting,
        _ => match peering.bgp.as_deref() {
            Some(word) if word.parse() != Ok(BgpState::Established) => {
                Life::Down(down(peering, word))
            }
            Some(_) | None => Life::Up,
        },
    }
}

fn down(peering: &PeeringView, state: &str) -> String {
    let handshake = match peering.handshake_age_s {
        Some(seconds) => super::findings::ago(std::time::Duration::from_secs(seconds)),
        None => "never".to_string(),
    };
    let endpoint = peering.endpoint_trouble.as_deref();
    let endpoint = endpoint.map(|trouble| format!("; its endpoint: {trouble}")).unwrap_or_default();
    format!("down: BGP is {state}, last handshake {handshake}{endpoint}")
}

/// `AS4242420001 (EXAMPLE-MNT)`.
fn named(peering: &PeeringView, index: Option<&Index>) -> String {
    let asn = Asn::new(peering.asn).ok();
    let owner = asn.and_then(|asn| index.and_then(|index| index.owners(asn).next()));
    match owner {
        Some(owner) => format!("AS{} ({owner})", peering.asn),
        None => format!("AS{}", peering.asn),
    }
}

/// The area's name.
const FOREIGN: &str = "foreign";

/// Tells what is left alone.
pub(super) fn foreign(dry_run: &DryRun, findings: &mut Findings) {
    for words in &dry_run.foreign {
        findings.ok(FOREIGN, format_args!("not ours: {words}"));
    }
    for stray in &dry_run.strays {
        if findings.list().iter().any(|finding| finding.detail == stray.what) {
            continue;
        }
        findings.wrong(FOREIGN, &stray.what, &stray.remedy);
    }
    if !dry_run.unexplained.is_empty() {
        let remedy = "peerling apply --confirm-removals, or take them into the database";
        findings.wrong(FOREIGN, unexplained_words(&dry_run.unexplained), remedy);
    }
}
