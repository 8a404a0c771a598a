//! The shell at a real pseudo-terminal, as a person sees it, and the same shell fed with a script.

use crate::answers::json;
use crate::commands::{ENDPOINT, REFUSED, USAGE, create};
use crate::pop::{Pop, router_key};
use crate::pty::Pty;

const PROMPT: &str = "AS4242420263> ";

/// What whoami answers to ALICE at a terminal.
const ALICE: &str = "ALICE-MNT, AS4242420001, AS4242420002\r\n";

/// What stands on the screen, without colours and other control sequences.
fn plain(shown: &str) -> String {
    let mut parts = shown.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    let after_sequence = |part: &str| {
        let end = part.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(0);
        part.get(end + 1..).unwrap_or_default().to_owned()
    };
    parts.map(after_sequence).fold(first, |text, part| text + &part).replace('\r', "")
}

/// ALICE at a terminal of 100 columns, and the prompt is there.
fn alice(pop: &Pop) -> Pty {
    let mut shell = pop.ssh("alice", "alice").shell(100);
    shell.expect(PROMPT);
    shell
}

#[test]
fn the_greeting_says_who_one_is_and_how_to_begin() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = pop.ssh("alice", "alice").shell(100);
    let greeting = "
Welcome to Flip Flap Network (AS4242420263) automated peering service
You are connected as ALICE-MNT to pop.example.net @ AS4242420263

┏━━━━━━━━━━━━━━━━━━━┓
┃ Your AS number(s) ┃
┡━━━━━━━━━━━━━━━━━━━┩
│ 4242420001        │
│ 4242420002        │
└───────────────────┘

You have no peering here yet: peer_create makes one.

Use this shell to configure your BGP peering session.

Type help or ? to list commands.

AS4242420263> ";
    assert_eq!(plain(&shell.expect(PROMPT)), greeting);
    let goodbye = shell.say("bye", "See You, Space Cowboy!\r\n");
    assert_eq!(plain(&goodbye), "bye\nSee You, Space Cowboy!\n");
    let (status, rest) = shell.end();
    assert_eq!(status, Some(0), "{rest:?}");
}

#[test]
fn the_wizard_asks_in_the_old_order_and_asks_again() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = alice(&pop);
    let key = router_key(1);
    shell.say("peer_create", "AS Number: ");
    for (wrong, complaint, question, right) in [
        ("64600", "does not say that AS64600 is yours", "AS Number: ", "4242420001"),
        ("no key", "key", "WireGuard public key: ", key.as_str()),
        ("10.0.0.1", "private", "WireGuard endpoint address: ", "2001:db8::1"),
        ("99999", "port", "WireGuard endpoint port [20263]: ", ""),
        ("fe80::263", "own address", "Link-local IPv6 address, or auto [fe80::1]: ", "auto"),
    ] {
        if right != "4242420001" {
            shell.expect(question);
        }
        shell.say(wrong, complaint);
        shell.expect(question);
        shell.send(format!("{right}\r"));
    }
    shell.expect("Create this peering? [yes]: ");
    let created = plain(&shell.say("", PROMPT));
    assert!(created.contains("The peering with AS4242420001 was created.\n"), "{created}");
    assert_eq!(json(pop.alice("peer_list --json").fine())["peers"][0]["id"], json("1"));
    let list = plain(&shell.say("peer_list", PROMPT));
    assert!(list.contains("Your existing peering sessions\n┏━━━"), "{list}");
    shell.say("peer_remove", "Type YES");
    let kept = plain(&shell.say("no", PROMPT));
    assert!(kept.contains("Nothing was changed"), "{kept}");
    shell.say("peer_remove", "Type YES");
    let removed = plain(&shell.say("Yes", PROMPT));
    assert!(removed.contains("was removed"), "{removed}");
    assert_eq!(json(pop.alice("peer_list --json").fine())["peers"], json("[]"));
}

#[test]
fn what_was_typed_ahead_answers_the_questions_to_come() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = alice(&pop);
    let answers = ["peer_create", "4242420002", &router_key(2), "none", "", "", "peer_list --json"];
    shell.send(answers.join("\r") + "\r");
    shell.expect("was created");
    let list = plain(&shell.expect("]}\r\n"));
    assert!(list.contains("\"asn\":4242420002"), "{list}");
}

