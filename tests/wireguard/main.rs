//! Links on real machinery: wireguard-go in namespaces of this test, the kernel's WireGuard where
//! there is one. Needs root; says at the end what it left out and why.
//!
//! Without arguments the program runs itself again, once for each back end that works here, as
//! `inside BACKEND` in private network, mount and process namespaces, so that it can neither see
//! nor touch a link, a socket or a process of the host. `tests/vm/run.sh` runs it in a virtual
//! machine for the kernel's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test without the usual harness: whatever is not as it should be ends it"
)]

mod bare;
mod cases;
mod lab;
mod process;
mod scale;
#[path = "../../src/testing.rs"]
mod testing;

use lab::{Case, Lab};
use peerling::model::BackendChoice;
use peerling::sys::wireguard::{Backend, Judgement, Machine, choose};
use std::process::{Command, ExitCode};

/// The program that is started for userspace links.
const USERSPACE: &str = "wireguard-go";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["inside", backend] => inside(backend),
        ["create", backend, number] => {
            let lab = Lab { backend: named(backend), machine: Machine::default() };
            lab.create(&lab::wanted(number.parse().unwrap())).unwrap();
            ExitCode::SUCCESS
        }
        ["bare", links] => bare::run(links.parse().unwrap()),
        ["scale", backend, links] => {
            scale::run(&Lab::enter(named(backend)), links.parse().unwrap())
        }
        _ => outside(),
    }
}

fn outside() -> ExitCode {
    for (name, setting) in
        [("userspace", BackendChoice::Userspace), ("kernel", BackendChoice::Kernel)]
    {
        if let Judgement::Cannot(missing) = choose(setting, USERSPACE).judgement {
            pass_over(name, &missing.to_string());
        } else if !again(name) {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// A kernel without WireGuard is nothing that a machine lacks: `make vm` brings one that has it.
fn pass_over(name: &str, missing: &str) {
    match name {
        "kernel" => println!("kernel: {missing}; make vm tests it in a virtual machine"),
        _ => testing::skipped(&format!("WireGuard in {name}"), missing),
    }
}

/// Runs this program again in namespaces of its own.
fn again(name: &str) -> bool {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "--"]);
    command.arg(program).args(["inside", name]).status().unwrap().success()
}

fn inside(name: &str) -> ExitCode {
    let lab = Lab::enter(named(name));
    let userspace = matches!(lab.backend, Backend::Userspace { .. });
    let own: &[Case] = if userspace { process::CASES } else { &[] };
    for (case, run) in cases::CASES.iter().chain(own) {
        let begin = std::time::Instant::now();
        run(&lab);
        lab.nothing_left();
        println!("{name}: {case} ({} ms)", begin.elapsed().as_millis());
    }
    ExitCode::SUCCESS
}

fn named(backend: &str) -> Backend {
    match backend {
        "kernel" => Backend::Kernel,
        "userspace" => Backend::Userspace { command: USERSPACE.to_owned() },
        other => panic!("no back end {other}"),
    }
}
