//! `wg-int-<POP>.conf`: the link to another POP as wg-quick(8) brings it up, in the form in which
//! the network that this program comes from has it.

use super::MeshLink;
use crate::model::WgSecret;
use crate::peering::files::{self, Conf, KEEPALIVE_S};
use ipnet::IpNet;

/// The content of the file, without a final newline, as those of the peerings.
pub fn render(link: &MeshLink<'_>, private_key: &WgSecret) -> String {
    let ((local6, remote6), (local4, remote4)) = (link.ipv6, link.ipv4);
    let allowed: Vec<String> = link.allowed_ips().iter().map(IpNet::to_string).collect();
    files::render(&Conf {
        private_key: &private_key.reveal(),
        listen_port: Some(link.listen_port),
        mtu: link.mtu,
        addresses: vec![
            (format!("{local6}/128"), format!("{remote6}/128")),
            (format!("{local4}/32"), format!("{remote4}/32")),
        ],
        key: link.to.key,
        preshared_key: None,
        endpoint: link.endpoint.as_ref().map(ToString::to_string),
        allowed_ips: allowed.join(", "),
        keepalive_s: KEEPALIVE_S,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::inventory;

    #[test]
    fn the_file_is_the_one_that_running_pops_have() {
        let inventory = inventory();
        let link = inventory.links().swap_remove(0);
        let text = render(&link, &WgSecret::new([1; 32]));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mesh/wg-int-b.conf");
        crate::testing::golden(path, &text);
    }
}
