//! peer_history: what happened to a peering.

use super::audit::cut_line;
use super::{Answer, VERSION};
use crate::model::Asn;
use crate::peering::audit_log::{Happening, Kind};
use crate::text::Screen;
use crate::text::table::{Fit, Table};
use nanoserde::SerJson;

/// What happened to a peering.
#[derive(Debug)]
pub struct PeerHistory {
    /// Whose it is.
    pub asn: Asn,
    /// What happened, the oldest first.
    pub happenings: Vec<Happening>,
    /// Was there more, which is not told?
    pub cut: bool,
}

impl Answer for PeerHistory {
    fn text(&self, screen: Screen) -> String {
        if self.happenings.is_empty() {
            return screen.fold(format!("Nothing is known of {}.\n", self.asn));
        }
        let mut table = Table::new([
            ("When (UTC)", Fit::Wrap),
            ("What", Fit::Wrap),
            ("Who", Fit::Wrap),
            ("Details", Fit::Wrap),
        ]);
        table.title = Some(format!("What happened to {}", self.asn));
        for event in &self.happenings {
            let what = match event.kind {
                Kind::Peering => event.action.clone(),
                Kind::Link => format!("tunnel {}", event.action),
                Kind::Bgp => format!("BGP session {}", event.action),
            };
            let who = event.who.clone().unwrap_or_default();
            table.rows.push(vec![event.at.readable(), what, who, event.detail.clone()]);
        }
        let mut text = table.render(screen.columns, screen.style);
        if self.cut {
            text += &cut_line(self.happenings.len(), "what was before is not shown");
        }
        screen.fold(text)
    }

    fn json(&self) -> Option<String> {
        let events = self.happenings.iter().map(EventJson::from).collect();
        let json =
            HistoryJson { version: VERSION, asn: self.asn.get(), events, truncated: self.cut };
        Some(json.serialize_json())
    }
}

#[derive(SerJson)]
struct HistoryJson {
    version: u8,
    asn: u32,
    events: Vec<EventJson>,
    truncated: bool,
}

#[derive(SerJson)]
struct EventJson {
    at: String,
    kind: String,
    action: String,
    #[nserde(serialize_none_as_null)]
    who: Option<String>,
    #[nserde(serialize_none_as_null)]
    key: Option<String>,
    #[nserde(serialize_none_as_null)]
    source: Option<String>,
    detail: String,
}

impl From<&Happening> for EventJson {
    fn from(event: &Happening) -> EventJson {
        let kind = match event.kind {
            Kind::Peering => "change",
            Kind::Link => "link",
            Kind::Bgp => "bgp",
        };
        let (key, source) = event.origin.clone().unzip();
        EventJson {
            at: event.at.rfc3339(),
            kind: kind.to_string(),
            action: event.action.clone(),
            who: event.who.clone(),
            key,
            source,
            detail: event.detail.clone(),
        }
    }
}
