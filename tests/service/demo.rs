//! `peerling demo`: what somebody sees who looks at peerling for the first time.

use crate::pop::Draft;
use crate::pty::Pty;
use std::path::Path;

const PROMPT: &str = "AS4242420263> ";

#[test]
fn a_newcomer_is_told_what_to_type_and_leaves_nothing() {
    let Some(draft) = Draft::new() else { return };
    let mut demo = draft.bare_command();
    demo.arg("demo");
    let mut shell = Pty::spawn(&demo, 80);
    let begin = shell.expect(PROMPT);
    let framed: Vec<&str> = begin.lines().filter(|line| line.starts_with("│ ")).collect();
    let hint: Vec<&str> = framed.iter().copied().take(5).collect();
    assert!(hint.len() == 5 && hint.iter().all(|line| line.trim_end().chars().count() <= 80));
    assert!(begin.contains("a demo of peerling"), "the banner: {begin}");
    let log = hint[4].split_whitespace().find(|word| word.ends_with("/log")).unwrap().to_string();
    assert!(Path::new(&log).exists(), "{hint:?}");
    let status = shell.say("peer_status", PROMPT);
    assert!(status.contains("fd42:4242:2::1"), "{status}");
    assert!(status.contains("endpoint, for you to do"), "it fails with a diagnosis: {status}");
    assert!(shell.say("pops", PROMPT).contains("sister.example.net"));
    assert!(std::fs::read_to_string(&log).unwrap().contains("NEWCOMER-MNT"), "the log is there");
    shell.send("bye\r");
    let (status, rest) = shell.end();
    assert_eq!(status, Some(0), "{rest}");
    assert!(!begin.contains("listening on") && !rest.contains("logged"), "{begin}{rest}");
    assert!(!Path::new(&log).exists(), "everything is removed");
}

/// A script gets answers alone, and an empty POP.
#[test]
fn a_script_finds_the_demo_by_its_environment() {
    let Some(draft) = Draft::new() else { return };
    let mut demo = draft.bare_command();
    demo.args(["demo", "--run", "$PEERLING_DEMO_SSH whoami; $PEERLING_DEMO_SSH peer_list --json"]);
    let said = crate::run::run(&mut demo, b"");
    let told = said.fine();
    assert!(told.contains("\nNEWCOMER-MNT, AS4242420001, AS4242420002\n"), "{told}");
    assert!(told.contains("\"peers\":[]"), "{told}");
}
