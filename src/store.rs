//! The database: one table shared with the replaced service, and our own beside it.
//!
//! `peering_links` stays exactly as it always was, so that the operator can go back. What only we
//! keep lies in tables named `peerling_*`, made by ordered migrations, each in one transaction
//! with its version. A change and its audit record are one transaction too; every change counts the
//! generation up, and the apply loop tells which generation the machine has reached.

mod audit_log;
mod ban;
mod change;
mod copy;
mod error;
mod habits;
mod history;
mod identity;
mod latency;
mod migrations;
mod open;
mod peered;
mod place;
mod restore;
mod shell_history;
pub mod sister;
mod soundness;
mod verdict;

pub use audit_log::Filter;
pub use error::StoreError;
pub use restore::Restored;

use crate::model::{Asn, Families, Mntner, Timestamp};
use crate::peering::{Generation, Peering, PeeringId, Row, Tombstone};
use error::fault;
use open::{connection, reader};
use place::OpenedFiles;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
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
    /// The maintainer, or `admin`.
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

impl Store {
    /// Every peering, by AS number.
    pub fn rows(&self) -> Result<Vec<Row>, StoreError> {
        self.read(|it| {
            let select = migrations::select(it, self.ours)?;
            let mut statement = it.prepare(&format!("{select} ORDER BY l.as_num"))?;
            let rows = statement.query_map([], row)?;
            rows.collect()
        })
    }

    /// The peerings of these AS numbers, in their order. Each is found by the index that SQLite
    /// keeps for `UNIQUE`: it costs the same however many others there are.
    pub fn rows_of(&self, asns: &[Asn]) -> Result<Vec<Row>, StoreError> {
        self.read(|it| {
            let select = migrations::select(it, self.ours)?;
            let mut statement = it.prepare(&format!("{select} WHERE l.as_num = ?"))?;
            let found = asns.iter().map(|asn| statement.query_row([asn.get()], row).optional());
            found.filter_map(Result::transpose).collect()
        })
    }

    /// How often anything was changed.
    pub fn generation(&self) -> Result<Generation, StoreError> {
        if !self.ours {
            return Ok(0);
        }
        self.read(|it| it.query_row("SELECT generation FROM peerling_state", [], |row| row.get(0)))
    }

    /// A number that changes when another connection changes the database (`PRAGMA data_version`).
    pub fn outside_changes(&self) -> Result<i64, StoreError> {
        self.read(|it| it.pragma_query_value(None, "data_version", |row| row.get(0)))
    }

    /// Numbers that are the same again if nobody has changed anything since, neither over this
    /// connection nor over another.
    pub fn state(&self) -> Result<(i64, u64), StoreError> {
        Ok((self.outside_changes()?, self.connection.total_changes()))
    }

    /// What waits to be taken down.
    pub fn tombstones(&self) -> Result<Vec<Tombstone>, StoreError> {
        if !self.ours {
            return Ok(Vec::new());
        }
        let tombstones: Vec<(u32, Generation)> = self.read(|it| {
            let query = "SELECT as_num, generation FROM peerling_removal ORDER BY as_num";
            it.prepare(query)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })?;
        let tombstone =
            |(number, generation)| Asn::new(number).ok().map(|asn| Tombstone { asn, generation });
        Ok(tombstones.into_iter().filter_map(tombstone).collect())
    }

    /// The loop tells which ids the machine has something of that no row explains: a link or a file
    /// that is left over has the port of its id.
    pub fn set_occupied(&mut self, ids: BTreeSet<u16>) {
        self.occupied = ids;
    }

    /// Saves a new peering under the lowest free id up to `id_max`, whatever id it came with.
    pub fn create(
        &mut self,
        peering: &Peering,
        id_max: u16,
        actor: &Actor,
    ) -> Result<(PeeringId, Generation), StoreError> {
        let occupied = self.occupied.clone();
        self.change(|it| {
            let id = free_id(it, id_max, &occupied)?.ok_or(Outcome::Full)?;
            let saved = Peering { id, ..peering.clone() };
            insert(it, &saved.to_row(), actor.now)?;
            it.execute("DELETE FROM peerling_removal WHERE as_num = ?", [saved.asn.get()])?;
            latency::forget(it, saved.asn)?;
            history::forget(it, saved.asn)?;
            audit(it, actor, "create", saved.asn, [None, Some(&describe(&saved))])?;
            Ok((id, count_up(it)?))
        })
    }

    /// Takes a peering out and leaves a tombstone for the apply loop.
    ///
    /// A suspension outlives it: if its member takes a suspended peering out, that becomes a ban of
    /// the AS number.
    pub fn remove(&mut self, peering: &Peering, actor: &Actor) -> Result<Generation, StoreError> {
        self.change(|it| {
            let kept = match actor.is_operator() {
                true => None,
                false => verdict::keep_suspension(it, peering.asn)?,
            };
            let generation = take_out(it, peering.asn, actor.now)?;
            let texts = [Some(&describe(peering)), kept.as_ref()];
            audit(it, actor, "remove", peering.asn, texts)?;
            Ok(generation)
        })
    }

