//! What a member installs for a BGP daemon on a machine of their own: BIRD, FRR, OpenBGPD.

use super::{Family, Peering, ROUTES_MAX, Router, Side, Site, beside, networks, own_networks};
use std::fmt::Write as _;

// BIRD 2 and 3: one protocol, to be included by `bird.conf`.

/// A file of its own for `bird.conf` to include. With a template the template has all filters; else
/// they stand here: what the tunnel carries, both ways, and never the member's own networks in.
pub fn bird(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let side = Side::of(peering, site, router)?;
    let mut text = format!(
        "# /etc/bird/peers/{}.conf; bird.conf has: include \"/etc/bird/peers/*.conf\";\n",
        side.name
    );
    text += &beside("#", &side);
    match &router.template {
        Some(template) => {
            let _ = writeln!(
                text,
                "# {template} is a template of your bird.conf: it has the AS number and all \
                 filters."
            );
            text += &from_template(&side, template);
        }
        None => text += &with_filters(&side),
    }
    Some(text)
}

fn from_template(side: &Side<'_>, template: &str) -> String {
    let mut text = format!(
        "protocol bgp {} from {template} {{\n    neighbor {} % '{}' as {};\n",
        side.name,
        side.remote,
        side.link,
        side.site.asn.get()
    );
    for (family, word) in [(Family::Ipv4, "ipv4"), (Family::Ipv6, "ipv6")] {
        // The template has both channels, and BIRD cannot take one away again.
        if !side.families().contains(&family) {
            let _ = write!(
                text,
                "    {word} {{\n        import none;\n        export none;\n    }};\n"
            );
        }
    }
    text + "}\n"
}

/// BIRD demands a policy of every eBGP channel (RFC 8212). Routes of the kernel's own table are
/// never the member's to announce.
fn with_filters(side: &Side<'_>) -> String {
    let mut text = format!(
        "# Your static protocols must have your networks as routes: these are what is announced.\n\
         protocol bgp {} {{\n    local as {};\n    neighbor {} as {};\n    path metric on;\n    \
         interface \"{}\";\n",
        side.name,
        side.peering.asn.get(),
        side.remote,
        side.site.asn.get(),
        side.link
    );
    let [ipv4, ipv6] = networks();
    for family in side.families() {
        let (word, next_hop, networks) = match family {
            Family::Ipv4 => ("ipv4", "on", &ipv4),
            Family::Ipv6 => ("ipv6", "off", &ipv6),
        };
        let carried =
            networks.iter().map(|network| format!("{network}+")).collect::<Vec<_>>().join(", ");
        let own = own_networks(side, family);
        let own = own.iter().map(|network| format!("{network}+")).collect::<Vec<_>>().join(", ");
        let not_own = if own.is_empty() { String::new() } else { format!(" && net !~ [{own}]") };
        let _ = write!(
            text,
            "\n    {word} {{
        extended next hop {next_hop};
        import limit {ROUTES_MAX} action block;
        import table;
        import where net ~ [{carried}]{not_own};
        export where source ~ [RTS_STATIC, RTS_BGP] && net ~ [{carried}];
    }};\n"
        );
    }
    text + "}\n"
}

// FRR: the BGP session in the words of its vtysh (docs.frrouting.org, BGP). The tunnel is made by
// something else.

/// FRR's words for a family.
struct Words {
    /// In prefix lists and routes.
    ip: &'static str,
    /// In address families.
    address_family: &'static str,
    /// The length of one address.
    bits: u8,
}

impl Words {
    fn of(family: Family) -> Words {
        match family {
            Family::Ipv4 => Words { ip: "ip", address_family: "ipv4", bits: 32 },
            Family::Ipv6 => Words { ip: "ipv6", address_family: "ipv6", bits: 128 },
        }
    }
}

