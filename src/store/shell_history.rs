//! What was typed at prompts, for Up and Ctrl-R in a later session. Nobody asked for a change of
//! this: it has neither generation nor audit record, and the apply loop is not woken.
//!
//! Sessions only ever add to it, each its own lines in one transaction, so two at once lose
//! nothing.

use super::{Store, StoreError};
use crate::limits::{SHELL_HISTORY_LINES_MAX, SHELL_HISTORY_OWNERS_MAX};
use rusqlite::params;

impl Store {
    /// The lines of one owner, oldest first. A database that was only looked at may be older than
    /// the table.
    pub fn shell_history(&self, owner: &str) -> Result<Vec<String>, StoreError> {
        self.read(|it| {
            if !it.table_exists(None, "peerling_shell_history")? {
                return Ok(Vec::new());
            }
            let query = "SELECT line FROM peerling_shell_history WHERE owner = ? ORDER BY id";
            it.prepare(query)?.query_map([owner], |row| row.get(0))?.collect()
        })
    }

    /// Adds lines, in one transaction; the owner's oldest go, and the owners of whom nothing was
    /// heard for the longest time.
    pub fn keep_shell_history(&mut self, owner: &str, lines: &[String]) -> Result<(), StoreError> {
        self.change(|it| {
            let query = "SELECT EXISTS (SELECT 1 FROM peerling_shell_history WHERE owner = ?)";
            let is_known: bool = it.query_row(query, [owner], |row| row.get(0))?;
            let query = "INSERT INTO peerling_shell_history (owner, line) VALUES (?, ?)";
            let mut insert = it.prepare(query)?;
            for line in lines {
                insert.execute(params![owner, line])?;
            }
            it.execute(
                "DELETE FROM peerling_shell_history WHERE owner = ?1 AND id NOT IN (
                     SELECT id FROM peerling_shell_history WHERE owner = ?1
                     ORDER BY id DESC LIMIT ?2)",
                params![owner, SHELL_HISTORY_LINES_MAX],
            )?;
            // This reads the whole table, and only a new owner can be one too many.
            if !is_known {
                it.execute(
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
