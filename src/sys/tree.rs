//! Reads a clone of the registry, which others write and a `git pull` changes under us.
//!
//! Only what is asked for is opened: `data/mntner` and `data/aut-num`, or `data/route`,
//! `data/route6` and their filters. No link is followed, nothing but a regular file is read, and
//! none beyond the bound of an object. A few files at a time, so that sessions on
//! the same thread notice nothing. To get a whole state and not half a checkout, a caller waits
//! while [`busy`], takes a [`stamp()`], reads, and reads again if the stamp is another one by then.
//!
//! A stamp tells whether the registry changed since it was read, without inotify and without
//! reading it. Every file of two directories is looked at by `stat`: a commit that touches only
//! other objects changes nothing, and an edit by hand is seen like a `git pull`. Not seen is what
//! leaves a file's size and last status change as they were, as some network file systems do;
//! SIGHUP is for that.

use super::directory::{Directory, FileError, FileFault, Opened};
use crate::limits::{
    GIT_FILE_BYTES_MAX, GIT_LOCK_AGE_MAX, REGISTRY_FILES_MAX, REGISTRY_OBJECT_BYTES_MAX,
    REGISTRY_SLICE_MAX,
};
use crate::registry::{Builder, Finding, Index, Kind, Roa, RoaBuilder, Skip};
use rustix::fs::{DirEntry, FileType};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::fmt;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What the index is made from.
const INDEXED: [Kind; 2] = [Kind::Mntner, Kind::AutNum];
/// What the tables of route origins are made from. Nobody waits for them at their login.
const ROUTES: [Kind; 2] = [Kind::Route, Kind::Route6];

/// Why a registry cannot be read at all.
#[derive(Debug, PartialEq, Eq)]
pub struct TreeError {
    /// What was opened.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: TreeFault,
}

/// What can go wrong with a registry's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeFault {
    /// It cannot be opened or listed.
    Directory(FileFault),
    /// It has more than [`REGISTRY_FILES_MAX`] entries.
    Entries,
    /// A file that all the others depend on was not read.
    File(Skip),
    /// A file that all the others depend on has more than [`REGISTRY_OBJECT_BYTES_MAX`].
    Size,
}

/// What the registry's files looked like from outside. Equal stamps mean: nothing to read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    files: u64,
    /// A sum over the files, so that their order in the directory does not matter.
    sum: u64,
}

/// One entry of a directory; the type is unknown on some file systems.
struct Entry {
    name: CString,
    file_type: FileType,
}

/// Lets other tasks run when enough was done at a stretch; holds when the stretch began.
struct Pace(Instant);

/// The index of `<clone>/data/{mntner,aut-num}`, and what was left out of it. The order in
/// which the file system lists the files does not matter.
///
/// # Errors
/// Where one of the two directories cannot be listed or is too large. A file that cannot be read is
/// a finding, no error.
pub async fn read(clone: &Path) -> Result<(Index, Vec<Finding>), TreeError> {
    let mut builder = Builder::new();
    let mut pace = Pace(Instant::now());
    let mut buffer = Vec::new();
    for kind in INDEXED {
        let directory = open(clone, kind)?;
        for entry in &entries(&directory, &mut pace).await? {
            match content(entry, load(&directory, entry, &mut buffer)) {
                Err(skip) => builder.skipped(kind, &entry.name.to_string_lossy(), skip),
                Ok((name, bytes)) if kind == Kind::Mntner => builder.mntner(name, bytes),
                Ok((name, bytes)) => builder.aut_num(name, bytes),
            }
            pace.step().await;
        }
    }
    Ok(builder.finish())
}

