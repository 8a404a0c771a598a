//! help: every command with its flags, for people and for programs that write programs.

use super::{Answer, VERSION};
use crate::command::{COMMANDS, CommandSpec, Field, Flag, FlagSpec, Form};
use crate::model::{Families, Role};
use crate::text::Screen;
use crate::text::table::{Fit, Table};
use nanoserde::SerJson;
use std::fmt::Write as _;

/// The list of commands, or one of them.
#[derive(Debug)]
pub struct Help {
    /// The one that is explained; `None`: the list.
    pub topic: Option<&'static CommandSpec>,
    /// For whom the list is.
    pub role: Role,
}

impl Answer for Help {
    fn text(&self, screen: Screen) -> String {
        screen.fold(match self.topic {
            Some(spec) => explained(spec, screen),
            None => self.list(screen),
        })
    }

    fn json(&self) -> Option<String> {
        let commands = match self.topic {
            Some(spec) => vec![CommandJson::from(spec)],
            None => self.listed().map(CommandJson::from).collect(),
        };
        Some(HelpJson { version: VERSION, commands }.serialize_json())
    }
}

impl Help {
    fn listed(&self) -> impl Iterator<Item = &'static CommandSpec> {
        COMMANDS.iter().copied().filter(|spec| spec.is_listed_for(self.role))
    }

    fn list(&self, screen: Screen) -> String {
        let mut table = Table::new([("Command", Fit::Whole), ("What it does", Fit::Wrap)]);
        table.rows = self
            .listed()
            .map(|spec| vec![spec.name.to_string(), spec.summary.to_string()])
            .collect();
        format!(
            "{}help COMMAND tells more. peer_list, peer list and peer_l are one.\n",
            table.render(screen.columns, screen.style)
        )
    }
}

fn explained(spec: &CommandSpec, screen: Screen) -> String {
    let mut text = format!("{}: {}.\n", screen.heading(spec.name), spec.summary);
    if !spec.detail.is_empty() {
        let _ = writeln!(text, "{}", spec.detail);
    }
    let mut table = Table::new([("Flag", Fit::Whole), ("Meaning", Fit::Wrap)]);
    for flag in spec.flags {
        let gap = if flag.value.is_empty() || flag.value.starts_with('[') { "" } else { " " };
        let usage = format!("{}{gap}{}", flag.name, flag.value);
        table.rows.push(vec![usage, flag.meaning.to_string()]);
    }
    if !table.rows.is_empty() {
        text += &table.render(screen.columns, screen.style);
    }
    text + &format!("Example: {}\n", spec.example)
}

#[derive(SerJson)]
struct HelpJson {
    version: u8,
    commands: Vec<CommandJson>,
}

#[derive(SerJson)]
struct CommandJson {
    name: String,
    aliases: Vec<String>,
    summary: String,
    detail: String,
    who: String,
    example: String,
    /// The schema of the answer with `--json`; null: there is no JSON.
    #[nserde(serialize_none_as_null)]
    schema: Option<String>,
    flags: Vec<FlagJson>,
}

#[derive(SerJson)]
struct FlagJson {
    name: String,
    /// The type of the value in the words of JSON Schema; `boolean`: it takes none.
    #[nserde(rename = "type")]
    kind: String,
    value: String,
    /// The only values, where there is a choice.
    values: Option<Vec<String>>,
    meaning: String,
}

impl From<&CommandSpec> for CommandJson {
    fn from(spec: &CommandSpec) -> CommandJson {
        CommandJson {
            name: spec.name.to_string(),
            aliases: spec.aliases.iter().map(ToString::to_string).collect(),
            summary: spec.summary.to_string(),
            detail: spec.detail.to_string(),
            who: spec.role.word().to_string(),
            example: spec.example.to_string(),
            schema: spec.schema.map(|name| format!("urn:peerling:v1:{name}")),
            flags: spec.flags.iter().map(FlagJson::from).collect(),
        }
    }
}

impl From<&FlagSpec> for FlagJson {
    fn from(spec: &FlagSpec) -> FlagJson {
        let kind = match spec.flag {
            Flag::Answer(Field::Asn | Field::EndpointPort | Field::Mtu) | Flag::Wait => "integer",
            Flag::Answer(_) | Flag::Form | Flag::From => "string",
            Flag::Yes
            | Flag::Json
            | Flag::All
            | Flag::Raw
            | Flag::Watch
            | Flag::Down
            | Flag::ExitStatus => "boolean",
        };
        FlagJson {
            name: spec.name.to_string(),
            kind: kind.to_string(),
            value: spec.value.to_string(),
            values: choice(spec.flag),
            meaning: spec.meaning.to_string(),
        }
    }
}

/// The only values that a flag takes, where there is a choice.
fn choice(flag: Flag) -> Option<Vec<String>> {
    let words: Vec<&str> = match flag {
        Flag::Answer(Field::Families) => {
            [Families::Both, Families::V4, Families::V6].map(Families::word).to_vec()
        }
        Flag::Form => Form::ALL.map(|(word, _)| word).to_vec(),
        Flag::From => vec!["-"],
        _ => return None,
    };
    Some(words.into_iter().map(str::to_string).collect())
}
