//! The files that are ours: read with care, written whole or not at all.
//!
//! A new content goes to a file whose name begins with a dot, which neither BIRD's include nor
//! wg-quick looks at, is made durable, and takes the place of the old one in one rename. What bears
//! one of our names and is no plain file (a symlink, a directory) is somebody else's: it is
//! reported and never touched.

mod memory;
mod strays;

pub use memory::Memory;
pub(in crate::sys) use memory::Stamp;
pub use strays::{Stray, strays, trap};

use super::owner;
use crate::limits::{OUR_FILE_BYTES_MAX, SHARED_FILE_BYTES_MAX};
use crate::plan::{FileKind, Owner};
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

/// A file with a key in it is its owner's alone.
const SECRET_MODE: u32 = 0o600;

/// A file that could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    path: PathBuf,
    what: String,
}

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

/// What a plain file holds, and its stamp from before it was read; `None`: it is none.
fn read(directory: &File, name: &OsStr, kind: FileKind) -> io::Result<Option<(String, Stamp)>> {
    // A symlink is not followed, and nobody is waited for at a pipe.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(directory, name, flags, Mode::empty()) {
        Err(Errno::LOOP | Errno::NXIO) => return Ok(None),
        opened => File::from(opened?),
    };
    let status = file.metadata()?;
    if !status.is_file() {
        return Ok(None);
    }
    // One byte more than there should be: the end is found without another growth.
    let bytes_max = match kind {
        FileKind::WireGuard | FileKind::Bird => OUR_FILE_BYTES_MAX,
        FileKind::RoaIpv4 | FileKind::RoaIpv6 | FileKind::Babel => SHARED_FILE_BYTES_MAX,
    };
    let room = status.len().min(bytes_max) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    file.take(bytes_max).read_to_end(&mut bytes)?;
    // What is too long or no text is not what we wrote; it is shown as different and written anew.
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    Ok(Some((text, Stamp::of(&status))))
}

/// Does a file lie in a directory, by whatever path it is named?
pub fn is_in(path: &Path, directory: &Path) -> bool {
    let Some(parent) = path.parent() else { return false };
    let same = || Some(parent.canonicalize().ok()? == directory.canonicalize().ok()?);
    parent == directory || same() == Some(true)
}

/// Is it a plain file, or nothing at all?
fn plain(path: &Path) -> Result<(), FileError> {
    match fs::symlink_metadata(path) {
        Ok(it) if it.is_file() => Ok(()),
        Ok(_) => Err(no_plain_file(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(path, error)),
    }
}

fn no_plain_file(path: &Path) -> FileError {
    let what = "bears a name of ours and is no plain file; it is left alone".to_string();
    FileError { path: path.to_path_buf(), what }
}

/// Writes a file whole, or leaves what was there. Its content is durable; that it stands in the
/// place of the old one is so after [`sync`].
pub fn write(directory: &Path, kind: FileKind, owner: Owner, text: &str) -> Result<(), FileError> {
    replace((directory, kind, owner), text, |draft| draft.sync_all())
}

/// Writes a file of a set that nobody reads yet. A set is durable when [`settle`] was called after
/// its last file. One that is there already is replaced whole: two sets can bear the same second.
pub fn write_new(
    directory: &Path,
    kind: FileKind,
    owner: Owner,
    text: &str,
) -> Result<(), FileError> {
    let path = directory.join(kind.name(owner));
    match create(&path, kind, text) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            replace((directory, kind, owner), text, |_| Ok(()))
        }
        created => created.map(drop).map_err(|error| failed(&path, error)),
    }
}

/// Makes everything durable that was written into a directory. The kernel does so for its whole
/// file system at one go: thousands of files take as long as a few, made durable one by one.
pub fn settle(directory: &Path) -> Result<(), FileError> {
    let all = File::open(directory).and_then(|it| Ok(rustix::fs::syncfs(it)?));
    all.map_err(|error| failed(directory, error))
}

