//! FRR: the BGP session in the words of its vtysh (docs.frrouting.org, BGP). The tunnel is made by
//! something else.

use super::{Peering, ROUTES_MAX, Side, Site, networks};
use std::fmt::Write as _;

/// Lines for `vtysh -f`, or for `/etc/frr/frr.conf`; FRR 8 and later.
pub fn frr(peering: &Peering, site: &Site) -> Option<String> {
    let side = Side::of(peering, site)?;
    let families = [("ip", peering.families.v4()), ("ipv6", peering.families.v6())];
    let mut text =
        "! The tunnel is not FRR's: peer_config --format wg-quick or networkd.\n".to_string();
    for ((family, wanted), networks) in families.into_iter().zip(networks()) {
        if wanted {
            text += &prefix_list(&side.name, family, &networks);
        }
    }
    for (number, (family, _)) in families.into_iter().filter(|it| it.1).enumerate() {
        text += &route_map(&side.name, family, 10 * (number + 1));
    }
    text += &router(&side, families);
    Some(text)
}

fn prefix_list(name: &str, family: &str, networks: &[&str]) -> String {
    let longest = if family == "ip" { 32 } else { 128 };
    let line = |(index, network): (usize, &&str)| {
        let number = 10 * (index + 1);
        format!("{family} prefix-list {name} seq {number} permit {network} le {longest}\n")
    };
    networks.iter().enumerate().map(line).collect()
}

fn route_map(name: &str, family: &str, number: usize) -> String {
    format!("route-map {name} permit {number}\n match {family} address prefix-list {name}\nexit\n")
}

/// Without its `interface` a link-local neighbour is nowhere.
fn router(side: &Side<'_>, families: [(&str, bool); 2]) -> String {
    let neighbor = format!("neighbor {}", side.remote);
    let mut text = format!(
        "router bgp {}\n {neighbor} remote-as {}\n {neighbor} interface {}\n \
         {neighbor} capability extended-nexthop\n",
        side.peering.asn.get(),
        side.site.asn.get(),
        side.link
    );
    for (family, wanted) in families {
        let family = if family == "ip" { "ipv4" } else { family };
        // Writing to a String cannot fail.
        let _ = writeln!(text, " address-family {family} unicast");
        text += &match wanted {
            true => channel(&neighbor, &side.name),
            false => format!("  no {neighbor} activate\n"),
        };
        text += " exit-address-family\n";
    }
    text + "exit\n"
}

fn channel(neighbor: &str, name: &str) -> String {
    let maximum = format!("maximum-prefix {ROUTES_MAX}");
    let (import, export) = (format!("route-map {name} in"), format!("route-map {name} out"));
    let words = ["activate", &import, &export, &maximum];
    words.iter().map(|word| format!("  {neighbor} {word}\n")).collect()
}