/// The tables of `<clone>/data/{route,route6}` by `filter.txt` and `filter6.txt` beside them,
/// and what was left out of them; `None` where the registry has neither directory. In whatever
/// order the file system lists the files, the tables are the same.
///
/// # Errors
/// Where one of the directories or filters cannot be read, or is too large. Any other file that
/// cannot be read is a finding, no error.
pub async fn read_routes(clone: &Path) -> Result<Option<(Roa, Vec<Finding>)>, TreeError> {
    let data = data(clone)?;
    let directories = ROUTES.map(|kind| data.enter(kind.class()));
    if directories.iter().all(|directory| directory.as_ref().is_err_and(FileError::is_absence)) {
        return Ok(None);
    }
    let mut pace = Pace(Instant::now());
    let mut buffer = Vec::new();
    let filter_v4 = filter(&data, Kind::Route, &mut buffer)?.to_vec();
    let filter_v6 = filter(&data, Kind::Route6, &mut buffer)?;
    let mut builder = RoaBuilder::new(&filter_v4, filter_v6);
    for (kind, directory) in ROUTES.into_iter().zip(directories) {
        let directory = directory?;
        for entry in &entries(&directory, &mut pace).await? {
            match content(entry, load(&directory, entry, &mut buffer)) {
                Err(skip) => builder.skipped(kind, &entry.name.to_string_lossy(), skip),
                Ok((name, bytes)) if kind == Kind::Route => builder.route(name, bytes),
                Ok((name, bytes)) => builder.route6(name, bytes),
            }
            pace.step().await;
        }
    }
    Ok(Some(builder.finish()))
}

/// A filter's content. Without it nobody knows what is permitted, so it must be there.
fn filter<'a>(
    data: &Directory,
    kind: Kind,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], TreeError> {
    let path = data.path().join(kind.filter_file());
    let name = CString::new(kind.filter_file()).unwrap_or_default();
    let entry = Entry { name, file_type: FileType::Unknown };
    match load(data, &entry, buffer) {
        // What is beyond the bound was not read, and could be a rule that denies.
        Ok(bytes) if bytes.len() > REGISTRY_OBJECT_BYTES_MAX => {
            Err(TreeError { path, fault: TreeFault::Size })
        }
        Ok(bytes) => Ok(bytes),
        Err(skip) => Err(TreeError { path, fault: TreeFault::File(skip) }),
    }
}

/// Takes the stamp of a registry, a few files at a time. A directory that cannot be listed counts
/// as an empty one: the stamp changes when it comes back, and reading says what is wrong.
pub async fn stamp(clone: &Path) -> Stamp {
    of(clone, INDEXED).await
}

/// The same for networks and who may announce them, with the filters.
pub async fn stamp_routes(clone: &Path) -> Stamp {
    let mut stamp = of(clone, ROUTES).await;
    if let Ok(data) = data(clone) {
        for kind in ROUTES {
            let name = CString::new(kind.filter_file()).unwrap_or_default();
            stamp.sum = stamp.sum.wrapping_add(hash(kind, &data, &name));
        }
    }
    stamp
}

async fn of(clone: &Path, kinds: [Kind; 2]) -> Stamp {
    let mut stamp = Stamp { files: 0, sum: 0 };
    let mut pace = Pace(Instant::now());
    for kind in kinds {
        let Ok(directory) = open(clone, kind) else { continue };
        // What was seen before a failure counts; whoever reads says what the failure is.
        let _ = walk(&directory, &mut pace, |entry| {
            stamp.files = stamp.files.wrapping_add(1);
            stamp.sum = stamp.sum.wrapping_add(hash(kind, &directory, entry.file_name()));
        })
        .await;
    }
    stamp
}

