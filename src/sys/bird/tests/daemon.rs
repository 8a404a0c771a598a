//! The client against the real BIRD, started here without any privilege.

use super::*;
use crate::model::BgpState;
use crate::sys::within;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::process::{Child, Command, Stdio};

/// A running BIRD, ended with this value.
struct Daemon {
    child: Child,
    directory: Directory,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    /// Starts one without peers; `None`, and a word about it, if there is none to start.
    fn start() -> Option<Daemon> {
        let directory = Directory::new();
        let config = directory.join("bird.conf");
        fs::create_dir(directory.join("peers")).unwrap();
        let text =
            "log stderr all;\nrouter id 172.20.0.1;\nprotocol device { }\ninclude \"peers/*\";\n";
        fs::write(&config, text).unwrap();
        let child = Command::new("bird")
            .args([Path::new("-f"), Path::new("-c"), &config, Path::new("-s")])
            .arg(directory.join("bird.ctl"))
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match child {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                crate::testing::skipped("bird", "no bird on PATH (package bird2)");
                return None;
            }
            child => child.unwrap(),
        };
        let log = BufReader::new(child.stderr.take().unwrap());
        let started = log.lines().map_while(Result::ok).any(|line| line.contains("Started"));
        assert!(started, "bird ended at once");
        Some(Daemon { child, directory })
    }

    fn connect(&self) -> Bird {
        smol::block_on(connect(&self.directory.join("bird.ctl"), PATIENT)).unwrap()
    }

    fn peer(&self, asn: u32, text: &str) -> PathBuf {
        let path = self.directory.join("peers").join(format!("ebgp_as{asn}"));
        fs::write(&path, text).unwrap();
        path
    }
}

const PEER: &str = "
protocol bgp ebgp_asASN_v6 {
    local as 4242420263;
    neighbor fe80::2:1 as ASN;
    interface \"wg-asASN\";
    ipv4 { import limit 9000 action block; import all; export none; extended next hop on; };
    ipv6 { import all; export none; };
}
";

fn peer(asn: u32) -> String {
    PEER.replace("ASN", &asn.to_string())
}

#[test]
fn a_peer_comes_and_goes() {
    let Some(daemon) = Daemon::start() else { return };
    let mut bird = daemon.connect();
    assert!(bird.version().starts_with(['2', '3']), "{}", bird.version());
    smol::block_on(async {
        assert_eq!(bird.check().await, Ok(Check::Ok));
        assert_eq!(bird.protocols("ebgp_as*").await, Ok(vec![]));
        let file = daemon.peer(4242420001, &peer(4242420001));
        assert_eq!(bird.check().await, Ok(Check::Ok));
        assert_eq!(bird.configure().await, Ok(Configured::Done));
        let ages = bird.ages().await.unwrap();
        assert!(ages.configured < Some(PATIENT) && ages.started < Some(PATIENT), "{ages:?}");
        assert!(ages.configured.is_some() && ages.started >= ages.configured, "{ages:?}");
        let protocols = bird.protocols("ebgp_as*").await.unwrap();
        let row = [&protocols[0].name, &protocols[0].proto, &protocols[0].state];
        assert_eq!(
            (protocols.len(), row),
            (1, ["ebgp_as4242420001_v6", "BGP", "start"].map(String::from).each_ref())
        );
        fs::remove_file(file).unwrap();
        let gone = bird.configure().await.unwrap();
        assert!(matches!(gone, Configured::Done | Configured::InProgress), "{gone:?}");
        // It may be listed as "flush" for a moment.
        let gone = async {
            while bird.protocol("ebgp_as4242420001_v6").await.unwrap().is_some() {
                smol::Timer::after(Duration::from_millis(2)).await;
            }
        };
        assert_eq!(within(PATIENT, gone).await, Some(()));
    });
}

#[test]
fn the_status_of_a_peer_whose_link_is_not_there() {
    let Some(daemon) = Daemon::start() else { return };
    let mut bird = daemon.connect();
    daemon.peer(4242420001, &peer(4242420001));
    smol::block_on(async {
        assert_eq!(bird.configure().await, Ok(Configured::Done));
        let status = bird.protocol("ebgp_as4242420001_v6").await.unwrap().unwrap();
        assert_eq!(status.bgp_state, Some(BgpState::Idle));
        assert_eq!(status.neighbor_address.as_deref(), Some("fe80::2:1%wg-as4242420001"));
        assert_eq!(status.neighbor_as.map(|it| it.get()), Some(4242420001));
        assert_eq!(status.local_as.map(|it| it.get()), Some(4242420263));
        let channels: Vec<_> = status
            .channels
            .iter()
            .map(|it| (it.name.as_str(), it.state.as_str(), it.import_limit))
            .collect();
        assert_eq!(channels, [("ipv4", "DOWN", Some(9000)), ("ipv6", "DOWN", None)]);
        assert!(status.raw.contains("\n  Channel ipv4\n"));
        for unknown in ["ebgp_as4242420002_v6", "all", "bgp", "4242420001"] {
            assert_eq!(bird.protocol(unknown).await, Ok(None), "{unknown}");
        }
        let device = bird.protocol("device1").await.unwrap().unwrap();
        assert_eq!((device.protocol.proto.as_str(), device.bgp_state), ("Device", None));
    });
}

