//! The files of a database: may one be made here, whose are they, who can read them, and are they
//! still those that were opened?
//!
//! SQLite itself makes a new database wherever there is none, removes a `-wal` that it finds beside
//! an empty one, and goes on with a file that was moved away. Each of these loses what members were
//! told was saved.

use super::StoreError;
use crate::limits::KEPT_IN_A_SECOND_MAX;
use crate::model::Timestamp;
use crate::sys::directory::parent;
use crate::sys::users::{self, give_to_owner_of, is_open_to_others};
use rustix::fs::{Access, AtFlags, CWD, accessat};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// What lies beside a database that belongs to it.
pub const COMPANIONS: [&str; 2] = ["-wal", "-shm"];
/// A database with preshared keys is its owner's alone. SQLite gives `-wal` and `-shm` the same.
pub const MODE: u32 = 0o600;
/// Where a database says how large its pages are (<https://www.sqlite.org/fileformat2.html>).
const PAGE_SIZE_AT: usize = 16;
/// Bytes of a database's header.
const HEADER_BYTES: usize = 100;

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or an empty file that a database is to be made in.
    Nothing,
    /// A file that has at least its first page.
    Database,
}

/// Which files an open database has.
#[derive(Debug)]
pub struct OpenedFiles {
    database: OpenedFile,
    /// The same file where the database's path is a symlink: its companions lie beside this one.
    real: OpenedFile,
    wal: Option<OpenedFile>,
    shm: Option<OpenedFile>,
}

/// A file, and where it was when it was opened.
#[derive(Debug)]
struct OpenedFile {
    path: PathBuf,
    identity: Identity,
}

/// What is at the place of an open database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occupant {
    /// The database that is open.
    Ours,
    /// Nothing.
    Nobody,
    /// Another file.
    Another,
}

/// A file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// The file that belongs to this database, `suffix` being one of [`COMPANIONS`]. SQLite puts it
/// beside the file itself, where the database's path is a symlink.
pub fn companion(path: &Path, suffix: &str) -> PathBuf {
    with_suffix(&fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()), suffix)
}

/// What is at this path? An error: what is there would be lost if it were opened.
pub fn judge(path: &Path) -> Result<Found, StoreError> {
    let bytes = match fs::metadata(path) {
        Ok(status) => status.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        // What keeps it from being seen shows when it is opened.
        Err(_) => return Ok(Found::Database),
    };
    if bytes == 0 {
        if let Some(wal) = orphan(path) {
            return Err(StoreError::Orphaned(path.to_path_buf(), wal));
        }
        return Ok(Found::Nothing);
    }
    // A transaction that a crash interrupted is taken back by SQLite: to no bytes, if it was the
    // first.
    let least = page_bytes(path).unwrap_or(0);
    if bytes < least && !has_bytes(&companion(path, "-journal")) {
        let words = format!("{bytes} bytes are left of it, and one page has {least}");
        return Err(StoreError::Damaged(path.to_path_buf(), words));
    }
    Ok(Found::Database)
}

/// The `-wal` with changes of a database that is not there, also one that was set aside. A new
/// database in its place would look as if nobody had ever had a peering.
fn orphan(path: &Path) -> Option<PathBuf> {
    let wal = companion(path, "-wal");
    if has_bytes(&wal) {
        return Some(wal);
    }
    let set_aside = with_suffix(Path::new(wal.file_name()?), ".");
    let entries = fs::read_dir(wal.parent()?).ok()?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_set_aside = name.as_bytes().starts_with(set_aside.as_os_str().as_bytes());
        if is_set_aside && has_bytes(&entry.path()) {
            return Some(entry.path());
        }
    }
    None
}

fn has_bytes(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|status| status.len() > 0)
}

