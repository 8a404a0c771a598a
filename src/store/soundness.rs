//! Is the database what SQLite wrote? A broken page of an index makes rows vanish without an error,
//! and what vanished looks as if nobody wanted it any more. So the whole file is read before its
//! word is taken, and again every day; once damage was seen, nothing is answered from it or written
//! to it.

use super::place::{self, Occupant, OpenedFiles};
use super::{Store, StoreError, fault, open};
use crate::model::Timestamp;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// Sentences of SQLite's that are told of a damaged database; there can be one for each row.
const COMPLAINTS_MAX: usize = 3;
/// The tables that say what is wanted on the machine: their indices are compared with them, row by
/// row. `quick_check`, which looks at the others, sees only whether an index is well formed.
const COMPARED: [&str; 4] =
    ["peering_links", "peerling_peering", "peerling_removal", "peerling_adopted"];

impl Store {
    /// Reads the whole database. If it is damaged, this and every later question is refused.
    pub fn prove_sound(&self) -> Result<(), StoreError> {
        self.trusted()?;
        let complaints = self.complaints().map_err(|error| self.fault(error))?;
        if complaints.is_empty() {
            return Ok(());
        }
        let words = complaints.join("; ");
        let _ = self.damage.set(words.clone());
        Err(StoreError::Damaged(self.path.clone(), words))
    }

    /// What SQLite says of the file. A connection that is open for long has pages of it in memory,
    /// and would find those sound.
    fn complaints(&self) -> rusqlite::Result<Vec<String>> {
        match self.files {
            Some(_) => complaints(&open::reader(&self.path)?),
            None => complaints(&self.connection),
        }
    }

    /// Is it still the database that was opened, and no damage of it known?
    pub fn trusted(&self) -> Result<(), StoreError> {
        if let Some(words) = self.damage.get() {
            return Err(StoreError::Damaged(self.path.clone(), words.clone()));
        }
        match self.files.as_ref().map(OpenedFiles::occupant) {
            Some(Occupant::Another) => Err(StoreError::Replaced(self.path.clone())),
            Some(Occupant::Nobody) => Err(StoreError::Removed(self.path.clone())),
            Some(Occupant::Ours) | None => Ok(()),
        }
    }

    /// Is another file where ours was, beside our `-wal`?
    pub fn is_replaced(&self) -> bool {
        let beside = self.files.as_ref().map(OpenedFiles::beside_companions);
        beside == Some(Occupant::Another)
    }

    /// Gives our `-wal` and `-shm` another name if our file is not beside them any more: SQLite
    /// would write the changes in them into whatever is there. Returns the new names.
    pub fn set_companions_aside(&self, now: Timestamp) -> Result<Vec<PathBuf>, StoreError> {
        let Some(files) = &self.files else { return Ok(Vec::new()) };
        let moved = files.set_companions_aside(now);
        moved.map_err(|error| StoreError::File(self.path.clone(), error))
    }

    /// What SQLite said; damage that it met is remembered.
    pub(super) fn fault(&self, error: rusqlite::Error) -> StoreError {
        let error = fault(&self.path, error);
        if let StoreError::Damaged(_, words) = &error {
            let _ = self.damage.set(words.clone());
        }
        error
    }

    /// From now on it is noticed if somebody takes the files away.
    pub(super) fn watched(mut self) -> Store {
        self.files = OpenedFiles::of(&self.path);
        self
    }

    /// Can a change be written now? Nothing is changed by asking.
    pub fn try_write(&mut self) -> Result<(), StoreError> {
        self.trusted()?;
        try_write(&mut self.connection).map_err(|error| self.fault(error))
    }

    /// The same for a database that nobody has opened, as this user would write it. One that is not
    /// there yet could be made.
    pub fn can_write(path: &Path) -> Result<(), StoreError> {
        if let Some(words) = place::unwritable(path) {
            return Err(StoreError::Unwritable(path.to_path_buf(), words));
        }
        match place::judge(path)? {
            place::Found::Nothing => Ok(()),
            place::Found::Database => {
                let mut connection = open::connection(path)?;
                try_write(&mut connection).map_err(|error| fault(path, error))
            }
        }
    }

    /// Moves what stands in `-wal` into the database, so that this file alone is all of it. Does
    /// nothing while another program reads or writes.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.trusted()?;
        checkpoint(&self.connection).map_err(|error| self.fault(error))
    }

    /// The same, and lets go of the files: nothing can be asked any more. Without this, a program
    /// that ends leaves the newest changes in `-wal`.
    pub fn close(&mut self) -> Result<(), StoreError> {
        let empty = Connection::open_in_memory().map_err(|error| fault(&self.path, error))?;
        let ended = self.trusted().and_then(|()| self.settle());
        let connection = std::mem::replace(&mut self.connection, empty);
        self.files = None;
        let closed = connection.close().map_err(|(_, error)| fault(&self.path, error));
        ended.and(closed)
    }
}

fn complaints(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut complaints = Vec::new();
    ask(connection, &format!("PRAGMA quick_check({COMPLAINTS_MAX})"), &mut complaints)?;
    for table in COMPARED {
        if complaints.is_empty() && connection.table_exists(None, table)? {
            ask(connection, &format!("PRAGMA integrity_check({table})"), &mut complaints)?;
        }
    }
    complaints.truncate(COMPLAINTS_MAX);
    Ok(complaints)
}

/// A line of "ok" is what SQLite says of a sound database.
fn ask(connection: &Connection, pragma: &str, to: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(pragma)?;
    let mut lines = statement.query([])?;
    while let Some(line) = lines.next()? {
        let words: String = line.get(0)?;
        if words != "ok" {
            to.push(words.replace('\n', ", "));
        }
    }
    Ok(())
}

fn try_write(connection: &mut Connection) -> rusqlite::Result<()> {
    let behavior = rusqlite::TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(behavior)?;
    if transaction.table_exists(None, "peerling_state")? {
        transaction.execute("UPDATE peerling_state SET generation = generation", [])?;
    }
    transaction.rollback()
}

fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    // Whoever reads now is not waited for: there is another time.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    open::be_patient(connection)?;
    done
}

#[cfg(test)]
mod tests;
