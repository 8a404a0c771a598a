//! The lab: the real binary between network namespaces, with OpenSSH, BIRD and WireGuard. The plays
//! are shell scripts in `tests/lab`, which `make lab` runs too; here each is one test that prints
//! its steps.
//!
//! Where the lab cannot be set up (no root, a program is missing) the tests say so and pass, unless
//! `PEERLING_LAB=required`.

#[path = "../src/testing.rs"]
mod testing;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the plays run beside the binary under test.
const PROGRAMS: [&str; 18] = [
    "bash",
    "bird",
    "birdc",
    "dnsmasq",
    "faketime",
    "ip",
    "jq",
    "ping",
    "prlimit",
    "sqlite3",
    "ss",
    "ssh",
    "strace",
    "unshare",
    "vtysh",
    "wg",
    "wg-quick",
    "wireguard-go",
];
/// Where root's programs lie, for whoever has not got them in PATH.
const ROOT_PATH: &str = "/usr/local/sbin:/usr/sbin:/sbin";
/// A userspace WireGuard makes its links here.
const TUN: &str = "/dev/net/tun";

/// Why the lab cannot be set up here, if it cannot.
fn missing(path: &str) -> Option<String> {
    let there = |program: &&str| path.split(':').any(|it| Path::new(it).join(program).is_file());
    let absent: Vec<_> = PROGRAMS.iter().filter(|it| !there(it)).copied().collect();
    if !absent.is_empty() {
        return Some(format!("not installed: {}", absent.join(", ")));
    }
    if !Path::new(TUN).exists() {
        return Some(format!("no {TUN}"));
    }
    // Root in a container may not be allowed to: trying is the only proof.
    let mut namespaces = Command::new("unshare");
    namespaces.args(["--mount", "--net", "--pid", "--fork", "--mount-proc", "true"]);
    match namespaces.env("PATH", path).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => None,
        _ => Some("no right to make namespaces (run it as root)".to_string()),
    }
}

/// Runs a play, or says why not.
fn play(name: &str) {
    let path = format!("{}:{ROOT_PATH}", std::env::var("PATH").unwrap_or_default());
    if let Some(why) = missing(&path) {
        return testing::skipped(name, &format!("the lab cannot be set up: {why}"));
    }
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(name);
    let mut run = Command::new("bash");
    run.arg(&script).env("PATH", path).env("PEERLING", env!("CARGO_BIN_EXE_peerling"));
    let status = run.stdin(Stdio::null()).status().expect("bash can be run");
    assert!(status.success(), "{name}: {status}; what failed is told above");
}

#[test]
fn a_peering_from_the_registry_to_its_removal() {
    play("peering.sh");
}

#[test]
fn a_running_pop_is_taken_over_without_a_step() {
    play("takeover.sh");
}

#[test]
fn what_is_wrong_is_named() {
    play("diagnosis.sh");
}

#[test]
fn what_is_printed_for_other_programs_comes_up_as_printed() {
    play("forms.sh");
}

#[test]
fn what_hands_change_is_mended_and_nothing_goes_unasked() {
    play("hands.sh");
}

#[test]
fn drift_is_mended_told_and_then_left() {
    play("drift.sh");
}

#[test]
fn a_clock_that_is_set_moves_nothing_else() {
    play("clock.sh");
}

#[test]
fn a_machine_without_room_for_more_links_says_so() {
    play("limits.sh");
}

#[test]
fn crashes_and_faults_harm_nobody_and_pass() {
    play("crashes.sh");
}

#[test]
fn four_pops_are_one_network() {
    play("mesh.sh");
}
