//! A configuration, a database and a machine that do not fit together: one line that says why, exit
//! status 1, and nothing changed.

use crate::pop::Draft;
use crate::run::{self, Said, has, run};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

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
    assert!(line.contains("peerling: ") && line.lines().count() == 1, "{line}");
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
    assert!(draft.peerling(&["check"]).stdout.contains("made by a newer peerling"));
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
    assert!(draft.peerling(&["check"]).stdout.contains("this is the database of renamed"));
    let staging = format!("{:?}", draft.path("staging"));
    for key in ["wireguard_directory", "bird_directory"] {
        draft.set("genconfig", key, &staging);
    }
    let line = refused(&draft, || draft.peerling(&["genconfig"]));
    assert!(line.contains("this is the database of renamed"), "{line}");
    let line = draft.peerling(&["export", "backup"]).refused(FAILED).to_owned();
    assert!(line.contains("this is the database of renamed"), "{line}");
    assert!(!draft.path("staging").exists(), "no set was begun");
    let copies = draft.path("backup/servers/other");
    assert!(!copies.join("peering.db").exists(), "another POP's peerings are not this one's");
    draft.set("pop", "name", "\"renamed.example.net\"");
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    draft.set("pop", "asn", "4242420264");
    refused(&draft, || draft.peerling(&["apply"]));
    database(&draft).execute("DELETE FROM peerling_pop", []).unwrap();
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
}

/// Also one that an older version made: nothing in it is brought to this version.
#[test]
fn the_old_database_of_another_pop() {
    let Some(mut draft) = Draft::new() else { return };
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    let version = |draft: &Draft| {
        let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        database(draft).query_row("PRAGMA user_version", [], read).unwrap()
    };
    let old = version(&draft) - 1;
    database(&draft).pragma_update(None, "journal_mode", "DELETE").unwrap();
    database(&draft).pragma_update(None, "user_version", old).unwrap();
    draft.set("pop", "asn", "4242420264");
    for operation in ["serve", "apply", "plan"] {
        let line = refused(&draft, || draft.peerling(&[operation]));
        assert!(line.contains("this is the database of pop.example.net"), "{line}");
        assert_eq!(version(&draft), old);
    }
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
    for operation in ["serve", "apply", "plan"] {
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

/// A namespace of one's own, so that no link of this machine is in reach.
const APART: [&str; 2] = ["unshare", "--net"];

/// Can namespaces be made, and has this machine's kernel no WireGuard? `make vm` plays it on one
/// that has.
fn lacks_wireguard() -> bool {
    if !(rustix::process::geteuid().is_root() && has("unshare", "util-linux")) {
        return false;
    }
    let probe = ["--net", "ip", "link", "add", "probe", "type", "wireguard"];
    has("ip", "iproute2") && run(Command::new("unshare").args(probe), b"").status != Some(0)
}

#[test]
fn a_kernel_without_wireguard() {
    let Some(mut draft) = Draft::new().filter(|_| lacks_wireguard()) else { return };
    fs::remove_file(draft.path("ssh_host_ed25519_key")).unwrap();
    draft.set("wireguard", "backend", "\"kernel\"");
    let words = "WireGuard by kernel cannot work: this kernel has no WireGuard; install and load \
                 its module (modprobe wireguard; ";
    for operation in ["serve", "apply", "plan"] {
        let line = refused(&draft, || wrapped(&draft, &APART, operation));
        assert!(line.contains(words), "{line}");
    }
    let said = wrapped(&draft, &APART, "check");
    assert_eq!(said.status, Some(FAILED), "{said:#?}");
    assert_eq!(said.stdout.matches(words).count(), 1, "{said:#?}");
}

/// What `auto` falls back to is no secret: `check` and the log say it.
#[test]
fn nothing_that_makes_links() {
    let Some(mut draft) = Draft::new().filter(|_| lacks_wireguard()) else { return };
    draft.set("wireguard", "backend", "\"auto\"");
    draft.set("wireguard", "userspace_command", "\"no-such-program\"");
    let words = "WireGuard by files, so nobody makes the tunnels: this kernel has no WireGuard, \
                 and there is no program no-such-program; ";
    let said = wrapped(&draft, &APART, "check");
    assert_eq!(said.status, Some(FAILED), "{said:#?}");
    assert!(said.stdout.contains(words), "{said:#?}");
    let mut pop = draft.serve();
    pop.wait_for_log(&format!("warning: {words}"), 1);
    let mut draft = pop.stop();
    // Any program will do: none is started before there is a link.
    draft.set("wireguard", "userspace_command", "\"true\"");
    let words = "WireGuard by userspace (true), a process for each link: this kernel has no ";
    let said = draft.peerling(&["check"]);
    // Whether this machine forwards packets is no matter here.
    assert!(said.stdout.contains(words), "{said:#?}");
    let mut pop = draft.serve();
    pop.wait_for_log(&format!("warning: {words}"), 1);
    // A configuration that cannot work here is not taken over.
    pop.set_and_reload("wireguard", "backend", "\"kernel\"");
    pop.wait_for_log("the new configuration is not used: WireGuard by kernel cannot work", 1);
    pop.set_and_reload("wireguard", "backend", "\"files\"");
    pop.wait_for_log("WireGuard by files: as configured", 1);
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

/// strace ends the service before each of its first writes and renames; among them are those of the
/// host key.
#[test]
fn a_first_start_that_is_killed_leaves_no_half_host_key() {
    let Some(draft) = Draft::new() else { return };
    if !has("strace", "strace") {
        return;
    }
    let key = draft.path("ssh_host_ed25519_key");
    let mut whole = 0;
    for call in ["write", "rename"] {
        for number in 1..=6 {
            let _ = fs::remove_file(&key);
            let inject = format!("inject={call}:signal=SIGKILL:when={number}");
            let trace = format!("trace={call}");
            let strace = ["strace", "-f", "--quiet=all", "-o", "/dev/null"];
            let words = [&strace[..], &["-e", &trace, "-e", &inject, "timeout", "2"]].concat();
            wrapped(&draft, &words, "serve");
            let said = draft.peerling(&["check"]);
            assert!(!said.stdout.contains("no private key"), "{call} {number}: {}", said.stdout);
            whole += usize::from(key.exists());
        }
    }
    assert!((1..12).contains(&whole), "before the key and after it: {whole}");
}
