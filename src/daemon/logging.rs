//! Where log lines go: standard error, one line each.
//!
//! Under systemd each line begins with its priority (sd-daemon(3)), so that the journal can sort
//! them. What libraries have to say about clients that misbehave is kept to verbose runs: anybody
//! can cause it.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::io::Write as _;

struct Sink {
    volume: Volume,
    journal: bool,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// What is not well: for an operation whose answer is on standard output.
    Trouble,
    /// What an operator wants to know of a service.
    News,
    /// Everything.
    Everything,
}

/// Sends log lines to standard error from now on. Called once; later calls change nothing.
pub fn start(volume: Volume) {
    let journal = is_journal();
    let level = match volume {
        Volume::Trouble => LevelFilter::Warn,
        Volume::News => LevelFilter::Info,
        Volume::Everything => LevelFilter::Debug,
    };
    if log::set_boxed_logger(Box::new(Sink { volume, journal })).is_ok() {
        log::set_max_level(level);
    }
}

/// What a line on standard error begins with that ends the program: its priority, where the journal
/// reads it.
pub fn fatal() -> &'static str {
    if is_journal() { "<3>" } else { "" }
}

/// Is standard error the journal's? What was started from a service inherits the variable, and may
/// write elsewhere (systemd.exec(5)).
fn is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    let ours = rustix::fs::fstat(std::io::stderr());
    ours.is_ok_and(|it| stream == format!("{}:{}", it.st_dev, it.st_ino))
}

impl Log for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("peerling") || self.volume == Volume::Everything
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let (priority, word) = match record.level() {
            Level::Error => (3, "error: "),
            Level::Warn => (4, "warning: "),
            Level::Info => (6, ""),
            Level::Debug | Level::Trace => (7, "debug: "),
        };
        let text = printable(&record.args().to_string());
        let line = match self.journal {
            true => format!("<{priority}>{text}\n"),
            false => format!("{word}{text}\n"),
        };
        // If nobody reads our standard error there is nobody to tell.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

/// One line, whatever others put into it: a user name can hold a line end and a forged line after
/// it.
fn printable(text: &str) -> String {
    let escape = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_forge_a_line() {
        assert_eq!(
            printable("login \"x\n<3>root logged in\x1b[2J\""),
            "login \"x\\n<3>root logged in\\u{1b}[2J\""
        );
        assert_eq!(printable("AS1: é"), "AS1: é");
    }
}
