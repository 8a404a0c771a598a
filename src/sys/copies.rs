//! Directories whose plain files are read, written and removed by their names, and nothing else.
//!
//! Others can write into a backup's working copy: whoever pushes to the same git repository could
//! put a symlink where a directory of ours should be. So no link is followed below the directory
//! that the operator named, and every name is looked up in a directory that is held open. What is
//! no plain file is never touched.

use crate::limits::{BACKUP_FILE_BYTES_MAX, BACKUP_FILES_MAX};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::fs::{fchmod, fstat, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// An open directory.
pub struct Folder {
    file: OwnedFd,
    path: PathBuf,
}

/// What could not be done, and with what.
#[derive(Debug)]
pub struct CopyError {
    path: PathBuf,
    what: io::Error,
}

/// What a name in a directory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A plain file.
    Plain,
    /// A directory, a symlink, or anything else.
    Other,
}

impl Folder {
    /// Opens the directory that the operator named; it may be a link.
    pub fn open(path: &Path) -> Result<Folder, CopyError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty());
        let failed = |error: Errno| CopyError { path: path.to_path_buf(), what: error.into() };
        Ok(Folder { file: file.map_err(failed)?, path: path.to_path_buf() })
    }

    /// The directory of this name in it, made where there is none. A link in its place is an error.
    pub fn inner(&self, name: &str) -> Result<Folder, CopyError> {
        match mkdirat(&self.file, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(self.failed(name, error)),
        }
        self.enter(name)
    }

    fn enter(&self, name: &str) -> Result<Folder, CopyError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.file, name, flags, Mode::empty());
        let file = file.map_err(|error| match error {
            Errno::NOTDIR | Errno::LOOP => {
                let what = io::Error::other("no directory, and links are not followed");
                CopyError { path: self.path.join(name), what }
            }
            error => self.failed(name, error),
        })?;
        Ok(Folder { file, path: self.path.join(name) })
    }

    /// The directory of this name in it, if there is one.
    pub fn existing(&self, name: &str) -> Result<Option<Folder>, CopyError> {
        match statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(None),
            _ => self.enter(name).map(Some),
        }
    }

    /// The names in it that `wanted` takes. One that is no text belongs to nobody.
    pub fn entries(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, Entry>, CopyError> {
        let mut found = BTreeMap::new();
        let listing = Dir::read_from(&self.file).map_err(|error| self.failed("", error))?;
        for (number, entry) in listing.enumerate() {
            let entry = entry.map_err(|error| self.failed("", error))?;
            if number > BACKUP_FILES_MAX {
                let what = io::Error::other(format!("more than {BACKUP_FILES_MAX} entries"));
                return Err(CopyError { path: self.path.clone(), what });
            }
            let Some(name) = entry.file_name().to_str().ok().filter(|name| wanted(name)) else {
                continue;
            };
            found.insert(name.to_string(), self.entry(name, entry.file_type()));
        }
        Ok(found)
    }

    fn entry(&self, name: &str, told: FileType) -> Entry {
        let status = || statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW);
        let kind = match told {
            FileType::Unknown => status().map(|it| FileType::from_raw_mode(it.st_mode)),
            known => Ok(known),
        };
        if kind == Ok(FileType::RegularFile) { Entry::Plain } else { Entry::Other }
    }

    /// What a plain file holds; `None`: it is gone, or none.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, CopyError> {
        let wary = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | wary;
        let file = match openat(&self.file, name, flags, Mode::empty()) {
            Err(Errno::LOOP | Errno::NXIO | Errno::NOENT) => return Ok(None),
            opened => opened.map_err(|error| self.failed(name, error))?,
        };
        let status = fstat(&file).map_err(|error| self.failed(name, error))?;
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let most = BACKUP_FILE_BYTES_MAX as u64 + 1;
        let read = File::from(file).take(most).read_to_end(&mut bytes);
        read.map_err(|what| CopyError { path: self.path.join(name), what })?;
        if bytes.len() > BACKUP_FILE_BYTES_MAX {
            let what = io::Error::other(format!("more than {BACKUP_FILE_BYTES_MAX} bytes"));
            return Err(CopyError { path: self.path.join(name), what });
        }
        Ok(Some(bytes))
    }

    /// Writes a plain file whole, or leaves what was there; `false`: it has these bytes already. It
    /// is not made durable: what a power cut takes is written anew by the next copy.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<bool, CopyError> {
        match self.read(name) {
            Ok(Some(before)) if before == bytes => return Ok(false),
            Ok(None) => self.is_free(name)?,
            // What cannot be read is replaced like anything else.
            Ok(Some(_)) | Err(_) => {}
        }
        let draft = draft(name);
        let written = self
            .put(&draft, bytes)
            .and_then(|()| renameat(&self.file, &draft, &self.file, name).map_err(io::Error::from));
        written.map(|()| true).map_err(|what| {
            // What is left of the draft is of no use to anybody.
            let _ = unlinkat(&self.file, &draft, AtFlags::empty());
            CopyError { path: self.path.join(name), what }
        })
    }

    /// Nothing bears the name, or a plain file does.
    fn is_free(&self, name: &str) -> Result<(), CopyError> {
        match statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.failed(name, error)),
            Ok(_) => {
                let what = io::Error::other("is no plain file; it is left alone");
                Err(CopyError { path: self.path.join(name), what })
            }
        }
    }

    fn put(&self, draft: &str, bytes: &[u8]) -> io::Result<()> {
        match unlinkat(&self.file, draft, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o644);
        let file = openat(&self.file, draft, flags, mode)?;
        // Nothing in it is secret, and the umask of the service lets nobody read.
        fchmod(&file, mode)?;
        File::from(file).write_all(bytes)
    }

    /// Removes a plain file; one that is gone is no error.
    pub fn remove(&self, name: &str) -> Result<(), CopyError> {
        match unlinkat(&self.file, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.failed(name, error)),
        }
    }

    /// The same where a plain file bears the name; anything else is left alone.
    pub fn remove_plain(&self, name: &str) -> Result<(), CopyError> {
        match statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(status) if FileType::from_raw_mode(status.st_mode) == FileType::RegularFile => {
                self.remove(name)
            }
            Ok(_) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.failed(name, error)),
        }
    }

    fn failed(&self, name: &str, error: Errno) -> CopyError {
        CopyError { path: self.path.join(name), what: error.into() }
    }
}

