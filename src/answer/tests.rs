//! One golden file for each kind of answer, `fixtures/json/<schema>-<case>.json`. That they are as
//! `packaging/schema` says, and that real answers are too, tests/service/schema.rs holds.

mod decisions;

use super::examples::{identity, list, network, peer as example, saved};
use super::*;
use crate::command::{COMMANDS, CommandSpec, ExitTells, Flag, Form, Scope, lookup};
use crate::model::{Asn, Families, Role, WgSecret};
use nanoserde::DeJson;

fn golden(name: &str, json: &str) {
    let path = format!("{}/fixtures/json/{name}.json", env!("CARGO_MANIFEST_DIR"));
    crate::testing::golden(&path, &format!("{json}\n"));
}

fn asn(number: u32) -> Asn {
    Asn::new(number).unwrap()
}

fn peer() -> PeerView {
    PeerView {
        wg_endpoint_addr: Some("node.example.org".into()),
        ..example(4242420001, PeeringState::Applied)
    }
}

fn failed() -> PeerView {
    PeerView {
        asn: asn(64600),
        state: PeeringState::Failed,
        wg_endpoint_addr: None,
        wg_endpoint_port: None,
        mtu: Some(1400),
        psk: true,
        families: Families::V6,
        error: Some("BIRD refuses its file: ebgp_as64600:3: \"syntax error\"".into()),
        ..peer()
    }
}

fn member() -> IdentityView {
    IdentityView { asns: vec![asn(64600), asn(4242420001)], ..identity() }
}

fn config(form: Form, text: &str) -> Reply {
    Box::new(PeerConfig {
        peer: peer(),
        our_asn: asn(4242420263),
        wireguard: "[Interface]\nPrivateKey = **REPLACEME**".into(),
        link: "wg-peer-pop".into(),
        bird: "protocol bgp pop {}".into(),
        form,
        text: text.into(),
    })
}

fn status() -> Reply {
    let check = |name, mark, detail: &str, hint: &str| CheckView {
        name,
        mark,
        detail: detail.into(),
        hint: hint.into(),
        by: (mark == Mark::Bad).then_some(Whose::Member),
    };
    let checks = vec![
        check("registry", Mark::Good, "AS4242420001 belongs to ALICE-MNT", ""),
        check("handshake", Mark::Bad, "never", "Let UDP in"),
        check("bgp", Mark::Unknown, "this POP has not heard of the BGP session", ""),
    ];
    Box::new(PeerStatus { peer: peer(), checks, raw: None, exit_tells: ExitTells::Done })
}

/// For monitoring: a check that is not well, or a side that could not be set up.
#[test]
fn an_exit_status_tells_of_the_checks_where_it_is_asked_for() {
    let status = |mark, state, exit_tells| {
        let check =
            CheckView { name: "bgp", mark, detail: String::new(), hint: String::new(), by: None };
        let peer = PeerView { state, ..peer() };
        PeerStatus { peer, checks: vec![check], raw: None, exit_tells }.status().code()
    };
    let (done, checks) = (ExitTells::Done, ExitTells::Checks);
    for (mark, state, expect) in [
        (Mark::Good, PeeringState::Applied, 0),
        (Mark::Bad, PeeringState::Applied, 5),
        (Mark::Unknown, PeeringState::Disabled, 0),
        (Mark::Unknown, PeeringState::Failed, 5),
    ] {
        assert_eq!(status(mark, state, checks), expect, "{mark:?} {state}");
        assert_eq!(status(mark, state, done), 0);
    }
}

fn export() -> Reply {
    Box::new(PeerExport {
        server: "pop.example.net".into(),
        asn: asn(4242420001),
        wg_pub_key: peer().wg_pub_key,
        wg_endpoint_addr: Some("node.example.org".into()),
        wg_endpoint_port: "20263".parse().ok(),
        link_local: None,
        mtu: Some(1400),
        psk: true,
        families: Families::Both,
    })
}

fn edited() -> Saved {
    let psk = Some(WgSecret::new([3; 32]));
    let view = PeerView { psk: true, generated_psk: psk, ..peer() };
    let change = Change { name: "psk", before: "none".into(), after: "set".into() };
    saved(Deed::Edited(vec![change]), view, Applied::Yes)
}

