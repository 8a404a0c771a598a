//! What was looked at, how it is, and what mends it: as lines for the operator, and as JSON.

use crate::text::escape::{escape, escape_json};
use nanoserde::SerJson;
use std::fmt::{Display, Write as _};
use std::time::Duration;

/// The version of the JSON.
const VERSION: u8 = 1;
/// Columns of the widest state.
const STATE_COLUMNS: usize = 5;
/// Columns of the name; a longer one moves its line's text.
const NAME_COLUMNS: usize = 13;

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ok,
    /// The POP works, and somebody should look at it.
    Warn,
    /// Something does not work, or will not for long.
    Wrong,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The area: small letters and underscores. Several findings may share it.
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub detail: String,
    /// The command or the line of the configuration that mends it; `None` where all is well.
    pub remedy: Option<String>,
}

/// Everything that was looked at, in the order of the look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// Notes what is well.
    pub fn ok(&mut self, name: &'static str, detail: impl Display) {
        self.add(Finding { name, state: State::Ok, detail: detail.to_string(), remedy: None });
    }

    /// Notes what somebody should look at, with what mends it.
    pub fn warn(&mut self, name: &'static str, detail: impl Display, remedy: impl Display) {
        self.trouble(State::Warn, name, &detail, &remedy);
    }

    /// Notes what does not work, with what mends it.
    pub fn wrong(&mut self, name: &'static str, detail: impl Display, remedy: impl Display) {
        self.trouble(State::Wrong, name, &detail, &remedy);
    }

    fn trouble(
        &mut self,
        state: State,
        name: &'static str,
        detail: &dyn Display,
        remedy: &dyn Display,
    ) {
        let remedy = Some(remedy.to_string());
        self.add(Finding { name, state, detail: detail.to_string(), remedy });
    }

    /// Notes a finding once: two looks may see the same.
    fn add(&mut self, finding: Finding) {
        if !self.list.contains(&finding) {
            self.list.push(finding);
        }
    }

    /// Everything that was noted.
    pub fn list(&self) -> &[Finding] {
        &self.list
    }

    /// Is nothing wrong? Warnings are not.
    pub fn is_ok(&self) -> bool {
        self.count(State::Wrong) == 0
    }

    fn count(&self, state: State) -> usize {
        self.list.iter().filter(|finding| finding.state == state).count()
    }

    /// A line for each finding, below it what mends it, and a line that sums up.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for finding in &self.list {
            finding.write(&mut text);
        }
        let (wrong, warn) = (self.count(State::Wrong), self.count(State::Warn));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{wrong} wrong, {warn} warn, {} ok", self.count(State::Ok));
        text
    }

    /// One object on one line.
    pub fn json(&self) -> String {
        let findings = self.list.iter().map(Finding::shown).collect();
        let report = Report { version: VERSION, ok: self.is_ok(), findings };
        escape_json(&report.serialize_json()) + "\n"
    }
}

impl Finding {
    fn write(&self, text: &mut String) {
        let (state, name) = (self.state.word(), self.name);
        let detail = escape(&self.detail);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{state:STATE_COLUMNS$}  {name:NAME_COLUMNS$}  {detail}");
        if let Some(remedy) = &self.remedy {
            let remedy = escape(remedy);
            let _ =
                writeln!(text, "{:STATE_COLUMNS$}  {:NAME_COLUMNS$}  to mend: {remedy}", "", "");
        }
    }

    fn shown(&self) -> Shown {
        Shown {
            name: self.name,
            state: self.state.word(),
            detail: self.detail.clone(),
            remedy: self.remedy.clone(),
        }
    }
}

impl State {
    /// As it is printed.
    pub fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Wrong => "wrong",
        }
    }
}

#[derive(SerJson)]
struct Report {
    version: u8,
    ok: bool,
    findings: Vec<Shown>,
}

#[derive(SerJson)]
struct Shown {
    name: &'static str,
    state: &'static str,
    detail: String,
    #[nserde(serialize_none_as_null)]
    remedy: Option<String>,
}

/// How long ago, in the unit that a reader would choose: `3 days ago`.
pub(super) fn ago(age: Duration) -> String {
    let seconds = age.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..7200 => (seconds / 60, "min"),
        7200..172_800 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// The same for an age that may not be known.
pub(super) fn perhaps_ago(age: Option<Duration>) -> String {
    age.map_or("at an unknown time".to_string(), ago)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Findings {
        let mut findings = Findings::default();
        findings.ok("clock", "it is set");
        findings.warn("ping", "no right", "sysctl -w net.ipv4.ping_group_range='0 2147483647'");
        findings.wrong("bird", "says \u{1b}[2J\"no\"", "birdc configure");
        findings.wrong("bird", "says \u{1b}[2J\"no\"", "birdc configure");
        findings
    }

    #[test]
    fn a_line_for_each_and_a_sum() {
        let lines = [
            "ok     clock          it is set",
            "warn   ping           no right",
            "                      to mend: sysctl -w net.ipv4.ping_group_range='0 2147483647'",
            "wrong  bird           says \\u{1b}[2J\"no\"",
            "                      to mend: birdc configure",
            "1 wrong, 1 warn, 1 ok",
        ];
        assert_eq!(findings().text().lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn json_has_what_the_lines_have() {
        assert_eq!(
            findings().json(),
            "{\"version\":1,\"ok\":false,\"findings\":[\
             {\"name\":\"clock\",\"state\":\"ok\",\"detail\":\"it is set\",\"remedy\":null},\
             {\"name\":\"ping\",\"state\":\"warn\",\"detail\":\"no right\",\
             \"remedy\":\"sysctl -w net.ipv4.ping_group_range='0 2147483647'\"},\
             {\"name\":\"bird\",\"state\":\"wrong\",\"detail\":\"says \\u001b[2J\\\"no\\\"\",\
             \"remedy\":\"birdc configure\"}]}\n"
        );
    }

    #[test]
    fn warnings_are_not_wrong() {
        let mut findings = Findings::default();
        findings.warn("ping", "no right", "x");
        assert!(findings.is_ok());
        findings.wrong("lo", "it lacks an address", "x");
        assert!(!findings.is_ok());
    }

    #[test]
    fn ages_have_a_unit_that_fits() {
        for (seconds, words) in [
            (0, "0 s ago"),
            (59, "59 s ago"),
            (60, "1 min ago"),
            (7199, "119 min ago"),
            (7200, "2 h ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(ago(Duration::from_secs(seconds)), words);
        }
    }
}
