//! How what an operator and a member notice grows with the peerings of the POP and with open
//! sessions: as a table for the README, and as `benches/figures/growth.svg`. Nothing is asserted.

// A bench may fail by a panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/chart.rs"]
mod chart;
#[path = "support/peers.rs"]
mod peers;
#[allow(dead_code)] // The other benches look at more of a program.
#[path = "support/pop.rs"]
mod pop;
#[allow(dead_code)]
#[path = "support/process.rs"]
mod process;
#[path = "../tests/support/registry.rs"]
mod registry_support;
#[path = "../tests/support/scratch.rs"]
mod scratch;
#[allow(dead_code)]
#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
mod session;
#[allow(dead_code)]
#[path = "support/timing.rs"]
mod timing;

use chart::{Chart, Line};
use process::{installed, until};
use scratch::Scratch;
use server::{Pop, Server};
use session::Session;
use std::process::Stdio;
use std::time::{Duration, Instant};
use timing::times;

const PEERINGS: [u16; 4] = [10, 100, 1_000, 4_000];
const SESSIONS: [usize; 4] = [1, 10, 100, 200];
/// Objects of the registry: it does not grow here.
const MNTNERS: usize = 2_500;
const AUT_NUMS: usize = 3_000;

/// What is measured for each count of peerings, in milliseconds but for the last.
const ROWS: [&str; 5] = [
    "exec to the first answer, ms",
    "a pass with nothing to do, CPU ms",
    "peer_list in an open session, ms",
    "a login, CPU ms",
    "resident after the first pass, MB",
];

fn main() {
    if !installed("ssh") {
        return println!("skipped: there is no ssh here (package openssh-client)");
    }
    println!("{}\n", server::binary().display());
    let columns: Vec<[f64; 5]> = PEERINGS.iter().map(|count| of_peerings(*count)).collect();
    table("peerings", &PEERINGS.map(f64::from), &ROWS, &columns);
    let each = of_sessions();
    table("sessions open", &SESSIONS.map(|it| it as f64), &["resident, MB"], &each);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/figures/growth.svg");
    std::fs::write(path, picture(&columns, &each)).unwrap();
    println!("{path}");
}

fn of_peerings(count: u16) -> [f64; 5] {
    let scratch = Scratch::new("bench-growth");
    let pop = Pop::new(&scratch.0, MNTNERS, AUT_NUMS);
    let peerings = peers::peerings(count);
    pop.peer(&peerings);
    let begin = Instant::now();
    let server = pop.start();
    server.ready();
    let first = begin.elapsed();
    until("the files", || pop.files() == 2 * usize::from(count));
    let resident = server.process.resident().0 / 1024.0;
    [first, quiet_pass(&peerings), list(&server), login(&server)]
        .map(|it| it.as_secs_f64() * 1e3)
        .into_iter()
        .chain([resident])
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

/// The loop alone, over the same peerings, when everything is there and settled.
fn quiet_pass(peerings: &[peerling::peering::Peering]) -> Duration {
    let scratch = Scratch::new("bench-growth-pass");
    peers::database(&scratch.0.join("peering.db"), peerings);
    pop::Loop::new(&scratch.0, None).quiet_passes().median()
}

fn list(server: &Server) -> Duration {
    let mut plain = server.ssh(&["-T"], &[]);
    let child = plain.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut session = Session(process::Guard(child));
    let round = || {
        session.type_in("peer_list --json\n");
        session.read_to(b"\n")
    };
    times(50, round).median()
}

fn login(server: &Server) -> Duration {
    const LOGINS: u32 = 30;
    server.login();
    let before = server.process.cpu();
    (0..LOGINS).for_each(|_| server.login());
    (server.process.cpu() - before) / LOGINS
}

fn of_sessions() -> Vec<[f64; 1]> {
    let scratch = Scratch::new("bench-growth-sessions");
    let server = Pop::new(&scratch.0, MNTNERS, AUT_NUMS).start();
    server.ready();
    server.login();
    let mut open = Vec::new();
    let resident = SESSIONS.map(|count| {
        open.resize_with(count, || Session::open(&server));
        [server.process.resident().0 / 1024.0]
    });
    open.into_iter().for_each(Session::close);
    resident.to_vec()
}

fn table<const N: usize>(what: &str, counts: &[f64], rows: &[&str; N], columns: &[[f64; N]]) {
    let heads: Vec<String> = counts.iter().map(f64::to_string).collect();
    println!("| {what} | {} |\n|---{}|", heads.join(" | "), "|---".repeat(counts.len()));
    for (row, name) in rows.iter().enumerate() {
        let values: Vec<String> = columns.iter().map(|it| format!("{:.1}", it[row])).collect();
        println!("| {name} | {} |", values.join(" | "));
    }
    println!();
}

fn picture(columns: &[[f64; 5]], sessions: &[[f64; 1]]) -> String {
    let line = |(row, name): (usize, &&str)| {
        let points = PEERINGS.iter().zip(columns).map(|(count, it)| (f64::from(*count), it[row]));
        let name = name.split(',').next().unwrap_or_default().to_string();
        Line { name, points: points.collect() }
    };
    let memory = SESSIONS.iter().zip(sessions).map(|(count, it)| (*count as f64, it[0]));
    chart::svg(&[
        Chart {
            title: "Time by peerings of the POP",
            across: "peerings",
            upwards: "ms",
            lines: ROWS.iter().enumerate().take(4).map(line).collect(),
        },
        Chart {
            title: "Resident memory by open sessions",
            across: "sessions",
            upwards: "MB",
            lines: vec![Line { name: "resident".into(), points: memory.collect() }],
        },
    ])
}
