//! Reads a clone of the registry, which others write and a `git pull` changes under us.
//!
//! Only what is asked for is opened: `data/mntner` and `data/aut-num`, or `data/route`,
//! `data/route6` and their filters. No link is followed, nothing but a regular file is read, and
//! none beyond the bound of an object. A few files at a time, so that sessions on
//! the same thread notice nothing. To get a whole state and not half a checkout, a caller waits
//! while [`busy`], takes a [`stamp()`], reads, and reads again if the stamp is another one by then.

mod routes;
mod stamp;

pub use routes::read_routes;
pub use stamp::{Stamp, busy, stamp, stamp_routes};

use crate::limits::{REGISTRY_FILES_MAX, REGISTRY_OBJECT_BYTES_MAX, REGISTRY_SLICE_MAX};
use crate::registry::{Builder, Finding, Index, Kind, Skip};
use rustix::fs::{CWD, Dir, DirEntry, FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use std::ffi::CString;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What the index is made from.
const INDEXED: [Kind; 2] = [Kind::Mntner, Kind::AutNum];

/// Why a registry cannot be read at all.
#[derive(Debug, PartialEq, Eq)]
pub struct TreeError {
    /// What was opened.
    pub path: PathBuf,
    /// What happened.
    pub reason: TreeFault,
}

/// What can go wrong with a registry's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeFault {
    /// It cannot be opened or listed.
    System(Errno),
    /// It has more than [`REGISTRY_FILES_MAX`] entries.
    Entries,
    /// A file that all the others depend on was not read.
    File(Skip),
    /// A file that all the others depend on has more than [`REGISTRY_OBJECT_BYTES_MAX`].
    Size,
}

/// A directory, open.
struct Folder {
    file: OwnedFd,
    path: PathBuf,
}

/// One entry of a directory; the type is unknown on some file systems.
struct Entry {
    name: CString,
    file_type: FileType,
}

/// Lets other tasks run when enough was done at a stretch; holds when the stretch began.
struct Pace(Instant);

/// The index of `<directory>/data/{mntner,aut-num}`, and what was left out of it. The order in
/// which the file system lists the files does not matter.
///
/// # Errors
/// Where one of the two directories cannot be listed or is too large. A file that cannot be read is
/// a finding, no error.
pub async fn read(directory: &Path) -> Result<(Index, Vec<Finding>), TreeError> {
    let mut builder = Builder::new();
    let mut pace = Pace(Instant::now());
    let mut buffer = Vec::new();
    for kind in INDEXED {
        let folder = Folder::open(directory, kind)?;
        for entry in &folder.entries(&mut pace).await? {
            match content(entry, folder.load(entry, &mut buffer)) {
                Err(skip) => builder.skipped(kind, &entry.name.to_string_lossy(), skip),
                Ok((name, bytes)) if kind == Kind::Mntner => builder.mntner(name, bytes),
                Ok((name, bytes)) => builder.aut_num(name, bytes),
            }
            pace.step().await;
        }
    }
    Ok(builder.finish())
}

/// A file's name and content, or why it is none of the registry's.
fn content<'a>(
    entry: &'a Entry,
    bytes: Result<&'a [u8], Skip>,
) -> Result<(&'a str, &'a [u8]), Skip> {
    let bytes = bytes?;
    entry.name.to_str().map(|name| (name, bytes)).map_err(|_| Skip::FileName)
}

impl Folder {
    /// Opens the directory of a kind.
    fn open(directory: &Path, kind: Kind) -> Result<Folder, TreeError> {
        Folder::data(directory)?.inner(kind.class())
    }

    /// Opens `data`. The clone itself may be a link of the operator's; what is in it is other
    /// people's, and may not.
    fn data(directory: &Path) -> Result<Folder, TreeError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = openat(CWD, directory, flags, Mode::empty());
        let file = file.map_err(|errno| TreeError::system(directory, errno))?;
        Folder { file, path: directory.to_owned() }.inner("data")
    }

    fn inner(&self, name: &str) -> Result<Folder, TreeError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let path = self.path.join(name);
        match openat(&self.file, name, flags, Mode::empty()) {
            Ok(file) => Ok(Folder { file, path }),
            Err(errno) => Err(TreeError::system(&path, errno)),
        }
    }

    /// All entries, in the order of their names' bytes.
    async fn entries(&self, pace: &mut Pace) -> Result<Vec<Entry>, TreeError> {
        let mut entries = Vec::new();
        self.walk(pace, |entry| entries.push(Entry::of(entry))).await?;
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// Shows each entry, in the file system's order.
    async fn walk(
        &self,
        pace: &mut Pace,
        mut show: impl FnMut(&DirEntry),
    ) -> Result<(), TreeError> {
        let failed = |errno| TreeError::system(&self.path, errno);
        let mut left = REGISTRY_FILES_MAX;
        for entry in Dir::read_from(&self.file).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            let many = || TreeError { path: self.path.clone(), reason: TreeFault::Entries };
            left = left.checked_sub(1).ok_or_else(many)?;
            show(&entry);
            pace.step().await;
        }
        Ok(())
    }

    /// The content of a file, in a buffer that serves for all. One byte more than an object may
    /// have is enough to refuse it.
    fn load<'a>(&self, entry: &Entry, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], Skip> {
        match entry.file_type {
            FileType::RegularFile | FileType::Unknown => {}
            FileType::Symlink => return Err(Skip::Symlink),
            _ => return Err(Skip::NoFile), // Not even opened: a pipe or device might mind.
        }
        let wary = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | wary;
        let file = openat(&self.file, &entry.name, flags, Mode::empty()).map_err(skip)?;
        let stat = fstat(&file).map_err(skip)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Skip::NoFile);
        }
        buffer.clear();
        let most = REGISTRY_OBJECT_BYTES_MAX as u64 + 1;
        let read = File::from(file).take(most).read_to_end(buffer);
        read.map(|_| buffer.as_slice()).map_err(|error| Skip::Unreadable(error.kind()))
    }
}

impl Entry {
    fn of(entry: &DirEntry) -> Entry {
        Entry { name: entry.file_name().into(), file_type: entry.file_type() }
    }
}

/// Why an entry could not be opened; a link shows itself by the loop that it is not allowed to be.
fn skip(errno: Errno) -> Skip {
    if errno == Errno::LOOP { Skip::Symlink } else { Skip::Unreadable(errno.kind()) }
}

impl Pace {
    /// Comes after each file.
    async fn step(&mut self) {
        if self.0.elapsed() >= REGISTRY_SLICE_MAX {
            crate::runtime::give_way().await;
            self.0 = Instant::now();
        }
    }
}

impl TreeError {
    /// Is it a right that is missing?
    pub fn is_denied(&self) -> bool {
        self.reason == TreeFault::System(Errno::ACCESS)
    }

    fn system(path: &Path, errno: Errno) -> TreeError {
        TreeError { path: path.to_owned(), reason: TreeFault::System(errno) }
    }
}

impl fmt::Display for TreeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.reason {
            TreeFault::System(errno) => write!(out, "cannot read the registry's {path}: {errno}"),
            TreeFault::Entries => {
                write!(out, "{path} has more than {REGISTRY_FILES_MAX} entries: is it a registry?")
            }
            TreeFault::Size => {
                write!(out, "the registry's {path} has more than {REGISTRY_OBJECT_BYTES_MAX} bytes")
            }
            TreeFault::File(skip) => write!(out, "cannot read the registry's {path}: {skip}"),
        }
    }
}

impl std::error::Error for TreeError {}
