//! How a peering is, as a table of checks; below it, for each that is not well by itself, what is
//! to be done and by whom.

use super::{Screen, sentence, state};
use crate::command::{CheckView, Mark, RawView, StatusView, Whose};
use crate::model::{Asn, IfName};
use crate::text::escape::escape_lines;
use crate::text::table::{Fit, Table};
use std::fmt::Write as _;

pub fn status(view: &StatusView, screen: Screen) -> String {
    let peer = &view.peer;
    let mut text = format!("Peering with {}: {}\n", peer.asn, state(peer.state, screen));
    if let Some(error) = &peer.error {
        let _ = writeln!(text, "{}", escape_lines(error));
    }
    text += &table(&view.checks).render(screen.columns, screen.style);
    for check in &view.checks {
        text += &advice(check, screen);
    }
    if let Some(raw) = &view.raw {
        text += &dump(raw, peer.asn, screen);
    }
    text
}

fn table(checks: &[CheckView]) -> Table {
    let mut table = Table::new([("Check", Fit::Whole), ("", Fit::Whole), ("Seen", Fit::Wrap)]);
    for check in checks {
        let mark = match check.mark {
            Mark::Good => "ok",
            Mark::Bad => "no",
            Mark::Unknown => "?",
        };
        table.rows.push(vec![check.name.to_string(), mark.to_string(), check.detail.clone()]);
    }
    table
}

fn advice(check: &CheckView, screen: Screen) -> String {
    let whose = match check.by {
        _ if check.hint.is_empty() => return String::new(),
        Some(Whose::Member) => ", for you to do",
        Some(Whose::Operator) => ", for this POP's operator",
        None => "",
    };
    format!("{}: {}\n", screen.heading(&format!("{}{whose}", check.name)), sentence(&check.hint))
}

fn dump(raw: &RawView, asn: Asn, screen: Screen) -> String {
    let part = |program: &str, text: &str| {
        let text = match text.trim_end() {
            "" => "(nothing)".to_string(),
            text => escape_lines(text),
        };
        format!("\n{}\n{text}\n", screen.heading(program))
    };
    let link = format!("wg show {}", IfName::of(asn).as_str());
    part(&link, &raw.wireguard) + &part("birdc show protocols all", &raw.bird)
}
