//! Host keys: read what is there, make an Ed25519 key where there is nothing.

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey, decode_secret_key, key::safe_rng};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A host key that cannot be used.
#[derive(Debug)]
pub struct HostKeyError {
    path: PathBuf,
    what: String,
}

/// Reads the key at `path`, as [`load`] does; makes an Ed25519 key there, mode 0600, if there is no
/// file.
pub fn load_or_make(path: &Path) -> Result<PrivateKey, HostKeyError> {
    match path.try_exists() {
        Ok(false) => make(path).map_err(|what| error(path, what)),
        _ => load(path),
    }
}

/// Reads the key at `path`: OpenSSH's form or PEM, as ssh-keygen and Paramiko write it; RSA needs
/// 2048 bits.
pub fn load(path: &Path) -> Result<PrivateKey, HostKeyError> {
    let text = fs::read_to_string(path).map_err(|problem| error(path, problem.to_string()))?;
    read(&text).map_err(|what| error(path, what))
}

fn read(text: &str) -> Result<PrivateKey, String> {
    let key = decode_secret_key(text, None).map_err(|problem| {
        format!("no private key that can be read ({problem}); it must have no passphrase")
    })?;
    match key.public_key().key_data().rsa().map(|rsa| rsa.key_size()) {
        Some(bits) if bits < 2048 => Err(format!("an RSA key of {bits} bits; 2048 are needed")),
        _ => Ok(key),
    }
}

fn make(path: &Path) -> Result<PrivateKey, String> {
    let words = |problem: &dyn fmt::Display| format!("cannot be made: {problem}");
    let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).map_err(|it| words(&it))?;
    let text = key.to_openssh(LineEnding::LF).map_err(|it| words(&it))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|it| words(&it))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|it| words(&it))?;
    log::info!("{}: host key made", path.display());
    Ok(key)
}

fn error(path: &Path, what: String) -> HostKeyError {
    HostKeyError { path: path.to_path_buf(), what }
}

impl fmt::Display for HostKeyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path.display(), self.what)
    }
}

impl std::error::Error for HostKeyError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let place = std::env::temp_dir().join(format!("peerling-hostkey-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        let path = place.join("key");
        let made = load_or_make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(load_or_make(&path).unwrap().public_key(), made.public_key());
        fs::write(&path, "no key").unwrap();
        let error = load_or_make(&path).unwrap_err().to_string();
        assert!(error.contains("no private key that can be read"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "no key", "what is there stays");
        fs::remove_dir_all(&place).unwrap();
    }
}
