//! The audit records: each is written in the transaction of what it is about, and read by the
//! operator, or as a peering's history.

use super::{Actor, Store, StoreError};
use crate::limits::{
    RECORDS_SHOWN_MAX, STORE_AUDIT_ROWS_MAX, STORE_AUDIT_ROWS_PER_ASN_MAX, STORE_AUDIT_SWEEP_ROWS,
};
use crate::model::{Asn, Mntner, Timestamp};
use crate::peering::audit_log::{AuditLog, Record};
use rusqlite::{Connection, Row, params};

/// What `as_num` is in a record that is about a maintainer: no network's number (RFC 7607).
const NO_ASN: u32 = 0;

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

impl Store {
    /// The newest records, at most [`RECORDS_SHOWN_MAX`].
    pub fn audit_log(&self, filter: &Filter) -> Result<AuditLog, StoreError> {
        let asn = filter.asn.map(Asn::get);
        let maintainer = filter.maintainer.as_ref().map(Mntner::as_str);
        let limit = i64::try_from(RECORDS_SHOWN_MAX).unwrap_or(i64::MAX).saturating_add(1);
        let mut records: Vec<Record> = self.read(|it| {
            // No name of a maintainer has a character that LIKE takes for another.
            let mut statement = it.prepare(
                "SELECT at_s, actor, key, source, action, as_num, before, after
                 FROM peerling_audit
                 WHERE (?1 IS NULL OR as_num = ?1) AND at_s >= ?3
                   AND (?2 IS NULL OR actor IN (?2, 'admin for ' || ?2)
                        OR before LIKE 'id % maintainer ' || ?2
                        OR after LIKE 'id % maintainer ' || ?2
                        OR as_num = ?5 AND coalesce(after, before) LIKE 'maintainer ' || ?2 || ' %')
                 ORDER BY id DESC LIMIT ?4",
            )?;
            let values = params![asn, maintainer, filter.since.0, limit, NO_ASN];
            statement.query_map(values, record)?.collect()
        })?;
        let cut = records.len() > RECORDS_SHOWN_MAX;
        records.truncate(RECORDS_SHOWN_MAX);
        records.reverse();
        Ok(AuditLog { records, cut })
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        at: Timestamp(row.get(0)?),
        actor: row.get(1)?,
        key: row.get(2)?,
        source: row.get(3)?,
        action: row.get(4)?,
        asn: Asn::new(row.get(5)?).ok(),
        before: row.get(6)?,
        after: row.get(7)?,
    })
}

/// Whose records are a member's: those of a maintainer who acted with their own key.
const MEMBERS: &str = "actor GLOB '*-MNT' AND actor NOT GLOB 'admin *'";
/// All others: administrators', whom no member pushes out.
const OPERATORS: &str = "NOT (actor GLOB '*-MNT' AND actor NOT GLOB 'admin *')";

/// Writes a record, and forgets the oldest of its kind where there are too many.
pub(super) fn write(
    it: &Connection,
    actor: &Actor,
    action: &str,
    asn: Option<Asn>,
    [before, after]: [Option<&String>; 2],
) -> rusqlite::Result<()> {
    let number = asn.map_or(NO_ASN, Asn::get);
    it.execute(
        "INSERT INTO peerling_audit (at_s, actor, key, source, action, as_num, before, after)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![actor.now.0, actor.name, actor.key, actor.source, action, number, before, after],
    )?;
    let newest = it.last_insert_rowid();
    if asn.is_some() && !actor.is_operator() {
        let kind = format!("as_num = {number} AND {MEMBERS}");
        forget(it, &kind, STORE_AUDIT_ROWS_PER_ASN_MAX)?;
    }
    if newest % STORE_AUDIT_SWEEP_ROWS == 0 {
        forget(it, MEMBERS, STORE_AUDIT_ROWS_MAX)?;
        forget(it, OPERATORS, STORE_AUDIT_ROWS_MAX)?;
    }
    Ok(())
}

/// Forgets the oldest records of a kind, a condition of SQL, beyond so many.
fn forget(it: &Connection, kind: &str, kept: i64) -> rusqlite::Result<()> {
    let query = format!(
        "DELETE FROM peerling_audit WHERE {kind} AND id <=
             (SELECT id FROM peerling_audit WHERE {kind} ORDER BY id DESC LIMIT 1 OFFSET ?)"
    );
    it.execute(&query, [kept]).map(drop)
}

#[cfg(test)]
mod tests;
