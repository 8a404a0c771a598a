//! Members who try what is not theirs, with the real `ssh`: each attack with its story, and what
//! came of it. Codes of refusals are part of the contract; their words are not looked at here.

use crate::answers::json;
use crate::commands::{ENDPOINT, create};
use crate::pop::{Draft, Pop, router_key};
use crate::testing::golden;
use std::fs;

/// A file of attacks: the story, then each command with its exit status and code.
fn transcript(name: &str, seen: &str) {
    golden(&format!("{}/fixtures/shell/{name}.txt", env!("CARGO_MANIFEST_DIR")), seen);
}

/// BOB tries a command: its exit status, and the code of the refusal.
fn bob_tries(pop: &Pop, command: &str) -> String {
    let said = pop.bob(&format!("{command} --json"));
    let answer = json(&said.stdout);
    let object: &std::collections::HashMap<String, _> = answer.get().unwrap();
    assert_eq!(object.len(), 2, "only a version and an error: {said:#?}");
    let code: &String = answer["error"]["code"].get().unwrap();
    format!("$ {command}\n    exit status {}, {code}\n", said.status.unwrap())
}

#[test]
fn what_belongs_to_others() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let before = pop.alice("peer_list --json").fine().to_owned();
    let mut seen = "BOB, who has no peering, knows ALICE's AS number (everybody does) and tries\n\
                    her peering, ids instead of AS numbers, and SQL and shell in their place.\n\n"
        .to_owned();
    let key = router_key(9);
    for asn in [
        "4242420001",
        "AS4242420001",
        "1",
        "0",
        "-1",
        "4294967296",
        "0x1",
        "４２４２４２０００１",
        "4242420001%00",
        "'1 OR 1=1'",
        "'1; DROP TABLE peering_links'",
        "'$(reboot)'",
        "'../4242420001'",
        "*",
    ] {
        for command in [
            format!("peer_config --asn={asn}"),
            format!("peer_status --asn={asn}"),
            format!("peer_remove --asn={asn} --yes"),
            format!("peer_create --asn={asn} --wg-pub-key {key} --endpoint-addr none"),
        ] {
            seen += &bob_tries(&pop, &command).replace(&key, "KEY");
        }
    }
    for command in ["peer_list --all", "peer_suspend --asn 4242420001 --reason x --yes"] {
        seen += &bob_tries(&pop, command);
    }
    transcript("attack-others", &seen);
    assert_eq!(pop.alice("peer_list --json").fine(), before, "something changed");
    assert_eq!(pop.bob("peer_list --json").fine(), "{\"version\":1,\"peers\":[]}\n");
}

#[test]
fn answers_that_would_be_json_or_flags() {
    let Some(pop) = Pop::start() else { return };
    let mut seen =
        "BOB writes pieces of JSON, control bytes and flags where a value belongs, for\n\
                    a program that reads the answer: one object, with a version and an error.\n\n"
            .to_owned();
    for value in [
        r#"'"}],"admin":true,"x":{"'"#,
        r"'\'",
        r"'\u0022}'",
        "'{}'",
        "'\u{1}\u{1f}\u{7f}\u{9b}31m'",
        "'\u{2028}\u{202e}'",
        "'a\u{1b}]0;owned\u{7}'",
        "--yes",
        "--json=1",
    ] {
        for flag in ["--asn", "--wg-pub-key", "--nonsense"] {
            let tried = bob_tries(&pop, &format!("peer_create {flag}={value}"));
            seen += &tried
                .chars()
                .map(|it| match it {
                    '\n' => "\n".to_owned(),
                    it if it.is_ascii() && !it.is_ascii_control() => it.to_string(),
                    it => it.escape_default().to_string(),
                })
                .collect::<String>();
        }
    }
    transcript("attack-json", &seen);
    let twice = pop.bob("peer_create --asn 4242420009 --asn=4242420001 --yes --yes");
    assert!(twice.refused(2).contains("given twice"), "{twice:#?}");
}

/// Whoever writes the registry's objects writes them for our members' terminals too.
#[test]
fn a_registry_that_drives_terminals() {
    let Some(draft) = Draft::new() else { return };
    let evil = "\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}";
    for object in ["mntner/ALICE-MNT", "aut-num/AS4242420001"] {
        let path = draft.path("registry/data").join(object);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}descr:              {evil}\nremarks:            {evil}\n"))
            .unwrap();
    }
    let pop = draft.serve();
    pop.alice(&create(ENDPOINT)).fine();
    for command in ["whoami", "intro", "peer_list", "peer_config", "peer_status", "whoami --json"] {
        let said = pop.alice(command);
        let bad = |it: char| (it.is_control() && it != '\n') || it == '\u{202e}';
        assert_eq!((said.status, said.stdout.find(bad)), (Some(0), None), "{said:#?}");
    }
    let mut shell = pop.ssh("alice", "alice").shell(80);
    let greeting = shell.expect("AS4242420263> ");
    assert!(!greeting.contains("owned") && !greeting.contains("[2J"), "{greeting:?}");
    assert!(!pop.log().contains(['\x07', '\u{9b}', '\u{202e}']), "{}", pop.log());
}

/// A hundred kilobytes without a line end at the prompt, then keys that make the editor work.
#[test]
fn input_without_end() {
    let Some(mut pop) = Pop::start() else { return };
    let mut shell = pop.ssh("alice", "alice").shell(80);
    shell.expect("AS4242420263> ");
    for piece in ["x".repeat(4_000), "\t".repeat(4_000), "\x12x".repeat(2_000), "日".repeat(1_000)]
    {
        (0..10).for_each(|_| shell.send(&piece));
        pop.bob("whoami").fine();
    }
    shell.send("\x03");
    shell.expect("^C");
    shell.say("whoami", "ALICE-MNT, AS4242420001");
    pop.is_well();
}
