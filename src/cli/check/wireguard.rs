//! WireGuard: the private key, and who makes links.

use super::{Findings, Scene, files, service};
use crate::apply::DryRun;
use crate::model::{IfName, WgSecret};
use crate::plan::Step;
use crate::sys::users::{self, may};
use crate::sys::wireguard::Judgement;
use rustix::fs::Access;

/// The area's name.
const NAME: &str = "wireguard";
/// How many links are named.
const LINKS_SHOWN_MAX: usize = 5;

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
        Err(trouble) if service::hands_over(path) && !users::is_root() => {
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
    if !may(path, Access::READ_OK) && !service::hands_over(path) {
        let (shown, us) = (path.display(), users::name(users::current()));
        let detail = format!("{shown}: {us}, the service's user, cannot read it");
        findings.wrong(NAME, detail, format_args!("chown {us} {shown}"));
    }
}

/// Is the key of the configuration another one than the links have that run?
pub(super) fn links(scene: &Scene, dry_run: &DryRun, findings: &mut Findings) {
    let names = with_other_key(dry_run);
    if names.is_empty() {
        return;
    }
    let wireguard = &scene.assembled.config.wireguard;
    let file = match wireguard.private_key {
        Some(_) => "wireguard.private_key".to_string(),
        None => wireguard.private_key_file.display().to_string(),
    };
    let more = names.len().saturating_sub(LINKS_SHOWN_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let shown: Vec<&str> = names.iter().take(LINKS_SHOWN_MAX).map(|name| name.as_str()).collect();
    findings.wrong(
        NAME,
        format_args!(
            "the key in {file} is not that of the links {}{more}: apply would give every tunnel \
             another key, and members would have to change theirs",
            shown.join(", ")
        ),
        format_args!(
            "put the key of before into {file}: the backup's copy, or that which \
             `wg show {} private-key` prints",
            shown.first().unwrap_or(&"LINK")
        ),
    );
}

/// Would the links that run get another key?
pub(super) fn has_other_key(dry_run: &DryRun) -> bool {
    !with_other_key(dry_run).is_empty()
}

/// The links that run with another key than the configuration's.
fn with_other_key(dry_run: &DryRun) -> Vec<&IfName> {
    let mut names = Vec::new();
    for step in &dry_run.steps {
        let Step::ChangeLink(_, wanted, actual) = step else { continue };
        let running = actual.private_key.as_ref().map(WgSecret::public);
        if running.is_some_and(|key| key != wanted.private_key.public()) {
            names.push(&wanted.name);
        }
    }
    names
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::wireguard::{LinkActual, LinkWanted, OtherAddresses};

    fn dry_run(running: Option<[u8; 32]>) -> DryRun {
        let wanted = LinkWanted {
            name: IfName::of("4242420001".parse().unwrap()),
            private_key: WgSecret::new([1; 32]),
            listen_port: "52001".parse().unwrap(),
            mtu: None,
            local: "fe80:263::1:1".parse().unwrap(),
            remote: "fe80::2:1".parse().unwrap(),
            ipv4: None,
            peer_key: WgSecret::new([2; 32]).public(),
            preshared_key: None,
            endpoint: None,
            allowed_ips: [].into(),
            keepalive_s: 30,
            other_addresses: OtherAddresses::Removed,
        };
        let private_key = running.map(WgSecret::new);
        let actual = LinkActual { private_key, ..LinkActual::default() };
        DryRun {
            steps: vec![Step::ChangeLink(crate::plan::Owner::Pop, wanted, actual)],
            ..DryRun::default()
        }
    }

    #[test]
    fn another_key_is_known_and_the_same_one_clamped_is_not_another() {
        let mut clamped = [1; 32];
        (clamped[0], clamped[31]) = (0, 65);
        for same in [None, Some([1; 32]), Some(clamped)] {
            assert!(!has_other_key(&dry_run(same)), "{same:?}");
        }
        let other = dry_run(Some([9; 32]));
        let names: Vec<&str> = with_other_key(&other).into_iter().map(IfName::as_str).collect();
        assert_eq!(names, ["wg-as4242420001"]);
        let mut findings = Findings::default();
        super::super::peerings::look(&other, &mut findings);
        assert_eq!(findings.list(), [], "apply is no remedy");
    }
}