/// The size of a page, as the file says; of a file that is cut within its header, the least there
/// is.
fn page_bytes(path: &Path) -> io::Result<u64> {
    let mut header = Vec::new();
    File::open(path)?.take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    let said = match header.get(PAGE_SIZE_AT..PAGE_SIZE_AT + 2) {
        Some([high, low]) => u64::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    Ok(match said {
        1 => 65_536,
        512..=32_768 if said.is_power_of_two() => said,
        // What follows says that it is no database.
        _ => 512,
    })
}

/// Makes an empty file for a database: nobody else's to read, and the owner's of its directory if
/// root makes it.
pub fn make(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(MODE).open(path) {
        Ok(file) => give_to_owner_of(parent(path), &file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Takes from others the right to read a database and what belongs to it, as far as it is ours.
pub fn close_to_others(path: &Path) {
    for file in files_of(path) {
        if fs::metadata(&file).is_ok_and(|status| is_open_to_others(&status)) {
            // Whoever may not do this is told so by `check`.
            let _ = fs::set_permissions(&file, Permissions::from_mode(MODE));
        }
    }
}

/// The files of this database that others than their owner can read, with their modes.
pub fn open_to_others(path: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for file in files_of(path) {
        if let Ok(status) = fs::metadata(&file)
            && is_open_to_others(&status)
        {
            found.push((file, status.mode() & 0o777));
        }
    }
    found
}

/// A database and what belongs to it, there or not.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let mut files = vec![path.to_path_buf()];
    files.extend(COMPANIONS.map(|suffix| companion(path, suffix)));
    files
}

/// Why this user cannot write a database: the first of its directory and its files that forbids it,
/// with what mends it. `None`: all of them can be written.
pub fn unwritable(path: &Path) -> Option<String> {
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut candidates = vec![directory.to_path_buf()];
    candidates.extend(files_of(path));
    for candidate in candidates {
        let Err(error) = accessat(CWD, &candidate, Access::WRITE_OK, AtFlags::EACCESS) else {
            continue;
        };
        let error = io::Error::from(error);
        let owner = fs::metadata(&candidate).map(|status| status.uid());
        match (error.kind(), owner) {
            (ErrorKind::PermissionDenied, Ok(owner)) => {
                return Some(of_another(&candidate, owner, directory, path));
            }
            // A database that is not there yet is no reason.
            (ErrorKind::NotFound, _) if candidate != *directory => {}
            _ => return Some(format!("{}: {error}", candidate.display())),
        }
    }
    None
}

fn of_another(file: &Path, owner: u32, directory: &Path, path: &Path) -> String {
    let us = users::name(users::current());
    let mut all = vec![directory.to_path_buf()];
    all.extend(files_of(path).into_iter().filter(|it| it.exists()));
    let all: Vec<String> = all.iter().map(|it| it.display().to_string()).collect();
    format!(
        "{} belongs to {}, and the service runs as {us}; chown {us}: {}",
        file.display(),
        users::name(owner),
        all.join(" ")
    )
}

impl OpenedFiles {
    /// Those that are there now. `None`: the database is in memory.
    pub fn of(path: &Path) -> Option<OpenedFiles> {
        let real = fs::canonicalize(path).ok()?;
        Some(OpenedFiles {
            database: OpenedFile::of(path.to_path_buf())?,
            real: OpenedFile::of(real)?,
            wal: OpenedFile::of(companion(path, "-wal")),
            shm: OpenedFile::of(companion(path, "-shm")),
        })
    }

    /// What is at the database's path now. Whatever is written to a file that was moved, removed or
    /// replaced is lost; where its `-wal` was, the database counts as replaced.
    pub fn occupant(&self) -> Occupant {
        match (self.database.occupant(), &self.wal) {
            (Occupant::Ours, Some(wal)) if wal.occupant() != Occupant::Ours => Occupant::Another,
            (occupant, _) => occupant,
        }
    }

    /// What is now beside the companions, into which SQLite would write their changes.
    pub fn beside_companions(&self) -> Occupant {
        self.real.occupant()
    }

    /// Gives companions that are still ours another name, with the time in it, if they are beside
    /// another file or none: the next program that opens what is there does not find them. Returns
    /// the new names.
    pub fn set_companions_aside(&self, now: Timestamp) -> io::Result<Vec<PathBuf>> {
        let mut moved = Vec::new();
        if self.beside_companions() == Occupant::Ours {
            return Ok(moved);
        }
        for file in [&self.wal, &self.shm].into_iter().flatten() {
            if file.occupant() == Occupant::Ours {
                let aside = unused(&file.path, now, &[""])?;
                fs::rename(&file.path, &aside)?;
                moved.push(aside);
            }
        }
        Ok(moved)
    }
}

impl OpenedFile {
    fn of(path: PathBuf) -> Option<OpenedFile> {
        Some(OpenedFile { identity: Identity::of(&path)?, path })
    }

    fn occupant(&self) -> Occupant {
        match Identity::of(&self.path) {
            Some(identity) if identity == self.identity => Occupant::Ours,
            Some(_) => Occupant::Another,
            None => Occupant::Nobody,
        }
    }
}

/// A name beside `path` with the time in it, that no file has, also not with these suffixes.
pub fn unused(path: &Path, now: Timestamp, suffixes: &[&str]) -> io::Result<PathBuf> {
    let first = with_suffix(path, &format!(".{}", now.compact()));
    let mut name = first.clone();
    for number in 2..=KEPT_IN_A_SECOND_MAX {
        let is_used = |suffix: &&str| fs::symlink_metadata(with_suffix(&name, suffix)).is_ok();
        if !suffixes.iter().any(is_used) {
            return Ok(name);
        }
        name = with_suffix(&first, &format!(".{number}"));
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// This path with something at the end of its name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

impl Identity {
    fn of(path: &Path) -> Option<Identity> {
        let status = fs::metadata(path).ok()?;
        Some(Identity { device: status.dev(), inode: status.ino() })
    }
}

#[cfg(test)]
mod tests;
