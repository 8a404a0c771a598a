//! An open directory, and the plain files in it by their names.
//!
//! Others can write where we do: whoever pushes to a backup's git repository could put a symlink
//! where a directory of ours should be. So no link is followed below the directory that was opened
//! by its path, every name is looked up in a directory that is held open, and what is no plain file
//! is never touched.
//!
//! A new content goes to a draft whose name begins with a dot, which neither BIRD's include nor
//! wg-quick looks at, and takes the place of the old one in one rename: whole, or not at all.

use super::users;
use rustix::fs::{
    AtFlags, Dir, DirEntry, FileType, Mode, OFlags, RenameFlags, Stat, fchmod, fstat, fsync,
    mkdirat, openat, renameat, renameat_with, statat, symlinkat, syncfs, unlinkat,
};
use rustix::io::Errno;
use rustix::path::Arg;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// An open directory.
pub struct Directory {
    file: OwnedFd,
    path: PathBuf,
}

/// A file or directory, and why nothing could be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: FileFault,
}

/// What can be wrong with a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFault {
    /// What the system said.
    System(Errno),
    /// It is a link or a file, where a directory is needed.
    NoDirectory,
    /// It is a link, a directory or a device, where a plain file is needed.
    NoPlainFile,
    /// The directory has more entries.
    Entries(usize),
    /// The file has more bytes.
    Bytes(usize),
}

/// What a name in a directory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A plain file.
    Plain,
    /// A directory, a symlink, or anything else.
    Other,
}

/// What was found when a file was opened for reading.
pub(super) enum Opened {
    /// A plain file, and its status from before it is read.
    Plain(File, Stat),
    /// A symlink; it was not followed.
    Link,
    /// A directory, a pipe, a socket or a device; nobody was waited for at it.
    Special,
}

/// How a file is written.
#[derive(Clone, Copy, Debug)]
pub struct Put {
    /// Who may read it; the umask does not decide.
    pub mode: u32,
    /// What may be in its place.
    pub over: Over,
    /// When its content is on the disk. That it stands in its place is so after
    /// [`Directory::sync`].
    pub durable: Durable,
}

/// What may be in the place of a file that is written. Anything else is an error and stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// A plain file, or nothing.
    PlainFile,
    Nothing,
}

/// When a content is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// When it was written.
    Now,
    /// After [`Directory::settle`], or whenever the kernel likes.
    Later,
}

const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);

impl Directory {
    /// Opens the directory that the operator named; it may be a link.
    pub fn open(path: &Path) -> Result<Directory, FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(file) => Ok(Directory { file, path: path.to_path_buf() }),
            Err(errno) => Err(FileError::new(path, FileFault::System(errno))),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the directory of this name in it.
    pub fn enter(&self, name: &str) -> Result<Directory, FileError> {
        let path = self.path.join(name);
        match openat(&self.file, name, READ | OFlags::DIRECTORY, Mode::empty()) {
            Ok(file) => Ok(Directory { file, path }),
            Err(Errno::NOTDIR | Errno::LOOP) => Err(FileError::new(&path, FileFault::NoDirectory)),
            Err(errno) => Err(FileError::new(&path, FileFault::System(errno))),
        }
    }

    /// The same; `None`: there is nothing of this name.
    pub fn enter_existing(&self, name: &str) -> Result<Option<Directory>, FileError> {
        match self.enter(name) {
            Err(error) if error.is_absence() => Ok(None),
            entered => entered.map(Some),
        }
    }

    /// The same, and it is made where there is none.
    pub fn enter_or_make(&self, name: &str) -> Result<Directory, FileError> {
        match mkdirat(&self.file, name, Mode::from_raw_mode(0o755)) {
            Ok(()) => {
                let made = self.enter(name)?;
                self.give(&made.file).map_err(|error| self.failed(name, &error))?;
                Ok(made)
            }
            Err(Errno::EXIST) => self.enter(name),
            Err(errno) => Err(self.refused(name, errno)),
        }
    }

    /// Its entries, in the file system's order.
    pub(super) fn list(
        &self,
    ) -> Result<impl Iterator<Item = Result<DirEntry, FileError>>, FileError> {
        let entries = Dir::read_from(&self.file).map_err(|errno| self.refused("", errno))?;
        let named = entries.filter(|entry| match entry {
            Ok(entry) => !matches!(entry.file_name().to_bytes(), b"." | b".."),
            Err(_) => true,
        });
        Ok(named.map(|entry| entry.map_err(|errno| self.refused("", errno))))
    }

