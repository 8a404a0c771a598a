//! Where log lines go: standard error, one line each, or a file in their place.
//!
//! Under systemd each line begins with its priority (sd-daemon(3)), so that the journal can sort
//! them. Elsewhere the service's lines begin with the time (RFC 3339), since nobody else notes it.
//! What others wrote is escaped as it is for a member's terminal, and a line has an end. What
//! libraries have to say about clients that misbehave is kept to verbose runs: anybody can cause
//! it.

use crate::limits::LOG_LINE_CHARS_MAX;
use crate::sys;
use crate::text::escape::escape;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::fs::File;
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

/// Where log lines go instead, if somebody works at this terminal.
static FILE: OnceLock<File> = OnceLock::new();

struct Sink {
    volume: Volume,
    clock: Clock,
    is_journal: bool,
}

/// Do lines tell the time, where there is no journal?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Shown,
    /// Somebody looks on.
    Hidden,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// What is not well: for an operation whose answer is on standard output.
    Trouble,
    /// What an operator wants to know of a service.
    News,
    Everything,
}

/// Sends log lines to standard error from now on. Called once; later calls change nothing.
pub fn start(volume: Volume, clock: Clock) {
    let is_journal = is_journal();
    let level = match volume {
        Volume::Trouble => LevelFilter::Warn,
        Volume::News => LevelFilter::Info,
        Volume::Everything => LevelFilter::Debug,
    };
    if log::set_boxed_logger(Box::new(Sink { volume, clock, is_journal })).is_ok() {
        log::set_max_level(level);
        std::panic::set_hook(Box::new(panicked));
    }
}

/// From now on log lines go into this file. Called once; later calls change nothing.
pub fn into_file(file: File) {
    let _ = FILE.set(file);
}

/// What a panic says, in one line of the log.
fn panicked(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let payload = info.payload();
    let words = match payload.downcast_ref::<String>() {
        Some(words) => words.as_str(),
        None => payload.downcast_ref::<&str>().copied().unwrap_or("no words"),
    };
    log::error!("panic at {place}: {words}");
}

/// What a line on standard error begins with that ends the program: its priority, where the journal
/// reads it.
pub fn fatal(clock: Clock) -> String {
    if is_journal() { "<3>".to_string() } else { time(clock) }
}

fn time(clock: Clock) -> String {
    match clock {
        Clock::Shown => format!("{} ", sys::now().rfc3339()),
        Clock::Hidden => String::new(),
    }
}

/// Is standard error the journal's? What was started from a service inherits the variable, and may
/// write elsewhere (systemd.exec(5)).
fn is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    let ours = rustix::fs::fstat(std::io::stderr());
    ours.is_ok_and(|metadata| stream == format!("{}:{}", metadata.st_dev, metadata.st_ino))
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
        let text = one_line(&record.args().to_string());
        if let Some(mut file) = FILE.get() {
            let line = format!("{}{word}{text}\n", time(Clock::Shown));
            // A file that is full is no reason to end.
            let _ = file.write_all(line.as_bytes());
            return;
        }
        let line = if self.is_journal {
            format!("<{priority}>{text}\n")
        } else {
            format!("{}{word}{text}\n", time(self.clock))
        };
        // If nobody reads our standard error there is nobody to tell.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

/// One line, whatever others put into it: a user name can hold a line end and a forged line after
/// it.
fn one_line(text: &str) -> String {
    match text.char_indices().nth(LOG_LINE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", escape(text.get(..end).unwrap_or_default())),
        None => escape(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_forge_a_line() {
        assert_eq!(
            one_line("login \"x\n<3>root logged in\x1b[2J\""),
            "login \"x\\n<3>root logged in\\u{1b}[2J\""
        );
        assert_eq!(one_line("AS1: é"), "AS1: é");
    }

    /// The attack: letters that turn the order of a line round, or end it, and a name of 250,000
    /// escapes, each of which is shown as six characters.
    #[test]
    fn nobody_can_turn_a_line_round_or_fill_the_disk_with_it() {
        assert_eq!(one_line("a\u{202e}b\u{2066}c\u{2028}"), "a\\u{202e}b\\u{2066}c\\u{2028}");
        assert!(one_line(&"\x1b".repeat(250_000)).len() < 10 * LOG_LINE_CHARS_MAX);
    }
}
