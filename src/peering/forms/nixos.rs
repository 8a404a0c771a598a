//! NixOS: a module with the tunnel by systemd-networkd and the BGP session by BIRD (NixOS 25.05 and
//! later: `services.bird`; before it was `services.bird2`).

use super::{ALLOWED_IPS, Peering, Router, Side, Site, beside, bird};
use crate::peering::files::KEEPALIVE_S;
use std::fmt::Write as _;

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
        allowed = ALLOWED_IPS.map(|it| format!("\"{it}\"")).join(" "),
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
