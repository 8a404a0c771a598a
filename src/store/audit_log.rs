//! The audit records: each is written in the transaction of what it is about, and read by the
//! operator, or as a peering's history.

use super::{Actor, Store, StoreError};
use crate::limits::{
    RECORDS_SHOWN_MAX, STORE_AUDIT_ROWS_MAX, STORE_AUDIT_ROWS_PER_ASN_MAX, STORE_AUDIT_SWEEP_ROWS,
};
use crate::model::{Asn, Endpoint, Families, Mntner, Timestamp};
use crate::peering::Peering;
use crate::peering::audit_log::{Action, AuditLog, Record};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// What `as_num` is in a record that is about a maintainer: no network's number (RFC 7607).
const NO_ASN: u32 = 0;
/// Whose records are a member's: those of a maintainer who acted with their own key.
const MEMBERS: &str = "actor GLOB '*-MNT' AND actor NOT GLOB 'admin *'";
/// All others: administrators', whom no member pushes out.
const OPERATORS: &str = "NOT (actor GLOB '*-MNT' AND actor NOT GLOB 'admin *')";

/// Which records are asked for; an empty filter: all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only about this AS number.
    pub asn: Option<Asn>,
    /// Only what this maintainer did, what was done to their peerings, and bans of them.
    pub maintainer: Option<Mntner>,
    /// Only from then on.
    pub since: Timestamp,
}

/// A record that is to be written.
pub(super) struct Entry {
    pub action: Action,
    /// `None`: it is about a maintainer.
    pub asn: Option<Asn>,
    /// Whose peering it is, or who is banned.
    pub maintainer: Option<Mntner>,
    /// Where the peering's other end is, if that is a choice of its member.
    pub endpoint: Option<Endpoint>,
    /// What was before, in words.
    pub before: Option<String>,
    /// What is now, in words.
    pub after: Option<String>,
}

impl Entry {
    /// About a peering as it was.
    pub fn of(action: Action, before: &Peering) -> Entry {
        Entry {
            action,
            asn: Some(before.asn),
            maintainer: before.maintainer.clone(),
            endpoint: before.endpoint.clone(),
            before: Some(describe(before)),
            after: None,
        }
    }

    /// About a peering that was not there before.
    pub fn made(action: Action, after: &Peering) -> Entry {
        Entry { before: None, after: Some(describe(after)), ..Entry::of(action, after) }
    }

    /// About a peering that is different now.
    pub fn changed(action: Action, before: &Peering, after: &Peering) -> Entry {
        Entry { before: Some(describe(before)), ..Entry::made(action, after) }
    }

    /// About a decision of the operator's on a peering.
    pub fn decided(action: Action, before: &Peering, reason: &str) -> Entry {
        let after = Some(format!("reason {reason}"));
        Entry { after, endpoint: None, ..Entry::of(action, before) }
    }
}

impl Store {
    /// The newest records, at most [`RECORDS_SHOWN_MAX`].
    pub fn audit_log(&self, filter: &Filter) -> Result<AuditLog, StoreError> {
        let mut records: Vec<Record> = self.read(|db| {
            // A database of an older version, which is only looked at, does not say whose a
            // peering was.
            let has_maintainer = db.column_exists(None, "peerling_audit", "maintainer")?;
            let owner = if has_maintainer { "maintainer" } else { "NULL" };
            let mut statement = db.prepare(&format!(
                "SELECT at_s, actor, key, source, action, as_num, before, after
                 FROM peerling_audit
                 WHERE (?1 IS NULL OR as_num = ?1) AND at_s >= ?3
                   AND (?2 IS NULL OR actor IN (?2, 'admin for ' || ?2) OR {owner} = ?2)
                 ORDER BY id DESC LIMIT ?4"
            ))?;
            let asn = filter.asn.map(Asn::get);
            let maintainer = filter.maintainer.as_ref().map(Mntner::as_str);
            let one_more = i64::try_from(RECORDS_SHOWN_MAX).unwrap_or(i64::MAX).saturating_add(1);
            statement
                .query_map(params![asn, maintainer, filter.since.0, one_more], record)?
                .collect()
        })?;
        let cut = records.len() > RECORDS_SHOWN_MAX;
        records.truncate(RECORDS_SHOWN_MAX);
        records.reverse();
        Ok(AuditLog { records, cut })
    }

