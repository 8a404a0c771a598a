//! The files of the mesh: an iBGP session for BIRD, and a link for wg-quick(8).

pub use crate::model::{MARK, is_marked};

use super::{Inventory, MeshLink, Pop, Switch};
use crate::model::{Asn, PopName, WgSecret};
use crate::peering::files;
use crate::peering::files::Conf;
use ipnet::IpNet;
use std::fmt::Write as _;

// BIRD's side of the own network: an iBGP session to each other POP, and what a link costs Babel
// where it is not the usual.
//
// The filters of a session call `is_valid_network` and `is_self_net`, which every configuration
// made after the dn42 wiki's has (howto/Bird2). All of it parses on BIRD 2.0.12 and on 3.1 alike,
// and each file begins with [`MARK`].

/// The file with Babel's costs. It is to be included in `protocol babel` before the interfaces of
/// all links, since BIRD takes the first pattern that fits.
pub const BABEL_FILE: &str = "mesh_babel.conf";

/// The file of the iBGP session to a POP.
pub fn ibgp_file(pop: &PopName) -> String {
    format!("ibgp_{pop}")
}

/// The protocol inside it.
pub fn ibgp_protocol(pop: &PopName) -> String {
    format!("ibgp_{}", pop.symbol())
}

/// The content of [`ibgp_file`] for the session to `to`, with a final newline. `None` only in an
/// inventory without this POP, which its rules would have refused.
///
/// The session is between the gateways, which Babel knows the way to, so it outlives any one link.
/// What it carries is other networks' routes: each POP has the own ones from Babel.
pub fn ibgp(inventory: &Inventory, to: &Pop, own_asn: Asn) -> Option<String> {
    let (local, remote) = (inventory.me()?.gateway_ipv6(), to.gateway_ipv6());
    let (name, asn) = (ibgp_protocol(&to.name), own_asn.get());
    let [ipv4, ipv6] = [("", "on"), ("_v6", "off")].map(|(family, extended)| {
        let others = format!(
            "where source = RTS_BGP && is_valid_network{family}() && !is_self_net{family}()"
        );
        format!(
            "        import {others};
        export {others};
        next hop self;
        extended next hop {extended};"
        )
    });
    Some(format!(
        "{MARK}

protocol bgp {name} {{
    local {local} as {asn};
    neighbor {remote} as {asn};

    ipv4 {{
{ipv4}
    }};

    ipv6 {{
{ipv6}
    }};
}}
"
    ))
}

/// The content of [`BABEL_FILE`]: one interface for each link whose cost is not the usual.
pub fn babel(inventory: &Inventory) -> String {
    let mut text = format!("{MARK}\n");
    let links = inventory.links();
    for (link, cost) in links.iter().filter_map(with_cost) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "interface \"{}\" {{ type wired; rxcost {cost}; }};", link.name());
    }
    text
}

fn with_cost<'a, 'b>(link: &'b MeshLink<'a>) -> Option<(&'b MeshLink<'a>, u16)> {
    link.cost.filter(|_| link.switch == Switch::On).map(|cost| (link, cost))
}

// `wg-int-<POP>.conf`: the link to another POP as wg-quick(8) brings it up, in the form in which
// the network that this program comes from has it.

/// The content of the file, without a final newline, as those of the peerings.
pub fn conf(link: &MeshLink<'_>, private_key: &WgSecret) -> String {
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
        keepalive_s: files::KEEPALIVE_S,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::Exception;
    use crate::mesh::tests::inventory;
    use crate::testing::{golden, skipped};
    use std::process::Command;

    fn exception(other: &str, cost: u16, switch: Switch) -> Exception {
        let pops = (other.parse().unwrap(), "a".parse().unwrap());
        Exception { pops, cost: Some(cost), mtu: None, reach: None, switch }
    }

    fn asn() -> Asn {
        "4242420263".parse().unwrap()
    }

    fn fixture(name: &str) -> String {
        format!("{}/fixtures/mesh/{name}", env!("CARGO_MANIFEST_DIR"))
    }

    fn with_costs() -> Inventory {
        let mut inventory = inventory();
        inventory.pops[1].name = "nl-ams1".parse().unwrap();
        inventory.exceptions =
            vec![exception("nl-ams1", 300, Switch::On), exception("c", 200, Switch::Off)];
        inventory
    }

    #[test]
    fn the_files_are_as_they_were_read() {
        let inventory = with_costs();
        let ibgp = ibgp(&inventory, &inventory.pops[1], asn()).unwrap();
        golden(&fixture("ibgp_nl-ams1"), &ibgp);
        golden(&fixture("mesh_babel.conf"), &babel(&inventory));
        assert!(is_marked(&ibgp) && is_marked(&babel(&inventory)));
    }

    #[test]
    fn a_link_without_an_exception_is_not_named() {
        assert_eq!(babel(&inventory()), format!("{MARK}\n"));
        assert_eq!(babel(&with_costs()).lines().count(), 2, "one is off");
    }

    #[test]
    fn a_session_goes_both_ways() {
        let here = inventory();
        let there = Inventory { own: "b".parse().unwrap(), ..inventory() };
        let [a, b] = [&here.pops[0], &here.pops[1]];
        let swapped = ibgp(&there, a, asn()).unwrap();
        for (one, other) in [("local", "neighbor"), ("neighbor", "local")] {
            let address = |text: &str, word: &str| {
                let line = text.lines().find_map(|it| it.trim().strip_prefix(word)).unwrap();
                line.to_string()
            };
            assert_eq!(address(&ibgp(&here, b, asn()).unwrap(), one), address(&swapped, other));
        }
    }

    /// Both files in the smallest configuration that they need.
    #[test]
    fn bird_reads_the_files() {
        let inventory = with_costs();
        let words = ["is_valid_network", "is_self_net", "is_valid_network_v6", "is_self_net_v6"];
        let functions = words.map(|it| format!("function {it}() {{ return true; }}\n")).concat();
        let (costs, session) = (babel(&inventory), ibgp(&inventory, &inventory.pops[1], asn()));
        let text = format!(
            "router id 192.0.2.1;\nprotocol device {{}}\n{functions}protocol babel {{\n{costs}\
             interface \"wg-int-*\" {{ type wired; }};\nipv4 {{}};\nipv6 {{}};\n}}\n{}",
            session.unwrap(),
        );
        let name = format!("peerling-mesh-{}.conf", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let run = |bird| Command::new(bird).arg("-p").arg("-c").arg(&path).output();
        match run("bird").or_else(|_| run("/usr/sbin/bird")) {
            Ok(run) => assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr)),
            Err(error) => skipped("bird_reads_the_files", &error.to_string()),
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn the_file_is_the_one_that_running_pops_have() {
        let inventory = inventory();
        let link = inventory.links().swap_remove(0);
        let text = conf(&link, &WgSecret::new([1; 32]));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mesh/wg-int-b.conf");
        golden(path, &text);
    }
}
