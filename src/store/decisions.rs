//! What the operator decides: which peerings are taken, not taken or switched off, and who gets
//! none here.

use super::audit_log::{Entry, write};
use super::peerings::{exists, take_out};
use super::{Actor, Store, StoreError, by_asn, count_up};
use crate::model::{Asn, Timestamp};
use crate::peering::audit_log::Action;
use crate::peering::ban::{Ban, Subject};
use crate::peering::{Generation, Peering, Status};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::collections::BTreeMap;

impl Store {
    /// Why peerings are suspended, by AS number.
    pub fn suspensions(&self) -> Result<BTreeMap<Asn, String>, StoreError> {
        let query = "SELECT as_num, reason FROM peerling_suspension";
        let found =
            self.read(|db| by_asn(db, "peerling_suspension", query, [], |row| row.get(1)))?;
        Ok(found.into_iter().collect())
    }

    /// What a peering is meant to be, where something was ever noted about that.
    pub fn status(&self, asn: Asn) -> Result<Option<Status>, StoreError> {
        self.read(|db| status(db, asn))
    }

    /// Takes a peering that waits.
    pub fn approve(&mut self, peering: &Peering, actor: &Actor) -> Result<Generation, StoreError> {
        self.change(|db| {
            let query = "UPDATE peerling_peering SET standing = ?
                         WHERE as_num = ? AND standing = ?";
            let (waits, active) = (Status::Pending.word(), Status::Active.word());
            if db.execute(query, params![active, peering.asn.get(), waits])? == 0 {
                return Err(StoreError::Absent.into());
            }
            write(db, actor, &Entry::made(Action::Approve, peering))?;
            Ok(count_up(db)?)
        })
    }

    /// Takes a peering that waits out again.
    pub fn reject(
        &mut self,
        peering: &Peering,
        reason: &str,
        actor: &Actor,
    ) -> Result<Generation, StoreError> {
        self.change(|db| {
            if status(db, peering.asn)? != Some(Status::Pending) {
                return Err(StoreError::Absent.into());
            }
            let generation = take_out(db, peering.asn, actor.now)?;
            write(db, actor, &Entry::decided(Action::Reject, peering, reason))?;
            Ok(generation)
        })
    }

    /// Switches a peering off, whatever it was; of one that is off already, only the reason
    /// changes.
    pub fn suspend(
        &mut self,
        peering: &Peering,
        reason: &str,
        actor: &Actor,
    ) -> Result<Generation, StoreError> {
        let asn = peering.asn.get();
        self.change(|db| {
            if !exists(db, peering.asn)? {
                return Err(StoreError::Absent.into());
            }
            // The replaced service's rows have none of ours beside them.
            db.execute(
                "INSERT INTO peerling_peering (as_num, standing, created_s) VALUES (?1, ?2, ?3)
                 ON CONFLICT (as_num) DO UPDATE SET standing = ?2",
                params![asn, Status::Suspended.word(), actor.now.0],
            )?;
            db.execute(
                "INSERT OR REPLACE INTO peerling_suspension (as_num, reason, decided_by, since_s)
                 VALUES (?, ?, ?, ?)",
                params![asn, reason, actor.name, actor.now.0],
            )?;
            write(db, actor, &Entry::decided(Action::Suspend, peering, reason))?;
            Ok(count_up(db)?)
        })
    }

    /// Every ban, the oldest first.
    pub fn bans(&self) -> Result<Vec<Ban>, StoreError> {
        let bans: Vec<Option<Ban>> = self.read(|db| {
            let query = "SELECT subject, reason, decided_by, since_s FROM peerling_ban
                         ORDER BY since_s, subject";
            db.prepare(query)?.query_map([], read_ban)?.collect()
        })?;
        Ok(bans.into_iter().flatten().collect())
    }

