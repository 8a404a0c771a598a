//! What a member installs on a system that has its own form for all of it: systemd-networkd,
//! NixOS, RouterOS, VyOS.

use super::{
    ALLOWED_IPS, Family, Peering, REPLACE_ME, ROUTES_MAX, Router, Side, Site, beside, bird,
    networks, own_networks, prefix_length,
};
use crate::peering::files::KEEPALIVE_S;
use std::fmt::{Display, Write as _};

// systemd-networkd: a `.netdev` that makes the link and a `.network` that gives it an address
// (systemd.netdev(5), systemd.network(5)).

/// Both files in one stream; a line `# <path>` stands above each. The first one holds a secret:
/// networkd wants to read it, and nobody else should (systemd.netdev(5), PrivateKey=).
pub fn networkd(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let side = Side::of(peering, site, router)?;
    let link = &side.link;
    let place = format!("# /etc/systemd/network/{link}");
    let secret = "# chown root:systemd-network, chmod 0640: it holds your private key.";
    let (netdev, network) = (networkd_netdev(&side), networkd_network(&side));
    Some(format!("{place}.netdev\n{secret}\n{netdev}\n{place}.network\n{network}"))
}

/// A setting with what stands around its value; nothing where there is none.
fn optional(before: &str, value: Option<impl Display>, after: &str) -> String {
    value.map_or(String::new(), |value| format!("{before}{value}{after}"))
}

fn networkd_netdev(side: &Side<'_>) -> String {
    let mtu = optional("MTUBytes=", side.peering.mtu, "\n");
    let listen_port = optional("ListenPort=", side.listen_port(), "\n");
    let preshared_key = optional("PresharedKey=", side.preshared_key(), "\n");
    format!(
        "[NetDev]\n\
         Name={}\n\
         Kind=wireguard\n\
         {mtu}\n\
         [WireGuard]\n\
         PrivateKey={REPLACE_ME}\n\
         {listen_port}\n\
         [WireGuardPeer]\n\
         PublicKey={}\n\
         {preshared_key}\
         Endpoint={}\n\
         PersistentKeepalive={KEEPALIVE_S}\n\
         AllowedIPs={}\n",
        side.link,
        side.key,
        side.endpoint(),
        ALLOWED_IPS.join(", ")
    )
}

/// The address has its peer, as in the other texts: the kernel then has a route to us and no
/// other. BGP has the rest.
fn networkd_network(side: &Side<'_>) -> String {
    format!(
        "[Match]\n\
         Name={}\n\
         \n\
         [Network]\n\
         LinkLocalAddressing=no\n\
         IPv6AcceptRA=no\n\
         \n\
         [Address]\n\
         Address={}/128\n\
         Peer={}/128\n",
        side.link, side.local, side.remote
    )
}

// NixOS: a module with the tunnel by systemd-networkd and the BGP session by BIRD (NixOS 25.05 and
// later: `services.bird`; before it was `services.bird2`).

/// A file for `imports` of `configuration.nix`. The private key stays in a file of its own: what
/// stands in a module is readable to everybody in the store.
pub fn nixos(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let side = Side::of(peering, site, router)?;
    let link = &side.link;
    let mut text = head(&side);
    let _ = write!(
        text,
        "{{
  systemd.network.enable = true;
  systemd.network.netdevs.\"40-{link}\" = {{
    netdevConfig = {{
      Name = \"{link}\";
      Kind = \"wireguard\";
{mtu}    }};
    wireguardConfig = {{
      PrivateKeyFile = \"/etc/wireguard/{link}.key\";
{port}    }};
    wireguardPeers = [
      {{
        PublicKey = \"{key}\";
{preshared}        Endpoint = \"{endpoint}\";
        PersistentKeepalive = {KEEPALIVE_S};
        AllowedIPs = [ {allowed} ];
      }}
    ];
  }};
  systemd.network.networks.\"40-{link}\" = {{
    matchConfig.Name = \"{link}\";
    networkConfig = {{
      LinkLocalAddressing = \"no\";
      IPv6AcceptRA = false;
    }};
    addresses = [
      {{
        Address = \"{local}/128\";
        Peer = \"{remote}/128\";
      }}
    ];
  }};
  services.bird.enable = true;
  services.bird.config = ''
",
        mtu = option(side.peering.mtu.map(|mtu| format!("      MTUBytes = \"{mtu}\";"))),
        port = option(side.listen_port().map(|port| format!("      ListenPort = {port};"))),
        key = side.key,
        preshared = option(
            side.preshared_key()
                .map(|_| { format!("        PresharedKeyFile = \"/etc/wireguard/{link}.psk\";") })
        ),
        endpoint = side.endpoint(),
        allowed = ALLOWED_IPS.map(|network| format!("\"{network}\"")).join(" "),
        local = side.local,
        remote = side.remote,
    );
    for line in bird(peering, site, router)?.lines().filter(|line| !line.starts_with('#')) {
        let _ = if line.is_empty() { writeln!(text) } else { writeln!(text, "    {line}") };
    }
    Some(text + "  '';\n}\n")
}

fn head(side: &Side<'_>) -> String {
    let link = &side.link;
    format!(
        "# /etc/nixos/{link}.nix; configuration.nix has: imports = [ ./{link}.nix ];\n{}\
         # /etc/wireguard/{link}.key holds your private key: owner root, group systemd-network, \
         mode 0640.\n",
        beside("#", side)
    )
}

fn option(line: Option<String>) -> String {
    line.map_or(String::new(), |line| line + "\n")
}

// RouterOS 7.20 and later: commands for its console or `/import` (help.mikrotik.com, WireGuard and
// BGP). It offers a next hop in IPv6 for IPv4 without being told.

/// Commands; each begins with its whole menu, so that one alone can be pasted too.
pub fn routeros(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let side = Side::of(peering, site, router)?;
    let [interface, peer, address] = routeros_tunnel(&side);
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

fn routeros_tunnel(side: &Side<'_>) -> [String; 3] {
    let (link, key) = (&side.link, side.key);
    let listen_port = optional(" listen-port=", side.listen_port(), "");
    let mtu = optional(" mtu=", side.peering.mtu, "");
    let preshared_key = optional(" preshared-key=\"", side.preshared_key(), "\"");
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
    let wanted = [(families.v4(), v4), (families.v6(), v6)].into_iter().filter(|wanted| wanted.0);
    let tests: Vec<String> = wanted
        .flat_map(|(_, networks)| networks)
        .map(|network| format!("dst in {network}"))
        .collect();
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
    let afi: Vec<&str> = words.iter().filter(|family| family.0).map(|family| family.1).collect();
    let limits: String = words
        .iter()
        .filter(|family| family.0)
        .map(|family| format!(" input.limit-process-routes-{}={ROUTES_MAX}", family.2))
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

// VyOS 1.5: commands for its configuration mode (docs.vyos.io: WireGuard, BGP; dn42 wiki,
// howto/vyos). It calls WireGuard interfaces `wg` and digits, and nothing else.

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
    lines.extend(vyos_tunnel(&side, &link));
    lines.push(format!("set protocols bgp system-as '{}'", side.peering.asn.get()));
    for family in side.families() {
        lines.extend(policy(&side, family));
    }
    lines.extend(neighbor(&side, &link));
    Some(lines.join("\n") + "\n")
}

fn vyos_tunnel(side: &Side<'_>, link: &str) -> Vec<String> {
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
