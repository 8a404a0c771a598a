//! What is written down without anybody's command: how far away endpoints are, when links and BGP
//! sessions came up and went down, what was typed at prompts, and what is owed or left alone at
//! this moment. It has neither generation nor audit record, and the apply loop is not woken.

use super::{Abort, Store, StoreError, by_asn};
use crate::limits::{SHELL_HISTORY_LINES_MAX, SHELL_HISTORY_OWNERS_MAX, TRANSITIONS_KEPT_MAX};
use crate::model::{Asn, MeasuredRtt, Timestamp};
use crate::peering::history::{Subject, Transition};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use std::collections::BTreeMap;

/// BIRD's files were touched, and BIRD has not read them since.
const CONFIGURE: &str = "configure";
/// A query for transitions, before its WHERE.
const TRANSITIONS: &str =
    "SELECT as_num, at_s, what, up, was, became, last_error FROM peerling_transition";

/// The forms of names, as the configuration has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameForms {
    /// Of tunnels.
    pub interface: String,
    /// Of BIRD's protocols.
    pub protocol: String,
    /// Of BIRD's files.
    pub bird_file: String,
}

impl Store {
    /// Every round-trip time that was measured.
    pub fn latencies(&self) -> Result<BTreeMap<Asn, MeasuredRtt>, StoreError> {
        let query = "SELECT as_num, class, smoothed_us, class_since_s, answered_s
                     FROM peerling_latency";
        let found = self.read(|db| by_asn(db, "peerling_latency", query, [], rtt))?;
        Ok(found.into_iter().collect())
    }

    /// Keeps round-trip times, in one transaction. Of a peering that went away meanwhile, nothing
    /// is kept.
    pub fn put_latencies(
        &mut self,
        measured: &BTreeMap<Asn, MeasuredRtt>,
    ) -> Result<(), StoreError> {
        self.change(|db| {
            let mut statement = db.prepare(
                "INSERT OR REPLACE INTO peerling_latency
                     (as_num, class, smoothed_us, class_since_s, answered_s)
                 SELECT as_num, ?2, ?3, ?4, ?5 FROM peering_links WHERE as_num = ?1",
            )?;
            for (asn, rtt) in measured {
                let smoothed_us = i64::try_from(rtt.smoothed_us).unwrap_or(i64::MAX);
                let (since_s, answered_s) = (rtt.class_since.0, rtt.last_answer.0);
                statement.execute(params![
                    asn.get(),
                    rtt.class,
                    smoothed_us,
                    since_s,
                    answered_s
                ])?;
            }
            Ok(())
        })
    }

    /// What became of a peering, newest first; at most [`TRANSITIONS_KEPT_MAX`].
    pub fn transitions(&self, asn: Asn) -> Result<Vec<Transition>, StoreError> {
        let query = format!("{TRANSITIONS} WHERE as_num = ? ORDER BY id DESC");
        let found = self.read_transitions(&query, [asn.get()])?;
        Ok(found.into_iter().map(|(_, transition)| transition).collect())
    }

    /// The last transition of each link and each BGP session.
    pub fn last_transitions(&self) -> Result<Vec<(Asn, Transition)>, StoreError> {
        let last = "SELECT max(id) FROM peerling_transition GROUP BY as_num, what";
        self.read_transitions(&format!("{TRANSITIONS} WHERE id IN ({last})"), [])
    }

    /// What a newer version may have written, and this one does not know, is passed over.
    fn read_transitions(
        &self,
        query: &str,
        params: impl Params,
    ) -> Result<Vec<(Asn, Transition)>, StoreError> {
        let found = self.read(|db| by_asn(db, "peerling_transition", query, params, transition))?;
        let known = found.into_iter().filter_map(|(asn, found)| Some((asn, found?)));
        Ok(known.collect())
    }

    /// Writes transitions down, all in one transaction; the oldest of a peering make room. Of a
    /// peering that went away meanwhile, nothing is kept.
    pub fn note_transitions(&mut self, new: &[(Asn, Transition)]) -> Result<(), StoreError> {
        if new.is_empty() {
            return Ok(());
        }
        self.change(|db| {
            for (asn, transition) in new {
                note_transition(db, *asn, transition)?;
            }
            Ok(())
        })
    }

