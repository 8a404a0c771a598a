//! RouterOS 7.20 and later: commands for its console or `/import` (help.mikrotik.com, WireGuard and
//! BGP). It offers a next hop in IPv6 for IPv4 without being told.

use super::{
    ALLOWED_IPS, Peering, REPLACE_ME, ROUTES_MAX, Router, Side, Site, beside, networks,
    prefix_length,
};
use crate::peering::files::KEEPALIVE_S;

/// Commands; each begins with its whole menu, so that one alone can be pasted too.
pub fn routeros(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let side = Side::of(peering, site, router)?;
    let [interface, peer, address] = tunnel(&side);
    let lines = [
        "# RouterOS 7.20 or later. With a BGP instance of your own, name it in the place of dn42."
            .to_string(),
        beside("#", &side).trim_end().to_string(),
        format!("/routing bgp instance add name=dn42 as={}", peering.asn.get()),
        "# The networks that you announce go into the address list dn42-networks.".to_string(),
        interface,
        peer,
        address,
        accept(&side),
        format!("/routing filter rule add chain={} rule=\"reject\"", side.name),
        connection(&side),
    ];
    Some(lines.join("\n") + "\n")
}

fn tunnel(side: &Side<'_>) -> [String; 3] {
    let (link, key) = (&side.link, side.key);
    let option = |name: &str, value: Option<String>| {
        value.map_or(String::new(), |value| format!(" {name}={value}"))
    };
    let listen_port = option("listen-port", side.listen_port().map(|it| it.to_string()));
    let mtu = option("mtu", side.peering.mtu.map(|it| it.to_string()));
    let preshared_key = option("preshared-key", side.preshared_key().map(|it| format!("\"{it}\"")));
    [
        format!(
            "/interface wireguard add name={link} private-key=\"{REPLACE_ME}\"{listen_port}{mtu}"
        ),
        format!(
            "/interface wireguard peers add interface={link} public-key=\"{key}\"{preshared_key} \
             endpoint-address={} endpoint-port={} persistent-keepalive={KEEPALIVE_S}s \
             allowed-address={}",
            side.site.name,
            side.port,
            ALLOWED_IPS.join(",")
        ),
        format!(
            "/ipv6 address add address={}/{} interface={link} advertise=no",
            side.local,
            prefix_length(side)
        ),
    ]
}

fn accept(side: &Side<'_>) -> String {
    let [v4, v6] = networks();
    let families = side.peering.families;
    let wanted = [(families.v4(), v4), (families.v6(), v6)].into_iter().filter(|it| it.0);
    let tests: Vec<String> =
        wanted.flat_map(|(_, networks)| networks).map(|it| format!("dst in {it}")).collect();
    let chain = &side.name;
    format!(
        "/routing filter rule add chain={chain} rule=\"if ({}) {{ accept }}\"",
        tests.join(" || ")
    )
}

fn connection(side: &Side<'_>) -> String {
    let (name, link) = (&side.name, &side.link);
    let families = side.peering.families;
    let words = [(families.v4(), "ip", "ipv4"), (families.v6(), "ipv6", "ipv6")];
    let afi: Vec<&str> = words.iter().filter(|it| it.0).map(|it| it.1).collect();
    let limits: String = words
        .iter()
        .filter(|it| it.0)
        .map(|it| format!(" input.limit-process-routes-{}={ROUTES_MAX}", it.2))
        .collect();
    format!(
        "/routing bgp connection add name={name} instance=dn42 afi={} local.role=ebgp \
         local.address={}%{link} remote.address={}%{link} remote.as={} input.filter={name}{limits} \
         output.filter-chain={name} output.network=dn42-networks",
        afi.join(","),
        side.local,
        side.remote,
        side.site.asn.get()
    )
}
