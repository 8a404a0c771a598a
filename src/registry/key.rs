//! What an `auth:` attribute lets in: an SSH key, PGP (which cannot log in), or nothing.
//!
//! The dn42 wiki (howto/Registry-Authentication) has the method's name and the key as they stand in
//! a `.pub` file. A key counts only if the name equals the one inside the key, nothing is left
//! over, and the signature check that comes later can take it. Then just its algorithm and its
//! SHA-256 fingerprint are kept: 33 bytes in place of up to a thousand.

use crate::limits::{RSA_BITS_MAX, RSA_BITS_MIN, RSA_EXPONENT_MAX};
use ssh_key::encoding::base64::{Base64, Encoding};
use ssh_key::public::{EcdsaPublicKey, KeyData, RsaPublicKey};
use ssh_key::{Error, Fingerprint, HashAlg, PublicKey};
use std::fmt;

/// What one `auth:` value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// A key that can log in.
    Ssh(SshKey),
    /// A PGP fingerprint or key: proves commits, cannot log in by SSH.
    Pgp,
    /// Nothing that can be used.
    Unusable(Unusable),
}

/// Why an `auth:` value lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// No value at all.
    Empty,
    /// The first word is no method known here.
    Method,
    /// `#` before the method: somebody switched the key off.
    Commented,
    /// `ssh-ed25519` and no more.
    Missing,
    /// The method is written twice.
    Doubled,
    /// Not base64, or cut off.
    Base64,
    /// Base64, but not of a key of this method.
    Blob,
    /// The key inside is of another method than the word before it.
    Mismatch,
    /// An RSA key outside [`RSA_BITS_MIN`]..=[`RSA_BITS_MAX`]; its size in bits.
    RsaBits(u32),
    /// An RSA key whose modulus is even, or whose exponent is even, 1 or above
    /// [`RSA_EXPONENT_MAX`]: no signature would pass, or any would.
    RsaNumbers,
}

/// The algorithms whose keys can log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// Ed25519 (RFC 8709).
    Ed25519,
    /// RSA; the client signs with SHA-2 (RFC 8332).
    Rsa,
    /// ECDSA on NIST P-256 (RFC 5656).
    EcdsaP256,
    /// ECDSA on NIST P-384 (RFC 5656).
    EcdsaP384,
    /// ECDSA on NIST P-521 (RFC 5656).
    EcdsaP521,
    /// Ed25519 in a FIDO token (OpenSSH's PROTOCOL.u2f).
    SkEd25519,
    /// ECDSA on NIST P-256 in a FIDO token (OpenSSH's PROTOCOL.u2f).
    SkEcdsaP256,
}

/// A key that can log in, as far as it needs to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshKey {
    pub algorithm: KeyAlgorithm,
    pub fingerprint: KeyFingerprint,
}

impl AuthMethod {
    /// Reads the value of an `auth:` attribute: a method, a key, and perhaps a comment.
    pub fn parse(value: &str) -> AuthMethod {
        let mut words = value.split_ascii_whitespace();
        let Some(method) = words.next() else { return AuthMethod::Unusable(Unusable::Empty) };
        if is_pgp(method) {
            return AuthMethod::Pgp;
        }
        match KeyAlgorithm::named(method).and_then(|algorithm| ssh_key(algorithm, words.next())) {
            Ok(key) => AuthMethod::Ssh(key),
            Err(reason) => AuthMethod::Unusable(reason),
        }
    }
}

/// `pgp-fingerprint`, its misspelling `gpg-fingerprint`, and the `PGPKEY-…` of a `key-cert` object.
/// What follows is not looked at: it only serves to tell somebody that PGP is all they have.
fn is_pgp(method: &str) -> bool {
    let method = method.to_ascii_lowercase();
    ["pgp-fingerprint", "gpg-fingerprint", "pgpkey-"]
        .iter()
        .any(|prefix| method.starts_with(prefix))
}

