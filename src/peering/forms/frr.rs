//! FRR: the BGP session in the words of its vtysh (docs.frrouting.org, BGP). The tunnel is made by
//! something else.

use super::{Family, Peering, ROUTES_MAX, Router, Side, Site, beside, networks, own_networks};
use std::fmt::Write as _;

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
