//! What a step of `peerling init` comes to: it is there already, init does it, or it is the
//! operator's.

use super::act::Act;
use crate::text::escape::escape;
use std::fmt::Write as _;

/// Columns of the longest state, "there already".
pub(super) const STATE_COLUMNS: usize = 13;
/// Columns of the name.
pub(super) const NAME_COLUMNS: usize = 13;

/// One thing that a POP needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// What it is about.
    pub(super) name: &'static str,
    /// How it stands.
    pub(super) state: State,
}

/// How a thing stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing has to be done: what is there.
    There(String),
    /// Init does it: what there will be, and the acts to it, in their order.
    Due(String, Vec<Act>),
    /// The operator has to do it: why, and the lines to type.
    Yours(String, Vec<String>),
}

/// How a step is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tense {
    /// Nothing is done: this would be.
    ToDo,
    /// It was done.
    Done,
}

impl Step {
    /// Nothing has to be done.
    pub(super) fn there(name: &'static str, what: impl Into<String>) -> Step {
        Step { name, state: State::There(what.into()) }
    }

    /// Init does it.
    pub(super) fn due(name: &'static str, what: impl Into<String>, acts: Vec<Act>) -> Step {
        Step { name, state: State::Due(what.into(), acts) }
    }

    /// The operator has to do it.
    pub(super) fn yours<L: Into<String>>(
        name: &'static str,
        why: impl Into<String>,
        lines: impl IntoIterator<Item = L>,
    ) -> Step {
        let lines = lines.into_iter().map(Into::into).collect();
        Step { name, state: State::Yours(why.into(), lines) }
    }

    /// What is to be done for it.
    pub(super) fn acts(&self) -> &[Act] {
        match &self.state {
            State::Due(_, acts) => acts,
            State::There(_) | State::Yours(..) => &[],
        }
    }

    /// The lines of the report.
    pub(super) fn print(&self, tense: Tense) -> String {
        let (state, words, lines) = match (&self.state, tense) {
            (State::There(words), _) => ("there already", words, [].as_slice()),
            (State::Due(words, _), Tense::ToDo) => ("to do", words, [].as_slice()),
            (State::Due(words, _), Tense::Done) => ("done", words, [].as_slice()),
            (State::Yours(words, lines), _) => ("yours", words, lines.as_slice()),
        };
        let mut text = String::new();
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            text,
            "{state:STATE_COLUMNS$}  {:NAME_COLUMNS$}  {}",
            self.name,
            escape(words)
        );
        for line in lines {
            let _ =
                writeln!(text, "{:STATE_COLUMNS$}  {:NAME_COLUMNS$}    {}", "", "", escape(line));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_word_and_the_operators_lines_stand_below() {
        let done = Step::due("key", "a new key", Vec::new());
        assert_eq!(done.print(Tense::Done), "done           key            a new key\n");
        assert_eq!(done.print(Tense::ToDo), "to do          key            a new key\n");
        let yours = Step::yours("firewall", "it drops 4242", ["nft add rule", "nft list"]);
        let lines = "yours          firewall       it drops 4242\n                                \
                     nft add rule\n                                nft list\n";
        assert_eq!(yours.print(Tense::Done), lines);
        let there = Step::there("registry", "\u{1b}[2J");
        assert_eq!(there.print(Tense::ToDo), "there already  registry       \\u{1b}[2J\n");
    }
}