    /// The endpoint of the last change that this maintainer made, or somebody for them.
    pub fn last_endpoint(&self, maintainer: &Mntner) -> Result<Option<Endpoint>, StoreError> {
        let text: Option<String> = self.read(|db| {
            let query = "SELECT endpoint FROM peerling_audit
                         WHERE (actor = ?1 OR maintainer = ?1) AND endpoint IS NOT NULL
                         ORDER BY id DESC LIMIT 1";
            db.query_row(query, [maintainer.as_str()], |row| row.get(0)).optional()
        })?;
        Ok(text.and_then(|text| read_endpoint(&text)))
    }
}

/// Host, colon, port, as [`Endpoint`] prints it in a record.
fn read_endpoint(text: &str) -> Option<Endpoint> {
    let (host, port) = text.rsplit_once(':')?;
    Some(Endpoint { host: host.parse().ok()?, port: port.parse().ok()? })
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let action: String = row.get(4)?;
    Ok(Record {
        at: Timestamp(row.get(0)?),
        actor: row.get(1)?,
        key: row.get(2)?,
        source: row.get(3)?,
        action: Action::from_word(&action),
        asn: Asn::new(row.get(5)?).ok(),
        before: row.get(6)?,
        after: row.get(7)?,
    })
}

/// A peering in the audit record: what a member may see of it, and never a preshared key.
fn describe(peering: &Peering) -> String {
    let mut text = format!("id {} key {}", peering.id, peering.key);
    match &peering.endpoint {
        Some(endpoint) => text += &format!(" endpoint {endpoint}"),
        None => text += " endpoint none",
    }
    match peering.link_local {
        Some(address) => text += &format!(" link-local {address}"),
        None => text += " link-local automatic",
    }
    if let Some(mtu) = peering.mtu {
        text += &format!(" mtu {mtu}");
    }
    if peering.preshared_key.is_some() {
        text += " psk set";
    }
    if peering.families != Families::Both {
        text += &format!(" families {}", peering.families.word());
    }
    if let Some(maintainer) = &peering.maintainer {
        text += &format!(" maintainer {maintainer}");
    }
    text
}

/// Writes a record, and forgets the oldest of its kind where there are too many.
pub(super) fn write(db: &Connection, actor: &Actor, entry: &Entry) -> rusqlite::Result<()> {
    let number = entry.asn.map_or(NO_ASN, Asn::get);
    db.execute(
        "INSERT INTO peerling_audit (at_s, actor, key, source, action, as_num, before, after,
             maintainer, endpoint)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            actor.now.0,
            actor.name,
            actor.key,
            actor.source,
            entry.action.word(),
            number,
            entry.before,
            entry.after,
            entry.maintainer.as_ref().map(Mntner::as_str),
            entry.endpoint.as_ref().map(Endpoint::to_string),
        ],
    )?;
    let newest = db.last_insert_rowid();
    if entry.asn.is_some() && !actor.is_operator() {
        let kind = format!("as_num = {number} AND {MEMBERS}");
        forget(db, &kind, STORE_AUDIT_ROWS_PER_ASN_MAX)?;
    }
    if newest % STORE_AUDIT_SWEEP_ROWS == 0 {
        forget(db, MEMBERS, STORE_AUDIT_ROWS_MAX)?;
        forget(db, OPERATORS, STORE_AUDIT_ROWS_MAX)?;
    }
    Ok(())
}

/// Forgets the oldest records of a kind, a condition of SQL, beyond so many.
fn forget(db: &Connection, kind: &str, kept: i64) -> rusqlite::Result<()> {
    let query = format!(
        "DELETE FROM peerling_audit WHERE {kind} AND id <=
             (SELECT id FROM peerling_audit WHERE {kind} ORDER BY id DESC LIMIT 1 OFFSET ?)"
    );
    db.execute(&query, [kept]).map(drop)
}

#[cfg(test)]
mod tests;
