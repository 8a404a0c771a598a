//! `peerling check`: every thing that it looks at, with a fault that it has to find.

mod bird;
mod machine;
mod rights;

use crate::files::REFERENCE;
use crate::pop::{BOB, Draft, router_key};
use crate::run::{Said, run};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;
use tinyjson::JsonValue;

/// Something is wrong.
const WRONG: i32 = 1;

/// What `peerling check --json` prints.
#[derive(Debug)]
pub struct Report {
    pub ok: bool,
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Debug)]
pub struct Finding {
    pub name: String,
    pub state: String,
    pub detail: String,
    pub remedy: Option<String>,
}

impl Finding {
    fn read(json: &JsonValue) -> Finding {
        let text = |key: &str| json[key].get::<String>().cloned();
        Finding {
            name: text("name").unwrap(),
            state: text("state").unwrap(),
            detail: text("detail").unwrap(),
            remedy: text("remedy"),
        }
    }
}

impl Report {
    /// What this command reports; its exit status has to say the same.
    pub fn of(command: &mut Command) -> Report {
        let said = run(command, b"");
        let json: JsonValue =
            said.stdout.parse().unwrap_or_else(|error| panic!("{error}: {said:#?}"));
        assert_eq!(json["version"], JsonValue::Number(1.0), "{said:#?}");
        let list: &Vec<JsonValue> = json["findings"].get().unwrap();
        let findings = list.iter().map(Finding::read).collect();
        let report = Report { ok: *json["ok"].get().unwrap(), findings };
        let wrong = report.findings.iter().any(|finding| finding.state == "wrong");
        assert_eq!(report.ok, !wrong, "{said:#?}");
        assert_eq!(said.status, Some(if wrong { WRONG } else { 0 }), "{said:#?}");
        for finding in &report.findings {
            let remedy = finding.remedy.as_deref().unwrap_or_default();
            assert_eq!(finding.state == "ok", remedy.is_empty(), "{finding:#?}");
        }
        report
    }

    /// Asserts that something wrong with these words has this remedy.
    pub fn mends(&self, words: &str, remedy: &str) {
        let found = self.findings.iter().any(|finding| {
            finding.state == "wrong"
                && finding.detail.contains(words)
                && finding.remedy.as_deref() == Some(remedy)
        });
        assert!(found, "no {words:?} with {remedy:?} in {self:#?}");
    }

    /// Asserts that an area has a finding in this state with these words.
    pub fn has(&self, name: &str, state: &str, words: &str) {
        let found = self.findings.iter().any(|finding| {
            finding.name == name && finding.state == state && finding.detail.contains(words)
        });
        assert!(found, "no {name} {state} {words:?} in {self:#?}");
    }
}

/// The report about a POP of a test.
pub fn report(draft: &Draft) -> Report {
    Report::of(draft.command().args(["check", "--json"]))
}

/// ALICE's first AS number gets its usual peering, by the operator's hand.
pub fn create(draft: &Draft) -> Said {
    let key = router_key(1);
    let words = ["exec", "--as", "alice", "--", "peer_create", "--asn", "4242420001"];
    let answers = ["--wg-pub-key", &key, "--endpoint-addr", "2001:db8::1:20263"];
    draft.peerling(&[&words[..], &answers[..]].concat())
}

/// A line for each thing, a sum, and above them what the configuration sets.
#[test]
fn a_sound_pop_is_found_sound() {
    let Some(draft) = Draft::new() else { return };
    create(&draft).fine();
    draft.peerling(&["apply"]);
    let said = draft.peerling(&["check"]);
    let text = said.fine();
    for words in ["public key ", "8 maintainers", "1 peerings", "WireGuard by files: "] {
        let told = text.lines().any(|line| line.starts_with("ok ") && line.contains(words));
        assert!(told, "{words}: {text}");
    }
    assert!(text.contains("[store]\npath = ") && !text.contains("[limits]"), "{text}");
    assert!(text.lines().last().is_some_and(|line| line.starts_with("0 wrong, ")), "{text}");
}

