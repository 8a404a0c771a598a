//! Which algorithms we speak, and how russh is set up.
//!
//! Only what is strong today: post-quantum or Curve25519 key exchange, AEAD ciphers and AES-CTR
//! with encrypt-then-MAC, no SHA-1 anywhere. Every client of the last eight years has some of it.

use crate::limits::{
    AUTH_ATTEMPTS_MAX, SSH_CHANNEL_EVENTS_MAX, SSH_KEEPALIVE, SSH_KEEPALIVES_MAX, SSH_OUTPUT_MAX,
    SSH_WINDOW_BYTES,
};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PrivateKey};
use russh::{MethodKind, MethodSet, Preferred, cipher, compression, kex, mac};
use std::borrow::Cow;
use std::time::Duration;

const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

const CIPHERS: &[cipher::Name] = &[
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

const MACS: &[mac::Name] = &[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM];

/// Host key algorithms, and by RFC 8308 what a member's signature may be made with. Ed25519 comes
/// first: a signature of ours takes a twentieth of a millisecond, and with RSA-4096 twelve.
const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::SkEd25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::SkEcdsaSha2NistP256,
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// The protocol's side of our configuration.
pub(super) fn protocol(keys: Vec<PrivateKey>) -> russh::server::Config {
    russh::server::Config {
        server_id: russh::SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-peerling_",
            env!("CARGO_PKG_VERSION")
        ))),
        methods: MethodSet::from(
            [MethodKind::PublicKey, MethodKind::KeyboardInteractive].as_slice(),
        ),
        // Which keys a maintainer has is public: there is nothing to hide by waiting.
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: AUTH_ATTEMPTS_MAX,
        keys,
        preferred: Preferred {
            kex: Cow::Borrowed(KEX),
            key: Cow::Borrowed(KEYS),
            host_key_certificates: Cow::Borrowed(&[]),
            cipher: Cow::Borrowed(CIPHERS),
            mac: Cow::Borrowed(MACS),
            compression: Cow::Borrowed(&[compression::NONE]),
        },
        event_buffer_size: SSH_OUTPUT_MAX,
        channel_buffer_size: SSH_CHANNEL_EVENTS_MAX,
        window_size: SSH_WINDOW_BYTES,
        // Grace and idleness are timed by the conversation, which knows what the client is doing.
        inactivity_timeout: None,
        keepalive_interval: Some(SSH_KEEPALIVE),
        keepalive_max: SSH_KEEPALIVES_MAX,
        ..russh::server::Config::default()
    }
}

/// May a signature of this algorithm prove a key? Never SHA-1, which is what plain `ssh-rsa` signs
/// with.
///
/// Whether a security key was touched stands in the signature's flags (OpenSSH's PROTOCOL.u2f).
/// russh 0.65 verifies the signature and passes on key and algorithm alone, so a key that signs
/// without a touch proves itself too; that needs the signature in russh's `VerifiedPublicKey`.
pub(super) fn is_strong(algorithm: &Algorithm) -> bool {
    KEYS.contains(algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ed25519_is_offered_first() {
        assert_eq!(protocol(Vec::new()).preferred.key.first(), Some(&Algorithm::Ed25519));
    }

    #[test]
    fn sha_1_proves_nothing() {
        assert!(!is_strong(&Algorithm::Rsa { hash: None }));
        assert!(is_strong(&Algorithm::Rsa { hash: Some(HashAlg::Sha256) }));
        let config = protocol(Vec::new());
        let names: Vec<&str> = config.preferred.kex.iter().map(AsRef::as_ref).collect();
        assert!(
            names.iter().all(|name| !name.contains("sha1") && !name.contains("group")),
            "{names:?}"
        );
    }
}
