//! `peerling check` at the end, of which what is not well is told. It is a process of its own, for
//! it goes on as the service's user.

// nanoserde's derives write `if let Err(…) { return Err(…) }`.
#![allow(clippy::question_mark)]

use super::step::{NAME_COLUMNS, STATE_COLUMNS};
use crate::cli::table::{DONE, FAILED};
use crate::daemon::{ConfigFile, Trouble};
use crate::text::escape::escape;
use nanoserde::DeJson;
use std::fmt::Write as _;
use std::process::{Command, Stdio};

/// What check prints with `--json`.
#[derive(DeJson)]
struct Report {
    ok: bool,
    findings: Vec<Finding>,
}

#[derive(DeJson)]
struct Finding {
    name: String,
    state: String,
    detail: String,
    remedy: Option<String>,
}

/// Runs it, and prints what somebody should look at; the exit status.
///
/// # Errors
/// It could not be run, or said something else.
pub(super) fn run(file: &ConfigFile) -> Result<u8, Trouble> {
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let mut command = Command::new(program);
    if let ConfigFile::Named(path) = file {
        command.arg("--config").arg(path);
    }
    command.args(["check", "--json"]).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| failed(&error))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let report = Report::deserialize_json(&text).map_err(|error| failed(&error))?;
    crate::cli::print(&report.text());
    Ok(if report.ok { DONE } else { FAILED })
}

fn failed(error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(format!("peerling check: {error}"))
}

impl Report {
    fn text(&self) -> String {
        let mut text = String::new();
        let mut well = 0_usize;
        for finding in &self.findings {
            let Some(remedy) = &finding.remedy else {
                well += 1;
                continue;
            };
            let (state, name) = (&finding.state, &finding.name);
            let (detail, remedy) = (escape(&finding.detail), escape(remedy));
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(text, "{state:STATE_COLUMNS$}  {name:NAME_COLUMNS$}  {detail}");
            let _ = writeln!(text, "{:STATE_COLUMNS$}  {:NAME_COLUMNS$}    {remedy}", "", "");
        }
        let state = if self.ok { "done" } else { "wrong" };
        let told = self.findings.len() - well;
        let sum = match told {
            0 => format!("{well} things are well"),
            _ => format!("{well} things are well; see above for the rest, {told}"),
        };
        let _ = writeln!(text, "{state:STATE_COLUMNS$}  {:NAME_COLUMNS$}  {sum}", "check");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_well_is_told_and_the_rest_is_counted() {
        let json = "{\"version\":1,\"ok\":true,\"findings\":[{\"name\":\"clock\",\"state\":\"ok\",\
                    \"detail\":\"well\",\"remedy\":null},{\"name\":\"ping\",\"state\":\"warn\",\
                    \"detail\":\"no\",\"remedy\":\"type\"}]}";
        let report = Report::deserialize_json(json).unwrap();
        let lines = "warn           ping           no\n                                type\n\
                     done           check          1 things are well; see above for the rest, 1\n";
        assert_eq!(report.text(), lines);
    }
}
