//! Files: whose they are, and who can read them.

use super::Findings;
use rustix::fs::{Access, AtFlags};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// May whoever runs this write there, as the kernel judges it?
pub(super) fn is_writable(path: &Path) -> bool {
    rustix::fs::accessat(rustix::fs::CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

/// A file that only its owner may read.
pub(super) fn secret(name: &'static str, path: &Path, findings: &mut Findings) {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            let mode = metadata.permissions().mode() & 0o777;
            let detail = format!("{shown}: others can read it (mode {mode:o})");
            findings.wrong(name, detail, format_args!("chmod 600 {shown}"));
        }
        Ok(_) => {}
        Err(error) => findings.wrong(
            name,
            format_args!("{shown}: {error}"),
            format_args!("ls -l {shown}; the service has to be able to read it"),
        ),
    }
}
