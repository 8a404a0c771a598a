//! Copies of databases: the one of ours that may be published, with what is needed to make the POP
//! anew and no more, and the one of another POP, as it came by git.
//!
//! Ours is made from nothing each time, in one order, by one version of SQLite: the same content
//! gives the same bytes. Not in it are preshared keys, what people typed, from where and with which
//! key they came, and what is measured or noted of this machine alone.
//!
//! Another POP's is somebody else's file, and not trusted. SQLite reads it from memory, so that
//! nothing lies beside it that belongs to it; only a plain table of exactly our making is asked, by
//! its index; and whoever would keep SQLite busy with a broken file is stopped after a number of
//! steps.

use super::{Store, StoreError, fault, migrations};
use crate::limits::{SISTER_STEPS_MAX, SISTER_VALUE_BYTES_MAX};
use crate::model::Asn;
use rusqlite::limits::Limit;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use std::cell::Cell;
use std::fmt;
use std::path::Path;

/// The tables that are copied, with the columns of each; the first one gives the order. A column
/// that an older database does not have is left empty.
const KEPT: &[(&str, &[&str])] = &[
    (
        "peering_links",
        &["id", "as_num", "wg_pub_key", "wg_endpoint_addr", "wg_endpoint_port", "user_link_local"],
    ),
    ("peerling_peering", &["as_num", "standing", "mtu", "maintainer", "families", "created_s"]),
    ("peerling_removal", &["as_num", "generation", "removed_s"]),
    ("peerling_suspension", &["as_num", "reason", "decided_by", "since_s"]),
    ("peerling_ban", &["subject", "reason", "decided_by", "since_s"]),
    (
        "peerling_adopted",
        &[
            "as_num",
            "link",
            "listen_port",
            "local_address",
            "own_key",
            "allowed_ips",
            "keepalive_s",
            "protocol",
            "bird_file",
        ],
    ),
    ("peerling_pop", &["only", "as_num", "name", "wg_pub_key"]),
];

/// How often anything was changed is no content; what waits to be taken down must not be younger.
const GENERATION: &str = "UPDATE peerling_state SET generation =
    (SELECT coalesce(max(generation), 0) FROM peerling_removal)";
/// Steps of SQLite's machine from one look at the bound to the next.
const STEPS: i32 = 1_000;

/// Why another POP's copy cannot be used.
#[derive(Debug)]
pub enum CopyError {
    /// It is no SQLite database, or a broken one, or it would take too long.
    Sqlite(rusqlite::Error),
    /// It has no table of peerings as we make it.
    Foreign,
    /// We have no memory for a database of our own to compare with.
    Ours(StoreError),
}

impl Store {
    /// The bytes of a copy that may be published, a whole SQLite file.
    pub fn publishable(&self) -> Result<Vec<u8>, StoreError> {
        let failed = |error| fault(&self.path, error);
        let mut copy = Connection::open_in_memory().map_err(failed)?;
        copy.pragma_update(None, "page_size", 4096).map_err(failed)?;
        migrations::run(&mut copy, &self.path)?;
        self.read(|db| {
            // All tables of one moment.
            let moment = db.unchecked_transaction()?;
            let target = copy.transaction()?;
            for (table, columns) in KEPT {
                carry(&moment, &target, table, columns)?;
            }
            target.execute(GENERATION, [])?;
            target.commit()?;
            copy.execute_batch("VACUUM")?;
            Ok(copy.serialize("main")?.to_vec())
        })
    }
}

fn carry(from: &Connection, to: &Connection, table: &str, all: &[&str]) -> rusqlite::Result<()> {
    let mut columns = Vec::new();
    for column in all {
        if from.column_exists(None, table, column)? {
            columns.push(*column);
        }
    }
    // An older database may not have the table at all.
    if columns.is_empty() {
        return Ok(());
    }
    let names = columns.join(", ");
    let marks = vec!["?"; columns.len()].join(", ");
    let mut rows = from.prepare(&format!("SELECT {names} FROM {table} ORDER BY 1"))?;
    let mut insert = to.prepare(&format!("INSERT INTO {table} ({names}) VALUES ({marks})"))?;
    let mut found = rows.query([])?;
    while let Some(row) = found.next()? {
        let mut values: Vec<Value> = Vec::new();
        for index in 0..columns.len() {
            values.push(row.get(index)?);
        }
        insert.execute(params_from_iter(values))?;
    }
    Ok(())
}

/// Which of these AS numbers have a peering in another POP's copy.
pub fn peered_in_copy(copy: &[u8], asns: &[Asn]) -> Result<Vec<Asn>, CopyError> {
    let ours = Store::open(Path::new(":memory:")).map_err(CopyError::Ours)?;
    let expected = making(&ours.connection)?;
    let theirs = open(copy)?;
    if expected.is_none() || making(&theirs)? != expected {
        return Err(CopyError::Foreign);
    }
    let mut statement = theirs.prepare("SELECT 1 FROM peering_links WHERE as_num = ?")?;
    let mut found = Vec::new();
    for asn in asns {
        if statement.exists([asn.get()])? {
            found.push(*asn);
        }
    }
    Ok(found)
}

fn open(copy: &[u8]) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, SISTER_VALUE_BYTES_MAX)?;
    let left = Cell::new(SISTER_STEPS_MAX / STEPS);
    connection.progress_handler(
        STEPS,
        Some(move || {
            left.set(left.get().saturating_sub(1));
            left.get() == 0
        }),
    )?;
    connection.deserialize_read_exact("main", copy, copy.len(), true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// How the table of peerings was made, in the database's own words.
fn making(db: &Connection) -> rusqlite::Result<Option<String>> {
    let query = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'peering_links'";
    db.query_row(query, [], |row| row.get(0)).optional()
}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> CopyError {
        CopyError::Sqlite(error)
    }
}

impl fmt::Display for CopyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CopyError::Sqlite(error) => error.fmt(out),
            CopyError::Foreign => out.write_str("not a copy of a POP's database"),
            CopyError::Ours(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for CopyError {}

#[cfg(test)]
mod tests;
