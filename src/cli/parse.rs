//! From the words of the command line to what is to be done.

use super::help;
use super::operation::{Argument, Operation, Presence, Value};
use super::table::{CONFIG, HELP, OPERATIONS, OPTIONS, VERBOSE, VERSION, operation};
use crate::command::COMMANDS;
use crate::daemon::{ConfigFile, Failure, Trouble};
use crate::text::spelling::nearest;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where the configuration is, unless `--config` says otherwise.
const USUAL_CONFIG: &str = "/etc/peerling/peerling.toml";

/// What the words of the command line ask for.
#[derive(Debug)]
pub enum Parsed {
    /// An operation with its arguments.
    Run(Invocation),
    /// A text on standard output: help, version.
    Show(String),
}

/// An operation with what was given for its arguments.
#[derive(Debug)]
pub struct Invocation {
    pub operation: &'static Operation,
    /// Which configuration.
    pub file: ConfigFile,
    /// Is everything to be logged?
    pub is_verbose: bool,
    given: Vec<Given>,
}

#[derive(Debug)]
struct Given {
    /// The argument's.
    name: &'static str,
    value: OsString,
}

/// Words that are wrong: which, and what to type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

impl Invocation {
    /// Was it given?
    pub fn has(&self, argument: &Argument) -> bool {
        self.all(argument).next().is_some()
    }

    /// Every value that was given for an argument, in their order.
    pub fn all(&self, argument: &Argument) -> impl Iterator<Item = &OsStr> {
        let name = argument.name;
        self.given.iter().filter(move |given| given.name == name).map(|given| &*given.value)
    }

    /// The value of an argument; where a flag stands twice, the last one.
    pub fn value(&self, argument: &Argument) -> Option<&OsStr> {
        self.all(argument).last()
    }

    /// The value of an argument that is text: the parser saw that it is UTF-8.
    pub fn text(&self, argument: &Argument) -> Option<&str> {
        self.value(argument).and_then(OsStr::to_str)
    }

    /// The value of an argument without which the parser lets nobody pass.
    ///
    /// # Errors
    /// The argument is not [`Presence::Required`], and is missing.
    pub fn path(&self, argument: &Argument) -> Result<&Path, Failure> {
        match self.value(argument) {
            Some(path) => Ok(Path::new(path)),
            None => Err(Trouble::new(format!("{} is missing", argument.usage())).into()),
        }
    }
}

/// Reads the words after the program's own name.
///
/// # Errors
/// No operation, one that does not exist, or arguments that it does not take.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Parsed, UsageError> {
    let mut words = lexopt::Parser::from_args(words);
    let mut parser = Parser {
        operation: None,
        file: ConfigFile::Usual(PathBuf::from(USUAL_CONFIG)),
        is_verbose: false,
        given: Vec::new(),
    };
    while let Some(word) = words.next().map_err(|error| UsageError(error.to_string()))? {
        let flag = match word {
            lexopt::Arg::Value(word) => {
                parser.word(word, &mut words)?;
                continue;
            }
            lexopt::Arg::Long(name) => format!("--{name}"),
            lexopt::Arg::Short(letter) => format!("-{letter}"),
        };
        if let Some(text) = parser.flag(&flag, &mut words)? {
            return Ok(Parsed::Show(text));
        }
    }
    parser.finish().map(Parsed::Run)
}

/// What was read so far.
struct Parser {
    operation: Option<&'static Operation>,
    file: ConfigFile,
    is_verbose: bool,
    given: Vec<Given>,
}

impl Parser {
    /// A flag of the operation or of all; the text to show, where it asks for one.
    fn flag(
        &mut self,
        flag: &str,
        words: &mut lexopt::Parser,
    ) -> Result<Option<String>, UsageError> {
        if let Some(argument) =
            named(flag, self.operation.map_or(&[], |operation| operation.arguments))
        {
            return self.take(argument, words).map(|()| None);
        }
        let Some(option) = named(flag, OPTIONS) else {
            let meant = OPERATIONS.iter().find(|operation| operation.alias == Some(flag));
            self.operation = match (self.operation, meant) {
                (None, Some(operation)) => Some(operation),
                _ => return Err(unknown_flag(flag, self.operation)),
            };
            return Ok(None);
        };
        if option.name == CONFIG.name {
            self.file = ConfigFile::Named(value(option, words)?.into());
        } else if option.name == VERBOSE.name {
            self.is_verbose = true;
        } else if option.name == HELP.name {
            return Ok(Some(self.help(words)));
        } else if option.name == VERSION.name {
            return Ok(Some(super::VERSION.to_string()));
        }
        Ok(None)
    }

