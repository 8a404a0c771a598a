//! WireGuard keys and the names of links.

use super::names::LINK_PREFIX;
use super::{Asn, NameForm, PopName};
use crate::limits::{IFNAME_BYTES_MAX, WG_KEY_BYTES};
use base64ct::{Base64, Encoding as _};
use curve25519_dalek::MontgomeryPoint;
use std::fmt::Write as _;
use std::{fmt, str::FromStr};
use zeroize::{Zeroize as _, Zeroizing};

/// A WireGuard public key: 32 bytes of Curve25519, written as canonical base64 (wg(8)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WgKey([u8; WG_KEY_BYTES]);

/// A WireGuard private or preshared key. It shows itself only where it is asked to, and is zeroed
/// when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct WgSecret([u8; WG_KEY_BYTES]);

/// What 32 bytes that are said to be a public key look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// No private key that `wg genkey` makes has this form.
    Public,
    /// Both could be: of either kind every sixteenth.
    Either,
    /// It has the form of a private key, and no private key has it as its public one.
    Private,
}

/// The name of a link, `wg-as<ASN>` or `wg-int-<POP>`: never longer than the kernel's bound.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IfName(heapless::String<IFNAME_BYTES_MAX>);

/// Why a text is no WireGuard key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WgKeyError {
    /// Not 43 characters of base64 and one `=`.
    Form,
    /// Base64 whose last character carries bits that belong to no byte; `wg` refuses it too.
    Spare,
    /// All bytes zero: no key, the kernel takes it for "none".
    Zero,
}

/// 43 characters and one `=`.
const TEXT_BYTES: usize = 44;
const HEX_BYTES: usize = 2 * WG_KEY_BYTES;

/// RFC 4648 base64 of exactly 32 bytes. The letters are no index into a table, so that the time
/// that it takes tells nothing of a secret.
fn decode(text: &str) -> Result<[u8; WG_KEY_BYTES], WgKeyError> {
    let body = text.strip_suffix('=').filter(|body| body.len() == TEXT_BYTES - 1);
    let body = body.ok_or(WgKeyError::Form)?;
    let mut key = [0; WG_KEY_BYTES];
    if Base64::decode(text, &mut key).is_ok() {
        return Ok(key);
    }
    // So many letters of the alphabet have one fault left: bits that belong to no byte.
    if body.bytes().all(is_base64) { Err(WgKeyError::Spare) } else { Err(WgKeyError::Form) }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// The base64 of a key, in memory that is zeroed when it goes.
struct KeyText(Zeroizing<[u8; TEXT_BYTES]>);

impl KeyText {
    fn new() -> KeyText {
        KeyText(Zeroizing::new([0; TEXT_BYTES]))
    }

    fn encode(&mut self, key: &[u8; WG_KEY_BYTES]) -> &str {
        // 32 bytes are 44 characters, for which there is room.
        Base64::encode(key, self.0.as_mut_slice()).unwrap_or_default()
    }
}

fn hex(key: &[u8; WG_KEY_BYTES]) -> String {
    let mut text = Zeroizing::new([0; HEX_BYTES]);
    // 32 bytes are 64 digits, for which there is room.
    base16ct::lower::encode_str(key, text.as_mut_slice()).unwrap_or_default().to_owned()
}

fn from_hex(text: &str) -> Option<[u8; WG_KEY_BYTES]> {
    let mut key = [0; WG_KEY_BYTES];
    let is_whole = text.len() == HEX_BYTES && base16ct::mixed::decode(text, &mut key).is_ok();
    is_whole.then_some(key)
}

impl WgKey {
    /// The key, unless all its bytes are zero.
    pub fn new(bytes: [u8; WG_KEY_BYTES]) -> Result<WgKey, WgKeyError> {
        if bytes == [0; WG_KEY_BYTES] { Err(WgKeyError::Zero) } else { Ok(WgKey(bytes)) }
    }

    /// Is it one, or a private key that was typed in its place? `wg genkey` fixes five bits (RFC
    /// 7748, section 5, `decodeScalar25519`). A public key is a multiple of the base point: it lies
    /// on the curve, not on its twist, and in the subgroup of prime order, and so does one of
    /// sixteen texts of 32 bytes.
    pub fn likeness(&self) -> Likeness {
        let [first, .., last] = self.0;
        if first & 0b111 != 0 || last & 0b1100_0000 != 0b0100_0000 {
            return Likeness::Public;
        }
        match MontgomeryPoint(self.0).to_edwards(0) {
            Some(point) if point.is_torsion_free() => Likeness::Either,
            _ => Likeness::Private,
        }
    }

    /// The 32 bytes, as netlink carries them.
    pub fn bytes(&self) -> &[u8; WG_KEY_BYTES] {
        &self.0
    }

    /// 64 hexadecimal digits, as WireGuard's cross-platform protocol (UAPI) carries it.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// Reads what [`WgKey::to_hex`] writes; `None` for anything else and for the zero key.
    pub fn from_hex(text: &str) -> Option<WgKey> {
        WgKey::new(from_hex(text)?).ok()
    }
}

impl WgSecret {
    /// A secret from its 32 bytes.
    pub fn new(bytes: [u8; WG_KEY_BYTES]) -> WgSecret {
        WgSecret(bytes)
    }

    /// The public key that belongs to this private key (RFC 7748, as `wg pubkey` has it).
    pub fn public(&self) -> WgKey {
        let secret = x25519_dalek::StaticSecret::from(self.0);
        WgKey(x25519_dalek::PublicKey::from(&secret).to_bytes())
    }

    /// The 32 bytes, as netlink carries them.
    pub fn bytes(&self) -> &[u8; WG_KEY_BYTES] {
        &self.0
    }

    /// 64 hexadecimal digits, for the UAPI socket.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<WgSecret> {
        from_hex(text).map(WgSecret)
    }

    /// Base64, for a file that only its owner can read. Named so that a search finds every place.
    pub fn reveal(&self) -> String {
        KeyText::new().encode(&self.0).to_owned()
    }
}