fn replace(
    (directory, kind, owner): (&Path, FileKind, Owner),
    text: &str,
    secure: impl FnOnce(&File) -> io::Result<()>,
) -> Result<(), FileError> {
    let (path, draft) = (directory.join(kind.name(owner)), draft(directory, kind, owner));
    plain(&path)?;
    let written = put(&draft, kind, text)
        .and_then(|file| secure(&file))
        .and_then(|()| fs::rename(&draft, &path));
    written.map_err(|error| {
        // What is left of the draft is of no use to anybody.
        let _ = fs::remove_file(&draft);
        failed(&path, error)
    })
}

fn put(draft: &Path, kind: FileKind, text: &str) -> io::Result<File> {
    match create(draft, kind, text) {
        // A crash left it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(draft)?;
            create(draft, kind, text)
        }
        created => created,
    }
}

fn create(path: &Path, kind: FileKind, text: &str) -> io::Result<File> {
    let mode = if kind.is_secret() { SECRET_MODE } else { 0o644 };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    // The umask may have taken away what BIRD needs; it must not decide.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    owner::give_to_owner_of(path.parent(), &file)?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

/// Takes from others the right to read a WireGuard file. A link in its place is not followed.
pub fn close_to_others(directory: &Path, owner: Owner) -> Result<(), FileError> {
    let path = directory.join(FileKind::WireGuard.name(owner));
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let closed = rustix::fs::open(&path, flags, Mode::empty())
        .map_err(io::Error::from)
        .and_then(|file| File::from(file).set_permissions(fs::Permissions::from_mode(SECRET_MODE)));
    closed.map_err(|error| failed(&path, error))
}

/// The WireGuard files of ours that others than their owner can read, with their modes.
pub fn open_to_others(directory: &Path) -> Vec<(PathBuf, u32)> {
    let mut memory = Memory::default();
    // What cannot be read shows elsewhere.
    let _ = memory.observe(directory, FileKind::WireGuard);
    let mut found = Vec::new();
    for owner in memory.exposed() {
        let path = directory.join(FileKind::WireGuard.name(owner));
        if let Ok(status) = fs::symlink_metadata(&path) {
            found.push((path, status.permissions().mode() & 0o777));
        }
    }
    found
}

/// Removes a file, durably after [`sync`]; one that is gone is no error.
pub fn remove(directory: &Path, kind: FileKind, owner: Owner) -> Result<(), FileError> {
    let path = directory.join(kind.name(owner));
    plain(&path)?;
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&path, error)),
        _ => Ok(()),
    }
}

/// Removes the draft that a crash may have left; a `wg-as<ASN>.conf` that was never one holds the
/// private key all the same.
pub fn discard(directory: &Path, kind: FileKind, owner: Owner) -> Result<(), FileError> {
    let path = draft(directory, kind, owner);
    // Where nothing can be removed, the kernel says so before it looks whether there is anything.
    match fs::symlink_metadata(&path).and_then(|_| fs::remove_file(&path)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&path, error)),
        _ => Ok(()),
    }
}

/// Where a new content is written.
fn draft(directory: &Path, kind: FileKind, owner: Owner) -> PathBuf {
    directory.join(format!(".{}.new", kind.name(owner)))
}

/// Makes durable what was renamed and removed in a directory: once for all of it.
pub fn sync(directory: &Path) -> Result<(), FileError> {
    let synced = File::open(directory).and_then(|it| it.sync_all());
    synced.map_err(|error| failed(directory, error))
}

fn failed(path: &Path, error: io::Error) -> FileError {
    FileError { path: path.to_path_buf(), what: error.to_string() }
}

impl fmt::Display for FileError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path.display(), self.what)
    }
}

