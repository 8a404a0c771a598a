//! peer_status: six checks, in the order in which the parts depend on each other.

use super::{Case, Control, Outcome};
use crate::board::{BgpView, Cause, Entry, LinkView, Progress};
use crate::command::{CheckView, Mark, Reply, StatusView};
use crate::limits::{HANDSHAKE_STALE_S, LOOK_MS};
use crate::model::Timestamp;
use crate::peering::{Objection, Peering, Site, Standing};
use smol::future::FutureExt as _;
use std::time::Duration;

impl Control {
    /// Asks the loop for a fresh look, waits a moment for it, and tells what is on the board.
    pub(super) async fn status(&self, case: &Case<'_>) -> Outcome {
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
    vec![
        registry(case, peering),
        endpoint(peering, entry),
        handshake.clone(),
        tunnel(established, &handshake),
        bgp(entry, peering),
        routes(entry.bgp.as_ref()),
    ]
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
        return check("endpoint", Mark::Good, "none: you call us".to_string(), "");
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
    let detail = match entry.endpoint {
        Some(address) => format!("{declared} is {address}"),
        None => declared.to_string(),
    };
    let mark = if entry.endpoint.is_some() { Mark::Good } else { Mark::Unknown };
    check("endpoint", mark, detail, "")
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

/// What the BGP session runs through is up. Without one, the handshake alone proves nothing about
/// the addresses inside.
fn tunnel(established: bool, handshake: &CheckView) -> CheckView {
    match (established, handshake.mark) {
        (true, _) => check("tunnel", Mark::Good, "the BGP session runs through it".to_string(), ""),
        (false, Mark::Good) => {
            check("tunnel", Mark::Unknown, "no traffic of BGP through it".to_string(), "")
        }
        (false, _) => check("tunnel", Mark::Unknown, "waits for the handshake".to_string(), ""),
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
