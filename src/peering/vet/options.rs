//! What is never asked for, and may be given: the tunnel's largest packet, a preshared key, and
//! whose routes are exchanged.

use super::sentence;
use crate::limits::{MTU_MAX, MTU_MIN, REASON_CHARS_MAX, WG_KEY_BYTES};
use crate::model::{Asn, Endpoint, Families, Host, Port, Refusal, WgSecret};
use crate::peering::Peering;
use std::net::{IpAddr, SocketAddr};

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

// The reason for a suspension, a ban or a rejection.

/// One line that says something, without blanks and full stops at its ends: it becomes a part of
/// sentences.
pub fn reason(text: &str) -> Result<String, Refusal> {
    let words = text.trim().trim_end_matches('.').trim_end();
    let message = if words.is_empty() {
        "The reason is empty".to_string()
    } else if words.chars().any(char::is_control) {
        "The reason has control characters".to_string()
    } else if words.chars().count() > REASON_CHARS_MAX {
        format!("The reason has more than {REASON_CHARS_MAX} characters")
    } else {
        return Ok(words.to_string());
    };
    Err(Refusal::new("bad_reason", message, "One line, as in --reason 'floods the tunnel'"))
}

// A peering beside the others. Every link is its own, so two may have the same key or the same
// address on the link: whoever types somebody else's shuts nobody out. Only one thing works never
// twice: one UDP port of one host, behind which there is one WireGuard interface.

/// An endpoint that another peering has declared.
pub struct Declared<'a> {
    pub asn: Asn,
    pub endpoint: &'a Endpoint,
    /// Where that is now, as far as it is known.
    pub place: Option<SocketAddr>,
}

impl Declared<'_> {
    fn is_at(&self, host: &Host, addresses: &[IpAddr], port: Port) -> bool {
        let here = match (&self.endpoint.host, host) {
            (Host::Ip(theirs), _) => addresses.contains(&theirs.get()),
            (Host::Name(theirs), Host::Name(name)) => {
                theirs.as_str().eq_ignore_ascii_case(name.as_str())
            }
            (Host::Name(_), Host::Ip(_)) => false,
        };
        let known = self.place.is_some_and(|place| addresses.contains(&place.ip()));
        self.endpoint.port == port && (here || known)
    }
}

/// Is an endpoint, which stands for these addresses, nobody else's?
pub fn endpoint_is_free(
    endpoint: &Endpoint,
    addresses: &[IpAddr],
    others: &[Declared<'_>],
    owned: &[Asn],
) -> Result<(), Refusal> {
    let there = others.iter().find(|other| other.is_at(&endpoint.host, addresses, endpoint.port));
    let Some(there) = there else { return Ok(()) };
    let whose = if owned.contains(&there.asn) {
        format!("Your peering with {}", there.asn)
    } else {
        "Another peering of this POP".to_string()
    };
    let message = format!("{whose} has the endpoint {} already", endpoint.bracketed());
    let hint = "Each peering needs a port of its own: the ListenPort of your interface for it";
    Err(Refusal::new("endpoint_in_use", message, hint))
}

/// What a peering has in common with others of the same member. It works, if they know of it.
pub fn shared<'a>(peering: &Peering, theirs: impl IntoIterator<Item = &'a Peering>) -> Vec<String> {
    let mut notes = Vec::new();
    for other in theirs.into_iter().filter(|other| other.asn != peering.asn) {
        let same = format!("{} has the same", other.asn);
        if other.key == peering.key {
            notes.push(format!("{same} public key here: give each of the two its own interface"));
        }
        if peering.link_local.is_some() && other.link_local == peering.link_local {
            let hint = "name the interface wherever you use it";
            notes.push(format!("{same} link-local address here: {hint}"));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peering::tests::peering;

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

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        for (text, words) in [
            ("floods the tunnel", "floods the tunnel"),
            ("  spam.  ", "spam"),
            ("\"},\"version\":2,{\"", "\"},\"version\":2,{\""),
            ("Zoë sagt: 日本", "Zoë sagt: 日本"),
        ] {
            assert_eq!(reason(text).as_deref(), Ok(words));
        }
        let longest = "é".repeat(REASON_CHARS_MAX);
        assert!(reason(&longest).is_ok());
        let longer = "é".repeat(REASON_CHARS_MAX + 1);
        for text in ["", " ", "...", "a\nb", "\u{1b}[2J", "a\0b", "\u{9b}31m", &longer] {
            assert_eq!(reason(text).unwrap_err().code, "bad_reason", "{text:?}");
        }
    }

    fn endpoint(host: &str, port: &str) -> Endpoint {
        Endpoint { host: host.parse().unwrap(), port: port.parse().unwrap() }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_port_of_one_host_is_one_peerings() {
        let [alice, bob] = [64601, 64602].map(|it| Asn::new(it).unwrap());
        let [named, plain] = [endpoint("node.example.org", "1"), endpoint("2001:db8::2", "2")];
        let others = [
            Declared { asn: alice, endpoint: &named, place: "[2001:db8::1]:1".parse().ok() },
            Declared { asn: bob, endpoint: &plain, place: None },
        ];
        let judge = |host: &str, port: &str, addresses: &[&str]| {
            let addresses: Vec<_> = addresses.iter().map(|it| address(it)).collect();
            endpoint_is_free(&endpoint(host, port), &addresses, &others, &[alice])
        };
        for (host, port, addresses) in [
            ("NODE.example.org", "1", ["2001:db8::9"]),
            ("other.example.org", "1", ["2001:db8::1"]),
            ("2001:db8::1", "1", ["2001:db8::1"]),
        ] {
            let refusal = judge(host, port, &addresses).unwrap_err();
            assert_eq!(refusal.code, "endpoint_in_use");
            assert!(refusal.message.starts_with("Your peering with AS64601"), "{refusal}");
        }
        let refusal = judge("2001:db8:0::2", "2", &["2001:db8::2"]).unwrap_err();
        assert!(refusal.message.starts_with("Another peering"), "whose is not told: {refusal}");
        for (host, port, addresses) in [
            ("node.example.org", "2", ["2001:db8::1"]),
            ("2001:db8::2", "1", ["2001:db8::2"]),
            ("2001:db8::3", "1", ["2001:db8::3"]),
        ] {
            assert_eq!(judge(host, port, &addresses), Ok(()), "{host} {port}");
        }
    }

    #[test]
    fn what_two_of_ones_own_share_is_told() {
        let mut first = peering(1, 64601, Some("fe80::1"));
        let second = Peering { key: first.key, ..peering(2, 64602, Some("fe80:0::1")) };
        let notes = shared(&second, [&first]);
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes.iter().all(|it| it.contains("AS64601")), "{notes:?}");
        assert!(shared(&second, [&second]).is_empty(), "itself");
        first.link_local = None;
        assert!(shared(&peering(3, 64603, None), [&first]).is_empty(), "both have one from us");
    }
}
