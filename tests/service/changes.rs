//! Peerings that are asked for twice, edited, switched off and on: by flags and at a terminal, with
//! what of it reaches the files.

use crate::answers::json;
use crate::commands::{ENDPOINT, REFUSED, create};
use crate::files::names;
use crate::pop::{BOB, Draft, Pop, our_key, router_key};
use crate::pty::Pty;
use crate::run::{Said, wait_until};
use rusqlite::Connection;
use tinyjson::JsonValue;

const PROMPT: &str = "AS4242420263> ";
const CONF: &str = "wireguard/wg-as4242420001.conf";
const BIRD_FILE: &str = "bird/ebgp_as4242420001";

/// How many changes the database has counted, and how many records it has of them.
fn changes(pop: &Draft) -> (i64, i64) {
    let database = Connection::open(pop.path("peering.db")).unwrap();
    let one = |query: &str| database.query_row(query, [], |row| row.get(0)).unwrap();
    (one("SELECT generation FROM peerling_state"), one("SELECT count(*) FROM peerling_audit"))
}

fn code(said: &Said) -> JsonValue {
    assert_eq!(said.status, Some(REFUSED), "{said:#?}");
    json(&said.stdout)["error"]["code"].clone()
}

fn is_unchanged(said: &Said) -> bool {
    said.fine().contains("\"unchanged\":true")
}

#[test]
fn what_is_asked_for_twice_is_made_once() {
    let Some(pop) = Pop::start() else { return };
    let line = create(&format!("{ENDPOINT} --wait --json"));
    let first = pop.alice(&line);
    assert!(!is_unchanged(&first), "{first:#?}");
    let before = changes(&pop);
    let again = pop.alice(&line);
    assert!(is_unchanged(&again), "{again:#?}");
    assert_eq!(json(again.fine())["peer"], json(first.fine())["peer"]);
    let written_otherwise = create("--endpoint-addr [2001:db8::1]:20263 --link-local auto --json");
    assert!(is_unchanged(&pop.alice(&written_otherwise)));
    let words = pop.alice(&create(ENDPOINT));
    assert!(words.fine().contains("nothing was changed"), "{words:#?}");
    assert_eq!(changes(&pop), before, "neither a generation nor a record");
}

#[test]
fn what_is_asked_for_differently_is_refused_with_the_way_out() {
    let Some(mut draft) = Draft::new() else { return };
    draft.set("peers", "max", "1");
    let pop = draft.serve();
    pop.alice(&create(ENDPOINT)).fine();
    let before = changes(&pop);
    for (more, words) in [
        ("--endpoint-addr 2001:db8::2 --endpoint-port 20263", "another endpoint"),
        ("--endpoint-addr 2001:db8::1 --endpoint-port 1", "another endpoint"),
        ("--endpoint-addr none", "another endpoint"),
        (&format!("{ENDPOINT} --link-local fe80::7"), "another link-local address"),
        (&format!("{ENDPOINT} --mtu 1400"), "another MTU"),
        (&format!("{ENDPOINT} --psk generate --families ipv6"), "preshared key, families"),
    ] {
        let said = pop.alice(&create(&format!("{more} --json")));
        assert_eq!(code(&said), json("\"exists\""), "{more}: {said:#?}");
        assert!(said.stdout.contains(words), "{more}: {said:#?}");
        assert!(said.stdout.contains("peer_edit"), "{more}: {said:#?}");
    }
    // A wrong answer is that, whether there is a peering or not; and whose it is comes first.
    let wrong = create("--endpoint-addr x --json").replace(&router_key(1), "x");
    assert_eq!(code(&pop.alice(&wrong)), json("\"bad_key\""));
    let line = create(&format!("{ENDPOINT} --json"));
    assert_eq!(code(&pop.bob(&line)), json("\"not_yours\""));
    assert_eq!(changes(&pop), before);
}

