//! The types that only the mesh's keys have, from a value and back to TOML.

use super::{Kind, Scalar, Value, mismatch, number, quoted, string, text};
use crate::mesh::Reach;
use crate::model::{Endpoint, Host, PopId, PopName};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The word for the end that nobody can reach.
const NOWHERE: &str = "none";

impl Scalar for PopName {
    fn scalar(value: &Value, kind: Kind) -> Result<PopName, String> {
        let text = text(value, kind)?;
        text.parse().map_err(|error| format!("{}: {error}", quoted(text)))
    }

    fn toml(&self) -> Option<String> {
        Some(string(self.as_str()))
    }
}

impl Scalar for (PopName, PopName) {
    fn scalar(value: &Value, kind: Kind) -> Result<(PopName, PopName), String> {
        let Value::List(items) = value else { return Err(mismatch(value, kind)) };
        let [one, other] = items.as_slice() else {
            return Err(format!("a list of {} is not {kind}", items.len()));
        };
        let name = |value| PopName::scalar(value, Kind::Pop);
        match (name(&one.value)?, name(&other.value)?) {
            (one, other) if one == other => {
                Err(format!("{} has no link to itself", quoted(one.as_str())))
            }
            pair => Ok(pair),
        }
    }

    fn toml(&self) -> Option<String> {
        Some(format!("[{}, {}]", self.0.toml()?, self.1.toml()?))
    }
}

impl Scalar for PopId {
    fn scalar(value: &Value, kind: Kind) -> Result<PopId, String> {
        PopId::new(number(value, kind)?).ok_or_else(|| mismatch(value, kind))
    }

    fn toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Scalar for Host {
    fn scalar(value: &Value, kind: Kind) -> Result<Host, String> {
        let text = text(value, kind)?;
        text.parse().map_err(|error| format!("{}: {error}", quoted(text)))
    }

    fn toml(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

impl Scalar for Reach {
    fn scalar(value: &Value, kind: Kind) -> Result<Reach, String> {
        match text(value, kind)? {
            NOWHERE => Ok(Reach::Calls),
            text => endpoint(text, kind).map(Reach::At),
        }
    }

    fn toml(&self) -> Option<String> {
        Some(string(&match self {
            Reach::Calls => NOWHERE.to_string(),
            Reach::At(endpoint) => endpoint.bracketed(),
        }))
    }
}

/// Host and port; brackets stand round an IPv6 address and nothing else.
fn endpoint(text: &str, kind: Kind) -> Result<Endpoint, String> {
    let bracketed = text.strip_prefix('[').map(|rest| rest.split_once("]:"));
    let parts = bracketed.unwrap_or_else(|| text.rsplit_once(':'));
    let (host, port) = parts.ok_or_else(|| format!("{} is not {kind}", quoted(text)))?;
    let told = |error| format!("{}: {error}", quoted(text));
    let (host, port) = (host.parse::<Host>().map_err(told)?, port.parse().map_err(told)?);
    match host.is_ipv6() == bracketed.is_some() {
        true => Ok(Endpoint { host, port }),
        false => Err(format!("{} is not {kind}", quoted(text))),
    }
}

impl Scalar for Ipv6Net {
    fn scalar(value: &Value, kind: Kind) -> Result<Ipv6Net, String> {
        match IpNet::scalar(value, kind)? {
            IpNet::V6(network) => Ok(network),
            IpNet::V4(_) => Err(mismatch(value, kind)),
        }
    }

    fn toml(&self) -> Option<String> {
        IpNet::V6(*self).toml()
    }
}

impl Scalar for Ipv4Net {
    fn scalar(value: &Value, kind: Kind) -> Result<Ipv4Net, String> {
        match IpNet::scalar(value, kind)? {
            IpNet::V4(network) => Ok(network),
            IpNet::V6(_) => Err(mismatch(value, kind)),
        }
    }

    fn toml(&self) -> Option<String> {
        IpNet::V4(*self).toml()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(text: &str) -> Result<Reach, String> {
        Reach::scalar(&Value::Text(text.into()), Kind::Reach)
    }

    #[test]
    fn an_endpoint_is_written_as_it_was_read() {
        for text in ["none", "192.0.2.1:1", "[2001:DB8::1]:65535", "node.example.net:51820"] {
            assert_eq!(reach(text).unwrap().toml(), Some(format!("{text:?}")));
        }
        assert_eq!(reach("none"), Ok(Reach::Calls));
    }

    #[test]
    fn brackets_stand_round_ipv6_addresses_only() {
        for text in [
            "2001:db8::1:51820",
            "2001:db8::1",
            "[2001:db8::1]",
            "[2001:db8::1]51820",
            "[192.0.2.1]:1",
            "[node.example.net]:1",
            "node.example.net",
            "node.example.net:",
            ":51820",
            "none:1",
            "",
        ] {
            assert!(reach(text).is_err(), "{text:?}");
        }
    }
}
