//! The fingerprint of a public key: what stands for the key in the index, in the log and in
//! records.

use ssh_key::{Fingerprint, HashAlg, PublicKey};
use std::fmt;

/// The SHA-256 of a public key's blob. Shown as `ssh-keygen -l` shows it: `SHA256:` and base64
/// without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyFingerprint(pub [u8; 32]);

/// The fingerprint of a key, to look up the one that a client has proven. Its comment has no part
/// in it.
pub fn fingerprint(key: &PublicKey) -> KeyFingerprint {
    let mut bytes = [0; 32];
    let digest = key.fingerprint(HashAlg::Sha256);
    bytes.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    KeyFingerprint(bytes)
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        Fingerprint::Sha256(self.0).fmt(out)
    }
}

impl fmt::Debug for KeyFingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second column is what `ssh-keygen -l` of OpenSSH says.
    #[test]
    fn is_the_one_of_openssh() {
        for (key, expected) in [
            (
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEHWaXQ4EhFCkFuCOUUANkmMUDW6dVugtFP6lKm0k7X9",
                "SHA256:CTLEp1qK0aMF8q0Q6tjnkq4LjDchPPDaHFFzZ/cor24",
            ),
            (
                "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB\
                 BKEBOyv9bDpYwoOe2fLCcpnFU69cZkhTHj6wD3+kRQXQhhPKNsgp7T8UofSas5Ikt0q8GSFZ\
                 Rn+oG/DDJB639SY= x",
                "SHA256:LWe5a5rzPZrpbw7cpD4vn1/ukajisTkLzdvH1wN2+88",
            ),
        ] {
            let key = PublicKey::from_openssh(key).unwrap();
            assert_eq!(fingerprint(&key).to_string(), expected);
        }
    }
}
