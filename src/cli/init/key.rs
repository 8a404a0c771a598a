//! The private key of WireGuard.

use super::act::{Act, Ids, SECRET_MODE};
use super::service::Manager;
use super::step::Step;
use crate::cli::check;
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

/// Who owns the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Root: systemd hands the service a copy.
    Root,
    /// The service's user.
    Service,
}

/// Who has to own a key file. Only systemd reads the unit.
pub(super) fn holder(manager: Manager, path: &Path) -> Holder {
    if manager != Manager::OpenRc && check::hands_over(path) {
        Holder::Root
    } else {
        Holder::Service
    }
}

/// Where the key belongs on this machine, where no configuration says so.
pub(super) fn place(manager: Manager) -> &'static str {
    match holder(manager, Path::new(HANDED_OVER)) {
        Holder::Root => HANDED_OVER,
        Holder::Service => OWN,
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
pub(super) fn judge(found: &Found, path: &Path, user: &User, holder: Holder) -> Step {
    let shown = path.display();
    match found {
        Found::InEnvironment => Step::there(NAME, "the environment has it"),
        Found::Hidden => Step::there(NAME, format!("{shown}, which root alone can read")),
        Found::Missing => {
            let (owner, whose) = match holder {
                Holder::Root => (Ids { user: ROOT, group: ROOT }, "root"),
                Holder::Service => (Ids { user: user.uid, group: user.gid }, user.name.as_str()),
            };
            let act = Act::Key { path: PathBuf::from(path), owner };
            Step::due(NAME, format!("a new one in {shown}, {whose}'s alone"), vec![act])
        }
        Found::Sound { mode, .. } if mode & !SECRET_MODE & 0o077 != 0 => {
            let why = format!("{shown}: others can read it (mode {mode:o})");
            Step::yours(NAME, why, [format!("chmod 600 {shown}")])
        }
        Found::Sound { owner, .. } if holder == Holder::Service && *owner != user.uid => {
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
        assert_eq!(place(Manager::OpenRc), OWN, "OpenRC hands nothing over");
        let path = Path::new(HANDED_OVER);
        for (holder, user_id, group) in [(Holder::Root, 0, 0), (Holder::Service, 997, 996)] {
            let step = judge(&Found::Missing, path, &user(), holder);
            let owner = Ids { user: user_id, group };
            assert_eq!(step.acts(), [Act::Key { path: path.to_path_buf(), owner }]);
        }
    }

    #[test]
    fn a_key_that_is_there_is_never_touched() {
        let path = Path::new("/k");
        let state = |found, holder| judge(&found, path, &user(), holder).state;
        assert!(matches!(state(sound(0, 0o600), Holder::Root), State::There(_)));
        assert!(matches!(state(sound(997, 0o400), Holder::Service), State::There(_)));
        for (found, holder, line) in [
            (sound(0, 0o640), Holder::Root, "chmod 600 /k"),
            (sound(0, 0o600), Holder::Service, "chown peerling /k"),
            (Found::Broken("no key".into()), Holder::Root, "mv /k /k.broken; peerling init"),
        ] {
            let State::Yours(_, lines) = state(found, holder) else { panic!("{line}") };
            assert_eq!(lines, [line]);
        }
    }
}
