//! The POP's name and the addresses that it listens on.

use super::{Findings, Scene};

/// Looks at the addresses of the SSH service.
pub(super) async fn look(scene: &Scene, findings: &mut Findings) {
    let listen: Vec<String> =
        scene.assembled.config.ssh.listen.iter().map(|address| address.to_string()).collect();
    findings.ok("listen", listen.join(", "));
}