#[test]
fn control_keys_do_what_they_do_everywhere() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = alice(&pop);
    // Ctrl-C at the prompt forgets the line, in a question the whole command.
    shell.send("nonsense\x03");
    shell.expect(PROMPT);
    shell.say("peer_create", "AS Number: ");
    shell.say("4242420001", "WireGuard public key: ");
    shell.send("\x03");
    let abandoned = shell.expect(PROMPT);
    assert!(abandoned.contains("Nothing was changed"), "{abandoned:?}");
    // Ctrl-U takes the line away, Backspace and DEL one character of any width.
    shell.send("nonsense\x15whoami\r");
    shell.expect(ALICE);
    shell.expect(PROMPT);
    shell.send("whoamiaé日e\u{301}\x7f\x08\x7f\x08\r");
    shell.expect(ALICE);
    shell.expect(PROMPT);
    // Ctrl-D with text before it does not leave.
    shell.send("whoa\x04mi\r");
    shell.expect(ALICE);
    shell.expect(PROMPT);
    shell.send("\x04");
    let (status, rest) = shell.end();
    assert_eq!(status, Some(0), "{rest:?}");
    assert!(rest.contains("See You, Space Cowboy!"), "{rest:?}");
}

#[test]
fn ctrl_d_in_a_question_leaves() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = alice(&pop);
    shell.say("peer_create", "AS Number: ");
    shell.send("\x04");
    let (status, rest) = shell.end();
    assert_eq!(status, Some(0), "{rest:?}");
    assert!(rest.contains("See You, Space Cowboy!"), "{rest:?}");
}

#[test]
fn every_line_end_is_one() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = alice(&pop);
    for end in ["\r", "\n", "\r\n"] {
        shell.send(format!("whoami{end}"));
        shell.expect(ALICE);
        shell.expect(PROMPT);
    }
    let rest = shell.say("whoami", PROMPT);
    assert_eq!(rest.matches(PROMPT).count(), 1, "an empty line too many: {rest:?}");
}

#[test]
fn a_line_that_is_too_long_is_not_run() {
    let Some(pop) = Pop::start() else { return };
    let mut shell = alice(&pop);
    for chunk in ["x".repeat(1000), "é".repeat(2000), "日".repeat(1000)] {
        shell.send(chunk);
    }
    shell.send("\x15whoami\r");
    shell.expect(ALICE);
    let long = "whoami ".to_owned() + &"x".repeat(5000);
    let said = pop.ssh("alice", "alice").script(format!("{long}\nwhoami\n"));
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert!(said.stderr.contains("at most 4096 bytes"), "{said:#?}");
    assert_eq!(said.stdout, "ALICE-MNT, AS4242420001, AS4242420002\n");
}

#[test]
fn tables_fit_the_window_of_the_moment() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let mut shell = alice(&pop);
    let wide = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap();
    let before = plain(&shell.say("peer_list", PROMPT));
    assert!(wide(&before) <= 100, "{before}");
    assert!(before.contains("Endpoint"), "{before}");
    shell.resize(60);
    shell.expect(PROMPT);
    let after = plain(&shell.say("peer_list", PROMPT));
    assert!(wide(&after) <= 60 && !after.contains("Endpoint"), "{after}");
    assert!(after.contains("waiting"), "{after}");
    assert!(wide(&before) > 60, "the window made no difference: {before}");
}

#[test]
fn a_script_is_answered_without_ado() {
    let Some(pop) = Pop::start() else { return };
    let script = |text: &str| pop.ssh("alice", "alice").script(text);
    let said = script("# who is it?\nwhoami\n\n  \nwhoami --json\n");
    let (text, answer) = said.fine().split_once('\n').unwrap();
    assert_eq!(text, "ALICE-MNT, AS4242420001, AS4242420002", "no greeting, no prompt, no echo");
    assert_eq!(json(answer)["maintainer"], json("\"ALICE-MNT\""));
    assert_eq!(script("").fine(), "");
    assert_eq!(script("whoami").fine(), text.to_owned() + "\n", "a last line without its end");
    assert_eq!(script("nonsense\r\nwhoami\r\n").status, Some(0));
    script("nonsense\n").refused(USAGE);
    script("peer_config\n").refused(REFUSED);
    assert_eq!(script("peer_config\nbye\nnonsense\n").status, Some(REFUSED));
    let question = script("peer_create\n4242420001\n");
    assert!(question.refused(USAGE).contains("--asn is missing"), "{question:#?}");
    assert!(script("whoami \u{1}\x1b[31m\n").stderr.is_ascii());
    let said = pop.ssh("alice", "alice").script(b"\xff\xfe\nwhoami\n");
    assert!(said.stderr.contains("not UTF-8"), "{said:#?}");
    assert_eq!(said.stdout, text.to_owned() + "\n");
}

/// A single command with a terminal of its own may ask, and ends the session when it is done.
#[test]
fn a_command_at_a_terminal_asks() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let mut command = pop.ssh("alice", "alice").argument("-tt").command();
    let mut shell = Pty::spawn(command.arg("peer_remove"), 100);
    shell.expect("Type YES");
    shell.send("YES\r");
    shell.expect("was removed");
    let (status, rest) = shell.end();
    assert_eq!(status, Some(0), "{rest:?}");
}
