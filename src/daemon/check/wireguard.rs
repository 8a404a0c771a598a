//! WireGuard: the private key, and who makes links.

use super::{Findings, Scene, files, unit};
use crate::sys::rights::may;
use crate::sys::users;
use crate::sys::wireguard::Judgement;
use rustix::fs::Access;

/// The area's name.
const NAME: &str = "wireguard";

/// The private key, as whoever looks can see it: root, before it goes on as the service's user.
pub(super) fn key(scene: &Scene, findings: &mut Findings) {
    let (assembled, wireguard) = (&scene.assembled, &scene.assembled.config.wireguard);
    let path = &wireguard.private_key_file;
    match &assembled.private_key {
        Ok(_) => {
            findings.ok(NAME, format_args!("public key {}", assembled.public_key));
            if wireguard.private_key.is_none() {
                files::secret(NAME, path, findings);
            }
        }
        // The service has a copy of what nobody but root can read.
        Err(trouble) if unit::hands_over(path) && !users::is_root() => {
            findings.warn(NAME, trouble, "peerling check as root, who sees the rest");
        }
        Err(trouble) => {
            let shown = path.display();
            let remedy = format!("the backup's copy; a new one: umask 077; wg genkey > {shown}");
            findings.wrong(NAME, trouble, remedy);
        }
    }
}

/// Can the service read the private key? Asked with its rights.
pub(super) fn key_of_service(scene: &Scene, findings: &mut Findings) {
    let wireguard = &scene.assembled.config.wireguard;
    let path = &wireguard.private_key_file;
    if scene.assembled.private_key.is_err() || wireguard.private_key.is_some() {
        return;
    }
    if !may(path, Access::READ_OK) && !unit::hands_over(path) {
        let (shown, us) = (path.display(), users::name(users::current()));
        let detail = format!("{shown}: {us}, the service's user, cannot read it");
        findings.wrong(NAME, detail, format_args!("chown {us} {shown}"));
    }
}

/// The back end that makes links, and the directory of their files.
pub(super) fn look(scene: &Scene, findings: &mut Findings) {
    let choice = scene.assembled.backend();
    match &choice.judgement {
        Judgement::Well(_) | Judgement::Instead(_) => findings.ok(NAME, &choice),
        // The service has a right that whoever looks may lack.
        judgement if judgement.is_of_rights() => findings.ok(NAME, &choice),
        Judgement::Nobody(..) | Judgement::Cannot(_) => {
            findings.wrong(NAME, &choice, "as it says, then systemctl restart peerling");
        }
    }
    let directory = &scene.assembled.config.wireguard.directory;
    files::directory(NAME, directory, "-m 0700", scene, findings);
}
