//! How a database is opened: judged before SQLite touches it, proven sound, brought to this
//! version, and this POP's.

use super::place::{self, Found};
use super::{Store, StoreError, fault, migrations};
use crate::limits::{STORE_BUSY_TIMEOUT, STORE_CACHE_KB};
use crate::model::WgKey;
use crate::peering::Site;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What SQLite calls a database that no file holds.
const IN_MEMORY: &str = ":memory:";

/// What a database says of the POP that it belongs to.
#[derive(PartialEq, Eq)]
struct PopRow {
    asn: u32,
    name: String,
    /// The public key in base64.
    key: String,
}

impl Store {
    /// Opens the database, makes it where there is none, and brings it to this version.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        Ok(Store::connect(path)?.brought_up()?.watched())
    }

    /// The same for this POP. Another one's is not touched, not even brought to this version; one
    /// that cannot be written is refused, and others than its owner cannot read it afterwards.
    pub fn open_as(site: &Site, path: &Path) -> Result<Store, StoreError> {
        let store = Store::connect(path)?;
        store.belongs(site)?;
        let mut store = store.brought_up()?;
        store.claim(site)?;
        match store.try_write() {
            // Whoever writes now is done in a moment.
            Ok(()) | Err(StoreError::Busy(_)) => {}
            Err(error) => return Err(error),
        }
        place::close_to_others(path);
        Ok(store.watched())
    }

    /// Nothing is written by this; a database that is damaged, or that a newer program made, is
    /// refused.
    fn connect(path: &Path) -> Result<Store, StoreError> {
        let in_memory = path == Path::new(IN_MEMORY);
        if !in_memory && place::judge(path)? == Found::Nothing {
            place::make(path).map_err(|error| StoreError::File(path.to_path_buf(), error))?;
        }
        Store::over(connection(path)?, path)
    }

    /// A database that was just opened, proven sound.
    pub(super) fn over(connection: Connection, path: &Path) -> Result<Store, StoreError> {
        migrations::known(&connection, path)?;
        let (path, damage) = (path.to_path_buf(), OnceCell::new());
        let occupied = BTreeSet::new();
        let store = Store { connection, path, ours: true, occupied, files: None, damage };
        store.prove_sound()?;
        Ok(store)
    }

    fn brought_up(mut self) -> Result<Store, StoreError> {
        self.prepare().map_err(|error| fault(&self.path, error))?;
        migrations::run(&mut self.connection, &self.path)?;
        Ok(self)
    }

    /// Opens an existing database for reading only; nothing about it is changed, not even its
    /// version. One that is damaged is refused.
    pub fn open_read_only(path: &Path) -> Result<Store, StoreError> {
        place::judge(path)?;
        let connection = reader(path).map_err(|error| fault(path, error))?;
        let mut store = Store::over(connection, path)?;
        store.ours = store.read(|db| db.table_exists(None, "peerling_state"))?;
        Ok(store)
    }

    /// The database as it is, for looking only; where there is none, or an empty file that one is
    /// to be made in, an empty one that nobody keeps.
    pub fn look(path: &Path) -> Result<Store, StoreError> {
        if Store::is_new(path)? {
            Store::open(Path::new(IN_MEMORY))
        } else {
            Store::open_read_only(path)
        }
    }

    /// Would [`Store::open`] make a new one here? An empty file holds nothing, not even a version.
    pub fn is_new(path: &Path) -> Result<bool, StoreError> {
        Ok(place::judge(path)? == Found::Nothing)
    }

    /// The files of this database that others than their owner can read, with their modes.
    pub fn open_to_others(path: &Path) -> Vec<(PathBuf, u32)> {
        place::open_to_others(path)
    }

    /// Is it this POP's, as far as it says whose it is? One that an older version or the replaced
    /// service made does not say. A configuration that names another POP's would publish that POP's
    /// members under this one's number and key.
    ///
    /// The number must be the same, and one of name and key: a POP may get another name or another
    /// key, but not both at once.
    pub fn belongs(&self, site: &Site) -> Result<(), StoreError> {
        let Some(owner) = self.read(owner)? else { return Ok(()) };
        let is_site = owner.name == site.name || owner.key == site.key.to_string();
        if owner.asn == site.asn.get() && is_site {
            return Ok(());
        }
        let theirs = format!("{} (AS{})", owner.name, owner.asn);
        Err(StoreError::Another(self.path.clone(), theirs))
    }

    /// The public key of the POP whose database it is, as it was at its last start.
    pub fn known_key(&self) -> Result<Option<WgKey>, StoreError> {
        let owner = self.read(owner)?;
        Ok(owner.and_then(|owner| owner.key.parse().ok()))
    }

    /// Checks that it is this POP's; from now on it says so.
    fn claim(&mut self, site: &Site) -> Result<(), StoreError> {
        self.belongs(site)?;
        let (asn, name, key) = (site.asn.get(), site.name.clone(), site.key.to_string());
        let new = PopRow { asn, name, key };
        if self.read(owner)?.as_ref() == Some(&new) {
            return Ok(());
        }
        self.change(|db| {
            let query = "INSERT OR REPLACE INTO peerling_pop VALUES (1, ?, ?, ?)";
            db.execute(query, params![new.asn, new.name, new.key])?;
            Ok(())
        })
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "cache_size", -STORE_CACHE_KB)?;
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.connection.pragma_update(None, "foreign_keys", true)
    }
}

/// The POP whose database it is, as the database says.
fn owner(db: &Connection) -> rusqlite::Result<Option<PopRow>> {
    if !db.table_exists(None, "peerling_pop")? {
        return Ok(None);
    }
    let query = "SELECT as_num, name, wg_pub_key FROM peerling_pop";
    let read = db.query_row(query, [], |row| {
        Ok(PopRow { asn: row.get(0)?, name: row.get(1)?, key: row.get(2)? })
    });
    read.optional()
}

/// Opens a file for reading and writing, if this user can write it.
pub(super) fn connection(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(|error| fault(path, error))?;
    be_patient(&connection).map_err(|error| fault(path, error))?;
    Ok(connection)
}

/// Opens a file for reading.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    be_patient(&connection)?;
    Ok(connection)
}

/// The thread waits while somebody else writes: long enough for the other's transaction, short
/// enough that no member notices.
pub(super) fn be_patient(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(STORE_BUSY_TIMEOUT)
}
