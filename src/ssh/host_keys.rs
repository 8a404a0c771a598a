//! Host keys: read what is there, make an Ed25519 key where there is nothing.

use crate::limits::HOST_KEY_RSA_BITS_MAX;
use crate::sys::directory::{self, Directory, FileError};
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use russh::keys::PrivateKey;
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, RsaKeypair};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Only its owner reads it.
const MODE: u32 = 0o600;

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

/// Reads the key at `path`: OpenSSH's form, as ssh-keygen writes it, or an RSA key in PEM
/// (PKCS #1), as Paramiko does; RSA needs 2048 bits.
pub fn load(path: &Path) -> Result<PrivateKey, HostKeyError> {
    let text = fs::read_to_string(path).map_err(|problem| error(path, problem.to_string()))?;
    read(&text).map_err(|what| error(path, what))
}

/// An Ed25519 key, new. Asked for by its own name: what makes a key of any kind has the search for
/// RSA's primes in it, a fiftieth of the binary.
pub fn new_key() -> PrivateKey {
    Ed25519Keypair::random(&mut safe_rng()).into()
}

/// What is to be said against a host key that works: RSA's is for members who know the replaced
/// service by it.
pub fn objection(key: &PrivateKey) -> Option<String> {
    let bits = key.public_key().key_data().rsa()?.key_size();
    let mut words = format!(
        "RSA host key: only for the change-over, and at most {HOST_KEY_RSA_BITS_MAX} bits. How \
         long its signatures take may give it away (RUSTSEC-2023-0071)"
    );
    if bits > HOST_KEY_RSA_BITS_MAX {
        words += &format!("; with {bits} bits each costs a stranger nothing and us a lot");
    }
    Some(words)
}

/// These two forms and no other: russh's reader knows PKCS #8, its ciphers and PuTTY's files too,
/// and was a thirtieth of the binary for keys that nobody has as a host key.
fn read(text: &str) -> Result<PrivateKey, String> {
    let key = if text.trim_start().starts_with("-----BEGIN RSA PRIVATE KEY-----") {
        read_pkcs1(text)
    } else {
        PrivateKey::from_openssh(text).map_err(|problem| problem.to_string())
    };
    let key = key.map_err(|problem| {
        format!(
            "no private key that can be read ({problem}); `ssh-keygen -p -N ''` brings one into \
             OpenSSH's form"
        )
    })?;
    if key.is_encrypted() {
        return Err("it has a passphrase; `ssh-keygen -p -N ''` takes it away".into());
    }
    match key.public_key().key_data().rsa().map(|rsa| rsa.key_size()) {
        Some(bits) if bits < 2048 => Err(format!("an RSA key of {bits} bits; 2048 are needed")),
        _ => Ok(key),
    }
}

fn read_pkcs1(text: &str) -> Result<PrivateKey, String> {
    let key = rsa::RsaPrivateKey::from_pkcs1_pem(text.trim());
    let key = key.map_err(|problem| problem.to_string())?;
    let pair = RsaKeypair::try_from(key).map_err(|problem| problem.to_string())?;
    Ok(pair.into())
}

fn cannot_be_made(problem: impl fmt::Display) -> String {
    format!("cannot be made: {problem}")
}

fn make(path: &Path) -> Result<PrivateKey, String> {
    let key = new_key();
    let text = key.to_openssh(LineEnding::LF).map_err(cannot_be_made)?;
    put(path, text.as_bytes()).map_err(|error| cannot_be_made(error.fault))?;
    log::info!("{}: host key made", path.display());
    Ok(key)
}

/// Whole or not at all: with half of a key, no start after a crash would succeed.
fn put(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    directory::create(path, bytes, MODE)?;
    Directory::open(directory::parent(path))?.sync()
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
    fn rsa_is_objected_to_and_ed25519_is_not() {
        let mut random = safe_rng();
        let rsa = RsaKeypair::random(&mut random, 4096).unwrap();
        let words = objection(&rsa.into()).unwrap();
        assert!(words.contains("at most 3072 bits") && words.contains("RUSTSEC-2023-0071"));
        assert!(words.contains("with 4096 bits"), "{words}");
        assert_eq!(objection(&new_key()), None);
    }

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
