//! A peering beside the others. Every link is its own, so two may have the same key or the same
//! address on the link: whoever types somebody else's shuts nobody out. Only one thing works never
//! twice: one UDP port of one host, behind which there is one WireGuard interface.

use crate::model::{Asn, Endpoint, Host, Port, Refusal};
use crate::peering::Peering;
use std::net::{IpAddr, SocketAddr};

/// An endpoint that another peering has declared.
pub struct Declared<'a> {
    /// Whose it is.
    pub asn: Asn,
    /// What they declared.
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
        let known = self.place.is_some_and(|it| addresses.contains(&it.ip()));
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
    let there = others.iter().find(|it| it.is_at(&endpoint.host, addresses, endpoint.port));
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
    for other in theirs.into_iter().filter(|it| it.asn != peering.asn) {
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