    /// The help of the operation before or after the flag, or of all.
    fn help(&self, words: &mut lexopt::Parser) -> String {
        if let Some(operation) = self.operation {
            return help::of_operation(operation);
        }
        let next = words.next().ok().flatten();
        let named = match &next {
            Some(lexopt::Arg::Value(word)) => word.to_str().and_then(operation),
            _ => None,
        };
        named.map_or_else(help::of_all, help::of_operation)
    }

    /// A word that is no flag: the operation, then its operands.
    fn word(&mut self, word: OsString, words: &mut lexopt::Parser) -> Result<(), UsageError> {
        let Some(operation) = self.operation else {
            let name = word.to_string_lossy();
            self.operation = Some(operation(&name).ok_or_else(|| unknown_operation(&name))?);
            return Ok(());
        };
        for argument in operation.arguments.iter().filter(|argument| !argument.is_flag()) {
            let is_free = self.given.iter().all(|given| given.name != argument.name);
            if !is_free && argument.presence != Presence::Repeated {
                continue;
            }
            self.give(argument, word)?;
            if matches!(argument.value, Value::Command(_)) {
                let rest = words.raw_args().map_err(|error| UsageError(error.to_string()))?;
                for word in rest {
                    self.give(argument, word)?;
                }
            }
            return Ok(());
        }
        Err(UsageError(format!(
            "{:?} is one word too many; the line is: peerling {}",
            word.to_string_lossy(),
            operation.synopsis()
        )))
    }

    fn take(
        &mut self,
        argument: &'static Argument,
        words: &mut lexopt::Parser,
    ) -> Result<(), UsageError> {
        match argument.value {
            Value::None => self.give(argument, OsString::new()),
            _ => self.give(argument, value(argument, words)?),
        }
    }

    fn give(&mut self, argument: &'static Argument, value: OsString) -> Result<(), UsageError> {
        let shown = value.to_string_lossy();
        match argument.value {
            Value::OneOf(words) if !words.contains(&&*shown) => {
                let words = words.join(", ");
                return Err(UsageError(format!(
                    "{} cannot be {shown:?}; it is one of {words}",
                    argument.name
                )));
            }
            Value::Text(_) | Value::Operation(_) | Value::Command(_)
                if value.to_str().is_none() =>
            {
                return Err(UsageError(format!("{shown:?} is not UTF-8")));
            }
            _ => {}
        }
        self.given.push(Given { name: argument.name, value });
        Ok(())
    }

    fn finish(self) -> Result<Invocation, UsageError> {
        let Some(operation) = self.operation else {
            return Err(UsageError("no operation was given; peerling help lists them".to_string()));
        };
        let Parser { file, is_verbose, given, .. } = self;
        let invocation = Invocation { operation, file, is_verbose, given };
        for argument in operation.arguments {
            if argument.presence == Presence::Required && !invocation.has(argument) {
                let name = operation.name;
                return Err(UsageError(format!(
                    "{name} needs {}, {}; peerling help {name} tells more",
                    argument.placeholder(),
                    argument.about
                )));
            }
        }
        Ok(invocation)
    }
}

