//! `peerling mesh`: the plan of one's own network, in every form that it has.

use crate::pop::Draft;
use crate::pty::Pty;
use crate::run::{Said, has, run};
use std::process::Command;

/// Eight POPs; this one is fr-par1.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/config/mesh.toml");

fn command(draft: &Draft, arguments: &[&str]) -> Command {
    let mut command = draft.bare_command();
    command.args(["--config", CONFIG, "mesh"]).args(arguments);
    command
}

fn mesh(draft: &Draft, arguments: &[&str]) -> Said {
    run(&mut command(draft, arguments), b"")
}

#[test]
fn a_pipe_gets_three_plain_tables() {
    let Some(draft) = Draft::new() else { return };
    let said = mesh(&draft, &[]);
    let tables: Vec<&str> = said.fine().split("\n\n").collect();
    let [pops, networks, links] = tables[..] else { panic!("{said:#?}") };
    assert_eq!([pops, networks, links].map(|it| it.lines().count()), [9, 9, 8]);
    assert!(networks.contains("fd28:7515:7d51:1::1  172.22.144.128/29  172.22.144.129\n"));
    let line = links.lines().nth(1).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(
        words,
        [
            "wg-int-nl-ams1",
            "nl-ams1",
            "51812",
            "[2001:db8::2]:4000",
            "fe80::1:2",
            "fe80::2:1",
            "169.254.1.2",
            "169.254.2.1",
            "120",
            "1400",
            "on"
        ]
    );
    assert_eq!(mesh(&draft, &["--format", "table"]).fine(), said.fine());
    // The inventory is the same on every POP: another one sees the same link from its end.
    let there = run(command(&draft, &[]).env("PEERLING_MESH_SELF", "nl-ams1"), b"");
    assert_eq!(there.status, Some(1), "the key that is configured is that of fr-par1");
    let variables = [("PEERLING_MESH_SELF", "nl-ams1"), ("PEERLING_WIREGUARD_PUBLIC_KEY", "")];
    let there = run(command(&draft, &[]).envs(variables), b"");
    assert!(there.fine().contains("wg-int-fr-par1  fr-par1  51821        -  "), "{there:#?}");
}

#[test]
fn a_window_gets_tables_that_fit() {
    let Some(draft) = Draft::new() else { return };
    for (term, columns, words) in [
        ("xterm", 200, "Links of fr-par1"),
        ("xterm", 60, "Interface"),
        ("dumb", 200, "| Endpoint"),
    ] {
        let (status, shown) = Pty::spawn_as(term, &command(&draft, &[]), columns).end();
        assert_eq!(status, Some(0), "{shown}");
        assert!(shown.contains(words), "{term} {columns}: {shown}");
        assert_eq!(shown.contains('┏'), columns == 200 && term == "xterm", "{term}: {shown}");
    }
}

#[test]
fn programs_get_a_graph_a_picture_and_an_object() {
    let Some(draft) = Draft::new() else { return };
    let graph = mesh(&draft, &["--format", "dot"]);
    assert_eq!(graph.fine().lines().filter(|it| it.contains(" -- ")).count(), 8 * 7 / 2);
    let picture = mesh(&draft, &["--format=svg"]);
    assert_eq!(picture.fine().matches("<line").count(), 8 * 7 / 2);
    let object = mesh(&draft, &["--format", "json"]);
    assert_eq!(object.fine().matches("\"listen_port\":").count(), 8 * 7);
    if has("python3", "python3") {
        let script =
            "import sys, xml.etree.ElementTree as tree; print(tree.parse(sys.stdin).getroot().tag)";
        let read = run(Command::new("python3").args(["-c", script]), picture.fine().as_bytes());
        assert_eq!(read.fine().trim(), "{http://www.w3.org/2000/svg}svg");
    }
}

#[test]
fn without_a_mesh_it_says_how_to_get_one() {
    let Some(draft) = Draft::new() else { return };
    let said = draft.peerling(&["mesh", "--format", "json"]);
    assert!(
        said.refused(1).contains("mesh.self") && said.stderr.contains("[[mesh.pop]]"),
        "{said:#?}"
    );
    for arguments in [vec!["--format", "png"], vec!["--format"], vec!["--nonsense"]] {
        let said = mesh(&draft, &arguments);
        assert!(said.refused(2).starts_with("peerling: "), "{said:#?}");
    }
    assert!(draft.peerling(&["check", "--format", "svg"]).status == Some(2));
}
