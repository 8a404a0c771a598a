//! WireGuard: the private key, and who makes links.

use super::{Findings, Scene, files};
use crate::sys::wireguard::Judgement;

/// The area's name.
const NAME: &str = "wireguard";

/// Looks at the private key and at the back end.
pub(super) fn look(scene: &Scene, findings: &mut Findings) {
    let (assembled, wireguard) = (&scene.assembled, &scene.assembled.config.wireguard);
    let path = wireguard.private_key_file.display();
    match &assembled.private_key {
        Ok(_) => findings.ok(NAME, format_args!("public key {}", assembled.public_key)),
        Err(trouble) => findings.wrong(
            NAME,
            trouble,
            format_args!("the backup's copy; a new one: umask 077; wg genkey > {path}"),
        ),
    }
    if wireguard.private_key.is_none() {
        files::secret(NAME, &wireguard.private_key_file, findings);
    }
    let choice = assembled.backend();
    match &choice.judgement {
        Judgement::Well(_) | Judgement::Instead(_) => findings.ok(NAME, &choice),
        // The service has a right that whoever looks may lack.
        judgement if judgement.is_of_rights() => findings.ok(NAME, &choice),
        Judgement::Nobody(..) | Judgement::Cannot(_) => {
            findings.wrong(NAME, &choice, "as it says, then restart peerling");
        }
    }
}
