//! The command line of the operator: what it prints, where, and with which exit status.

use crate::files::{BIRD_FILE, names, wireguard_file};
use crate::pop::{Draft, Pop, our_key, our_secret, router_key};
use crate::run::{Said, run};
use peerling::model::Timestamp;
use rustix::process::Signal;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;

/// Refused or failed.
const FAILED: i32 = 1;
/// A configuration that the service cannot begin with.
const CONFIGURATION: i32 = 78;
/// A wrong call; for plan: there is something to do.
const USAGE: i32 = 2;

/// ALICE's first AS number gets its usual peering, by the operator's hand.
fn exec_create(draft: &Draft) -> Said {
    let key = router_key(1);
    let words = ["exec", "--as", "alice", "--", "peer_create", "--asn", "4242420001"];
    let answers = ["--wg-pub-key", &key, "--endpoint-addr", "2001:db8::1:20263"];
    draft.peerling(&[&words[..], &answers[..]].concat())
}

#[test]
fn usage() {
    let Some(draft) = Draft::new() else { return };
    for arguments in [
        vec![],
        vec!["nonsense"],
        vec!["--nonsense"],
        vec!["serve", "--nonsense"],
        vec!["check", "twice"],
        vec!["exec"],
        vec!["exec", "--as"],
        vec!["bird-init"],
        vec!["bird-init", "a", "b"],
        vec!["check", "--test"],
        vec!["--config"],
        vec!["--verbose=yes", "check"],
    ] {
        let said = run(draft.bare_command().args(&arguments), b"");
        assert!(said.refused(USAGE).starts_with("peerling: "), "{arguments:?}: {said:#?}");
        assert_eq!(said.stderr.lines().count(), 1, "{arguments:?}: {said:#?}");
    }
}

#[test]
fn help_and_version() {
    let Some(draft) = Draft::new() else { return };
    let help = draft.peerling(&["--help"]);
    for word in ["serve", "check", "plan", "apply", "export", "exec", "--config FILE", "demo"] {
        assert!(help.fine().contains(word), "{word}: {help:#?}");
    }
    for arguments in [["-h", ""], ["help", ""], ["--help", "nonsense"]] {
        let arguments: Vec<&str> = arguments.into_iter().filter(|word| !word.is_empty()).collect();
        assert_eq!(draft.peerling(&arguments).fine(), help.fine(), "{arguments:?}");
    }
    let serve = draft.peerling(&["help", "serve"]);
    for words in ["usage: peerling serve [--test]", "  78 ", "its configuration is wrong"] {
        assert!(serve.fine().contains(words), "{serve:#?}");
    }
    for arguments in [["serve", "--help"], ["serve", "-h"], ["--help", "serve"]] {
        assert_eq!(draft.peerling(&arguments).fine(), serve.fine(), "{arguments:?}");
    }
    let unknown = draft.peerling(&["help", "serv"]);
    assert!(unknown.refused(FAILED).contains("did you mean serve?"), "{unknown:#?}");
    let unknown = draft.peerling(&["serv"]);
    assert!(unknown.refused(USAGE).contains("did you mean serve?"), "{unknown:#?}");
    let version = draft.peerling(&["--version"]);
    let expected = concat!("peerling ", env!("CARGO_PKG_VERSION"), " (");
    assert!(version.fine().starts_with(expected), "{version:#?}");
}

#[test]
fn a_configuration_of_bird_is_written_once() {
    let Some(mut draft) = Draft::new() else { return };
    let target = draft.path("etc/bird");
    let init = |draft: &Draft| draft.peerling(&["bird-init", target.to_str().unwrap()]);
    let said = init(&draft);
    assert!(said.refused(FAILED).contains("set mesh.networks"), "{said:#?}");
    assert!(!target.exists());
    draft.set("mesh", "networks", "[\"fd42:263::/48\", \"172.20.0.0/27\"]");
    let said = init(&draft);
    let files = ["bird.conf", "variables.conf", "communities.conf", "filters.conf"];
    let words = format!("{} are written", files.join(", "));
    assert!(said.fine().contains(&words) && said.stdout.lines().count() == 2, "{said:#?}");
    let before = draft.read("etc/bird/bird.conf");
    fs::remove_file(target.join("filters.conf")).unwrap();
    let said = init(&draft);
    let told = said.refused(FAILED);
    assert!(files[..3].iter().all(|it| told.contains(it)) && !told.contains(files[3]), "{told}");
    assert!(told.contains("communities.conf exist already, and nothing was written: move them "));
    assert!(!target.join("filters.conf").exists(), "nothing is written where one exists");
    assert_eq!(draft.read("etc/bird/bird.conf"), before);
}

