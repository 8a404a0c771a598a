//! Other programs of the stage, and what they tell of the machine.

use crate::run::{self, Said};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::Write as _;
use std::process::{Child, Command};

/// A program that runs beside the play; ended when it is dropped.
pub struct Program {
    child: Child,
    hangs: bool,
}

impl Program {
    pub fn start(command: &mut Command) -> Program {
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Program { child, hangs: false }
    }

    /// Writes to its standard input, which must be a pipe.
    pub fn say(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        // One that has ended by itself is told by whoever needs it.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Stops it as a machine does that is out of memory or suspended.
    pub fn hang(&mut self) {
        self.signal(Signal::STOP);
        self.hangs = true;
    }

    pub fn go_on(&mut self) {
        self.signal(Signal::CONT);
        self.hangs = false;
    }

    pub fn hangs(&self) -> bool {
        self.hangs
    }

    /// Its exit status if it has ended; `-1`: by a signal.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.try_wait().unwrap().map(|status| status.code().unwrap_or(-1))
    }

    /// Ends it by a signal, and waits for that.
    pub fn end(mut self, signal: Signal) -> i32 {
        self.go_on();
        self.signal(signal);
        run::wait_for(|| self.ended()).expect("a program that was told to end does")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a script of bash that must succeed; what it prints.
pub fn sh(script: &str) -> String {
    let said = try_sh(script);
    assert_eq!(said.status, Some(0), "{script}\n{said:#?}");
    said.stdout
}

/// Runs a script of bash.
pub fn try_sh(script: &str) -> Said {
    run::run(Command::new("bash").args(["-euc", script]), b"")
}

/// Runs a program that must succeed; what it prints.
pub fn tool(program: &str, arguments: &[&str]) -> String {
    let said = run::run(Command::new(program).args(arguments), b"");
    assert_eq!(said.status, Some(0), "{program} {arguments:?}\n{said:#?}");
    said.stdout
}

/// The processes with this command line.
pub fn processes(line: &[&str]) -> Vec<i32> {
    let wanted: Vec<u8> = line.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap() {
        let entry = entry.unwrap();
        let Ok(id) = entry.file_name().to_string_lossy().parse() else { continue };
        if fs::read(entry.path().join("cmdline")).is_ok_and(|line| line == wanted) {
            found.push(id);
        }
    }
    found
}

/// Sends a signal to a process that is none of our own children.
pub fn signal(process: i32, signal: Signal) {
    if let Some(process) = Pid::from_raw(process) {
        let _ = kill_process(process, signal);
    }
}

/// The names of a directory's files that a test wants, sorted.
pub fn names(directory: &std::path::Path, is_wanted: fn(&str) -> bool) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| is_wanted(name));
    names.sort();
    names
}
