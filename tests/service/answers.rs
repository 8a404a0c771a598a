//! Wrong answers to peer_create, one field at a time: each has its code, and none leaves a peering.

use crate::commands::{REFUSED, USAGE};
use crate::pop::{ALICE, BOB, Draft, our_key, router_key};
use crate::run::Said;
use tinyjson::JsonValue;

/// A text as JSON; what is not JSON fails the test.
pub fn json(text: &str) -> JsonValue {
    text.parse().unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

/// The `code` of a refusal in JSON, which has the shape and the exit status of every refusal.
fn code(said: &Said) -> String {
    assert_eq!(said.stderr, "", "JSON is all there is: {said:#?}");
    let answer = json(&said.stdout);
    let text = |field: &str| answer["error"][field].get::<String>().unwrap().clone();
    assert_eq!(answer["version"], json("1"), "{said:#?}");
    assert!(!text("message").is_empty(), "{said:#?}");
    let _present = text("hint");
    let status = if text("code") == "usage" { USAGE } else { REFUSED };
    assert_eq!(said.status, Some(status), "{said:#?}");
    text("code")
}

/// A whole peer_create with one answer exchanged.
fn create(flag: &str, value: &str) -> String {
    let (asn, key) = (ALICE[0].to_string(), router_key(1));
    let answers = [
        ("asn", asn.as_str()),
        ("wg-pub-key", &key),
        ("endpoint-addr", "2001:db8::1"),
        ("endpoint-port", "20263"),
        ("link-local", "fe80::1"),
    ];
    let chosen =
        |it: &(&str, &str)| format!("--{}='{}'", it.0, if it.0 == flag { value } else { it.1 });
    format!("peer_create {} --json", answers.iter().map(chosen).collect::<Vec<_>>().join(" "))
}

/// Lets ALICE give each of these values for one flag while BOB has a peering, and expects this
/// code.
fn refused(flag: &str, expected: &str, values: &[&str]) {
    let Some(mut draft) = Draft::new() else { return };
    draft.set("peers", "reserved_networks", "[\"2001:67c::/32\"]");
    let pop = draft.serve();
    let bob = format!("--asn {BOB} --wg-pub-key {} --endpoint-addr none", router_key(9));
    pop.bob(&format!("peer_create {bob} --link-local fe80::9")).fine();
    let before = pop.bob("peer_list --json");
    for value in values {
        let said = pop.alice(&create(flag, value));
        assert_eq!(code(&said), expected, "--{flag} {value:?}: {said:#?}");
    }
    assert_eq!(json(pop.alice("peer_list --json").fine())["peers"], json("[]"));
    assert_eq!(pop.bob("peer_list --json").fine(), before.fine());
}

#[test]
fn no_as_number() {
    let wrong = ["", "x", "AS", "0", "-1", "+1", "1.5", "4294967296", "4294967295", "23456", "１"];
    refused("asn", "bad_asn", &wrong);
}

#[test]
fn an_as_number_of_others() {
    refused("asn", "not_yours", &["4242420009", "AS4242420009", "4242420263", "64600"]);
}

#[test]
fn no_wireguard_key() {
    let zero = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let not_canonical = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=";
    let good = router_key(1);
    let (short, long) = (&good[1..], format!("{good}="));
    refused("wg-pub-key", "bad_key", &["", "x", "é", zero, not_canonical, short, &long]);
}

#[test]
fn a_wireguard_key_that_is_taken() {
    refused("wg-pub-key", "key_is_ours", &[&our_key().to_string()]);
}

#[test]
fn no_endpoint_address() {
    let names = ["", "a b", "a_b.example", "-a.example", "a..example", "localhost", "example"];
    refused("endpoint-addr", "bad_endpoint", &names);
    let addresses =
        ["2001:db8::1/64", "192.0.2.1/24", "192.0.2.256", "fe80::1%eth0", "2001:db8::1::1"];
    refused("endpoint-addr", "bad_endpoint", &addresses);
}

#[test]
fn an_endpoint_address_that_is_not_public() {
    let v4 = ["10.0.0.1", "172.20.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "0.0.0.0"];
    refused("endpoint-addr", "endpoint_forbidden", &v4);
    let v4 = ["169.254.1.1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "198.51.100.1"];
    refused("endpoint-addr", "endpoint_forbidden", &v4);
    let v6 = ["::", "::1", "fe80::1", "fec0::1", "fd00::1", "ff02::1", "3fff::1", "100::1"];
    refused("endpoint-addr", "endpoint_forbidden", &v6);
}

#[test]
fn an_endpoint_address_that_hides_another() {
    let v4_inside = ["::ffff:10.0.0.1", "::10.0.0.1", "2002:a00:1::1", "64:ff9b::a00:1"];
    refused("endpoint-addr", "endpoint_forbidden", &v4_inside);
    let unallocated_and_reserved = ["4000::1", "2001:10::1", "2001:20::1", "2001:67c::1"];
    refused("endpoint-addr", "endpoint_forbidden", &unallocated_and_reserved);
}

#[test]
fn no_endpoint_port() {
    let wrong = ["", "x", "0", "65536", "-1", "+1", "1.0", "0x10", "99999999999999999999"];
    refused("endpoint-port", "bad_port", &wrong);
    refused("endpoint-addr", "bad_port", &["192.0.2.1:0", "[2001:db8::1]:65536"]);
}

#[test]
fn ports_that_contradict_each_other() {
    refused("endpoint-addr", "two_ports", &["none", "192.0.2.1:1", "[2001:db8::1]:1"]);
}

#[test]
fn no_link_local_address() {
    let wrong = ["x", "fe80::", "fd00::1", "::1", "fe80::1/64", "fe80::1%eth0", "192.0.2.1"];
    refused("link-local", "bad_link_local", &wrong);
}

#[test]
fn a_link_local_address_that_is_taken() {
    refused("link-local", "link_local_is_ours", &["fe80::263", "fe80:263::2:1", "fe80:0263::1:9"]);
}
