//! What the table says of a command and of a flag.

use super::{Command, Field};
use crate::model::Role;

/// A command as it can be typed.
#[derive(Debug)]
pub struct CommandSpec {
    /// What it is before its flags are read.
    pub command: Command,
    /// Its name; blanks and hyphens may stand for the underscores.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// What it does, in one line.
    pub summary: &'static str,
    /// More, shown by `help COMMAND`.
    pub detail: &'static str,
    /// What may be said along with it.
    pub flags: &'static [FlagSpec],
    /// A whole line as an example.
    pub example: &'static str,
    /// Whom it is for; a flag may be for fewer.
    pub role: Role,
    /// Whether a ban stands against it.
    pub bans: Bans,
    /// Which peerings it is judged by.
    pub reads: Reads,
    /// Which AS numbers it may be about.
    pub about: About,
    /// What is asked at a prompt.
    pub prompt: Prompt,
    /// What the words after it are that are no flags.
    pub words: Words,
    /// The file of `packaging/schema` that its answer in JSON follows; `None`: it has no JSON.
    /// Errors follow `error` everywhere.
    pub schema: Option<&'static str>,
}

impl CommandSpec {
    /// Whether it is among the commands that such a caller sees.
    pub fn is_listed_for(&self, role: Role) -> bool {
        role.may_act_as(self.role)
    }

    /// Whether one of its flags answers the question about `field`.
    pub fn takes(&self, field: Field) -> bool {
        self.flags.iter().any(|it| it.flag == Flag::Answer(field))
    }
}

/// Whether a ban of the caller stands against a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bans {
    /// It makes a peering, changes one or switches one on.
    Bar,
    /// It looks, or takes away.
    Allow,
}

/// Which rows of the database a command has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// None: it works without a database too.
    Nothing,
    /// The caller's own; an administrator's are all.
    Own,
    /// All: it makes something that has to fit beside them.
    All,
}

/// Which AS numbers a command may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The caller's: one gets a peering, which is looked at while it comes up.
    NewPeering,
    /// Those with a peering here.
    Peering,
}

/// What is asked at a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// What is missing; a wrong answer ends the command.
    Missing,
    /// What is missing, and again what was answered wrongly.
    Again,
    /// The same, and every field where none was named.
    Form,
}

/// What words are that are no flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Answers: an AS number, or a maintainer.
    Answers,
    /// The name of a command.
    Command,
}

/// A flag as it can be typed.
#[derive(Debug)]
pub struct FlagSpec {
    /// Its name with the two hyphens.
    pub name: &'static str,
    /// What stands for its value in the help; empty: it takes none.
    pub value: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What it does to the request.
    pub flag: Flag,
}

/// What a flag does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Answers a question.
    Answer(Field),
    /// Answers the confirmation.
    Yes,
    /// Waits until it is applied; the seconds may be left out.
    Wait,
    /// JSON instead of text.
    Json,
    /// Everybody's instead of the caller's.
    All,
    /// What a configuration is written for.
    Form,
    /// More answers from standard input.
    From,
    /// What the programs themselves say.
    Raw,
    /// Again and again.
    Watch,
    /// Only what is down.
    Down,
    /// An exit status that tells whether all is well.
    ExitStatus,
}

impl Flag {
    /// Who may use it where the command itself may be used.
    pub fn role(self) -> Role {
        if self == Flag::All { Role::Admin } else { Role::Member }
    }
}
