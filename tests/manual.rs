//! The manual pages and the completions of shells are true: what they list is what the tables say.
//! `make bless` writes the lists; mandoc and the shells read the results.

use peerling::cli::operation::{Argument, Operation, Presence, Value};
use peerling::cli::table::{OPERATIONS, OPTIONS, STATUSES};
use peerling::command::{COMMANDS, CommandSpec};
use peerling::config::{KeySpec, Preset, keys, sections, tables};
use peerling::model::Role;
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
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

/// A whole sentence of an explanation.
fn sentence(about: &str) -> String {
    let mut letters = about.chars();
    let first = letters.next().map(|it| it.to_uppercase().collect::<String>());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// `Fl -as Ar name`.
fn macros(argument: &Argument) -> String {
    let mut text = String::new();
    if let Some(letter) = argument.short {
        let _ = write!(text, "Fl {letter} , ");
    }
    if argument.name == "--" {
        text += "Fl -";
    } else if argument.is_flag() {
        let name = roff(argument.name.trim_start_matches('-'));
        let _ = write!(text, "Fl -{name}");
    }
    let value = argument.placeholder().to_lowercase();
    if !value.is_empty() {
        let _ = write!(text, " Ar {value}");
    }
    text.trim_start().to_string()
}

#[test]
fn the_page_of_the_program_lists_operations_and_commands() {
    let operations: String = OPERATIONS.iter().map(operation).collect();
    between("man/peerling.8", ".\\\"", "operations", &operations);
    let mut options = String::new();
    for option in OPTIONS {
        let _ = writeln!(options, ".It {}\n{}", macros(option), roff(&sentence(option.about)));
    }
    between("man/peerling.8", ".\\\"", "options", &options);
    between("man/peerling.8", ".\\\"", "statuses", &statuses());
    for (mark, role) in [("commands", Role::Member), ("admin", Role::Admin)] {
        let rows = COMMANDS.iter().copied().filter(|it| it.role == role).map(command);
        between("man/peerling.8", ".\\\"", mark, &rows.collect::<String>());
    }
}

fn operation(operation: &Operation) -> String {
    let mut text = format!(".It Ic {}", operation.name);
    for argument in operation.arguments {
        let words = macros(argument);
        let _ = match argument.presence {
            Presence::Required => write!(text, " {words}"),
            Presence::Optional => write!(text, " Oo {words} Oc"),
            Presence::Repeated => write!(text, " Oo {words} ... Oc"),
        };
    }
    let _ = writeln!(text, "\n{}", roff(&sentence(operation.about)));
    for paragraph in operation.more {
        let _ = writeln!(text, ".Pp\n{}", roff(paragraph).replace(". ", ".\n"));
    }
    if operation.arguments.iter().any(|argument| argument.is_flag()) {
        text += ".Bl -tag -width Ds\n";
        for flag in operation.arguments.iter().filter(|argument| argument.is_flag()) {
            let _ = writeln!(text, ".It {}\n{}", macros(flag), roff(&sentence(flag.about)));
        }
        text += ".El\n";
    }
    text
}

/// The exit statuses of all operations, and below them those that mean something else for one.
fn statuses() -> String {
    let mut text = ".Bl -tag -width Ds\n".to_string();
    for (status, meaning) in STATUSES {
        let _ = writeln!(text, ".It {status}\n{}", roff(&sentence(meaning)));
    }
    for operation in OPERATIONS {
        for (status, meaning) in operation.statuses {
            let _ = writeln!(
                text,
                ".It {status} No of Ic {}\n{}",
                operation.name,
                roff(&sentence(meaning))
            );
        }
    }
    text + ".El\n"
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
        Preset::Required => "\nIt must be set.".to_string(),
        // Some say themselves what holds then.
        Preset::Unset if about.contains("ithout it, ") => String::new(),
        Preset::Unset => "\nWithout it there is none.".to_string(),
        Preset::Value(text) => format!("\nDefault: {}", roff(text)),
        Preset::Derived(text) => format!("\nDefault: {}.", roff(text)),
    };
    let old = match spec.aliases {
        [] => String::new(),
        names => format!("\nAlso {}.", names.join(", ")),
    };
    format!(".It Va {}\n{about}\n{kind}{default}{old}\n", spec.key)
}

/// The words of a list, each after a blank.
fn flags(arguments: &[Argument]) -> String {
    let flags = arguments.iter().filter(|argument| argument.is_flag() || argument.name == "--");
    flags.map(|argument| format!(" {}", argument.name)).collect()
}

fn operation_names() -> String {
    OPERATIONS.iter().map(|operation| operation.name).collect::<Vec<_>>().join(" ")
}

fn command_names() -> String {
    COMMANDS.iter().map(|command| command.name).collect::<Vec<_>>().join(" ")
}

