//! OpenBGPD 8.8 and later (bgpd.conf(5)): `announce extended nexthop` is RFC 8950. The tunnel is
//! made by something else: on OpenBSD ifconfig(8) and hostname.if(5).

use super::{Family, Peering, ROUTES_MAX, Router, Side, Site, beside, networks, own_networks};
use std::fmt::Write as _;

/// Lines for `/etc/bgpd.conf`.
pub fn openbgpd(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let side = Side::of(peering, site, router)?;
    let neighbor = format!("{}%{}", side.remote, side.link);
    let mut text =
        "# /etc/bgpd.conf of OpenBGPD 8.8 or later; then: bgpd -n && bgpctl reload\n".to_string();
    text += &beside("#", &side);
    text +=
        "# The tunnel is not OpenBGPD's. On OpenBSD its name is wgN: peer_config --interface wg1\n";
    let _ = writeln!(text, "AS {}", side.peering.asn.get());
    let (mut own, mut carried) = (Vec::new(), Vec::new());
    let [ipv4, ipv6] = networks();
    for family in side.families() {
        own.extend(own_networks(&side, family));
        let networks = if family == Family::Ipv4 { &ipv4 } else { &ipv6 };
        carried.extend(networks.iter().map(|it| format!("{it} or-longer")));
    }
    if own.is_empty() {
        text += "# Your own networks, a line each: network 172.20.0.0/27\n";
    }
    for network in &own {
        let _ = writeln!(text, "network {network}");
    }
    let _ = write!(
        text,
        "\nneighbor {neighbor} {{\n\tremote-as {}\n\tdescr \"{}\"\n\tmax-prefix {}\n",
        side.site.asn.get(),
        side.name,
        // One bound for both families together.
        ROUTES_MAX * 2
    );
    text += announced(&side);
    text += "}\n\n";
    let _ = writeln!(text, "prefix-set {} {{ {} }}", side.name, carried.join(", "));
    let _ = writeln!(text, "allow from {neighbor} prefix-set {}", side.name);
    for network in &own {
        let _ = writeln!(text, "deny from {neighbor} prefix {network} or-longer");
    }
    let _ = writeln!(text, "allow to {neighbor} prefix-set {}", side.name);
    Some(text)
}

/// Over a session between IPv6 addresses only IPv6 routes are announced unless both are named.
fn announced(side: &Side<'_>) -> &'static str {
    match (side.peering.families.v4(), side.peering.families.v6()) {
        (true, true) => {
            "\tannounce IPv4 unicast\n\tannounce IPv6 unicast\n\tannounce extended nexthop yes\n"
        }
        (true, false) => {
            "\tannounce IPv4 unicast\n\tannounce IPv6 none\n\tannounce extended nexthop yes\n"
        }
        (false, _) => "\tannounce IPv4 none\n\tannounce IPv6 unicast\n",
    }
}
