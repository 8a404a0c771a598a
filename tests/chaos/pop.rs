//! The POP under test: the service, BIRD, and who talks to them.

use crate::machine::{Program, processes};
use crate::run::{Said, run, wait_for};
use crate::ssh::Ssh;
use crate::stage::{PORT, Stage};
use rustix::process::Signal;
use std::fs::{self, File};
use std::io::Read as _;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Lines of the log that are told where something is wrong.
const TAIL: usize = 40;

/// The binary, the stage's BIRD, and whether they run.
pub struct Pop {
    pub service: Option<Program>,
    pub bird: Option<Program>,
    /// How often BIRD was started: what it tells of times is only good for one of its lives.
    pub bird_lives: usize,
}

/// Can the database be written to?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Free,
    /// Its disk is full, or somebody else holds it.
    Hindered,
}

/// Who speaks.
#[derive(Clone, Debug)]
pub struct Speaker {
    pub login: String,
    pub key: String,
    pub source: String,
}

impl Pop {
    /// BIRD and the service run.
    pub fn start(stage: &Stage) -> Pop {
        let mut pop = Pop { service: None, bird: None, bird_lives: 0 };
        pop.start_bird(stage);
        pop.start_service(stage);
        pop
    }

    /// The binary with this configuration, told nothing else.
    pub fn command(stage: &Stage) -> Command {
        let binary = std::env::var("PEERLING_UNDER_TEST").expect("said by who started us");
        let mut command = Command::new(binary);
        command.env_clear().env("PATH", std::env::var("PATH").unwrap_or_default());
        command.arg("--config").arg(stage.path("peerling.toml"));
        command
    }

    /// Starts the service, and waits until it listens; its exit status if it ends instead.
    pub fn try_service(&mut self, stage: &Stage) -> Result<(), i32> {
        let log = File::options().create(true).append(true).open(stage.path("peerling.log"));
        let mut command = Pop::command(stage);
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.unwrap());
        let mut service = Program::start(&mut command);
        let begun = wait_for(|| match service.ended() {
            Some(status) => Some(Err(status)),
            None => TcpStream::connect(("::1", PORT)).ok().map(|_| Ok(())),
        });
        let begun = begun.unwrap_or_else(|| panic!("the service does not listen\n{}", tail(stage)));
        if begun.is_ok() {
            self.service = Some(service);
        }
        begun
    }

    /// The same where nothing keeps it from starting.
    pub fn start_service(&mut self, stage: &Stage) {
        if let Err(status) = self.try_service(stage) {
            panic!("the service ended at its start with {status}\n{}", tail(stage));
        }
    }

    /// Ends the service as systemd does. It ends well, and with 1 where its database could not be
    /// closed well: nothing is lost by that.
    pub fn stop_service(&mut self, stage: &Stage, database: Database) {
        if let Some(service) = self.service.take() {
            let status = service.end(Signal::TERM);
            let excused = status == 1 && database == Database::Hindered;
            assert!(status == 0 || excused, "{status} after SIGTERM\n{}", tail(stage));
        }
    }

    /// As the kernel does when memory is short.
    pub fn kill_service(&mut self) {
        if let Some(service) = self.service.take() {
            service.end(Signal::KILL);
        }
    }

    /// SIGHUP.
    pub fn reload(&self) {
        if let Some(service) = &self.service {
            service.signal(Signal::HUP);
        }
    }

    /// Starts BIRD; its answer. An operator tries again where its files are not sound yet.
    pub fn try_bird(&mut self, stage: &Stage) -> bool {
        let log = File::options().create(true).append(true).open(stage.path("bird.err")).unwrap();
        let mut command = Command::new("bird");
        command.arg("-f").arg("-c").arg(stage.path("bird.conf"));
        command.arg("-s").arg(stage.path("bird.ctl")).arg("-P").arg(stage.path("bird.pid"));
        let mut bird =
            Program::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log));
        let control = stage.path("bird.ctl");
        let answers = wait_for(|| {
            if bird.ended().is_some() {
                return Some(false);
            }
            greets(&control).then_some(true)
        });
        if answers != Some(true) {
            return false;
        }
        self.bird = Some(bird);
        self.bird_lives += 1;
        true
    }

    /// Starts BIRD, as soon as it takes its files.
    pub fn start_bird(&mut self, stage: &Stage) {
        let started = wait_for(|| self.try_bird(stage).then_some(()));
        assert!(started.is_some(), "BIRD does not start any more: {}", bird_parses(stage).stderr);
    }

    /// Ends BIRD.
    pub fn end_bird(&mut self, signal: Signal) {
        if let Some(bird) = self.bird.take() {
            bird.end(signal);
        }
    }

    /// Does BIRD run, and answer?
    pub fn bird_answers(&self) -> bool {
        self.bird.as_ref().is_some_and(|bird| !bird.hangs())
    }

    /// What birdc prints; of a protocol that BIRD does not know, for example, its complaint.
    pub fn birdc(&self, stage: &Stage, words: &str) -> String {
        let mut command = Command::new("birdc");
        command.arg("-s").arg(stage.path("bird.ctl")).args(words.split(' '));
        run(&mut command, b"").stdout
    }

    /// Memory in kB and descriptors that the service holds.
    pub fn weight(&self) -> (usize, usize) {
        let id = self.service.as_ref().unwrap().id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let resident = resident.trim().trim_end_matches(" kB").parse().unwrap();
        (resident, fs::read_dir(format!("/proc/{id}/fd")).unwrap().count())
    }
}

/// BIRD takes connections before it has read its files; it greets when it runs.
fn greets(control: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(control) else { return false };
    let patient = stream.set_read_timeout(Some(Duration::from_millis(100))).is_ok();
    patient && stream.read_exact(&mut [0]).is_ok()
}

/// Would BIRD start with the files that lie there?
pub fn bird_parses(stage: &Stage) -> Said {
    run(Command::new("bird").arg("-p").arg("-c").arg(stage.path("bird.conf")), b"")
}

/// A command by OpenSSH's client.
pub fn ssh(stage: &Stage, speaker: &Speaker) -> Ssh {
    Ssh::new(&stage.directory, PORT, &speaker.login, &speaker.key)
        .option(&format!("BindAddress={}", speaker.source))
        .option("ControlMaster=no")
        .option("LogLevel=ERROR")
}

/// A command by the operator on the machine itself.
pub fn exec(stage: &Stage, whose: Option<&str>, line: &str) -> Said {
    let mut command = Pop::command(stage);
    command.arg("exec");
    if let Some(name) = whose {
        command.args(["--as", name]);
    }
    run(command.arg("--").args(line.split(' ')), b"")
}

/// The end of the service's log.
pub fn tail(stage: &Stage) -> String {
    let log = String::from_utf8_lossy(&fs::read(stage.path("peerling.log")).unwrap()).into_owned();
    let lines: Vec<&str> = log.lines().filter(|line| !line.contains(" logged in from ")).collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

/// The process of a peering's link.
pub fn link_process(asn: u32) -> Option<i32> {
    processes(&["wireguard-go", &format!("wg-as{asn}")]).first().copied()
}

/// How long it took, besides.
pub fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let done = what();
    (done, begin.elapsed())
}
