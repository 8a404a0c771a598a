//! The manual pages and the completions of shells are true: what they list is what the tables say.
//! `make bless` writes the lists; mandoc and the shells read the results.

use peerling::command::{COMMANDS, CommandSpec};
use peerling::config::{KeySpec, Preset, keys, sections, tables};
use peerling::model::Role;
use peerling::usage::{Argument, OPERATIONS, OPTIONS};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "support/judged.rs"]
mod judged;
#[path = "../src/testing.rs"]
mod testing;

use judged::judged;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

/// Compares the lines between `<mark>` and `</mark>` with what they should be, or writes them: the
/// whole file in one step, since mandoc and the shells of other tests read it meanwhile.
fn between(file: &str, comment: &str, mark: &str, expected: &str) {
    let text = std::fs::read_to_string(path(file)).expect("the file can be read");
    let (open, close) = (format!("{comment} <{mark}>\n"), format!("{comment} </{mark}>\n"));
    let (before, rest) = text.split_once(&open).expect("the mark where the list begins");
    let (found, after) = rest.split_once(&close).expect("the mark where the list ends");
    if std::env::var_os("BLESS").is_some() {
        let text = format!("{before}{open}{expected}{close}{after}");
        let draft = path(&format!("{file}.new"));
        std::fs::write(&draft, text).expect("the file can be written");
        return std::fs::rename(draft, path(file)).expect("the file can be put in its place");
    }
    assert_eq!(found, expected, "packaging/{file} is not up to date: make bless");
}

/// Text as mdoc(7) takes it: no line begins with a dot or an apostrophe, hyphens stay hyphens.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('`', "");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}

