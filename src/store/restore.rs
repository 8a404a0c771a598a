//! A database in the place of another one: what `peerling restore` does.
//!
//! The new one is copied beside the place first, with its own `-wal`, and judged there: what was
//! judged is what is put into the place. The old one stays, under a name with the time in it, and
//! takes its `-wal` and `-shm` along: beside another database SQLite would write them into that.

use super::open::connection;
use super::place::{self, COMPANIONS, Found, MODE, companion, with_suffix};
use super::{Store, StoreError};
use crate::model::Timestamp;
use crate::peering::Site;
use crate::sys::directory::parent;
use crate::sys::users;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    /// How many peerings the database has now.
    pub peerings: usize,
    /// Where the one of before is; `None`: there was none.
    pub kept: Option<PathBuf>,
}

impl Store {
    /// Puts the database in the file `from` in the place of the one at `path`, while nobody has
    /// that one open.
    ///
    /// What waited to be taken down when `from` was copied is forgotten: it may have been made anew
    /// since, and nobody asked to take that down.
    pub fn restore(
        site: &Site,
        path: &Path,
        from: &Path,
        now: Timestamp,
    ) -> Result<Restored, StoreError> {
        if fs::metadata(from).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Err(refusal(from, "there is no such file"));
        }
        if place::judge(from).map_err(of_backup)? == Found::Nothing {
            return Err(refusal(from, "there is no database in it"));
        }
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        if fs::canonicalize(from).is_ok_and(|it| it == real) {
            return Err(refusal(from, "this is store.path itself"));
        }
        // Held to the end, so that no service begins meanwhile.
        let held = hold(&real)?;
        let draft = with_suffix(&real, ".restore");
        let done = prepare(site, from, &draft, held.as_ref(), &real)
            .map_err(of_backup)
            .and_then(|peerings| Ok(Restored { peerings, kept: exchange(&real, &draft, now)? }));
        discard(&draft);
        done
    }
}

/// Keeps everybody else from the old database. `None`: there is none.
fn hold(path: &Path) -> Result<Option<File>, StoreError> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| failed(path, error))?,
    };
    // Every connection of SQLite's to a database in WAL mode holds a lock as long as it is open.
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::AGAIN | Errno::ACCESS) => {
            let words = "a program has it open; stop the service first: systemctl stop peerling";
            Err(refusal(path, words))
        }
        Err(error) => Err(failed(path, error.into())),
    }
}

/// Copies a database to `draft` and judges it there. Returns how many peerings it has.
fn prepare(
    site: &Site,
    from: &Path,
    draft: &Path,
    old: Option<&File>,
    real: &Path,
) -> Result<usize, StoreError> {
    discard(draft);
    let wal = companion(from, "-wal");
    copy(from, draft).map_err(|error| failed(from, error))?;
    if wal.exists() {
        copy(&wal, &with_suffix(draft, "-wal")).map_err(|error| failed(&wal, error))?;
    }
    let peerings = judge(site, from, draft)?;
    let file = OpenOptions::new().write(true).open(draft).map_err(|error| failed(draft, error))?;
    own(&file, old, real).map_err(|error| failed(draft, error))?;
    file.sync_all().map_err(|error| failed(draft, error))?;
    Ok(peerings)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut target = OpenOptions::new().write(true).create_new(true).mode(MODE).open(to)?;
    io::copy(&mut source, &mut target).map(drop)
}

/// The new one belongs to whom the old one did, or else to whom the directory does.
fn own(file: &File, old: Option<&File>, real: &Path) -> io::Result<()> {
    match old.map(File::metadata).transpose()? {
        Some(old) if users::is_root() => users::give_like(file, &old),
        Some(_) => Ok(()),
        None => users::give_to_owner_of(parent(real), file),
    }
}

/// Is the copy sound, of a schema that we know, and this POP's? Afterwards the file alone is all of
/// it.
fn judge(site: &Site, from: &Path, draft: &Path) -> Result<usize, StoreError> {
    let mut store = Store::over(connection(draft)?, from)?;
    if !store.read(|db| db.table_exists(None, "peering_links"))? {
        return Err(refusal(from, "it has no table peering_links: no database of a POP"));
    }
    store.ours = store.read(|db| db.table_exists(None, "peerling_state"))?;
    store.belongs(site)?;
    let peerings = store.rows()?.len();
    if store.ours {
        store.change(|db| Ok(db.execute("DELETE FROM peerling_removal", [])?))?;
    }
    store.read(|db| db.pragma_update(None, "journal_mode", "DELETE"))?;
    store.close()?;
    Ok(peerings)
}

/// Puts the draft in the place of the old one, which gets another name.
fn exchange(real: &Path, draft: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    let kept = place::unused(real, now, &["", "-wal", "-shm"]).map_err(|it| failed(real, it))?;
    // The old one has two names for a moment, so that there is always one in the place.
    let is_kept = match fs::hard_link(real, &kept) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(failed(&kept, error)),
    };
    for suffix in COMPANIONS {
        match fs::rename(with_suffix(real, suffix), with_suffix(&kept, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(failed(&with_suffix(real, suffix), error));
            }
            _ => {}
        }
    }
    fs::rename(draft, real).map_err(|error| failed(real, error))?;
    if let Some(directory) = real.parent() {
        let synced = File::open(directory).and_then(|it| it.sync_all());
        synced.map_err(|error| failed(directory, error))?;
    }
    Ok(Some(kept).filter(|_| is_kept))
}

/// Removes what is left of a draft.
fn discard(draft: &Path) {
    let _ = fs::remove_file(draft);
    for suffix in COMPANIONS {
        let _ = fs::remove_file(with_suffix(draft, suffix));
    }
}

/// Here it is the backup that is damaged.
fn of_backup(error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged(path, words) => {
            refusal(&path, &format!("the database in it is damaged ({words}); is there another?"))
        }
        other => other,
    }
}

fn refusal(path: &Path, words: &str) -> StoreError {
    StoreError::NotRestored(path.to_path_buf(), words.to_string())
}

fn failed(path: &Path, error: io::Error) -> StoreError {
    StoreError::File(path.to_path_buf(), error)
}

#[cfg(test)]
mod tests;
