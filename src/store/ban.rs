//! Who gets no peering here. A ban changes nothing on the machine: it does not count the generation
//! up.

use super::{Actor, Store, StoreError, audit_log};
use crate::model::Timestamp;
use crate::peering::ban::{Ban, Subject};
use rusqlite::{Connection, OptionalExtension, Row, params};

impl Store {
    /// Every ban, the oldest first.
    pub fn bans(&self) -> Result<Vec<Ban>, StoreError> {
        let bans: Vec<Option<Ban>> = self.read(|it| {
            let query = "SELECT subject, reason, decided_by, since_s FROM peerling_ban
                         ORDER BY since_s, subject";
            it.prepare(query)?.query_map([], ban)?.collect()
        })?;
        Ok(bans.into_iter().flatten().collect())
    }

    /// Bans somebody; who is banned already is so for this reason from now on. `false`: it is just
    /// so already, and nothing was written.
    pub fn ban(
        &mut self,
        subject: &Subject,
        reason: &str,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        self.change(|it| {
            let before = reason_of(it, subject)?;
            if before.as_deref() == Some(reason) {
                return Ok(false);
            }
            put(it, subject, reason, (&actor.name, actor.now))?;
            let texts = [before.map(|it| words(subject, &it)), Some(words(subject, reason))];
            audit_log::write(
                it,
                actor,
                "ban",
                subject.asn(),
                texts.each_ref().map(Option::as_ref),
            )?;
            Ok(true)
        })
    }

    /// Ends a ban. `false`: there was none.
    pub fn unban(&mut self, subject: &Subject, actor: &Actor) -> Result<bool, StoreError> {
        self.change(|it| {
            let Some(before) = reason_of(it, subject)? else {
                return Ok(false);
            };
            it.execute("DELETE FROM peerling_ban WHERE subject = ?", [subject.to_string()])?;
            let before = words(subject, &before);
            audit_log::write(it, actor, "unban", subject.asn(), [Some(&before), None])?;
            Ok(true)
        })
    }
}

/// Writes a ban, in place of an older one.
pub(super) fn put(
    it: &Connection,
    subject: &Subject,
    reason: &str,
    (by, since): (&str, Timestamp),
) -> rusqlite::Result<()> {
    it.execute(
        "INSERT OR REPLACE INTO peerling_ban (subject, reason, decided_by, since_s)
         VALUES (?, ?, ?, ?)",
        params![subject.to_string(), reason, by, since.0],
    )?;
    Ok(())
}

/// In a record of an AS number, the number stands beside it.
fn words(subject: &Subject, reason: &str) -> String {
    let whom = subject.maintainer().map_or(String::new(), |it| format!("maintainer {it} "));
    format!("{whom}reason {reason}")
}

/// Why somebody is banned, if they are.
pub(super) fn reason_of(it: &Connection, subject: &Subject) -> rusqlite::Result<Option<String>> {
    let query = "SELECT reason FROM peerling_ban WHERE subject = ?";
    it.query_row(query, [subject.to_string()], |row| row.get(0)).optional()
}

fn ban(row: &Row<'_>) -> rusqlite::Result<Option<Ban>> {
    let (subject, reason, by): (String, _, _) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let since = Timestamp(row.get(3)?);
    Ok(subject.parse().ok().map(|subject| Ban { subject, reason, by, since }))
}
