//! The three checks of a link: its endpoint, its handshake, and what comes through it.

use super::{
    BgpView, CapturedHandshake, Echo, Facts, LinkView, Place, Probe, bad, follows, good,
    milliseconds, unknown,
};
use crate::answer::{CheckView, Mark, Whose};
use crate::limits::HANDSHAKE_FRESH;
use crate::peering::{Objection, Peering};
use std::net::SocketAddr;

// Where the member's WireGuard is: by their own word, and by where its packets come from.

const ENDPOINT: &str = "endpoint";
const EDIT: &str = "Mend the name, or give another endpoint with peer_edit";

pub fn endpoint(facts: &Facts<'_>) -> CheckView {
    let declared =
        facts.peering.endpoint.as_ref().map_or("none".to_string(), |endpoint| endpoint.to_string());
    match &facts.place {
        Place::Passive => good(ENDPOINT, format!("none: you call us{}", passive(facts))),
        Place::Nameless(why) => bad(ENDPOINT, format!("{declared}: {why}"), Whose::Member, EDIT),
        Place::Unasked(why) => {
            let hint = "The name servers of this POP, or of your name, do not answer properly";
            bad(ENDPOINT, format!("{declared}: {why}"), Whose::Operator, hint)
        }
        Place::Forbidden(why) => bad(ENDPOINT, format!("{declared}: {why}"), Whose::Member, EDIT),
        Place::Unknown => unknown(ENDPOINT, format!("{declared}{}", rtt(facts))),
        Place::Found(address) => found(facts, &declared, *address),
    }
}

fn found(facts: &Facts<'_>, declared: &str, address: SocketAddr) -> CheckView {
    if let Ok((_, objections)) = Peering::read(&facts.peering.to_row())
        && let Some(Objection::Endpoint(error)) = objections.first()
    {
        let hint = "It goes on as it is; a new peering would need a proper name";
        return bad(ENDPOINT, format!("{declared}: {error}"), Whose::Member, hint);
    }
    let place = match address.to_string() {
        same if same == declared => same,
        other => format!("{declared} is {other}"),
    };
    let roams = match source(facts) {
        Some(from) if from != address => format!("; your packets come from {from}"),
        _ => String::new(),
    };
    good(ENDPOINT, format!("{place}{roams}{}", rtt(facts)))
}

fn passive(facts: &Facts<'_>) -> String {
    let from = source(facts)
        .map_or(String::new(), |address| format!("; your packets come from {address}"));
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

// Does WireGuard of both sides find each other?
//
// WireGuard says nothing to what does not fit: no counter and no answer tells a wrong key from a
// silent firewall. What can be known: bytes are counted only for what was valid, a closed port is
// reported by ICMP, and a handshake names, to whoever has the public key that it was made for, its
// recipient (the whitepaper's mac1, section 5.4.4).

const HANDSHAKE: &str = "handshake";

pub fn handshake(facts: &Facts<'_>, endpoint: Mark) -> CheckView {
    if let Some(why) = &facts.unapplied {
        let hint = "This POP tries again by itself, and its operator's log tells the same";
        return bad(HANDSHAKE, format!("not set up on this side: {why}"), Whose::Operator, hint);
    }
    let Some(link) = &facts.link else {
        return unknown(HANDSHAKE, "this POP has not seen the link");
    };
    let (from, rx, tx) = (from(link), link.rx_bytes, link.tx_bytes);
    let seen = match facts.handshake_age {
        None => "never".to_string(),
        Some(age) => format!("{} s ago{from}; {rx} bytes received, {tx} sent", age.as_secs()),
    };
    match facts.handshake_age {
        Some(age) if age <= HANDSHAKE_FRESH => good(HANDSHAKE, seen),
        _ => silent(facts, link, seen, endpoint),
    }
}

fn from(link: &LinkView) -> String {
    link.endpoint.map_or(String::new(), |endpoint| format!(" with {endpoint}"))
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
            bad(
                HANDSHAKE,
                detail,
                Whose::Member,
                format!("This POP has {key}: enter that for its peer"),
            )
        }
        (Some(CapturedHandshake::OtherSender), _) => {
            let detail = format!("{seen}: your handshakes arrive, but from another key than yours");
            let hint = format!(
                "We have {} of you: give the right one with peer_edit, or use its private key",
                facts.peering.key
            );
            bad(HANDSHAKE, detail, Whose::Member, hint)
        }
        (_, Some(probe)) if probe != Probe::Silence => closed(facts, &seen, probe),
        _ if endpoint == Mark::Bad => {
            follows(HANDSHAKE, format!("{seen}: there is nowhere to send to"))
        }
        _ if facts.place == Place::Passive => {
            let detail = format!("{seen}: nothing valid came from you, and you are to call");
            let hint = format!("Your side needs {ours}, a PersistentKeepalive, and UDP out");
            bad(HANDSHAKE, detail, Whose::Member, hint)
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
    bad(HANDSHAKE, detail, Whose::Member, hint)
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
    bad(HANDSHAKE, format!("{seen}: {words}"), Whose::Member, hint)
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
        HANDSHAKE,
        format!("{seen}: {sent}, and nothing valid of yours came"),
        Whose::Member,
        listens + &keys,
    )
}

// Do packets come through the tunnel, to and from the address inside it?
//
// What the BGP session runs through is up, and so is what an answer comes through. Without either,
// the handshake alone proves nothing about the addresses inside.

const TUNNEL: &str = "tunnel";

pub fn tunnel(facts: &Facts<'_>, handshake: Mark) -> CheckView {
    let remote = facts.site.remote(facts.peering);
    let remote =
        remote.map_or("your link-local address".to_string(), |address| address.to_string());
    let established = facts.bgp.as_ref().is_some_and(BgpView::is_established);
    let runs = "the BGP session runs through it";
    match (established, &facts.tunnel, handshake) {
        (true, Some(Echo::Answer(us)), _) => {
            good(TUNNEL, format!("{runs}, {remote} answers in {}", milliseconds(*us)))
        }
        (true, ..) => good(TUNNEL, runs),
        (false, Some(Echo::Answer(us)), _) => {
            good(TUNNEL, format!("{remote} answers in {}", milliseconds(*us)))
        }
        (false, Some(Echo::Silence), Mark::Good) => mute(facts, &remote),
        (false, Some(Echo::Unable(why)), Mark::Good) => {
            unknown(TUNNEL, format!("this POP cannot try it: {why}"))
        }
        (false, None, Mark::Good) => unknown(TUNNEL, "no traffic of BGP through it"),
        (false, ..) => unknown(TUNNEL, "waits for the handshake"),
    }
}

fn mute(facts: &Facts<'_>, remote: &str) -> CheckView {
    let local = facts.site.local(facts.peering);
    let local = local.map_or("our link-local address".to_string(), |address| address.to_string());
    let hint = format!(
        "Set {remote}/128 peer {local}/128 on your link, have fe80::/10 in your AllowedIPs, and \
         let ICMPv6 and TCP port 179 in from {local}"
    );
    let detail = format!("{remote} does not answer to ping");
    bad(TUNNEL, detail, Whose::Member, hint)
}
