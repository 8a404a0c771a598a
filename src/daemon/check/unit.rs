//! How the service is started here: the user that it has, and what systemd hands it.

use crate::sys::users::{self, ROOT, User};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Where units are, the strongest first (systemd.unit(5)).
const DIRECTORIES: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// The unit, and the user that its package makes.
const UNIT: &str = "peerling.service";
pub(in crate::daemon) const USER: &str = "peerling";

/// The user of the service over this database: whose directory it is; before there is one, whom the
/// unit names, or the package's user. `None`: the service is root's.
pub(in crate::daemon) fn service_user(database: &Path) -> Option<User> {
    let directory = database.parent().and_then(|directory| directory.metadata().ok());
    match directory.map(|metadata| metadata.uid()) {
        Some(ROOT) => None,
        Some(uid) => users::by_uid(uid),
        None => users::by_name(user_in(&text()).unwrap_or(USER)),
    }
}

/// Does the unit hand the service a copy of this file, which only root can read?
pub(in crate::daemon) fn hands_over(path: &Path) -> bool {
    is_credential(&text(), path)
}

/// The unit with what the operator added to it.
fn text() -> String {
    let mut text = String::new();
    for directory in DIRECTORIES.map(Path::new) {
        if let Ok(unit) = fs::read_to_string(directory.join(UNIT)) {
            text = unit;
            break;
        }
    }
    let mut added: Vec<PathBuf> = Vec::new();
    for directory in DIRECTORIES.map(Path::new) {
        let entries = fs::read_dir(directory.join(format!("{UNIT}.d"))).into_iter().flatten();
        added.extend(entries.flatten().map(|entry| entry.path()));
    }
    added.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    for path in added {
        if path.extension().is_some_and(|extension| extension == "conf") {
            text += "\n";
            text += &fs::read_to_string(path).unwrap_or_default();
        }
    }
    text
}

/// The last `User=` counts.
fn user_in(text: &str) -> Option<&str> {
    let mut users = text.lines().rev().filter_map(|line| line.trim().strip_prefix("User="));
    users.next().filter(|user| !user.is_empty())
}

fn is_credential(text: &str, path: &Path) -> bool {
    let credentials = text.lines().filter_map(|line| line.trim().strip_prefix("LoadCredential="));
    let mut files = credentials.filter_map(|credential| credential.split_once(':'));
    files.any(|(_, file)| Path::new(file) == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGED: &str = include_str!("../../../packaging/systemd/peerling.service");

    #[test]
    fn the_packaged_unit_is_understood() {
        assert_eq!(user_in(PACKAGED), Some(USER));
        assert_eq!(user_in(&format!("{PACKAGED}\n[Service]\nUser=dn42\n")), Some("dn42"));
        assert_eq!(user_in(""), None);
        assert!(is_credential(PACKAGED, Path::new("/etc/wireguard/peerling.key")));
        assert!(!is_credential(PACKAGED, Path::new("/etc/wireguard/other.key")));
    }
}
