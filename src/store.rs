//! The database: one table shared with the replaced service, and our own beside it.
//!
//! `peering_links` stays exactly as it always was, so that the operator can go back. What only we
//! keep lies in tables named `peerling_*`, made by ordered migrations, each in one transaction
//! with its version. A change and its audit record are one transaction too; every change counts the
//! generation up, and the apply loop tells which generation the machine has reached.

mod adopted;
mod audit_log;
mod copies;
mod decisions;
mod error;
mod migrations;
mod notes;
mod open;
mod peerings;
mod place;
mod restore;
mod soundness;

pub use audit_log::Filter;
pub use copies::{CopyError, peered_in_copy};
pub use error::StoreError;
pub use notes::NameForms;
pub use restore::Restored;

use crate::model::{Asn, Mntner, Timestamp};
use crate::peering::Generation;
use error::fault;
use place::OpenedFiles;
use rusqlite::{Connection, Params, Row, Transaction, TransactionBehavior};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// An open database.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// Are our tables there? Not in a database of the replaced service that was only looked at.
    ours: bool,
    /// The files that it was opened from; `None`: it is in memory, or nobody keeps it for long.
    files: Option<OpenedFiles>,
    /// What was seen of damage.
    damage: OnceCell<String>,
    /// Ids that no row has and the machine still has something of: they are not given out.
    occupied: BTreeSet<u16>,
}

/// Who changes something, from where, when: the head of an audit record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The maintainer, or `admin`, or `admin for` a maintainer.
    pub name: String,
    /// The fingerprint of the SSH key, or `local` for the operator's own command line.
    pub key: String,
    /// The address that the SSH session came from.
    pub source: String,
    /// When.
    pub now: Timestamp,
}

impl Actor {
    /// Is it an administrator? Whoever is not named by a maintainer's name is.
    fn is_operator(&self) -> bool {
        self.name.parse::<Mntner>().is_err()
    }
}

/// Why a transaction is taken back.
enum Abort {
    /// For this reason of ours.
    Because(StoreError),
    /// For what SQLite said.
    Sqlite(rusqlite::Error),
}

impl From<StoreError> for Abort {
    fn from(error: StoreError) -> Abort {
        Abort::Because(error)
    }
}

impl From<rusqlite::Error> for Abort {
    fn from(error: rusqlite::Error) -> Abort {
        Abort::Sqlite(error)
    }
}

impl Store {
    /// How often anything was changed.
    pub fn generation(&self) -> Result<Generation, StoreError> {
        if !self.ours {
            return Ok(0);
        }
        self.read(|db| db.query_row("SELECT generation FROM peerling_state", [], |row| row.get(0)))
    }

    /// A number that changes when another connection changes the database (`PRAGMA data_version`).
    pub fn outside_changes(&self) -> Result<i64, StoreError> {
        self.read(|db| db.pragma_query_value(None, "data_version", |row| row.get(0)))
    }

    /// Numbers that are the same again if nobody has changed anything since, neither over this
    /// connection nor over another.
    pub fn state(&self) -> Result<(i64, u64), StoreError> {
        Ok((self.outside_changes()?, self.connection.total_changes()))
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.trusted()?;
        work(&self.connection).map_err(|error| self.fault(error))
    }

    /// One immediate transaction: everything in `work` happens, or nothing.
    fn change<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Abort>,
    ) -> Result<T, StoreError> {
        self.trusted()?;
        transact(&mut self.connection, work).map_err(|abort| match abort {
            Abort::Because(error) => error,
            Abort::Sqlite(error) => self.fault(error),
        })
    }
}

fn transact<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Abort>,
) -> Result<T, Abort> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

fn count_up(db: &Connection) -> rusqlite::Result<Generation> {
    let query = "UPDATE peerling_state SET generation = generation + 1 RETURNING generation";
    db.query_row(query, [], |row| row.get(0))
}

/// What `read` makes of each row; the first column is an AS number, and what is none is left out.
/// A database that was only looked at may be older than the table, and has no rows then.
fn by_asn<T>(
    db: &Connection,
    table: &str,
    query: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<(Asn, T)>> {
    let mut found = Vec::new();
    if !db.table_exists(None, table)? {
        return Ok(found);
    }
    let mut statement = db.prepare(query)?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        if let Ok(asn) = Asn::new(row.get(0)?) {
            found.push((asn, read(row)?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
