//! Who gets in, with what, and what those are told who do not.

use crate::pop::{ALICE, Draft, Pop};
use crate::run::Said;
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// ssh's own exit status when it did not get in.
const NOT_IN: i32 = 255;

/// What somebody is told who is not let in: it comes through keyboard-interactive.
fn told(pop: &Pop, user: &str, key: &str) -> Said {
    let said = pop.ssh(user, key).option("BatchMode=no").run("whoami");
    assert_eq!((said.status, said.stdout.as_str()), (Some(NOT_IN), ""), "{said:#?}");
    said
}

#[test]
fn every_kind_of_key_proves_its_owner() {
    let Some(draft) = Draft::new() else { return };
    let kinds: [(&str, &[&str], &str); 6] = [
        ("rsa2048", &["-t", "rsa", "-b", "2048"], "rsa-sha2-256"),
        ("rsa3072", &["-t", "rsa", "-b", "3072"], "rsa-sha2-512"),
        ("rsa4096", &["-t", "rsa", "-b", "4096"], "rsa-sha2-256"),
        ("nistp256", &["-t", "ecdsa", "-b", "256"], "ecdsa-sha2-nistp256"),
        ("nistp384", &["-t", "ecdsa", "-b", "384"], "ecdsa-sha2-nistp384"),
        ("nistp521", &["-t", "ecdsa", "-b", "521"], "ecdsa-sha2-nistp521"),
    ];
    for (name, kind, _) in kinds {
        draft.keygen(name, kind);
        draft.member(name, &[draft.auth(name)], &[]);
    }
    let pop = draft.serve();
    pop.alice("whoami").fine();
    for (name, _, algorithm) in kinds {
        let ssh = pop.ssh(name, name).option(&format!("PubkeyAcceptedAlgorithms={algorithm}"));
        let who = format!("{}-MNT, no AS number\n", name.to_uppercase());
        assert_eq!(ssh.run("whoami").fine(), who, "{algorithm}");
    }
    let ssh = pop.ssh("rsa2048", "rsa2048");
    ssh.option("PubkeyAcceptedAlgorithms=rsa-sha2-512").run("whoami").fine();
}

/// A POP that was just restarted: its members' clients are the first to try.
#[test]
fn who_comes_while_the_registry_is_read_gets_in() {
    let Some(draft) = Draft::new() else { return };
    crate::registry::generate(&draft.path("registry"), 2_500, 3_000, 1);
    let pop = draft.listen();
    assert!(pop.alice("whoami").fine().starts_with("ALICE-MNT"));
    let log = pop.log();
    let at = |words: &str| log.find(words).unwrap_or_else(|| panic!("{words:?}: {log}"));
    assert!(at("registry: ") < at("logged in"), "{log}");
}

#[test]
fn a_signature_with_sha_1_proves_nothing() {
    let Some(draft) = Draft::new() else { return };
    draft.keygen("rsa", &["-t", "rsa", "-b", "2048"]);
    draft.member("RSA", &[draft.auth("rsa")], &[]);
    let pop = draft.serve();
    let said = pop.ssh("rsa", "rsa").option("PubkeyAcceptedAlgorithms=ssh-rsa").run("whoami");
    assert_eq!(said.status, Some(NOT_IN), "{said:#?}");
    assert!(!pop.log().contains("RSA-MNT logged in"));
    pop.ssh("rsa", "rsa").run("whoami").fine();
}

#[test]
fn the_user_name_is_the_maintainer_in_any_spelling() {
    let Some(pop) = Pop::start() else { return };
    // Who names nobody of the registry is whom the key proves.
    for user in ["alice", "ALICE", "Alice", "alice-mnt", "ALICE-MNT", "root"] {
        let said = pop.ssh(user, "alice").run("whoami");
        assert_eq!(said.fine(), "ALICE-MNT, AS4242420001, AS4242420002\n", "{user}");
    }
}

#[test]
fn another_maintainers_name_does_not_fit_ones_own_key() {
    let Some(pop) = Pop::start() else { return };
    let said = told(&pop, "bob", "alice");
    assert!(said.stderr.contains("BOB-MNT"), "{said:#?}");
    assert!(!pop.log().contains("logged in"), "{}", pop.log());
}

