//! Whether the registry changed since it was read, without inotify and without reading it.
//!
//! Every file of two directories is looked at by `stat`: a commit that touches only other
//! objects changes nothing, and an edit by hand is seen like a `git pull`. Not seen is what leaves
//! a file's size and last status change as they were, as some network file systems do; SIGHUP is
//! for that.

use super::routes::ROUTES;
use super::{Folder, INDEXED, Pace};
use crate::limits::{GIT_FILE_BYTES_MAX, GIT_LOCK_AGE_S_MAX};
use crate::registry::Kind;
use rustix::fs::{AtFlags, DirEntry, statat};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What the registry's files looked like from outside. Equal stamps mean: nothing to read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    files: u64,
    /// A sum over the files, so that their order in the directory does not matter.
    sum: u64,
}

/// Takes the stamp of a registry, a few files at a time. A directory that cannot be listed counts
/// as an empty one: the stamp changes when it comes back, and reading says what is wrong.
pub async fn stamp(directory: &Path) -> Stamp {
    of(directory, INDEXED).await
}

/// The same for networks and who may announce them, with the filters.
pub async fn stamp_routes(directory: &Path) -> Stamp {
    let mut stamp = of(directory, ROUTES).await;
    if let Ok(data) = Folder::data(directory) {
        for kind in ROUTES {
            let name = CString::new(kind.filter_file()).unwrap_or_default();
            stamp.sum = stamp.sum.wrapping_add(look(kind, &data, &name));
        }
    }
    stamp
}

async fn of(directory: &Path, kinds: [Kind; 2]) -> Stamp {
    let mut stamp = Stamp { files: 0, sum: 0 };
    let mut pace = Pace(Instant::now());
    for kind in kinds {
        let Ok(folder) = Folder::open(directory, kind) else { continue };
        let count = |entry: &DirEntry| {
            stamp.files = stamp.files.wrapping_add(1);
            stamp.sum = stamp.sum.wrapping_add(look(kind, &folder, entry.file_name()));
        };
        // What was seen before a failure counts; the failure itself is told by who reads.
        let _ = folder.walk(&mut pace, count).await;
    }
    stamp
}

/// A hash of what tells one state of a file from another. Its last status change (inode(7)) moves
/// with every write, rename, copy over it and change of mode, and cannot be set back.
fn look(kind: Kind, folder: &Folder, name: &CStr) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(kind.class().as_bytes());
    hasher.write(name.to_bytes_with_nul());
    if let Ok(stat) = statat(&folder.file, name, AtFlags::SYMLINK_NOFOLLOW) {
        (stat.st_ino, stat.st_size, stat.st_ctime, stat.st_ctime_nsec).hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether git is at work in the clone: its index is locked. A lock older
/// than [`GIT_LOCK_AGE_S_MAX`] was left by a git that died, and holds nobody up.
pub fn busy(directory: &Path) -> bool {
    let lock = git_directory(directory).join("index.lock");
    let modified = lock.symlink_metadata().and_then(|it| it.modified());
    // One from the future was made before the clock was set back, and by how much tells as well.
    let age = modified.map(|it| it.elapsed().unwrap_or_else(|error| error.duration()));
    age.is_ok_and(|it| it < Duration::from_secs(GIT_LOCK_AGE_S_MAX))
}

/// `.git`, or where the file `.git` says that it is: so in a worktree and in a submodule.
fn git_directory(directory: &Path) -> PathBuf {
    let git = directory.join(".git");
    if !git.is_file() {
        return git;
    }
    let mut text = String::new();
    let read =
        File::open(&git).and_then(|it| it.take(GIT_FILE_BYTES_MAX).read_to_string(&mut text));
    let target = text.strip_prefix("gitdir:").filter(|_| read.is_ok()).map(str::trim);
    target.map_or(git, |it| directory.join(it))
}
