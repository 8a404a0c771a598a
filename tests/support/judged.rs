//! Other programs as judges of files that are written for them.

use crate::testing;
use std::process::Command;

/// Runs a program; its output, or `None` where it is missing (which was said).
pub fn judged(command: &mut Command) -> Option<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(said) => {
            let text = [said.stdout, said.stderr].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            assert!(said.status.success(), "{program}: {text}");
            Some(text)
        }
        Err(error) => {
            testing::skipped(&program, &format!("{program} cannot be run: {error}"));
            None
        }
    }
}
