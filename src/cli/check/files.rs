//! Files: whose they are, and who can read them.

use super::{Findings, Scene};
use crate::sys::users::{self, may};
use rustix::fs::Access;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

/// A file that only its owner may read.
pub(super) fn secret(name: &'static str, path: &Path, findings: &mut Findings) {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            exposed(name, path, metadata.permissions().mode() & 0o777, findings);
        }
        Ok(_) => {}
        Err(error) => findings.wrong(
            name,
            format_args!("{shown}: {error}"),
            format_args!("ls -l {shown}; the service has to be able to read it"),
        ),
    }
}

/// A file with a secret that others can read.
pub(super) fn exposed(name: &'static str, path: &Path, mode: u32, findings: &mut Findings) {
    let shown = path.display();
    let detail = format!("{shown}: others can read it (mode {mode:o})");
    findings.wrong(name, detail, format_args!("chmod 600 {shown}"));
}

/// The first directory on the way to a path that whoever looks may not enter.
pub(super) fn wall(path: &Path) -> Option<&Path> {
    let mut ways: Vec<&Path> = path.ancestors().skip(1).collect();
    ways.reverse();
    ways.into_iter().find(|way| way.is_dir() && !may(way, Access::EXEC_OK))
}

/// What lets whoever looks enter a directory: its group, where that may.
pub(super) fn entering(wall: &Path) -> String {
    let (shown, us) = (wall.display(), users::name(users::current()));
    match wall.metadata() {
        Ok(metadata) if metadata.mode() & 0o010 != 0 && metadata.gid() != users::ROOT => format!(
            "adduser {us} {}, then systemctl restart peerling",
            users::group_name(metadata.gid())
        ),
        _ => format!("chmod a+x {shown}"),
    }
}

/// A directory in which the service writes the files of peerings; `made_with` is what install(1)
/// makes it with. Where BIRD is not spoken to, somebody may have made the files another way.
pub(super) fn directory(
    name: &'static str,
    directory: &Path,
    made_with: &str,
    scene: &Scene,
    findings: &mut Findings,
) {
    let (shown, us) = (directory.display(), users::name(users::current()));
    if let Some(wall) = wall(directory) {
        let detail = format!("{shown}: cannot be reached: {us} may not enter {}", wall.display());
        findings.wrong(name, detail, entering(wall));
    } else if !directory.is_dir() {
        let detail = format!("{shown}: there is no such directory");
        let remedy = format!("install -d -o {us} {made_with} {shown}");
        match scene.assembled.config.bird.socket {
            Some(_) => findings.wrong(name, detail, remedy),
            None => findings.warn(name, detail, remedy),
        }
    } else if may(directory, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        findings.ok(name, format_args!("{shown} can be written"));
    } else {
        let detail = format!("{shown}: {us} may not write there");
        findings.wrong(name, detail, format_args!("chown {us} {shown}; chmod u+rwx {shown}"));
    }
}
