//! A member's answers, judged one by one: each becomes a proven value or a refusal with its remedy.
//!
//! The same judges serve the questions at the prompt, the flags of a script, and the apply loop.
//! Nothing is altered silently: what is understood in a roundabout way (`host:port` in the address)
//! is shown in the answer, and what is not understood is refused.

mod options;

pub use options::reason;
pub use options::{Declared, endpoint_is_free, shared};
pub use options::{Psk, families, mtu, psk};

use super::policy::split_port;
use super::{Peering, Site};
use crate::model::{Asn, EndpointError, Host, Likeness, LinkLocal, Port, Refusal, WgKey};

/// What an answer is judged against.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// This POP.
    pub site: &'a Site,
    /// The AS numbers that the caller maintains, sorted.
    pub owned: &'a [Asn],
    /// Whose AS numbers the caller may use.
    pub reach: Reach,
    /// All peerings of this POP.
    pub peerings: &'a [Peering],
}

/// How far a caller's rights go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The AS numbers that the registry says are theirs.
    Own,
    /// Any AS number: an administrator.
    Any,
}

/// What was given as the endpoint's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// `none`: the member calls us.
    Absent,
    /// An address or name, with the port if it was pasted along with it.
    Host(Host, Option<Port>),
}

/// Is an answer a yes? The same words mean it wherever something is to be confirmed.
pub fn is_yes(answer: &str) -> bool {
    ["yes", "y"].iter().any(|word| answer.trim().eq_ignore_ascii_case(word))
}

/// The AS number of a new peering: the caller's own, and without a peering so far.
pub fn asn(text: &str, context: Context<'_>) -> Result<Asn, Refusal> {
    let asn = known_asn(text, context)?;
    if asn == context.site.asn {
        let message = format!("{asn} is this network itself");
        return Err(Refusal::new("own_network", message, "Peer with an AS number of yours"));
    }
    if context.peerings.iter().any(|peering| peering.asn == asn) {
        let message = format!("{asn} has a peering here already");
        let hint = "peer_config shows it; peer_remove takes it away";
        return Err(Refusal::new("exists", message, hint));
    }
    Ok(asn)
}

/// An AS number that the caller may act for.
pub fn known_asn(text: &str, context: Context<'_>) -> Result<Asn, Refusal> {
    let asn: Asn = text
        .parse()
        .map_err(|error| Refusal::new("bad_asn", sentence(error), "Example: 4242420263"))?;
    if context.reach == Reach::Own && !context.owned.contains(&asn) {
        let message = format!("The registry does not say that {asn} is yours");
        let hint = match context.owned {
            [] => "No aut-num object names your maintainer in mnt-by".to_string(),
            owned => format!("Yours: {}", list(owned)),
        };
        return Err(Refusal::new("not_yours", message, hint));
    }
    Ok(asn)
}

/// A WireGuard public key, and not ours. Whoever else says that it is theirs shuts nobody out: each
/// peering has a link of its own.
pub fn key(text: &str, context: Context<'_>) -> Result<WgKey, Refusal> {
    let hint = "It is what `wg pubkey` prints, 44 characters that end in =";
    let key: WgKey =
        text.parse().map_err(|error| Refusal::new("bad_key", sentence(error), hint))?;
    if key == context.site.key {
        let message = "This is this POP's own public key: it belongs into your file, not here";
        let hint = "Give the public key of your router, what `wg pubkey` makes of its private key";
        return Err(Refusal::new("key_is_ours", message, hint));
    }
    if key.likeness() == Likeness::Private {
        let message = "This looks like a private key: no WireGuard has such a public one";
        let hint = "Give what `wg pubkey` makes of it. It was not kept; if anybody else may have \
                    seen it, make a new one with `wg genkey`";
        return Err(Refusal::new("looks_private", message, hint));
    }
    Ok(key)
}

/// The endpoint's address: `none`, an IP address or a host name, with a port if one was pasted
/// along.
pub fn host(text: &str) -> Result<Given, Refusal> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Given::Absent);
    }
    let (host, pasted) = match split_port(text) {
        Some((address, "")) if text.ends_with(']') => (address, None),
        Some((host, digits)) => (host, Some(port(digits)?)),
        None => (text, None),
    };
    match host.parse() {
        Ok(host) => Ok(Given::Host(host, pasted)),
        Err(error) => Err(Refusal::new("bad_endpoint", sentence(error), endpoint_hint(error))),
    }
}

