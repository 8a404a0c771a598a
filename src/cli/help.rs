//! `peerling help`: the operations in a list, or one of them explained.

use super::operation::{Argument, Operation};
use super::parse::{Invocation, unknown_operation};
use super::table::{DONE, OPERATIONS, OPTIONS, STATUSES, TOPIC, operation};
use crate::daemon::{Failure, Trouble};
use std::fmt::Write as _;

/// Two less than a terminal that is 100 wide has.
const COLUMNS: usize = 92;
/// Where explanations begin.
const INDENT: usize = 17;

/// Prints the help.
///
/// # Errors
/// There is no such operation.
pub fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let text = match invocation.text(&TOPIC) {
        None => of_all(),
        Some(name) => match operation(name) {
            Some(operation) => of_operation(operation),
            None => return Err(Trouble::new(unknown_operation(name).to_string()).into()),
        },
    };
    super::print(&text);
    Ok(DONE)
}

/// What `peerling --help` prints.
pub fn of_all() -> String {
    let mut text = "peerling: a dn42 point of presence that members peer with by SSH\n\n\
                    usage: peerling [--config FILE] [--verbose] OPERATION\n\n"
        .to_string();
    for operation in OPERATIONS {
        let mut lines = folded(&operation.synopsis());
        let last = lines.pop().unwrap_or_default();
        for line in lines {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {line}");
        }
        entry(&mut text, &last, operation.about);
    }
    text.push('\n');
    arguments(&mut text, OPTIONS);
    text += "\nmore of one operation: peerling help OPERATION\n";
    text
}

/// What `peerling help NAME` prints.
pub fn of_operation(operation: &Operation) -> String {
    let mut text = String::new();
    for line in folded(&format!("usage: peerling {}", operation.synopsis())) {
        text += &line;
        text.push('\n');
    }
    for paragraph in [operation.about].iter().chain(operation.more) {
        text.push('\n');
        for line in wrap(paragraph, COLUMNS) {
            text += &line;
            text.push('\n');
        }
    }
    text.push('\n');
    arguments(&mut text, operation.arguments);
    arguments(&mut text, OPTIONS);
    text += "\nexit status:\n";
    for (status, meaning) in STATUSES {
        if operation.statuses.iter().all(|(own, _)| own != status) {
            entry(&mut text, &status.to_string(), meaning);
        }
    }
    for (status, meaning) in operation.statuses {
        entry(&mut text, &status.to_string(), meaning);
    }
    text
}

fn arguments(text: &mut String, arguments: &[Argument]) {
    for argument in arguments {
        let word = match argument.short {
            Some(letter) => format!("-{letter}, {}", argument.usage()),
            None => argument.usage(),
        };
        entry(text, &word, argument.about);
    }
}

/// A word with its explanation beside it, or below it where it is too long for that.
fn entry(text: &mut String, word: &str, about: &str) {
    let is_beside = word.len() + 4 <= INDENT;
    let mut used = if is_beside { word.len() + 2 } else { 0 };
    // Writing to a String cannot fail.
    let _ = write!(text, "  {word}{}", if is_beside { "" } else { "\n" });
    for line in wrap(about, COLUMNS - INDENT) {
        let _ = writeln!(text, "{:1$}{line}", "", INDENT - used);
        used = 0;
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

/// A synopsis in lines that fit; a flag and its value stay together.
fn folded(synopsis: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (number, piece) in synopsis.split(" [").enumerate() {
        let piece = if number == 0 { piece.to_string() } else { format!("[{piece}") };
        match lines.last_mut() {
            // Two more stand before it in a list.
            Some(line) if line.len() + piece.len() + 3 <= COLUMNS => {
                line.push(' ');
                line.push_str(&piece);
            }
            Some(_) => lines.push(format!("    {piece}")),
            None => lines.push(piece),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_fits_and_names_everything() {
        let whole = of_all();
        assert!(whole.lines().all(|line| line.len() <= COLUMNS), "{whole}");
        for operation in OPERATIONS {
            assert!(whole.contains(operation.name), "{}: {whole}", operation.name);
            let one = of_operation(operation);
            assert!(one.lines().all(|line| line.len() <= COLUMNS), "{one}");
            for argument in operation.arguments.iter().chain(OPTIONS) {
                assert!(whole.contains(argument.name), "{}: {whole}", argument.name);
                assert!(one.contains(argument.name), "{}: {one}", argument.name);
            }
        }
    }

    #[test]
    fn an_operation_s_own_statuses_take_the_place_of_the_general_ones() {
        let plan = of_operation(operation("plan").unwrap());
        let statuses: Vec<&str> = plan.lines().rev().take(3).collect();
        assert!(statuses[0].contains("there are steps to take"), "{plan}");
        assert!(!plan.contains("wrong words"), "{plan}");
    }

    #[test]
    fn a_long_word_stands_alone() {
        assert_eq!(wrap("a bb ccccccc d", 4), ["a bb", "ccccccc", "d"]);
        assert_eq!(wrap("", 4), Vec::<String>::new());
    }
}
