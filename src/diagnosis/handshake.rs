//! Does WireGuard of both sides find each other?
//!
//! WireGuard says nothing to what does not fit: no counter and no answer tells a wrong key from a
//! silent firewall. What can be known: bytes are counted only for what was valid, a closed port is
//! reported by ICMP, and a handshake names, to whoever has the public key that it was made for, its
//! recipient (the whitepaper's mac1, section 5.4.4).

use super::{CapturedHandshake, Facts, LinkView, Place, Probe, bad, follows, good, unknown};
use crate::answer::{CheckView, Mark, Whose};
use crate::limits::HANDSHAKE_FRESH;

const NAME: &str = "handshake";

pub fn check(facts: &Facts<'_>, endpoint: Mark) -> CheckView {
    if let Some(why) = &facts.unapplied {
        let hint = "This POP tries again by itself, and its operator's log tells the same";
        return bad(NAME, format!("not set up on this side: {why}"), Whose::Operator, hint);
    }
    let Some(link) = &facts.link else {
        return unknown(NAME, "this POP has not seen the link");
    };
    let (from, rx, tx) = (from(link), link.rx_bytes, link.tx_bytes);
    let seen = match facts.handshake_age {
        None => "never".to_string(),
        Some(age) => format!("{} s ago{from}; {rx} bytes received, {tx} sent", age.as_secs()),
    };
    match facts.handshake_age {
        Some(age) if age <= HANDSHAKE_FRESH => good(NAME, seen),
        _ => silent(facts, link, seen, endpoint),
    }
}

fn from(link: &LinkView) -> String {
    link.endpoint.map_or(String::new(), |it| format!(" with {it}"))
}

/// There is none, or the last is too old to be alive.
fn silent(facts: &Facts<'_>, link: &LinkView, seen: String, endpoint: Mark) -> CheckView {
    let (name, port, key) = facts.ours();
    let ours = format!("endpoint {name} port {port} and public key {key}");
    if facts.handshake_age.is_none() && link.rx_bytes > 0 {
        return unheard(facts, link, &seen);
    }
    match (facts.captured, facts.probe) {
        (Some(CapturedHandshake::OtherRecipient), _) => {
            let detail = format!("{seen}: your handshakes arrive, but for another public key");
            bad(NAME, detail, Whose::Member, format!("This POP has {key}: enter that for its peer"))
        }
        (Some(CapturedHandshake::OtherSender), _) => {
            let detail = format!("{seen}: your handshakes arrive, but from another key than yours");
            let hint = format!(
                "We have {} of you: give the right one with peer_edit, or use its private key",
                facts.peering.key
            );
            bad(NAME, detail, Whose::Member, hint)
        }
        (_, Some(probe)) if probe != Probe::Silence => closed(facts, &seen, probe),
        _ if endpoint == Mark::Bad => follows(NAME, format!("{seen}: there is nowhere to send to")),
        _ if facts.place == Place::Passive => {
            let detail = format!("{seen}: nothing valid came from you, and you are to call");
            let hint = format!("Your side needs {ours}, a PersistentKeepalive, and UDP out");
            bad(NAME, detail, Whose::Member, hint)
        }
        _ => unanswered(facts, link, &seen, &ours),
    }
}

/// Their handshakes were valid, and none was ever completed.
fn unheard(facts: &Facts<'_>, link: &LinkView, seen: &str) -> CheckView {
    let detail =
        format!("{seen}: your handshakes arrive{}, ours do not fit or reach you", from(link));
    let (name, port, _) = facts.ours();
    let firewall = format!("Let UDP from {name} port {port} in through your firewall");
    let hint = match facts.peering.preshared_key {
        Some(_) => format!("Compare the preshared key. {firewall}"),
        None => format!("{firewall}, and have no preshared key: we have none of you"),
    };
    bad(NAME, detail, Whose::Member, hint)
}

/// The network said why nothing gets through.
fn closed(facts: &Facts<'_>, seen: &str, probe: Probe) -> CheckView {
    let place = match &facts.place {
        Place::Found(address) => address.to_string(),
        _ => "your endpoint".to_string(),
    };
    let (words, hint) = match probe {
        Probe::Closed => (
            format!("nobody listens at {place} (ICMP port unreachable)"),
            "Start your WireGuard with that ListenPort, or give the right one with peer_edit",
        ),
        Probe::Forbidden => (
            format!("a firewall forbids {place} (ICMP prohibited)"),
            "Let UDP to that port in through your firewall",
        ),
        Probe::Unreachable | Probe::Silence => (
            format!("there is no way to {place} (ICMP unreachable)"),
            "Is your router up, and is that its address? peer_edit gives another",
        ),
    };
    bad(NAME, format!("{seen}: {words}"), Whose::Member, hint)
}

fn unanswered(facts: &Facts<'_>, link: &LinkView, seen: &str, ours: &str) -> CheckView {
    let sent = match link.tx_bytes {
        0 => "nothing was sent yet".to_string(),
        bytes => format!("{bytes} bytes of ours got no answer"),
    };
    let listens = match &facts.peering.endpoint {
        Some(endpoint) => format!("Let UDP port {} in through your firewall. ", endpoint.port),
        None => String::new(),
    };
    let keys = format!("Your peer needs {ours}; our peer has {} of you", facts.peering.key);
    bad(
        NAME,
        format!("{seen}: {sent}, and nothing valid of yours came"),
        Whose::Member,
        listens + &keys,
    )
}