#[test]
fn a_file_that_is_no_database() {
    let Some(draft) = Draft::new() else { return };
    fs::write(draft.path("peering.db"), "no database at all, but a text\n".repeat(100)).unwrap();
    for operation in ["check", "plan", "apply", "serve"] {
        let said = draft.peerling(&[operation]);
        assert_eq!(said.status, Some(FAILED), "{operation}: {said:#?}");
        let told = format!("{}{}", said.stdout, said.stderr);
        assert!(told.contains("peering.db"), "{operation}: {said:#?}");
    }
    assert!(draft.read("peering.db").starts_with("no database at all"), "it is left alone");
}

#[test]
fn a_configuration_with_faults_starts_nothing() {
    let Some(draft) = Draft::new() else { return };
    let text =
        "[pop]\nasn = 0\nname = \"pop.example.net\"\nnaem = \"x\"\n[ssh]\nlisten = [\"x\"]\n";
    fs::write(draft.path("peerling.toml"), text).unwrap();
    for operation in ["serve", "check", "plan", "apply", "genconfig"] {
        let said = draft.peerling(&[operation]);
        let status = if operation == "serve" { CONFIGURATION } else { FAILED };
        assert_eq!(said.status, Some(status), "{said:#?}");
        let problems = format!("{}{}", said.stdout, said.stderr);
        for place in ["peerling.toml:2:7: ", "peerling.toml:4:1: ", "peerling.toml:6:"] {
            assert!(problems.contains(place), "{operation}: {place}: {problems}");
        }
    }
    fs::remove_file(draft.path("peerling.toml")).unwrap();
    let said = draft.peerling(&["serve"]);
    assert!(said.refused(CONFIGURATION).contains("peerling.toml"), "{said:#?}");
}

#[test]
fn files_are_staged_as_they_always_were() {
    let Some(mut draft) = Draft::new() else { return };
    let said = draft.peerling(&["genconfig"]);
    assert_eq!(said.status, Some(FAILED), "it must be told where: {said:#?}");
    exec_create(&draft).fine();
    for key in ["wireguard_directory", "bird_directory"] {
        let path = draft.path(&format!("staged-{key}"));
        draft.set("genconfig", key, &format!("{path:?}"));
    }
    draft.peerling(&["genconfig"]).fine();
    let (wireguard, bird) = ("staged-wireguard_directory", "staged-bird_directory");
    let first = fs::read_link(draft.path(wireguard).join("current")).unwrap();
    let stamp = first.to_str().unwrap();
    assert!(stamp.len() == 14 && stamp.bytes().all(|byte| byte.is_ascii_digit()), "{stamp}");
    let staged = draft.read(&format!("{wireguard}/{stamp}/wg-as4242420001.conf"));
    assert_eq!(staged, wireguard_file("2001:db8::1:20263"));
    assert_eq!(draft.read(&format!("{bird}/current/ebgp_as4242420001")), BIRD_FILE);
    assert_eq!(names(&draft, "wireguard"), Vec::<String>::new(), "the live ones are another's");
    draft.peerling(&["exec", "--", "peer_remove", "4242420001", "--yes"]).fine();
    // A set is named by its second: the next one begins when the clock has moved on.
    let current = || fs::read_link(draft.path(wireguard).join("current")).unwrap();
    crate::run::wait_until("the link to move", || {
        draft.peerling(&["--genconfig"]).fine();
        current() != first
    });
    assert_eq!(names(&draft, &format!("{wireguard}/current")), Vec::<String>::new());
    assert!(draft.path(wireguard).join(&first).join("wg-as4242420001.conf").exists());
}

