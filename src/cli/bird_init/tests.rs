//! The files as they are read, by people and by BIRD, and that nothing is ever overwritten.

use super::*;
use crate::config::Source;
use crate::mesh::tests::inventory;
use crate::peering::tests::{peering, site};
use crate::plan::bird::{BirdPop, render};
use crate::plan::form::{Form, REFERENCE};
use crate::plan::naming::Naming;
use crate::plan::{FileKind, Owner};
use crate::testing::{Place, golden, skipped};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

fn config(lines: &str) -> Config {
    let text = format!("[pop]\nasn = 4242420263\nname = \"pop.example.net\"\n{lines}");
    let source = Source { name: "test", text: &text };
    crate::config::resolve(Some(source), &[]).unwrap()
}

const NETWORKS: &str = "networks = [\"fd28:7515:7d51::/48\", \"172.22.144.160/27\"]\n";

fn in_a_mesh(places: &str) -> Vec<Text> {
    let mut config = config(&format!(
        "bandwidth = 25\nlinktype = 34\nregion = 41\ncountry = 1250\n[mesh]\n{NETWORKS}{places}"
    ));
    config.inventory = Some(inventory());
    compose(&config, &[]).unwrap()
}

fn compare(folder: &str, texts: &[Text]) {
    for (name, text) in texts {
        let root = env!("CARGO_MANIFEST_DIR");
        golden(&format!("{root}/fixtures/bird-init/{folder}/{name}"), text);
    }
}

#[test]
fn the_files_are_as_they_were_read() {
    compare("mesh", &in_a_mesh("[bird]\ninclude_directory = \"/etc/bird/peerling\"\n"));
    let alone = compose(&config(&format!("[mesh]\n{NETWORKS}")), &[]).unwrap();
    compare("alone", &alone[..2]);
    assert_eq!(in_a_mesh("")[2..], alone[2..], "two files are the same everywhere");
}

/// BIRD reads them together with what peerling keeps up, and without it.
fn bird_reads(test: &str, texts: &[Text], place: &Place) {
    write(&place.0.join("conf"), texts).unwrap();
    let path = place.0.join("conf/bird.conf");
    let run = |bird| Command::new(bird).arg("-p").arg("-c").arg(&path).output();
    match run("bird").or_else(|_| run("/usr/sbin/bird")) {
        Ok(run) => assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr)),
        Err(error) => skipped(test, &error.to_string()),
    }
}

#[test]
fn bird_reads_the_files() {
    for what in ["all", "empty"] {
        let place = Place::new(what);
        let [peers, includes] = ["peers", "includes"].map(|it| place.0.join(it));
        [&peers, &includes].into_iter().for_each(|it| fs::create_dir_all(it).unwrap());
        if what == "all" {
            let (peering, inventory) = (peering(17, 4242420001, None), inventory());
            let (site, naming, form) = (site(), Naming::default(), Form::parse(REFERENCE).unwrap());
            let pop = BirdPop { site: &site, naming: &naming, form: &form, template: "members" };
            let file = naming.file(FileKind::Bird, Owner::Peering(peering.asn));
            fs::write(peers.join(file), render(&peering, &pop, 3).unwrap()).unwrap();
            let text = crate::mesh::files::ibgp(&inventory, &inventory.pops[1], peering.asn);
            fs::write(peers.join("ibgp_b"), text.unwrap()).unwrap();
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
            for fixture in ["mesh/mesh_babel.conf", "roa/roa_dn42.conf", "roa/roa_dn42_v6.conf"] {
                let name = Path::new(fixture).file_name().unwrap();
                fs::copy(Path::new(root).join(fixture), includes.join(name)).unwrap();
            }
        }
        let places = format!(
            "[bird]\ntemplate = \"members\"\ndirectory = \"{}\"\ninclude_directory = \"{}\"\n",
            peers.display(),
            includes.display()
        );
        bird_reads("bird_reads_the_files", &in_a_mesh(&places), &place);
    }
}

/// Without IPv4, or without IPv6, of one's own.
#[test]
fn bird_reads_the_files_of_one_family() {
    for networks in ["\"fd28:7515:7d51::/48\"", "\"172.22.144.160/27\", \"172.20.0.53/32\""] {
        let place = Place::new("family");
        let lines = format!(
            "[mesh]\nnetworks = [{networks}]\n[bird]\ndirectory = \"{}\"",
            place.0.display()
        );
        let texts = compose(&config(&lines), &[]).unwrap();
        bird_reads("bird_reads_the_files_of_one_family", &texts, &place);
    }
}

#[test]
fn what_exists_is_never_overwritten() {
    let place = Place::new("exists");
    let texts = in_a_mesh("");
    let target = place.0.join("etc/bird");
    write(&target, &texts).unwrap();
    for (name, text) in &texts {
        let path = target.join(name);
        assert_eq!(fs::read_to_string(&path).unwrap(), *text);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
    }
    for (name, _) in &texts {
        let other = place.0.join("other");
        fs::create_dir_all(&other).unwrap();
        // A link that leads nowhere is somebody's file too.
        std::os::unix::fs::symlink("nowhere", other.join(name)).unwrap();
        let error = write(&other, &texts).unwrap_err().to_string();
        let words = format!("other/{name} exists already, and nothing was written: move it away");
        assert!(error.contains(&words), "{error}");
        assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
        fs::remove_dir_all(other).unwrap();
    }
}

/// Somebody else writes one of the files after we looked.
#[test]
fn what_comes_in_between_takes_all_back() {
    let place = Place::new("between");
    let texts = [("a", String::new()), ("b", String::new()), ("a", "again".to_string())];
    assert!(write(&place.0, &texts).unwrap_err().to_string().contains("/a: File exists"));
    assert_eq!(fs::read_dir(&place.0).unwrap().count(), 0);
}

#[test]
fn networks_come_from_the_mesh_or_the_registry() {
    let registry = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/roa/registry");
    let of = |asn: &str, lines: &str| {
        let text = format!(
            "[pop]\nasn = {asn}\nname = \"pop.example.net\"\n[registry]\ndirectory = \"{registry}\"\n{lines}"
        );
        let source = Source { name: "test", text: &text };
        networks(&crate::config::resolve(Some(source), &[]).unwrap())
    };
    let shown =
        |networks: Vec<IpNet>| networks.iter().map(IpNet::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(shown(of("4242420004", "").unwrap()), "172.20.4.0/24 172.22.0.0/20");
    let named = of("4242420004", "[mesh]\nnetworks = [\"fd42::/48\"]\n");
    assert_eq!(shown(named.unwrap()), "fd42::/48");
    let error = of("4242420099", "").unwrap_err().to_string();
    let words = "no network of our own is known: set mesh.networks \
                 (the registry has no route of AS4242420099)";
    assert_eq!(error, words);
}

#[test]
fn paths_that_bird_cannot_include_are_refused() {
    for path in ["/etc/bird/pe*rs", "/etc/bird/\\\"", "/etc/[bird]"] {
        let lines = format!("[mesh]\n{NETWORKS}[bird]\ndirectory = \"{path}\"\n");
        let error = compose(&config(&lines), &[]).unwrap_err().to_string();
        assert!(error.ends_with("BIRD cannot include by this path"), "{error}");
    }
}
