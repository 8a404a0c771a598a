//! A POP's year, played by a seed: members and administrators type commands, BIRD, the service, the
//! disk, the database, the registry and the name server fail and are mended, and somebody's hands
//! change links and files. After each while there is a quiet moment, and then all must be as it was
//! answered: see `quiet`.
//!
//! Everything is real: the binary under test, BIRD, wireguard-go, OpenSSH, dnsmasq, SQLite. The
//! program runs itself again in network, mount and process namespaces of its own. It needs root,
//! and says why where it cannot run.
//!
//! `make chaos SEED=… OPS=…` plays one; `cargo test --test chaos` half a minute of a fixed seed and
//! half a minute of a fresh one, which it prints.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test without the usual harness: whatever is not as it should be ends it"
)]

mod answers;
mod bystander;
mod commands;
mod database;
mod foreign;
mod hands;
mod machine;
mod machine_check;
mod model;
mod play;
mod pop;
#[path = "../support/pty.rs"]
#[allow(dead_code, reason = "the client can be used at a terminal too")]
mod pty;
mod quiet;
mod random;
#[path = "../support/registry.rs"]
mod registry;
#[path = "../support/run.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod run;
#[path = "../support/ssh.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod ssh;
mod stage;
#[path = "../../src/testing.rs"]
mod testing;
mod weather;

use play::{Limit, Play};
use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// What the play runs beside the binary under test.
const PROGRAMS: [&str; 13] = [
    "bash",
    "bird",
    "birdc",
    "dnsmasq",
    "ip",
    "mount",
    "sqlite3",
    "ssh",
    "ssh-keygen",
    "unshare",
    "wg",
    "wg-quick",
    "wireguard-go",
];
/// Where root's programs lie, for whoever has not got them in PATH.
const ROOT_PATH: &str = "/usr/local/sbin:/usr/sbin:/sbin";
/// The seed that every run plays.
const FIXED_SEED: u64 = 42;
/// How long each seed is played where nothing is said.
const SECONDS: u64 = 30;
/// Operations where only a seed is said.
const OPERATIONS: usize = 1_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["inside", directory, seed, kind, limit] => {
            let limit = match *kind {
                "seconds" => Limit::Seconds(limit.parse().unwrap()),
                _ => Limit::Operations(limit.parse().unwrap()),
            };
            inside(Path::new(directory), seed.parse().unwrap(), limit)
        }
        _ => outside(),
    }
}

fn outside() -> ExitCode {
    let path = format!("{}:{ROOT_PATH}", env::var("PATH").unwrap_or_default());
    if let Some(why) = missing(&path) {
        testing::skipped("a POP's year", &why);
        return ExitCode::SUCCESS;
    }
    let variable = |name: &str| env::var(name).ok().filter(|it| !it.is_empty());
    let (seed, operations) = (variable("SEED"), variable("OPS"));
    let plays: Vec<(u64, Limit)> = match (seed, operations) {
        (None, None) => [FIXED_SEED, fresh()].map(|it| (it, Limit::Seconds(SECONDS))).into(),
        (seed, operations) => {
            let seed = seed.map_or_else(fresh, |it| it.parse().expect("SEED is a number"));
            let operations = operations.map(|it| it.parse().expect("OPS is a number"));
            vec![(seed, Limit::Operations(operations.unwrap_or(OPERATIONS)))]
        }
    };
    for (seed, limit) in plays {
        if !again(&path, seed, limit) {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// A seed that nobody has seen.
fn fresh() -> u64 {
    RandomState::new().hash_one(0_u8) % 1_000_000_000
}

/// Why it cannot be played here, if it cannot.
fn missing(path: &str) -> Option<String> {
    let there = |program: &&str| path.split(':').any(|it| Path::new(it).join(program).is_file());
    let absent: Vec<_> = PROGRAMS.iter().filter(|it| !there(it)).copied().collect();
    if !absent.is_empty() {
        return Some(format!("not installed: {}", absent.join(", ")));
    }
    if !Path::new("/dev/net/tun").exists() {
        return Some("no /dev/net/tun".to_owned());
    }
    // Root in a container may not be allowed to: trying is the only proof.
    let mut namespaces = Command::new("unshare");
    namespaces.args(["--mount", "--net", "--pid", "--fork", "--mount-proc", "true"]);
    match namespaces.env("PATH", path).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => None,
        _ => Some("no right to make namespaces (run it as root)".to_owned()),
    }
}

/// Runs this program again in namespaces of its own, and plays there. The shell in between is the
/// first process there, and buries the processes of links.
fn again(path: &str, seed: u64, limit: Limit) -> bool {
    let directory = PathBuf::from(format!("/tmp/peerling-chaos-{}-{seed}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let (kind, limit) = match limit {
        Limit::Seconds(seconds) => ("seconds", seconds.to_string()),
        Limit::Operations(operations) => ("operations", operations.to_string()),
    };
    println!("chaos: seed {seed}, {limit} {kind}");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "--"]);
    command.args(["bash", "-c", "\"$0\" \"$@\"; exit $?"]).arg(env::current_exe().unwrap());
    command.arg("inside").arg(&directory).args([&seed.to_string(), kind, &limit]);
    let binary = env::var("PEERLING").unwrap_or(env!("CARGO_BIN_EXE_peerling").to_owned());
    command.env("PATH", path).env("PEERLING_UNDER_TEST", binary).stdin(Stdio::null());
    command.env_remove("RUST_BACKTRACE");
    let well = command.status().unwrap().success();
    if well {
        std::fs::remove_dir_all(&directory).unwrap();
    }
    well
}

fn inside(directory: &Path, seed: u64, limit: Limit) -> ExitCode {
    let mut play = Play::begin(directory, seed);
    let played = catch_unwind(AssertUnwindSafe(|| play.run(limit)));
    println!("chaos: seed {seed}: {}", play.summary());
    let Err(why) = played else { return ExitCode::SUCCESS };
    let words = why.downcast_ref::<String>().cloned();
    let words = words.or(why.downcast_ref::<&str>().map(|it| (*it).to_owned()));
    println!("\nchaos: a violation, seed {seed}, operation {}:", play.number);
    println!("{}", words.unwrap_or_default());
    println!("\nthe last operations:");
    play.told.iter().for_each(|line| println!("{line}"));
    println!("\nthe end of the log:\n{}", pop::tail(&play.stage));
    // What lies on the small disks would go with this namespace.
    let at = directory.display();
    machine::try_sh(&format!(
        "mkdir {at}/kept; for part in state bird wireguard; do cp -a {at}/$part {at}/kept/; done"
    ));
    println!("\nall of it is kept in {at}; again: make chaos SEED={seed} OPS={}", play.number + 1);
    ExitCode::FAILURE
}
