//! What one member can do to another, to themselves and to the POP by ordinary commands.

use crate::admin::{boss, code, draft};
use crate::answers::json;
use crate::commands::{ENDPOINT, create};
use crate::pop::{ALICE, BOB, Draft, Pop, router_key};
use crate::run::wait_until;
use peerling::model::{Likeness, WgKey, WgSecret};
use rusqlite::Connection;
use tinyjson::JsonValue;

const PROMPT: &str = "AS4242420263> ";
const KEY: &str = "WireGuard public key: ";
const ADDRESS: &str = "WireGuard endpoint address: ";

/// A peer_create of BOB with this key.
fn bobs(key: &str, more: &str) -> String {
    format!("peer_create --asn {BOB} --wg-pub-key {key} {more} --json")
}

/// A private key of which this is known; [`Likeness::Private`] are fifteen of sixteen.
fn private_key(likeness: Likeness) -> WgSecret {
    let clamped = |number: u8| {
        let mut bytes = [number; 32];
        (bytes[0], bytes[31]) = (0x40, 0x41);
        WgSecret::new(bytes)
    };
    let looks = |it: &WgSecret| WgKey::new(*it.bytes()).unwrap().likeness() == likeness;
    (0..=255).map(clamped).find(looks).expect("both kinds are found")
}

/// The attack: somebody else's public key and address on the link, typed as one's own before they
/// come.
#[test]
fn anothers_key_and_address_shut_nobody_out() {
    let Some(pop) = Pop::start() else { return };
    let taken = "--link-local fe80::7 --endpoint-addr none";
    pop.bob(&bobs(&router_key(1), taken)).fine();
    let said = pop.alice(&create(&format!("{ENDPOINT} --link-local fe80::7 --wait --json")));
    let peer = &json(said.fine())["peer"];
    assert_eq!(peer["state"], json("\"applied\""));
    assert!(!said.stdout.contains("notes"), "of others nothing is told: {said:#?}");
    for asn in [ALICE[0], BOB] {
        let conf = pop.read(&format!("wireguard/wg-as{asn}.conf"));
        assert!(conf.contains(&router_key(1)) && conf.contains("fe80::7/128"), "{conf}");
    }
}

/// One UDP port of one host has one WireGuard interface behind it.
#[test]
fn one_endpoint_is_one_peerings() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let taken = ["--endpoint-addr 2001:db8:0::1 --endpoint-port 20263", "[2001:db8::1]:20263"];
    for endpoint in [taken[0].to_string(), format!("--endpoint-addr {}", taken[1])] {
        let said = pop.bob(&bobs(&router_key(9), &endpoint));
        assert_eq!(code(&said), "endpoint_in_use", "{said:#?}");
        assert!(said.stdout.contains("Another peering") && !said.stdout.contains("4242420001"));
    }
    let own = create(&format!("{ENDPOINT} --json")).replace("4242420001", "4242420002");
    let said = pop.alice(&own);
    assert_eq!(code(&said), "endpoint_in_use", "{said:#?}");
    assert!(said.stdout.contains("Your peering with AS4242420001"), "{said:#?}");
    pop.bob(&bobs(&router_key(9), "--endpoint-addr 2001:db8::1 --endpoint-port 1")).fine();
    // What stays as it was is not judged again.
    pop.alice("peer_edit --mtu 1400").fine();
    let moved = pop.alice("peer_edit --endpoint-port 1 --json");
    assert_eq!(code(&moved), "endpoint_in_use", "{moved:#?}");
}

/// The same key and address for two of one's own work, by an interface each: that is told.
#[test]
fn what_two_of_ones_own_share_is_told() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --link-local fe80::7"))).fine();
    let more = "--endpoint-addr none --link-local fe80::7 --wait --json";
    let second = create(more).replace("4242420001", "4242420002");
    let said = pop.alice(&second);
    assert_eq!(json(said.fine())["peer"]["state"], json("\"applied\""));
    let answer = json(&said.stdout);
    let notes: &Vec<JsonValue> = answer["peer"]["notes"].get().unwrap();
    assert_eq!(notes.len(), 2, "{said:#?}");
    let edited = pop.alice("peer_edit --asn 4242420002 --mtu 1400");
    assert!(edited.fine().contains("AS4242420001 has the same public key here"), "{edited:#?}");
    assert!(!pop.alice("peer_list --json").fine().contains("notes"));
}

