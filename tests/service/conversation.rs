//! peer_create at a real terminal: what is suggested, what is understood, and what is told until
//! the peering is there.

use crate::answers::json;
use crate::commands::{ENDPOINT, create};
use crate::pop::{ALICE, Draft, Pop, our_key, router_key};
use crate::pty::Pty;
use peerling::model::WgSecret;
use tinyjson::JsonValue;

const PROMPT: &str = "AS4242420263> ";
const KEY: &str = "WireGuard public key: ";
const ADDRESS: &str = "WireGuard endpoint address: ";
const YES: &str = "Create this peering? [yes]: ";

/// A POP where ALICE has one AS number, and her terminal.
fn alice() -> Option<(Pop, Pty)> {
    let mut draft = Draft::new()?;
    draft.set("peers", "max", "7");
    std::fs::remove_file(draft.path("registry/data/aut-num/AS4242420002")).unwrap();
    let pop = draft.serve();
    let shell = terminal(&pop);
    Some((pop, shell))
}

fn terminal(pop: &Pop) -> Pty {
    let mut shell = pop.ssh("alice", "alice").shell(100);
    shell.expect(PROMPT);
    shell
}

fn only_peer(pop: &Pop) -> JsonValue {
    json(pop.alice("peer_list --json").fine())["peers"][0].clone()
}

#[test]
fn a_member_who_has_never_seen_it_needs_six_enters_and_two_pastes() {
    let Some((pop, mut shell)) = alice() else { return };
    let limits = shell.say("peer_create", "AS Number [4242420001]: ");
    for words in ["AS4242420263 at pop.example.net", "0 of 7 places", "IPv4 or IPv6"] {
        assert!(limits.contains(words), "{words}: {limits}");
    }
    shell.say("", KEY);
    shell.say(&router_key(1), ADDRESS);
    shell.say("2001:db8::1", "WireGuard endpoint port [20263]: ");
    shell.say("", "Link-local IPv6 address, or auto [fe80::1]: ");
    let summary = shell.say("", YES);
    for words in [&router_key(1), "2001:db8::1", "20263", "fe80::1", "52001", "fe80::263"] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    let made = shell.say("", PROMPT);
    for words in ["was created", "our side of the tunnel is set up", "peer_config 4242420001"] {
        assert!(made.contains(words), "{words}: {made}");
    }
    let peer = only_peer(&pop);
    assert_eq!(peer["state"], json("\"applied\""));
    assert_eq!(peer["wg_endpoint_port"], json("20263"));
    assert_eq!(peer["link_local"], json("\"fe80::1\""));
}

#[test]
fn a_pasted_section_is_four_enters() {
    let Some((pop, mut shell)) = alice() else { return };
    shell.say("peer_create", "AS Number [4242420001]: ");
    let key = router_key(1);
    let section = format!("[Peer]\n# at home\nPublicKey = {key}\nEndpoint = [2001:db8::1]:7\n");
    let taken = shell.say(&format!("\x1b[200~{section}\x1b[201~"), "AS Number [4242420001]: ");
    assert!(taken.contains("Taken from what you pasted: public key, endpoint."), "{taken}");
    shell.say("", "Link-local IPv6 address, or auto [fe80::1]: ");
    shell.say("auto", YES);
    shell.say("", PROMPT);
    let peer = only_peer(&pop);
    assert_eq!(peer["wg_pub_key"], json(&format!("{key:?}")));
    assert_eq!(peer["wg_endpoint_port"], json("7"));
    assert_eq!(peer["link_local"], json("\"fe80:0263::2:1\""));
}

#[test]
fn own_and_remote_swapped_is_told_as_that() {
    let Some((pop, mut shell)) = alice() else { return };
    shell.send("peer_create\r\r");
    shell.expect(KEY);
    let section = format!("[Peer] PublicKey = {} Endpoint = pop.example.net:52001", our_key());
    let told = shell.say(&section, KEY);
    assert!(told.contains("this POP's own public key"), "{told}");
    let told = shell.say(&format!("PublicKey={}", router_key(1)), ADDRESS);
    assert!(told.contains("pop.example.net is this POP itself"), "{told}");
    shell.say("\"2001:db8::1\"", "WireGuard endpoint port [20263]: ");
    shell.send("\x03");
    shell.expect(PROMPT);
    assert_eq!(json(pop.alice("peer_list --json").fine())["peers"], json("[]"));
}

