//! Clients without an account, and members, who want the POP to end: the real binary in 96 MB of
//! memory, as its unit has it, and attacks from addresses that change with each connection. Needs
//! root; says what it left out and why.
//!
//! Without arguments the program runs itself again, as `inside`, in a network namespace of its own,
//! where two documentation prefixes are this machine's: nothing is sent to anybody, and any address
//! of them can be bound.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test without the usual harness: whatever is not as it should be ends it"
)]

mod cases;
mod cell;
mod flood;
#[path = "../support/pop.rs"]
#[allow(dead_code)]
mod pop;
#[path = "../support/pty.rs"]
#[allow(dead_code)]
mod pty;
#[path = "../support/registry.rs"]
mod registry;
mod relay;
#[path = "../support/run.rs"]
#[allow(dead_code)]
mod run;
#[path = "../support/ssh.rs"]
#[allow(dead_code)]
mod ssh;
#[path = "../../src/testing.rs"]
mod testing;

use std::process::{Command, ExitCode};
use std::time::Instant;

/// The addresses that are this machine's inside.
const PREFIXES: [&str; 2] = ["2001:db8::/32", "3fff::/20"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["inside", only @ ..] => inside(only.first().copied()),
        only => outside(only.first().filter(|word| !word.starts_with('-')).copied()),
    }
}

/// Runs this program again in a namespace of its own; `only` one case, if it is named.
fn outside(only: Option<&str>) -> ExitCode {
    if !rustix::process::geteuid().is_root() {
        testing::skipped("hostile clients", "a network namespace needs root");
        return ExitCode::SUCCESS;
    }
    for (program, package) in [("unshare", "util-linux"), ("ip", "iproute2")] {
        if !run::has(program, package) {
            return ExitCode::SUCCESS;
        }
    }
    let mut command = Command::new("unshare");
    command.args(["--net", "--"]).arg(std::env::current_exe().unwrap()).arg("inside");
    let status = command.args(only).status().unwrap();
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn inside(only: Option<&str>) -> ExitCode {
    ip(&["link", "set", "lo", "up"]);
    for prefix in PREFIXES {
        ip(&["-6", "route", "add", "local", prefix, "dev", "lo"]);
    }
    // For IPv6 a local route makes an address answer, and this lets it be bound.
    std::fs::write("/proc/sys/net/ipv6/ip_nonlocal_bind", "1").unwrap();
    for (name, case) in cases::CASES {
        if only.is_some_and(|only| only != *name) {
            continue;
        }
        let begin = Instant::now();
        let Some(said) = case() else { continue };
        println!("{name}: {said} ({} ms)", begin.elapsed().as_millis());
    }
    ExitCode::SUCCESS
}

fn ip(words: &[&str]) {
    run::run(Command::new("ip").args(words), b"").fine();
}