impl KeyAlgorithm {
    const ALL: [KeyAlgorithm; 7] = [
        KeyAlgorithm::Ed25519,
        KeyAlgorithm::Rsa,
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::EcdsaP521,
        KeyAlgorithm::SkEd25519,
        KeyAlgorithm::SkEcdsaP256,
    ];

    /// The name in `auth:` attributes, in `.pub` files and inside the key itself.
    pub fn name(self) -> &'static str {
        match self {
            KeyAlgorithm::Ed25519 => "ssh-ed25519",
            KeyAlgorithm::Rsa => "ssh-rsa",
            KeyAlgorithm::EcdsaP256 => "ecdsa-sha2-nistp256",
            KeyAlgorithm::EcdsaP384 => "ecdsa-sha2-nistp384",
            KeyAlgorithm::EcdsaP521 => "ecdsa-sha2-nistp521",
            KeyAlgorithm::SkEd25519 => "sk-ssh-ed25519@openssh.com",
            KeyAlgorithm::SkEcdsaP256 => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    fn named(method: &str) -> Result<KeyAlgorithm, Unusable> {
        let known = KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.name() == method);
        let reason = if method.starts_with('#') { Unusable::Commented } else { Unusable::Method };
        known.ok_or(reason)
    }

    /// The algorithm of a key; `None` for those that cannot log in, certificates among them.
    fn of(key: &KeyData) -> Option<KeyAlgorithm> {
        match key {
            KeyData::Ed25519(_) => Some(KeyAlgorithm::Ed25519),
            KeyData::Rsa(_) => Some(KeyAlgorithm::Rsa),
            KeyData::Ecdsa(EcdsaPublicKey::NistP256(_)) => Some(KeyAlgorithm::EcdsaP256),
            KeyData::Ecdsa(EcdsaPublicKey::NistP384(_)) => Some(KeyAlgorithm::EcdsaP384),
            KeyData::Ecdsa(EcdsaPublicKey::NistP521(_)) => Some(KeyAlgorithm::EcdsaP521),
            KeyData::SkEd25519(_) => Some(KeyAlgorithm::SkEd25519),
            KeyData::SkEcdsaSha2NistP256(_) => Some(KeyAlgorithm::SkEcdsaP256),
            _ => None,
        }
    }
}

fn ssh_key(algorithm: KeyAlgorithm, blob: Option<&str>) -> Result<SshKey, Unusable> {
    let blob = blob.ok_or(Unusable::Missing)?;
    if blob.trim_start_matches(':') == algorithm.name() {
        return Err(Unusable::Doubled);
    }
    let bytes = Base64::decode_vec(blob).map_err(|_| Unusable::Base64)?;
    let key = PublicKey::from_bytes(&bytes).map_err(|error| match error {
        Error::AlgorithmUnknown | Error::AlgorithmUnsupported { .. } => Unusable::Mismatch,
        _ => Unusable::Blob,
    })?;
    if key.to_bytes().ok() != Some(bytes) {
        return Err(Unusable::Blob); // A field longer than its content.
    }
    if KeyAlgorithm::of(key.key_data()) != Some(algorithm) {
        return Err(Unusable::Mismatch);
    }
    key.key_data().rsa().map_or(Ok(()), check_rsa)?;
    Ok(SshKey { algorithm, fingerprint: fingerprint(&key) })
}