/// The attack on oneself: a private key is echoed by the terminal, and that is the last of it.
#[test]
fn a_pasted_private_key_is_nowhere() {
    let Some((pop, mut shell)) = alice() else { return };
    let secret = router_key(42);
    shell.send("peer_create\r\r");
    shell.expect(KEY);
    let file = format!("[Interface] PrivateKey = {secret} ListenPort = 7");
    let told = shell.say(&file, ADDRESS);
    assert!(told.contains("The private key in it was not kept"), "{told}");
    shell.say("2001:db8::1", "[fe80::1]: ");
    shell.send("\r\r");
    let rest = shell.expect(PROMPT);
    assert!(!rest.contains(&secret), "{rest}");
    assert_eq!(only_peer(&pop)["wg_endpoint_port"], json("7"));
    let public = secret.parse::<WgSecret>().unwrap().public().to_string();
    assert_eq!(only_peer(&pop)["wg_pub_key"], JsonValue::String(public));
    assert!(!pop.log().contains(&secret));
    let database = std::fs::read(pop.path("peering.db")).unwrap();
    let log = std::fs::read(pop.path("peering.db-wal")).unwrap_or_default();
    for bytes in [database, log] {
        assert!(!String::from_utf8_lossy(&bytes).contains(&secret));
    }
}

#[test]
fn what_was_used_before_is_offered_again() {
    let Some((pop, mut shell)) = alice() else { return };
    pop.alice(&create("--endpoint-addr 192.0.2.7 --endpoint-port 4711")).fine();
    pop.alice("peer_remove --yes --wait").fine();
    shell.send(format!("peer_create\r\r{}\r", router_key(1)));
    shell.expect("WireGuard endpoint address [192.0.2.7]: ");
    shell.say("", "WireGuard endpoint port [4711]: ");
    shell.send("\x03");
    // To nobody else.
    let mut bob = pop.ssh("bob", "bob").shell(100);
    bob.expect(PROMPT);
    bob.send(format!("peer_create\r\r{}\r", router_key(9)));
    bob.expect(ADDRESS);
}

#[test]
fn what_is_taken_is_not_offered() {
    let Some(pop) = Pop::start() else { return };
    // BOB has the address that ALICE's habit would be, and she has a peering at the same router.
    let bob = format!("--wg-pub-key {} --endpoint-addr none --link-local fe80::2", router_key(9));
    pop.bob(&format!("peer_create --asn 4242420009 {bob}")).fine();
    pop.alice(&create(ENDPOINT)).fine();
    let mut shell = terminal(&pop);
    shell.send(format!("peer_create\r\r{}\r", router_key(2)));
    let asked = shell.expect("WireGuard endpoint address [2001:db8::1]: ");
    assert!(asked.contains(&format!("AS Number [{}]: ", ALICE[1])), "the only one left: {asked}");
    shell.say("", "WireGuard endpoint port: ");
    shell.say("20264", "Link-local IPv6 address, or auto [auto]: ");
}

/// Whoever types while the peering comes up is at the prompt at once; Ctrl-C does not undo it.
#[test]
fn looking_on_ends_with_any_key() {
    let Some((pop, mut shell)) = alice() else { return };
    shell.send(format!("peer_create\r\r{}\rnone\r\r\r", router_key(1)));
    shell.expect("was created");
    shell.send("\x03");
    shell.expect(PROMPT);
    assert!(shell.say("whoami", "ALICE-MNT, AS4242420001\r\n").contains("whoami"));
    assert_eq!(only_peer(&pop)["asn"], json("4242420001"));
}

/// A window that is drawn larger with the mouse sends its size all the way; that is no typing, and
/// no flood.
#[test]
fn looking_on_survives_a_window_that_grows() {
    let Some((_pop, mut shell)) = alice() else { return };
    shell.send(format!("peer_create\r\r{}\rnone\r\r\r", router_key(1)));
    shell.expect("was created");
    for columns in 60..140 {
        shell.resize(columns);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let news = shell.expect(PROMPT);
    assert!(news.contains("peer_config 4242420001 shows what to install"), "{news}");
    shell.say("whoami", "ALICE-MNT, AS4242420001\r\n");
}

/// Our side cannot be set up: the member is told why at once, and the exit status tells it too.
#[test]
fn what_fails_on_our_side_is_told() {
    let Some(draft) = Draft::new() else { return };
    std::fs::create_dir(draft.path("wireguard/wg-as4242420001.conf")).unwrap();
    let pop = draft.serve();
    let mut command = pop.ssh("alice", "alice").argument("-tt").command();
    let mut shell =
        Pty::spawn(command.arg(create(&format!("{ENDPOINT} --yes --link-local auto"))), 100);
    shell.expect("was created");
    let (status, rest) = shell.end();
    assert_eq!(status, Some(3), "{rest:?}");
    assert!(rest.contains("It is saved, but not set up on our side"), "{rest:?}");
}
