//! Where the member's WireGuard is: by their own word, and by where its packets come from.

use super::{Echo, Facts, Place, bad, good, milliseconds, unknown};
use crate::answer::{CheckView, Whose};
use crate::peering::{Objection, Peering};
use std::net::SocketAddr;

const NAME: &str = "endpoint";
const EDIT: &str = "Mend the name, or give another endpoint with peer_edit";

pub fn check(facts: &Facts<'_>) -> CheckView {
    let declared = facts.peering.endpoint.as_ref().map_or("none".to_string(), |it| it.to_string());
    match &facts.place {
        Place::Passive => good(NAME, format!("none: you call us{}", passive(facts))),
        Place::Nameless(why) => bad(NAME, format!("{declared}: {why}"), Whose::Member, EDIT),
        Place::Unasked(why) => {
            let hint = "The name servers of this POP, or of your name, do not answer properly";
            bad(NAME, format!("{declared}: {why}"), Whose::Operator, hint)
        }
        Place::Forbidden(why) => bad(NAME, format!("{declared}: {why}"), Whose::Member, EDIT),
        Place::Unknown => unknown(NAME, format!("{declared}{}", rtt(facts))),
        Place::Found(address) => found(facts, &declared, *address),
    }
}

fn found(facts: &Facts<'_>, declared: &str, address: SocketAddr) -> CheckView {
    if let Ok((_, objections)) = Peering::read(&facts.peering.to_row())
        && let Some(Objection::Endpoint(error)) = objections.first()
    {
        let hint = "It goes on as it is; a new peering would need a proper name";
        return bad(NAME, format!("{declared}: {error}"), Whose::Member, hint);
    }
    let place = match address.to_string() {
        same if same == declared => same,
        other => format!("{declared} is {other}"),
    };
    let roams = match source(facts) {
        Some(from) if from != address => format!("; your packets come from {from}"),
        _ => String::new(),
    };
    good(NAME, format!("{place}{roams}{}", rtt(facts)))
}

fn passive(facts: &Facts<'_>) -> String {
    let from = source(facts).map_or(String::new(), |it| format!("; your packets come from {it}"));
    from + &rtt(facts)
}

/// Where packets came from: before the first handshake, the link has only what we told it.
fn source(facts: &Facts<'_>) -> Option<SocketAddr> {
    facts.link.as_ref().filter(|_| facts.handshake_age.is_some())?.endpoint
}

/// How far away it is, as the end of a sentence; empty while that was not tried.
fn rtt(facts: &Facts<'_>) -> String {
    match (&facts.rtt, facts.class) {
        (Some(Echo::Answer(us)), Some(class)) => {
            format!("; {}, latency class {class}", milliseconds(*us))
        }
        (Some(Echo::Silence), Some(class)) => {
            format!("; no answer to ping, latency class {class} stays")
        }
        _ => String::new(),
    }
}
