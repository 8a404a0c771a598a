//! A file where there was none: whole, or not at all.

use super::owner;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Writes a file with this mode in the place of nothing; what is there by then is an error and
/// stays. Its content is durable; that it stands there is so when its directory was synced.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let draft = draft(path);
    let placed = put(&draft, bytes, mode)
        .and_then(|()| Ok(renameat_with(CWD, &draft, CWD, path, RenameFlags::NOREPLACE)?));
    if placed.is_err() {
        // What is left of the draft is of no use to anybody.
        drop(fs::remove_file(&draft));
    }
    placed
}

fn put(draft: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = match open(draft, mode) {
        // A crash left it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(draft)?;
            open(draft, mode)?
        }
        opened => opened?,
    };
    // The umask may have taken away what others need; it must not decide.
    file.set_permissions(Permissions::from_mode(mode))?;
    owner::give_to_owner_of(draft.parent(), &file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn open(draft: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(draft)
}

/// Beside the file, under a name that begins with a dot.
fn draft(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;

    #[test]
    fn what_is_there_stays_and_what_a_crash_left_goes() {
        let place = Place::new("new-file");
        let path = place.0.join("file");
        fs::write(place.0.join(".file.new"), "half").unwrap();
        create(&path, b"whole", 0o600).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let error = create(&path, b"other", 0o644).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(fs::read_dir(&place.0).unwrap().count(), 1, "no draft is left");
    }
}