/// Where a new content is written.
fn draft(name: &str) -> String {
    format!(".{name}.new")
}

/// Of which file a name is the draft; a crash may leave one. `None`: it is none.
pub fn drafted(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix(".new")
}

impl CopyError {
    /// Is it only that there is nothing?
    pub fn is_absence(&self) -> bool {
        self.what.kind() == ErrorKind::NotFound
    }
}

impl fmt::Display for CopyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path.display(), self.what)
    }
}

impl std::error::Error for CopyError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn files_are_written_when_they_differ_and_removed_by_name() {
        let place = Place::new("written");
        let folder = Folder::open(&place.0).unwrap().inner("a").unwrap();
        assert!(folder.write("x", b"one").unwrap());
        assert!(!folder.write("x", b"one").unwrap());
        assert!(folder.write("x", b"two").unwrap());
        assert_eq!(fs::read(place.0.join("a/x")).unwrap(), b"two");
        let entries = folder.entries(|_| true).unwrap();
        let plain: Vec<_> = entries.iter().filter(|it| *it.1 == Entry::Plain).collect();
        assert_eq!(plain, [(&"x".to_string(), &Entry::Plain)], "no draft is left: {entries:?}");
        folder.remove("x").unwrap();
        folder.remove("x").unwrap();
        assert_eq!(folder.read("x").unwrap(), None);
    }

    /// Somebody pushes links into the repository: what they point at is neither written, nor read,
    /// nor removed.
    #[test]
    fn links_lead_nowhere() {
        let place = Place::new("links");
        fs::create_dir(place.0.join("victim")).unwrap();
        fs::write(place.0.join("victim/x"), "theirs").unwrap();
        fs::create_dir(place.0.join("ours")).unwrap();
        symlink(place.0.join("victim"), place.0.join("ours/linked")).unwrap();
        symlink(place.0.join("victim/x"), place.0.join("ours/x")).unwrap();
        let ours = Folder::open(&place.0.join("ours")).unwrap();
        let error = ours.inner("linked").err().unwrap().to_string();
        assert!(error.ends_with("linked: no directory, and links are not followed"), "{error}");
        assert_eq!(ours.read("x").unwrap(), None);
        let error = ours.write("x", b"ours").unwrap_err().to_string();
        assert!(error.ends_with("ours/x: is no plain file; it is left alone"), "{error}");
        assert_eq!(ours.entries(|it| it == "x").unwrap()["x"], Entry::Other);
        assert_eq!(fs::read_to_string(place.0.join("victim/x")).unwrap(), "theirs");
        let through = Folder::open(&place.0.join("ours/linked"));
        assert!(through.is_ok(), "the operator's own link is");
    }

    #[test]
    fn errors_name_the_file() {
        let missing = Folder::open(Path::new("/nonexistent-directory")).err().unwrap();
        assert!(missing.is_absence());
        assert!(missing.to_string().starts_with("/nonexistent-directory: "), "{missing}");
        let place = Place::new("large");
        let file = File::create(place.0.join("large")).unwrap();
        file.set_len(BACKUP_FILE_BYTES_MAX as u64 + 1).unwrap();
        let error = Folder::open(&place.0).unwrap().read("large").unwrap_err();
        assert!(error.to_string().ends_with("large: more than 4194304 bytes"), "{error}");
    }
}