#[test]
fn plan_tells_and_apply_does() {
    let Some(draft) = Draft::new() else { return };
    assert_eq!(draft.peerling(&["plan"]).fine(), "");
    assert!(!draft.path("peering.db").exists(), "a look makes no database");
    exec_create(&draft).fine();
    let pending = draft.peerling(&["plan"]);
    assert_eq!(pending.status, Some(USAGE), "{pending:#?}");
    for file in ["wg-as4242420001.conf", "ebgp_as4242420001"] {
        assert!(pending.stdout.contains(&format!("write file {file}")), "{pending:#?}");
    }
    assert_eq!(names(&draft, "bird"), Vec::<String>::new(), "plan does nothing");
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    assert_eq!(draft.read("bird/ebgp_as4242420001"), BIRD_FILE);
    assert_eq!(draft.peerling(&["plan"]).fine(), "");
    fs::write(draft.path("bird/ebgp_as4242420001"), "# changed by hand").unwrap();
    fs::write(draft.path("bird/ebgp_as4242420077"), "# made by hand").unwrap();
    let pending = draft.peerling(&["plan"]);
    assert_eq!(pending.status, Some(USAGE), "{pending:#?}");
    assert!(pending.stdout.contains("change file ebgp_as4242420001"), "{pending:#?}");
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    assert_eq!(draft.read("bird/ebgp_as4242420001"), BIRD_FILE);
    assert_eq!(draft.read("bird/ebgp_as4242420077"), "# made by hand");
    draft.peerling(&["exec", "--", "peer_remove", "4242420001", "--yes"]).fine();
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    assert_eq!(names(&draft, "bird"), ["ebgp_as4242420077"]);
    assert_eq!(names(&draft, "wireguard"), Vec::<String>::new());
}

#[test]
fn what_cannot_be_applied_is_a_failure() {
    let Some(draft) = Draft::new() else { return };
    exec_create(&draft).fine();
    fs::create_dir(draft.path("bird/ebgp_as4242420001")).unwrap();
    let said = draft.peerling(&["apply"]);
    assert_eq!(said.status, Some(FAILED), "{said:#?}");
    assert!(said.stderr.contains("ebgp_as4242420001"), "{said:#?}");
}

#[test]
fn the_operator_acts_for_anybody() {
    let Some(draft) = Draft::new() else { return };
    let exec = |words: &[&str]| draft.peerling(&[&["exec"], words].concat());
    let who = exec(&["--as", "bob", "--", "whoami"]);
    assert_eq!(who.fine(), "BOB-MNT (by an administrator), AS4242420009\n");
    assert_eq!(exec(&["whoami"]).fine(), "administrator, no AS number\n");
    assert!(exec(&["--as", "nobody", "whoami"]).refused(FAILED).contains("nobody"));
    exec(&["--", "nonsense"]).refused(USAGE);
    exec(&["--", "peer_config", "4242420001"]).refused(FAILED);
    exec_create(&draft).fine();
    assert!(exec(&["peer_list", "--all"]).fine().contains("4242420001"));
    let json = exec(&["--as", "alice", "peer_list", "--json"]);
    assert_eq!(json.fine().lines().count(), 1, "{json:#?}");
}

#[test]
fn the_replaced_services_names_and_variables() {
    let Some(draft) = Draft::new() else { return };
    exec_create(&draft).fine();
    let path = |part: &str| draft.path(part).into_os_string();
    let dn42 = |operation: &str| {
        let mut command = draft.bare_command();
        command.arg(operation).env("DN42_ASN", "4242420263").env("DN42_SERVER", "pop.example.net");
        command.env("DN42_DB_PATH", path("peering.db")).env("DN42_SSH_PORT", "65000");
        command.env("DN42_REGISTRY_DIRECTORY", path("registry"));
        command.env("DN42_SSH_HOST_KEY", path("ssh_host_ed25519_key"));
        command.env("DN42_WG_PRIV_KEY", our_secret().reveal());
        command.env("DN42_WG_PUB_KEY", our_key().to_string());
        command.env("DN42_WG_LINK_LOCAL_PREFIX", "fe80:0263::");
        command.env("DN42_WG_CONFIG_DIR", path("staged")).env("DN42_BIRD_CONFIG_DIR", path("bird"));
        // What the replaced service did not have, and a test must not touch.
        command.env("PEERLING_WIREGUARD_BACKEND", "files").env("PEERLING_BIRD_SOCKET", "");
        run(&mut command, b"")
    };
    dn42("--genconfig").fine();
    let staged = draft.read("staged/current/wg-as4242420001.conf");
    assert_eq!(staged, wireguard_file("2001:db8::1:20263"));
    assert_eq!(draft.read("bird/current/ebgp_as4242420001"), BIRD_FILE);
    let checked = dn42("check");
    for words in ["listen = [\"[::1]:65000\"]", "8 maintainers", "1 peerings", "asn = 4242420263"] {
        assert!(checked.fine().contains(words), "{words}: {checked:#?}");
    }
}

#[test]
fn an_address_that_is_taken() {
    let Some(mut draft) = Draft::new() else { return };
    let other = TcpListener::bind("[::1]:0").unwrap();
    let address = other.local_addr().unwrap();
    draft.set("ssh", "listen", &format!("[\"{address}\"]"));
    let said = draft.peerling(&["--server"]);
    assert!(said.refused(FAILED).contains(&format!("cannot listen on {address}")), "{said:#?}");
}

