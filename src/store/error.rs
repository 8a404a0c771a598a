//! Why the database did not do what it was asked for.

use super::{migrations, place};
use rusqlite::ErrorCode;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the database did not do it.
#[derive(Debug)]
pub enum StoreError {
    /// The AS number has a peering already: somebody else was faster.
    Exists,
    /// Every id up to the bound is in use.
    Full,
    /// There is no such peering: somebody else was faster.
    Absent,
    /// It is not any more what it was when the change was judged: somebody else was faster.
    Stale,
    /// Somebody else holds the database for longer than [`crate::limits::STORE_BUSY_TIMEOUT`].
    Busy(PathBuf),
    /// It was made by a newer version of this program.
    Newer(PathBuf, i64),
    /// It is another POP's, and whose.
    Another(PathBuf, String),
    /// It is damaged, in SQLite's words.
    Damaged(PathBuf, String),
    /// There is none, or an empty one, beside a `-wal` (the second) that holds changes of one.
    Orphaned(PathBuf, PathBuf),
    /// Somebody put another file in its place, or in that of its `-wal`, while it was open.
    Replaced(PathBuf),
    /// Somebody moved it away or removed it while it was open.
    Removed(PathBuf),
    /// This user cannot write it; why, and what mends it.
    Unwritable(PathBuf, String),
    /// What the system said about a file.
    File(PathBuf, io::Error),
    /// Not restored, and why: what is there stays as it is.
    NotRestored(PathBuf, String),
    /// What SQLite said, and about which file.
    Sqlite(PathBuf, rusqlite::Error),
}

/// What mends a database that cannot be used any more.
const RESTORE: &str = "systemctl stop peerling; peerling restore FILE; systemctl start peerling";
/// What mends one that was replaced.
const REOPEN: &str = "systemctl restart peerling opens what is there now; for another database: \
                      systemctl stop peerling; peerling restore FILE; systemctl start peerling";

impl StoreError {
    /// What to type.
    pub fn remedy(&self) -> &'static str {
        match self {
            StoreError::Damaged(..) | StoreError::Removed(_) => RESTORE,
            StoreError::Replaced(_) => REOPEN,
            StoreError::Busy(_) => "peerling check again; lsof tells who holds it",
            _ => "as it says",
        }
    }
}

/// What SQLite said, about this file.
pub(super) fn fault(path: &Path, error: rusqlite::Error) -> StoreError {
    let file = path.to_path_buf();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy(file),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged(file, error.to_string())
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            match place::unwritable(path) {
                Some(words) => StoreError::Unwritable(file, words),
                None => StoreError::Sqlite(file, error),
            }
        }
        _ => StoreError::Sqlite(file, error),
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Exists => out.write_str("the AS number has a peering already"),
            StoreError::Full => out.write_str("every id is in use"),
            StoreError::Absent => out.write_str("there is no such peering"),
            StoreError::Stale => out.write_str("the peering was changed meanwhile"),
            StoreError::Busy(path) => {
                write!(out, "{}: another program holds the database", path.display())
            }
            StoreError::Newer(path, version) => write!(
                out,
                "{}: made by a newer peerling (schema {version}, this one knows {}); install \
                 that one",
                path.display(),
                migrations::VERSION
            ),
            StoreError::Another(path, whose) => write!(
                out,
                "{path}: this is the database of {whose}, and the configuration is of another POP: \
                 give the right store.path; a POP may change its name or its key, one at a time; \
                 if it is meant, make it forget whose it was: \
                 sqlite3 {path} 'DELETE FROM peerling_pop'",
                path = path.display()
            ),
            StoreError::Damaged(path, words) => write!(
                out,
                "{}: the database is damaged ({words}); nothing is changed; stop the service, and \
                 `peerling restore FILE` puts the peering.db of a backup in its place",
                path.display()
            ),
            StoreError::Orphaned(path, wal) => write!(
                out,
                "{path}: there is no database here, or an empty one, but {wal} holds changes \
                 of one, which would be lost; put the database back, or `peerling restore FILE`; \
                 to begin anew, move {wal} to another directory",
                path = path.display(),
                wal = wal.display()
            ),
            StoreError::Replaced(path) => write!(
                out,
                "{}: the file was moved or replaced while it was open; nothing is read from it or \
                 written to it any more; {REOPEN}",
                path.display()
            ),
            StoreError::Removed(path) => write!(
                out,
                "{}: the file was moved away or removed while it was open; nothing is read from it \
                 or written to it any more; put it back, or {RESTORE}",
                path.display()
            ),
            StoreError::Unwritable(path, words) => {
                write!(out, "{}: cannot be written: {words}", path.display())
            }
            StoreError::File(path, error) => write!(out, "{}: {error}", path.display()),
            StoreError::NotRestored(path, words) => write!(out, "{}: {words}", path.display()),
            StoreError::Sqlite(path, error) => write!(out, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for StoreError {}