    /// The names in it that `wanted` takes. One that is no text belongs to nobody.
    ///
    /// # Errors
    /// Also where it has more than `entries_max` entries of whatever name.
    pub fn entries(
        &self,
        entries_max: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, Entry>, FileError> {
        let mut found = BTreeMap::new();
        for (number, entry) in self.list()?.enumerate() {
            let entry = entry?;
            if number >= entries_max {
                return Err(FileError::new(&self.path, FileFault::Entries(entries_max)));
            }
            let Ok(name) = entry.file_name().to_str() else { continue };
            if !wanted(name) {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => self.entry(name)?.unwrap_or(Entry::Other),
                known => Entry::of(known),
            };
            found.insert(name.to_string(), kind);
        }
        Ok(found)
    }

    /// What bears a name; `None`: nothing.
    pub fn entry(&self, name: &str) -> Result<Option<Entry>, FileError> {
        match self.status(name) {
            Ok(status) => Ok(Some(Entry::of(FileType::from_raw_mode(status.st_mode)))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.refused(name, errno)),
        }
    }

    /// What the system knows of an entry; of a link itself, not of what it leads to.
    pub(super) fn status(&self, name: impl Arg) -> Result<Stat, Errno> {
        statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Opens a file for reading.
    pub(super) fn open_file(&self, name: impl Arg) -> Result<Opened, Errno> {
        let flags = READ | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match openat(&self.file, name, flags, Mode::empty()) {
            Err(Errno::LOOP) => return Ok(Opened::Link),
            Err(Errno::NXIO) => return Ok(Opened::Special),
            opened => opened?,
        };
        let status = fstat(&file)?;
        if FileType::from_raw_mode(status.st_mode) == FileType::RegularFile {
            Ok(Opened::Plain(File::from(file), status))
        } else {
            Ok(Opened::Special)
        }
    }

    /// What a plain file holds; `None`: there is none of this name.
    ///
    /// # Errors
    /// Also where it holds more than `bytes_max`.
    pub fn read(&self, name: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, FileError> {
        let file = match self.open_file(name) {
            Ok(Opened::Plain(file, _)) => file,
            Ok(Opened::Link | Opened::Special) | Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(self.refused(name, errno)),
        };
        let mut bytes = Vec::new();
        let read = file.take(bytes_max as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| self.failed(name, &error))?;
        if bytes.len() > bytes_max {
            return Err(FileError::new(&self.path.join(name), FileFault::Bytes(bytes_max)));
        }
        Ok(Some(bytes))
    }

    /// Writes a plain file whole, or leaves what was there.
    pub fn put(&self, name: &str, bytes: &[u8], how: Put) -> Result<(), FileError> {
        if how.over == Over::PlainFile && self.entry(name)? == Some(Entry::Other) {
            return Err(FileError::new(&self.path.join(name), FileFault::NoPlainFile));
        }
        let draft = draft(name);
        let mut placed = self.write_draft(&draft, bytes, how);
        if placed.is_ok() {
            let (from, to) = (&self.file, &self.file);
            let renamed = match how.over {
                Over::PlainFile => renameat(from, &draft, to, name),
                Over::Nothing => renameat_with(from, &draft, to, name, RenameFlags::NOREPLACE),
            };
            placed = renamed.map_err(io::Error::from);
        }
        placed.map_err(|error| {
            // What is left of the draft is of no use to anybody.
            let _ = unlinkat(&self.file, &draft, AtFlags::empty());
            self.failed(name, &error)
        })
    }

    /// The same where the file does not hold these bytes already. One that cannot be read is
    /// written anew like any other.
    pub fn update(&self, name: &str, bytes: &[u8], how: Put) -> Result<(), FileError> {
        match self.read(name, bytes.len()) {
            Ok(Some(before)) if before == bytes => Ok(()),
            _ => self.put(name, bytes, how),
        }
    }

    fn write_draft(&self, draft: &str, bytes: &[u8], how: Put) -> io::Result<()> {
        self.unlink(draft)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(how.mode);
        let mut file = File::from(openat(&self.file, draft, flags, mode)?);
        fchmod(&file, mode)?;
        self.give(&file)?;
        file.write_all(bytes)?;
        match how.durable {
            Durable::Now => file.sync_all(),
            Durable::Later => Ok(()),
        }
    }

    /// Makes a symlink, in the place of one that is there, in one rename.
    pub fn put_link(&self, name: &str, target: &str) -> Result<(), FileError> {
        let draft = draft(name);
        let placed = self
            .unlink(&draft)
            .and_then(|()| symlinkat(target, &self.file, &draft))
            .and_then(|()| renameat(&self.file, &draft, &self.file, name));
        placed.map_err(|errno| self.refused(name, errno))
    }

    /// Removes a plain file; one that is gone is no error, and anything else stays.
    pub fn remove(&self, name: &str) -> Result<(), FileError> {
        match self.entry(name)? {
            Some(Entry::Plain) => self.unlink(name).map_err(|errno| self.refused(name, errno)),
            Some(Entry::Other) => {
                Err(FileError::new(&self.path.join(name), FileFault::NoPlainFile))
            }
            None => Ok(()),
        }
    }

    /// Removes the draft of a file that a crash may have left.
    pub fn discard_draft(&self, name: &str) -> Result<(), FileError> {
        let draft = draft(name);
        // Where nothing can be removed, the kernel says so before it looks whether there is
        // anything.
        match self.entry(&draft)? {
            Some(_) => self.unlink(&draft).map_err(|errno| self.refused(&draft, errno)),
            None => Ok(()),
        }
    }

    /// Changes who may read a plain file.
    pub fn set_mode(&self, name: &str, mode: u32) -> Result<(), FileError> {
        match self.open_file(name) {
            Ok(Opened::Plain(file, _)) => {
                fchmod(&file, Mode::from_raw_mode(mode)).map_err(|errno| self.refused(name, errno))
            }
            Ok(Opened::Link | Opened::Special) => {
                Err(FileError::new(&self.path.join(name), FileFault::NoPlainFile))
            }
            Err(errno) => Err(self.refused(name, errno)),
        }
    }

    /// Makes durable what was renamed and removed in it: once for all of it.
    pub fn sync(&self) -> Result<(), FileError> {
        fsync(&self.file).map_err(|errno| self.refused("", errno))
    }

    /// Makes everything durable that was written into it. The kernel does so for its whole file
    /// system at one go: thousands of files take as long as a few, made durable one by one.
    pub fn settle(&self) -> Result<(), FileError> {
        syncfs(&self.file).map_err(|errno| self.refused("", errno))
    }

    fn unlink(&self, name: &str) -> Result<(), Errno> {
        match unlinkat(&self.file, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            done => done,
        }
    }

    /// What root makes belongs to whom the directory does: it must stay theirs to write.
    fn give(&self, made: impl std::os::fd::AsFd) -> io::Result<()> {
        if users::is_root() {
            let status = fstat(&self.file)?;
            users::give(made, status.st_uid, status.st_gid)?;
        }
        Ok(())
    }

    fn refused(&self, name: &str, errno: Errno) -> FileError {
        let path = if name.is_empty() { self.path.clone() } else { self.path.join(name) };
        FileError { path, fault: FileFault::System(errno) }
    }

    fn failed(&self, name: &str, error: &io::Error) -> FileError {
        self.refused(name, Errno::from_io_error(error).unwrap_or(Errno::IO))
    }
}

/// Writes a new file with this mode and makes it durable; what is there by then is an error and
/// stays. That it stands there is durable after its directory was synced.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let invalid = FileError::new(path, FileFault::System(Errno::INVAL));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or(invalid)?;
    let put = Put { mode, over: Over::Nothing, durable: Durable::Now };
    Directory::open(parent(path))?.put(name, bytes, put)
}

/// The directory that a path lies in.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Where a new content is written.
fn draft(name: &str) -> String {
    format!(".{name}.new")
}

/// Of which file a name is the draft; `None`: it is none.
pub fn drafted(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix(".new")
}

impl Entry {
    fn of(kind: FileType) -> Entry {
        if kind == FileType::RegularFile { Entry::Plain } else { Entry::Other }
    }
}

impl FileError {
    pub(super) fn new(path: &Path, fault: FileFault) -> FileError {
        FileError { path: path.to_path_buf(), fault }
    }

    /// Is it only that there is nothing?
    pub fn is_absence(&self) -> bool {
        self.fault == FileFault::System(Errno::NOENT)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path.display(), self.fault)
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileFault::System(errno) => io::Error::from(*errno).fmt(out),
            FileFault::NoDirectory => out.write_str("not a directory, and links are not followed"),
            FileFault::NoPlainFile => out.write_str("not a plain file; it is left alone"),
            FileFault::Entries(most) => write!(out, "more than {most} entries"),
            FileFault::Bytes(most) => write!(out, "more than {most} bytes"),
        }
    }
}

impl std::error::Error for FileError {}

#[cfg(test)]
mod tests;
