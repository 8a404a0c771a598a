//! The POPs of the network, for people.

use super::Screen;
use crate::command::{PopPeering, PopView, PopsView, Rtt};
use crate::text::table::{Fit, Table};

/// A table, and the lines to copy, which are never broken.
pub fn pops(view: &PopsView, screen: Screen) -> String {
    if view.pops.len() < 2 {
        return "This POP has no sisters.\n".to_string();
    }
    let mut table = Table::new([
        ("POP", Fit::Whole),
        ("Host", Fit::Wrap),
        ("Your peering", Fit::Whole),
        ("Latency", Fit::Whole),
    ]);
    table.rows = view.pops.iter().flat_map(rows).collect();
    let lines: String = view.lines.iter().map(|it| format!("{it}\n")).collect();
    let peers = |it: &PopView| it.this && it.peerings.iter().flatten().next().is_some();
    let then = match (lines.is_empty(), view.pops.iter().any(peers)) {
        (false, _) => "To make the same at a sister, on your machine:\n",
        (true, true) => "",
        (true, false) => "When you have a peering here, a line makes the same at a sister.\n",
    };
    let table = table.render(screen.columns, screen.style);
    table + &screen.fold(then.to_string()) + &lines
}

/// A row for each peering, and one where there is none.
fn rows(pop: &PopView) -> Vec<Vec<String>> {
    let name = if pop.this { format!("{} (here)", pop.name) } else { pop.name.clone() };
    let row = |peering: String, rtt: String| vec![name.clone(), pop.host.clone(), peering, rtt];
    match pop.peerings.as_deref() {
        None => vec![row("not known".to_string(), "-".to_string())],
        Some([]) => vec![row("none".to_string(), "-".to_string())],
        Some(peerings) => {
            let one = |it: &PopPeering| row(format!("{}", it.asn), rtt(it.rtt));
            peerings.iter().map(one).collect()
        }
    }
}

fn rtt(rtt: Rtt) -> String {
    match rtt {
        Rtt::Unknown => "-".to_string(),
        Rtt::Measured(us) => format!("{} ms", milliseconds(us)),
        Rtt::AtMost(us) => format!("<= {} ms", milliseconds(us)),
    }
}

/// With one digit behind the point, where it says something.
fn milliseconds(us: u64) -> String {
    match (us / 1000, us % 1000 / 100) {
        (whole, 0) => whole.to_string(),
        (whole, _) if whole >= 100 => whole.to_string(),
        (whole, tenths) => format!("{whole}.{tenths}"),
    }
}