/// Whether the signature check can work with this modulus and exponent (RFC 8017, section 3.1).
fn check_rsa(key: &RsaPublicKey) -> Result<(), Unusable> {
    let modulus = key.n().as_positive_bytes().unwrap_or_default();
    let spare = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = key.key_size().saturating_sub(spare);
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return Err(Unusable::RsaBits(bits));
    }
    let exponent = key.e().as_positive_bytes().filter(|bytes| bytes.len() <= 8).unwrap_or_default();
    let exponent = exponent.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let exponent_fits = (3..=RSA_EXPONENT_MAX).contains(&exponent) && exponent % 2 == 1;
    let modulus_is_odd = modulus.last().is_some_and(|byte| byte % 2 == 1);
    if exponent_fits && modulus_is_odd { Ok(()) } else { Err(Unusable::RsaNumbers) }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Unusable::Empty => "nothing after auth:",
            Unusable::Method => "no method that can log in by SSH",
            Unusable::Commented => "a # before the method switches the key off",
            Unusable::Missing => "no key after the method",
            Unusable::Doubled => "the method is written twice",
            Unusable::Base64 => "the key is not base64, or cut off",
            Unusable::Blob => "the key is damaged",
            Unusable::Mismatch => "the key is of another kind than its method says",
            Unusable::RsaBits(bits) => {
                write!(out, "an RSA key of {bits} bits; ")?;
                return write!(out, "{RSA_BITS_MIN} to {RSA_BITS_MAX} can be used");
            }
            Unusable::RsaNumbers => "an RSA key that proves nothing: modulus or exponent is unfit",
        };
        out.write_str(words)
    }
}

