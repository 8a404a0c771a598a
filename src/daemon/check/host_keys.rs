//! The SSH host keys.

use super::{Findings, Scene, files};
use crate::ssh::load_host_key;

/// The area's name.
const NAME: &str = "host_keys";

/// Looks at each host key of the configuration.
pub(super) fn look(scene: &Scene, findings: &mut Findings) {
    for path in &scene.assembled.config.ssh.host_keys {
        let shown = path.display();
        if !path.exists() {
            findings.ok(NAME, format_args!("{shown} will be made"));
            continue;
        }
        files::secret(NAME, path, findings);
        match load_host_key(path) {
            Ok(key) => findings.ok(NAME, format_args!("{shown}: {}", key.algorithm())),
            Err(error) => {
                findings.wrong(NAME, error, "the backup's copy, or a new key (members are told)");
            }
        }
    }
}