#[test]
fn those_who_stay_outside_are_told_why() {
    let Some(draft) = Draft::new() else { return };
    draft.keygen("stranger", &["-t", "ed25519"]);
    draft.keygen("second", &["-t", "ed25519"]);
    draft.member("PGP", &["pgp-fingerprint 0123456789ABCDEF0123456789ABCDEF01234567".into()], &[]);
    draft.member("NOTHING", &[], &[]);
    draft.member("TWO", &[draft.auth("alice"), draft.auth("second")], &[]);
    let pop = draft.serve();
    for (user, words) in [
        ("nobody-of-this-name", ["nobody-of-this-name", "registry"]),
        ("pgp", ["PGP-MNT", "PGP"]),
        ("nothing", ["NOTHING-MNT", "key"]),
        ("alice", ["ALICE-MNT", "1"]),
        ("two", ["TWO-MNT", "2"]),
    ] {
        let said = told(&pop, user, "stranger");
        assert!(words.iter().all(|word| said.stderr.contains(word)), "{user}: {said:#?}");
    }
    let said = pop.ssh("alice", "stranger").run("whoami");
    assert_eq!(said.status, Some(NOT_IN), "a client that asks nothing is just refused: {said:#?}");
}

#[test]
fn an_administrators_key_opens_every_maintainer() {
    let Some(mut draft) = Draft::new() else { return };
    draft.keygen("boss", &["-t", "ed25519"]);
    let admins = format!("[{:?}]", draft.auth("boss"));
    draft.set("ssh", "admin_keys", &admins);
    let pop = draft.serve();
    let who = |user: &str| pop.ssh(user, "boss").run("whoami").fine().to_owned();
    assert_eq!(who("bob"), "BOB-MNT (by an administrator), AS4242420009\n");
    assert_eq!(who("alice"), "ALICE-MNT (by an administrator), AS4242420001, AS4242420002\n");
    assert_eq!(who("whoever"), "administrator, no AS number\n");
}

#[test]
fn a_key_of_two_maintainers_is_the_one_that_is_named() {
    let Some(draft) = Draft::new() else { return };
    draft.member("ALICE-WORK", &[draft.auth("alice")], &[4242420077]);
    let pop = draft.serve();
    let who = |user: &str| pop.ssh(user, "alice").run("whoami").fine().to_owned();
    assert_eq!(who("alice"), "ALICE-MNT, AS4242420001, AS4242420002\n");
    assert_eq!(who("alice-work"), "ALICE-WORK-MNT, AS4242420077\n");
    let said = pop.ssh("neither", "alice").run("whoami");
    assert!(said.refused(1).contains("Log in as one: alice, alice-work"), "{said:#?}");
}

/// The client offers BOB's public key, whose private half it does not have, and then signs with a
/// stranger's: the offer must leave nothing behind.
#[test]
fn a_key_that_is_only_offered_is_nobody() {
    let Some(draft) = Draft::new() else { return };
    draft.keygen("stranger", &["-t", "ed25519"]);
    fs::create_dir(draft.path("keys/public")).unwrap();
    fs::copy(draft.path("keys/bob.pub"), draft.path("keys/public/bob.pub")).unwrap();
    let pop = draft.serve();
    let ssh = pop.ssh("bob", "public/bob.pub").key("stranger").argument("-v");
    let said = ssh.run("whoami");
    assert!(said.stderr.contains("Server accepts key"), "BOB's key was not offered: {said:#?}");
    assert_eq!((said.status, said.stdout.as_str()), (Some(NOT_IN), ""), "{said:#?}");
    assert!(!pop.log().contains("logged in"), "{}", pop.log());
    pop.ssh("bob", "stranger").key("bob").run("whoami").fine();
}

#[test]
fn the_banner_is_shown_before_and_beside() {
    let Some(mut draft) = Draft::new() else { return };
    let motd = draft.path("motd");
    fs::write(&motd, "▶ A network that does not exist\n").unwrap();
    draft.set("ssh", "motd", &format!("{motd:?}"));
    draft.keygen("stranger", &["-t", "ed25519"]);
    let pop = draft.serve();
    let said = pop.alice("whoami");
    assert_eq!(said.stdout, "ALICE-MNT, AS4242420001, AS4242420002\n", "nothing of it is there");
    assert!(said.stderr.contains("▶ A network that does not exist"), "{said:#?}");
    let said = told(&pop, "nobody", "stranger");
    assert!(said.stderr.contains("▶ A network that does not exist"), "{said:#?}");
}

/// At the beginning of a session the client has shown it just before.
#[test]
fn the_banner_is_shown_again_by_intro_and_taken_over_by_sighup() {
    let Some(mut draft) = Draft::new() else { return };
    let motd = draft.path("motd");
    fs::write(&motd, "  /\\  A network\r\n\x1b[2J/__\\\n\n").unwrap();
    draft.set("ssh", "motd", &format!("{motd:?}"));
    let mut pop = draft.serve();
    let said = pop.alice("intro");
    let begin = "\n  /\\  A network\n\\u{1b}[2J/__\\\n\nWelcome to Flip Flap Network";
    assert!(said.stdout.starts_with(begin), "{said:#?}");
    let mut shell = pop.ssh("alice", "alice").shell(100);
    let greeting = shell.expect("AS4242420263> ");
    assert_eq!(greeting.matches("A network").count(), 1, "the client's alone: {greeting}");
    shell.say("bye", "Cowboy!");
    shell.end();
    fs::write(&motd, "Another one\n").unwrap();
    pop.signal(Signal::HUP);
    pop.wait_for_log("configuration read again", 1);
    let said = pop.alice("intro");
    assert!(said.stdout.starts_with("\nAnother one\n\nWelcome to "), "{said:#?}");
    assert!(said.stderr.contains("Another one"), "before the login too: {said:#?}");
    fs::remove_file(&motd).unwrap();
    pop.signal(Signal::HUP);
    pop.wait_for_log("ssh.motd: ", 1);
    pop.wait_for_log("configuration read again", 2);
    assert!(pop.alice("intro").stdout.starts_with("\nWelcome to "));
}

