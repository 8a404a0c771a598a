//! The files that are ours, of thousands of peerings: read with care, written whole or not at all.
//!
//! What bears one of our names and is no plain file (a symlink, a directory) is somebody else's: it
//! is reported and never touched.
//!
//! What our files held when they were last read is kept, so that a pass over thousands of unchanged
//! files opens none of them. A file is known again by its stamp. Its last status change (inode(7))
//! moves with every write, rename and copy over it, and cannot be set back; but it is the time of
//! the kernel's last tick, and a file that was read in the very tick of one change may bear the
//! same time after another. So nothing is kept of a file that had changed within the last
//! [`FILE_SETTLED`].

mod strays;

pub use super::directory::FileError;
pub use strays::{Stray, strays, trap};

use super::directory::{Directory, Durable, FileFault, Opened, Over, Put};
use super::now;
use crate::limits::{FILE_SETTLED, OUR_FILE_BYTES_MAX, SHARED_FILE_BYTES_MAX};
use crate::plan::naming::Naming;
use crate::plan::{FileKind, Owner};
use rustix::fs::Stat;
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// Nobody but the owner reads a file with a key in it.
const SECRET_MODE: u32 = 0o600;
/// Who may read any other.
const MODE: u32 = 0o644;
/// What others than a file's owner may do with it.
const OTHERS: u32 = 0o077;

/// The files of one kind in a directory.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Ours by name, with their content.
    pub ours: BTreeMap<Owner, Rc<str>>,
    /// What only bears our names.
    pub foreign: Vec<FileError>,
    /// When the first of ours last changed: content, name or mode.
    pub changed: Option<SystemTime>,
}

/// What was read, by kind and owner.
#[derive(Default)]
pub struct Memory {
    seen: BTreeMap<FileKind, BTreeMap<Owner, Seen>>,
    /// Whose file holds a secret and can be read by others.
    exposed: BTreeSet<Owner>,
}

/// A file that has not changed since shortly before it was read, and what it held.
struct Seen {
    stamp: Stamp,
    text: Rc<str>,
}

/// What was found in a file.
struct Content {
    text: Rc<str>,
    stamp: Stamp,
    /// Will its stamp tell of the next change?
    is_settled: bool,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// The last status change: seconds since 1970, nanoseconds.
    changed: (i64, i64),
    mode: u32,
}

impl Memory {
    /// Whose WireGuard file, as it was when it was last looked at, others than its owner can read.
    pub fn exposed(&self) -> impl Iterator<Item = Owner> {
        self.exposed.iter().copied()
    }

    /// Every file of one kind as it is now. A directory that does not exist has none.
    pub fn observe(
        &mut self,
        directory: &Path,
        kind: FileKind,
        naming: &Naming,
    ) -> Result<Found, FileError> {
        let mut found = Found::default();
        let before = self.seen.remove(&kind).unwrap_or_default();
        let open = match Directory::open(directory) {
            Err(error) if error.is_absence() => return Ok(found),
            opened => opened?,
        };
        let (mut seen, mut exposed) = (BTreeMap::new(), BTreeSet::new());
        for entry in open.list()? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            let Some(owner) = naming.file_owner(kind, name) else { continue };
            let fault = match content(&open, name, kind, before.get(&owner)) {
                Ok(Some(Content { text, stamp, is_settled })) => {
                    found.ours.insert(owner, text.clone());
                    found.changed = found.changed.max(stamp.changed_at());
                    if kind.is_secret() && stamp.mode & OTHERS != 0 {
                        exposed.insert(owner);
                    }
                    if is_settled {
                        seen.insert(owner, Seen { stamp, text });
                    }
                    continue;
                }
                // Gone since the directory was read.
                Err(Errno::NOENT) => continue,
                Ok(None) => FileFault::NoPlainFile,
                Err(errno) => FileFault::System(errno),
            };
            found.foreign.push(FileError::new(&directory.join(name), fault));
        }
        self.seen.insert(kind, seen);
        if kind.is_secret() {
            self.exposed = exposed;
        }
        Ok(found)
    }
}

/// What a plain file holds; `None`: it is no plain file.
fn content(
    directory: &Directory,
    name: &str,
    kind: FileKind,
    before: Option<&Seen>,
) -> Result<Option<Content>, Errno> {
    if let Some(Seen { stamp, text }) = before
        && Stamp::of(&directory.status(name)?) == *stamp
    {
        return Ok(Some(Content { text: text.clone(), stamp: *stamp, is_settled: true }));
    }
    let begun_s = now().0;
    let Opened::Plain(file, status) = directory.open_file(name)? else { return Ok(None) };
    let stamp = Stamp::of(&status);
    let bytes_max = match kind {
        FileKind::WireGuard | FileKind::Bird => OUR_FILE_BYTES_MAX,
        FileKind::RoaIpv4 | FileKind::RoaIpv6 | FileKind::Babel => SHARED_FILE_BYTES_MAX,
    };
    // One byte more than there should be: the end is found without another growth.
    let room = stamp.bytes.min(bytes_max) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    let read = file.take(bytes_max).read_to_end(&mut bytes);
    read.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    // What is too long or no text is not what we wrote; it is shown as different and written anew.
    let text = String::from_utf8_lossy(&bytes).into();
    Ok(Some(Content { text, stamp, is_settled: stamp.is_settled(begun_s) }))
}

