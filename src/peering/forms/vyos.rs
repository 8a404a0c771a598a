//! VyOS 1.5: commands for its configuration mode (docs.vyos.io: WireGuard, BGP; dn42 wiki,
//! howto/vyos). It calls WireGuard interfaces `wg` and digits, and nothing else.

use super::{
    ALLOWED_IPS, Family, Peering, REPLACE_ME, ROUTES_MAX, Router, Side, Site, beside, networks,
    own_networks, prefix_length,
};
use crate::peering::files::KEEPALIVE_S;

/// Commands, to be pasted between `configure` and `commit`.
pub fn vyos(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let side = Side::of(peering, site, router)?;
    let link = match &router.interface {
        Some(interface) => interface.to_string(),
        None => format!("wg{}", side.site.asn.get()),
    };
    let mut lines = vec![
        "# VyOS 1.5: in configuration mode; then commit, save.".to_string(),
        beside("#", &side).trim_end().to_string(),
    ];
    lines.extend(tunnel(&side, &link));
    lines.push(format!("set protocols bgp system-as '{}'", side.peering.asn.get()));
    for family in side.families() {
        lines.extend(policy(&side, family));
    }
    lines.extend(neighbor(&side, &link));
    Some(lines.join("\n") + "\n")
}

fn tunnel(side: &Side<'_>, link: &str) -> Vec<String> {
    let interface = format!("set interfaces wireguard {link}");
    let peer = format!("{interface} peer {}", side.name);
    let mut lines = vec![
        format!("{interface} address '{}/{}'", side.local, prefix_length(side)),
        format!("{interface} private-key '{REPLACE_ME}'"),
    ];
    if let Some(port) = side.listen_port() {
        lines.push(format!("{interface} port '{port}'"));
    }
    if let Some(mtu) = side.peering.mtu {
        lines.push(format!("{interface} mtu '{mtu}'"));
    }
    lines.push(format!("{peer} public-key '{}'", side.key));
    if side.preshared_key().is_some() {
        lines.push(format!("{peer} preshared-key '{REPLACE_ME}'"));
    }
    lines.push(format!("{peer} host-name '{}'", side.site.name));
    lines.push(format!("{peer} port '{}'", side.port));
    lines.push(format!("{peer} persistent-keepalive '{KEEPALIVE_S}'"));
    for network in ALLOWED_IPS {
        lines.push(format!("{peer} allowed-ips '{network}'"));
    }
    lines
}

/// A list of what the tunnel carries, and a map that takes it, but for the member's own networks.
fn policy(side: &Side<'_>, family: Family) -> Vec<String> {
    let [ipv4, ipv6] = networks();
    let (list, matching, longest, unicast, networks) = match family {
        Family::Ipv4 => ("prefix-list", "ip address prefix-list", 32, "ipv4-unicast", ipv4),
        Family::Ipv6 => ("prefix-list6", "ipv6 address prefix-list", 128, "ipv6-unicast", ipv6),
    };
    let name = format!("{}-{}", side.name, if family == Family::Ipv4 { "v4" } else { "v6" });
    let own = own_networks(side, family);
    let mut lines = Vec::new();
    for (number, network) in networks.iter().enumerate() {
        let rule = format!("set policy {list} {name} rule {}", 10 * (number + 1));
        lines.push(format!("{rule} action 'permit'"));
        lines.push(format!("{rule} prefix '{network}'"));
        lines.push(format!("{rule} le '{longest}'"));
    }
    for (number, network) in own.iter().enumerate() {
        let rule = format!("set policy {list} {name}-own rule {}", 10 * (number + 1));
        lines.push(format!("{rule} action 'permit'"));
        lines.push(format!("{rule} prefix '{network}'"));
        if !network.ends_with(&format!("/{longest}")) {
            lines.push(format!("{rule} le '{longest}'"));
        }
        // BGP announces a network that the table has: the blackhole is always there.
        let route = if family == Family::Ipv4 { "route" } else { "route6" };
        lines.push(format!("set protocols static {route} {network} blackhole"));
        lines.push(format!("set protocols bgp address-family {unicast} network '{network}'"));
    }
    for (map, is_import) in [("in", true), ("out", false)] {
        let map = format!("set policy route-map {name}-{map}");
        if is_import && !own.is_empty() {
            lines.push(format!("{map} rule 10 action 'deny'"));
            lines.push(format!("{map} rule 10 match {matching} '{name}-own'"));
        }
        lines.push(format!("{map} rule 20 action 'permit'"));
        lines.push(format!("{map} rule 20 match {matching} '{name}'"));
    }
    lines
}

/// The link-local address is named, and its interface with it: without router advertisements from
/// us VyOS would not find us by the interface alone.
fn neighbor(side: &Side<'_>, link: &str) -> Vec<String> {
    let neighbor = format!("set protocols bgp neighbor {}", side.remote);
    let mut lines = vec![
        format!("{neighbor} interface source-interface '{link}'"),
        format!("{neighbor} remote-as '{}'", side.site.asn.get()),
        format!("{neighbor} capability extended-nexthop"),
    ];
    for family in side.families() {
        let (unicast, short) = match family {
            Family::Ipv4 => ("ipv4-unicast", "v4"),
            Family::Ipv6 => ("ipv6-unicast", "v6"),
        };
        let unicast = format!("{neighbor} address-family {unicast}");
        lines.push(format!("{unicast} route-map import '{}-{short}-in'", side.name));
        lines.push(format!("{unicast} route-map export '{}-{short}-out'", side.name));
        lines.push(format!("{unicast} maximum-prefix '{ROUTES_MAX}'"));
    }
    lines
}
