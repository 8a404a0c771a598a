//! The line editor through the real `ssh` at a real pseudo-terminal.

use crate::commands::{ENDPOINT, create};
use crate::pop::{Draft, Pop};
use crate::pty::Pty;

const PROMPT: &str = "AS4242420263> ";

/// Somebody at a terminal of 100 columns, and the prompt is there.
fn terminal(pop: &Pop, name: &str) -> Pty {
    let mut shell = pop.ssh(name, name).shell(100);
    shell.expect(PROMPT);
    shell
}

#[test]
fn tab_completes_commands_flags_and_ones_own_as_numbers() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let mut shell = terminal(&pop, "alice");
    shell.send("who\t\r");
    shell.expect("whoami \r\n");
    shell.expect(PROMPT);
    // One peering of two AS numbers: it is the only one that can be shown.
    shell.send("peer li\t\x15peer_config --for\tnet\t4\t");
    shell.expect("4242420001 ");
    shell.send("\x15help peer_c\t\t");
    shell.expect("peer_create  peer_config\r\n");
    shell.expect("AS4242420263> help peer_c");
    shell.send("\x15peer_create \t\t");
    shell.expect("4242420001  4242420002\r\n");
    shell.send("\x15ba\tx\t\x03");
    // Members are not offered to ban anybody.
    shell.expect("bax^C");
    shell.expect(PROMPT);
    // In a question, and without a tab in the answer.
    shell.say("peer_create", "AS Number");
    shell.send("\t2\t\r");
    shell.expect("]: 4242420002\r\n");
    shell.expect("WireGuard public key: ");
    shell.send("a\tb\x0c\x03");
    let shown = shell.expect("WireGuard public key: ab");
    assert!(shown.contains("\x1b[2J") && !shown.contains('\t'), "{shown:?}");
    shell.expect(PROMPT);
}

#[test]
fn an_administrator_is_offered_more() {
    let Some(mut draft) = Draft::new() else { return };
    draft.keygen("boss", &["-t", "ed25519"]);
    let admins = format!("[{:?}]", draft.auth("boss"));
    draft.set("ssh", "admin_keys", &admins);
    let pop = draft.serve();
    pop.alice(&create(ENDPOINT)).fine();
    let mut shell = terminal(&pop, "boss");
    shell.send("peer_sus\t--a\t\t");
    shell.expect("peer_suspend --asn 4242420001 ");
}

#[test]
fn ctrl_r_finds_what_was_typed() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = terminal(&pop, "alice");
    for command in ["whoami --json", "peer_list", "whoami"] {
        shell.say(command, PROMPT);
    }
    shell.send("\x12js");
    shell.expect("(reverse-i-search)`js': whoami --json");
    shell.send("\r");
    shell.expect("\"maintainer\":\"ALICE-MNT\"");
    shell.expect(PROMPT);
    shell.send("\x12list\x1b");
    shell.expect("AS4242420263> peer_list");
    shell.send("[F --json\r");
    shell.expect("\"peers\":[]");
}

/// Bold, colours, the rest of SGR (ECMA-48, 8.3.117).
fn painted(shown: &str) -> bool {
    shown.split("\x1b[").skip(1).any(|it| it.trim_start_matches(char::is_numeric).starts_with('m'))
}

#[test]
fn no_color_means_no_colour() {
    let Some(pop) = Pop::start() else { return };
    let greeted = |option: &str| {
        let mut shell = pop.ssh("alice", "alice").option(option).shell(80);
        let greeting = shell.expect(PROMPT);
        let help = shell.say("help", PROMPT);
        shell.say("peer_status 1", PROMPT) + &greeting + &help
    };
    let (plain, usual) = (greeted("SetEnv=NO_COLOR=1"), greeted("SetEnv=OTHER=1"));
    assert!(painted(&usual) && !painted(&plain), "{plain:?}");
    assert!(plain.contains('┏') && plain.contains("\x1b[?2004h"), "only colours go: {plain:?}");
    assert!(painted(&greeted("SetEnv=NO_COLOR=")), "empty is as good as not set");
}

#[test]
fn a_dumb_terminal_is_not_driven() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let command = pop.ssh("alice", "alice").argument("-tt").command();
    let mut shell = Pty::spawn_as("dumb", &command, 60);
    let mut shown = shell.expect(PROMPT);
    shown += &shell.say("help", PROMPT);
    shown += &shell.say("peer_config", PROMPT);
    shell.send("peer_st\x01\x06\x05\t4\t --raw --asn and so much more that it is too long\x15");
    shell.send("peer_\t\t");
    shown += &shell.expect("peer_remove");
    shell.send("\x15\x12hel");
    shown += &shell.expect("(reverse-i-search)`hel': help");
    shell.send("\x07\x0c");
    shell.resize(40);
    shell.send("whoamx\x7fi\r");
    shown += &shell.expect("ALICE-MNT, AS4242420001");
    let obeyed = |it: char| matches!(it, '\r' | '\n' | '\x08' | '\x07');
    let driven = shown.find(|it: char| it.is_control() && !obeyed(it));
    assert_eq!(driven, None, "{shown:?}");
}

/// Leaves, and waits until the service has seen the end.
fn leave(mut shell: Pty) {
    shell.say("bye", "Cowboy!");
    assert_eq!(shell.end().0, Some(0));
}

