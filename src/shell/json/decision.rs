//! What operators decided and read, and what happened to a peering, for programs.

use super::{VERSION, change};
use crate::command::{Decision, Effect, HistoryView};
use crate::model::Asn;
use crate::peering::audit_log::{AuditLog, Happening, Kind, Record};
use crate::peering::ban::{Ban, Subject};
use nanoserde::SerJson;

#[derive(SerJson)]
struct Rejected {
    version: u8,
    removed: u32,
    #[nserde(serialize_none_as_null)]
    error: Option<String>,
    reason: String,
}

#[derive(SerJson)]
struct Banned {
    version: u8,
    unchanged: bool,
    ban: BanJson,
}

#[derive(SerJson)]
struct Unbanned {
    version: u8,
    unchanged: bool,
    unbanned: SubjectJson,
}

#[derive(SerJson)]
struct Bans {
    version: u8,
    bans: Vec<BanJson>,
}

#[derive(SerJson)]
struct SubjectJson {
    #[nserde(serialize_none_as_null)]
    maintainer: Option<String>,
    #[nserde(serialize_none_as_null)]
    asn: Option<u32>,
}

#[derive(SerJson)]
struct BanJson {
    #[nserde(serialize_none_as_null)]
    maintainer: Option<String>,
    #[nserde(serialize_none_as_null)]
    asn: Option<u32>,
    reason: String,
    by: String,
    since: String,
}

#[derive(SerJson)]
struct Audit {
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

#[derive(SerJson)]
struct History {
    version: u8,
    asn: u32,
    events: Vec<Event>,
    truncated: bool,
}

#[derive(SerJson)]
struct Event {
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

/// What came of an operator's command.
pub fn decided(decision: &Decision) -> String {
    match decision {
        Decision::Approved(view, applied) | Decision::Suspended(view, applied) => {
            change::switched(view, applied)
        }
        Decision::Unchanged(view, applied) => change::unchanged(view, applied),
        Decision::Rejected(asn, reason) => {
            let (removed, reason) = (asn.get(), reason.clone());
            Rejected { version: VERSION, removed, error: None, reason }.serialize_json()
        }
        Decision::Banned(it, effect) => {
            let unchanged = *effect == Effect::Unchanged;
            Banned { version: VERSION, unchanged, ban: ban(it) }.serialize_json()
        }
        Decision::Unbanned(it, effect) => {
            let unchanged = *effect == Effect::Unchanged;
            Unbanned { version: VERSION, unchanged, unbanned: subject(it) }.serialize_json()
        }
        Decision::Bans(bans) => {
            Bans { version: VERSION, bans: bans.iter().map(ban).collect() }.serialize_json()
        }
        Decision::Audit(audit_log) => audit(audit_log),
    }
}

fn subject(it: &Subject) -> SubjectJson {
    let maintainer = it.maintainer().map(|it| it.to_string());
    SubjectJson { maintainer, asn: it.asn().map(Asn::get) }
}

fn ban(it: &Ban) -> BanJson {
    let SubjectJson { maintainer, asn } = subject(&it.subject);
    let (reason, by) = (it.reason.clone(), it.by.clone());
    BanJson { maintainer, asn, reason, by, since: it.since.rfc3339() }
}

fn audit(audit_log: &AuditLog) -> String {
    let record = |it: &Record| RecordJson {
        at: it.at.rfc3339(),
        actor: it.actor.clone(),
        key: it.key.clone(),
        source: it.source.clone(),
        action: it.action.word().to_string(),
        asn: it.asn.map(Asn::get),
        before: it.before.clone(),
        after: it.after.clone(),
    };
    let records = audit_log.records.iter().map(record).collect();
    Audit { version: VERSION, records, truncated: audit_log.cut }.serialize_json()
}

/// What happened to a peering.
pub fn history(view: &HistoryView) -> String {
    let event = |it: &Happening| Event {
        at: it.at.rfc3339(),
        kind: kind(it.kind).to_string(),
        action: it.action.clone(),
        who: it.who.clone(),
        key: it.origin.as_ref().map(|(key, _)| key.clone()),
        source: it.origin.as_ref().map(|(_, source)| source.clone()),
        detail: it.detail.clone(),
    };
    let events = view.happenings.iter().map(event).collect();
    let asn = view.asn.get();
    History { version: VERSION, asn, events, truncated: view.cut }.serialize_json()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Peering => "change",
        Kind::Link => "link",
        Kind::Bgp => "bgp",
    }
}