impl std::error::Error for FileError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(directory: &Path, kind: FileKind) -> Result<Found, FileError> {
        Memory::default().observe(directory, kind)
    }
    use crate::model::Asn;
    use crate::testing::Place;

    pub fn peering(number: u32) -> Owner {
        Owner::Peering(Asn::new(number).unwrap())
    }

    #[test]
    fn what_was_written_is_found_and_nothing_else() {
        let place = Place::new("found");
        for name in ["ebgp_manual_as1", "ibgp_X", ".ebgp_as1", "ebgp_as1~", "wg-as1.conf.bak"] {
            fs::write(place.0.join(name), "manual").unwrap();
        }
        write(&place.0, FileKind::Bird, peering(7), "one").unwrap();
        write(&place.0, FileKind::Bird, peering(7), "two").unwrap();
        write(&place.0, FileKind::WireGuard, peering(7), "secret").unwrap();
        let found = observe(&place.0, FileKind::Bird).unwrap();
        let ours = BTreeMap::from([(peering(7), "two".into())]);
        assert_eq!((found.ours, found.foreign), (ours, vec![]));
        assert!(found.changed.unwrap().elapsed().unwrap_or_default().as_secs() < 60);
        let mode = |name| fs::metadata(place.0.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("ebgp_as7"), mode("wg-as7.conf")), (0o644, 0o600));
        remove(&place.0, FileKind::Bird, peering(7)).unwrap();
        remove(&place.0, FileKind::Bird, peering(7)).unwrap();
        assert_eq!(observe(&place.0, FileKind::Bird).unwrap().ours, BTreeMap::new());
        assert_eq!(fs::read_dir(&place.0).unwrap().count(), 6, "no draft is left");
    }

    #[test]
    fn a_set_holds_what_was_written_into_it_last() {
        let place = Place::new("set");
        for text in ["one", "two"] {
            write_new(&place.0, FileKind::Bird, peering(7), text).unwrap();
            write_new(&place.0, FileKind::WireGuard, peering(8), text).unwrap();
            settle(&place.0).unwrap();
        }
        let birds = observe(&place.0, FileKind::Bird).unwrap().ours;
        assert_eq!(birds, BTreeMap::from([(peering(7), "two".into())]));
        let mode = |name| fs::metadata(place.0.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("ebgp_as7"), mode("wg-as8.conf")), (0o644, 0o600));
        assert_eq!(fs::read_dir(&place.0).unwrap().count(), 2, "no draft is left");
        assert!(settle(&place.0.join("absent")).is_err());
    }

    #[test]
    fn what_only_bears_our_name_is_left_alone() {
        let place = Place::new("foreign");
        fs::write(place.0.join("target"), "theirs").unwrap();
        std::os::unix::fs::symlink("target", place.0.join("ebgp_as1")).unwrap();
        fs::create_dir(place.0.join("ebgp_as2")).unwrap();
        let found = observe(&place.0, FileKind::Bird).unwrap();
        assert_eq!((found.ours.len(), found.foreign.len(), found.changed), (0, 2, None));
        for number in [1, 2] {
            assert!(write(&place.0, FileKind::Bird, peering(number), "x").is_err());
            assert!(remove(&place.0, FileKind::Bird, peering(number)).is_err());
        }
        assert_eq!(fs::read_to_string(place.0.join("target")).unwrap(), "theirs");
    }

    #[test]
    fn a_draft_that_a_crash_left_is_discarded() {
        let place = Place::new("draft");
        fs::write(place.0.join(".wg-as7.conf.new"), "half").unwrap();
        fs::write(place.0.join(".wg-as8.conf.new"), "another's").unwrap();
        discard(&place.0, FileKind::WireGuard, peering(7)).unwrap();
        discard(&place.0, FileKind::WireGuard, peering(7)).unwrap();
        assert!(!place.0.join(".wg-as7.conf.new").exists());
        assert!(place.0.join(".wg-as8.conf.new").exists());
    }

    #[test]
    fn errors_name_the_file() {
        let missing = Path::new("/nonexistent-directory");
        assert_eq!(observe(missing, FileKind::Bird).unwrap().ours.len(), 0);
        let error = write(missing, FileKind::Bird, peering(1), "x").unwrap_err().to_string();
        assert!(error.starts_with("/nonexistent-directory/ebgp_as1: "), "{error}");
    }
}
