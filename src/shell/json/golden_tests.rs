//! One golden file for each kind of answer, `fixtures/json/<schema>-<case>.json`. That they are as
//! `packaging/schema` says, and that real answers are too, tests/service/schema.rs holds.

use super::{refusal, reply};
use crate::command::{
    Applied, COMMANDS, Change, CheckView, CommandSpec, ConfigView, ExportView, Flag, Form,
    IdentityView, Mark, PeerView, PeeringState, Reply, Scope, StatusView, Whose, lookup,
};
use crate::model::{Asn, Families, Refusal, Role, WgSecret};
use crate::shell::tests::{network, peer as example};

const NAMED: &str = "fixtures/json";

fn golden(name: &str, json: &str) {
    let path = format!("{}/{NAMED}/{name}.json", env!("CARGO_MANIFEST_DIR"));
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

fn identity() -> IdentityView {
    IdentityView {
        maintainer: "ALICE-MNT".parse().ok(),
        role: Role::Member,
        asns: vec![asn(64600), asn(4242420001)],
        network: "Example Network".into(),
        server: "pop.example.net".into(),
        our_asn: asn(4242420263),
        notices: vec![],
    }
}

fn config(form: Form, text: &str) -> Reply {
    Reply::Config(Box::new(ConfigView {
        peer: peer(),
        our_asn: asn(4242420263),
        wireguard: "[Interface]\nPrivateKey = **REPLACEME**".into(),
        link: "wg-peer-pop".into(),
        bird: "protocol bgp pop {}".into(),
        form,
        text: text.into(),
    }))
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
    Reply::Status(Box::new(StatusView { peer: peer(), checks, raw: None }))
}

fn export() -> Reply {
    Reply::Exported(Box::new(ExportView {
        server: "pop.example.net".into(),
        asn: asn(4242420001),
        wg_pub_key: peer().wg_pub_key,
        wg_endpoint_addr: Some("node.example.org".into()),
        wg_endpoint_port: "20263".parse().ok(),
        link_local: None,
        mtu: Some(1400),
        psk: true,
        families: Families::Both,
    }))
}

fn edited() -> Reply {
    let psk = Some(WgSecret::new([3; 32]));
    let view = PeerView { psk: true, generated_psk: psk, ..peer() };
    let change = Change { name: "psk", before: "none".into(), after: "set".into() };
    Reply::Edited(Box::new(view), vec![change], Applied::Yes)
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
    let admin = IdentityView { maintainer: None, role: Role::Admin, asns: vec![], ..identity() };
    for (name, answer) in [
        ("help-all", Reply::Help(None, Role::Admin)),
        ("help-one", Reply::Help(lookup("peer_config").ok(), Role::Member)),
        ("whoami-member", Reply::Whoami(identity())),
        ("whoami-admin", Reply::Whoami(admin)),
        ("peers-none", Reply::Peers(vec![], Scope::Mine)),
        ("peers-two", Reply::Peers(vec![failed(), peer()], Scope::All)),
        ("peer-created", Reply::Created(Box::new(made), Applied::NotAwaited)),
        ("peer-edited", edited()),
        ("peer-disabled", Reply::Switched(Box::new(disabled), Applied::Yes)),
        ("peer-unchanged", Reply::Unchanged(Box::new(peer()), Applied::Yes)),
        ("peer-late", Reply::Created(Box::new(peer()), late.clone())),
        ("peer-config", config(Form::Json, "")),
        ("peer-config-frr", config(Form::Frr, "router bgp 4242420001\n")),
        ("peer-status", status()),
        ("export-psk", export()),
        ("pops-none", Reply::Pops(Box::default())),
        ("pops-four", Reply::Pops(Box::new(network()))),
        ("removed-done", Reply::Removed(asn(64600), Applied::Yes)),
        ("removed-late", Reply::Removed(asn(64600), late)),
    ] {
        golden(name, &reply(&answer).unwrap());
    }
    golden("error-refused", &refusal(&Refusal::new("bad_mtu", "It is too large", "1420")));
    golden("error-usage", &refusal(&Refusal::new("usage", "There is no command x", "")));
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