/// Whoever cannot be greeted is let in all the same.
#[test]
fn a_banner_that_is_not_there_is_a_warning() {
    let Some(mut draft) = Draft::new() else { return };
    draft.set("ssh", "motd", "\"/nowhere/motd\"");
    let test = draft.peerling(&["serve", "--test"]);
    assert_eq!(test.status, Some(0), "{test:#?}");
    assert!(test.stderr.contains("ssh.motd: /nowhere/motd: "), "{test:#?}");
    let mut pop = draft.serve();
    pop.wait_for_log("ssh.motd: /nowhere/motd: No such file", 1);
    pop.is_well();
}

#[test]
fn the_replaced_services_host_key_goes_on() {
    let Some(mut draft) = Draft::new() else { return };
    draft.host_key("paramiko_key", &["-t", "rsa", "-b", "2048", "-m", "PEM"]);
    assert!(draft.read("paramiko_key").starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    let path = draft.path("paramiko_key");
    draft.set("ssh", "host_keys", &format!("[{path:?}]"));
    let pop = draft.serve();
    for algorithm in ["rsa-sha2-256", "rsa-sha2-512"] {
        let ssh = pop.ssh("alice", "alice").option(&format!("HostKeyAlgorithms={algorithm}"));
        ssh.run("whoami").fine();
    }
    let said = pop.ssh("alice", "alice").option("HostKeyAlgorithms=ssh-rsa").run("whoami");
    assert_eq!(said.status, Some(NOT_IN), "SHA-1: {said:#?}");
}

#[test]
fn a_host_key_is_made_once() {
    let Some(draft) = Draft::new() else { return };
    fs::remove_file(draft.path("ssh_host_ed25519_key")).unwrap();
    fs::write(draft.path("known_hosts"), "").unwrap();
    let pop = draft.serve();
    pop.ssh("alice", "alice").option("StrictHostKeyChecking=accept-new").run("whoami");
    let mode = fs::metadata(pop.path("ssh_host_ed25519_key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // What the client has learnt holds for every port that the restarted service may get.
    let known = pop.read("known_hosts");
    let key = known.split_once(' ').unwrap_or_else(|| panic!("nothing learnt: {known:?}")).1;
    fs::write(pop.path("known_hosts"), format!("* {key}")).unwrap();
    let pop = pop.stop().serve();
    pop.alice("whoami").fine();
}

#[test]
fn the_registry_is_followed_while_people_are_in() {
    let Some(mut pop) = Pop::start() else { return };
    pop.keygen("carol", &["-t", "ed25519"]);
    let mut shell = pop.ssh("bob", "bob").shell(80);
    shell.expect("AS4242420263> ");
    pop.member("BOB", &[pop.auth("carol")], &[]);
    pop.member("CAROL", &[pop.auth("carol")], &[4242420042]);
    pop.signal(Signal::HUP);
    pop.wait_for_log("registry: ", 2);
    let carol = pop.ssh("carol", "carol").run("whoami");
    assert_eq!(carol.fine(), "CAROL-MNT, AS4242420042\n");
    assert!(told(&pop, "bob", "bob").stderr.contains("BOB-MNT"));
    shell.say("peer_list", "does not let you in any more");
}

#[test]
fn a_registry_that_shrank_is_not_believed() {
    let Some(mut pop) = Pop::start() else { return };
    fs::remove_file(pop.path("registry/data/mntner/ALICE-MNT")).unwrap();
    fs::remove_file(pop.path("registry/data/mntner/BOB-MNT")).unwrap();
    pop.signal(Signal::HUP);
    pop.wait_for_log("registry not taken over", 1);
    pop.is_well();
    pop.member("BOB", &[pop.auth("bob")], &[]);
    pop.signal(Signal::HUP);
    pop.wait_for_log("registry: ", 2);
    let bob = pop.bob("whoami");
    assert_eq!(bob.fine(), "BOB-MNT, AS4242420009\n");
    assert!(told(&pop, "alice", "alice").stderr.contains("alice"), "{ALICE:?}");
}
