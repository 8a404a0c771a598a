//! The command line of the operator as a table: what `--help`, the manual page and the completions
//! of shells are made from.

use std::fmt::Write as _;

/// Columns of the help: two less than a terminal that is 100 wide has.
const HELP_COLUMNS: usize = 92;
/// Where the explanations of the help begin.
const HELP_INDENT: usize = 17;

/// What peerling can be told to do.
#[derive(Debug)]
pub struct Operation {
    /// Its word.
    pub name: &'static str,
    /// What may follow it.
    pub arguments: &'static [Argument],
    /// What it does.
    pub about: &'static str,
}

/// What may follow an operation, or stand before it.
#[derive(Debug)]
pub struct Argument {
    /// As it is typed; for a flag with its hyphens, for a bare value what stands for it.
    pub name: &'static str,
    /// What stands for its value; empty: it has none.
    pub value: &'static str,
    /// May it be left out?
    pub optional: bool,
    /// What it means.
    pub about: &'static str,
}

/// Every operation, in the order of the help.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "serve",
        arguments: &[Argument {
            name: "--test",
            value: "",
            optional: true,
            about: "only see whether it could begin with this configuration",
        }],
        about: "SSH service and apply loop, in the foreground; exit status 78 if its configuration \
                is wrong",
    },
    Operation {
        name: "check",
        arguments: &[Argument {
            name: "--json",
            value: "",
            optional: true,
            about: "one object for programs; packaging/schema/check.json tells what it has",
        }],
        about: "everything that the POP depends on, line by line: ok, warn or wrong, and what \
                mends it, below what the configuration sets; with --verbose the whole effective \
                configuration; exit status 1 if anything is wrong",
    },
    Operation {
        name: "plan",
        arguments: &[],
        about: "the steps that an apply pass would take now, with what changes in files; exit \
                status 2 if there are any",
    },
    Operation {
        name: "apply",
        arguments: &[Argument {
            name: "--confirm-removals",
            value: "",
            optional: true,
            about: "remove what is neither in the database nor was removed by a command",
        }],
        about: "one pass, then exit; what is neither in the database nor removed by a command \
                stays, unless its removal is confirmed",
    },
    Operation {
        name: "genconfig",
        arguments: &[],
        about: "the files of every peering into the staging directories",
    },
    Operation {
        name: "export",
        arguments: &[Argument {
            name: "DIR",
            value: "",
            optional: false,
            about: "the directory that gets servers/POP; a working copy of git, for example",
        }],
        about: "the files of this POP and its peerings into DIR/servers/POP, without any secret",
    },
    Operation {
        name: "restore",
        arguments: &[Argument {
            name: "FILE",
            value: "",
            optional: false,
            about: "the peering.db of a backup, or any other database of this POP",
        }],
        about: "a database in the place of this POP's, which is kept under another name; the \
                service must not run",
    },
    Operation {
        name: "bird-init",
        arguments: &[Argument {
            name: "DIR",
            value: "",
            optional: false,
            about: "where bird.conf and the files that it includes are written",
        }],
        about: "a whole configuration of BIRD for this POP; where one of its files exists, nothing \
                is written",
    },
    Operation {
        name: "exec",
        arguments: &[
            Argument {
                name: "--as",
                value: "NAME",
                optional: true,
                about: "act for this maintainer; else as the administrator",
            },
            Argument {
                name: "--",
                value: "COMMAND...",
                optional: false,
                about: "the command of the SSH shell",
            },
        ],
        about: "a command of the SSH shell from here, for a maintainer or as the administrator",
    },
    Operation {
        name: "mesh",
        arguments: &[Argument {
            name: "--format",
            value: "table|dot|svg|json",
            optional: true,
            about: "tables, a graph for Graphviz, a picture, or an object for programs",
        }],
        about: "your own POPs with their networks and gateways, and the links of this one",
    },
    Operation {
        name: "demo",
        arguments: &[Argument {
            name: "--run",
            value: "COMMAND",
            optional: true,
            about: "run this program while it serves, and end with it",
        }],
        about: "everything in a temporary directory; prints the line to connect with",
    },
];

/// What may stand before every operation.
pub const OPTIONS: &[Argument] = &[
    Argument {
        name: "--config",
        value: "FILE",
        optional: true,
        about: "the configuration (default /etc/peerling/peerling.toml)",
    },
    Argument { name: "--verbose", value: "", optional: true, about: "tell everything" },
    Argument { name: "--help", value: "", optional: true, about: "show this" },
    Argument { name: "--version", value: "", optional: true, about: "show the version" },
];

impl Argument {
    /// Is it typed as it is named? Else it is a value of the operator's own.
    pub fn is_word(&self) -> bool {
        self.name.starts_with('-')
    }

    /// As it stands in a synopsis: `[--as NAME]`.
    pub fn synopsis(&self) -> String {
        let gap = if self.value.is_empty() { "" } else { " " };
        match self.optional {
            true => format!("[{}{gap}{}]", self.name, self.value),
            false => format!("{}{gap}{}", self.name, self.value),
        }
    }

    /// As it stands in a list: `--as NAME`.
    pub fn usage(&self) -> String {
        format!("{} {}", self.name, self.value).trim_end().to_string()
    }
}

impl Operation {
    /// The whole line: `exec [--as NAME] -- COMMAND...`.
    pub fn synopsis(&self) -> String {
        let words = self.arguments.iter().map(Argument::synopsis);
        [self.name.to_string()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
    }
}

/// What `peerling --help` prints.
pub fn help() -> String {
    let mut text = "peerling: a dn42 point of presence that members peer with by SSH\n\n\
                    usage: peerling [--config FILE] [--verbose] OPERATION\n\n"
        .to_string();
    let operations = OPERATIONS.iter().map(|it| (it.synopsis(), it.about));
    operations.for_each(|(synopsis, about)| entry(&mut text, &synopsis, about));
    text.push('\n');
    OPTIONS.iter().for_each(|it| entry(&mut text, &it.usage(), it.about));
    text
}

/// A word with its explanation beside it, or below it where it is too long for that.
fn entry(text: &mut String, word: &str, about: &str) {
    let beside = word.len() + 4 <= HELP_INDENT;
    // Writing to a String cannot fail.
    let _ = if beside { write!(text, "  {word}") } else { writeln!(text, "  {word}") };
    for (number, line) in wrap(about, HELP_COLUMNS - HELP_INDENT).into_iter().enumerate() {
        let used = if beside && number == 0 { word.len() + 2 } else { 0 };
        let _ = writeln!(text, "{:1$}{line}", "", HELP_INDENT - used);
    }
}

/// Lines of at most so many columns; a word that is longer stands alone.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_fits_and_names_everything() {
        let help = help();
        assert!(help.lines().all(|line| line.len() <= HELP_COLUMNS), "{help}");
        let operations = OPERATIONS.iter().map(|it| it.name);
        let arguments = OPERATIONS.iter().flat_map(|it| it.arguments).chain(OPTIONS);
        for word in operations.chain(arguments.map(|it| it.name)) {
            assert!(help.contains(word), "{word}: {help}");
        }
    }

    #[test]
    fn a_long_word_stands_alone() {
        assert_eq!(wrap("a bb ccccccc d", 4), ["a bb", "ccccccc", "d"]);
        assert_eq!(wrap("", 4), Vec::<String>::new());
    }
}
