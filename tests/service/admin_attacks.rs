//! Members who try what is the operators', and a key that belongs to several maintainers.

use crate::admin::{answer, boss, code, draft};
use crate::answers::json;
use crate::commands::{ENDPOINT, REFUSED, create};
use crate::pop::{Draft, router_key};

const PROMPT: &str = "AS4242420263> ";

/// The attack: every admin command in every spelling, with and without JSON, as a command and at
/// the prompt, against one's own peering and another's.
#[test]
fn no_spelling_makes_a_member_an_operator() {
    let Some(pop) = draft().map(Draft::serve) else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let key = router_key(9);
    pop.bob(&format!("peer_create --asn 4242420009 --wg-pub-key {key} --endpoint-addr none"))
        .fine();
    let before = boss(&pop, "peer_list --all --json").stdout;
    let mut shell = pop.ssh("alice", "alice").shell(100);
    shell.expect(PROMPT);
    let whole = [
        "peer_approve",
        "peer approve",
        "peer-approve",
        "PEER_APPROVE",
        "peer_reject",
        "peer_suspend",
        "Peer Suspend",
        "ban",
        "BAN",
        "unban",
        "audit",
    ];
    for name in whole {
        for rest in ["", " 4242420001", " --asn 4242420009 --yes", " --nonsense"] {
            let said = pop.alice(&format!("{name}{rest}"));
            assert!(matches!(said.status, Some(REFUSED | 2)), "{name}{rest}: {said:#?}");
            assert_eq!(said.stdout, "", "{name}{rest}");
        }
        assert_eq!(code(&pop.alice(&format!("{name} 4242420001 --json"))), "admins_only", "{name}");
        shell.say(name, "for the operators of this POP");
        shell.expect(PROMPT);
        shell.say(&format!("help {name}"), "for the operators of this POP");
        shell.expect(PROMPT);
    }
    for (line, words) in [
        ("ban --maintainer BOB-MNT --reason x --yes", "for the operators"),
        ("peer_suspend 4242420009 --reason x --yes", "for the operators"),
        ("peer_list --all", "for the operators"),
        ("peer_ap 4242420001", "no command peer"),
        ("peer_sus 4242420009 --reason x --yes", "no command peer"),
        ("audi", "no command audi"),
        ("unba BOB-MNT", "no command unba"),
    ] {
        let said = pop.alice(line);
        assert!(said.stderr.contains(words) && said.stdout.is_empty(), "{line}: {said:#?}");
    }
    assert!(pop.alice("peer_s 4242420001").fine().contains("registry"), "peer_status is meant");
    assert_eq!(boss(&pop, "peer_list --all --json").stdout, before, "nothing came of it");
    assert_eq!(answer(&boss(&pop, "ban --json"))["bans"], json("[]"));
    assert_eq!(answer(&boss(&pop, "audit --json"))["records"].get::<Vec<_>>().unwrap().len(), 2);
}

#[test]
fn the_help_lists_what_one_may() {
    let Some(pop) = draft().map(Draft::serve) else { return };
    let (member, operator) = (pop.alice("help"), boss(&pop, "help"));
    for name in ["peer_approve", "peer_reject", "peer_suspend", "unban", "audit"] {
        assert!(!member.fine().contains(name), "{name}");
        assert!(operator.fine().contains(name), "{name}");
        assert!(boss(&pop, &format!("help {name}")).fine().contains("Example: "), "{name}");
    }
    assert!(pop.peerling(&["exec", "--", "help"]).fine().contains("peer_approve"));
}

