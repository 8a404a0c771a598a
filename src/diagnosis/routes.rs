//! Which routes go which way, and what keeps others out.

use super::{BgpView, Facts, Limit, RoutesView, bad, good, unknown};
use crate::answer::{CheckView, Whose};

const NAME: &str = "routes";

/// What stands in the way: the detail, whose matter it is, and what to do.
type Trouble = (String, Whose, String);

pub fn check(facts: &Facts<'_>) -> CheckView {
    let bgp = match &facts.bgp {
        Some(bgp) if bgp.is_established() => bgp,
        _ => return unknown(NAME, "waits for the BGP session"),
    };
    let counts: Vec<String> = bgp.routes.iter().map(counts).collect();
    let counts = counts.join("; ");
    match trouble(facts, bgp) {
        Some((words, by, hint)) => {
            let between = if counts.is_empty() { "" } else { ": " };
            bad(NAME, format!("{counts}{between}{words}"), by, hint)
        }
        None => good(NAME, counts),
    }
}

fn counts(routes: &RoutesView) -> String {
    let RoutesView { family, imported, exported, .. } = routes;
    let filtered = routes.filtered.or(routes.refused).filter(|count| *count > 0);
    let filtered = filtered.map_or(String::new(), |count| format!(", {count} refused"));
    format!("{family}: {imported} imported{filtered}, {exported} exported")
}

/// The first that is wrong: a family that is not there, before what is wrong inside one.
fn trouble(facts: &Facts<'_>, bgp: &BgpView) -> Option<Trouble> {
    missing(bgp)
        .or_else(|| next_hop(bgp))
        .or_else(|| bgp.routes.iter().find_map(limit))
        .or_else(|| nothing_imported(facts, bgp))
        .or_else(|| not_carried(facts, bgp))
        .or_else(|| nothing_exported(bgp))
}

fn missing(bgp: &BgpView) -> Option<Trouble> {
    let family = bgp.missing.first()?;
    let offered = bgp.offer.as_ref().is_none_or(|offer| offer.families.contains(family));
    let words = if offered {
        format!("{family} is not up")
    } else {
        format!("your side does not offer {family}")
    };
    let next_hop = if family == "ipv4" { " with extended next hop on" } else { "" };
    let hint = format!(
        "Your BGP configuration needs a channel {family}{next_hop}, or give the peering fewer \
         --families with peer_edit"
    );
    Some((words, Whose::Member, hint))
}

/// There is no IPv4 in the tunnel: IPv4 routes need an IPv6 next hop (RFC 8950).
fn next_hop(bgp: &BgpView) -> Option<Trouble> {
    let offer = bgp.offer.as_ref()?;
    let has_ipv4 = bgp.routes.iter().any(|routes| routes.family == "ipv4");
    if !has_ipv4 || offer.next_hops.iter().any(|family| family == "ipv4") {
        return None;
    }
    let words = "ipv4 without extended next hop: your side takes no IPv6 next hop for IPv4";
    let hint = "Put \"extended next hop on\" into the ipv4 channel of your BGP configuration";
    Some((words.to_string(), Whose::Member, hint.to_string()))
}

fn limit(routes: &RoutesView) -> Option<Trouble> {
    let (limit, Limit::Hit) = routes.limit? else { return None };
    let words =
        format!("{} is at its import limit of {limit}, the rest is left out", routes.family);
    let hint = "Announce your own and your peers' dn42 routes only; a restart of the BGP session \
                clears it";
    Some((words, Whose::Member, hint.to_string()))
}

fn nothing_imported(facts: &Facts<'_>, bgp: &BgpView) -> Option<Trouble> {
    if bgp.routes.iter().any(|channel| channel.imported > 0) {
        return None;
    }
    let refused =
        bgp.routes.iter().filter_map(|channel| channel.refused.max(channel.filtered)).sum::<u64>();
    let came = bgp.routes.iter().filter_map(|channel| channel.received).sum::<u64>();
    let (words, hint) = match (refused, came) {
        (0, 0) => (
            "you announce nothing".to_string(),
            "Your BGP configuration must export your own networks: a static route of each, and an \
             export filter that lets it out"
                .to_string(),
        ),
        (0, _) => (
            "you have taken back all that you announced".to_string(),
            "Does your BGP configuration still export your own networks?".to_string(),
        ),
        _ => (
            "all that you announce is refused by this POP's filter".to_string(),
            format!(
                "Each route must be dn42's and have a route or route6 object in the registry with \
                 {} as its origin (ROA), and that may take an hour to arrive",
                facts.peering.asn
            ),
        ),
    };
    Some((words, Whose::Member, hint))
}

/// The BGP session is well, and packets are lost all the same: in this POP's kernel.
fn not_carried(facts: &Facts<'_>, bgp: &BgpView) -> Option<Trouble> {
    let kernel = facts.kernel.as_ref()?;
    let mut words = Vec::new();
    if kernel.refused > 0 {
        let (refused, all) = (kernel.refused, kernel.routes);
        words.push(format!("the kernel of this POP refused {refused} of its {all} routes"));
        for address in &kernel.missing {
            words.push(format!("it lacks its own address {address}"));
        }
    }
    for family in &kernel.not_forwarded {
        if bgp.routes.iter().any(|routes| routes.family == *family) {
            words.push(format!("the kernel of this POP forwards no {family} packets"));
        }
    }
    let hint = "Packets are lost at this POP, whatever you do: tell its operator, to whom peerling \
                check says what to type";
    (!words.is_empty()).then(|| (words.join("; "), Whose::Operator, hint.to_string()))
}

fn nothing_exported(bgp: &BgpView) -> Option<Trouble> {
    let nothing = !bgp.routes.is_empty() && bgp.routes.iter().all(|channel| channel.exported == 0);
    nothing.then(|| {
        let hint = "The operator of this POP has to look at its BIRD: it has no routes for you";
        ("this POP gives you nothing".to_string(), Whose::Operator, hint.to_string())
    })
}
