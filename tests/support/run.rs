//! Other programs, run to their end and never longer than [`PATIENCE`]; and what is skipped where
//! one of them is missing.

use super::testing;
use std::io::{Read, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before a test calls it stuck: far longer than on the slowest machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between two looks at something that is waited for.
pub const LOOK: Duration = Duration::from_millis(5);

/// What a program said.
#[derive(Debug)]
pub struct Said {
    /// Its exit status; `None`: a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Said {
    /// Standard output of a program that ended well and had nothing to complain about.
    pub fn fine(&self) -> &str {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{self:#?}");
        &self.stdout
    }

    /// Standard error of a program that ended with `status` and printed nothing else.
    pub fn refused(&self, status: i32) -> &str {
        assert_eq!((self.status, self.stdout.as_str()), (Some(status), ""), "{self:#?}");
        &self.stderr
    }
}

/// Runs a program with this input and collects what it says.
pub fn run(command: &mut Command, input: &[u8]) -> Said {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    // Whoever ends before they have read everything is not at fault.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let readers = (collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap()));
    let status: Option<ExitStatus> = wait_for(|| child.try_wait().unwrap());
    if status.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let _ = writer.join();
    let said = Said {
        status: status.and_then(|it| it.code()),
        stdout: readers.0.join().unwrap(),
        stderr: readers.1.join().unwrap(),
    };
    assert!(status.is_some(), "{command:?} did not end: {said:#?}");
    said
}

fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Looks again and again until there is something, or until patience ends.
pub fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let found = look();
        if found.is_some() || start.elapsed() > PATIENCE {
            return found;
        }
        thread::sleep(LOOK);
    }
}

/// Waits until `condition` holds; `what` it is stands in the complaint if it never does.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let held = wait_for(|| condition().then_some(()));
    assert!(held.is_some(), "waited in vain: {what}");
}

/// Is this program here? If not, the test that needs it says so and is passed over; where
/// everything is required (`PEERLING_LAB=required`), it fails.
pub fn has(program: &str, package: &str) -> bool {
    let directories = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&directories).any(|it| it.join(program).is_file());
    found || skip(&format!("there is no {program}; {package} has it"))
}

/// Says why a test is passed over. Always `false`.
pub fn skip(why: &str) -> bool {
    testing::skipped(thread::current().name().unwrap_or_default(), why);
    false
}

/// A command inside another one, such as `setsid --`, with the variables that it is to have.
pub fn wrapped(words: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(words[0]);
    outer.args(&words[1..]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}
