//! The lab: the real binary between network namespaces, with OpenSSH, BIRD and WireGuard. The plays
//! are shell scripts in `tests/lab`; what they have in common is in `tests/lab/parts`. The list of
//! plays is in this file alone. Each is one test of that name, which prints its steps, and
//! `make lab` runs these tests one after the other:
//!
//! ```sh
//! cargo test --test lab drift
//! ```
//!
//! Where the lab cannot be set up (no root, a program is missing) the tests say so and pass, unless
//! `PEERLING_LAB=required`.

#[path = "../src/testing.rs"]
mod testing;

use std::path::Path;
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
/// A script right here is a play.
const PLAYS_DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab");
/// Prints README's transcript, and is no test.
const TRANSCRIPT: &str = "transcript";
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
    let script = Path::new(PLAYS_DIRECTORY).join(name).with_extension("sh");
    let mut run = Command::new("bash");
    run.arg(&script).env("PATH", path).env("PEERLING", env!("CARGO_BIN_EXE_peerling"));
    let status = run.stdin(Stdio::null()).status().expect("bash can be run");
    assert!(status.success(), "{name}: {status}; what failed is told above");
}

/// One test for each play, by the name of its script.
macro_rules! plays {
    ($($(#[$what:meta])* $name:ident)*) => {
        const PLAYS: &[&str] = &[$(stringify!($name)),*];
        $(
            $(#[$what])*
            #[test]
            fn $name() {
                play(stringify!($name));
            }
        )*
    };
}

plays! {
    /// A peering from the key in the registry to its removal.
    peering
    /// A running POP is taken over from the replaced service without a step.
    takeover
    /// Ten peers that were made by hand become peerings, and nothing flaps.
    imported
    /// A peering goes down and comes back, and everybody who should be told is.
    life
    /// What `peer_status` says of two dozen mistakes of members.
    diagnosis
    /// What `peer_config` prints for other programs comes up as printed.
    forms
    /// What an operator changes by hand is mended, and nothing is removed unasked.
    hands
    /// Drift is mended and logged, and after the third time left alone.
    drift
    /// A wall clock that is set moves nothing else.
    clock
    /// A machine without room for more links says which limit it is.
    limits
    /// Crashes and faults harm no other peering, and pass.
    crashes
    /// Four POPs are one network.
    mesh
    /// One POP without a mesh carries packets from one member's network to the other's.
    alone
    /// `make demo` as root: two POPs, a peering that is Established, and one that fails.
    demo
    /// The dn42 wiki's configuration of BIRD, and names of the operator's own.
    wiki
    /// The filters of `peerling bird-init` let in what they should.
    filters
}

#[test]
fn every_play_is_listed() {
    let mut scripts = Vec::new();
    for entry in std::fs::read_dir(PLAYS_DIRECTORY).expect("the directory of plays") {
        let path = entry.expect("a directory entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if path.is_file() && name != TRANSCRIPT {
            scripts.push(name);
        }
    }
    scripts.sort();
    let mut listed = PLAYS.to_vec();
    listed.sort_unstable();
    assert_eq!(scripts, listed, "the scripts in {PLAYS_DIRECTORY}, and the list in tests/lab.rs");
}
