//! What a member and the machine notice: the whole program with a registry of real size, the real
//! `ssh`, and beside it, in the same minute, OpenSSH's and dropbear's servers. Nothing is asserted
//! about time; `cargo bench --bench ssh` prints it.

// A bench may fail by a panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/attack.rs"]
mod attack;
#[path = "../tests/hostile/flood.rs"]
mod flood;
#[path = "support/peers.rs"]
mod peers;
#[path = "support/process.rs"]
mod process;
#[path = "../tests/support/registry.rs"]
mod registry_support;
#[path = "../tests/hostile/relay.rs"]
#[allow(dead_code)]
mod relay;
#[path = "../tests/support/scratch.rs"]
mod scratch;
#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
mod session;
#[path = "support/timing.rs"]
mod timing;

use process::{Guard, installed, output, until};
use scratch::Scratch;
use server::{Pop, Server, rivals};
use session::Session;
use std::process::Stdio;
use std::time::{Duration, Instant};
use timing::{Kilobytes, Shown as _, Times, aimed, brief, heading, line, times, told};

const LOGINS: usize = 100;
const LOGINS_IN_TURN: usize = 10;
const SESSIONS: [usize; 3] = [1, 50, 200];
const PEERS: u16 = 1_000;

fn main() {
    if !installed("ssh") {
        return println!("skipped: there is no ssh here (package openssh-client)");
    }
    if std::env::args().any(|word| word == attack::INSIDE) {
        return attack::inside(&Scratch::new("bench-attack").0);
    }
    println!("{}", server::binary().display());
    let scratch = Scratch::new("bench-ssh");
    let pop = Pop::new(&scratch.0, 2_500, 3_000);
    start(&pop);
    let server = pop.start();
    server.ready();
    memory(&server);
    alone(&server);
    logins(&server, &rivals(&scratch.0));
    sessions(&server);
    drop(server);
    pop.peer(&peers::peerings(PEERS));
    let server = first_pass(&pop);
    lists(&server, &scratch.0.join("master").display().to_string());
    drop(server);
    attack::outside();
}

fn start(pop: &Pop) {
    heading("start, with a registry of 2,500 maintainers and 3,000 AS numbers");
    told("exec to listening", &times(10, || pop.start()), None);
    let ready = || {
        let server = pop.start();
        server.ready();
        server
    };
    // Whoever connects earlier waits: the kernel listens, and the registry is being read.
    told("exec to the first answer", &times(10, ready), Some(Duration::from_millis(30)));
}

fn memory(server: &Server) {
    heading("idle, without peerings");
    let resident = server.process.resident();
    line("resident memory", &resident.shown(), &aimed(resident, Some(Kilobytes(4096.0))));
    line("threads", &server.process.threads().to_string(), "");
}

/// Nobody else on the machine; then beside the others.
fn alone(ours: &Server) {
    heading(&format!("{LOGINS} logins with an Ed25519 key that run one command, nothing beside"));
    ours.login();
    let before = ours.process.cpu();
    let wall = times(LOGINS, || ours.login());
    let cpu = (ours.process.cpu() - before) / LOGINS as u32;
    let note = aimed(cpu, Some(Duration::from_micros(1500)));
    line("peerling: processor time of the server", &brief(cpu), &note);
    told("peerling: ssh from start to end", &wall, None);
    let prompt = || Session::open(ours);
    let aim = Some(Duration::from_millis(20));
    told("peerling: ssh from start to prompt", &times(20, prompt), aim);
}

/// The same logins at each server, some at each in turn, so that all meet the same machine, and
/// none finds its caches full of another's work at each login.
fn logins(ours: &Server, rivals: &[Server]) {
    heading("the same logins, ten at each server in turn");
    let servers: Vec<&Server> = std::iter::once(ours).chain(rivals).collect();
    servers.iter().for_each(|server| server.login());
    let before: Vec<Duration> = servers.iter().map(|it| it.process.cpu()).collect();
    let mut walls = vec![Vec::new(); servers.len()];
    for _ in 0..LOGINS / LOGINS_IN_TURN {
        for (server, walls) in servers.iter().zip(&mut walls) {
            for _ in 0..LOGINS_IN_TURN {
                let begin = Instant::now();
                server.login();
                walls.push(begin.elapsed());
            }
        }
    }
    let cpus = servers.iter().zip(before);
    let cpus: Vec<Duration> =
        cpus.map(|(it, before)| (it.process.cpu() - before) / LOGINS as u32).collect();
    let walls: Vec<Times> = walls.into_iter().map(Times::of).collect();
    let times_ours = |it: Duration, ours: Duration| it.as_secs_f64() / ours.as_secs_f64();
    for (at, server) in servers.iter().enumerate() {
        let (cpu, wall) = (cpus[at], walls[at].median());
        let note = match at {
            0 => String::new(),
            _ => format!("{:.1} times ours", times_ours(cpu, cpus[0])),
        };
        line(&format!("{}: processor time of the server", server.name), &brief(cpu), &note);
        let note = match at {
            0 => String::new(),
            _ => format!("{:.1} times ours", times_ours(wall, walls[0].median())),
        };
        line(&format!("{}: ssh from start to end", server.name), &brief(wall), &note);
    }
}

fn sessions(server: &Server) {
    heading("sessions at a prompt");
    let idle = server.process.resident();
    line("resident memory before", &idle.shown(), "");
    for round in ["first", "second"] {
        let mut open = Vec::new();
        let before = server.process.resident().0;
        for count in SESSIONS {
            open.resize_with(count, || Session::open(server));
            let resident = server.process.resident();
            let each = Kilobytes((resident.0 - before) / count as f64);
            let note = match count {
                1 => String::new(),
                _ => format!("{} each{}", each.shown(), aimed(each, Some(Kilobytes(48.0)))),
            };
            line(&format!("{round} time, {count} open"), &resident.shown(), &note);
        }
        open.into_iter().for_each(Session::close);
        let after = server.process.resident().shown();
        line(&format!("{round} time, all closed"), &after, "");
    }
}

/// All files are absent: the pass writes them, and a member logs in meanwhile.
fn first_pass(pop: &Pop) -> Server {
    heading(&format!("start with {PEERS} peerings that have no files yet"));
    let begin = Instant::now();
    let server = pop.start();
    server.ready();
    line("exec to the first answer", &brief(begin.elapsed()), "");
    let login = Instant::now();
    server.login();
    line("a login meanwhile", &brief(login.elapsed()), "");
    until("the files", || pop.files() == 2 * usize::from(PEERS));
    line("exec to all files written", &brief(begin.elapsed()), "");
    line("resident memory afterwards", &server.process.resident().shown(), "");
    server
}

fn lists(server: &Server, master: &str) {
    heading(&format!("peer_list of a member with 3 of {PEERS} peerings"));
    let mut plain = server.ssh(&["-T"], &[]);
    let child = plain.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut session = Session(Guard(child));
    let round = || {
        session.type_in("peer_list --json\n");
        session.read_to(b"\n")
    };
    told("in an open session", &times(100, round), Some(Duration::from_millis(1)));
    let options = ["-M", "-N", "-S", master];
    let _master = Guard(server.ssh(&options, &[]).spawn().unwrap());
    until("the master", || std::path::Path::new(master).exists());
    let shared = || output(&mut server.ssh(&["-S", master], &["peer_list"]));
    told("ssh over a shared connection, start to end", &times(50, shared), None);
    told(
        "ssh over a new connection, start to end",
        &times(20, || output(&mut server.ssh(&[], &["peer_list"]))),
        None,
    );
}