impl IfName {
    /// The link of a peering by the usual form.
    #[cfg(test)]
    pub fn of(asn: Asn) -> IfName {
        let mut name = heapless::String::new();
        // Five letters and at most ten digits fit the bound exactly.
        let _ = write!(name, "wg-as{}", asn.get());
        IfName(name)
    }

    /// The tunnel of a peering, by the form of such names, whose longest fits the bound.
    pub fn from_form(form: &NameForm, asn: Asn) -> IfName {
        IfName(form.name(asn).as_str().try_into().unwrap_or_default())
    }

    /// A name that somebody else chose, if the kernel takes it (`dev_valid_name` in
    /// net/core/dev.c).
    pub fn from_name(name: &str) -> Option<IfName> {
        if name.is_empty() || name == "." || name == ".." {
            return None;
        }
        if name.contains(|letter: char| !letter.is_ascii_graphic() || "/:".contains(letter)) {
            return None;
        }
        Some(IfName(name.try_into().ok()?))
    }

    /// The name of the link to another POP of ours.
    pub fn to_pop(pop: &PopName) -> IfName {
        let mut name = heapless::String::new();
        // The bound of a POP's name is what the prefix leaves.
        let _ = write!(name, "{LINK_PREFIX}{pop}");
        IfName(name)
    }

    /// The POP that a link of this name leads to, if it is exactly one that [`IfName::to_pop`]
    /// gives.
    pub fn pop(name: &str) -> Option<PopName> {
        name.strip_prefix(LINK_PREFIX)?.parse().ok()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WgKey {
    type Err = WgKeyError;

    fn from_str(text: &str) -> Result<WgKey, WgKeyError> {
        WgKey::new(decode(text)?)
    }
}

impl FromStr for WgSecret {
    type Err = WgKeyError;

    fn from_str(text: &str) -> Result<WgSecret, WgKeyError> {
        decode(text).map(WgSecret)
    }
}

impl fmt::Display for WgKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(KeyText::new().encode(&self.0))
    }
}

impl fmt::Debug for WgKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(KeyText::new().encode(&self.0))
    }
}

impl Drop for WgSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for WgSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(hidden)")
    }
}

