//! audit: who changed what.

use super::{Answer, VERSION, optional};
use crate::limits::AUDIT_COLUMNS_MIN;
use crate::model::Asn;
use crate::peering::audit_log::{AuditLog, Record};
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