/// A hash of what tells one state of a file from another. Its last status change (inode(7)) moves
/// with every write, rename, copy over it and change of mode, and cannot be set back.
fn hash(kind: Kind, directory: &Directory, name: &CStr) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(kind.class().as_bytes());
    hasher.write(name.to_bytes_with_nul());
    if let Ok(stat) = directory.status(name) {
        (stat.st_ino, stat.st_size, stat.st_ctime, stat.st_ctime_nsec).hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether git is at work in the clone: its index is locked. A lock older
/// than [`GIT_LOCK_AGE_MAX`] was left by a git that died, and holds nobody up.
pub fn busy(directory: &Path) -> bool {
    let lock = git_directory(directory).join("index.lock");
    let modified = lock.symlink_metadata().and_then(|metadata| metadata.modified());
    // One from the future was made before the clock was set back, and by how much tells as well.
    let age = modified.map(|time| time.elapsed().unwrap_or_else(|error| error.duration()));
    age.is_ok_and(|age| age < GIT_LOCK_AGE_MAX)
}

/// `.git`, or where the file `.git` says that it is: so in a worktree and in a submodule.
fn git_directory(directory: &Path) -> PathBuf {
    let git = directory.join(".git");
    if !git.is_file() {
        return git;
    }
    let mut text = String::new();
    let read =
        File::open(&git).and_then(|file| file.take(GIT_FILE_BYTES_MAX).read_to_string(&mut text));
    let target = text.strip_prefix("gitdir:").filter(|_| read.is_ok()).map(str::trim);
    target.map_or(git, |path| directory.join(path))
}

/// A file's name and content, or why it is none of the registry's.
fn content<'a>(
    entry: &'a Entry,
    bytes: Result<&'a [u8], Skip>,
) -> Result<(&'a str, &'a [u8]), Skip> {
    let bytes = bytes?;
    entry.name.to_str().map(|name| (name, bytes)).map_err(|_| Skip::FileName)
}

/// Opens the directory of a kind. The clone itself may be a link of the operator's; what is in it
/// is other people's, and may not.
fn open(clone: &Path, kind: Kind) -> Result<Directory, TreeError> {
    Ok(data(clone)?.enter(kind.class())?)
}

fn data(clone: &Path) -> Result<Directory, TreeError> {
    Ok(Directory::open(clone)?.enter("data")?)
}

/// All entries, in the order of their names' bytes.
async fn entries(directory: &Directory, pace: &mut Pace) -> Result<Vec<Entry>, TreeError> {
    let mut entries = Vec::new();
    walk(directory, pace, |entry| entries.push(Entry::of(entry))).await?;
    entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

/// Shows each entry, in the file system's order.
async fn walk(
    directory: &Directory,
    pace: &mut Pace,
    mut show: impl FnMut(&DirEntry),
) -> Result<(), TreeError> {
    for (number, entry) in directory.list()?.enumerate() {
        let entry = entry?;
        if number >= REGISTRY_FILES_MAX {
            let path = directory.path().to_path_buf();
            return Err(TreeError { path, fault: TreeFault::Entries });
        }
        show(&entry);
        pace.step().await;
    }
    Ok(())
}

/// The content of a file, in a buffer that serves for all. One byte more than an object may have is
/// enough to refuse it.
fn load<'a>(
    directory: &Directory,
    entry: &Entry,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], Skip> {
    match entry.file_type {
        FileType::RegularFile | FileType::Unknown => {}
        FileType::Symlink => return Err(Skip::Symlink),
        _ => return Err(Skip::NoFile), // Not even opened: a pipe or device might mind.
    }
    let file = match directory.open_file(entry.name.as_c_str()) {
        Ok(Opened::Plain(file, _)) => file,
        Ok(Opened::Link) => return Err(Skip::Symlink),
        Ok(Opened::Special) => return Err(Skip::NoFile),
        Err(errno) => return Err(Skip::Unreadable(errno.kind())),
    };
    buffer.clear();
    let read = file.take(REGISTRY_OBJECT_BYTES_MAX as u64 + 1).read_to_end(buffer);
    read.map(|_| buffer.as_slice()).map_err(|error| Skip::Unreadable(error.kind()))
}

impl Entry {
    fn of(entry: &DirEntry) -> Entry {
        Entry { name: entry.file_name().into(), file_type: entry.file_type() }
    }
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
        self.fault == TreeFault::Directory(FileFault::System(Errno::ACCESS))
    }
}

impl From<FileError> for TreeError {
    fn from(error: FileError) -> TreeError {
        TreeError { path: error.path, fault: TreeFault::Directory(error.fault) }
    }
}

impl fmt::Display for TreeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.fault {
            TreeFault::Directory(fault) => {
                write!(out, "cannot read the registry's {path}: {fault}")
            }
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
