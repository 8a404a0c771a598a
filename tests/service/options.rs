//! MTU, preshared key and families of a peering, from the flag to the files; and a preshared key in
//! all the places where it must not be.

use crate::answers::json;
use crate::commands::{ENDPOINT, REFUSED, create};
use crate::pop::{BOB, Pop, router_key};
use peerling::model::WgSecret;

/// What BIRD's file has instead of filters where a family is not wanted.
const CLOSED: &str = "        import none;\n        export none;\n";

#[test]
fn options_reach_the_files() {
    let Some(pop) = Pop::start() else { return };
    let key = WgSecret::new([5; 32]).reveal();
    let flags = format!("{ENDPOINT} --mtu 1380 --psk {key} --families ipv6 --wait --json");
    let made = json(pop.alice(&create(&flags)).fine());
    let peer = &made["peer"];
    assert_eq!([&peer["mtu"], &peer["psk"]], [&json("1380"), &json("true")]);
    assert_eq!(peer["families"], json("\"ipv6\""));
    assert!(made.get::<std::collections::HashMap<_, _>>().unwrap().get("psk").is_none());
    let conf = pop.read("wireguard/wg-as4242420001.conf");
    assert!(conf.contains("\nMTU = 1380\n"), "{conf}");
    assert!(conf.contains(&format!("\nPresharedKey = {key}\n")), "{conf}");
    let bird = pop.read("bird/ebgp_as4242420001");
    let (ipv4, ipv6) = bird.split_once("    ipv6 {\n").unwrap();
    assert!(ipv4.ends_with(&format!("    ipv4 {{\n{CLOSED}    }};\n\n")), "{bird}");
    assert!(ipv6.contains("dn42_import_filter_v6(AS4242420001_LATENCY"), "{bird}");
    assert_eq!(pop.peerling(&["plan"]).fine(), "", "there is nothing left to do");
}

#[test]
fn wrong_options_are_refused_and_a_wrong_key_is_not_repeated() {
    let Some(pop) = Pop::start() else { return };
    let nearly = WgSecret::new([5; 32]).reveal().replace("U=", "V=");
    for (flag, value, code) in [
        ("mtu", "1279", "bad_mtu"),
        ("mtu", "9001", "bad_mtu"),
        ("mtu", "''", "bad_mtu"),
        ("psk", nearly.as_str(), "bad_psk"),
        ("psk", "hunter2", "bad_psk"),
        ("psk", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "bad_psk"),
        ("families", "ipv5", "bad_families"),
        ("families", "''", "bad_families"),
    ] {
        let said = pop.alice(&create(&format!("{ENDPOINT} --{flag} {value} --json")));
        assert_eq!(said.status, Some(REFUSED), "{said:#?}");
        assert_eq!(*json(&said.stdout)["error"]["code"].get::<String>().unwrap(), code);
        assert!(flag != "psk" || !said.stdout.contains(value), "{said:#?}");
    }
    assert!(!pop.log().contains(&nearly) && !pop.log().contains("hunter2"));
    assert_eq!(json(pop.alice("peer_list --json").fine())["peers"], json("[]"));
}

/// In the answer that made it, in the file that only its owner can read, and nowhere else.
#[test]
fn a_generated_key_is_shown_once() {
    let Some(pop) = Pop::start() else { return };
    let made = pop.alice(&create(&format!("{ENDPOINT} --psk generate --wait")));
    let psk =
        made.fine().lines().find_map(|it| it.strip_prefix("The preshared key, shown this once: "));
    let psk = psk.unwrap().to_string();
    assert!(psk.parse::<WgSecret>().is_ok(), "{made:#?}");
    let conf = pop.read("wireguard/wg-as4242420001.conf");
    assert!(conf.contains(&format!("\nPresharedKey = {psk}\n")), "{conf}");
    let key = router_key(3);
    let other = format!("peer_create --asn {BOB} --wg-pub-key {key} --endpoint-addr none --json");
    let other = json(pop.bob(&format!("{other} --psk generate --wait")).fine());
    assert_ne!(*other["psk"].get::<String>().unwrap(), psk, "each has its own");
    std::fs::remove_file(pop.path("wireguard/wg-as4242420001.conf")).unwrap();
    let table = pop.alice("peer_config");
    assert!(table.fine().contains("A preshared key is set"), "{table:#?}");
    let plan = pop.peerling(&["plan"]).stdout;
    assert!(plan.contains("PresharedKey = (hidden)"), "{plan}");
    for command in [
        "peer_list",
        "peer_list --json",
        "peer_config",
        "peer_config --json",
        "peer_config --format wg-quick",
        "peer_config --format networkd",
        "peer_config --format routeros",
        "peer_status",
        "peer_status --json",
        "peer_status --raw",
        "peer_history",
        "peer_export",
    ] {
        let said = pop.alice(command);
        assert!(!said.stdout.contains(&psk) && !said.stderr.contains(&psk), "{command}: {said:#?}");
    }
    let database = rusqlite::Connection::open(pop.path("peering.db")).unwrap();
    let query =
        "SELECT group_concat(coalesce(before, '') || coalesce(after, '')) FROM peerling_audit";
    let audit: String = database.query_row(query, [], |row| row.get(0)).unwrap();
    assert!(audit.contains("psk set") && !audit.contains(&psk), "{audit}");
    assert!(!pop.log().contains(&psk) && !plan.contains(&psk));
}

/// A later one too.
#[test]
fn a_key_that_an_edit_generates_is_in_its_answer() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let edited = json(pop.alice("peer_edit --psk generate --yes --wait --json").fine());
    let psk = edited["psk"].get::<String>().unwrap();
    let conf = pop.read("wireguard/wg-as4242420001.conf");
    assert!(conf.contains(&format!("\nPresharedKey = {psk}\n")), "{conf}");
    assert!(!edited["changes"].stringify().unwrap().contains(psk.as_str()), "{edited:?}");
    let again = pop.alice("peer_edit --psk generate --yes --wait");
    let words = "The preshared key, shown this once: ";
    let other = again.fine().lines().find_map(|it| it.strip_prefix(words)).unwrap();
    assert_ne!(other, psk);
}

/// A line with a key in it is not kept for the arrow keys.
#[test]
fn a_typed_key_is_not_recalled() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = pop.ssh("alice", "alice").shell(80);
    shell.expect("AS4242420263> ");
    shell.say("whoami", "ALICE-MNT");
    shell.expect("AS4242420263> ");
    shell.say("peer_create --psk hunter2 --nonsense", "has no flag --nonsense");
    shell.expect("AS4242420263> ");
    shell.send("\x1b[A");
    assert!(!shell.expect("whoami").contains("hunter2"));
    shell.kill();
}
