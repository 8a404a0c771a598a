//! The service: how it is started here, what its configuration names, and what the one that runs
//! says.

use super::{Findings, Scene};
use crate::local::{BoardView, Client, ClientError, Seen};
use crate::sys::users::{self, ROOT, User, may};
use rustix::fs::Access;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The area's name.
const NAME: &str = "service";

/// What came of asking.
pub(super) enum Asked {
    /// None runs over this database.
    Nobody,
    /// One runs, and could not be asked.
    Mute,
    /// What it sees.
    Seen(Box<Seen>),
}

/// Asks the service that runs over the database, if there is one.
pub(super) fn ask(scene: &Scene, findings: &mut Findings) -> Asked {
    let asked = Client::connect(&scene.assembled.config.store.path);
    let seen = match asked {
        Ok(None) => {
            findings.warn(NAME, "it does not run", "systemctl enable --now peerling");
            return Asked::Nobody;
        }
        Ok(Some(client)) => client.board(),
        Err(error) => Err(error),
    };
    match seen {
        Ok(seen) => {
            tell(&seen.board, findings);
            Asked::Seen(Box::new(seen))
        }
        Err(error @ ClientError::Permission(_)) => {
            findings.warn(NAME, error, "peerling check as root");
            Asked::Mute
        }
        Err(error) => {
            findings.wrong(NAME, error, "systemctl restart peerling; journalctl -u peerling");
            Asked::Mute
        }
    }
}

fn tell(board: &BoardView, findings: &mut Findings) {
    match (&board.database, &board.trouble) {
        (Some(database), _) => findings.wrong(
            NAME,
            format_args!("it runs, and answers no command: {}", database.trouble),
            &database.remedy,
        ),
        (None, None) => findings.ok(NAME, "it runs, and its last pass went through"),
        (None, Some(trouble)) => findings.wrong(
            NAME,
            format_args!("it runs, and no pass goes through: {trouble}"),
            "mend that; the next pass comes by itself, at once after systemctl reload peerling",
        ),
    }
    let registry = &board.registry;
    if let Some(why) = &registry.refused {
        findings.wrong(
            "registry",
            format_args!("the service goes on with an older registry: {why}"),
            "if what is on the disk is right: systemctl restart peerling",
        );
    }
    if let Some(why) = &registry.pull_error {
        findings.wrong(
            "registry_pull",
            format_args!("the service could not pull: {why}"),
            "mend that, then systemctl reload peerling, which pulls at once",
        );
    }
    if let Some(why) = &board.backup_error {
        findings.wrong("backup", why, "mend that, then systemctl reload peerling");
    }
}

/// The area's name.
pub(super) const CONFIGURATION: &str = "configuration";
/// What to do about a line of the configuration.
pub(super) const CORRECT_LINE: &str =
    "correct the line; peerling.toml(5) tells what each key takes";

/// AS numbers that nobody has, for manuals (RFC 5398).
const NOBODYS: [RangeInclusive<u32>; 2] = [64_496..=64_511, 65_536..=65_551];

/// Looks at what the configuration names besides keys and directories.
pub(super) fn configuration(scene: &Scene, findings: &mut Findings) {
    let asn = scene.assembled.config.pop.asn;
    if NOBODYS.iter().any(|range| range.contains(&asn.get())) {
        let detail = format!("pop.asn is {}, the sample's: it is nobody's AS number", asn.get());
        findings.wrong(CONFIGURATION, detail, "pop.asn = your own AS number");
    }
    let file = scene.file.path();
    if file.exists() && !may(file, Access::READ_OK) {
        let (shown, us) = (file.display(), users::name(users::current()));
        let detail = format!("{shown}: {us}, the service's user, cannot read it");
        findings.wrong(
            CONFIGURATION,
            detail,
            format_args!("chgrp {us} {shown}; chmod 640 {shown}"),
        );
    }

    match &scene.assembled.banner {
        Ok(_) => findings.ok(CONFIGURATION, format_args!("{} is read", scene.file_name())),
        Err(trouble) => findings.warn(
            CONFIGURATION,
            format_args!("ssh.motd: {trouble}; members see no banner"),
            "correct ssh.motd, or leave it out; then systemctl reload peerling",
        ),
    }
}

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
pub(in crate::cli) const PACKAGE_USER: &str = "peerling";

/// The user of the service over this database: whose directory it is; before there is one, whom the
/// unit names, or the package's user. `None`: the service is root's.
pub(in crate::cli) fn service_user(database: &Path) -> Option<User> {
    let directory = database.parent().and_then(|directory| directory.metadata().ok());
    match directory.map(|metadata| metadata.uid()) {
        Some(ROOT) => None,
        Some(uid) => users::by_uid(uid),
        None => users::by_name(user_in(&unit_text()).unwrap_or(PACKAGE_USER)),
    }
}

/// Does the unit hand the service a copy of this file, which only root can read?
pub(in crate::cli) fn hands_over(path: &Path) -> bool {
    is_credential(&unit_text(), path)
}

/// The unit with what the operator added to it.
fn unit_text() -> String {
    let mut unit_text = String::new();
    for directory in DIRECTORIES.map(Path::new) {
        if let Ok(unit) = fs::read_to_string(directory.join(UNIT)) {
            unit_text = unit;
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
            unit_text += "\n";
            unit_text += &fs::read_to_string(path).unwrap_or_default();
        }
    }
    unit_text
}

/// The last `User=` counts.
fn user_in(unit_text: &str) -> Option<&str> {
    let mut users = unit_text.lines().rev().filter_map(|line| line.trim().strip_prefix("User="));
    users.next().filter(|user| !user.is_empty())
}

fn is_credential(unit_text: &str, path: &Path) -> bool {
    let credentials =
        unit_text.lines().filter_map(|line| line.trim().strip_prefix("LoadCredential="));
    let mut files = credentials.filter_map(|credential| credential.split_once(':'));
    files.any(|(_, file)| Path::new(file) == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGED: &str = include_str!("../../../packaging/systemd/peerling.service");

    #[test]
    fn the_packaged_unit_is_understood() {
        assert_eq!(user_in(PACKAGED), Some(PACKAGE_USER));
        assert_eq!(user_in(&format!("{PACKAGED}\n[Service]\nUser=dn42\n")), Some("dn42"));
        assert_eq!(user_in(""), None);
        assert!(is_credential(PACKAGED, Path::new("/etc/wireguard/peerling.key")));
        assert!(!is_credential(PACKAGED, Path::new("/etc/wireguard/other.key")));
    }
}