/// A host other than this POP itself, by its name; its addresses are the policy's matter.
pub fn not_our_name(host: &Host, site: &Site) -> Result<(), Refusal> {
    match host {
        Host::Name(name) if name.as_str().eq_ignore_ascii_case(&site.name) => {
            let message = format!("{name} is this POP itself: it belongs into your file, not here");
            let hint = "Give your router's public address or host name, or `none` if it calls us";
            Err(Refusal::new("endpoint_is_ours", message, hint))
        }
        _ => Ok(()),
    }
}

fn endpoint_hint(error: EndpointError) -> &'static str {
    match error {
        EndpointError::Prefix => "Example: 2a01:4f8::1 instead of 2a01:4f8::1/64",
        EndpointError::Unqualified => "Give the whole name",
        _ => "Give your router's public address or host name, or `none` if it calls us",
    }
}

/// The endpoint's port.
pub fn port(text: &str) -> Result<Port, Refusal> {
    text.parse::<Port>().map_err(|error| {
        let hint = "It is the ListenPort of your WireGuard interface for this peering";
        Refusal::new("bad_port", sentence(error), hint)
    })
}

/// The member's link-local address; an empty answer, `auto` or `none` leaves the choice to us.
pub fn link_local(text: &str, context: Context<'_>) -> Result<Option<LinkLocal>, Refusal> {
    if text.is_empty() || ["auto", "none"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Ok(None);
    }
    let (code, message) = match text.parse::<LinkLocal>() {
        Err(error) => ("bad_link_local", sentence(error)),
        Ok(address) if address == context.site.local_address => {
            ("link_local_is_ours", format!("The address {text} is this POP's own address"))
        }
        Ok(address) if context.site.is_automatic(address) => (
            "link_local_is_ours",
            format!("The address {text} lies in the range that this POP gives out itself"),
        ),
        Ok(address) => return Ok(Some(address)),
    };
    Err(Refusal::new(code, message, "Enter auto to get an address from this POP"))
}

/// What would be refused today of a peering that was let in long ago, and is served as it is: the
/// check of `peer_status` that it belongs to, and why.
pub fn objections(peering: &Peering, site: &Site) -> Vec<(&'static str, String)> {
    let context = Context { site, owned: &[], reach: Reach::Any, peerings: &[] };
    let given = peering.link_local.map(|address| address.to_string()).unwrap_or_default();
    let judged = [
        ("handshake", key(&peering.key.to_string(), context).err()),
        ("tunnel", link_local(&given, context).err()),
    ];
    let mut objections = Vec::new();
    for (check, refusal) in judged {
        if let Some(Refusal { message, .. }) = refusal {
            objections.push((check, format!("{message}; it would be refused today")));
        }
    }
    objections
}

