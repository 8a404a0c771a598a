//! Clients that are not OpenSSH: each logs in, runs a command, and learns its exit status; what
//! they need to do so is written here. And what an auditor of algorithms has to say.

use crate::answers::json;
use crate::pop::Pop;
use crate::run::{Said, has, run, skip};
use std::process::Command;
use tinyjson::JsonValue;

const WHOAMI: &str = "ALICE-MNT, AS4242420001, AS4242420002\n";

/// A program that finds nothing of the user's own in its home.
fn program(pop: &Pop, name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("HOME", &pop.directory).env("LC_ALL", "C.UTF-8").env_remove("SSH_AUTH_SOCK");
    command.current_dir(&pop.directory);
    command
}

/// Dropbear has key files of its own kind; `-y` twice leaves the host key to the other tests.
#[test]
fn dropbear() {
    if !(has("dbclient", "dropbear-bin") && has("dropbearconvert", "dropbear-bin")) {
        return;
    }
    let Some(pop) = Pop::start() else { return };
    let mut convert = program(&pop, "dropbearconvert");
    run(convert.args(["openssh", "dropbear", "keys/alice", "keys/alice.dropbear"]), b"");
    let dbclient = |command: &str| {
        let mut client = program(&pop, "dbclient");
        client.args(["-y", "-y", "-T", "-i", "keys/alice.dropbear", "-p", &pop.port.to_string()]);
        run(client.args(["alice@::1", command]), b"")
    };
    let said = dbclient("whoami");
    assert_eq!((said.status, said.stdout.as_str()), (Some(0), WHOAMI), "{said:#?}");
    assert_eq!(dbclient("nonsense").status, Some(2));
}

/// PuTTY has key files of its own kind too.
#[test]
fn putty() {
    if !(has("plink", "putty-tools") && has("puttygen", "putty-tools")) {
        return;
    }
    let Some(pop) = Pop::start() else { return };
    let mut convert = program(&pop, "puttygen");
    run(convert.args(["keys/alice", "-O", "private", "-o", "keys/alice.ppk"]), b"").fine();
    let mut fingerprint = program(&pop, "ssh-keygen");
    let fingerprint = run(fingerprint.args(["-l", "-f", "ssh_host_ed25519_key.pub"]), b"");
    let host_key = fingerprint.fine().split(' ').nth(1).unwrap();
    let plink = |command: &str| {
        let mut client = program(&pop, "plink");
        client.args(["-ssh", "-batch", "-noagent", "-hostkey", host_key, "-i", "keys/alice.ppk"]);
        run(client.args(["-P", &pop.port.to_string(), "-l", "alice", "::1", command]), b"")
    };
    let said = plink("whoami");
    assert_eq!((said.status, said.stdout.as_str()), (Some(0), WHOAMI), "{said:#?}");
    assert_eq!(plink("nonsense").status, Some(2));
}

/// Runs a script with a module of Python's, if there is one.
fn python(pop: &Pop, module: &str, script: &str, host_key: &str) -> Option<Said> {
    let mut import = program(pop, "python3");
    import.args(["-c", &format!("import {module}")]);
    if !has("python3", "python3") {
        return None;
    }
    if run(&mut import, b"").status != Some(0) {
        skip(&format!("python3 cannot import {module}; pip install {module}"));
        return None;
    }
    let mut client = program(pop, "python3");
    client.args(["-W", "ignore", "-c", script, "::1", &pop.port.to_string(), "alice"]);
    Some(run(client.args(["keys/alice", host_key]), b""))
}

#[test]
fn paramiko() {
    let Some(pop) = Pop::start() else { return };
    let script = include_str!("python/with_paramiko.py");
    let said = python(&pop, "paramiko", script, "ssh_host_ed25519_key.pub");
    let expected = "\
whoami 0 'ALICE-MNT, AS4242420001, AS4242420002\\n' False
nonsense 2 '' True
shell 0
a second command refused
sftp refused
x11 refused
forwarding refused
tunnel refused
whoami 0 'ALICE-MNT, AS4242420001, AS4242420002\\n' False
";
    said.into_iter().for_each(|said| assert_eq!(said.fine(), expected));
}

#[test]
fn asyncssh() {
    let Some(pop) = Pop::start() else { return };
    let said = python(&pop, "asyncssh", include_str!("python/with_asyncssh.py"), "known_hosts");
    let expected = "\
whoami 0 'ALICE-MNT, AS4242420001, AS4242420002\\n' False
nonsense 2 '' True
shell 0
channels 8
whoami 0 'ALICE-MNT, AS4242420001, AS4242420002\\n' False
";
    said.into_iter().for_each(|said| assert_eq!(said.fine(), expected));
}

/// Commands through one connection of OpenSSH's, and new keys in the middle of it.
#[test]
fn a_shared_connection_and_new_keys() {
    let Some(pop) = Pop::start() else { return };
    let shared = format!("ControlPath={}", pop.path("control").display());
    let master = pop.ssh("alice", "alice").option(&shared).argument("-MN").command();
    let master = crate::pty::Pty::spawn(&master, 80);
    pop.wait_for_file("control");
    for _ in 0..3 {
        assert_eq!(pop.ssh("nobody", "none").option(&shared).run("whoami").stdout, WHOAMI);
    }
    drop(master);
    assert_eq!(pop.log().matches("logged in").count(), 1, "{}", pop.log());
    let before = pop.log().matches("kex done").count();
    let ssh = pop.ssh("alice", "alice").option("RekeyLimit=1K");
    assert_eq!(ssh.script("whoami\n".repeat(1000)).fine(), WHOAMI.repeat(1000));
    let exchanges = pop.log().matches("kex done").count() - before;
    assert!(exchanges > 2, "{exchanges} key exchanges");
}

/// The notes of one level on each algorithm: an operator would be asked about `fail` and `warn`.
fn notes(report: &JsonValue, level: &str) -> Vec<String> {
    let mut found = Vec::new();
    for kind in ["kex", "key", "enc", "mac"] {
        let algorithms: &Vec<JsonValue> = report[kind].get().unwrap();
        assert!(!algorithms.is_empty(), "no {kind}");
        for algorithm in algorithms {
            let name: &String = algorithm["algorithm"].get().unwrap();
            let notes = algorithm["notes"].get::<std::collections::HashMap<String, JsonValue>>();
            let notes = notes.unwrap().get(level).and_then(|it| it.get::<Vec<JsonValue>>());
            for note in notes.into_iter().flatten() {
                found.push(format!("{kind} {name}: {}", note.get::<String>().unwrap()));
            }
        }
    }
    found
}

#[test]
fn an_auditor_finds_nothing_weak() {
    if !has("ssh-audit", "ssh-audit of PyPI") {
        return;
    }
    let Some(pop) = Pop::start() else { return };
    let mut audit = program(&pop, "ssh-audit");
    audit.args(["-jj", "--skip-rate-test", "-6", "-p", &pop.port.to_string(), "::1"]);
    let report = json(&run(&mut audit, b"").stdout);
    assert_eq!(notes(&report, "fail"), Vec::<String>::new());
    let quantum = |note: &String| note.contains("post-quantum") && note.contains("curve25519");
    let warnings: Vec<_> = notes(&report, "warn").into_iter().filter(|it| !quantum(it)).collect();
    assert_eq!(warnings, Vec::<String>::new());
}
