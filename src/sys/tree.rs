//! Reads a clone of the registry, which others write and a `git pull` changes under us.
//!
//! Only `data/mntner` and `data/aut-num` are opened, no link is followed, nothing but a regular
//! file is read, and none beyond the bound of an object. A few files at a time, so that sessions on
//! the same thread notice nothing. To get a whole state and not half a checkout, a caller waits
//! while [`busy`], takes a [`stamp()`], reads, and reads again if the stamp is another one by then.

mod stamp;

pub use stamp::{Stamp, busy, stamp};

use crate::limits::{REGISTRY_FILES_MAX, REGISTRY_OBJECT_BYTES_MAX, REGISTRY_SLICE_MS_MAX};
use crate::registry::{Builder, Finding, Index, Kind, Skip};
use rustix::fs::{CWD, Dir, DirEntry, FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
}

/// One of the two directories, open.
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
    for kind in [Kind::Mntner, Kind::AutNum] {
        let folder = Folder::open(directory, kind)?;
        let mut entries = Vec::new();
        let keep = |entry: &DirEntry| entries.push(Entry::of(entry));
        folder.walk(&mut pace, keep).await?;
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        for entry in &entries {
            add(&mut builder, kind, folder.load(entry, &mut buffer), &entry.name);
            pace.step().await;
        }
    }
    Ok(builder.finish())
}

fn add(builder: &mut Builder, kind: Kind, content: Result<&[u8], Skip>, name: &CStr) {
    let lossy = name.to_string_lossy();
    match (content, name.to_str(), kind) {
        (Ok(_), Err(_), _) => builder.skipped(kind, &lossy, Skip::FileName),
        (Err(skip), _, _) => builder.skipped(kind, &lossy, skip),
        (Ok(bytes), Ok(name), Kind::Mntner) => builder.mntner(name, bytes),
        (Ok(bytes), Ok(name), Kind::AutNum) => builder.aut_num(name, bytes),
    }
}

impl Folder {
    /// Opens `data/mntner` or `data/aut-num`. The clone itself may be a link of the operator's;
    /// what is in it is other people's, and may not.
    fn open(directory: &Path, kind: Kind) -> Result<Folder, TreeError> {
        let open = |at: BorrowedFd<'_>, name: &Path, path: &Path, more: OFlags| {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | more;
            openat(at, name, flags, Mode::empty()).map_err(|errno| TreeError::system(path, errno))
        };
        let data = directory.join("data");
        let path = data.join(kind.class());
        let root = open(CWD, directory, directory, OFlags::empty())?;
        let inner = open(root.as_fd(), Path::new("data"), &data, OFlags::NOFOLLOW)?;
        let file = open(inner.as_fd(), Path::new(kind.class()), &path, OFlags::NOFOLLOW)?;
        Ok(Folder { file, path })
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
        if self.0.elapsed() >= Duration::from_millis(REGISTRY_SLICE_MS_MAX) {
            super::give_way().await;
            self.0 = Instant::now();
        }
    }
}

impl TreeError {
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
        }
    }
}

impl std::error::Error for TreeError {}
