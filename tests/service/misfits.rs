//! A configuration, a database and a machine that do not fit together: one line that says why, exit
//! status 1, and nothing changed.

use crate::pop::Draft;
use crate::run::{self, Said, has, run};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Refused.
const FAILED: i32 = 1;

/// Every file of a directory with its content, but for what SQLite itself needs to read: its index
/// in memory, and a log with nothing in it.
fn content(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(|it| it.unwrap());
    let files = entries.filter(|it| it.file_type().unwrap().is_file());
    let named =
        files.map(|it| (it.file_name().into_string().unwrap(), fs::read(it.path()).unwrap()));
    let is_sqlites = |name: &str, bytes: &[u8]| {
        name.ends_with("-shm") || name.ends_with("-wal") && bytes.is_empty()
    };
    named.filter(|(name, bytes)| !is_sqlites(name, bytes)).collect()
}

/// What the operation says; it must be one line, and nothing may have changed.
fn refused(draft: &Draft, act: impl FnOnce() -> Said) -> String {
    let before = content(&draft.directory);
    let said = act();
    let line = said.refused(FAILED).to_owned();
    assert!(line.starts_with("peerling: ") && line.lines().count() == 1, "{line}");
    let after = content(&draft.directory);
    let changed: Vec<&String> = before
        .keys()
        .chain(after.keys())
        .filter(|name| before.get(*name) != after.get(*name))
        .collect();
    assert!(changed.is_empty(), "changed: {changed:?}: {line}");
    line
}

/// As the shell does it: `words`, and then the binary with this operation.
fn wrapped(draft: &Draft, words: &[&str], operation: &str) -> Said {
    let mut command = draft.command();
    command.arg(operation);
    run(run::wrapped(words, &command).current_dir(&draft.directory), b"")
}

fn database(draft: &Draft) -> Connection {
    Connection::open(draft.path("peering.db")).unwrap()
}

#[test]
fn a_database_from_a_newer_version() {
    let Some(draft) = Draft::new() else { return };
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    database(&draft).pragma_update(None, "user_version", 99).unwrap();
    for operation in ["serve", "apply", "plan"] {
        let line = refused(&draft, || draft.peerling(&[operation]));
        assert!(line.contains("peering.db: made by a newer peerling (schema 99"), "{line}");
    }
    assert!(draft.peerling(&["check"]).stderr.contains("made by a newer peerling"));
}

#[test]
fn the_database_of_another_pop() {
    let Some(mut draft) = Draft::new() else { return };
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    // Another name alone, then another key alone: the same POP.
    draft.set("pop", "name", "\"renamed.example.net\"");
    assert_eq!(draft.peerling(&["plan"]).status, Some(0));
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    draft.set("pop", "name", "\"other.example.net\"");
    let other = peerling::model::WgSecret::new([9; 32]);
    draft.secret("wireguard.key", &other.reveal());
    for operation in ["serve", "apply", "plan"] {
        let line = refused(&draft, || draft.peerling(&[operation]));
        let words = "this is the database of renamed.example.net (AS4242420263)";
        assert!(line.contains(words) && line.contains("DELETE FROM peerling_pop"), "{line}");
    }
    assert!(draft.peerling(&["check"]).stderr.contains("this is the database of renamed"));
    draft.set("pop", "name", "\"renamed.example.net\"");
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    draft.set("pop", "asn", "4242420264");
    refused(&draft, || draft.peerling(&["apply"]));
    database(&draft).execute("DELETE FROM peerling_pop", []).unwrap();
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
}

#[test]
fn an_empty_file_is_a_database_to_be_made() {
    let Some(draft) = Draft::new() else { return };
    fs::write(draft.path("peering.db"), "").unwrap();
    assert_eq!(draft.peerling(&["plan"]).status, Some(0));
    assert!(draft.peerling(&["check"]).fine().contains("peering.db: will be made"));
    assert_eq!(draft.read("peering.db"), "", "looking changes nothing");
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
}

#[test]
fn a_back_end_that_cannot_work_here() {
    let Some(mut draft) = Draft::new() else { return };
    draft.set("wireguard", "backend", "\"userspace\"");
    draft.set("wireguard", "userspace_command", "\"no-such-program\"");
    fs::remove_file(draft.path("ssh_host_ed25519_key")).unwrap();
    for operation in ["serve", "apply"] {
        let line = refused(&draft, || draft.peerling(&[operation]));
        assert!(line.contains("WireGuard by userspace (no-such-program) cannot work: "), "{line}");
    }
    if !(rustix::process::geteuid().is_root() && has("setpriv", "util-linux")) {
        return;
    }
    let without = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"];
    for backend in ["\"kernel\"", "\"userspace\""] {
        draft.set("wireguard", "backend", backend);
        let line = refused(&draft, || wrapped(&draft, &without, "serve"));
        assert!(line.contains("no right to make links (CAP_NET_ADMIN)"), "{line}");
    }
}

#[test]
fn a_state_directory_that_is_read_only() {
    let Some(draft) = Draft::new() else { return };
    if !(rustix::process::geteuid().is_root() && has("unshare", "util-linux")) {
        return;
    }
    fs::remove_file(draft.path("ssh_host_ed25519_key")).unwrap();
    let script = "mount --bind . . && mount -o remount,bind,ro . && exec \"$@\"";
    let read_only = ["unshare", "--mount", "sh", "-c", script, "sh"];
    for operation in ["serve", "apply"] {
        let line = refused(&draft, || wrapped(&draft, &read_only, operation));
        assert!(line.contains("peering.db: "), "{line}");
    }
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    for operation in ["serve", "apply"] {
        let line = refused(&draft, || wrapped(&draft, &read_only, operation));
        assert!(line.contains("peering.db: "), "{line}");
    }
}
