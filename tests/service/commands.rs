//! Commands as programs use them: `ssh pop COMMAND`, its two streams, its exit status, its JSON,
//! and the files that come of it.

use crate::answers::json;
use crate::pop::{Draft, Pop, our_key, router_key};
use tinyjson::JsonValue;

/// Refused.
pub const REFUSED: i32 = 1;
/// The line cannot be understood.
pub const USAGE: i32 = 2;
/// Saved, and not on the machine.
pub const NOT_APPLIED: i32 = 3;
/// A fault of the POP's own.
const FAULT: i32 = 4;

/// A peer_create of ALICE, without its endpoint.
pub fn create(more: &str) -> String {
    let key = router_key(1);
    format!("peer_create --asn 4242420001 --wg-pub-key {key} {more}")
}

/// The usual endpoint.
pub const ENDPOINT: &str = "--endpoint-addr 2001:db8::1 --endpoint-port 20263";

/// The peering that [`create`] makes with [`ENDPOINT`], as JSON has it.
fn peer(state: &str) -> String {
    format!(
        r#"{{"asn": 4242420001, "id": 1, "state": "{state}", "wg_pub_key": "{}",
            "wg_endpoint_addr": "2001:db8::1", "wg_endpoint_port": 20263,
            "link_local": "fe80:0263::2:1", "mtu": null, "psk": false, "families": "both",
            "our": {{"wg_pub_key": "{}", "wg_endpoint_addr": "pop.example.net",
                "wg_endpoint_port": 52001, "link_local": "fe80:0263::1:1"}},
            "error": null}}"#,
        router_key(1),
        our_key()
    )
}

/// The same as peer_list has it, where neither links nor BIRD can be looked at.
fn listed() -> String {
    let life = r#""maintainer": "ALICE-MNT", "life": "waiting", "handshake_s": null,
        "bgp": {"state": null, "since": null, "imported": null, "exported": null},
        "rtt_ms": null, "marked": null}"#;
    format!("{}, {life}", peer("applied").trim_end_matches('}'))
}

#[test]
fn text_for_people() {
    let Some(pop) = Pop::start() else { return };
    let empty = pop.alice("peer_list");
    assert_eq!(empty.fine(), "You have no peering here yet. peer_create makes one.\n");
    let created = pop.alice(&create(&format!("{ENDPOINT} --wait")));
    let words = created.fine();
    assert!(words.starts_with("The peering with AS4242420001 was created.\n"), "{words}");
    assert!(words.contains("pop.example.net port 52001"), "{words}");
    for (command, parts) in [
        ("peer_list", ["4242420001", "2001:db8::1", "20263", "applied"]),
        ("peer_config", ["PrivateKey = **REPLACEME**", "local as 4242420001;", "52001", "BIRD"]),
        ("peer_status", ["registry", "belongs to ALICE-MNT", "handshake", "routes"]),
        ("help", ["peer_create", "peer_remove", "bye", "whoami"]),
        ("help peer_create", ["--wg-pub-key KEY", "--endpoint-addr HOST|none", "--json", "--yes"]),
        ("intro", ["ALICE-MNT", "pop.example.net", "4242420002", "Flip Flap Network"]),
        ("bye", ["", "", "", ""]),
    ] {
        let said = pop.alice(command);
        let text = said.fine();
        let known = |part: &&str| text.to_lowercase().contains(&part.to_lowercase());
        assert!(parts.iter().all(known), "{command}: {text}");
        assert!(!text.contains(['\x1b', '\r']), "no terminal, no control bytes: {text:?}");
    }
    let removed = pop.alice("peer_remove --yes --wait");
    assert!(removed.fine().contains("AS4242420001 was removed"), "{removed:#?}");
}