/// With everything that can be told, it is a configuration, and means the same.
#[test]
fn the_effective_configuration_parses_again() {
    let Some(draft) = Draft::new() else { return };
    let effective = draft.peerling(&["--verbose", "check"]).fine().to_string();
    assert!(effective.contains("[limits]") && effective.contains("\n# ok "), "{effective}");
    fs::write(draft.path("printed.toml"), &effective).unwrap();
    let printed = ["--config", "printed.toml", "--verbose", "check"];
    let again = run(draft.bare_command().args(printed), b"").fine().to_string();
    assert_eq!(keys(&again), keys(&effective));
    let usage = run(draft.command().args(["plan", "--json"]), b"");
    assert_eq!(usage.status, Some(2), "{usage:#?}");
}

/// A configuration without its comments.
fn keys(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn everything_that_is_wrong_is_found_at_once() {
    let Some(mut draft) = Draft::new() else { return };
    let database = Connection::open(draft.path("peering.db")).unwrap();
    database.execute(REFERENCE, []).unwrap();
    let insert = "INSERT INTO peering_links VALUES (?1, ?2, ?3, ?4, 20263, NULL)";
    database.execute(insert, (1, 4242420001_u32, "not a key", "2001:db8::1")).unwrap();
    database.execute(insert, (2, BOB, router_key(9), "a b")).unwrap();
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(draft.path("wireguard.key"), open).unwrap();
    draft.secret("ssh_host_ed25519_key", "no key");
    for (section, key) in [("registry", "directory"), ("bird", "socket"), ("ssh", "motd")] {
        let nowhere = draft.path(&format!("nowhere-{section}"));
        draft.set(section, key, &format!("{nowhere:?}"));
    }
    let report = report(&draft);
    for (name, words) in [
        ("wireguard", "wireguard.key: others can read it (mode 644)"),
        ("host_keys", "ssh_host_ed25519_key: no private key that can be read"),
        ("registry", "nowhere-registry"),
        ("bird", "nowhere-bird"),
        ("peering", "AS4242420001: "),
        ("peering", "AS4242420009: "),
    ] {
        report.has(name, "wrong", words);
    }
    report.has("configuration", "warn", "nowhere-ssh");
    assert!(!draft.path("nowhere-registry").exists(), "looking changes nothing");
}

/// What the machine has beside what it should: what is not ours is no trouble, the rest is.
#[test]
fn what_is_left_alone_is_told() {
    let Some(mut draft) = Draft::new() else { return };
    create(&draft).fine();
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    let database = Connection::open(draft.path("peering.db")).unwrap();
    symlink("/nowhere", draft.path("wireguard/wg-as64998.conf")).unwrap();
    let sound = report(&draft);
    sound.has("foreign", "ok", "wg-as64998.conf");
    sound.has("machine", "ok", "the machine is as it should be");
    assert!(sound.ok);
    fs::write(draft.path("bird/ebgp_as64999"), "").unwrap();
    let insert = "INSERT INTO peerling_left_alone VALUES (4242420001, 'its link drifts')";
    database.execute(insert, []).unwrap();
    draft.set("wireguard", "backend", "\"userspace\"");
    draft.set("wireguard", "userspace_command", "\"no-such-program\"");
    let wrong = report(&draft);
    for words in ["AS4242420001: its link drifts", "AS64999", "cannot work: no "] {
        let told = wrong.findings.iter().filter(|finding| finding.detail.contains(words));
        assert_eq!(told.map(|finding| finding.state.as_str()).collect::<Vec<_>>(), ["wrong"]);
    }
    draft.set("wireguard", "backend", "\"files\"");
    let plan = draft.peerling(&["plan"]);
    assert!(plan.stderr.contains("wg-as64998") && plan.stderr.contains("AS64999"), "{plan:#?}");
}
