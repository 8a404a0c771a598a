//! The operator's command line: a row of the [`table`] for each operation, and a file that does it.

mod backup;
mod bird_form;
mod bird_init;
mod check;
mod demo;
mod down;
mod exec;
mod genconfig;
pub mod help;
mod import;
mod init;
mod logging;
mod mesh;
pub mod operation;
mod parse;
mod pass;
mod service;
pub mod table;
mod terminal;

use crate::daemon::Failure;
use logging::{Clock, Volume};
use parse::{Invocation, Parsed};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use table::{CONFIGURATION, DONE, FAILED, USAGE};

/// What `--version` prints.
const VERSION: &str =
    concat!("peerling ", env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")\n");

/// Does what the words after the program's own name say; the exit status.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    match parse::parse(words) {
        Ok(Parsed::Run(invocation)) => ExitCode::from(perform(&invocation)),
        Ok(Parsed::Show(text)) => {
            print(&text);
            ExitCode::from(DONE)
        }
        Err(error) => {
            complain(&format!("peerling: {error}\n"));
            ExitCode::from(USAGE)
        }
    }
}

fn perform(invocation: &Invocation) -> u8 {
    let operation = invocation.operation;
    let volume = if invocation.is_verbose { Volume::Everything } else { operation.volume };
    // Only the service logs for longer than somebody looks on.
    let clock = if operation.name == "serve" { Clock::Shown } else { Clock::Hidden };
    logging::start(volume, clock);
    let (status, troubles) = match (operation.run)(invocation) {
        Ok(status) => (status, Vec::new()),
        Err(Failure::Configuration(troubles)) => (CONFIGURATION, troubles),
        Err(Failure::Other(troubles)) => (FAILED, troubles),
    };
    for trouble in troubles {
        complain(&format!("{}peerling: {trouble}\n", logging::fatal(clock)));
    }
    status
}

/// Writes to standard output. Whoever closed the pipe does not want to hear more.
fn print(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes to standard error, and does not mind where nobody reads it.
fn complain(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
