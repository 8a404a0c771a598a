//! pops: the sister POPs, which of them a member peers with, and the lines that make the rest.

use crate::answers::json;
use crate::commands::{ENDPOINT, create};
use crate::pop::{Draft, Pop, our_key, router_key};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::symlink;

/// The tables of a network: `ams` is the POP of the tests, the others have keys of their own.
fn inventory() -> String {
    let pop = |(id, name): (u8, &str)| {
        let key = match name {
            "ams" => our_key().to_string(),
            _ => router_key(id + 50),
        };
        format!(
            "[[mesh.pop]]\nname = \"{name}\"\nid = {id}\nhost = \"{name}.example.net\"\n\
             public_key = \"{key}\"\nipv6 = \"fd00:0:0:{id}::/64\"\n"
        )
    };
    [(1, "ams"), (2, "fra"), (3, "nyc"), (4, "waw")].map(pop).concat()
}

/// A POP of a network; its backup's working copy is there, and empty.
fn draft() -> Option<Draft> {
    let mut draft = Draft::new()?;
    fs::create_dir_all(draft.path("backup")).unwrap();
    let backup = draft.path("backup");
    draft.set("mesh", "self", "\"ams\"");
    draft.set("mesh", "networks", "[\"fd00::/48\"]");
    draft.set("backup", "git", &format!("{backup:?}"));
    let text = draft.read("peerling.toml") + &inventory();
    fs::write(draft.path("peerling.toml"), text).unwrap();
    Some(draft)
}

/// A sister exports what she has into the same working copy.
fn export(sister: Pop, pop: &Draft, name: &str) {
    let mut sister = sister.stop();
    sister.set("pop", "name", &format!("\"{name}.example.net\""));
    let class = sister.read("bird/ebgp_as4242420001").replace("LATENCY = 9", "LATENCY = 2");
    fs::write(sister.path("bird/ebgp_as4242420001"), class).unwrap();
    sister.peerling(&["export", pop.path("backup").to_str().unwrap()]).fine();
}

#[test]
fn members_see_where_they_peer_and_how_to_peer_with_the_rest() {
    let (Some(pop), Some(sister)) = (draft().map(Draft::serve), Pop::start()) else { return };
    assert!(pop.alice("pops").fine().contains("When you have a peering here"));
    pop.alice(&create(ENDPOINT)).fine();
    sister.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    export(sister, &pop, "fra");
    let line = |to: &str| {
        format!(
            "ssh -p 0 alice@pop.example.net peer_export --asn 4242420001 | \
             ssh -p 0 alice@{to}.example.net peer_create --from - --yes --wait"
        )
    };
    let expected = [
        "POP         Host             Your peering  Latency",
        "ams (here)  ams.example.net  AS4242420001  -",
        "fra         fra.example.net  AS4242420001  <= 7.3 ms",
        "nyc         nyc.example.net  not known     -",
        "waw         waw.example.net  not known     -",
        "To make the same at a sister, on your machine:",
    ];
    let expected = expected.map(str::to_string).into_iter().chain([line("nyc"), line("waw")]);
    let said = pop.alice("pops");
    let lines: Vec<_> = said.fine().lines().map(|it| it.trim_end().to_string()).collect();
    assert_eq!(lines, expected.collect::<Vec<_>>());
    let answer = json(pop.alice("pops --json").fine());
    assert_eq!(answer["pops"][1]["peerings"][0]["latency_ms_max"], json("7.3"));
    assert_eq!(answer["pops"][2]["peerings"], json("null"));
    assert_eq!(answer["lines"][0], json(&format!("{:?}", line("nyc"))));
    // What is measured here is told as it is.
    let database = Connection::open(pop.path("peering.db")).unwrap();
    let measured = "INSERT INTO peerling_latency VALUES (4242420001, 3, 12345, 0, 0)";
    database.execute(measured, []).unwrap();
    let row = "ams (here)  ams.example.net  AS4242420001  12.3 ms";
    assert!(pop.alice("pops").fine().contains(row));
    // Nobody sees where somebody else peers.
    assert!(!pop.bob("pops").fine().contains("4242420001"));
    assert!(pop.bob("pops").fine().contains("fra         fra.example.net  none "));
}

#[test]
fn a_pop_alone_has_no_sisters() {
    let Some(pop) = Pop::start() else { return };
    assert_eq!(pop.alice("pops").fine(), "This POP has no sisters.\n");
    assert_eq!(pop.alice("pops --json").fine(), "{\"version\":1,\"pops\":[],\"lines\":[]}\n");
}

/// Whoever can push to the repository puts there what they like: it is passed over, and told once.
#[test]
fn copies_that_are_none_do_no_harm() {
    let Some(mut pop) = draft().map(Draft::serve) else { return };
    let home = |name: &str| pop.path(&format!("backup/servers/{name}"));
    ["fra", "nyc"].iter().for_each(|name| fs::create_dir_all(home(name)).unwrap());
    let endless = "CREATE VIEW peering_links AS WITH RECURSIVE n(as_num) AS
        (SELECT 1 UNION ALL SELECT as_num + 1 FROM n) SELECT as_num FROM n WHERE as_num < 0";
    let database = Connection::open(home("fra").join("peering.db")).unwrap();
    database.execute(endless, []).unwrap();
    fs::write(home("nyc").join("peering.db"), "no database").unwrap();
    symlink("/etc", home("waw")).unwrap();
    for _ in 0..2 {
        let said = pop.alice("pops");
        assert_eq!(said.fine().matches("not known").count(), 3, "{said:#?}");
    }
    for words in ["servers/fra/peering.db: ", "servers/nyc/peering.db: ", "servers/waw: "] {
        assert_eq!(pop.log().matches(words).count(), 1, "{words}");
    }
    pop.is_well();
}
