//! The SSH host keys.

use super::{Findings, Scene, files};
use crate::ssh::{host_key_objection, load_host_key};
use crate::sys::users;
use crate::sys::users::may;
use rustix::fs::Access;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The area's name.
const NAME: &str = "host_keys";
/// What is to be done about a key that is there for members who know it.
const LET_GO: &str = "take it out of ssh.host_keys when members know the Ed25519 key; until then a \
                      shorter one is `ssh-keygen -t rsa -b 3072 -m PEM`";

/// What lets the service read a file that is somebody else's, or closed to its own user.
fn owning(path: &Path) -> String {
    let (shown, us) = (path.display(), users::current());
    match path.metadata() {
        Ok(metadata) if metadata.uid() == us => format!("chmod 600 {shown}"),
        _ => format!("chown {} {shown}", users::name(us)),
    }
}

/// Looks at each host key of the configuration.
pub(super) fn look(scene: &Scene, findings: &mut Findings) {
    for path in &scene.assembled.config.ssh.host_keys {
        let shown = path.display();
        if let Some(wall) = files::wall(path) {
            let detail = format!("{shown}: {} cannot be entered", wall.display());
            findings.wrong(NAME, detail, files::entering(wall));
            continue;
        }
        if !path.exists() {
            findings.ok(NAME, format_args!("{shown} will be made"));
            continue;
        }
        files::secret(NAME, path, findings);
        match load_host_key(path) {
            Ok(key) => match host_key_objection(&key) {
                Some(words) => findings.warn(NAME, format_args!("{shown}: {words}"), LET_GO),
                None => findings.ok(NAME, format_args!("{shown}: {}", key.algorithm())),
            },
            // The key is as it was: members need not hear of another.
            Err(error) if !may(path, Access::READ_OK) => {
                findings.wrong(NAME, error, owning(path));
            }
            Err(error) => {
                findings.wrong(NAME, error, "the backup's copy, or a new key (members are told)");
            }
        }
    }
}
