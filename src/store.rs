//! The database: one table shared with the replaced service, and our own beside it.
//!
//! `peering_links` stays exactly as it always was, so that the operator can go back. What only we
//! keep lies in tables named `peerling_*`, made by ordered migrations, each in one transaction
//! with its version. A change and its audit record are one transaction too; every change counts the
//! generation up, and the apply loop tells which generation the machine has reached.

mod ban;
mod change;
mod copy;
mod error;
mod habits;
mod history;
mod identity;
mod latency;
mod migrations;
mod peered;
mod shell_history;
pub mod sister;
mod trail;
mod verdict;

pub use error::StoreError;
pub use trail::Filter;

use crate::limits::{STORE_BUSY_MS, STORE_CACHE_KB};
use crate::model::{Asn, Families, Mntner, Timestamp};
use crate::peering::{Peering, PeeringId, Row, Site};
use error::fault;
use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Counts the changes: what is saved has a generation, and what is applied has reached one.
pub type Generation = i64;

/// An open database.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// Are our tables there? Not in a database of the replaced service that was only looked at.
    ours: bool,
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

/// A peering that somebody asked to take down, until the apply loop has done so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// Whose it was.
    pub asn: Asn,
    /// The generation that ended it.
    pub generation: Generation,
}

impl Actor {
    /// Is it an administrator? Whoever is not named by a maintainer's name is.
    fn is_operator(&self) -> bool {
        self.name.parse::<Mntner>().is_err()
    }
}

impl Store {
    /// Opens the database, makes it where there is none, and brings it to this version.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        Store::connect(path)?.brought_up()
    }

    /// The same for this POP. Another one's is not touched, not even brought to this version.
    pub fn open_as(site: &Site, path: &Path) -> Result<Store, StoreError> {
        let store = Store::connect(path)?;
        store.belongs(site)?;
        let mut store = store.brought_up()?;
        store.claim(site).map(|()| store)
    }

    /// Nothing is written by this; a database that a newer program made is refused.
    fn connect(path: &Path) -> Result<Store, StoreError> {
        let connection = Connection::open(path).map_err(|error| fault(path, error))?;
        // The thread waits while somebody else writes: long enough for the other's transaction,
        // short enough that no member notices.
        let patience = Duration::from_millis(STORE_BUSY_MS);
        connection.busy_timeout(patience).map_err(|error| fault(path, error))?;
        migrations::known(&connection, path)?;
        Ok(Store { connection, path: path.to_path_buf(), ours: true, occupied: BTreeSet::new() })
    }

    fn brought_up(mut self) -> Result<Store, StoreError> {
        self.prepare().map_err(|error| fault(&self.path, error))?;
        migrations::run(&mut self.connection, &self.path)?;
        Ok(self)
    }

    /// Opens an existing database for reading only; nothing about it is changed, not even its
    /// version.
    pub fn open_read_only(path: &Path) -> Result<Store, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|error| fault(path, error))?;
        let timeout = Duration::from_millis(STORE_BUSY_MS);
        let ours = connection
            .busy_timeout(timeout)
            .and_then(|()| connection.table_exists(None, "peerling_state"))
            .map_err(|error| fault(path, error))?;
        migrations::known(&connection, path)?;
        Ok(Store { connection, path: path.to_path_buf(), ours, occupied: BTreeSet::new() })
    }

    /// The database as it is, for looking only; where there is none, or an empty file that one is
    /// to be made in, an empty one that nobody keeps.
    pub fn look(path: &Path) -> Result<Store, StoreError> {
        match Store::is_new(path) {
            true => Store::open(Path::new(":memory:")),
            false => Store::open_read_only(path),
        }
    }

    /// Would [`Store::open`] make a new one here? An empty file holds nothing, not even a version.
    pub fn is_new(path: &Path) -> bool {
        path.metadata().map_or_else(|error| error.kind() == ErrorKind::NotFound, |it| it.len() == 0)
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "cache_size", -STORE_CACHE_KB)?;
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.connection.pragma_update(None, "foreign_keys", true)
    }

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
        let stones: Vec<(u32, Generation)> = self.read(|it| {
            let query = "SELECT as_num, generation FROM peerling_removal ORDER BY as_num";
            it.prepare(query)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })?;
        let stone =
            |(number, generation)| Asn::new(number).ok().map(|asn| Tombstone { asn, generation });
        Ok(stones.into_iter().filter_map(stone).collect())
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
    pub fn forget(&mut self, stone: Tombstone) -> Result<(), StoreError> {
        self.change(|it| {
            let query = "DELETE FROM peerling_removal WHERE as_num = ? AND generation <= ?";
            it.execute(query, params![stone.asn.get(), stone.generation])?;
            Ok(())
        })
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.connection).map_err(|error| fault(&self.path, error))
    }

    /// One immediate transaction: everything in `work` happens, or nothing.
    fn change<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Outcome>,
    ) -> Result<T, StoreError> {
        let path = self.path.clone();
        let run = || {
            let transaction =
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        run().map_err(|outcome| match outcome {
            Outcome::Exists => StoreError::Exists,
            Outcome::Full => StoreError::Full,
            Outcome::Absent => StoreError::Absent,
            Outcome::Stale => StoreError::Stale,
            Outcome::Sqlite(error) => fault(&path, error),
        })
    }
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
        standing: row.get(6)?,
        mtu: row.get(7)?,
        preshared_key: row.get(8)?,
        maintainer: row.get(9)?,
        families: row.get(10)?,
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
            row.standing,
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
    trail::write(it, actor, action, Some(asn), texts)
}

#[cfg(test)]
mod tests;