/// The argument that a flag names, in full or by its letter.
fn named(flag: &str, arguments: &'static [Argument]) -> Option<&'static Argument> {
    for argument in arguments {
        let is_short = argument.short.is_some_and(|letter| flag == format!("-{letter}"));
        if is_short || (argument.is_flag() && argument.name == flag) {
            return Some(argument);
        }
    }
    None
}

fn value(argument: &Argument, words: &mut lexopt::Parser) -> Result<OsString, UsageError> {
    let (name, placeholder) = (argument.name, argument.placeholder());
    words.value().map_err(|_| UsageError(format!("{name} needs a value: {name} {placeholder}")))
}

/// A word that names no operation, with what may be meant.
pub(super) fn unknown_operation(word: &str) -> UsageError {
    if COMMANDS.iter().any(|command| command.name == word) {
        return UsageError(format!(
            "{word} is a command of the SSH shell; from here: peerling exec -- {word}"
        ));
    }
    UsageError(match nearest(word, OPERATIONS.iter().map(|operation| operation.name)) {
        Some(name) => format!("there is no operation {word:?}; did you mean {name}?"),
        None => format!("there is no operation {word:?}; peerling help lists them"),
    })
}

fn unknown_flag(flag: &str, after: Option<&Operation>) -> UsageError {
    let Some(operation) = after else {
        return UsageError(unknown_flag_without_operation(flag));
    };
    let name = operation.name;
    let known = operation.arguments.iter().filter(|argument| argument.is_flag()).chain(OPTIONS);
    UsageError(match nearest(flag, known.map(|argument| argument.name)) {
        Some(meant) => format!("{name} has no {flag}; did you mean {meant}?"),
        None => format!("{name} has no {flag}; peerling help {name} lists what it has"),
    })
}

fn unknown_flag_without_operation(flag: &str) -> String {
    for operation in OPERATIONS {
        if named(flag, operation.arguments).is_some() {
            let name = operation.name;
            return format!("{flag} stands after its operation: peerling {name} {flag}");
        }
    }
    let aliases = OPERATIONS.iter().filter_map(|operation| operation.alias);
    let known = OPTIONS.iter().map(|option| option.name).chain(aliases);
    match nearest(flag, known) {
        Some(meant) => format!("there is no {flag}; did you mean {meant}?"),
        None => format!("there is no {flag}; peerling help lists what there is"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{AS, COMMAND, EXPORT_DIRECTORY, FORMAT, JSON};
    use super::*;
    use std::os::unix::ffi::OsStringExt as _;

    fn read(line: &str) -> Result<Parsed, UsageError> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn run(line: &str) -> Invocation {
        match read(line) {
            Ok(Parsed::Run(invocation)) => invocation,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn refusal(line: &str) -> String {
        read(line).map(|parsed| panic!("{line}: {parsed:?}")).unwrap_err().to_string()
    }

    fn shown(line: &str) -> String {
        match read(line) {
            Ok(Parsed::Show(text)) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn options_stand_before_and_after_an_operation() {
        for line in ["--config x -v check --json", "check --json --verbose --config=x"] {
            let invocation = run(line);
            assert_eq!(invocation.operation.name, "check");
            assert_eq!(invocation.file, ConfigFile::Named("x".into()));
            assert!(invocation.is_verbose && invocation.has(&JSON), "{line}");
        }
        assert_eq!(run("plan").file, ConfigFile::Usual(USUAL_CONFIG.into()));
        assert!(!run("check").has(&JSON));
    }

    #[test]
    fn the_replaced_service_s_names_are_known() {
        assert_eq!(run("--server --config x").operation.name, "serve");
        assert_eq!(run("--genconfig").operation.name, "genconfig");
        assert!(refusal("plan --server").starts_with("plan has no --server"));
    }

    #[test]
    fn values_and_operands_are_given() {
        assert_eq!(run("mesh --format table --format=svg").text(&FORMAT), Some("svg"));
        assert_eq!(run("export a/b").path(&EXPORT_DIRECTORY), Ok(Path::new("a/b")));
        let not_utf8 = OsString::from_vec(b"a\xff".to_vec());
        let Ok(Parsed::Run(export)) = parse(["export".into(), not_utf8.clone()]) else {
            panic!("a path need not be text");
        };
        assert_eq!(export.value(&EXPORT_DIRECTORY), Some(&*not_utf8));
        assert!(parse(["exec".into(), not_utf8]).is_err(), "a command is text");
    }

    #[test]
    fn what_follows_a_command_s_first_word_is_the_command_s() {
        for line in
            ["exec --as X-MNT -- peer_list --json -v", "exec --as X-MNT peer_list --json -v"]
        {
            let invocation = run(line);
            assert_eq!(invocation.text(&AS), Some("X-MNT"));
            let words: Vec<_> = invocation.all(&COMMAND).collect();
            assert_eq!(words, ["peer_list", "--json", "-v"]);
            assert!(!invocation.is_verbose);
        }
    }

    #[test]
    fn help_is_found_where_it_is_looked_for() {
        let whole = help::of_all();
        for line in ["--help", "-h", "--config x --help", "--help nonsense"] {
            assert_eq!(shown(line), whole, "{line}");
        }
        let export = help::of_operation(operation("export").unwrap());
        for line in ["export --help", "export -h", "--help export", "export x -h"] {
            assert_eq!(shown(line), export, "{line}");
        }
        assert!(shown("serve -V").starts_with("peerling "));
    }

    #[test]
    fn a_refusal_says_what_is_wrong_and_what_to_type() {
        for (line, words) in [
            ("", "no operation was given; peerling help lists them"),
            ("chekc", "there is no operation \"chekc\"; did you mean check?"),
            ("xyzzy", "there is no operation \"xyzzy\"; peerling help lists them"),
            (
                "peer_list",
                "peer_list is a command of the SSH shell; from here: peerling exec -- peer_list",
            ),
            (
                "apply --confirm-removal",
                "apply has no --confirm-removal; did you mean --confirm-removals?",
            ),
            ("plan --nonsense", "plan has no --nonsense; peerling help plan lists what it has"),
            ("--json check", "--json stands after its operation: peerling check --json"),
            ("--verbos check", "there is no --verbos; did you mean --verbose?"),
            ("--nonsense", "there is no --nonsense; peerling help lists what there is"),
            ("plan now", "\"now\" is one word too many; the line is: peerling plan"),
            (
                "export",
                "export needs DIR, the directory that gets servers/POP; a working copy of git, \
                 for example; peerling help export tells more",
            ),
            ("mesh --format png", "--format cannot be \"png\"; it is one of table, dot, svg, json"),
            ("check --config", "--config needs a value: --config FILE"),
        ] {
            assert_eq!(refusal(line), words);
        }
    }
}
