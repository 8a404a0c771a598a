//! Files: whose they are, and who can read them.

use super::{Findings, Scene};
use crate::sys::rights::may;
use crate::sys::users;
use rustix::fs::Access;
use std::os::unix::fs::PermissionsExt as _;
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
    if !directory.is_dir() {
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