fn sentence(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

fn list(asns: &[Asn]) -> String {
    asns.iter().map(Asn::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{peering, site};
    use super::*;

    fn with_context<T>(judge: impl Fn(Context<'_>) -> T) -> T {
        let (site, owned) = (site(), [4242420001, 4242420002].map(|it| Asn::new(it).unwrap()));
        let peerings = [peering(1, 4242420001, None), peering(2, 4242420009, Some("fe80::9"))];
        judge(Context { site: &site, owned: &owned, reach: Reach::Own, peerings: &peerings })
    }

    fn code<T: std::fmt::Debug>(result: Result<T, Refusal>) -> &'static str {
        let refusal = result.unwrap_err();
        assert!(!refusal.message.is_empty() && !refusal.message.ends_with('.'), "{refusal:?}");
        assert!(refusal.message.starts_with(char::is_uppercase), "{refusal:?}");
        refusal.code
    }

    #[test]
    fn a_yes_is_one_however_it_is_written() {
        for text in ["yes", "YES", "Yes", "y", "Y", " yes "] {
            assert!(is_yes(text), "{text:?}");
        }
        for text in ["", "no", "yes!", "yess", "ok", "ye", "1"] {
            assert!(!is_yes(text), "{text:?}");
        }
    }

    #[test]
    fn an_as_number_is_the_callers_and_free() {
        with_context(|it| {
            assert_eq!(asn("AS4242420002", it).unwrap().get(), 4242420002);
            assert_eq!(code(asn("4242420001", it)), "exists");
            assert_eq!(code(asn("4242420009", it)), "not_yours");
            assert_eq!(code(asn("x", it)), "bad_asn");
            let admin = Context { reach: Reach::Any, ..it };
            assert_eq!(asn("64600", admin).unwrap().get(), 64600);
            assert_eq!(code(asn("4242420263", admin)), "own_network");
            let nobody = Context { owned: &[], ..it };
            assert!(asn("64600", nobody).unwrap_err().hint.contains("mnt-by"));
        });
    }

    #[test]
    fn a_key_is_a_public_one_and_not_ours() {
        with_context(|it| {
            assert!(key(&WgKey::new([9; 32]).unwrap().to_string(), it).is_ok());
            assert!(key(&it.peerings[1].key.to_string(), it).is_ok(), "it shuts nobody out");
            let mut keys = (0x40..0x80).step_by(8).map(|byte| WgKey::new([byte; 32]).unwrap());
            let private = keys.find(|key| key.likeness() == Likeness::Private).unwrap();
            assert_eq!(code(key(&private.to_string(), it)), "looks_private");
            assert_eq!(code(key(&it.site.key.to_string(), it)), "key_is_ours");
            assert_eq!(code(key("AAAA", it)), "bad_key");
        });
    }

    #[test]
    fn an_endpoint_is_split_where_it_is_plain_what_was_meant() {
        let given = |text| match host(text).unwrap() {
            Given::Absent => ("none".to_string(), None),
            Given::Host(host, port) => (host.to_string(), port.map(Port::get)),
        };
        assert_eq!(given("node.example.org"), ("node.example.org".into(), None));
        assert_eq!(given("node.example.org:20263"), ("node.example.org".into(), Some(20263)));
        assert_eq!(given("[2a01:4f8::1]:20263"), ("2a01:4f8::1".into(), Some(20263)));
        assert_eq!(given("[2a01:4f8::1]"), ("2a01:4f8::1".into(), None));
        assert_eq!(given("2a01:4f8::1"), ("2a01:4f8::1".into(), None));
        assert_eq!(given("NONE"), ("none".into(), None));
        for text in ["", "2a01::1/64", "a b", "node.example.org:", "localhost", "x y:1"] {
            assert!(["bad_endpoint", "bad_port"].contains(&code(host(text))), "{text:?}");
        }
        assert_eq!(code(host("node.example.org:99999")), "bad_port");
    }

    #[test]
    fn our_own_name_is_no_members_endpoint() {
        let judge = |name: &str| not_our_name(&name.parse().unwrap(), &site());
        assert_eq!(code(judge("POP.example.net")), "endpoint_is_ours");
        assert_eq!((judge("node.example.net"), judge("192.0.2.1")), (Ok(()), Ok(())));
    }

    #[test]
    fn what_was_let_in_long_ago_is_told() {
        let names = |link_local| {
            let found = objections(&peering(9, 64600, link_local), &site());
            found.iter().map(|it| it.0).collect::<Vec<_>>()
        };
        assert_eq!(names(None), [""; 0]);
        assert_eq!(names(Some("fe80::1")), [""; 0]);
        assert_eq!(names(Some("fe80:0263::2:9")), ["tunnel"]);
        assert_eq!(names(Some("fe80::263")), ["tunnel"]);
        let ours = Peering { key: site().key, ..peering(9, 64600, None) };
        assert_eq!(objections(&ours, &site()).len(), 1);
    }

    #[test]
    fn a_link_local_address_is_free() {
        with_context(|it| {
            for text in ["", "auto", "None"] {
                assert_eq!(link_local(text, it), Ok(None));
            }
            assert_eq!(link_local("fe80::1", it).unwrap().unwrap().as_str(), "fe80::1");
            assert_eq!(code(link_local("fe80::263", it)), "link_local_is_ours");
            assert_eq!(code(link_local("fe80:263::2:1", it)), "link_local_is_ours");
            assert_eq!(code(link_local("fe80:0263::1:77", it)), "link_local_is_ours");
            assert!(link_local("fe80::9", it).is_ok(), "it shuts nobody out");
            for text in ["fe80::", "fd00::1", "fe80::1/64", "fe80::1%x", "x"] {
                assert_eq!(code(link_local(text, it)), "bad_link_local");
            }
        });
    }
}
