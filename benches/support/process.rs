//! What the kernel says of a running program, and the guard that ends it.

use crate::timing::Kilobytes;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Ticks per second in `/proc/PID/stat`: USER_HZ, which is 100 on every Linux (proc(5)).
const TICKS_PER_SECOND: u64 = 100;
/// How long anything may take until it is there.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program of ours; ended when it is dropped.
pub struct Guard(pub Child);

impl Guard {
    /// Resident memory.
    pub fn resident(&self) -> Kilobytes {
        Kilobytes(self.status("VmRSS:") as f64)
    }

    /// How many threads it has.
    pub fn threads(&self) -> u64 {
        self.status("Threads:")
    }

    /// Processor time so far, with that of the children that it has waited for.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        // The name before the parenthesis may hold anything; 14th to 17th field of the whole.
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let fields = rest.split_whitespace().skip(11).take(4);
        let ticks: u64 = fields.map(|it| it.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Reads what it says on standard error up to the line with `mark`; gives what follows the
    /// mark. The rest is read away, for a full pipe would stop it.
    pub fn told(&mut self, mark: &str) -> String {
        let mut lines = BufReader::new(self.0.stderr.take().unwrap());
        let mut line = String::new();
        while lines.read_line(&mut line).unwrap() > 0 {
            if let Some((_, rest)) = line.split_once(mark) {
                let rest = rest.trim().to_owned();
                thread::spawn(move || io::copy(&mut lines, &mut io::sink()));
                return rest;
            }
            line.clear();
        }
        panic!("it ended without saying {mark:?}");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Is there such a program?
pub fn installed(name: &str) -> bool {
    let quiet = || Stdio::null();
    Command::new(name).arg("-V").stdin(quiet()).stdout(quiet()).stderr(quiet()).status().is_ok()
}

/// What a command prints; it must succeed.
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A port of the loopback interface that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Polls until it is so.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits for the first bytes of an SSH server; `false`: nobody listens.
pub fn greets(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut start = [0; 4];
    io::Read::read_exact(&mut stream, &mut start).is_ok() && start == *b"SSH-"
}