/// The attack: a reason that ends its JSON string, or drives the terminal of whoever lists it.
#[test]
fn a_reason_stays_text() {
    let Some(pop) = draft().map(Draft::serve) else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let reason = r#"x\"},"version":2,"peer":{"#;
    let hostile = format!("{reason}\u{202e}txet");
    boss(&pop, &format!("peer_suspend 4242420001 --reason '{hostile}' --yes")).fine();
    boss(&pop, &format!("ban BOB-MNT --reason '{hostile}' --yes")).fine();
    let list = answer(&pop.alice("peer_list --json"));
    assert_eq!(list["version"], json("1"));
    let error = list["peers"][0]["error"].get::<String>().unwrap().clone();
    assert!(error.ends_with(&hostile), "{error}");
    let bans = answer(&boss(&pop, "ban --json"));
    assert_eq!(bans["bans"][0]["reason"].get::<String>().unwrap(), &hostile);
    for command in ["audit", "audit --json", "ban", "peer_list --all", "peer_history 4242420001"] {
        let said = boss(&pop, command);
        assert!(!said.fine().contains('\u{202e}'), "{command}: {said:#?}");
    }
    assert!(pop.bob("intro").fine().contains(r#"\u{202e}txet"#));
}

#[test]
fn a_key_of_several_maintainers_is_asked_whose_it_is() {
    let Some(draft) = draft() else { return };
    draft.member("ALICE-WORK", &[draft.auth("alice")], &[4242420077]);
    let mut pop = draft.serve();
    let said = pop.ssh("neither", "alice").run("whoami");
    let sentence = "This key belongs to several maintainers. Log in as one: alice, alice-work.\n";
    assert_eq!(said.refused(REFUSED), sentence);
    assert_eq!(code(&pop.ssh("neither", "alice").run("whoami --json")), "several_maintainers");
    for (login, name) in [("alice", "ALICE-MNT"), ("Alice-Work-MNT", "ALICE-WORK-MNT")] {
        let said = pop.ssh(login, "alice").run("whoami");
        assert!(said.fine().starts_with(&format!("{name}, AS")), "{said:#?}");
    }
    let scripted = pop.ssh("neither", "alice").script("intro\nalice\npeer_list\n");
    assert_eq!(scripted.stdout, "", "a script is not asked: {scripted:#?}");
    let mut shell = pop.ssh("neither", "alice").shell(100);
    let question = "This key belongs to ALICE-MNT, ALICE-WORK-MNT. Which one: ";
    shell.expect(question);
    shell.say("bob", "That is none of them.");
    shell.expect(question);
    shell.say("alice-work", "You are connected as ALICE-WORK-MNT");
    shell.expect(PROMPT);
    shell.say("whoami", "ALICE-WORK-MNT, AS4242420077\r\n");
    shell.expect(PROMPT);
    // The key is taken from the one that was chosen: the other's rights do not take its place.
    pop.keygen("carol", &["-t", "ed25519"]);
    pop.member("ALICE-WORK", &[pop.auth("carol")], &[4242420077]);
    pop.signal(rustix::process::Signal::HUP);
    pop.wait_for_log("registry: ", 2);
    shell.say("peer_list", "does not let you in any more");
}

#[test]
fn who_does_not_say_who_they_are_gets_nothing_done() {
    let Some(draft) = draft() else { return };
    draft.member("ALICE-WORK", &[draft.auth("alice")], &[4242420077]);
    let pop = draft.serve();
    let mut shell = pop.ssh("neither", "alice").shell(100);
    shell.expect("Which one: ");
    shell.send("\x03");
    shell.expect(PROMPT);
    for command in ["whoami", "peer_list", "ban --maintainer ALICE-MNT", "help"] {
        shell.say(command, "type intro, and you are asked");
        shell.expect(PROMPT);
    }
    shell.say("intro", "Which one: ");
    shell.say("ALICE-MNT", "You are connected as ALICE-MNT");
    shell.expect(PROMPT);
    shell.say("whoami", "ALICE-MNT, AS4242420001");
    let mut other = pop.ssh("neither", "alice").shell(100);
    other.expect("Which one: ");
    other.send("\x03");
    other.expect(PROMPT);
    other.send("bye\r");
    assert_eq!(other.end().0, Some(0));
}
