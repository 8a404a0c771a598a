//! `help` as JSON: every command with its flags, for programs that write programs.

use super::VERSION;
use crate::command::{COMMANDS, CommandSpec, Field, Flag, FlagSpec, Form};
use crate::model::{Families, Role};
use nanoserde::SerJson;

#[derive(SerJson)]
struct Help {
    version: u8,
    commands: Vec<CommandHelp>,
}

#[derive(SerJson)]
struct CommandHelp {
    name: String,
    aliases: Vec<String>,
    summary: String,
    detail: String,
    who: String,
    example: String,
    /// The schema of the answer with `--json`; null: there is no JSON.
    #[nserde(serialize_none_as_null)]
    schema: Option<String>,
    flags: Vec<FlagHelp>,
}

#[derive(SerJson)]
struct FlagHelp {
    name: String,
    /// `boolean`: it takes no value.
    #[nserde(rename = "type")]
    kind: String,
    value: String,
    /// The only values, where there is a choice.
    values: Option<Vec<String>>,
    meaning: String,
}

/// All commands for such a caller, or one; without a line end.
pub fn help(one: Option<&CommandSpec>, role: Role) -> String {
    let commands = match one {
        Some(spec) => vec![command(spec)],
        None => COMMANDS.iter().copied().filter(|it| it.is_listed_for(role)).map(command).collect(),
    };
    Help { version: VERSION, commands }.serialize_json()
}

fn command(spec: &CommandSpec) -> CommandHelp {
    CommandHelp {
        name: spec.name.to_string(),
        aliases: spec.aliases.iter().map(|it| it.to_string()).collect(),
        summary: spec.summary.to_string(),
        detail: spec.detail.to_string(),
        who: spec.role.word().to_string(),
        example: spec.example.to_string(),
        schema: spec.schema.map(|it| format!("urn:peerling:v1:{it}")),
        flags: spec.flags.iter().map(flag).collect(),
    }
}

fn flag(spec: &FlagSpec) -> FlagHelp {
    let (kind, values) = kind(spec.flag);
    FlagHelp {
        name: spec.name.to_string(),
        kind: kind.to_string(),
        value: spec.value.to_string(),
        values: values.map(|it| it.iter().map(|word| word.to_string()).collect()),
        meaning: spec.meaning.to_string(),
    }
}

/// The type of a flag's value in JSON Schema's words, and the choice where there is one.
fn kind(flag: Flag) -> (&'static str, Option<Vec<&'static str>>) {
    match flag {
        Flag::Answer(Field::Asn | Field::EndpointPort | Field::Mtu) | Flag::Wait => {
            ("integer", None)
        }
        Flag::Answer(Field::Families) => {
            let all = [Families::Both, Families::V4, Families::V6];
            ("string", Some(all.map(Families::word).to_vec()))
        }
        Flag::Answer(_) => ("string", None),
        Flag::Form => ("string", Some(Form::ALL.map(|(word, _)| word).to_vec())),
        Flag::From => ("string", Some(vec!["-"])),
        Flag::Yes | Flag::Json | Flag::All | Flag::Raw | Flag::Watch => ("boolean", None),
    }
}
