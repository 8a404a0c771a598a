//! How a peering is, and what is wrong with it: facts in, six checks out.
//!
//! The checks come in the order in which the parts depend on each other: registry, endpoint,
//! handshake, tunnel, BGP session, routes. Each tells what was seen. The one that is not well by
//! itself tells also the most likely cause, what to do about it, and who has to do it; one that
//! only waits for another has no advice of its own.

mod bgp;
mod facts;
mod link;
mod routes;

pub use crate::answer::RawView;
pub use facts::{
    BgpView, CapturedHandshake, Echo, Facts, KernelView, Limit, LinkView, Offer, Ownership, Place,
    Probe, RoutesView,
};

use crate::answer::{CheckView, Mark, Whose, milliseconds};
use crate::model::Mntner;
use crate::peering::{Status, vet};

/// The checks after the registry, in their order.
const PARTS: [&str; 5] = ["endpoint", "handshake", "tunnel", "bgp", "routes"];

/// The six checks.
pub fn checks(facts: &Facts<'_>) -> Vec<CheckView> {
    let mut checks = vec![registry(facts)];
    match facts.peering.status {
        Status::Active => checks.extend(parts(facts)),
        status => checks.extend(PARTS.map(|name| resting(name, status))),
    }
    for (name, words) in vet::objections(facts.peering, facts.site) {
        for check in checks.iter_mut().filter(|check| check.name == name) {
            check.detail = format!("{} ({words})", check.detail);
        }
    }
    checks
}

fn parts(facts: &Facts<'_>) -> [CheckView; 5] {
    let endpoint = link::endpoint(facts);
    let handshake = link::handshake(facts, endpoint.mark);
    let tunnel = link::tunnel(facts, handshake.mark);
    let bgp = bgp::check(facts, handshake.mark, tunnel.mark);
    let routes = routes::check(facts);
    [endpoint, handshake, tunnel, bgp, routes]
}

/// Nothing of a peering that is not to be served is on the machine.
fn resting(name: &'static str, status: Status) -> CheckView {
    let (words, whose, hint) = match status {
        Status::Active | Status::Pending => (
            "the peering waits for approval",
            Whose::Operator,
            "This POP's operator approves new peerings by hand",
        ),
        Status::Disabled => {
            ("the peering is switched off", Whose::Member, "peer_enable switches it on again")
        }
        Status::Suspended => (
            "the peering was suspended by this POP's operator",
            Whose::Operator,
            "Ask the operator why; peer_history tells what they wrote",
        ),
    };
    let told = name == PARTS[0];
    let (by, hint) = if told { (Some(whose), hint.to_string()) } else { (None, String::new()) };
    CheckView { name, mark: Mark::Unknown, detail: words.to_string(), by, hint }
}

fn good(name: &'static str, detail: impl Into<String>) -> CheckView {
    CheckView { name, mark: Mark::Good, detail: detail.into(), by: None, hint: String::new() }
}

/// Nothing is known, or it waits for something else.
fn unknown(name: &'static str, detail: impl Into<String>) -> CheckView {
    CheckView { mark: Mark::Unknown, ..good(name, detail) }
}

/// It is not well because something before it is not.
fn follows(name: &'static str, detail: impl Into<String>) -> CheckView {
    CheckView { mark: Mark::Bad, ..good(name, detail) }
}

/// It is not well, and somebody has to do something about it.
fn bad(
    name: &'static str,
    detail: impl Into<String>,
    whose: Whose,
    hint: impl Into<String>,
) -> CheckView {
    CheckView { by: Some(whose), hint: hint.into(), ..follows(name, detail) }
}

// Is the AS number still whose peering this is?

const REGISTRY: &str = "registry";

fn registry(facts: &Facts<'_>) -> CheckView {
    let (asn, ownership) = (facts.peering.asn, &facts.ownership);
    let names: Vec<String> = ownership.owners.iter().map(Mntner::to_string).collect();
    if !ownership.known {
        let detail = format!("{asn} is not in the registry");
        return bad(
            REGISTRY,
            detail,
            Whose::Member,
            "Bring its aut-num object back; the peering stays",
        );
    }
    if names.is_empty() {
        let detail = format!("no maintainer of {asn} is in the registry");
        let hint = "Give its aut-num object an mnt-by that exists; the peering stays";
        return bad(REGISTRY, detail, Whose::Member, hint);
    }
    let names = names.join(", ");
    if let Some(before) = &facts.peering.maintainer
        && !ownership.owners.contains(before)
    {
        let detail = format!("{asn} belongs to {names}; {before} made the peering");
        let hint = format!("It is {names}'s now: look whether key and endpoint are still right");
        return bad(REGISTRY, detail, Whose::Member, hint);
    }
    if !ownership.keys {
        let detail = format!("{asn} belongs to {names}, who has no SSH key there any more");
        let hint =
            "Put an auth line with your SSH key into the mntner object, or you cannot log in";
        return bad(REGISTRY, detail, Whose::Member, hint);
    }
    good(REGISTRY, format!("{asn} belongs to {names}"))
}

#[cfg(test)]
mod tests;