    /// Bans somebody, which changes nothing on the machine and so does not count the generation
    /// up; who is banned already is so for this reason from now on. `false`: nothing changed.
    pub fn ban(
        &mut self,
        subject: &Subject,
        reason: &str,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        self.change(|db| {
            let before = ban_reason(db, subject)?;
            if before.as_deref() == Some(reason) {
                return Ok(false);
            }
            let (by, since) = (actor.name.clone(), actor.now);
            let ban = Ban { subject: subject.clone(), reason: reason.to_string(), by, since };
            put_ban(db, &ban)?;
            let before = before.map(|before| describe_ban(subject, &before));
            let after = Some(describe_ban(subject, reason));
            write(db, actor, &Entry { before, after, ..about(Action::Ban, subject) })?;
            Ok(true)
        })
    }

    /// Ends a ban. `false`: there was none.
    pub fn unban(&mut self, subject: &Subject, actor: &Actor) -> Result<bool, StoreError> {
        self.change(|db| {
            let Some(reason) = ban_reason(db, subject)? else { return Ok(false) };
            db.execute("DELETE FROM peerling_ban WHERE subject = ?", [subject.to_string()])?;
            let before = Some(describe_ban(subject, &reason));
            write(db, actor, &Entry { before, ..about(Action::Unban, subject) })?;
            Ok(true)
        })
    }
}

/// Turns the suspension of a peering that is about to go, if there is one, into a ban of the AS
/// number, unless there is one already; gives back the words for the record.
pub(super) fn keep_suspension(db: &Connection, asn: Asn) -> rusqlite::Result<Option<String>> {
    if status(db, asn)? != Some(Status::Suspended) {
        return Ok(None);
    }
    let subject = Subject::Asn(asn);
    let query = "SELECT reason, decided_by, since_s FROM peerling_suspension WHERE as_num = ?";
    let suspension = db.query_row(query, [asn.get()], |row| {
        let (reason, by, since) = (row.get(0)?, row.get(1)?, Timestamp(row.get(2)?));
        Ok(Ban { subject: subject.clone(), reason, by, since })
    });
    let ban = suspension.optional()?.unwrap_or_else(|| Ban {
        subject: subject.clone(),
        reason: "it was suspended".to_string(),
        by: "admin".to_string(),
        since: Timestamp(0),
    });
    if ban_reason(db, &subject)?.is_none() {
        put_ban(db, &ban)?;
    }
    Ok(Some(format!("reason it was suspended and is banned now: {}", ban.reason)))
}

fn status(db: &Connection, asn: Asn) -> rusqlite::Result<Option<Status>> {
    let query = "SELECT standing FROM peerling_peering WHERE as_num = ?";
    let word: Option<String> = db.query_row(query, [asn.get()], |row| row.get(0)).optional()?;
    Ok(word.as_deref().map(Status::from_word))
}

/// Writes a ban, in place of an older one.
fn put_ban(db: &Connection, ban: &Ban) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR REPLACE INTO peerling_ban (subject, reason, decided_by, since_s)
         VALUES (?, ?, ?, ?)",
        params![ban.subject.to_string(), ban.reason, ban.by, ban.since.0],
    )?;
    Ok(())
}

fn about(action: Action, subject: &Subject) -> Entry {
    Entry {
        action,
        asn: subject.asn(),
        maintainer: subject.maintainer().cloned(),
        endpoint: None,
        before: None,
        after: None,
    }
}

/// A ban in the audit record. In a record of an AS number, the number stands beside it.
fn describe_ban(subject: &Subject, reason: &str) -> String {
    match subject.maintainer() {
        Some(maintainer) => format!("maintainer {maintainer} reason {reason}"),
        None => format!("reason {reason}"),
    }
}

/// Why somebody is banned, if they are.
fn ban_reason(db: &Connection, subject: &Subject) -> rusqlite::Result<Option<String>> {
    let query = "SELECT reason FROM peerling_ban WHERE subject = ?";
    db.query_row(query, [subject.to_string()], |row| row.get(0)).optional()
}

fn read_ban(row: &Row<'_>) -> rusqlite::Result<Option<Ban>> {
    let (subject, reason, by): (String, _, _) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let since = Timestamp(row.get(3)?);
    Ok(subject.parse().ok().map(|subject| Ban { subject, reason, by, since }))
}

#[cfg(test)]
mod tests;
