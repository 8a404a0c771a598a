//! Configuration texts: our `wg-as<ASN>.conf`, byte for byte as on every running POP, and what a
//! member installs on the other side of the link.

use super::{Peering, Site};
use crate::model::{LinkLocal, Port, WgKey, WgSecret};
use ipnet::IpNet;
use std::fmt::Write as _;

/// Seconds between keepalives, as every file of the replaced service has it: a member behind a
/// stateful firewall or NAT stays reachable.
pub const KEEPALIVE_S: u16 = 30;

/// What may travel through a link: dn42's IPv4 space and its neighbours', unique local and
/// link-local IPv6 (dn42 wiki, howto/wireguard), in the order in which the files have it.
pub const ALLOWED_IPS: [&str; 4] = ["172.16.0.0/12", "10.0.0.0/8", "fd00::/8", "fe80::/10"];

/// What a member writes their private key in place of, which we never see; and their preshared key.
pub const REPLACE_ME: &str = "**REPLACEME**";

/// The parts of a wg-quick(8) file; absent ones leave their line out.
#[derive(Debug)]
pub struct Conf<'a> {
    /// Our private key, or what stands in its place.
    pub private_key: &'a str,
    /// Our UDP port.
    pub listen_port: Option<Port>,
    /// The largest packet in bytes.
    pub mtu: Option<u32>,
    /// Our addresses on the link with their prefix lengths, each with the other end's.
    pub addresses: Vec<(String, String)>,
    /// The other end's public key.
    pub key: WgKey,
    /// A preshared key, or what stands in its place.
    pub preshared_key: Option<String>,
    /// Where the other end listens.
    pub endpoint: Option<String>,
    /// What may travel through the link.
    pub allowed_ips: String,
    /// Seconds between keepalives; 0: none, and no line.
    pub keepalive_s: u16,
}

/// Our own file. IPv6 endpoints stand without brackets and there is no final newline: so it always
/// was.
pub fn our_conf(peering: &Peering, site: &Site, private_key: &WgSecret) -> Option<String> {
    let (allowed_ips, keepalive_s) = match &peering.adopted {
        Some(adopted) => {
            let networks: Vec<String> = adopted.allowed_ips.iter().map(IpNet::to_string).collect();
            (networks.join(", "), adopted.keepalive_s)
        }
        None => (ALLOWED_IPS.join(", "), KEEPALIVE_S),
    };
    Some(render(&Conf {
        private_key: &private_key.reveal(),
        listen_port: Some(site.port(peering)?),
        mtu: peering.mtu,
        addresses: addresses(site.local(peering)?, site.remote(peering)?),
        key: peering.key,
        preshared_key: peering.preshared_key.as_ref().map(WgSecret::reveal),
        endpoint: peering.endpoint.as_ref().map(ToString::to_string),
        allowed_ips,
        keepalive_s,
    }))
}

/// The member's file: the same with the sides exchanged. A preshared key is not in it: it was shown
/// once, to whoever asked for it.
pub fn their_conf(peering: &Peering, site: &Site) -> Option<String> {
    Some(render(&Conf {
        private_key: REPLACE_ME,
        listen_port: peering.endpoint.as_ref().map(|endpoint| endpoint.port),
        mtu: peering.mtu,
        addresses: addresses(site.remote(peering)?, site.local(peering)?),
        key: site.key_for(peering),
        preshared_key: peering.preshared_key.as_ref().map(|_| REPLACE_ME.to_string()),
        endpoint: Some(format!("{}:{}", site.name, site.port(peering)?)),
        allowed_ips: ALLOWED_IPS.join(", "),
        keepalive_s: KEEPALIVE_S,
    }))
}

fn addresses(local: LinkLocal, remote: LinkLocal) -> Vec<(String, String)> {
    vec![(format!("{local}/128"), format!("{remote}/128"))]
}

/// The file itself, without a final newline.
pub fn render(conf: &Conf<'_>) -> String {
    let mut text = format!("[Interface]\nPrivateKey = {}\n", conf.private_key);
    // Writing to a String cannot fail.
    if let Some(port) = conf.listen_port {
        let _ = writeln!(text, "ListenPort = {port}");
    }
    if let Some(mtu) = conf.mtu {
        let _ = writeln!(text, "MTU = {mtu}");
    }
    for (local, remote) in &conf.addresses {
        let _ = writeln!(text, "PostUp = /sbin/ip addr add dev %i {local} peer {remote}");
    }
    let _ = writeln!(text, "Table = off\n\n[Peer]\nPublicKey = {}", conf.key);
    if let Some(key) = &conf.preshared_key {
        let _ = writeln!(text, "PresharedKey = {key}");
    }
    if let Some(endpoint) = &conf.endpoint {
        let _ = writeln!(text, "Endpoint = {endpoint}");
    }
    if conf.keepalive_s > 0 {
        let _ = writeln!(text, "PersistentKeepalive = {}", conf.keepalive_s);
    }
    let _ = write!(text, "AllowedIPs = {}", conf.allowed_ips);
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::{peering, site};
    use super::*;

    const SECRET: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn golden(name: &str, actual: &str) {
        let path = format!("{}/fixtures/files/{name}", env!("CARGO_MANIFEST_DIR"));
        crate::testing::golden(&path, actual);
    }

    #[test]
    fn our_file_is_the_one_that_running_pops_have() {
        let secret = SECRET.parse().unwrap();
        let automatic = our_conf(&peering(17, 4242420001, None), &site(), &secret).unwrap();
        golden("wg-as4242420001.conf", &automatic);
        assert!(!automatic.ends_with('\n'));
        let mut chosen = peering(18, 64600, Some("fe80::1"));
        chosen.endpoint.as_mut().unwrap().host = "2a01:4f8::253".parse().unwrap();
        golden("wg-as64600.conf", &our_conf(&chosen, &site(), &secret).unwrap());
    }

    #[test]
    fn options_add_lines_and_nothing_else() {
        let mut waiting = peering(19, 64601, None);
        waiting.endpoint = None;
        waiting.mtu = Some(1400);
        waiting.preshared_key = Some(WgSecret::new([2; 32]));
        let text = our_conf(&waiting, &site(), &SECRET.parse().unwrap()).unwrap();
        assert!(!text.contains("Endpoint") && text.contains("\nMTU = 1400\n"));
        assert!(text.contains("\nPresharedKey = AgIC"));
        let theirs = their_conf(&waiting, &site()).unwrap();
        assert!(theirs.contains("\nPresharedKey = **REPLACEME**\n") && !theirs.contains("AgIC"));
    }

    #[test]
    fn their_side_is_the_mirror() {
        let peering = peering(17, 4242420001, None);
        golden("member-wireguard.conf", &their_conf(&peering, &site()).unwrap());
    }
}