/// A registry of a few thousand files takes it a moment to read.
#[test]
fn a_signal_while_it_starts_is_heeded_later() {
    let Some(draft) = Draft::new() else { return };
    (0..2000).for_each(|n| draft.member(&format!("MANY{n}"), &[], &[4242422000 + n]));
    let mut pop = draft.spawn(&[]);
    pop.wait_for_log("listening on", 1);
    pop.signal(Signal::HUP);
    pop.wait_for_log("configuration read again", 1);
}

#[test]
fn a_configuration_is_read_again() {
    let Some(mut pop) = Pop::start() else { return };
    let text = pop.read("peerling.toml");
    fs::write(pop.path("peerling.toml"), "[pop]\nasn = 0\n").unwrap();
    pop.signal(Signal::HUP);
    pop.wait_for_log("the new configuration is not used", 1);
    assert!(pop.alice("intro").fine().contains("Flip Flap Network"));
    fs::write(pop.path("peerling.toml"), text.replace("Flip Flap", "Flop")).unwrap();
    pop.signal(Signal::HUP);
    pop.wait_for_log("configuration read again", 1);
    assert!(pop.alice("intro").fine().contains("Flop Network"));
    pop.is_well();
}

/// The journal sorts lines by their priority, and only where it is the one that reads them.
#[test]
fn what_ends_the_service_is_an_error_in_the_journal() {
    let Some(mut draft) = Draft::new() else { return };
    draft.set("wireguard", "backend", "\"userspace\"");
    draft.set("wireguard", "userspace_command", "\"no-such-program\"");
    let serve = |stream: &str| {
        let log = fs::File::create(draft.path("log")).unwrap();
        let mut command = draft.command();
        command.arg("serve").env("JOURNAL_STREAM", stream).stderr(log);
        assert_eq!(command.status().unwrap().code(), Some(FAILED));
        draft.read("log")
    };
    serve("");
    let log = fs::metadata(draft.path("log")).unwrap();
    let begins = "peerling: WireGuard by userspace";
    assert!(serve(&format!("{}:{}", log.dev(), log.ino())).starts_with(&format!("<3>{begins}")));
    let elsewhere = serve("8:1");
    assert!(after_time(&elsewhere).starts_with(begins), "that is another file: {elsewhere}");
}

/// A line of the log after the time that it begins with (RFC 3339).
fn after_time(line: &str) -> &str {
    let (time, words) = line.split_once(' ').unwrap();
    assert!(time.ends_with('Z') && time.len() == 20, "{line}");
    assert!(Timestamp::from_iso(time.trim_end_matches('Z')).is_some(), "{line}");
    words
}

#[test]
fn the_log_tells_the_time_where_no_journal_does() {
    let Some(pop) = Pop::start() else { return };
    let draft = pop.stop();
    for line in draft.read("log").lines() {
        after_time(line);
    }
    draft.secret("wireguard.key", "no key");
    let plan = draft.peerling(&["plan"]);
    assert!(plan.refused(FAILED).starts_with("peerling: "), "somebody looks on: {plan:#?}");
}

/// What nobody but the operator mends is not tried again by the service manager.
#[test]
fn a_service_that_can_never_begin_says_so_by_its_status() {
    let Some(mut draft) = Draft::new() else { return };
    draft.peerling(&["serve", "--test"]).fine();
    assert!(!draft.path("peering.db").exists(), "a test makes nothing");
    draft.secret("ssh_host_ed25519_key", "no key");
    draft.secret("wireguard.key", "no key");
    draft.set("wireguard", "public_key", &format!("\"{}\"", our_key()));
    for arguments in [vec!["serve"], vec!["serve", "--test"]] {
        let said = draft.peerling(&arguments);
        let told = said.refused(CONFIGURATION);
        for words in ["wireguard.key", "ssh_host_ed25519_key"] {
            assert!(told.contains(words), "{arguments:?}: {words}: {told}");
        }
    }
    let key = "\"/run/credentials/peerling.service/wireguard.key\"";
    draft.set("wireguard", "private_key_file", key);
    let said = draft.peerling(&["serve"]);
    let told = said.refused(CONFIGURATION);
    for words in ["systemd handed over no key", "systemctl edit peerling", "Environment="] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let unit = include_str!("../../packaging/systemd/peerling.service");
    assert!(unit.contains("\nRestartPreventExitStatus=78\n"), "{unit}");
}