#[test]
fn bash_knows_every_operation() {
    let file = "completions/peerling.bash";
    let mut operations = String::new();
    let mut values = String::new();
    let mut words = format!("        '') words='{}{}' ;;\n", operation_names(), flags(OPTIONS));
    for operation in OPERATIONS {
        let mut names = vec![operation.name];
        names.extend(operation.alias);
        let _ = writeln!(
            operations,
            "            {}) operation={}; break ;;",
            names.join(" | "),
            operation.name
        );
        let mut known = flags(operation.arguments);
        for argument in operation.arguments {
            match argument.value {
                Value::Command(_) => known += &format!(" {}", command_names()),
                Value::Operation(_) => known += &format!(" {}", operation_names()),
                _ if argument.is_flag() => values += &bash_value(argument.name, argument.value),
                value => values += &bash_value(operation.name, value),
            }
        }
        let _ = writeln!(words, "        {}) words='{}' ;;", operation.name, known.trim_start());
    }
    for option in OPTIONS {
        values += &bash_value(option.name, option.value);
    }
    between(file, "#", "operations", &operations);
    between(file, "#", "values", &values);
    between(file, "#", "arguments", &words);
}

/// What follows a word, where it is no flag and no operation.
fn bash_value(previous: &str, value: Value) -> String {
    let how = match value {
        Value::None | Value::Command(_) | Value::Operation(_) => return String::new(),
        Value::Text(_) => return format!("        {previous}) return ;;\n"),
        Value::File(_) => "-f".to_string(),
        Value::Directory(_) => "-d".to_string(),
        Value::Program(_) => "-c".to_string(),
        Value::OneOf(words) => format!("-W '{}'", words.join(" ")),
    };
    format!(
        "        {previous}) mapfile -t COMPREPLY < <(compgen {how} -- \"$current\"); return ;;\n"
    )
}

#[test]
fn zsh_knows_every_operation() {
    let file = "completions/_peerling";
    let row = |name: &str, about: &str| format!("        '{name}:{}'\n", about.replace('\'', ""));
    let operations: String = OPERATIONS.iter().map(|it| row(it.name, it.about)).collect();
    between(file, "#", "operations", &operations);
    let commands: String = COMMANDS.iter().map(|it| row(it.name, it.summary)).collect();
    between(file, "#", "commands", &commands);
    let options: String =
        OPTIONS.iter().map(|it| format!("        {} \\\n", zsh_argument(it))).collect();
    let tail = "        '1:operation:->operation' \\\n        '*::argument:->argument'\n";
    between(file, "#", "options", &format!("    _arguments -C \\\n{options}{tail}"));
    let mut arguments = String::new();
    for operation in OPERATIONS.iter().filter(|operation| !operation.arguments.is_empty()) {
        let (mut words, mut after) = (String::new(), "");
        for argument in operation.arguments {
            match argument.value {
                Value::Command(_) => after = "; _describe command commands",
                Value::Operation(_) => after = "_describe operation operations",
                _ => words += &format!(" {}", zsh_argument(argument)),
            }
        }
        let words = if words.is_empty() { words } else { format!("_arguments{words}") };
        let _ = writeln!(arguments, "                {}) {words}{after} ;;", operation.name);
    }
    between(file, "#", "arguments", &arguments);
}

fn zsh_argument(argument: &Argument) -> String {
    let about = argument.about.replace(['\'', '[', ']'], "");
    let name = argument.placeholder().to_lowercase();
    let value = match argument.value {
        Value::None => String::new(),
        Value::OneOf(words) => format!(": :({})", words.join(" ")),
        Value::File(_) => format!(":{name}:_files"),
        Value::Directory(_) => format!(":{name}:_directories"),
        _ => format!(":{name}:"),
    };
    if argument.is_flag() {
        return format!("'{}[{about}]{value}'", argument.name);
    }
    let often = if argument.presence == Presence::Repeated { "*" } else { "" };
    format!("'{often}{value}'")
}

#[test]
fn fish_knows_every_operation() {
    let mut all = String::new();
    for option in OPTIONS {
        let _ = writeln!(all, "complete -c peerling{}", fish_argument(option));
    }
    for operation in OPERATIONS {
        let (name, about) = (operation.name, fish_quoted(operation.about));
        let _ = writeln!(all, "complete -c peerling -n __fish_use_subcommand -a {name} -d {about}");
        for argument in operation.arguments {
            let words = fish_argument(argument);
            let _ = writeln!(
                all,
                "complete -c peerling -n '__fish_seen_subcommand_from {name}'{words}"
            );
        }
    }
    between("completions/peerling.fish", "#", "all", &all);
}

fn fish_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "\\'"))
}

fn fish_argument(argument: &Argument) -> String {
    let value = match argument.value {
        Value::None => String::new(),
        Value::Text(_) | Value::Program(_) if !argument.is_flag() => String::new(),
        Value::Text(_) | Value::Program(_) => " -r".to_string(),
        Value::File(_) if argument.is_flag() => " -r -F".to_string(),
        Value::File(_) => " -F".to_string(),
        Value::Directory(_) => " -a '(__fish_complete_directories)'".to_string(),
        Value::OneOf(words) => format!(" -x -a '{}'", words.join(" ")),
        Value::Operation(_) => format!(" -a '{}'", operation_names()),
        Value::Command(_) => format!(" -a '{}'", command_names()),
    };
    if !argument.is_flag() {
        return value;
    }
    let letter = argument.short.map(|letter| format!(" -s {letter}")).unwrap_or_default();
    let long = argument.name.trim_start_matches('-');
    format!("{letter} -l {long}{value} -d {}", fish_quoted(argument.about))
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
        ("peerling mesh --format t", "table"),
        ("peerling --server --te", "--test"),
        ("peerling help res", "restore"),
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