/// What the watch asks: all at once, with what somebody disabled; and what the loop does about it.
#[test]
fn what_somebody_disabled_is_told_and_enabled() {
    let Some(daemon) = Daemon::start() else { return };
    let mut bird = daemon.connect();
    (1..=3).for_each(|it| drop(daemon.peer(4242420000 + it, &peer(4242420000 + it))));
    smol::block_on(async {
        assert_eq!(bird.statuses("ebgp_as*").await, Ok(vec![]));
        assert_eq!(bird.configure().await, Ok(Configured::Done));
        bird.command("disable \"ebgp_as4242420002_v6\"").await.unwrap();
        let told = async |bird: &mut Bird| {
            let statuses = bird.statuses("ebgp_as*").await.unwrap();
            let told = |it: &BgpStatus| {
                (it.protocol.is_disabled(), it.neighbor_as.unwrap().get(), it.channels.len())
            };
            statuses.iter().map(told).collect::<BTreeSet<_>>()
        };
        let expected =
            |disabled| BTreeSet::from([1, 2, 3].map(|it| (disabled == it, 4242420000 + it, 2)));
        // It closes the BGP session first, if that has begun to come up.
        let closed = async {
            while told(&mut bird).await != expected(2) {
                smol::Timer::after(Duration::from_millis(2)).await;
            }
        };
        assert_eq!(within(PATIENT, closed).await, Some(()));
        for _ in 0..2 {
            assert_eq!(bird.enable("ebgp_as4242420002_v6").await, Ok(true));
        }
        assert_eq!(told(&mut bird).await, expected(0));
        assert_eq!(bird.enable("ebgp_as4242420004_v6").await, Ok(false));
        assert!(bird.enable("*").await.is_err(), "one at a time");
    });
}

#[test]
fn a_refused_file_is_named_and_the_old_configuration_stays() {
    let Some(daemon) = Daemon::start() else { return };
    let mut bird = daemon.connect();
    daemon.peer(4242420001, &peer(4242420001));
    smol::block_on(async {
        assert_eq!(bird.configure().await, Ok(Configured::Done));
        let broken = daemon.peer(4242420002, "# first line\nprotocol bgp x from nobody { }\n");
        let Check::Refused(complaint) = bird.check().await.unwrap() else { panic!() };
        assert_eq!((complaint.file.as_ref(), complaint.line), (Some(&broken), 2));
        assert!(complaint.column > 0 && !complaint.words.is_empty(), "{complaint}");
        assert_eq!(bird.configure().await, Ok(Configured::Refused(complaint)));
        assert_eq!(bird.protocols("ebgp_as*").await.unwrap().len(), 1);
        fs::remove_file(&broken).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", &broken).unwrap();
        let Check::Refused(complaint) = bird.check().await.unwrap() else { panic!() };
        assert_ne!(complaint.file, Some(broken.clone()), "{complaint}");
        fs::remove_file(&broken).unwrap();
        let reply = bird.command("configure check \"/nowhere/bird.conf\"").await.unwrap();
        let complaint = Complaint::parse(reply.words());
        assert_eq!((complaint.file, complaint.line), (Some("/nowhere/bird.conf".into()), 0));
        assert_eq!(bird.check().await, Ok(Check::Ok));
    });
}

/// What somebody tries out with `configure timeout` is known, with its time, and so is the end.
#[test]
fn an_undo_that_is_scheduled_is_told() {
    let Some(daemon) = Daemon::start() else { return };
    let mut bird = daemon.connect();
    smol::block_on(async {
        assert_eq!(bird.undo_s().await, Ok(None));
        bird.command("configure timeout 100").await.unwrap();
        let left = bird.undo_s().await.unwrap().unwrap();
        assert!((98..=100).contains(&left), "{left}");
        let examined = bird.examine().await.unwrap();
        let main_file = Some(daemon.directory.join("bird.conf"));
        assert_eq!(examined, Examined { main_file, verdict: Check::Ok });
        assert!(bird.undo_s().await.unwrap().is_some(), "a check changes nothing");
        bird.command("configure confirm").await.unwrap();
        assert_eq!(bird.undo_s().await, Ok(None));
    });
}

#[test]
fn a_restricted_connection_is_told_so() {
    let Some(daemon) = Daemon::start() else { return };
    let mut bird = daemon.connect();
    smol::block_on(async {
        assert_eq!(bird.command("restrict").await.unwrap().code, 16);
        assert_eq!(bird.check().await.unwrap_err().fault, BirdFault::Restricted);
        assert_eq!(bird.configure().await.unwrap_err().fault, BirdFault::Restricted);
        assert_eq!(bird.protocols("dev*").await.unwrap()[0].name, "device1");
    });
}

#[test]
fn a_daemon_that_hangs_and_then_ends() {
    let Some(mut daemon) = Daemon::start() else { return };
    let (mut hung, mut waiting) = (daemon.connect(), daemon.connect());
    let mut later = daemon.connect();
    let pid = Pid::from_child(&daemon.child);
    kill_process(pid, Signal::STOP).unwrap();
    smol::block_on(async {
        let late = hung.command_within("show status", SOON).await.unwrap_err();
        assert_eq!(late.fault, BirdFault::TimedOut(0));
        let kill = async {
            future::yield_now().await;
            daemon.child.kill().unwrap();
        };
        let (closed, ()) = future::zip(waiting.command("show status"), kill).await;
        assert_eq!(closed.unwrap_err().fault, BirdFault::Closed);
        // All its sockets are closed only now.
        daemon.child.wait().unwrap();
        let gone = later.command("show status").await.unwrap_err();
        assert_eq!(gone.fault, BirdFault::NotListening);
    });
    let path = daemon.directory.join("bird.ctl");
    let error = smol::block_on(connect(&path, PATIENT)).unwrap_err();
    assert_eq!(error.fault, BirdFault::NotListening);
}
