//! What a session is for: a shell, or one command.

use super::grammar;
use crate::command::{Format, Request};
use crate::model::{Refusal, Role};

/// What the client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Shell,
    /// One command as a line, which is all that SSH hands over.
    Exec(String),
    /// One command as the words that a shell on this machine has split already.
    Words(Vec<String>),
}

impl Start {
    /// One command of these words. A single one is a whole line, as `ssh pop LINE` has it.
    pub fn of_words(words: &[String]) -> Start {
        match words {
            [line] => Start::Exec(line.clone()),
            words => Start::Words(words.to_vec()),
        }
    }

    /// The command, for somebody of this role; `None`: a shell.
    pub fn parse(&self, role: Role) -> Option<Result<Request, Refusal>> {
        match self {
            Start::Shell => None,
            Start::Exec(line) => Some(grammar::parse_line(line, role)),
            Start::Words(words) => Some(grammar::parse(words, role)),
        }
    }

    /// Whether it is a command that reads its answers from standard input.
    pub fn reads_input(&self) -> bool {
        match self.parse(Role::Admin) {
            Some(Ok(request)) => request.from_input,
            Some(Err(_)) | None => false,
        }
    }

    /// How an error in the command is to look.
    pub(super) fn format_asked(&self) -> Format {
        match self {
            Start::Shell => Format::Text,
            Start::Exec(line) => grammar::format_asked_in_line(line),
            Start::Words(words) => grammar::format_asked(words),
        }
    }

    /// How long the command is as a line.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Start::Shell => 0,
            Start::Exec(line) => line.len(),
            Start::Words(words) => words.iter().map(|word| word.len() + 1).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_imports_reads_standard_input() {
        for (words, expect) in [
            (vec!["peer_create", "--from", "-"], true),
            (vec!["peer_create --from -"], true),
            (vec!["peer_create", "--from -"], false),
            (vec!["peer_list"], false),
            (vec![], false),
        ] {
            let owned: Vec<String> = words.iter().map(ToString::to_string).collect();
            assert_eq!(Start::of_words(&owned).reads_input(), expect, "{words:?}");
        }
        assert!(!Start::Shell.reads_input());
    }
}
