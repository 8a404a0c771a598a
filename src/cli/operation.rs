//! What an operation is, and what may follow it: the columns of the table of operations.

use super::logging::Volume;
use super::parse::Invocation;
use crate::daemon::Failure;

/// What peerling can be told to do.
#[derive(Debug)]
pub struct Operation {
    /// As it is typed.
    pub name: &'static str,
    /// What the replaced service called it: a flag in the operation's place.
    pub alias: Option<&'static str>,
    /// What may follow it, operands in their order.
    pub arguments: &'static [Argument],
    /// What it does, in one line of small letters without a full stop.
    pub about: &'static str,
    /// What the manual and `peerling help NAME` tell besides, paragraph by paragraph.
    pub more: &'static [&'static str],
    /// Exit statuses that mean something else than [`STATUSES`](super::table::STATUSES) says, and
    /// what.
    pub statuses: &'static [(u8, &'static str)],
    /// How much is logged while it runs, unless `--verbose` wants everything.
    pub volume: Volume,
    pub run: fn(&Invocation) -> Result<u8, Failure>,
}

/// A flag or an operand.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// A flag with its hyphens; else what stands for the operand.
    pub name: &'static str,
    /// The same flag in one letter.
    pub short: Option<char>,
    /// What follows a flag, or what an operand is.
    pub value: Value,
    /// How often it stands.
    pub presence: Presence,
    /// What it means.
    pub about: &'static str,
}

/// What is typed for an argument. A name in capitals stands for it in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: the flag alone.
    None,
    /// Text of the operator's own.
    Text(&'static str),
    /// A file that exists.
    File(&'static str),
    Directory(&'static str),
    /// A command line for `sh`.
    Program(&'static str),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The name of an operation.
    Operation(&'static str),
    /// All words that are left: a command of the SSH shell.
    Command(&'static str),
}

/// How often an argument stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// At most once.
    Optional,
    /// Once.
    Required,
    /// As often as it is wanted.
    Repeated,
}

impl Argument {
    /// Is it typed as it is named? Else it is an operand.
    pub fn is_flag(&self) -> bool {
        self.name.starts_with("--") && self.name != "--"
    }

    /// What stands for its value: `FILE`, `table|dot`; empty for a flag alone.
    pub fn placeholder(&self) -> String {
        match self.value {
            Value::None => String::new(),
            Value::OneOf(words) => words.join("|"),
            Value::Text(name)
            | Value::File(name)
            | Value::Directory(name)
            | Value::Program(name)
            | Value::Operation(name)
            | Value::Command(name) => name.to_string(),
        }
    }

    /// `--as NAME`, `DIR`, `-- COMMAND...`.
    pub fn usage(&self) -> String {
        if self.name == self.placeholder() {
            return self.name.to_string();
        }
        format!("{} {}", self.name, self.placeholder()).trim_end().to_string()
    }
}

impl Operation {
    /// The whole line: `exec [--as NAME] -- COMMAND...`.
    pub fn synopsis(&self) -> String {
        let mut line = self.name.to_string();
        for argument in self.arguments {
            let usage = argument.usage();
            line += &match argument.presence {
                Presence::Optional => format!(" [{usage}]"),
                Presence::Required => format!(" {usage}"),
                Presence::Repeated => format!(" [{usage}...]"),
            };
        }
        line
    }
}