#[test]
fn an_edited_peering_keeps_what_was_not_named() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --link-local fe80::7 --wait"))).fine();
    let (bird, before) = (pop.read(BIRD_FILE), changes(&pop));
    let said = pop.alice("peer_edit --endpoint-addr 2001:db8::2 --wait --json");
    let answer = json(said.fine());
    assert_eq!(answer["peer"]["wg_endpoint_addr"], json("\"2001:db8::2\""));
    assert_eq!(answer["peer"]["wg_endpoint_port"], json("20263"), "the port stays");
    assert_eq!(answer["peer"]["id"], json("1"));
    assert_eq!(answer["peer"]["state"], json("\"applied\""));
    let expected = r#"[{"name": "wg_endpoint", "before": "[2001:db8::1]:20263",
        "after": "[2001:db8::2]:20263"}]"#;
    assert_eq!(answer["changes"], json(expected));
    assert_eq!(changes(&pop), (before.0 + 1, before.1 + 1));
    assert!(pop.read(CONF).contains("Endpoint = 2001:db8::2:20263\n"), "{}", pop.read(CONF));
    assert_eq!(pop.read(BIRD_FILE), bird, "an endpoint is nothing to BIRD");
    let again = pop.alice("peer_edit --endpoint-addr 2001:db8::2 --json");
    assert!(is_unchanged(&again) && is_unchanged(&pop.alice("peer_edit --json")));
    let key = router_key(3);
    let line = format!("peer_edit 4242420001 --wg-pub-key {key} --link-local auto --mtu 1400");
    let said = pop.alice(&format!("{line} --endpoint-port 1 --wait"));
    assert!(said.fine().contains("was changed"), "{said:#?}");
    for part in [key.as_str(), "2001:db8::2:1", "MTU = 1400", "fe80:0263::2:1/128", "52001"] {
        assert!(pop.read(CONF).contains(part), "{part}: {}", pop.read(CONF));
    }
    assert!(pop.read(BIRD_FILE).contains("fe80:0263::2:1"), "{}", pop.read(BIRD_FILE));
}

#[test]
fn an_edited_peering_is_judged_like_a_new_one() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let endpoint = "--endpoint-addr 2001:db8::9 --endpoint-port 9";
    let bob = format!("--asn {BOB} --wg-pub-key {} {endpoint}", router_key(9));
    pop.bob(&format!("peer_create {bob} --link-local fe80::9 --wait")).fine();
    let (before, conf) = (changes(&pop), pop.read(CONF));
    for (flags, expected) in [
        (format!("--wg-pub-key {}", our_key()), "key_is_ours"),
        ("--endpoint-addr 10.0.0.1".into(), "endpoint_forbidden"),
        (endpoint.into(), "endpoint_in_use"),
        ("--endpoint-addr pop.example.net".into(), "endpoint_is_ours"),
        ("--endpoint-addr none --endpoint-port 1".into(), "two_ports"),
        ("--endpoint-port 0".into(), "bad_port"),
        ("--link-local fe80::263".into(), "link_local_is_ours"),
        ("--mtu 1".into(), "bad_mtu"),
        ("--psk x".into(), "bad_psk"),
        ("--families x".into(), "bad_families"),
        (format!("--asn {BOB} --mtu 1400"), "not_yours"),
        ("--asn 4242420002 --mtu 1400".into(), "no_peering"),
    ] {
        let said = pop.alice(&format!("peer_edit {flags} --json"));
        assert_eq!(code(&said), JsonValue::String(expected.into()), "{flags}: {said:#?}");
    }
    assert_eq!((changes(&pop), pop.read(CONF)), (before, conf));
    pop.bob("peer_edit --endpoint-addr none").fine();
    let said = pop.bob("peer_edit --endpoint-port 1 --json");
    assert_eq!(code(&said), json("\"two_ports\""), "no endpoint, no port: {said:#?}");
}

/// A preshared key is shown by the command that made it, and by nothing else: no record, no log.
#[test]
fn a_preshared_key_is_no_part_of_any_record() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let secret = router_key(77);
    let said = pop.alice(&format!("peer_edit --psk {secret} --wait --json"));
    assert!(!said.fine().contains(&secret), "{said:#?}");
    assert_eq!(json(said.fine())["changes"][0]["after"], json("\"set\""));
    assert!(pop.read(CONF).contains(&secret));
    assert!(is_unchanged(&pop.alice(&format!("peer_edit --psk {secret} --json"))));
    let removed = pop.alice("peer_edit --psk none --wait --json");
    assert_eq!(json(removed.fine())["changes"][0]["before"], json("\"set\""));
    assert!(!pop.read(CONF).contains("PresharedKey"));
    let database = Connection::open(pop.path("peering.db")).unwrap();
    let query =
        "SELECT group_concat(coalesce(before, '') || coalesce(after, '')) FROM peerling_audit";
    let records: String = database.query_row(query, [], |row| row.get(0)).unwrap();
    assert!(!records.contains(&secret) && !pop.log().contains(&secret), "{records}");
}

