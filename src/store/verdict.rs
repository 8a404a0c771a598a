//! What the operator decides about a peering: taken, not taken, switched off.

use super::{Actor, Outcome, Store, StoreError, audit, ban, count_up, describe, take_out};
use crate::model::{Asn, Timestamp};
use crate::peering::ban::Subject;
use crate::peering::{Generation, Peering, Status};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

impl Store {
    /// Why peerings are suspended, by AS number.
    pub fn suspensions(&self) -> Result<BTreeMap<Asn, String>, StoreError> {
        let rows: Vec<(u32, String)> = self.read(|it| {
            let query = "SELECT as_num, reason FROM peerling_suspension";
            it.prepare(query)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })?;
        let known = |(number, reason)| Some((Asn::new(number).ok()?, reason));
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// What a peering is meant to be, where something was ever noted about that.
    pub fn status(&self, asn: Asn) -> Result<Option<Status>, StoreError> {
        let word = self.read(|it| status(it, asn))?;
        Ok(word.as_deref().map(Status::from_word))
    }

    /// Takes a peering that waits.
    pub fn approve(&mut self, peering: &Peering, actor: &Actor) -> Result<Generation, StoreError> {
        self.change(|it| {
            let query = "UPDATE peerling_peering SET standing = ?
                         WHERE as_num = ? AND standing = ?";
            let (waits, active) = (Status::Pending.word(), Status::Active.word());
            if it.execute(query, params![active, peering.asn.get(), waits])? == 0 {
                return Err(Outcome::Absent);
            }
            audit(it, actor, "approve", peering.asn, [None, Some(&describe(peering))])?;
            Ok(count_up(it)?)
        })
    }

    /// Takes a peering that waits out again.
    pub fn reject(
        &mut self,
        peering: &Peering,
        reason: &str,
        actor: &Actor,
    ) -> Result<Generation, StoreError> {
        self.change(|it| {
            if status(it, peering.asn)?.as_deref() != Some(Status::Pending.word()) {
                return Err(Outcome::Absent);
            }
            let generation = take_out(it, peering.asn, actor.now)?;
            let texts = [describe(peering), format!("reason {reason}")];
            audit(it, actor, "reject", peering.asn, texts.each_ref().map(Some))?;
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
        self.change(|it| {
            let query = "SELECT 1 FROM peering_links WHERE as_num = ?";
            it.query_row(query, [asn], |_| Ok(())).optional()?.ok_or(Outcome::Absent)?;
            // The replaced service's rows have none of ours beside them.
            it.execute(
                "INSERT INTO peerling_peering (as_num, standing, created_s) VALUES (?1, ?2, ?3)
                 ON CONFLICT (as_num) DO UPDATE SET standing = ?2",
                params![asn, Status::Suspended.word(), actor.now.0],
            )?;
            it.execute(
                "INSERT OR REPLACE INTO peerling_suspension (as_num, reason, decided_by, since_s)
                 VALUES (?, ?, ?, ?)",
                params![asn, reason, actor.name, actor.now.0],
            )?;
            let texts = [describe(peering), format!("reason {reason}")];
            audit(it, actor, "suspend", peering.asn, texts.each_ref().map(Some))?;
            Ok(count_up(it)?)
        })
    }
}

/// Turns the suspension of a peering that is about to go, if there is one, into a ban of the AS
/// number, unless there is one already; gives back the words for the record.
pub(super) fn keep_suspension(it: &Connection, asn: Asn) -> rusqlite::Result<Option<String>> {
    if status(it, asn)?.as_deref() != Some(Status::Suspended.word()) {
        return Ok(None);
    }
    let query = "SELECT reason, decided_by, since_s FROM peerling_suspension WHERE as_num = ?";
    let (reason, by, since) = it
        .query_row(query, [asn.get()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?
        .unwrap_or_else(|| ("it was suspended".to_string(), "admin".to_string(), 0));
    let subject = Subject::Asn(asn);
    if ban::reason_of(it, &subject)?.is_none() {
        ban::put(it, &subject, &reason, (&by, Timestamp(since)))?;
    }
    Ok(Some(format!("reason it was suspended and is banned now: {reason}")))
}

fn status(it: &Connection, asn: Asn) -> rusqlite::Result<Option<String>> {
    let query = "SELECT standing FROM peerling_peering WHERE as_num = ?";
    it.query_row(query, [asn.get()], |row| row.get(0)).optional()
}

#[cfg(test)]
mod tests;
