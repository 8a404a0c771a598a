//! audit: who changed what.

use super::{Answer, VERSION, optional};
use crate::limits::AUDIT_COLUMNS_MIN;
use crate::model::Asn;
use crate::peering::audit_log::{AuditLog, Happening, Kind, Record};
use crate::text::Screen;
use crate::text::table::{Borders, Fit, Table};
use nanoserde::SerJson;

/// Who changed what.
#[derive(Debug)]
pub struct Audit(pub AuditLog);

impl Answer for Audit {
    fn text(&self, screen: Screen) -> String {
        let records = &self.0.records;
        if records.is_empty() {
            return screen.fold("There is no such record.\n".to_string());
        }
        let wide = screen.style.borders == Borders::None || screen.columns >= AUDIT_COLUMNS_MIN;
        let table = if wide { table(records) } else { narrow_table(records) };
        let mut text = table.render(screen.columns, screen.style);
        if self.0.cut {
            let hint = "--asn, --maintainer and --since choose others";
            text += &cut_line(records.len(), hint);
        }
        screen.fold(text)
    }

    fn json(&self) -> Option<String> {
        let records = self.0.records.iter().map(RecordJson::from).collect();
        let json = AuditJson { version: VERSION, records, truncated: self.0.cut };
        Some(json.serialize_json())
    }
}

/// Says that only the newest `shown` are there, and what to do about it.
pub(super) fn cut_line(shown: usize, hint: &str) -> String {
    format!("These are the newest {shown}; {hint}.\n")
}

/// Everything that a record has.
fn table(records: &[Record]) -> Table {
    let mut table = Table::new([
        ("When (UTC)", Fit::Wrap),
        ("Who", Fit::Wrap),
        ("From", Fit::Wrap),
        ("Key", Fit::Cut),
        ("What", Fit::Whole),
        ("AS number", Fit::Whole),
        ("Details", Fit::Wrap),
    ]);
    for record in records {
        table.rows.push(vec![
            record.at.readable(),
            record.actor.clone(),
            record.source.clone(),
            record.key.clone(),
            record.action.word().to_string(),
            optional(record.asn.map(Asn::get)),
            record.detail(),
        ]);
    }
    table
}

/// The same without the keys, in fewer columns.
fn narrow_table(records: &[Record]) -> Table {
    let mut table = Table::new([
        ("When (UTC)", Fit::Wrap),
        ("Who", Fit::Wrap),
        ("What", Fit::Wrap),
        ("Details", Fit::Wrap),
    ]);
    for record in records {
        let who = format!("{} from {}", record.actor, record.source);
        let what = match record.asn {
            Some(asn) => format!("{} {asn}", record.action.word()),
            None => record.action.word().to_string(),
        };
        table.rows.push(vec![record.at.readable(), who, what, record.detail()]);
    }
    table
}

#[derive(SerJson)]
struct AuditJson {
    version: u8,
    records: Vec<RecordJson>,
    truncated: bool,
}

#[derive(SerJson)]
struct RecordJson {
    at: String,
    actor: String,
    key: String,
    source: String,
    action: String,
    #[nserde(serialize_none_as_null)]
    asn: Option<u32>,
    #[nserde(serialize_none_as_null)]
    before: Option<String>,
    #[nserde(serialize_none_as_null)]
    after: Option<String>,
}

impl From<&Record> for RecordJson {
    fn from(record: &Record) -> RecordJson {
        RecordJson {
            at: record.at.rfc3339(),
            actor: record.actor.clone(),
            key: record.key.clone(),
            source: record.source.clone(),
            action: record.action.word().to_string(),
            asn: record.asn.map(Asn::get),
            before: record.before.clone(),
            after: record.after.clone(),
        }
    }
}

// peer_history: what happened to a peering.

/// What happened to a peering.
#[derive(Debug)]
pub struct PeerHistory {
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