#[test]
fn a_peering_is_edited_at_a_terminal() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let mut shell = pop.ssh("alice", "alice").shell(100);
    shell.expect(PROMPT);
    shell.say("peer_edit", &format!("WireGuard public key [{}]: ", router_key(1)));
    shell.say("", "WireGuard endpoint address [2001:db8::1]: ");
    shell.say("10.0.0.1", "WireGuard endpoint address [2001:db8::1]: ");
    shell.say("2001:db8::2", "WireGuard endpoint port [20263]: ");
    shell.say("", "Link-local IPv6 address, or auto [auto]: ");
    let summary = shell.say("", "Change this peering? [yes]: ");
    assert!(summary.contains("[2001:db8::1]:20263") && summary.contains("[2001:db8::2]:20263"));
    let kept = shell.say("no", PROMPT);
    assert!(kept.contains("Nothing was changed"), "{kept}");
    shell.send("peer_edit\r\r[2001:db8::2]:20263\r\r\r");
    let done = shell.expect(PROMPT);
    assert!(done.contains("was changed") && done.contains("It is set up"), "{done}");
    shell.send("peer_edit\r\r\r\r\r");
    let same = shell.expect(PROMPT);
    assert!(same.contains("nothing was changed"), "{same}");
    // With a flag only that is changed, after the difference was seen.
    let seen = shell.say("peer_edit --endpoint-port 7", "Change this peering? [yes]: ");
    assert!(seen.contains("[2001:db8::2]:7") && !seen.contains("public key"), "{seen}");
    shell.say("", "It is set up");
    assert!(pop.read(CONF).contains("Endpoint = 2001:db8::2:7\n"), "{}", pop.read(CONF));
}

#[test]
fn off_and_on_again() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let (conf, bird) = (pop.read(CONF), pop.read(BIRD_FILE));
    let off = pop.alice("peer_disable --wait --json");
    assert_eq!(json(off.fine())["peer"]["state"], json("\"disabled\""));
    assert!(!pop.path(CONF).exists() && !pop.path(BIRD_FILE).exists());
    let before = changes(&pop);
    assert!(is_unchanged(&pop.alice("peer_disable --wait --json")));
    assert_eq!(changes(&pop), before);
    // The id stays theirs, and an edit of what is off is kept for later.
    let bob = format!("--asn {BOB} --wg-pub-key {} --endpoint-addr none", router_key(9));
    assert_eq!(json(pop.bob(&format!("peer_create {bob} --json")).fine())["peer"]["id"], json("2"));
    let edited = pop.alice("peer_edit --endpoint-port 7 --wait");
    assert!(edited.fine().contains("It is disabled"), "{edited:#?}");
    assert!(!pop.path(CONF).exists());
    pop.alice("peer_edit --endpoint-port 20263 --wait").fine();
    let on = pop.alice("peer_enable --wait --json");
    assert_eq!(json(on.fine())["peer"]["state"], json("\"applied\""));
    assert_eq!((pop.read(CONF), pop.read(BIRD_FILE)), (conf, bird));
    assert!(is_unchanged(&pop.alice("peer_enable --json")));
    pop.bob("peer_disable --asn 4242420001").refused(REFUSED);
}

/// What the operator switched off, and what waits for approval, is no member's to switch.
#[test]
fn a_suspension_is_not_ended_by_its_member() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let stand = |standing: &str| {
        let database = Connection::open(pop.path("peering.db")).unwrap();
        let update = "UPDATE peerling_peering SET standing = ?";
        database.execute(update, [standing]).unwrap();
    };
    for standing in ["suspended", "pending"] {
        stand(standing);
        for command in ["peer_enable", "peer_disable"] {
            let said = pop.alice(&format!("{command} --json"));
            assert_eq!(code(&said), JsonValue::String(standing.into()), "{command}: {said:#?}");
        }
    }
    let admin = ["exec", "--", "peer_enable", "--asn", "4242420001"];
    pop.peerling(&admin).refused(REFUSED);
    stand("suspended");
    wait_until("it is taken down", || !pop.path(CONF).exists());
    assert!(pop.peerling(&admin).fine().contains("switched on"));
    pop.wait_for_file(CONF);
}

#[test]
fn genconfig_leaves_out_what_is_off() {
    let Some(mut draft) = Draft::new() else { return };
    for key in ["wireguard_directory", "bird_directory"] {
        let path = draft.path(&format!("staged-{key}"));
        draft.set("genconfig", key, &format!("{path:?}"));
    }
    let pop = draft.serve();
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let staged = || {
        pop.peerling(&["genconfig"]).fine();
        names(&pop, "staged-wireguard_directory/current")
    };
    assert_eq!(staged(), ["wg-as4242420001.conf"]);
    pop.alice("peer_disable --wait").fine();
    // The sets are named by the second.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(staged(), [""; 0]);
}

/// A single command with a terminal of its own asks and shows the difference, and its exit status
/// tells what came of it.
#[test]
fn a_single_command_at_a_terminal_is_confirmed() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    for (answer, status) in [("no", REFUSED), ("", 0)] {
        let mut command = pop.ssh("alice", "alice").argument("-tt").command();
        let mut shell = Pty::spawn(command.arg("peer_edit --endpoint-port 7"), 100);
        shell.expect("Change this peering? [yes]: ");
        shell.send(format!("{answer}\r"));
        let (ended, rest) = shell.end();
        assert_eq!(ended, Some(status), "{rest:?}");
    }
}
