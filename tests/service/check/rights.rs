//! Root looks with the rights of the service: what root could and the service's user cannot is
//! wrong.

use super::{Report, report};
use crate::git::{commit_all, git, has_git};
use crate::pop::Draft;
use crate::run::{has, skip, wrapped};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

/// A user that every system has, and who owns nothing.
const NOBODY: u32 = 65_534;

/// A draft whose database and all else are nobody's, below a directory that everybody may enter.
/// `None`: that cannot be had here, and that was said.
fn nobodys() -> Option<Draft> {
    if !(rustix::process::geteuid().is_root() || skip("only root becomes another user")) {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    if !(passwd.contains(":65534:") || skip("there is no user with the number 65534")) {
        return None;
    }
    let draft = Draft::new()?;
    for directory in draft.directory.ancestors() {
        let mode = fs::metadata(directory).unwrap().permissions().mode();
        if mode & 0o001 == 0 {
            skip(&format!("others may not enter {}", directory.display()));
            return None;
        }
    }
    give(&draft.directory, NOBODY);
    Some(draft)
}

fn give(path: &Path, owner: u32) {
    chown(path, Some(owner), Some(owner)).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| give(&entry.unwrap().path(), owner));
    }
}

fn mode(path: PathBuf, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_only_root_can_read_is_wrong() {
    let Some(draft) = nobodys() else { return };
    let sound = report(&draft);
    sound.has("rights", "ok", "the service's user");
    assert!(sound.ok, "{sound:#?}");
    for (part, name) in [
        ("registry", "registry"),
        ("peerling.toml", "configuration"),
        ("wireguard.key", "wireguard"),
        ("ssh_host_ed25519_key", "host_keys"),
        ("bird", "bird"),
        ("wireguard", "wireguard"),
    ] {
        let path = draft.path(part);
        let before = fs::metadata(&path).unwrap().permissions().mode();
        chown(&path, Some(0), Some(0)).unwrap();
        mode(path.clone(), before & 0o700);
        let looked = report(&draft);
        let wrong = looked.findings.iter().filter(|it| it.state == "wrong");
        let found: Vec<_> = wrong.map(|it| it.name.as_str()).collect();
        assert!(found.contains(&name), "{part}: {looked:#?}");
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        mode(path, before & 0o777);
    }
    assert!(report(&draft).ok);
}

/// Debian's /etc/bird is BIRD's group's alone: what lies in it is there all the same.
#[test]
fn a_directory_on_the_way_that_the_service_may_not_enter() {
    const GROUP: u32 = 4_000_000_001;
    let Some(mut draft) = nobodys() else { return };
    let wall = draft.path("etc-bird");
    fs::create_dir_all(wall.join("peers")).unwrap();
    give(&wall.join("peers"), NOBODY);
    chown(&wall, Some(0), Some(GROUP)).unwrap();
    mode(wall.clone(), 0o750);
    draft.set("bird", "directory", &format!("{:?}", wall.join("peers")));
    let us = name_of_nobody();
    let remedy = format!("adduser {us} {GROUP}, then systemctl restart peerling");
    let words = format!("etc-bird/peers: cannot be reached: {us} may not enter {}", wall.display());
    report(&draft).mends(&words, &remedy);
    mode(wall.clone(), 0o700);
    report(&draft).mends(&words, &format!("chmod a+x {}", wall.display()));
    mode(wall, 0o755);
    report(&draft).has("bird", "ok", "peers can be written");
}

fn name_of_nobody() -> String {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let entry = passwd.lines().find(|line| line.split(':').nth(2) == Some("65534")).unwrap();
    entry.split(':').next().unwrap().to_string()
}

/// A key that is there is no reason to make a new one, nor is a registry to clone it anew.
#[test]
fn what_only_changed_hands_is_given_back() {
    let Some(mut draft) = nobodys() else { return };
    let key = draft.path("ssh_host_ed25519_key");
    let shown = key.display().to_string();
    chown(&key, Some(0), Some(0)).unwrap();
    report(&draft).mends(&shown, &format!("chown {} {shown}", name_of_nobody()));
    chown(&key, Some(NOBODY), None).unwrap();
    mode(key.clone(), 0);
    report(&draft).mends(&shown, &format!("chmod 600 {shown}"));
    mode(key, 0o600);
    let registry = draft.path("registry");
    mode(registry.clone(), 0);
    let looked = report(&draft);
    looked.mends("cannot read the registry's", &format!("chmod -R a+rX {}", registry.display()));
    assert!(looked.findings.iter().all(|it| !it.detail.contains("no clone of git")), "{looked:#?}");
    mode(registry.clone(), 0o755);
    fs::remove_dir_all(registry.join("data")).unwrap();
    draft.set("registry", "pull_interval_s", "900");
    let shown = registry.display();
    let remedy = format!(
        "mv {shown} {shown}.old; git clone --depth 1 https://git.dn42.dev/dn42/registry.git \
         {shown}; chown -R {} {shown}",
        name_of_nobody()
    );
    report(&draft).mends("/data: ", &remedy);
}

/// With pulling on: exit 0 for root, whose git would call the clone's owner dubious.
#[test]
fn a_clone_of_the_services_user_is_well_for_root() {
    let Some(mut draft) = nobodys().filter(|_| has_git()) else { return };
    let upstream = draft.path("upstream");
    fs::rename(draft.path("registry"), &upstream).unwrap();
    give(&upstream, 0);
    git(&upstream, &["init", "--quiet"]);
    commit_all(&upstream, "One");
    let from = format!("file://{}", upstream.display());
    git(&draft.directory, &["clone", "--quiet", "--depth", "1", &from, "registry"]);
    draft.set("registry", "pull_interval_s", "900");
    let roots = report(&draft);
    roots.has("registry_pull", "wrong", "not writable");
    give(&draft.path("registry"), NOBODY);
    let sound = report(&draft);
    sound.has("registry_pull", "ok", "pulled by peerling every 900 s");
    assert!(sound.ok, "{sound:#?}");
}

/// The service's user itself, who may not read the private key: a copy is handed to the service
/// alone. It is wrong only where nobody hands one over.
#[test]
fn the_services_user_looks_without_the_private_key() {
    let Some(draft) = nobodys().filter(|_| has("setpriv", "setpriv")) else { return };
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    give(&draft.directory, NOBODY);
    let words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let look = || {
        let mut command = draft.command();
        command.args(["check", "--json"]);
        let mut command = wrapped(&words, &command);
        Report::of(command.current_dir(&draft.directory))
    };
    assert!(look().ok, "{:#?}", look());
    chown(draft.path("wireguard.key"), Some(0), Some(0)).unwrap();
    let report = look();
    report.has("wireguard", "wrong", "wireguard.key");
    report.has("database", "ok", "0 peerings");
    report.has("registry", "ok", "8 maintainers");
}
