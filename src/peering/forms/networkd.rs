//! systemd-networkd: a `.netdev` that makes the link and a `.network` that gives it an address
//! (systemd.netdev(5), systemd.network(5)).

use super::{ALLOWED_IPS, Peering, REPLACE_ME, Router, Side, Site};
use crate::peering::files::KEEPALIVE_S;

/// Both files in one stream; a line `# <path>` stands above each. The first one holds a secret:
/// networkd wants to read it, and nobody else should (systemd.netdev(5), PrivateKey=).
pub fn networkd(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let side = Side::of(peering, site, router)?;
    let link = &side.link;
    let place = |kind| format!("# /etc/systemd/network/{link}.{kind}");
    let secret = "# chown root:systemd-network, chmod 0640: it holds your private key.";
    let (netdev, network) = (netdev(&side), network(&side));
    Some(format!("{}\n{secret}\n{netdev}\n{}\n{network}", place("netdev"), place("network")))
}

fn netdev(side: &Side<'_>) -> String {
    let line = |name: &str, value: Option<String>| {
        value.map_or(String::new(), |value| format!("{name}={value}\n"))
    };
    let mtu = line("MTUBytes", side.peering.mtu.map(|it| it.to_string()));
    let listen_port = line("ListenPort", side.listen_port().map(|it| it.to_string()));
    let preshared_key = line("PresharedKey", side.preshared_key().map(str::to_string));
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
         Endpoint={}:{}\n\
         PersistentKeepalive={KEEPALIVE_S}\n\
         AllowedIPs={}\n",
        side.link,
        side.key,
        side.site.name,
        side.port,
        ALLOWED_IPS.join(", ")
    )
}

/// The address has its peer, as in the other texts: the kernel then has a route to us and no
/// other. BGP has the rest.
fn network(side: &Side<'_>) -> String {
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