/// Lines for `/etc/frr/frr.conf`; FRR 8 and later.
pub fn frr(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let side = Side::of(peering, site, router)?;
    let mut text = "! /etc/frr/frr.conf of FRR 8 or later; then: vtysh -b\n".to_string();
    text += &beside("!", &side);
    text += "! The tunnel is not FRR's: peer_config --format wg-quick or networkd.\n";
    text += &announced(&side);
    for family in side.families() {
        text += &prefix_lists(&side, family);
    }
    for direction in ["in", "out"] {
        for (number, family) in side.families().into_iter().enumerate() {
            let _ = write!(
                text,
                "route-map {name}-{direction} permit {number}\n \
                 match {ip} address prefix-list {name}-{direction}\nexit\n",
                name = side.name,
                number = 10 * (number + 1),
                ip = Words::of(family).ip,
            );
        }
    }
    text += &session(&side);
    Some(text)
}

/// Where the member's own networks are announced.
fn announced(side: &Side<'_>) -> String {
    let mut text = String::new();
    for family in side.families() {
        let Words { ip, address_family, .. } = Words::of(family);
        for network in own_networks(side, family) {
            let _ = write!(
                text,
                "{ip} route {network} blackhole\nrouter bgp {}\n address-family {address_family} \
                 unicast\n  network {network}\n exit-address-family\nexit\n",
                side.peering.asn.get()
            );
        }
    }
    if text.is_empty() {
        "! Announce your networks: address-family ipv4 unicast, network 172.20.0.0/27.\n"
            .to_string()
    } else {
        format!("! These are what you announce.\n{text}")
    }
}

/// What comes in and what goes out: what the tunnel carries, and never the member's own networks
/// in.
fn prefix_lists(side: &Side<'_>, family: Family) -> String {
    let Words { ip, bits, .. } = Words::of(family);
    let [ipv4, ipv6] = networks();
    let carried = if family == Family::Ipv4 { ipv4 } else { ipv6 };
    let mut text = String::new();
    let mut number = 10;
    for network in own_networks(side, family) {
        // A network of one address has nothing longer in it.
        let longer = if network.ends_with(&format!("/{bits}")) {
            String::new()
        } else {
            format!(" le {bits}")
        };
        let _ =
            writeln!(text, "{ip} prefix-list {}-in seq {number} deny {network}{longer}", side.name);
        number += 10;
    }
    for network in &carried {
        let _ = writeln!(
            text,
            "{ip} prefix-list {}-in seq {number} permit {network} le {bits}",
            side.name
        );
        number += 10;
    }
    for (index, network) in carried.iter().enumerate() {
        let _ = writeln!(
            text,
            "{ip} prefix-list {}-out seq {} permit {network} le {bits}",
            side.name,
            10 * (index + 1)
        );
    }
    text
}

/// Without its `interface` a link-local neighbour is nowhere.
fn session(side: &Side<'_>) -> String {
    let neighbor = format!("neighbor {}", side.remote);
    let name = &side.name;
    let mut text = format!(
        "router bgp {}\n {neighbor} remote-as {}\n {neighbor} interface {}\n \
         {neighbor} capability extended-nexthop\n",
        side.peering.asn.get(),
        side.site.asn.get(),
        side.link
    );
    for family in [Family::Ipv4, Family::Ipv6] {
        let _ = writeln!(text, " address-family {} unicast", Words::of(family).address_family);
        if side.families().contains(&family) {
            let _ = write!(
                text,
                "  {neighbor} activate\n  {neighbor} route-map {name}-in in\n  \
                 {neighbor} route-map {name}-out out\n  {neighbor} maximum-prefix {ROUTES_MAX}\n"
            );
        } else {
            let _ = writeln!(text, "  no {neighbor} activate");
        }
        text += " exit-address-family\n";
    }
    text + "exit\n"
}

// OpenBGPD 8.8 and later (bgpd.conf(5)): `announce extended nexthop` is RFC 8950. The tunnel is
// made by something else: on OpenBSD ifconfig(8) and hostname.if(5).

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
        carried.extend(networks.iter().map(|network| format!("{network} or-longer")));
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
    text += families(&side);
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
fn families(side: &Side<'_>) -> &'static str {
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