#[test]
fn what_was_typed_is_there_in_the_next_session_without_keys() {
    let Some(pop) = Pop::start() else { return };
    let (mut first, mut second) = (terminal(&pop, "alice"), terminal(&pop, "alice"));
    first.say("peer_list --json", PROMPT);
    second.say("help peer_edit", PROMPT);
    // An answer, a line with a key, and what is no command: none of them is written down.
    first.say("peer_create", "AS Number");
    first.send("4242420001\r");
    first.expect("public key: ");
    first.send("\x03");
    first.expect(PROMPT);
    first.say(&create("--psk my-secret"), "endpoint address: ");
    first.send("\x03");
    first.expect(PROMPT);
    first.say("my-password", PROMPT);
    leave(first);
    leave(second);
    // Both left with bye, which counts once; the rest is in the order in which it was typed.
    let mut shell = terminal(&pop, "alice");
    for (keys, line) in [
        ("\x10", "> bye"),
        ("\x10", "> peer_create"),
        ("\x10", "> help peer_edit"),
        ("\x10", "> peer_list --json"),
        ("\x10", "\x07"),
        ("\x15\x12_li\r", "\"peers\":[]"),
    ] {
        shell.send(keys);
        shell.expect(line);
    }
    let mut bob = terminal(&pop, "bob");
    bob.send("\x10");
    bob.expect("\x07");
    for file in ["peering.db", "peering.db-wal"] {
        let bytes = std::fs::read(pop.path(file)).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
        assert!(file == "peering.db" || holds("help peer_edit"), "the table is elsewhere");
        for secret in ["my-password", "my-secret", &crate::pop::router_key(1)] {
            assert!(!holds(secret), "{file} has {secret}");
        }
    }
}

#[test]
fn what_was_typed_outlives_the_service() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = terminal(&pop, "alice");
    shell.say("help peer_edit", PROMPT);
    let pop = pop.stop().serve();
    drop(shell);
    let mut shell = terminal(&pop, "alice");
    shell.send("\x10");
    shell.expect("> help peer_edit");
}

/// An administrator has a history of their own, whomever they act for, and the member never sees
/// it.
#[test]
fn an_administrators_lines_are_their_own() {
    let Some(mut draft) = Draft::new() else { return };
    draft.keygen("boss", &["-t", "ed25519"]);
    let admins = format!("[{:?}]", draft.auth("boss"));
    draft.set("ssh", "admin_keys", &admins);
    let pop = draft.serve();
    let as_somebody = |user: &str, key: &str| {
        let mut shell = pop.ssh(user, key).shell(100);
        shell.expect(PROMPT);
        shell
    };
    let mut boss = as_somebody("alice", "boss");
    boss.say("peer_list --all", PROMPT);
    leave(boss);
    let mut alice = as_somebody("alice", "alice");
    alice.send("\x10");
    alice.expect("\x07");
    let mut boss = as_somebody("bob", "boss");
    boss.send("\x10\x10");
    boss.expect("> peer_list --all");
}

#[test]
fn a_pasted_newline_runs_nothing() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let mut shell = terminal(&pop, "alice");
    shell.send("\x1b[200~whoami\rpeer_remove --yes\r\x1b[201~");
    shell.expect("whoami peer_remove --yes ");
    shell.send("\x15\x1b[200~peer_list\n\x1b[201~--json\r");
    shell.expect("\"state\"");
    assert!(pop.alice("peer_list").fine().contains("4242420001"));
}

#[test]
fn a_window_may_change_in_the_middle_of_a_line() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = terminal(&pop, "alice");
    shell.send("whoami and a line of some length, 日本語");
    shell.expect("日本語");
    shell.resize(30);
    // One row up at the old place, everything drawn anew.
    shell.expect("\x1b[J");
    shell.expect("AS4242420263> whoami and a line");
    shell.send("\x1b[H\x0b");
    shell.resize(120);
    shell.expect("AS4242420263> ");
    shell.send("whoami\r");
    shell.expect("ALICE-MNT, AS4242420001");
}

/// What is typed while a command runs waits for the prompt; Ctrl-C drops what was typed before it,
/// and nothing that comes after it.
#[test]
fn typing_ahead_and_thinking_better_of_it() {
    let Some(mut draft) = Draft::new() else { return };
    // A BIRD that says nothing is waited for.
    let _silent = std::os::unix::net::UnixListener::bind(draft.path("bird.ctl")).unwrap();
    draft.set("bird", "socket", &format!("{:?}", draft.path("bird.ctl")));
    let pop = draft.serve();
    let mut shell = terminal(&pop, "alice");
    shell.send(format!("{} --link-local '' --yes --wait=600\r", create(ENDPOINT)));
    shell.expect("--wait=600\r\n");
    shell.send("whoami --js");
    shell.send("on\r");
    shell.send("peer_remove --yes\r\x03whoami");
    shell.expect("Stopped waiting");
    shell.send("\r");
    let shown = shell.expect("ALICE-MNT, AS4242420001");
    assert!(!shown.contains("maintainer") && !shown.contains("removed"), "{shown:?}");
    assert!(pop.alice("peer_list").fine().contains("4242420001"));
}
