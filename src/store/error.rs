//! Why the database did not do what it was asked for.

use super::migrations;
use std::fmt;
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
    /// Somebody else holds the database for longer than [`crate::limits::STORE_BUSY_MS`].
    Busy(PathBuf),
    /// It was made by a newer version of this program.
    Newer(PathBuf, i64),
    /// It is another POP's, and whose.
    Another(PathBuf, String),
    /// What SQLite said, and about which file.
    Sqlite(PathBuf, rusqlite::Error),
}

/// What SQLite said, about this file.
pub(super) fn fault(path: &Path, error: rusqlite::Error) -> StoreError {
    let busy = [rusqlite::ErrorCode::DatabaseBusy, rusqlite::ErrorCode::DatabaseLocked];
    match error.sqlite_error_code() {
        Some(code) if busy.contains(&code) => StoreError::Busy(path.to_path_buf()),
        _ => StoreError::Sqlite(path.to_path_buf(), error),
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
            StoreError::Sqlite(path, error) => write!(out, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for StoreError {}
