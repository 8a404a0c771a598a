//! Whose a file is. The service runs as a user of its own and the operator as root: what root makes
//! in a directory of the service must be the service's, or it cannot be written any more.

use super::users;
use rustix::fs::{Gid, Uid, fchown};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Gives a file that root made to whom its directory belongs. Whoever else makes one keeps it.
pub fn give_to_owner_of(directory: Option<&Path>, file: &File) -> io::Result<()> {
    match directory {
        Some(directory) if users::is_root() => give(file, &fs::metadata(directory)?),
        _ => Ok(()),
    }
}

/// Gives a file to whom another one belongs. Root alone can do so.
pub fn give(file: &File, like: &Metadata) -> io::Result<()> {
    let (owner, group) = (Uid::from_raw(like.uid()), Gid::from_raw(like.gid()));
    Ok(fchown(file, Some(owner), Some(group))?)
}

/// May others than its owner read or write it?
pub fn is_open_to_others(status: &Metadata) -> bool {
    status.mode() & 0o077 != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;
    use rustix::fs::chown;

    #[test]
    fn what_root_makes_is_the_directorys_owners() {
        if !users::is_root() {
            return crate::testing::skipped("what_root_makes_is_the_directorys_owners", "not root");
        }
        let place = Place::new("owner");
        chown(&place.0, Some(Uid::from_raw(12_345)), Some(Gid::from_raw(12_346))).unwrap();
        let path = place.0.join("file");
        let file = File::create(&path).unwrap();
        give_to_owner_of(path.parent(), &file).unwrap();
        let status = fs::metadata(&path).unwrap();
        assert_eq!((status.uid(), status.gid()), (12_345, 12_346));
    }
}