/// The attack: a loop of changes, which fills the audit and the disk.
#[test]
fn a_member_makes_only_so_many_changes() {
    let Some(draft) = draft() else { return };
    let pop = draft.serve();
    pop.alice(&create(ENDPOINT)).fine();
    let lines: String = (0..20).map(|_| "peer_disable\npeer_enable\n").collect();
    let said = pop.ssh("alice", "alice").script(&lines);
    assert_eq!(said.stdout.matches("is switched").count(), 29, "one was the creation: {said:#?}");
    // It is off by now: what it is already costs nothing.
    assert_eq!(said.stderr.matches("You may make 30 changes within 10 minutes").count(), 6);
    assert_eq!(said.stdout.matches("is already like that").count(), 5, "{said:#?}");
    assert!(said.stderr.contains("Try again in "), "{said:#?}");
    for command in ["peer_enable", "peer_edit --endpoint-port 1", "peer_remove --yes"] {
        let said = pop.alice(&format!("{command} --json"));
        assert_eq!(code(&said), "too_many_changes", "{command}: {said:#?}");
    }
    pop.alice("peer_disable --json").fine();
    pop.bob(&bobs(&router_key(9), "--endpoint-addr none")).fine();
    for _ in 0..20 {
        boss(&pop, "peer_enable 4242420001").fine();
        boss(&pop, "peer_disable 4242420001").fine();
    }
}

/// The mistake: the private key in the place of the public one.
#[test]
fn a_private_key_is_not_taken_for_a_public_one() {
    let Some(pop) = Pop::start() else { return };
    let (plain, odd) = (private_key(Likeness::Private), private_key(Likeness::Either));
    let line = create(&format!("{ENDPOINT} --json")).replace(&router_key(1), &plain.reveal());
    let said = pop.alice(&line);
    assert_eq!(code(&said), "looks_private", "{said:#?}");
    assert!(said.stdout.contains("wg pubkey"), "{said:#?}");
    let mut shell = pop.ssh("alice", "alice").shell(200);
    shell.expect(PROMPT);
    shell.say("peer_create", "AS Number");
    shell.say("4242420001", KEY);
    shell.say(&plain.reveal(), "This looks like a private key");
    shell.expect(KEY);
    let question = "Is it your public one? yes or no: ";
    shell.say(&odd.reveal(), question);
    shell.say("no", "The key was not kept");
    shell.expect(KEY);
    shell.say(&odd.reveal(), question);
    shell.say("Yes", ADDRESS);
    shell.send("\x03");
    shell.expect(PROMPT);
    shell.say(&line, "looks_private");
    shell.expect(PROMPT);
    // The line is not remembered: the one before it is.
    shell.send("\x1b[A\r");
    let again = shell.expect("AS Number");
    assert!(!again.contains(&plain.reveal()), "{again}");
    shell.send("\x03");
    shell.expect(PROMPT);
    shell.send("bye\r");
    shell.end();
    for file in ["peering.db", "peering.db-wal", "log"] {
        let bytes = std::fs::read(pop.path(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&plain.reveal()) && !text.contains(&odd.reveal()), "{file}");
    }
    // Of a public key, one of sixteen could be a private one: a script is believed.
    pop.alice(&line.replace(&plain.reveal(), &odd.reveal())).fine();
}

/// A row that somebody deleted by hand leaves a link and files behind, with the port of its id.
#[test]
fn an_id_that_is_left_on_the_machine_is_not_given_out() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let database = Connection::open(pop.path("peering.db")).unwrap();
    database.execute("DELETE FROM peering_links", []).unwrap();
    let none = "--endpoint-addr none --wait";
    // The first pass after that sees it.
    wait_until("it is noticed", || pop.log().contains("1 peering(s) are on this machine"));
    let said = pop.bob(&bobs(&router_key(9), none));
    assert_eq!(json(said.fine())["peer"]["id"], json("2"), "{said:#?}");
    // What a command took away is free at once.
    pop.bob("peer_remove --yes --wait").fine();
    let said = pop.bob(&bobs(&router_key(9), none));
    assert_eq!(json(said.fine())["peer"]["id"], json("2"), "{said:#?}");
    // Nor by the first command after a start, which may come before the first pass.
    pop.bob("peer_remove --yes --wait").fine();
    let pop = pop.kill().listen();
    let said = pop.bob(&bobs(&router_key(9), none));
    assert_eq!(json(said.fine())["peer"]["id"], json("2"), "{said:#?}");
    let gone = Draft::read(&pop, "wireguard/wg-as4242420001.conf");
    assert!(gone.contains("ListenPort = 52001"), "nobody asked for its removal: {gone}");
}