impl fmt::Display for IfName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Debug for IfName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for WgKeyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            WgKeyError::Form => "a WireGuard key is 43 characters of base64 and one =",
            WgKeyError::Spare => {
                "the last character before = cannot stand there; a letter is mistyped"
            }
            WgKeyError::Zero => "the all-zero key is no key",
        })
    }
}

impl std::error::Error for WgKeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys as `wg genkey` makes them, by a small generator of our own.
    fn private_keys(count: usize) -> Vec<WgSecret> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        let mut key = || {
            let mut bytes: [u8; WG_KEY_BYTES] = std::array::from_fn(|_| next());
            bytes[0] &= 0b1111_1000;
            bytes[31] = bytes[31] & 0b0011_1111 | 0b0100_0000;
            WgSecret::new(bytes)
        };
        (0..count).map(|_| key()).collect()
    }

    #[test]
    fn a_private_key_is_told_from_a_public_one() {
        let secrets = private_keys(400);
        let private = secrets.iter().map(|it| WgKey(*it.bytes()).likeness());
        let let_through = private.inspect(|it| assert_ne!(*it, Likeness::Public));
        let let_through = let_through.filter(|it| *it == Likeness::Either).count();
        assert!((5..=60).contains(&let_through), "one of sixteen: {let_through}");
        let public = secrets.iter().map(|it| it.public().likeness());
        let asked = public.inspect(|it| assert_ne!(*it, Likeness::Private));
        let asked = asked.filter(|it| *it == Likeness::Either).count();
        assert!((5..=60).contains(&asked), "one of sixteen: {asked}");
        // Of the twist, of small order, and no canonical number.
        for bytes in [[0x48; WG_KEY_BYTES], [0x40; WG_KEY_BYTES], [0x78; WG_KEY_BYTES]] {
            WgKey(bytes).likeness();
        }
    }

    #[test]
    fn text_and_bytes_agree() {
        let bytes: [u8; 32] = std::array::from_fn(|i| (i * 7 + 1) as u8);
        let key = WgKey::new(bytes).unwrap();
        assert_eq!(key.to_string(), "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=");
        assert_eq!(key.to_string().parse(), Ok(key));
        let hex = key.to_hex();
        assert_eq!(&hex[..8], "01080f16");
        assert_eq!(WgKey::from_hex(&hex), Some(key));
        assert_eq!(WgKey::from_hex(&hex.to_uppercase()), Some(key));
        for wrong in ["", &hex[1..], &hex[2..], &format!("{hex}00"), &hex.replace("01", "+1")] {
            assert_eq!(WgKey::from_hex(wrong), None, "{wrong:?}");
        }
        let all: WgKey = format!("{}8=", "/".repeat(42)).parse().unwrap();
        assert_eq!(all.bytes(), &[0xff; 32]);
    }

    #[test]
    fn refuses_what_wg_refuses() {
        let good = "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
        let parse = |text: &str| text.parse::<WgKey>();
        assert_eq!(parse(&good.replace("o=", "p=")), Err(WgKeyError::Spare));
        assert_eq!(parse(&format!("{}=", "A".repeat(43))), Err(WgKeyError::Zero));
        let wrong =
            ["", "=", &good[..43], &good[1..], &good.replace('Q', "-"), &format!(" {good}")];
        for text in wrong {
            assert_eq!(parse(text), Err(WgKeyError::Form), "{text:?}");
        }
        assert_eq!(parse(&format!("{good}=")), Err(WgKeyError::Form));
        assert_eq!(parse(&format!("{}==", &good[..42])), Err(WgKeyError::Form));
        assert_eq!(parse(&format!("é{}", &good[2..])), Err(WgKeyError::Form));
    }

    /// What `wg pubkey` of wireguard-tools 1.0 answers for 32 bytes of 0x01.
    #[test]
    fn the_public_key_is_that_of_wg() {
        let secret: WgSecret = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".parse().unwrap();
        assert_eq!(secret, WgSecret::new([1; 32]));
        assert_eq!(secret.public().to_string(), "pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk=");
        assert_eq!(secret.reveal().parse(), Ok(secret));
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        assert_eq!(format!("{:?}", WgSecret::new([7; 32])), "(hidden)");
    }
}
