//! What is never asked for, and may be given: the tunnel's largest packet, a preshared key, and
//! whose routes are exchanged.

use super::sentence;
use crate::limits::{MTU_MAX, MTU_MIN, WG_KEY_BYTES};
use crate::model::{Families, Refusal, WgSecret};

/// What was said about the preshared key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Psk {
    /// None, or none any more.
    Absent,
    /// This one, which the member has.
    Given(WgSecret),
    /// One that we make, and show once.
    Generate,
}

/// The largest packet of the tunnel in bytes, [`MTU_MIN`] to [`MTU_MAX`].
pub fn mtu(text: &str) -> Result<u32, Refusal> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.filter(|mtu| (MTU_MIN..=MTU_MAX).contains(mtu)).ok_or_else(|| {
        let message = format!("The MTU is a number of bytes from {MTU_MIN} to {MTU_MAX}");
        Refusal::new("bad_mtu", message, "1420 is what WireGuard takes by itself")
    })
}

/// A preshared key as `wg genpsk` prints it, `generate`, or `none`. The refusal does not repeat
/// what was said: it may be a secret with one letter wrong.
pub fn psk(text: &str) -> Result<Psk, Refusal> {
    if text.is_empty() || text.eq_ignore_ascii_case("none") {
        return Ok(Psk::Absent);
    }
    if text.eq_ignore_ascii_case("generate") {
        return Ok(Psk::Generate);
    }
    let message = match text.parse::<WgSecret>() {
        Ok(key) if key.bytes() != &[0; WG_KEY_BYTES] => return Ok(Psk::Given(key)),
        Ok(_) => "The all-zero key means that there is none".to_string(),
        Err(error) => sentence(error),
    };
    let hint = "Give what `wg genpsk` prints, or `generate`, or `none`";
    Err(Refusal::new("bad_psk", message, hint))
}

/// Whose routes the BGP session carries: `both`, `ipv4` or `ipv6`.
pub fn families(text: &str) -> Result<Families, Refusal> {
    Families::from_word(&text.to_ascii_lowercase()).ok_or_else(|| {
        let message = "The families are one of both, ipv4 and ipv6";
        Refusal::new("bad_families", message, "Nearly everybody in dn42 takes both")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T: std::fmt::Debug>(result: Result<T, Refusal>) -> &'static str {
        result.unwrap_err().code
    }

    #[test]
    fn an_mtu_has_bounds() {
        assert_eq!([mtu("1280"), mtu("9000")], [Ok(1280), Ok(9000)]);
        for text in ["", "1279", "9001", "-1420", "+1420", "1420 ", "1420.0", "99999999999", "x"] {
            assert_eq!(code(mtu(text)), "bad_mtu", "{text:?}");
        }
    }

    #[test]
    fn a_preshared_key_is_given_made_or_absent() {
        let secret = WgSecret::new([7; 32]);
        assert_eq!(psk(&secret.reveal()), Ok(Psk::Given(secret.clone())));
        assert_eq!([psk("Generate"), psk("NONE"), psk("")], {
            [Ok(Psk::Generate), Ok(Psk::Absent), Ok(Psk::Absent)]
        });
        assert_eq!(code(psk(&WgSecret::new([0; 32]).reveal())), "bad_psk");
    }

    /// What was meant as a key must not come back in an answer, where logs may find it.
    #[test]
    fn a_refused_preshared_key_is_not_repeated() {
        let nearly = WgSecret::new([7; 32]).reveal().replace("c=", "d=");
        for text in [nearly.as_str(), &nearly[1..], "hunter2"] {
            let refusal = psk(text).unwrap_err();
            assert_eq!(refusal.code, "bad_psk");
            assert!(!format!("{refusal:?}").contains(text), "{refusal:?}");
        }
    }

    #[test]
    fn families_are_words() {
        assert_eq!(families("IPv4"), Ok(Families::V4));
        assert_eq!([families("ipv6"), families("both")], [Ok(Families::V6), Ok(Families::Both)]);
        assert_eq!([code(families("")), code(families("ipv5"))], ["bad_families"; 2]);
    }
}