    /// Forgets a tombstone: the machine has nothing of the peering any more. A newer one stays.
    pub fn forget(&mut self, tombstone: Tombstone) -> Result<(), StoreError> {
        self.change(|it| {
            let query = "DELETE FROM peerling_removal WHERE as_num = ? AND generation <= ?";
            it.execute(query, params![tombstone.asn.get(), tombstone.generation])?;
            Ok(())
        })
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
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Outcome>,
    ) -> Result<T, StoreError> {
        self.trusted()?;
        transact(&mut self.connection, work).map_err(|outcome| match outcome {
            Outcome::Exists => StoreError::Exists,
            Outcome::Full => StoreError::Full,
            Outcome::Absent => StoreError::Absent,
            Outcome::Stale => StoreError::Stale,
            Outcome::Sqlite(error) => self.fault(error),
        })
    }
}

fn transact<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Outcome>,
) -> Result<T, Outcome> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

/// How a transaction ends early.
enum Outcome {
    Exists,
    Full,
    Absent,
    Stale,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Outcome {
    fn from(error: rusqlite::Error) -> Outcome {
        Outcome::Sqlite(error)
    }
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get(0)?,
        as_num: row.get(1)?,
        wg_pub_key: row.get(2)?,
        wg_endpoint_addr: row.get(3)?,
        wg_endpoint_port: row.get(4)?,
        user_link_local: row.get(5)?,
        status: row.get(6)?,
        mtu: row.get(7)?,
        preshared_key: row.get(8)?,
        maintainer: row.get(9)?,
        families: row.get(10)?,
        adopted: None,
    })
}

/// The lowest id that no peering has, nor anything that is left on the machine.
fn free_id(
    it: &Connection,
    id_max: u16,
    occupied: &BTreeSet<u16>,
) -> rusqlite::Result<Option<PeeringId>> {
    let mut statement = it.prepare("SELECT id FROM peering_links ORDER BY id")?;
    let rows = statement.query_map([], |row| row.get::<_, u16>(0))?;
    let taken = rows.collect::<rusqlite::Result<BTreeSet<u16>>>()?;
    let is_free = |id: &u16| !taken.contains(id) && !occupied.contains(id);
    Ok((1..=id_max).find(is_free).and_then(PeeringId::new))
}

fn insert(it: &Connection, row: &Row, now: Timestamp) -> Result<(), Outcome> {
    let query = "SELECT 1 FROM peering_links WHERE as_num = ?";
    if it.query_row(query, [row.as_num], |_| Ok(())).optional()?.is_some() {
        return Err(Outcome::Exists);
    }
    it.execute(
        "INSERT INTO peering_links VALUES (?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            row.as_num,
            row.wg_pub_key,
            row.wg_endpoint_addr,
            row.wg_endpoint_port,
            row.user_link_local
        ],
    )?;
    it.execute(
        "INSERT OR REPLACE INTO peerling_peering
             (as_num, standing, mtu, preshared_key, maintainer, families, created_s)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            row.as_num,
            row.status,
            row.mtu,
            row.preshared_key,
            row.maintainer,
            row.families,
            now.0
        ],
    )?;
    Ok(())
}

fn take_out(it: &Connection, asn: Asn, now: Timestamp) -> Result<Generation, Outcome> {
    let gone = it.execute("DELETE FROM peering_links WHERE as_num = ?", [asn.get()])?;
    if gone == 0 {
        return Err(Outcome::Absent);
    }
    for table in ["peerling_peering", "peerling_suspension"] {
        it.execute(&format!("DELETE FROM {table} WHERE as_num = ?"), [asn.get()])?;
    }
    latency::forget(it, asn)?;
    history::forget(it, asn)?;
    let generation = count_up(it)?;
    it.execute(
        "INSERT OR REPLACE INTO peerling_removal (as_num, generation, removed_s) VALUES (?, ?, ?)",
        params![asn.get(), generation, now.0],
    )?;
    Ok(generation)
}

fn count_up(it: &Connection) -> rusqlite::Result<Generation> {
    let query = "UPDATE peerling_state SET generation = generation + 1 RETURNING generation";
    it.query_row(query, [], |row| row.get(0))
}

/// A peering in the audit record: what a member may see of it, and never a preshared key.
fn describe(peering: &Peering) -> String {
    let endpoint = peering.endpoint.as_ref().map_or("none".to_string(), ToString::to_string);
    let address = peering.link_local.map_or("automatic".to_string(), |it| it.to_string());
    let mtu = peering.mtu.map_or(String::new(), |mtu| format!(" mtu {mtu}"));
    let psk = peering.preshared_key.as_ref().map_or("", |_| " psk set");
    let families = match peering.families {
        Families::Both => String::new(),
        one => format!(" families {}", one.word()),
    };
    let owner = peering.maintainer.as_ref().map_or(String::new(), |it| format!(" maintainer {it}"));
    let (id, key) = (peering.id, &peering.key);
    format!("id {id} key {key} endpoint {endpoint} link-local {address}{mtu}{psk}{families}{owner}")
}

fn audit(
    it: &Connection,
    actor: &Actor,
    action: &str,
    asn: Asn,
    texts: [Option<&String>; 2],
) -> rusqlite::Result<()> {
    audit_log::write(it, actor, action, Some(asn), texts)
}

#[cfg(test)]
mod tests;