    /// By which forms things are named since the last start: interface, protocol, file.
    pub fn name_forms(&self) -> Result<Option<NameForms>, StoreError> {
        self.read(|db| {
            if !db.table_exists(None, "peerling_naming")? {
                return Ok(None);
            }
            let query = "SELECT interface, protocol, bird_file FROM peerling_naming";
            let row = |row: &Row<'_>| {
                Ok(NameForms {
                    interface: row.get(0)?,
                    protocol: row.get(1)?,
                    bird_file: row.get(2)?,
                })
            };
            db.query_row(query, [], row).optional()
        })
    }

    /// Keeps them.
    pub fn note_name_forms(&mut self, forms: &NameForms) -> Result<(), StoreError> {
        let NameForms { interface, protocol, bird_file } = forms;
        self.change(|db| {
            let query = "INSERT OR REPLACE INTO peerling_naming VALUES (1, ?, ?, ?)";
            db.execute(query, [interface, protocol, bird_file])?;
            Ok(())
        })
    }

    /// Did a pass touch BIRD's files, and end before BIRD was told? Then BIRD has to read them.
    pub fn owes_configure(&self) -> Result<bool, StoreError> {
        self.read(|db| {
            Ok(db.table_exists(None, "peerling_owed")?
                && db.prepare("SELECT 1 FROM peerling_owed WHERE what = ?")?.exists([CONFIGURE])?)
        })
    }

    /// Notes, durably, that BIRD has to read its files.
    pub fn owe_configure(&mut self) -> Result<(), StoreError> {
        self.change(|db| {
            db.execute("INSERT OR IGNORE INTO peerling_owed VALUES (?)", [CONFIGURE])?;
            Ok(())
        })
    }

    /// Notes that BIRD has read its files.
    pub fn settle_configure(&mut self) -> Result<(), StoreError> {
        self.change(|db| {
            db.execute("DELETE FROM peerling_owed WHERE what = ?", [CONFIGURE])?;
            Ok(())
        })
    }

    /// What the running service leaves alone since it drifts again and again, in words.
    pub fn left_alone(&self) -> Result<Vec<(Asn, String)>, StoreError> {
        let query = "SELECT as_num, words FROM peerling_left_alone ORDER BY as_num";
        self.read(|db| by_asn(db, "peerling_left_alone", query, [], |row| row.get(1)))
    }

    /// Notes what is left alone now, in place of what was.
    pub fn note_left_alone(&mut self, words: &BTreeMap<Asn, String>) -> Result<(), StoreError> {
        self.change(|db| {
            db.execute("DELETE FROM peerling_left_alone", [])?;
            let mut statement = db.prepare("INSERT INTO peerling_left_alone VALUES (?, ?)")?;
            for (asn, words) in words {
                statement.execute(params![asn.get(), words])?;
            }
            Ok(())
        })
    }

    /// The lines that one owner typed, oldest first.
    pub fn shell_history(&self, owner: &str) -> Result<Vec<String>, StoreError> {
        self.read(|db| {
            // A database that was only looked at may be older than the table.
            if !db.table_exists(None, "peerling_shell_history")? {
                return Ok(Vec::new());
            }
            let query = "SELECT line FROM peerling_shell_history WHERE owner = ? ORDER BY id";
            db.prepare(query)?.query_map([owner], |row| row.get(0))?.collect()
        })
    }

    /// Adds lines, in one transaction, so that two sessions at once lose nothing; the owner's
    /// oldest go, and the owners of whom nothing was heard for the longest time.
    pub fn keep_shell_history(&mut self, owner: &str, lines: &[String]) -> Result<(), StoreError> {
        self.change(|db| {
            let is_known = db
                .prepare("SELECT 1 FROM peerling_shell_history WHERE owner = ?")?
                .exists([owner])?;
            let query = "INSERT INTO peerling_shell_history (owner, line) VALUES (?, ?)";
            let mut insert = db.prepare(query)?;
            for line in lines {
                insert.execute(params![owner, line])?;
            }
            db.execute(
                "DELETE FROM peerling_shell_history WHERE owner = ?1 AND id NOT IN (
                     SELECT id FROM peerling_shell_history WHERE owner = ?1
                     ORDER BY id DESC LIMIT ?2)",
                params![owner, SHELL_HISTORY_LINES_MAX],
            )?;
            // This reads the whole table, and only a new owner can be one too many.
            if !is_known {
                db.execute(
                    "DELETE FROM peerling_shell_history WHERE owner NOT IN (
                         SELECT owner FROM peerling_shell_history GROUP BY owner
                         ORDER BY max(id) DESC LIMIT ?)",
                    [SHELL_HISTORY_OWNERS_MAX],
                )?;
            }
            Ok(())
        })
    }
}

fn rtt(row: &Row<'_>) -> rusqlite::Result<MeasuredRtt> {
    let smoothed_us: i64 = row.get(2)?;
    Ok(MeasuredRtt {
        class: row.get(1)?,
        smoothed_us: smoothed_us.max(0).unsigned_abs(),
        class_since: Timestamp(row.get(3)?),
        last_answer: Timestamp(row.get(4)?),
    })
}

fn transition(row: &Row<'_>) -> rusqlite::Result<Option<Transition>> {
    let what: String = row.get(2)?;
    let Some(what) = Subject::of(&what) else { return Ok(None) };
    Ok(Some(Transition {
        at: Timestamp(row.get(1)?),
        what,
        up: row.get(3)?,
        from: row.get(4)?,
        to: row.get(5)?,
        last_error: row.get(6)?,
    }))
}

fn note_transition(db: &Connection, asn: Asn, new: &Transition) -> Result<(), Abort> {
    db.execute(
        "INSERT INTO peerling_transition (as_num, at_s, what, up, was, became, last_error)
         SELECT as_num, ?2, ?3, ?4, ?5, ?6, ?7 FROM peering_links WHERE as_num = ?1",
        params![asn.get(), new.at.0, new.what.word(), new.up, new.from, new.to, new.last_error],
    )?;
    db.execute(
        "DELETE FROM peerling_transition WHERE as_num = ?1 AND id <=
             (SELECT id FROM peerling_transition WHERE as_num = ?1
              ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        params![asn.get(), TRANSITIONS_KEPT_MAX],
    )?;
    Ok(())
}

/// A new peering, or another host, may be somewhere else.
pub(super) fn forget_latency(db: &Connection, asn: Asn) -> rusqlite::Result<()> {
    db.execute("DELETE FROM peerling_latency WHERE as_num = ?", [asn.get()]).map(drop)
}

/// A new peering begins anew.
pub(super) fn forget_history(db: &Connection, asn: Asn) -> rusqlite::Result<()> {
    db.execute("DELETE FROM peerling_transition WHERE as_num = ?", [asn.get()])?;
    db.execute("DELETE FROM peerling_left_alone WHERE as_num = ?", [asn.get()]).map(drop)
}