#[test]
fn answers_are_golden() {
    let made = PeerView {
        psk: true,
        generated_psk: Some(WgSecret::new([2; 32])),
        state: PeeringState::Pending,
        ..peer()
    };
    let disabled = PeerView { state: PeeringState::Disabled, ..peer() };
    let late = Applied::No("not applied within 30 s; it goes on".into());
    let admin = IdentityView { maintainer: None, role: Role::Admin, asns: vec![], ..member() };
    let gone = || PeerView { asn: asn(64600), ..peer() };
    let answers: [(&str, Reply); 19] = [
        ("help-all", Box::new(Help { topic: None, role: Role::Admin })),
        ("help-one", Box::new(Help { topic: lookup("peer_config").ok(), role: Role::Member })),
        ("whoami-member", Box::new(Whoami(member()))),
        ("whoami-admin", Box::new(Whoami(admin))),
        ("peers-none", Box::new(list(vec![], Scope::Mine))),
        ("peers-two", Box::new(list(vec![failed(), peer()], Scope::All))),
        ("peer-created", Box::new(saved(Deed::Created, made, Applied::NotAwaited))),
        ("peer-edited", Box::new(edited())),
        ("peer-disabled", Box::new(saved(Deed::Disabled, disabled, Applied::Yes))),
        ("peer-unchanged", Box::new(saved(Deed::Unchanged, peer(), Applied::Yes))),
        ("peer-late", Box::new(saved(Deed::Created, peer(), late.clone()))),
        ("peer-config", config(Form::Json, "")),
        ("peer-config-frr", config(Form::Frr, "router bgp 4242420001\n")),
        ("peer-status", status()),
        ("export-psk", export()),
        ("pops-none", Box::new(Pops::default())),
        ("pops-four", Box::new(network())),
        ("removed-done", Box::new(saved(Deed::Removed, gone(), Applied::Yes))),
        ("removed-late", Box::new(saved(Deed::Removed, gone(), late))),
    ];
    for (name, answer) in answers {
        golden(name, &answer.json().unwrap());
    }
    golden("error-refused", &refusal_json(&Refusal::new("bad_mtu", "It is too large", "1420")));
    golden("error-usage", &refusal_json(&Refusal::usage("There is no command x", "")));
}

/// An answer without a schema is one that a program cannot rely on.
#[test]
fn every_answer_in_json_has_a_schema() {
    let json =
        COMMANDS.iter().copied().filter(|it| it.flags.iter().any(|flag| flag.flag == Flag::Json));
    let (described, bare): (Vec<_>, Vec<_>) = json.partition(|it| it.schema.is_some());
    for name in described.iter().filter_map(|it: &&CommandSpec| it.schema) {
        let path = format!("{}/packaging/schema/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("\"$id\": \"urn:peerling:v1:{name}\"")), "{path}");
    }
    assert!(bare.is_empty(), "{bare:?}");
}

#[test]
fn exit_statuses_say_what_became_of_it() {
    let late = || Applied::No("BIRD does not answer".into());
    for (deed, applied, expect) in [
        (Deed::Created, Applied::Yes, 0),
        (Deed::Created, Applied::NotAwaited, 0),
        (Deed::Created, late(), 3),
        (Deed::Unchanged, late(), 3),
        (Deed::Removed, late(), 3),
        (Deed::Rejected("no".into()), late(), 0),
    ] {
        assert_eq!(saved(deed.clone(), peer(), applied).status().code(), expect, "{deed:?}");
    }
    assert_eq!(Abandoned.status().code(), 1);
    assert_eq!(Bye.status().code(), 0);
    assert_eq!(ExitStatus::of_refusal(&Refusal::usage("x", "")).code(), 2);
    assert_eq!(ExitStatus::of_refusal(&Refusal::new("exists", "x", "")).code(), 1);
}

#[derive(DeJson)]
struct FailureRead {
    version: u8,
    error: ErrorRead,
}

#[derive(DeJson)]
struct ErrorRead {
    code: String,
    message: String,
    hint: String,
}

/// A member's text must not end a JSON string: quotes, backslashes and control bytes are escaped.
#[test]
fn text_of_others_stays_inside_its_string() {
    let words = "no command \"},\"x\":1,\\\n\u{1b}[31m\u{0}é";
    let text = refusal_json(&Refusal::usage(words, ""));
    assert!(!text.bytes().any(|byte| byte < 0x20), "{text}");
    let read = FailureRead::deserialize_json(&text).unwrap();
    assert_eq!(
        (read.version, read.error.code.as_str(), read.error.hint.as_str()),
        (1, "usage", "")
    );
    assert_eq!(read.error.message, words);
}
