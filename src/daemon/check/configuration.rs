//! The configuration: what it says, and the text that it names.

use super::{Findings, Scene};

/// The area's name.
pub(super) const NAME: &str = "configuration";
/// What to do about a line of the configuration.
pub(super) const REMEDY: &str = "correct the line; peerling.toml(5) tells what each key takes";

/// Looks at what the configuration names besides keys and directories.
pub(super) fn look(scene: &Scene, findings: &mut Findings) {
    match scene.assembled.ssh_settings() {
        Ok(_) => findings.ok(NAME, format_args!("{} is read", scene.file_name())),
        Err(trouble) => findings.wrong(NAME, trouble, "correct ssh.motd, or leave it out"),
    }
}
