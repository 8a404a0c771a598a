//! BIRD itself, with faults in its configuration, its socket and its kernel.

use super::{Report, create, report};
use crate::pop::Draft;
use crate::run::{has, skip, wait_until};
use std::fs;
use std::process::{Child, Command, Stdio};

/// What a peering's file needs of the operator's.
const FUNCTIONS: &str = "
define BANDWIDTH = 24;
define LINKTYPE = 34;
function dn42_import_filter(int a; int b; int c) { return true; }
function dn42_import_filter_v6(int a; int b; int c) { return true; }
function dn42_export_filter(int a; int b; int c) { return false; }
function dn42_export_filter_v6(int a; int b; int c) { return false; }
template bgp dnpeers { local as 4242420263; ipv4 { import none; }; ipv6 { import none; }; }
";

/// A BIRD beside a draft, ended with this value.
struct Daemon {
    child: Child,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A draft whose BIRD has this configuration; `around` is what it is started by.
fn draft_with(configuration: &str, around: &[&str]) -> Option<(Draft, Daemon)> {
    let mut draft = Draft::new().filter(|_| has("bird", "bird2"))?;
    write(&draft, configuration);
    let socket = draft.path("bird.ctl");
    draft.set("bird", "socket", &format!("{socket:?}"));
    let mut words = around.to_vec();
    words.push("bird");
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg("-f").arg("-c").arg(draft.path("bird.conf"));
    command.arg("-s").arg(&socket).arg("-P").arg(draft.path("bird.pid"));
    let child = command.stderr(Stdio::null()).spawn().unwrap();
    let daemon = Daemon { child };
    wait_until("BIRD's socket", || socket.exists());
    Some((draft, daemon))
}

fn write(draft: &Draft, configuration: &str) {
    let peers = draft.path("bird");
    let text = format!(
        "router id 172.20.0.1;\nprotocol device {{ }}\n{configuration}\ninclude \"{}/*\";\n",
        peers.display()
    );
    fs::write(draft.path("bird.conf"), text).unwrap();
}

#[test]
fn what_bird_would_make_of_a_peering() {
    let Some((mut draft, _daemon)) = draft_with(FUNCTIONS, &[]) else { return };
    let sound = report(&draft);
    sound.has("bird_configuration", "ok", "BIRD would take a peering's file");
    sound.has("routes", "ok", "the kernel took them all");
    assert!(sound.ok, "{sound:#?}");
    // The fault that made every peering fail, and check content.
    write(&draft, "");
    let report_of = |draft: &Draft| {
        let report = report(draft);
        let left = fs::read_dir(draft.path("bird")).unwrap().count();
        assert_eq!(left, 0, "nothing is left behind");
        report
    };
    report_of(&draft).has("bird_configuration", "wrong", "would refuse a peering's file: ");
    write(&draft, &FUNCTIONS.replace("dnpeers", "others"));
    report_of(&draft).has("bird_configuration", "wrong", "would refuse a peering's file: ");
    draft.set("bird", "template", "\"others\"");
    report_of(&draft).has("bird_configuration", "ok", "BIRD would take");
    write(&draft, "nonsense;");
    report_of(&draft).has("bird_configuration", "wrong", "BIRD refuses its configuration: ");
    fs::remove_dir(draft.path("bird")).unwrap();
    let gone = report(&draft);
    gone.has("bird", "wrong", "there is no such directory");
}

/// Members' sessions that are down are told with their names, and are not the operator's fault.
#[test]
fn a_session_that_is_down_is_told_by_number_and_name() {
    let Some((mut draft, _daemon)) = draft_with(FUNCTIONS, &[]) else { return };
    draft.set("apply", "watch_interval_s", "1");
    create(&draft).fine();
    let pop = draft.serve();
    wait_until("the session is seen", || {
        let report = report(&pop);
        report.findings.iter().any(|it| it.state == "warn" && it.detail.contains(": down: BGP is "))
    });
    let report = report(&pop);
    report.has("peering", "warn", "AS4242420001 (ALICE-MNT): down: BGP is ");
    report.has("peerings", "ok", "1 are served, 0 of them up");
    report.has("service", "ok", "it runs");
}

/// A BIRD that may not change the kernel's routes, in a network of its own.
#[test]
fn routes_that_the_kernel_refused() {
    let is_root = rustix::process::geteuid().is_root() || skip("only root makes a network");
    if !(is_root && has("unshare", "util-linux") && has("setpriv", "setpriv")) {
        return;
    }
    let routes = "protocol kernel { ipv4 { export all; }; }\n\
                  protocol static { ipv4; route 10.9.0.0/24 blackhole; }\n";
    let around = ["unshare", "--net", "setpriv", "--bounding-set=-net_admin"];
    let around = [&around[..], &["--inh-caps=-net_admin"]].concat();
    let Some((draft, _daemon)) = draft_with(&format!("{FUNCTIONS}{routes}"), &around) else {
        return;
    };
    wait_until("the kernel's refusal", || !report(&draft).ok);
    report(&draft).has("routes", "wrong", "BIRD has 1 routes, the kernel refused 1: 10.9.0.0/24");
}

/// By the directory's time a plan tells whether BIRD has read its files.
#[test]
fn a_look_is_no_change_for_the_plan() {
    let Some((draft, _daemon)) = draft_with(FUNCTIONS, &[]) else { return };
    create(&draft).fine();
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    let modified = || fs::metadata(draft.path("bird")).unwrap().modified().unwrap();
    let before = modified();
    // BIRD tells whole seconds, and what is newer by less counts as read.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    report(&draft).has("bird_configuration", "ok", "BIRD would take");
    assert_eq!(modified(), before);
    assert_eq!(draft.peerling(&["plan"]).fine(), "");
}

/// BIRD would open it and wait for ever: it is not asked, by whoever looks nor by the service.
#[test]
fn a_fifo_among_birds_files() {
    let Some((draft, _daemon)) = draft_with(FUNCTIONS, &[]) else { return };
    create(&draft).fine();
    let fifo = draft.path("bird/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::from_raw_mode(0o644)).unwrap();
    let looked = report(&draft);
    looked.has("bird_configuration", "wrong", "bird/pipe: no file (a FIFO, ");
    let remedy = Some(format!("rm {}", fifo.display()));
    let told = looked.findings.iter().filter(|it| it.remedy == remedy);
    assert_eq!(told.count(), 1, "{looked:#?}");
    let applied = draft.peerling(&["apply"]);
    assert!(applied.status != Some(0) && applied.stderr.contains("bird/pipe"), "{applied:#?}");
    // BIRD still answers.
    let again = report(&draft);
    again.has("bird", "ok", ": BIRD ");
    fs::remove_file(&fifo).unwrap();
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    report(&draft).has("bird_configuration", "ok", "BIRD would take a peering's file");
}

/// BIRD passes over directories; what it includes beside the peerings has to be there.
#[test]
fn directories_that_bird_includes() {
    let Some((mut draft, _daemon)) = draft_with(FUNCTIONS, &[]) else { return };
    fs::create_dir(draft.path("bird/old")).unwrap();
    let looked = report(&draft);
    assert!(looked.ok, "{looked:#?}");
    let tables = draft.path("tables");
    draft.set("bird", "include_directory", &format!("{tables:?}"));
    let us = if rustix::process::geteuid().is_root() { "root" } else { return };
    let remedy = format!("install -d -o {us} -g bird -m 0750 {}", tables.display());
    report(&draft).mends("tables: there is no such directory", &remedy);
    fs::create_dir(&tables).unwrap();
    report(&draft).has("bird", "ok", "tables can be written");
}

#[test]
fn a_socket_without_bird() {
    let Some(mut draft) = Draft::new() else { return };
    let socket = draft.path("nowhere.ctl");
    draft.set("bird", "socket", &format!("{socket:?}"));
    let report: Report = report(&draft);
    report.has("bird", "wrong", "nowhere.ctl");
}
