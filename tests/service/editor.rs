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