impl Stamp {
    pub(super) fn of(status: &Stat) -> Stamp {
        Stamp {
            device: status.st_dev,
            inode: status.st_ino,
            bytes: u64::try_from(status.st_size).unwrap_or(0),
            changed: (status.st_ctime, i64::try_from(status.st_ctime_nsec).unwrap_or(0)),
            mode: status.st_mode,
        }
    }

    /// When it last changed; `None` before 1970.
    fn changed_at(&self) -> Option<SystemTime> {
        let (seconds, nanoseconds) = self.changed;
        let since = Duration::new(seconds.try_into().ok()?, nanoseconds.try_into().ok()?);
        SystemTime::UNIX_EPOCH.checked_add(since)
    }

    /// Had it changed long enough before this time, in seconds since 1970? What lies in the future
    /// had not: the clock was set back.
    pub(super) fn is_settled(&self, now_s: i64) -> bool {
        self.changed.0.saturating_add_unsigned(FILE_SETTLED.as_secs()) <= now_s
    }
}

/// Does a file lie in a directory, by whatever path it is named?
pub fn is_in(path: &Path, directory: &Path) -> bool {
    let Some(parent) = path.parent() else { return false };
    if parent == directory {
        return true;
    }
    match (parent.canonicalize(), directory.canonicalize()) {
        (Ok(parent), Ok(directory)) => parent == directory,
        _ => false,
    }
}

/// Writes a file. It is durable; that it stands in the place of the old one is so after [`sync`].
pub fn write(directory: &Path, kind: FileKind, name: &str, text: &str) -> Result<(), FileError> {
    put(directory, name, text, how(kind, Durable::Now))
}

/// Writes a file of a set that nobody reads yet. A set is durable when [`settle`] was called after
/// its last file.
pub fn write_new(
    directory: &Path,
    kind: FileKind,
    name: &str,
    text: &str,
) -> Result<(), FileError> {
    put(directory, name, text, how(kind, Durable::Later))
}

fn put(directory: &Path, name: &str, text: &str, how: Put) -> Result<(), FileError> {
    Directory::open(directory)?.put(name, text.as_bytes(), how)
}

fn how(kind: FileKind, durable: Durable) -> Put {
    let mode = if kind.is_secret() { SECRET_MODE } else { MODE };
    Put { mode, over: Over::PlainFile, durable }
}

/// Makes everything durable that was written into a directory (see [`Directory::settle`]).
pub fn settle(directory: &Path) -> Result<(), FileError> {
    Directory::open(directory)?.settle()
}

/// Makes durable what was renamed and removed in a directory: once for all of it.
pub fn sync(directory: &Path) -> Result<(), FileError> {
    Directory::open(directory)?.sync()
}

/// Removes a file, durably after [`sync`]; one that is gone is no error.
pub fn remove(directory: &Path, name: &str) -> Result<(), FileError> {
    match Directory::open(directory) {
        Err(error) if error.is_absence() => Ok(()),
        opened => opened?.remove(name),
    }
}

/// Removes the draft that a crash may have left; a `wg-as<ASN>.conf` that was never one holds the
/// private key all the same.
pub fn discard(directory: &Path, name: &str) -> Result<(), FileError> {
    match Directory::open(directory) {
        Err(error) if error.is_absence() => Ok(()),
        opened => opened?.discard_draft(name),
    }
}

/// Takes from others the right to read a WireGuard file.
pub fn close_to_others(directory: &Path, name: &str) -> Result<(), FileError> {
    Directory::open(directory)?.set_mode(name, SECRET_MODE)
}

/// The WireGuard files of ours that others than their owner can read, with their modes.
pub fn open_to_others(directory: &Path, naming: &Naming) -> Vec<(PathBuf, u32)> {
    let mut memory = Memory::default();
    // What cannot be read shows elsewhere.
    let _ = memory.observe(directory, FileKind::WireGuard, naming);
    let mut found = Vec::new();
    for owner in memory.exposed() {
        let path = directory.join(naming.file(FileKind::WireGuard, owner));
        if let Ok(status) = std::fs::symlink_metadata(&path) {
            found.push((path, status.mode() & 0o777));
        }
    }
    found
}

#[cfg(test)]
mod tests;
