//! What operators decided and read, and what happened to a peering, for people.

use super::change::unchanged;
use super::{Screen, note, outcome_words, sentence};
use crate::command::{Applied, Decision, Effect, HistoryView, PeerView};
use crate::limits::AUDIT_COLUMNS_MIN;
use crate::model::Asn;
use crate::peering::audit_log::{AuditLog, Happening, Kind, Record};
use crate::peering::ban::{Ban, Subject};
use crate::text::table::{Borders, Fit, Table};

/// What came of an operator's command.
pub fn decided(decision: &Decision, screen: Screen) -> String {
    match decision {
        Decision::Approved(view, applied) => {
            let then = outcome_words(view, applied, screen);
            format!("The peering with {} is approved.\n{then}\n", view.asn)
        }
        Decision::Rejected(asn, reason) => rejected(*asn, reason),
        Decision::Suspended(view, applied) => suspended(view, applied),
        Decision::Unchanged(view, applied) => unchanged(view, applied, screen),
        Decision::Banned(ban, Effect::Changed) => {
            format!("{}\nWhat is set up goes on; unban ends it.\n", sentence(&ban.words()))
        }
        Decision::Banned(ban, Effect::Unchanged) => {
            format!("{} is banned for that already; nothing was changed.\n", ban.subject)
        }
        Decision::Unbanned(subject, effect) => unbanned(subject, *effect),
        Decision::Bans(bans) => list(bans, screen),
        Decision::Audit(audit_log) => audit(audit_log, screen),
    }
}

fn suspended(view: &PeerView, applied: &Applied) -> String {
    let left = match applied {
        Applied::No(why) => sentence(&format!("Something is still there: {why}")) + "\n",
        Applied::Yes | Applied::NotAwaited => String::new(),
    };
    let (asn, note) = (view.asn, note(view));
    format!(
        "The peering with {asn} is switched off.\n{note}{left}peer_enable switches it on again.\n"
    )
}

fn rejected(asn: Asn, reason: &str) -> String {
    let told = sentence(&format!("Its member is told: {reason}"));
    format!("The peering with {asn} is rejected and gone.\n{told}\n")
}

fn unbanned(subject: &Subject, effect: Effect) -> String {
    match effect {
        Effect::Changed => format!("{subject} may have peerings here again.\n"),
        Effect::Unchanged => format!("{subject} was not banned; nothing was changed.\n"),
    }
}

fn list(bans: &[Ban], screen: Screen) -> String {
    if bans.is_empty() {
        return "Nobody is banned.\n".to_string();
    }
    let mut table = Table::new([
        ("Banned", Fit::Whole),
        ("Since (UTC)", Fit::Wrap),
        ("By", Fit::Wrap),
        ("Reason", Fit::Wrap),
    ]);
    let row = |it: &Ban| {
        vec![it.subject.to_string(), it.since.readable(), it.by.clone(), it.reason.clone()]
    };
    table.rows = bans.iter().map(row).collect();
    table.render(screen.columns, screen.style)
}

fn audit(audit_log: &AuditLog, screen: Screen) -> String {
    if audit_log.records.is_empty() {
        return "There is no such record.\n".to_string();
    }
    let wide = screen.style.borders == Borders::None || screen.columns >= AUDIT_COLUMNS_MIN;
    let table = if wide { records(audit_log) } else { narrow_records(audit_log) };
    let more = cut(
        audit_log.cut,
        audit_log.records.len(),
        "--asn, --maintainer and --since choose others",
    );
    table.render(screen.columns, screen.style) + &more
}

/// Everything that a record has.
fn records(audit_log: &AuditLog) -> Table {
    let mut table = Table::new([
        ("When (UTC)", Fit::Wrap),
        ("Who", Fit::Wrap),
        ("From", Fit::Wrap),
        ("Key", Fit::Cut),
        ("What", Fit::Whole),
        ("AS number", Fit::Whole),
        ("Details", Fit::Wrap),
    ]);
    let row = |it: &Record| {
        vec![
            it.at.readable(),
            it.actor.clone(),
            it.source.clone(),
            it.key.clone(),
            it.action.word().to_string(),
            it.asn.map_or(String::new(), |asn| asn.get().to_string()),
            it.detail(),
        ]
    };
    table.rows = audit_log.records.iter().map(row).collect();
    table
}

/// The same without the keys, in fewer columns.
fn narrow_records(audit_log: &AuditLog) -> Table {
    let mut table = Table::new([
        ("When (UTC)", Fit::Wrap),
        ("Who", Fit::Wrap),
        ("What", Fit::Wrap),
        ("Details", Fit::Wrap),
    ]);
    let row = |it: &Record| {
        let asn = it.asn.map_or(String::new(), |asn| format!(" {asn}"));
        let who = format!("{} from {}", it.actor, it.source);
        vec![it.at.readable(), who, format!("{}{asn}", it.action.word()), it.detail()]
    };
    table.rows = audit_log.records.iter().map(row).collect();
    table
}

/// What happened to a peering.
pub fn history(view: &HistoryView, screen: Screen) -> String {
    if view.happenings.is_empty() {
        return format!("Nothing is known of {}.\n", view.asn);
    }
    let mut table = Table::new([
        ("When (UTC)", Fit::Wrap),
        ("What", Fit::Wrap),
        ("Who", Fit::Wrap),
        ("Details", Fit::Wrap),
    ]);
    table.title = Some(format!("What happened to {}", view.asn));
    table.rows = view.happenings.iter().map(happening).collect();
    table.render(screen.columns, screen.style)
        + &cut(view.cut, view.happenings.len(), "what was before is not shown")
}

fn happening(it: &Happening) -> Vec<String> {
    let what = match it.kind {
        Kind::Peering => it.action.clone(),
        Kind::Link => format!("tunnel {}", it.action),
        Kind::Bgp => format!("BGP session {}", it.action),
    };
    vec![it.at.readable(), what, it.who.clone().unwrap_or_default(), it.detail.clone()]
}

fn cut(cut: bool, shown: usize, hint: &str) -> String {
    match cut {
        true => format!("These are the newest {shown}; {hint}.\n"),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests;
