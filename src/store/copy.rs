//! A copy of the database that may be published: what is needed to make the POP anew, and no more.
//!
//! Made from nothing each time, in one order, by one version of SQLite: the same content gives the
//! same bytes. Not in it are preshared keys, what people typed, from where and with which key they
//! came, and what is measured or noted of this machine alone.

use super::{Store, StoreError, fault, migrations};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

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
    ("peerling_pop", &["only", "as_num", "name", "wg_pub_key"]),
];

/// How often anything was changed is no content; what waits to be taken down must not be younger.
const GENERATION: &str = "UPDATE peerling_state SET generation =
    (SELECT coalesce(max(generation), 0) FROM peerling_removal)";

impl Store {
    /// The bytes of such a copy, a whole SQLite file.
    pub fn publishable(&self) -> Result<Vec<u8>, StoreError> {
        let failed = |error| fault(&self.path, error);
        let mut copy = Connection::open_in_memory().map_err(failed)?;
        copy.pragma_update(None, "page_size", 4096).map_err(failed)?;
        migrations::run(&mut copy, &self.path)?;
        self.read(|it| {
            // All tables of one moment.
            let moment = it.unchecked_transaction()?;
            let target = copy.transaction()?;
            KEPT.iter().try_for_each(|(table, columns)| carry(&moment, &target, table, columns))?;
            target.execute(GENERATION, [])?;
            target.commit()
        })?;
        copy.execute_batch("VACUUM").map_err(failed)?;
        let bytes = copy.serialize("main").map_err(failed)?;
        Ok(bytes.to_vec())
    }
}

fn carry(from: &Connection, to: &Connection, table: &str, all: &[&str]) -> rusqlite::Result<()> {
    let mut columns = Vec::new();
    for column in all {
        if from.column_exists(None, table, column)? {
            columns.push(*column);
        }
    }
    let (Some(order), names) = (columns.first(), columns.join(", ")) else { return Ok(()) };
    let marks = vec!["?"; columns.len()].join(", ");
    let mut rows = from.prepare(&format!("SELECT {names} FROM {table} ORDER BY {order}"))?;
    let mut insert = to.prepare(&format!("INSERT INTO {table} ({names}) VALUES ({marks})"))?;
    let mut found = rows.query([])?;
    while let Some(row) = found.next()? {
        let values: rusqlite::Result<Vec<Value>> =
            (0..columns.len()).map(|index| row.get(index)).collect();
        insert.execute(params_from_iter(values?))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
