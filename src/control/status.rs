//! peer_status: six checks, in the order in which the parts depend on each other.

use super::{Case, Control, Outcome};
use crate::board::{BgpView, Cause, Echo, Entry, LinkView, Progress};
use crate::command::{CheckView, Depth, Mark, Reply, StatusView};
use crate::limits::{HANDSHAKE_STALE_S, LOOK_MS};
use crate::model::Timestamp;
use crate::peering::{Objection, Peering, Site, Standing, vet};
use smol::future::FutureExt as _;
use std::time::Duration;

impl Control {
    /// Asks the loop for a fresh look, waits a moment for it, and tells what is on the board.
    pub(super) async fn status(&self, case: &Case<'_>, _depth: Depth) -> Outcome {
        let peering = case.chosen()?;
        if peering.standing == Standing::Active {
            let fresh = self.board.changed();
            self.bell.ring(Cause::Look(peering.asn));
            let elapsed = async {
                smol::Timer::after(Duration::from_millis(LOOK_MS)).await;
            };
            fresh.or(elapsed).await;
        }
        let entry = self.board.entry(peering.asn).unwrap_or_default();
        let checks = checks(case, peering, &entry);
        Ok(Reply::Status(Box::new(StatusView { peer: self.view(case, peering), checks })))
    }
}

fn checks(case: &Case<'_>, peering: &Peering, entry: &Entry) -> Vec<CheckView> {
    let established = entry.bgp.as_ref().is_some_and(|bgp| bgp.state == "Established");
    let handshake = handshake(entry, case.now, &case.settings.site, peering);
    let mut checks = vec![
        registry(case, peering),
        endpoint(peering, entry),
        handshake.clone(),
        tunnel(established, &handshake, entry.tunnel.as_ref(), remote(case, peering)),
        bgp(entry, peering),
        routes(entry.bgp.as_ref()),
    ];
    for (name, words) in vet::objections(peering, &case.settings.site) {
        for check in checks.iter_mut().filter(|it| it.name == name) {
            check.detail = format!("{} ({words})", check.detail);
        }
    }
    checks
}

fn check(name: &'static str, mark: Mark, detail: String, hint: &str) -> CheckView {
    CheckView { name, mark, detail, hint: hint.to_string() }
}

fn registry(case: &Case<'_>, peering: &Peering) -> CheckView {
    let owners: Vec<String> = case.index.owners(peering.asn).map(|name| name.to_string()).collect();
    match owners.as_slice() {
        [] => check(
            "registry",
            Mark::Bad,
            format!("AS{} is not in the registry, or nobody maintains it", peering.asn),
            "Look at its aut-num object; the peering goes on",
        ),
        names => {
            let detail = format!("AS{} belongs to {}", peering.asn, names.join(", "));
            check("registry", Mark::Good, detail, "")
        }
    }
}

fn endpoint(peering: &Peering, entry: &Entry) -> CheckView {
    let Some(declared) = &peering.endpoint else {
        let detail = format!("none: you call us{}", distance(entry));
        return check("endpoint", Mark::Good, detail, "");
    };
    if let Some(trouble) = &entry.endpoint_trouble {
        let hint = "Mend the name, or make the peering anew with another endpoint";
        return check("endpoint", Mark::Bad, format!("{declared}: {trouble}"), hint);
    }
    let objections = Peering::read(&peering.to_row()).map(|(_, objections)| objections);
    if let Some(Objection::Endpoint(error)) = objections.unwrap_or_default().first() {
        let hint = "It goes on as it is; a new peering would need a proper name";
        return check("endpoint", Mark::Bad, format!("{declared}: {error}"), hint);
    }
    let declared = declared.to_string();
    let found = entry.endpoint.map(|it| it.to_string());
    let place = match &found {
        Some(address) if *address != declared => format!("{declared} is {address}"),
        _ => declared,
    };
    let mark = if found.is_some() { Mark::Good } else { Mark::Unknown };
    check("endpoint", mark, format!("{place}{}", distance(entry)), "")
}

/// How far away the endpoint is, as the end of a sentence; empty while that was not tried.
fn distance(entry: &Entry) -> String {
    match (&entry.distance, entry.class) {
        (Some(Echo::Answer(us)), Some(class)) => {
            format!("; {}, latency class {class}", milliseconds(*us))
        }
        (Some(Echo::Silence), Some(class)) => {
            format!("; no answer to ping, latency class {class} stays")
        }
        _ => String::new(),
    }
}

/// A round trip as people say it: 0.4 ms, 7.3 ms, 148 ms.
fn milliseconds(us: u64) -> String {
    match us {
        0..10_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        _ => format!("{} ms", us / 1000),
    }
}