// The fingerprint of a public key: what stands for the key in the index, in the log and in
// records.

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

    const ED25519: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIEHWaXQ4EhFCkFuCOUUANkmMUDW6dVugtFP6lKm0k7X9";

    /// A blob of these fields, each with its length before it (RFC 4251, section 5), in base64.
    fn blob(fields: &[&[u8]]) -> String {
        let field = |it: &&[u8]| [&u32::try_from(it.len()).unwrap().to_be_bytes(), *it].concat();
        Base64::encode_string(&fields.iter().flat_map(field).collect::<Vec<u8>>())
    }

    /// An RSA key whose modulus has this many bits and ends in this byte.
    fn rsa(bits: usize, exponent: &[u8], last: u8) -> String {
        // A full first byte needs a zero before it, or the number would be negative.
        let (bytes, lead) = (bits.div_ceil(8), usize::from(bits.is_multiple_of(8)));
        let mut modulus = vec![0; bytes + lead];
        modulus[lead] |= 1 << ((bits + 7) % 8);
        *modulus.last_mut().unwrap() |= last;
        format!("ssh-rsa {}", blob(&[b"ssh-rsa", exponent, &modulus]))
    }

    fn point(bytes: usize) -> Vec<u8> {
        [vec![4], vec![7; 2 * bytes]].concat()
    }

    #[test]
    fn all_methods_that_can_log_in() {
        let (p256, p384, p521) = (point(32), point(48), point(66));
        let cases: &[(KeyAlgorithm, &[&[u8]])] = &[
            (KeyAlgorithm::Ed25519, &[&[9; 32]]),
            (KeyAlgorithm::EcdsaP256, &[b"nistp256", &p256]),
            (KeyAlgorithm::EcdsaP384, &[b"nistp384", &p384]),
            (KeyAlgorithm::EcdsaP521, &[b"nistp521", &p521]),
            (KeyAlgorithm::SkEd25519, &[&[9; 32], b"ssh:"]),
            (KeyAlgorithm::SkEcdsaP256, &[b"nistp256", &p256, b"ssh:"]),
        ];
        let usable = |text: &str, algorithm| match AuthMethod::parse(text) {
            AuthMethod::Ssh(key) => assert_eq!(key.algorithm, algorithm, "{text}"),
            other => panic!("{text}: {other:?}"),
        };
        for (algorithm, fields) in cases {
            let fields = [&[algorithm.name().as_bytes()], *fields].concat();
            usable(&format!("{algorithm} {}", blob(&fields)), *algorithm);
            usable(&format!("{algorithm}\t {}  some comment here", blob(&fields)), *algorithm);
        }
        for bits in [2048, 2049, 3072, 8192] {
            usable(&rsa(bits, &[1, 0, 1], 1), KeyAlgorithm::Rsa);
        }
    }

    #[test]
    fn pgp_is_told_apart() {
        for text in [
            "pgp-fingerprint 0123456789ABCDEF0123456789ABCDEF01234567",
            "pgp-fingerprint 0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567",
            "pgp-fingerprint: 0123456789ABCDEF0123456789ABCDEF01234567",
            "gpg-fingerprint 0123456789ABCDEF0123456789ABCDEF01234567",
            "PGPKEY-01234567",
        ] {
            assert_eq!(AuthMethod::parse(text), AuthMethod::Pgp, "{text}");
        }
    }

    #[test]
    fn everything_else_lets_nobody_in() {
        let sk = blob(&[b"sk-ssh-ed25519@openssh.com", &[9; 32], b"ssh:"]);
        let p384_as_p256 = blob(&[b"ecdsa-sha2-nistp256", b"nistp384", &point(48)]);
        let dsa = blob(&[b"ssh-dss", &[9; 20], &[9; 20], &[9; 20], &[9; 20]]);
        let cases: &[(&str, Unusable)] = &[
            ("", Unusable::Empty),
            ("  ", Unusable::Empty),
            (ED25519, Unusable::Method),
            ("ssh-ed5519 KEY", Unusable::Method),
            ("SSH-ED25519 KEY", Unusable::Method),
            ("MD5-PW $1$example$", Unusable::Method),
            ("mntner EXAMPLE-MNT", Unusable::Method),
            ("from=\"2001:db8::/32\" ssh-ed25519 KEY", Unusable::Method),
            ("ssh-ed25519-cert-v01@openssh.com KEY", Unusable::Method),
            (&format!("ssh-dss {dsa}"), Unusable::Method),
            ("#ssh-ed25519 KEY", Unusable::Commented),
            ("# ssh-ed25519 KEY", Unusable::Commented),
            ("ssh-ed25519", Unusable::Missing),
            ("ssh-ed25519 ssh-ed25519 KEY", Unusable::Doubled),
            ("ssh-ed25519 :ssh-ed25519 KEY", Unusable::Doubled),
            ("ssh-ed25519 KEY=", Unusable::Base64),
            ("ssh-ed25519 !KEY", Unusable::Base64),
            (&format!("ssh-ed25519 {}", &ED25519[..67]), Unusable::Base64),
            (&format!("ssh-ed25519 {}", &ED25519[..64]), Unusable::Blob),
            (&format!("ssh-ed25519 {ED25519}AAAA"), Unusable::Blob),
            (&format!("ssh-ed25519 {}", blob(&[b"ssh-ed25519", &[9; 31]])), Unusable::Blob),
            (&format!("ssh-ed25519 {}", blob(&[b"ssh-ed25519", &[9; 33]])), Unusable::Blob),
            (&format!("ssh-ed25519 {sk}"), Unusable::Mismatch),
            ("ssh-rsa KEY", Unusable::Mismatch),
            (&format!("ecdsa-sha2-nistp256 {p384_as_p256}"), Unusable::Mismatch),
            (&rsa(1024, &[1, 0, 1], 1), Unusable::RsaBits(1024)),
            (&rsa(2047, &[1, 0, 1], 1), Unusable::RsaBits(2047)),
            (&rsa(8193, &[1, 0, 1], 1), Unusable::RsaBits(8193)),
            (&rsa(2048, &[1, 0, 1], 2), Unusable::RsaNumbers),
            (&rsa(2048, &[1], 1), Unusable::RsaNumbers),
            (&rsa(2048, &[], 1), Unusable::Blob),
            (&rsa(2048, &[4], 1), Unusable::RsaNumbers),
            (&rsa(2048, &[2, 0, 0, 0, 1], 1), Unusable::RsaNumbers),
            (&rsa(2048, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 1], 1), Unusable::RsaNumbers),
        ];
        for (text, reason) in cases {
            let text = text.replace("KEY", ED25519);
            assert_eq!(AuthMethod::parse(&text), AuthMethod::Unusable(*reason), "{text}");
            assert!(!reason.to_string().is_empty());
        }
    }

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
