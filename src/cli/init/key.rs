//! The private key of WireGuard.

use super::act::{Act, Ids, SECRET_MODE};
use super::service::Manager;
use super::step::Step;
use crate::daemon::read_key;
use crate::sys::users::{self, ROOT, User};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The step's name.
const NAME: &str = "wireguard key";
/// Where the unit has it from, as root's: systemd hands the service a copy.
pub(super) const HANDED_OVER: &str = "/etc/wireguard/peerling.key";
/// Where it is the service's own: below a directory that its user may enter.
const OWN: &str = "/etc/peerling/wireguard.key";

/// How the file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The configuration holds the key itself.
    InEnvironment,
    /// There is no file.
    Missing,
    /// It has a key: the public one, and who owns it with which mode.
    Sound { public: String, owner: u32, mode: u32 },
    /// Only root can look at it.
    Hidden,
    /// It holds no key.
    Broken(String),
}

/// Where the key belongs on this machine, where no configuration says so.
pub(super) fn place(manager: Manager, unit_hands_over: bool) -> &'static str {
    match (manager, unit_hands_over) {
        (Manager::Systemd | Manager::None, true) => HANDED_OVER,
        _ => OWN,
    }
}

/// Reads the file.
pub(super) fn look(path: &Path) -> Found {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Found::Missing,
        Err(_) if !users::is_root() => return Found::Hidden,
        Err(error) => return Found::Broken(format!("{}: {error}", path.display())),
    };
    match read_key(path) {
        Err(_) if !users::is_root() => Found::Hidden,
        Ok(secret) => Found::Sound {
            public: secret.public().to_string(),
            owner: metadata.uid(),
            mode: metadata.mode() & 0o777,
        },
        Err(trouble) => Found::Broken(trouble.to_string()),
    }
}

/// What has to be done.
pub(super) fn judge(found: &Found, path: &Path, user: &User, is_handed_over: bool) -> Step {
    let shown = path.display();
    match found {
        Found::InEnvironment => Step::there(NAME, "the environment has it"),
        Found::Hidden => Step::there(NAME, format!("{shown}, which root alone can read")),
        Found::Missing => {
            let (owner, whose) = match is_handed_over {
                true => (Ids { user: ROOT, group: ROOT }, "root's alone".to_string()),
                false => {
                    (Ids { user: user.uid, group: user.gid }, format!("{}'s alone", user.name))
                }
            };
            let act = Act::Key { path: PathBuf::from(path), owner };
            Step::due(NAME, format!("a new one in {shown}, {whose}"), vec![act])
        }
        Found::Sound { mode, .. } if mode & !SECRET_MODE & 0o077 != 0 => {
            let why = format!("{shown}: others can read it (mode {mode:o})");
            Step::yours(NAME, why, [format!("chmod 600 {shown}")])
        }
        Found::Sound { owner, .. } if !is_handed_over && *owner != user.uid => {
            let why = format!("{shown}: {}, the service's user, cannot read it", user.name);
            Step::yours(NAME, why, [format!("chown {} {shown}", user.name)])
        }
        Found::Sound { public, .. } => Step::there(NAME, format!("{shown}, public key {public}")),
        Found::Broken(words) => {
            let lines = [format!("mv {shown} {shown}.broken; peerling init")];
            Step::yours(NAME, format!("{words}; a backup may have it"), lines)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::init::step::State;

    fn user() -> User {
        User { name: "peerling".to_string(), uid: 997, gid: 996, home: String::new() }
    }

    fn sound(owner: u32, mode: u32) -> Found {
        Found::Sound { public: "PUBLIC=".to_string(), owner, mode }
    }

    #[test]
    fn a_key_belongs_where_the_service_has_it_from() {
        assert_eq!(place(Manager::Systemd, true), HANDED_OVER);
        assert_eq!(place(Manager::Systemd, false), OWN);
        assert_eq!(place(Manager::OpenRc, true), OWN, "OpenRC hands nothing over");
        let path = Path::new(HANDED_OVER);
        for (is_handed_over, user_id, group) in [(true, 0, 0), (false, 997, 996)] {
            let step = judge(&Found::Missing, path, &user(), is_handed_over);
            let owner = Ids { user: user_id, group };
            assert_eq!(step.acts(), [Act::Key { path: path.to_path_buf(), owner }]);
        }
    }

    #[test]
    fn a_key_that_is_there_is_never_touched() {
        let path = Path::new("/k");
        let state = |found, is_handed_over| judge(&found, path, &user(), is_handed_over).state;
        assert!(matches!(state(sound(0, 0o600), true), State::There(_)));
        assert!(matches!(state(sound(997, 0o400), false), State::There(_)));
        for (found, is_handed_over, line) in [
            (sound(0, 0o640), true, "chmod 600 /k"),
            (sound(0, 0o600), false, "chown peerling /k"),
            (Found::Broken("no key".into()), true, "mv /k /k.broken; peerling init"),
        ] {
            let State::Yours(_, lines) = state(found, is_handed_over) else { panic!("{line}") };
            assert_eq!(lines, [line]);
        }
    }
}
