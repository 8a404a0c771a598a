//! Arguments, an operation, an exit status: 0 done, 1 refused or failed, 2 usage (for `plan`: steps
//! pending), 78 a configuration that the service cannot start with.

use lexopt::prelude::{Long, Short, Value, ValueExt as _};
use peerling::apply::{DryRun, Reached, Removals, unexplained_words};
use peerling::daemon::logging::{Clock, Volume};
use peerling::daemon::{
    ConfigFile, EXIT_CONFIGURATION, Failure, bird_init, check, demo, exec, export, genconfig,
    logging, mesh, once, restore, serve, test,
};
use peerling::local::Order;
use peerling::{sys, usage};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

const USUAL_CONFIG: &str = "/etc/peerling/peerling.toml";
const DONE: u8 = 0;
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const VERSION: &str =
    concat!("peerling ", env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")\n");

/// What is to be done.
enum Operation {
    Serve,
    TestConfiguration,
    Check { form: check::Form },
    Plan,
    Apply { removals: Removals },
    Genconfig,
    Export { directory: PathBuf },
    Restore { from: PathBuf },
    BirdInit { directory: PathBuf },
    Exec(Order),
    Mesh { format: mesh::Format },
    Demo { run: Option<OsString> },
    Say(String),
}

struct Arguments {
    file: ConfigFile,
    volume: Volume,
    operation: Operation,
}

fn main() -> ExitCode {
    let arguments = match parse(lexopt::Parser::from_env()) {
        Ok(arguments) => arguments,
        Err(error) => {
            say(&format!("peerling: {error}; --help tells more\n"), &mut std::io::stderr());
            return ExitCode::from(USAGE);
        }
    };
    let clock = usual_clock(&arguments.operation);
    logging::start(arguments.volume, clock);
    let (status, troubles) = match perform(arguments) {
        Ok(status) => (status, Vec::new()),
        Err(Failure::Configuration(troubles)) => (EXIT_CONFIGURATION, troubles),
        Err(Failure::Other(troubles)) => (FAILED, troubles),
    };
    for trouble in troubles {
        let line = format!("{}peerling: {trouble}\n", logging::fatal(clock));
        say(&line, &mut std::io::stderr());
    }
    ExitCode::from(status)
}

fn perform(Arguments { file, operation, .. }: Arguments) -> Result<u8, Failure> {
    match operation {
        Operation::Serve => serve(file)?,
        Operation::TestConfiguration => test(&file)?,
        Operation::Check { form } => {
            let report = check::run(&file);
            say(&report.print(form), &mut std::io::stdout());
            return Ok(if report.findings.is_ok() { DONE } else { FAILED });
        }
        Operation::Plan => return Ok(show(&once::plan(file)?)),
        Operation::Apply { removals } => {
            return match once::apply(file, removals)? {
                Reached::All => Ok(DONE),
                Reached::NotAll => Ok(FAILED),
            };
        }
        Operation::Genconfig => genconfig::run(&file, sys::now())?,
        Operation::Export { directory } => exported(&export::run(&file, &directory)?),
        Operation::BirdInit { directory } => {
            say(&bird_init::run(&file, &directory)?, &mut std::io::stdout());
        }
        Operation::Restore { from } => {
            say(&restore::run(&file, &from, sys::now())?, &mut std::io::stdout());
        }
        Operation::Exec(order) => {
            return Ok(u8::try_from(exec::run(file, order)?).unwrap_or(FAILED));
        }
        Operation::Mesh { format } => say(&mesh::run(&file, format)?, &mut std::io::stdout()),
        Operation::Demo { run } => return Ok(demo::run(run.as_deref())?),
        Operation::Say(text) => say(&text, &mut std::io::stdout()),
    }
    Ok(DONE)
}

fn parse(mut parser: lexopt::Parser) -> Result<Arguments, lexopt::Error> {
    let mut file = ConfigFile::Usual(PathBuf::from(USUAL_CONFIG));
    let (mut verbose, mut operation) = (None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("config") => file = ConfigFile::Named(parser.value()?.into()),
            Long("verbose") | Short('v') => verbose = Some(Volume::Everything),
            Long("help") | Short('h') => operation = Some(Operation::Say(usage::help())),
            Long("version") | Short('V') => operation = Some(Operation::Say(VERSION.to_string())),
            // The replaced service's own names.
            Long("server") => operation = Some(Operation::Serve),
            Long("genconfig") => operation = Some(Operation::Genconfig),
            Value(word) if operation.is_none() => operation = Some(named(word, &mut parser)?),
            Long("test") => match operation {
                Some(Operation::Serve) => operation = Some(Operation::TestConfiguration),
                _ => return Err(Long("test").unexpected()),
            },
            Long("confirm-removals") => match &mut operation {
                Some(Operation::Apply { removals }) => *removals = Removals::Confirmed,
                _ => return Err(Long("confirm-removals").unexpected()),
            },
            Long("json") => match &mut operation {
                Some(Operation::Check { form }) => *form = check::Form::Json,
                _ => return Err(Long("json").unexpected()),
            },
            Long("format") => match &mut operation {
                Some(Operation::Mesh { format }) => *format = parser.value()?.parse()?,
                _ => return Err(Long("format").unexpected()),
            },
            Long("run") => match &mut operation {
                Some(Operation::Demo { run }) => *run = Some(parser.value()?),
                _ => return Err(Long("run").unexpected()),
            },
            other => return Err(other.unexpected()),
        }
    }
    let operation = match operation.ok_or("no operation was given")? {
        // Everything is the whole configuration, too.
        Operation::Check { form: check::Form::Text } if verbose.is_some() => {
            Operation::Check { form: check::Form::Toml }
        }
        operation => operation,
    };
    let volume = verbose.unwrap_or(usual_volume(&operation));
    Ok(Arguments { file, volume, operation })
}