fn handshake(entry: &Entry, now: Timestamp, site: &Site, peering: &Peering) -> CheckView {
    let check = |mark, detail, hint: String| check("handshake", mark, detail, &hint);
    if let Progress::Failed(why) = &entry.progress {
        return check(Mark::Bad, format!("the link is not as it should be: {why}"), String::new());
    }
    let port = site.port(peering.id).map_or(0, |port| port.get());
    let ours =
        format!("Your side must send to {} port {port} with public key {}", site.name, site.key);
    match &entry.link {
        None => check(Mark::Unknown, "this POP has not seen the link".to_string(), String::new()),
        Some(link) if link.last_handshake_s == 0 => {
            check(Mark::Bad, "never".to_string(), format!("{ours}, and let UDP in"))
        }
        Some(link) => {
            let age = now.since(Timestamp(link.last_handshake_s));
            let mark = if age <= HANDSHAKE_STALE_S { Mark::Good } else { Mark::Bad };
            let hint = if mark == Mark::Good { String::new() } else { ours };
            check(mark, seen(link, age), hint)
        }
    }
}

fn seen(link: &LinkView, age: u64) -> String {
    let from = link.endpoint.map_or(String::new(), |it| format!(" with {it}"));
    format!("{age} s ago{from}; {} bytes received, {} sent", link.rx_bytes, link.tx_bytes)
}

/// Their address inside the tunnel, as text.
fn remote(case: &Case<'_>, peering: &Peering) -> String {
    let address = case.settings.site.remote(peering);
    address.map_or("your link-local address".to_string(), |it| it.to_string())
}

/// What the BGP session runs through is up, and so is what an answer comes through. Without either,
/// the handshake alone proves nothing about the addresses inside.
fn tunnel(
    established: bool,
    handshake: &CheckView,
    echo: Option<&Echo>,
    remote: String,
) -> CheckView {
    let check = |mark, detail, hint: String| check("tunnel", mark, detail, &hint);
    let none = String::new;
    match (established, echo, handshake.mark) {
        (true, Some(Echo::Answer(us)), _) => {
            let detail = format!("{remote} answers in {}", milliseconds(*us));
            check(Mark::Good, format!("the BGP session runs through it, {detail}"), none())
        }
        (true, ..) => check(Mark::Good, "the BGP session runs through it".to_string(), none()),
        (false, Some(Echo::Answer(us)), _) => {
            check(Mark::Good, format!("{remote} answers in {}", milliseconds(*us)), none())
        }
        (false, Some(Echo::Silence), Mark::Good) => {
            let hint = format!(
                "Is {remote} set on your side of the tunnel, does AllowedIPs have fe80::/10, and \
                 does your firewall let ICMPv6 in?"
            );
            check(Mark::Bad, format!("{remote} does not answer to ping"), hint)
        }
        (false, Some(Echo::Unable(why)), Mark::Good) => {
            check(Mark::Unknown, format!("this POP cannot try it: {why}"), none())
        }
        (false, None, Mark::Good) => {
            check(Mark::Unknown, "no traffic of BGP through it".to_string(), none())
        }
        (false, ..) => check(Mark::Unknown, "waits for the handshake".to_string(), none()),
    }
}

fn bgp(entry: &Entry, peering: &Peering) -> CheckView {
    let Some(bgp) = &entry.bgp else {
        return check(
            "bgp",
            Mark::Unknown,
            "this POP has not heard of the BGP session".to_string(),
            "",
        );
    };
    let error = match bgp.last_error.as_str() {
        "" => String::new(),
        words => format!(", last error: {words}"),
    };
    let detail = format!("{} since {}{error}", bgp.state, bgp.since);
    if bgp.state == "Established" {
        return check("bgp", Mark::Good, detail, "");
    }
    let hint = format!("Is your BIRD configured as in `peer_config --asn {}`?", peering.asn);
    check("bgp", Mark::Bad, detail, &hint)
}

fn routes(bgp: Option<&BgpView>) -> CheckView {
    let families = match bgp {
        Some(bgp) if bgp.state == "Established" => bgp.routes.as_slice(),
        _ => return check("routes", Mark::Unknown, "wait for the BGP session".to_string(), ""),
    };
    let lines: Vec<String> = families
        .iter()
        .map(|it| {
            let filtered = it.filtered.map_or(String::new(), |n| format!(", {n} filtered"));
            format!("{}: {} imported{filtered}, {} exported", it.family, it.imported, it.exported)
        })
        .collect();
    let imported = families.iter().any(|it| it.imported > 0);
    let hint = "We take what dn42's filters allow: does your BIRD export your own networks?";
    match imported {
        true => check("routes", Mark::Good, lines.join("; "), ""),
        false => check("routes", Mark::Bad, lines.join("; "), hint),
    }
}
