//! Whole machines that were made by hand, each with the table that comes of it.

use super::*;
use crate::adopt::bird::{Source, sessions};
use crate::adopt::{Tense, table};
use crate::model::WgSecret;
use crate::registry::Builder;
use std::fmt::Write as _;
use std::fs;

const SSH_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEHWaXQ4EhFCkFuCOUUANkmMUDW6dVugtFP6lKm0k7X9";

/// AS4242420101 to …114 are KEY-MNT's; …201 to …204 have maintainers who could not all log in.
fn registry() -> Index {
    let mut builder = Builder::new();
    let pgp = format!("pgp-fingerprint {}", "A".repeat(40));
    for (name, auth) in [("KEY-MNT", SSH_KEY), ("BARE-MNT", ""), ("PGP-MNT", &pgp)] {
        let auth = if auth.is_empty() { String::new() } else { format!("auth: {auth}\n") };
        builder.mntner(name, format!("mntner: {name}\n{auth}").as_bytes());
    }
    let mut add = |number: u32, owners: &str| {
        let (name, owners) = (format!("AS{number}"), owners.replace(' ', "\nmnt-by: "));
        builder.aut_num(&name, format!("aut-num: {name}\nmnt-by: {owners}\n").as_bytes());
    };
    for number in 101..=114 {
        add(4_242_420_000 + number, "KEY-MNT");
    }
    add(4_242_420_201, "BARE-MNT");
    add(4_242_420_202, "PGP-MNT");
    add(4_242_420_203, "GONE-MNT");
    add(4_242_420_204, "BARE-MNT KEY-MNT");
    builder.finish().0
}

/// The files of a machine, and its links.
#[derive(Default)]
struct Machine {
    found: Found,
    links: BTreeMap<String, LinkKind>,
}

impl Machine {
    /// Reads `==== NAME` and what follows it: `links`, files of wg-quick, files of BIRD's.
    fn read(text: &str) -> Machine {
        let mut machine = Machine::default();
        let mut sources = Vec::new();
        for part in text.split("==== ").skip(1) {
            let (path, text) = part.split_once('\n').expect("a name");
            if path == "links" {
                machine.links = text.lines().map(link).collect();
            } else if path.contains("bird") {
                sources.push(Source { path: path.into(), text: text.to_string() });
            } else {
                let link = path.rsplit('/').next().unwrap().strip_suffix(".conf").unwrap();
                let (link, path) = (link.to_string(), path.into());
                machine.found.tunnels.push(TunnelFile { link, path, text: text.to_string() });
            }
        }
        machine.found.sessions = sessions(&sources);
        machine
    }

    fn judged(&self, registry: &Index, known: &[Known]) -> Vec<Row> {
        let world = World {
            asn: "4242420263".parse().unwrap(),
            key: WgSecret::new([1; 32]).public(),
            key_file: Path::new("/etc/wireguard/private.key"),
            directories: &[Path::new("/etc/wireguard")],
            registry,
            links: &self.links,
            known,
        };
        judge(&self.found, &world)
    }
}

fn link(line: &str) -> (String, LinkKind) {
    let (name, kind) = line.split_once(' ').expect("a name and a kind");
    let kind = match kind {
        "wireguard" => LinkKind::WireGuard,
        other => LinkKind::Other(other.to_string()),
    };
    (name.to_string(), kind)
}

/// Everything that is kept of one that is taken.
fn kept(taken: &Taken) -> String {
    let Taken { asn, link, listen_port, local, remote, key, mtu, keepalive_s, protocol, .. } =
        taken;
    let mut text = format!("{asn} {link} port {listen_port} {local} {remote} key {key}");
    if let Some(endpoint) = &taken.endpoint {
        let _ = write!(text, " endpoint {}", endpoint.bracketed());
    }
    if let Some(mtu) = mtu {
        let _ = write!(text, " mtu {mtu}");
    }
    if let Some(psk) = &taken.preshared_key {
        let _ = write!(text, " psk {}", psk.reveal());
    }
    if let Some(own) = &taken.own_key {
        let _ = write!(text, " our key {own}");
    }
    let networks: Vec<String> = taken.allowed_ips.iter().map(ToString::to_string).collect();
    let (networks, families) = (networks.join(","), taken.families.word());
    let file = taken.bird_file.display();
    let _ = write!(text, " allowed {networks} keepalive {keepalive_s}");
    let _ = writeln!(text, " families {families} protocol {protocol} in {file}");
    text
}

fn known() -> Vec<Known> {
    let known = |asn: u32, link: &str, port, protocol: &str, is_imported| Known {
        asn: Some(Asn::new(asn).unwrap()),
        link: link.to_string(),
        port,
        protocol: protocol.to_string(),
        is_imported,
    };
    vec![
        known(4242420101, "dn42-there", 20021, "there", true),
        known(4242420107, "wg-as4242420107", 52007, "ebgp_as4242420107_v6", false),
    ]
}

#[test]
fn every_machine_has_its_table() {
    let directory = format!("{}/fixtures/import", env!("CARGO_MANIFEST_DIR"));
    let registry = registry();
    let mut count = 0;
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().unwrap().to_str().unwrap().strip_suffix(".txt") else {
            continue;
        };
        count += 1;
        let machine = Machine::read(&fs::read_to_string(&path).unwrap());
        let known = if name == "known" { known() } else { Vec::new() };
        let rows = machine.judged(&registry, &known);
        let mut text = table(&rows, Tense::WouldBe);
        for row in &rows {
            if let Verdict::Taken(taken) = &row.verdict {
                text.push_str(&kept(taken));
            }
        }
        crate::testing::golden(&format!("{directory}/{name}.verdict"), &text);
    }
    assert!(count >= 20, "{count}");
}

/// A large network's machine is judged in no time, and a strange one too.
#[test]
fn many_files_are_judged_quickly() {
    let mut machine = Machine::default();
    let mut text = String::new();
    for number in 0..400 {
        let link = format!("dn42-{number}");
        let _ = writeln!(text, "protocol bgp p{number} {{ neighbor fe80::{number} as {number}; }}");
        let conf = format!("[Interface]\nAddress = fe80::ffff/128, fd00::{number}/64\n");
        let path = format!("/etc/wireguard/{link}.conf").into();
        machine.found.tunnels.push(TunnelFile { link, path, text: conf });
    }
    machine.found.sessions = sessions(&[Source { path: "bird.conf".into(), text }]);
    assert_eq!(machine.judged(&Index::default(), &[]).len(), 800);
}