fn usual_volume(operation: &Operation) -> Volume {
    match operation {
        Operation::Serve | Operation::Apply { .. } | Operation::Demo { .. } => Volume::News,
        Operation::TestConfiguration
        | Operation::Check { .. }
        | Operation::Plan
        | Operation::Genconfig
        | Operation::Export { .. }
        | Operation::Restore { .. }
        | Operation::BirdInit { .. }
        | Operation::Exec(_)
        | Operation::Mesh { .. }
        | Operation::Say(_) => Volume::Trouble,
    }
}

/// Only the service says things for longer than somebody looks on.
fn usual_clock(operation: &Operation) -> Clock {
    match operation {
        Operation::Serve => Clock::Told,
        _ => Clock::Untold,
    }
}

fn named(word: OsString, parser: &mut lexopt::Parser) -> Result<Operation, lexopt::Error> {
    match word.to_str() {
        Some("serve") => Ok(Operation::Serve),
        Some("check") => Ok(Operation::Check { form: check::Form::Text }),
        Some("plan") => Ok(Operation::Plan),
        Some("apply") => Ok(Operation::Apply { removals: Removals::Asked }),
        Some("genconfig") => Ok(Operation::Genconfig),
        Some("bird-init") => {
            let directory = path(parser, "bird-init needs a directory")?;
            Ok(Operation::BirdInit { directory })
        }
        Some("mesh") => Ok(Operation::Mesh { format: mesh::Format::Table }),
        Some("demo") => Ok(Operation::Demo { run: None }),
        Some("export") => {
            let directory = path(parser, "export needs a directory")?;
            Ok(Operation::Export { directory })
        }
        Some("restore") => {
            let from = path(parser, "restore needs a file: the peering.db of a backup")?;
            Ok(Operation::Restore { from })
        }
        Some("exec") => command(parser),
        _ => Err(Value(word).unexpected()),
    }
}

/// The one path that follows an operation; `missing` is said where there is none.
fn path(parser: &mut lexopt::Parser, missing: &str) -> Result<PathBuf, lexopt::Error> {
    match parser.next()? {
        Some(Value(path)) => Ok(PathBuf::from(path)),
        Some(other) => Err(other.unexpected()),
        None => Err(missing.into()),
    }
}

/// What follows `exec`: everything after `--`, or after the first word, is the command's own.
fn command(parser: &mut lexopt::Parser) -> Result<Operation, lexopt::Error> {
    let mut order = Order::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("as") => order.maintainer = Some(parser.value()?.string()?),
            Value(first) => {
                order.words.push(first.string()?);
                for word in parser.raw_args()? {
                    order.words.push(word.string()?);
                }
                return Ok(Operation::Exec(order));
            }
            other => return Err(other.unexpected()),
        }
    }
    Err("exec needs a command".into())
}

/// Exit status 2 tells that there is something to do.
fn show(dry_run: &DryRun) -> u8 {
    for step in &dry_run.steps {
        say(&peerling::plan::show::detail(step), &mut std::io::stdout());
    }
    let mut lines: Vec<String> = dry_run.foreign.iter().cloned().collect();
    lines.extend(dry_run.strays.iter().map(ToString::to_string));
    lines.extend(dry_run.refusal.clone());
    lines.extend(dry_run.failures.iter().map(|(owner, why)| format!("{owner}: {why}")));
    if !dry_run.unexplained.is_empty() {
        lines.push(unexplained_words(&dry_run.unexplained));
    }
    for line in lines {
        say(&format!("peerling: {line}\n"), &mut std::io::stderr());
    }
    if dry_run.steps.is_empty() { DONE } else { USAGE }
}

/// What bears a name that is copied, and was not.
fn exported(left_out: &[String]) {
    for line in left_out {
        say(&format!("peerling: {line}\n"), &mut std::io::stderr());
    }
}

/// Whoever closed the pipe does not want to hear more.
fn say(text: &str, out: &mut impl std::io::Write) {
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