/// A whole sentence of an explanation.
fn sentence(about: &str) -> String {
    let mut letters = about.chars();
    let first = letters.next().map(|it| it.to_uppercase().collect::<String>());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// `.Op Fl -as Ar NAME`, or without `Op` where it is needed.
fn macros(argument: &Argument) -> String {
    let flag = match argument.name {
        "--" => "Fl -".to_string(),
        name if !argument.is_word() => format!("Ar {}", name.to_lowercase()),
        name => format!("Fl {}", roff(name.trim_start_matches('-')).replacen("", "-", 1)),
    };
    let value = match argument.value {
        "" => String::new(),
        value => format!(" Ar {}", value.to_lowercase()),
    };
    if argument.optional { format!("Op {flag}{value}") } else { format!("{flag}{value}") }
}

#[test]
fn the_page_of_the_program_lists_operations_and_commands() {
    let mut list = String::new();
    for operation in OPERATIONS {
        let _ = write!(list, ".It Ic {}", operation.name);
        for argument in operation.arguments {
            let _ = write!(list, " {}", macros(argument).replace("Op ", "Oo ").trim_end());
            list += if argument.optional { " Oc" } else { "" };
        }
        let _ = writeln!(list, "\n{}", roff(&sentence(operation.about)));
    }
    between("man/peerling.8", ".\\\"", "operations", &list);
    let option = |it: &Argument| {
        let head = macros(it).replacen("Op ", "", 1);
        format!(".It {head}\n{}\n", roff(&sentence(it.about)))
    };
    between("man/peerling.8", ".\\\"", "options", &OPTIONS.iter().map(option).collect::<String>());
    for (mark, role) in [("commands", Role::Member), ("admin", Role::Admin)] {
        let rows = COMMANDS.iter().copied().filter(|it| it.role == role).map(command);
        between("man/peerling.8", ".\\\"", mark, &rows.collect::<String>());
    }
}

fn command(spec: &CommandSpec) -> String {
    let mut text = format!(".It Ic {}\n{}\n", spec.name, roff(&sentence(spec.summary)));
    let flags: Vec<String> = spec
        .flags
        .iter()
        .map(|it| match it.value {
            "" => it.name.to_string(),
            value if value.starts_with('[') => format!("{}{value}", it.name),
            value => format!("{} {value}", it.name),
        })
        .collect();
    if !flags.is_empty() {
        let _ = writeln!(text, "Flags: {}.", roff(&flags.join(", ")));
    }
    text
}

#[test]
fn the_page_of_the_configuration_lists_every_key() {
    let mut list = String::new();
    for section in sections() {
        let _ = writeln!(list, ".Sh [{}]", section.name.to_uppercase());
        let _ = writeln!(list, "{}\n.Bl -tag -width Ds", roff(&sentence(section.about())));
        keys().iter().filter(|it| it.section == section.name).for_each(|it| list += &key(it));
        list += ".El\n";
        for table in tables().iter().filter(|it| it.names().0 == section.name) {
            let _ = writeln!(list, ".Ss [[{}]]", table.path);
            let _ = writeln!(list, "{}\n.Bl -tag -width Ds", roff(&sentence(table.about())));
            table.keys.iter().for_each(|it| list += &key(it));
            list += ".El\n";
        }
    }
    between("man/peerling.toml.5", ".\\\"", "keys", &list);
}

fn key(spec: &KeySpec) -> String {
    let about = roff(&sentence(spec.about()));
    let kind = roff(&sentence(&spec.kind.to_string()));
    let default = match spec.default {
        Preset::Required => "It must be set.".to_string(),
        Preset::Unset => "Without it there is none.".to_string(),
        Preset::Value(text) => format!("Default: {}", roff(text)),
        Preset::Derived(text) => format!("Default: {}.", roff(text)),
    };
    let old = match spec.aliases {
        [] => String::new(),
        names => format!("\nAlso {}.", names.join(", ")),
    };
    format!(".It Va {}\n{about}\n{kind}\n{default}{old}\n", spec.key)
}

#[test]
fn completions_know_every_operation() {
    let words = |arguments: &[Argument]| {
        arguments.iter().filter(|it| it.is_word()).map(|it| it.name).collect::<Vec<_>>().join(" ")
    };
    let members = COMMANDS.iter().map(|it| it.name).collect::<Vec<_>>().join(" ");
    let (mut operations, mut arguments) = (String::new(), String::new());
    let names = OPERATIONS.iter().map(|it| it.name).collect::<Vec<_>>();
    let _ = writeln!(operations, "            {}) operation=$word; break ;;", names.join(" | "));
    let _ = writeln!(arguments, "        '') words='{} {}' ;;", names.join(" "), words(OPTIONS));
    for operation in OPERATIONS {
        let commands = if operation.name == "exec" { format!(" {members}") } else { String::new() };
        let known = format!("{}{commands}", words(operation.arguments));
        let _ = writeln!(arguments, "        {}) words='{known}' ;;", operation.name);
    }
    between("completions/peerling.bash", "#", "operations", &operations);
    between("completions/peerling.bash", "#", "arguments", &arguments);
    zsh();
    fish(&members);
}

fn zsh() {
    let row = |name: &str, about: &str| format!("        '{name}:{}'\n", about.replace('\'', ""));
    let operations: String = OPERATIONS.iter().map(|it| row(it.name, it.about)).collect();
    between("completions/_peerling", "#", "operations", &operations);
    let commands: String = COMMANDS.iter().map(|it| row(it.name, it.summary)).collect();
    between("completions/_peerling", "#", "commands", &commands);
    let mut arguments = String::new();
    for operation in OPERATIONS.iter().filter(|it| !it.arguments.is_empty()) {
        let _ = write!(arguments, "                {}) _arguments", operation.name);
        for argument in operation.arguments.iter().filter(|it| it.name != "--") {
            let value = match argument.value {
                "" => String::new(),
                value if value.contains('|') => format!(": :({})", value.replace('|', " ")),
                value => format!(":{}:", value.to_lowercase()),
            };
            let about = argument.about.replace(['\'', '[', ']'], "");
            let _ = match argument.is_word() {
                true => write!(arguments, " '{}[{about}]{value}'", argument.name),
                false => write!(arguments, " ':{}:_directories'", about.replace(':', "")),
            };
        }
        arguments += match operation.name {
            "exec" => "; _describe command commands ;;\n",
            _ => " ;;\n",
        };
    }
    between("completions/_peerling", "#", "arguments", &arguments);
}

fn fish(members: &str) {
    let quoted = |text: &str| text.replace('\'', "\\'");
    let mut all = String::new();
    for option in OPTIONS {
        let file = if option.value == "FILE" { " -r -F" } else { "" };
        let name = option.name.trim_start_matches('-');
        let _ = writeln!(all, "complete -c peerling -l {name}{file} -d '{}'", quoted(option.about));
    }
    for operation in OPERATIONS {
        let (name, about) = (operation.name, quoted(operation.about));
        let _ =
            writeln!(all, "complete -c peerling -n __fish_use_subcommand -a {name} -d '{about}'");
        let seen = format!("-n '__fish_seen_subcommand_from {name}'");
        for argument in operation.arguments.iter().filter(|it| it.name != "--") {
            let value = match argument.value {
                "" => String::new(),
                value if value.contains('|') => format!(" -x -a '{}'", value.replace('|', " ")),
                _ => " -r".to_string(),
            };
            let long = argument.name.trim_start_matches('-');
            let about = quoted(argument.about);
            if !argument.is_word() {
                let directories = "(__fish_complete_directories)";
                let _ = writeln!(all, "complete -c peerling {seen} -a '{directories}'");
                continue;
            }
            let _ = writeln!(all, "complete -c peerling {seen} -l {long}{value} -d '{about}'");
        }
        if name == "exec" {
            let _ = writeln!(all, "complete -c peerling {seen} -a '{members}'");
        }
    }
    between("completions/peerling.fish", "#", "all", &all);
}

/// Runs a program on files of `packaging/`; its output, or `None` where it is missing (which was
/// said).
fn judged_files(program: &str, arguments: &[&str], files: &[&str]) -> Option<String> {
    judged(Command::new(program).args(arguments).args(files.iter().map(|it| path(it))))
}

#[test]
fn mandoc_finds_nothing_to_say() {
    // "lowercase title" is the name of a file here, and the operating system is whoever reads it.
    let pages = ["man/peerling.8", "man/peerling.toml.5"];
    if let Some(text) = judged_files("mandoc", &["-T", "lint", "-W", "warning"], &pages) {
        assert_eq!(text, "");
    }
}

#[test]
fn bash_completes_operations_flags_and_commands() {
    let script = |line: &str, words: &str| {
        format!(
            "source {:?}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             COMP_LINE={line:?}; _peerling; echo \"${{COMPREPLY[*]}}\"",
            path("completions/peerling.bash")
        )
    };
    for (words, expected) in [
        ("peerling ch", "check"),
        ("peerling --ver", "--verbose --version"),
        ("peerling apply --", "--confirm-removals"),
        ("peerling exec -- peer_cr", "peer_create"),
    ] {
        let Some(said) = judged_files("bash", &["-c", &script(words, words)], &[]) else { return };
        assert_eq!(said.trim(), expected, "{words}");
    }
}

#[test]
fn zsh_and_fish_read_theirs() {
    judged_files("zsh", &["-n"], &["completions/_peerling"]);
    judged_files("fish", &["--no-execute"], &["completions/peerling.fish"]);
}