#[test]
fn json_for_programs() {
    let Some(pop) = Pop::start() else { return };
    let answer = |command: &str| json(pop.alice(command).fine());
    let whoami = answer("whoami --json");
    assert_eq!(whoami["maintainer"], json("\"ALICE-MNT\""));
    assert_eq!(whoami["asns"], json("[4242420001, 4242420002]"));
    assert_eq!(answer("peer_list --json"), json(r#"{"version": 1, "peers": []}"#));
    let created = answer(&create(&format!("{ENDPOINT} --wait --json")));
    assert_eq!(created["version"], json("1"));
    assert_eq!(created["peer"], json(&peer("applied")));
    let list = answer("peer_list --json");
    assert_eq!(list, json(&format!(r#"{{"version": 1, "peers": [{}]}}"#, listed())));
    let config = answer("peer_config --json");
    let wireguard: &String = config["peer"]["config"]["wireguard"].get().unwrap();
    assert!(wireguard.contains(&format!("PublicKey = {}", our_key())), "{wireguard}");
    assert_eq!(config["peer"]["id"], json("1"));
    let status = answer("peer_status --asn 4242420001 --json");
    let checks: &Vec<JsonValue> = status["peer"]["checks"].get().unwrap();
    let name = |check: &JsonValue| check["name"].get::<String>().unwrap().clone();
    let names: Vec<String> = checks.iter().map(name).collect();
    assert_eq!(names, ["registry", "endpoint", "handshake", "tunnel", "bgp", "routes"]);
    for check in checks {
        assert!(check["ok"].is_bool() || check["ok"].is_null(), "{check:?}");
        assert!(check["detail"].is_string() && check["hint"].is_string(), "{check:?}");
    }
    assert_eq!(checks[0]["ok"], json("true"));
    let removed = answer("peer_remove --yes --wait --json");
    assert_eq!(removed["version"], json("1"));
    assert_eq!(answer("peer_list --json"), json(r#"{"version": 1, "peers": []}"#));
}

#[test]
fn without_an_endpoint_the_member_calls() {
    let Some(pop) = Pop::start() else { return };
    let created = pop.alice(&create("--endpoint-addr none --json"));
    let created = json(created.fine());
    assert_eq!(created["peer"]["wg_endpoint_addr"], JsonValue::Null);
    assert_eq!(created["peer"]["wg_endpoint_port"], JsonValue::Null);
    pop.wait_for_file("wireguard/wg-as4242420001.conf");
    let conf = pop.read("wireguard/wg-as4242420001.conf");
    assert!(!conf.contains("Endpoint"), "{conf}");
}

#[test]
fn a_pasted_port_is_taken_apart() {
    let Some(pop) = Pop::start() else { return };
    for (asn, address, port, key) in [
        ("4242420001", "192.0.2.1:20263", "", 1),
        ("4242420002", "[2001:db8::1]:20263", "--endpoint-port 20263", 2),
    ] {
        let key = router_key(key);
        let flags = format!("--wg-pub-key {key} --endpoint-addr {address} {port} --json");
        let created = pop.alice(&format!("peer_create --asn {asn} {flags}"));
        let created = json(created.fine());
        let address = address.trim_end_matches(":20263").trim_matches(['[', ']']);
        assert_eq!(created["peer"]["wg_endpoint_addr"], JsonValue::String(address.into()));
        assert_eq!(created["peer"]["wg_endpoint_port"], json("20263"));
    }
}

#[test]
fn exit_statuses() {
    let Some(mut draft) = Draft::new() else { return };
    // A directory where the file should be: the peering is saved, and cannot be applied.
    std::fs::create_dir(draft.path("wireguard/wg-as4242420002.conf")).unwrap();
    draft.set("peers", "max", "1");
    let pop = draft.serve();
    let usage =
        ["nonsense", "peer", "peer_list --nonsense", "peer_create --asn", "peer_config 1 2"];
    for command in usage.iter().chain(&["peer_create", "peer_list 'x", "help nonsense"]) {
        let said = pop.alice(command);
        assert!(said.refused(USAGE).ends_with(".\n"), "{command:?}: {said:#?}");
    }
    pop.alice("peer_config").refused(REFUSED);
    pop.alice("peer_config 4242420009").refused(REFUSED);
    pop.alice("peer_list --all").refused(REFUSED);
    let broken = create(&format!("{ENDPOINT} --wait")).replace("4242420001", "4242420002");
    let said = pop.alice(&broken);
    assert_eq!(said.status, Some(NOT_APPLIED), "{said:#?}");
    assert!(said.stdout.contains("It is saved, but not set up"), "{said:#?}");
    let list = json(pop.alice("peer_list --json").fine());
    assert_eq!(list["peers"][0]["state"], json("\"failed\""));
    assert!(list["peers"][0]["error"].is_string(), "{list:?}");
    let full = pop.alice(&create(ENDPOINT));
    assert!(full.refused(REFUSED).contains("takes no more"), "{full:#?}");
}

/// The database breaks while the service runs: the caller is told that it is not their fault, and
/// nothing of our insides.
#[test]
fn a_fault_of_ours_is_told_as_one() {
    let Some(pop) = Pop::start() else { return };
    let drop_table = "DROP TABLE peering_links";
    rusqlite::Connection::open(pop.path("peering.db")).unwrap().execute(drop_table, []).unwrap();
    let said = pop.alice("peer_list");
    assert!(!said.refused(FAULT).contains("peering_links"), "{said:#?}");
    let said = pop.alice("peer_list --json");
    assert_eq!((said.status, said.stderr.as_str()), (Some(FAULT), ""), "{said:#?}");
    assert_eq!(json(&said.stdout)["error"]["code"], json("\"fault\""));
    assert!(pop.log().contains("peering_links"), "the operator is told: {}", pop.log());
}

#[test]
fn a_removal_without_a_terminal_must_be_meant() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    assert!(pop.alice("peer_remove").refused(USAGE).contains("--yes"));
    let said = pop.alice("peer_remove --json");
    assert_eq!(said.status, Some(USAGE), "{said:#?}");
    assert_eq!(json(&said.stdout)["error"]["code"], json("\"usage\""));
    assert!(pop.bob("peer_remove --asn 4242420001 --yes").refused(REFUSED).contains("is yours"));
    assert!(pop.alice("peer_list").fine().contains("4242420001"), "it is still there");
    pop.alice("peer_remove --asn 4242420001 --yes").fine();
    assert!(
        pop.alice("peer_remove --asn 4242420001 --yes").refused(REFUSED).contains("no peering")
    );
}
