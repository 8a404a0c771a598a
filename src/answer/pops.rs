//! pops: the POPs of the network, and which of them the member peers with.

use super::{Answer, VERSION};
use crate::model::Asn;
use crate::text::Screen;
use crate::text::table::{Fit, Table};
use nanoserde::SerJson;

/// The network as a member sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pops {
    /// Every POP in use, in the order of the inventory; none where this POP has no sisters.
    pub pops: Vec<PopView>,
    /// What makes the member's peerings at sisters that do not have them: lines for a shell of the
    /// member's own.
    pub lines: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PopView {
    /// Its short name.
    pub name: String,
    /// Where members connect to.
    pub host: String,
    /// Is it the one that answers?
    pub this: bool,
    /// The member's peerings there; `None`: nobody here knows.
    pub peerings: Option<Vec<PopPeering>>,
}

/// A peering of the member at one POP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PopPeering {
    /// The member's AS number.
    pub asn: Asn,
    /// How far that POP is from the member's endpoint.
    pub rtt: Rtt,
}

/// How long a packet takes to a member's endpoint and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rtt {
    /// It was never measured.
    Unknown,
    /// This POP measures it, in microseconds.
    Measured(u64),
    /// A sister says that it is at most this, in microseconds.
    AtMost(u64),
}

impl Answer for Pops {
    /// A table, and the lines to copy, which are never broken.
    fn text(&self, screen: Screen) -> String {
        if self.pops.len() < 2 {
            return "This POP has no sisters.\n".to_string();
        }
        let mut table = Table::new([
            ("POP", Fit::Whole),
            ("Host", Fit::Wrap),
            ("Your peering", Fit::Whole),
            ("Latency", Fit::Whole),
        ]);
        table.rows = self.pops.iter().flat_map(PopView::rows).collect();
        let mut text = table.render(screen.columns, screen.style);
        if !self.lines.is_empty() {
            text += &screen.fold("To make the same at a sister, on your machine:\n".to_string());
        } else if !self.pops.iter().any(|pop| pop.this && pop.peers()) {
            let words = "When you have a peering here, a line makes the same at a sister.\n";
            text += &screen.fold(words.to_string());
        }
        for line in &self.lines {
            text += line;
            text.push('\n');
        }
        text
    }

    fn json(&self) -> Option<String> {
        let pops = self.pops.iter().map(PopJson::from).collect();
        Some(PopsJson { version: VERSION, pops, lines: self.lines.clone() }.serialize_json())
    }
}

impl PopView {
    fn peers(&self) -> bool {
        self.peerings.as_ref().is_some_and(|peerings| !peerings.is_empty())
    }

    /// A row for each peering, and one where there is none.
    fn rows(&self) -> Vec<Vec<String>> {
        let name = if self.this { format!("{} (here)", self.name) } else { self.name.clone() };
        let cells: Vec<(String, String)> = match self.peerings.as_deref() {
            None => vec![("not known".to_string(), "-".to_string())],
            Some([]) => vec![("none".to_string(), "-".to_string())],
            Some(peerings) => peerings
                .iter()
                .map(|peering| (peering.asn.to_string(), peering.rtt.text()))
                .collect(),
        };
        let mut rows = Vec::new();
        for (peering, latency) in cells {
            rows.push(vec![name.clone(), self.host.clone(), peering, latency]);
        }
        rows
    }
}

impl Rtt {
    fn text(self) -> String {
        match self {
            Rtt::Unknown => "-".to_string(),
            Rtt::Measured(us) => format!("{} ms", milliseconds(us)),
            Rtt::AtMost(us) => format!("<= {} ms", milliseconds(us)),
        }
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

#[derive(SerJson)]
struct PopsJson {
    version: u8,
    pops: Vec<PopJson>,
    lines: Vec<String>,
}

#[derive(SerJson)]
struct PopJson {
    name: String,
    host: String,
    this: bool,
    #[nserde(serialize_none_as_null)]
    peerings: Option<Vec<PopPeeringJson>>,
}

#[derive(SerJson)]
struct PopPeeringJson {
    asn: u32,
    #[nserde(serialize_none_as_null)]
    latency_ms: Option<f64>,
    #[nserde(serialize_none_as_null)]
    latency_ms_max: Option<f64>,
}

impl From<&PopView> for PopJson {
    fn from(pop: &PopView) -> PopJson {
        let peerings = pop.peerings.as_ref();
        PopJson {
            name: pop.name.clone(),
            host: pop.host.clone(),
            this: pop.this,
            peerings: peerings.map(|peerings| peerings.iter().map(PopPeeringJson::from).collect()),
        }
    }
}

impl From<&PopPeering> for PopPeeringJson {
    fn from(peering: &PopPeering) -> PopPeeringJson {
        let (latency_ms, latency_ms_max) = match peering.rtt {
            Rtt::Unknown => (None, None),
            Rtt::Measured(us) => (Some(us as f64 / 1000.0), None),
            Rtt::AtMost(us) => (None, Some(us as f64 / 1000.0)),
        };
        PopPeeringJson { asn: peering.asn.get(), latency_ms, latency_ms_max }
    }
}
