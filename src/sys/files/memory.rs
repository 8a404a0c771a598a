//! What our files held when they were last read, so that a pass over thousands of unchanged files
//! opens none of them.
//!
//! A file is known again by its stamp. Its last status change (inode(7)) moves with every write,
//! rename and copy over it, and cannot be set back; but it is the time of the kernel's last tick,
//! and a file that was read in the very tick of one change may bear the same time after another.
//! So nothing is kept of a file that had changed within the last [`FILE_SETTLED_S`].

use super::{FileError, Found, failed, no_plain_file, read};
use crate::limits::FILE_SETTLED_S;
use crate::plan::{FileKind, Owner};
use crate::sys::now;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirEntry, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

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
pub(in crate::sys) struct Stamp {
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
    pub fn observe(&mut self, directory: &Path, kind: FileKind) -> Result<Found, FileError> {
        let mut found = Found::default();
        let before = self.seen.remove(&kind).unwrap_or_default();
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(failed(directory, error)),
        };
        // A thousand peerings have two thousand files: names are looked up in the open directory.
        let open = File::open(directory).map_err(|error| failed(directory, error))?;
        let (mut seen, mut exposed) = (BTreeMap::new(), BTreeSet::new());
        for entry in entries {
            let entry = entry.map_err(|error| failed(directory, error))?;
            let name = entry.file_name();
            let Some(owner) = name.to_str().and_then(|name| kind.owner(name)) else {
                continue;
            };
            match content((&open, &entry), kind, before.get(&owner)) {
                Ok(Some(Content { text, stamp, is_settled })) => {
                    found.ours.insert(owner, text.clone());
                    found.changed = found.changed.max(stamp.changed_at());
                    if kind.is_secret() && stamp.mode & 0o077 != 0 {
                        exposed.insert(owner);
                    }
                    if is_settled {
                        seen.insert(owner, Seen { stamp, text });
                    }
                }
                Ok(None) => found.foreign.push(no_plain_file(&directory.join(name))),
                // Gone since the directory was read.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => found.foreign.push(failed(&directory.join(name), error)),
            }
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
    (directory, entry): (&File, &DirEntry),
    kind: FileKind,
    before: Option<&Seen>,
) -> io::Result<Option<Content>> {
    if let Some(Seen { stamp, text }) = before
        && Stamp::of(&entry.metadata()?) == *stamp
    {
        return Ok(Some(Content { text: text.clone(), stamp: *stamp, is_settled: true }));
    }
    let begun_s = now().0;
    let Some((text, stamp)) = read(directory, &entry.file_name(), kind)? else { return Ok(None) };
    let is_settled = stamp.is_settled(begun_s);
    Ok(Some(Content { text: text.into(), stamp, is_settled }))
}

impl Stamp {
    pub(in crate::sys) fn of(status: &Metadata) -> Stamp {
        Stamp {
            device: status.dev(),
            inode: status.ino(),
            bytes: status.size(),
            changed: (status.ctime(), status.ctime_nsec()),
            mode: status.mode(),
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
    pub(in crate::sys) fn is_settled(&self, now_s: i64) -> bool {
        self.changed.0.saturating_add(FILE_SETTLED_S) <= now_s
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::peering;
    use super::*;
    use crate::limits::REGISTRY_ROA_LINES_MAX;
    use crate::testing::Place;
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
    use std::os::unix::fs::symlink;

    /// The texts of all files, and how many of them the memory will know again.
    fn look(memory: &mut Memory, place: &Place) -> (Vec<String>, usize) {
        let found = memory.observe(&place.0, FileKind::Bird).unwrap().ours;
        let known = memory.seen.get(&FileKind::Bird).map_or(0, BTreeMap::len);
        (found.values().map(|it| it.to_string()).collect(), known)
    }

    /// As if the file had been read long after its last change.
    fn settle(memory: &mut Memory, place: &Place) {
        let seen = memory.seen.entry(FileKind::Bird).or_default();
        for (owner, text) in memory_of(place) {
            let status = fs::symlink_metadata(place.0.join(FileKind::Bird.name(owner))).unwrap();
            seen.insert(owner, Seen { stamp: Stamp::of(&status), text });
        }
    }

    fn memory_of(place: &Place) -> BTreeMap<Owner, Rc<str>> {
        Memory::default().observe(&place.0, FileKind::Bird).unwrap().ours
    }

    /// The registry's tables are the largest files that we keep; one that was read cut short would
    /// be written anew in every pass.
    #[test]
    fn a_table_of_route_origins_is_read_whole() {
        let place = Place::new("whole");
        let line = "route fd42:4242:4242::/48 max 64 as 4242424242;\n";
        let text = line.repeat(REGISTRY_ROA_LINES_MAX);
        super::super::write(&place.0, FileKind::RoaIpv6, Owner::Pop, &text).unwrap();
        let found = Memory::default().observe(&place.0, FileKind::RoaIpv6).unwrap().ours;
        assert!(found.get(&Owner::Pop).is_some_and(|it| **it == *text));
    }

    #[test]
    fn a_file_that_just_changed_is_read_again() {
        let place = Place::new("racy");
        fs::write(place.0.join("ebgp_as7"), "one").unwrap();
        let mut memory = Memory::default();
        assert_eq!(look(&mut memory, &place), (vec!["one".to_string()], 0));
    }

    #[test]
    fn what_is_known_is_not_opened_and_every_change_is_seen() {
        let place = Place::new("memory");
        let (file, other) = (place.0.join("ebgp_as7"), place.0.join("other"));
        fs::write(&file, "one").unwrap();
        let mut memory = Memory::default();
        settle(&mut memory, &place);
        // The memory is believed: this is not what the file holds.
        let seen = memory.seen.get_mut(&FileKind::Bird).unwrap();
        seen.get_mut(&peering(7)).unwrap().text = "kept".into();
        assert_eq!(look(&mut memory, &place), (vec!["kept".to_string()], 1));
        let changes: [(&str, &dyn Fn()); 4] = [
            ("two", &|| fs::write(&file, "two").unwrap()),
            ("six", &|| {
                // Another file of the same size takes its place, with its times set back.
                fs::write(&other, "six").unwrap();
                let old = Timespec { tv_sec: 1_000, tv_nsec: 0 };
                let times = Timestamps { last_access: old, last_modification: old };
                utimensat(CWD, &other, &times, AtFlags::empty()).unwrap();
                fs::rename(&other, &file).unwrap();
            }),
            ("longer", &|| fs::write(&file, "longer").unwrap()),
            ("short", &|| fs::write(&file, "short").unwrap()),
        ];
        for (text, change) in changes {
            settle(&mut memory, &place);
            // Beyond the kernel's tick: 10 ms at most.
            std::thread::sleep(Duration::from_millis(20));
            change();
            assert_eq!(look(&mut memory, &place), (vec![text.to_string()], 0));
        }
        settle(&mut memory, &place);
        fs::remove_file(&file).unwrap();
        symlink("other", &file).unwrap();
        let found = memory.observe(&place.0, FileKind::Bird).unwrap();
        assert_eq!((found.ours.len(), found.foreign.len()), (0, 1));
        fs::remove_file(&file).unwrap();
        assert_eq!(look(&mut memory, &place), (vec![], 0));
    }

    #[test]
    fn only_an_old_change_is_trusted() {
        let stamp = |second| Stamp { device: 1, inode: 1, bytes: 1, changed: (second, 0), mode: 0 };
        assert!(stamp(100 - FILE_SETTLED_S).is_settled(100));
        assert!(!stamp(101 - FILE_SETTLED_S).is_settled(100));
        assert!(!stamp(i64::MAX).is_settled(100));
    }
}
