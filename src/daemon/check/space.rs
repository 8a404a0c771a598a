//! Is there room where the service writes? On a full disk nobody can change anything.

use super::{Findings, Scene};
use crate::limits::CHECK_FREE_BYTES_MIN;
use rustix::fs::statvfs;
use std::path::Path;

/// The area's name.
const NAME: &str = "space";

/// Looks at every directory that the service writes to; what cannot be seen others tell.
pub(super) fn look(scene: &Scene, findings: &mut Findings) {
    let config = &scene.assembled.config;
    let store = config.store.path.parent().filter(|path| !path.as_os_str().is_empty());
    let store = store.unwrap_or(Path::new("."));
    let mut is_enough = true;
    for directory in [store, &config.wireguard.directory, &config.bird.directory] {
        if let Some(lack) = Room::of(directory).and_then(Room::lack) {
            is_enough = false;
            let shown = directory.display();
            let detail = format!("{shown}: {}; nothing can be saved there", lack.words());
            findings.wrong(NAME, detail, lack.remedy(directory));
        }
    }
    if is_enough {
        findings.ok(NAME, "there is room for the database and the files of peerings");
    }
}

/// What a file system has too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// So many bytes are left.
    Bytes(u64),
    /// It can have no more files.
    Inodes,
}

impl Lack {
    fn words(self) -> String {
        match self {
            Lack::Bytes(free) => format!("the disk is full, {} KiB are left", free / 1024),
            Lack::Inodes => "the disk can have no more files (no inode is left)".to_string(),
        }
    }

    fn remedy(self, directory: &Path) -> String {
        let shown = directory.display();
        match self {
            Lack::Bytes(_) => format!("df -h {shown}; du -xh / | sort -h | tail; make room"),
            Lack::Inodes => format!("df -i {shown}; du -x --inodes / | sort -n | tail; make room"),
        }
    }
}

/// What a file system has left for anybody but root.
#[derive(Clone, Copy, Debug)]
struct Room {
    bytes: u64,
    /// `None`: it makes inodes as it needs them.
    inodes: Option<u64>,
}

impl Room {
    fn of(directory: &Path) -> Option<Room> {
        let status = statvfs(directory).ok()?;
        Some(Room {
            bytes: status.f_bavail.saturating_mul(status.f_frsize),
            // btrfs says that it has 0 of them.
            inodes: (status.f_files > 0).then_some(status.f_favail),
        })
    }

    fn lack(self) -> Option<Lack> {
        if self.bytes < CHECK_FREE_BYTES_MIN {
            return Some(Lack::Bytes(self.bytes));
        }
        (self.inodes == Some(0)).then_some(Lack::Inodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;

    #[test]
    fn too_little_is_less_than_a_mebibyte_or_no_inode() {
        let place = Place::new("space");
        assert_eq!(Room::of(&place.0).unwrap().lack(), None, "this machine has room");
        let least = CHECK_FREE_BYTES_MIN;
        for (bytes, inodes, expected) in [
            (least, Some(1), None),
            (least, None, None),
            (u64::MAX, Some(1), None),
            (least - 1, Some(1), Some(Lack::Bytes(least - 1))),
            (0, Some(0), Some(Lack::Bytes(0))),
            (least, Some(0), Some(Lack::Inodes)),
        ] {
            assert_eq!(Room { bytes, inodes }.lack(), expected, "{bytes} {inodes:?}");
        }
    }
}
