//! peer_status: how a peering is, as a table of checks; below it, for each that is not well by
//! itself, what is to be done and by whom.

use super::peer::PeerJson;
use super::{Answer, ExitStatus, PeerView, PeeringState, VERSION};
use crate::command::ExitTells;
use crate::text::Screen;
use crate::text::escape::{escape, escape_lines, sentence};
use crate::text::table::{Fit, Table};
use nanoserde::SerJson;
use std::fmt::Write as _;

#[derive(Debug)]
pub struct PeerStatus {
    pub peer: PeerView,
    /// The checks, in the order in which the parts depend on each other.
    pub checks: Vec<CheckView>,
    /// The same as other programs would show it, where that was asked for.
    pub raw: Option<RawView>,
    /// What the exit status tells.
    pub exit_tells: ExitTells,
}

/// What other programs would show of a peering, secrets masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawView {
    /// The name of the tunnel.
    pub link: String,
    /// Of `wg show` for this tunnel; empty where there is no link.
    pub wireguard: String,
    /// Of `birdc show protocols all` for its BGP session; empty where BIRD does not know it.
    pub bird: String,
}

/// One check of a peering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckView {
    /// `registry`, `endpoint`, `handshake`, `tunnel`, `bgp` or `routes`.
    pub name: &'static str,
    /// Is it well?
    pub mark: Mark,
    /// What was seen, and the most likely cause where it is not well.
    pub detail: String,
    /// Who has to do something about it.
    pub by: Option<Whose>,
    /// What to do about it; empty where there is nothing to do, or something else comes first.
    pub hint: String,
}

/// Whose matter something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The member's.
    Member,
    /// The operator's of this POP.
    Operator,
}

/// Is it well?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Good,
    Bad,
    /// Nothing is known.
    Unknown,
}

impl Answer for PeerStatus {
    fn text(&self, screen: Screen) -> String {
        let peer = &self.peer;
        let mut text = format!("Peering with {}: {}\n", peer.asn, peer.state.painted(screen));
        if let Some(error) = &peer.error {
            let _ = writeln!(text, "{}", escape_lines(error));
        }
        text += &self.table().render(screen.columns, screen.style);
        for check in &self.checks {
            text += &check.advice(screen);
        }
        if let Some(raw) = &self.raw {
            text += &raw.text(screen);
        }
        screen.fold(text)
    }

    fn json(&self) -> Option<String> {
        let mut peer = PeerJson::from(&self.peer);
        peer.checks = Some(self.checks.iter().map(CheckJson::from).collect());
        peer.raw = self.raw.as_ref().map(RawJson::from);
        Some(OneJson::of(peer))
    }

    fn status(&self) -> ExitStatus {
        let failed = self.peer.state == PeeringState::Failed
            || self.checks.iter().any(|check| check.mark == Mark::Bad);
        match self.exit_tells {
            ExitTells::Checks if failed => ExitStatus::CheckFailed,
            ExitTells::Checks | ExitTells::Done => ExitStatus::Done,
        }
    }
}

impl PeerStatus {
    fn table(&self) -> Table {
        let mut table = Table::new([("Check", Fit::Whole), ("", Fit::Whole), ("Seen", Fit::Wrap)]);
        for check in &self.checks {
            let mark = match check.mark {
                Mark::Good => "ok",
                Mark::Bad => "no",
                Mark::Unknown => "?",
            };
            table.rows.push(vec![check.name.to_string(), mark.to_string(), check.detail.clone()]);
        }
        table
    }
}

impl CheckView {
    fn advice(&self, screen: Screen) -> String {
        if self.hint.is_empty() {
            return String::new();
        }
        let whose = match self.by {
            Some(Whose::Member) => ", for you to do",
            Some(Whose::Operator) => ", for this POP's operator",
            None => "",
        };
        format!("{}: {}\n", screen.heading(&format!("{}{whose}", self.name)), sentence(&self.hint))
    }
}

impl RawView {
    fn text(&self, screen: Screen) -> String {
        let link = format!("wg show {}", escape(&self.link));
        output_of(&link, &self.wireguard, screen)
            + &output_of("birdc show protocols all", &self.bird, screen)
    }
}

fn output_of(program: &str, text: &str, screen: Screen) -> String {
    let text = match text.trim_end() {
        "" => "(nothing)".to_string(),
        text => escape_lines(text),
    };
    format!("\n{}\n{text}\n", screen.heading(&escape(program)))
}

/// One peering.
#[derive(SerJson)]
pub struct OneJson {
    version: u8,
    peer: PeerJson,
}

impl OneJson {
    /// The whole answer that this peering is.
    pub(super) fn of(peer: PeerJson) -> String {
        OneJson { version: VERSION, peer }.serialize_json()
    }
}

#[derive(SerJson)]
pub struct CheckJson {
    name: String,
    #[nserde(serialize_none_as_null)]
    ok: Option<bool>,
    detail: String,
    hint: String,
    #[nserde(serialize_none_as_null)]
    by: Option<String>,
}

#[derive(SerJson)]
pub struct RawJson {
    wireguard: String,
    bird: String,
}

impl From<&CheckView> for CheckJson {
    fn from(check: &CheckView) -> CheckJson {
        let by = match check.by {
            Some(Whose::Member) => Some("member".to_string()),
            Some(Whose::Operator) => Some("operator".to_string()),
            None => None,
        };
        CheckJson {
            name: check.name.to_string(),
            ok: match check.mark {
                Mark::Good => Some(true),
                Mark::Bad => Some(false),
                Mark::Unknown => None,
            },
            detail: check.detail.clone(),
            hint: check.hint.clone(),
            by,
        }
    }
}

impl From<&RawView> for RawJson {
    fn from(raw: &RawView) -> RawJson {
        RawJson { wireguard: raw.wireguard.clone(), bird: raw.bird.clone() }
    }
}
