//! When the links and BGP sessions of peerings came up and went down, the newest
//! [`TRANSITIONS_KEPT_MAX`] of each peering, and what is owed or left alone at this moment. Nobody
//! asked for these: they have neither generation nor audit record.

use super::{Outcome, Store, StoreError};
use crate::limits::TRANSITIONS_KEPT_MAX;
use crate::model::{Asn, Timestamp};
use crate::peering::history::{Subject, Transition};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

/// BIRD's files were touched, and BIRD was not yet told.
const CONFIGURE: &str = "configure";
/// A query for transitions, before its WHERE.
const COLUMNS: &str =
    "SELECT as_num, at_s, what, up, was, became, last_error FROM peerling_transition";

impl Store {
    /// What became of a peering, newest first; at most [`TRANSITIONS_KEPT_MAX`].
    pub fn transitions(&self, asn: Asn) -> Result<Vec<Transition>, StoreError> {
        let query = format!("{COLUMNS} WHERE as_num = ? ORDER BY id DESC");
        let them = self.read_transitions(&query, Some(asn))?;
        Ok(them.into_iter().map(|(_, it)| it).collect())
    }

    /// The last transition of each link and each BGP session.
    pub fn last_transitions(&self) -> Result<Vec<(Asn, Transition)>, StoreError> {
        let query = format!(
            "{COLUMNS} WHERE id IN (SELECT max(id) FROM peerling_transition GROUP BY as_num, what)"
        );
        self.read_transitions(&query, None)
    }

    /// Writes one transition down; see [`Store::note_transitions`].
    pub fn note_transition(&mut self, asn: Asn, it: Transition) -> Result<(), StoreError> {
        self.note_transitions(&[(asn, it)])
    }

    /// Writes transitions down, all in one transaction; the oldest of a peering make room. Of a
    /// peering that went away meanwhile, nothing is kept.
    pub fn note_transitions(&mut self, them: &[(Asn, Transition)]) -> Result<(), StoreError> {
        if them.is_empty() {
            return Ok(());
        }
        self.change(|it| them.iter().try_for_each(|(asn, new)| note(it, *asn, new)))
    }

    /// Did a pass touch BIRD's files, and end before BIRD was told? Then BIRD has to read them.
    pub fn owes_configure(&self) -> Result<bool, StoreError> {
        self.read(|it| {
            if !it.table_exists(None, "peerling_owed")? {
                return Ok(false);
            }
            let query = "SELECT EXISTS (SELECT 1 FROM peerling_owed WHERE what = ?)";
            it.query_row(query, [CONFIGURE], |row| row.get(0))
        })
    }

    /// Notes, durably, that BIRD has to read its files, or that it has.
    pub fn owe_configure(&mut self, owed: bool) -> Result<(), StoreError> {
        let query = match owed {
            true => "INSERT OR IGNORE INTO peerling_owed VALUES (?)",
            false => "DELETE FROM peerling_owed WHERE what = ?",
        };
        self.change(|it| Ok(it.execute(query, [CONFIGURE]).map(drop)?))
    }

    /// What the running service leaves alone since it drifts again and again, in words.
    pub fn left_alone(&self) -> Result<Vec<(Asn, String)>, StoreError> {
        let rows: Vec<(u32, String)> = self.read(|it| {
            if !it.table_exists(None, "peerling_left_alone")? {
                return Ok(Vec::new());
            }
            let query = "SELECT as_num, words FROM peerling_left_alone ORDER BY as_num";
            it.prepare(query)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })?;
        let known = |(number, words)| Some((Asn::new(number).ok()?, words));
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// Writes down what is left alone now, in place of what was.
    pub fn note_left_alone(&mut self, them: &BTreeMap<Asn, String>) -> Result<(), StoreError> {
        self.change(|it| {
            it.execute("DELETE FROM peerling_left_alone", [])?;
            let mut statement = it.prepare("INSERT INTO peerling_left_alone VALUES (?, ?)")?;
            for (asn, words) in them {
                statement.execute(params![asn.get(), words])?;
            }
            Ok(())
        })
    }

    fn read_transitions(
        &self,
        query: &str,
        asn: Option<Asn>,
    ) -> Result<Vec<(Asn, Transition)>, StoreError> {
        let rows: Vec<Option<(Asn, Transition)>> = self.read(|it| {
            if !it.table_exists(None, "peerling_transition")? {
                return Ok(Vec::new());
            }
            let mut statement = it.prepare(query)?;
            match asn {
                Some(asn) => statement.query_map([asn.get()], row)?.collect(),
                None => statement.query_map([], row)?.collect(),
            }
        })?;
        Ok(rows.into_iter().flatten().collect())
    }
}

fn note(it: &Connection, asn: Asn, new: &Transition) -> Result<(), Outcome> {
    it.execute(
        "INSERT INTO peerling_transition (as_num, at_s, what, up, was, became, last_error)
         SELECT as_num, ?2, ?3, ?4, ?5, ?6, ?7 FROM peering_links WHERE as_num = ?1",
        params![asn.get(), new.at.0, new.what.word(), new.up, new.from, new.to, new.last_error],
    )?;
    it.execute(
        "DELETE FROM peerling_transition WHERE as_num = ?1 AND id <=
             (SELECT id FROM peerling_transition WHERE as_num = ?1
              ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        params![asn.get(), TRANSITIONS_KEPT_MAX],
    )?;
    Ok(())
}

/// A new peering begins anew.
pub(super) fn forget(it: &Connection, asn: Asn) -> rusqlite::Result<()> {
    it.execute("DELETE FROM peerling_transition WHERE as_num = ?", [asn.get()])?;
    it.execute("DELETE FROM peerling_left_alone WHERE as_num = ?", [asn.get()]).map(drop)
}

/// What a newer version may have written, and this one does not know, is passed over.
fn row(row: &Row<'_>) -> rusqlite::Result<Option<(Asn, Transition)>> {
    let (number, what): (u32, String) = (row.get(0)?, row.get(2)?);
    let Some((asn, what)) = Asn::new(number).ok().zip(Subject::of(&what)) else {
        return Ok(None);
    };
    let transition = Transition {
        at: Timestamp(row.get(1)?),
        what,
        up: row.get(3)?,
        from: row.get(4)?,
        to: row.get(5)?,
        last_error: row.get(6)?,
    };
    Ok(Some((asn, transition)))
}
