//! The README must be true: its list of commands is the table's, its list of operations is the
//! help's. `make bless` writes both lists.

use peerling::command::COMMANDS;
use std::path::Path;
use std::process::Command;

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).expect("README.md")
}

/// Compares the lines between two marks with what they should be, or writes them.
fn between(mark: &str, expected: &str) {
    let (open, close) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let text = readme();
    let (before, rest) = text.split_once(&open).expect("the mark where the list begins");
    let (found, after) = rest.split_once(&close).expect("the mark where the list ends");
    if std::env::var_os("BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let text = format!("{before}{open}{expected}{close}{after}");
        return std::fs::write(path, text).expect("README.md can be written");
    }
    assert_eq!(found, expected, "README.md is not up to date: make bless");
}

#[test]
fn the_readme_is_up_to_date() {
    let rows: String =
        COMMANDS.iter().map(|it| format!("| `{}` | {} |\n", it.name, it.summary)).collect();
    between("commands", &format!("| command | what it does |\n|---|---|\n{rows}"));
    let help = Command::new(env!("CARGO_BIN_EXE_peerling")).arg("--help").output().expect("help");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    between("operations", &format!("```\n{help}```\n"));
}
