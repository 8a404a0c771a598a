//! The types that a key can hold, each from a value and back to TOML.

use super::key::Kind;
use super::problem::quoted;
use super::value::{Scalar, Value, mismatch, number, string, text};
use crate::mesh::Reach;
use crate::model::{
    Asn, BackendChoice, BirdForm, Endpoint, Families, Host, LinkLocal, NameForm, Open, PopId,
    PopName, SysctlChoice, WgKey, WgSecret,
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Types whose `FromStr` and `Display` are all that there is to say.
macro_rules! parsed {
    ($($Type:ty)+) => {
        $(
            impl Scalar for $Type {
                fn from_value(value: &Value, kind: Kind) -> Result<$Type, String> {
                    let text = text(value, kind)?;
                    text.parse().map_err(|error| format!("{}: {error}", quoted(text)))
                }

                fn to_toml(&self) -> Option<String> {
                    Some(string(&self.to_string()))
                }
            }
        )+
    };
}

macro_rules! numbers {
    ($($Number:ty)+) => {
        $(
            impl Scalar for $Number {
                fn from_value(value: &Value, kind: Kind) -> Result<$Number, String> {
                    number(value, kind)
                }

                fn to_toml(&self) -> Option<String> {
                    Some(self.to_string())
                }
            }
        )+
    };
}

macro_rules! choices {
    ($($Choice:ident)+) => {
        $(
            impl Scalar for $Choice {
                fn from_value(value: &Value, kind: Kind) -> Result<$Choice, String> {
                    $Choice::from_word(text(value, kind)?).ok_or_else(|| mismatch(value, kind))
                }

                fn to_toml(&self) -> Option<String> {
                    Some(string(self.word()))
                }
            }
        )+
    };
}

macro_rules! networks {
    ($($Network:ty: $Family:ident)+) => {
        $(
            impl Scalar for $Network {
                fn from_value(value: &Value, kind: Kind) -> Result<$Network, String> {
                    match IpNet::from_value(value, kind)? {
                        IpNet::$Family(network) => Ok(network),
                        _ => Err(mismatch(value, kind)),
                    }
                }

                fn to_toml(&self) -> Option<String> {
                    IpNet::$Family(*self).to_toml()
                }
            }
        )+
    };
}

parsed! { Host LinkLocal PopName }
networks! { Ipv4Net: V4 Ipv6Net: V6 }
numbers! { u16 u32 }
choices! { BackendChoice Families Open SysctlChoice }

impl Scalar for NameForm {
    fn from_value(value: &Value, kind: Kind) -> Result<NameForm, String> {
        let text = text(value, kind)?;
        let Kind::Names(names) = kind else { return Err(mismatch(value, kind)) };
        NameForm::parse(text, names).map_err(|error| format!("{}: {error}", quoted(text)))
    }

    fn to_toml(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

impl Scalar for BirdForm {
    fn from_value(value: &Value, kind: Kind) -> Result<BirdForm, String> {
        BirdForm::from_text(text(value, kind)?).ok_or_else(|| mismatch(value, kind))
    }

    fn to_toml(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

impl Scalar for Asn {
    fn from_value(value: &Value, kind: Kind) -> Result<Asn, String> {
        match value {
            Value::Text(text) => text.parse().map_err(|error| format!("{}: {error}", quoted(text))),
            Value::Number(number) if *number >= 0 => {
                number.to_string().parse().map_err(|error| format!("{error}"))
            }
            _ => Err(mismatch(value, kind)),
        }
    }

    fn to_toml(&self) -> Option<String> {
        Some(self.get().to_string())
    }
}

impl Scalar for SocketAddr {
    fn from_value(value: &Value, kind: Kind) -> Result<SocketAddr, String> {
        text(value, kind)?.parse().map_err(|_| mismatch(value, kind))
    }

    fn to_toml(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

impl Scalar for IpAddr {
    fn from_value(value: &Value, kind: Kind) -> Result<IpAddr, String> {
        let text = text(value, kind)?;
        let address: IpAddr = text.parse().map_err(|_| mismatch(value, kind))?;
        let has_no_network = match address {
            IpAddr::V4(it) => it.is_link_local() || it.is_broadcast(),
            IpAddr::V6(it) => it.is_unicast_link_local() || it.to_ipv4_mapped().is_some(),
        };
        let is_special =
            address.is_unspecified() || address.is_loopback() || address.is_multicast();
        if has_no_network || is_special { Err(mismatch(value, kind)) } else { Ok(address) }
    }

    fn to_toml(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

impl Scalar for IpNet {
    fn from_value(value: &Value, kind: Kind) -> Result<IpNet, String> {
        let text = text(value, kind)?;
        let network: IpNet = text.parse().map_err(|_| mismatch(value, kind))?;
        let whole = network.trunc();
        if whole != network {
            return Err(format!(
                "{} has bits set after its prefix; did you mean {whole}?",
                quoted(text)
            ));
        }
        Ok(network)
    }

    fn to_toml(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

impl Scalar for WgKey {
    fn from_value(value: &Value, kind: Kind) -> Result<WgKey, String> {
        text(value, kind)?.parse().map_err(|error| format!("{error}"))
    }

    fn to_toml(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

impl Scalar for WgSecret {
    fn from_value(value: &Value, kind: Kind) -> Result<WgSecret, String> {
        text(value, kind)?.parse().map_err(|error| format!("{error}"))
    }

    fn to_toml(&self) -> Option<String> {
        None
    }
}

impl Scalar for String {
    fn from_value(value: &Value, kind: Kind) -> Result<String, String> {
        text(value, kind).map(str::to_string)
    }

    fn to_toml(&self) -> Option<String> {
        Some(string(self))
    }
}

impl Scalar for PathBuf {
    fn from_value(value: &Value, kind: Kind) -> Result<PathBuf, String> {
        text(value, kind).map(PathBuf::from)
    }

    fn to_toml(&self) -> Option<String> {
        self.to_str().map(string)
    }
}

impl Scalar for bool {
    fn from_value(value: &Value, kind: Kind) -> Result<bool, String> {
        match value {
            Value::Boolean(boolean) => Ok(*boolean),
            _ => Err(mismatch(value, kind)),
        }
    }

    fn to_toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Scalar for PopId {
    fn from_value(value: &Value, kind: Kind) -> Result<PopId, String> {
        PopId::new(number(value, kind)?).ok_or_else(|| mismatch(value, kind))
    }

    fn to_toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Scalar for (PopName, PopName) {
    fn from_value(value: &Value, kind: Kind) -> Result<(PopName, PopName), String> {
        let Value::List(names) = value else { return Err(mismatch(value, kind)) };
        let [first, second] = names.as_slice() else {
            return Err(format!("must be {kind}, not a list of {}", names.len()));
        };
        let first = PopName::from_value(&first.value, Kind::Pop)?;
        let second = PopName::from_value(&second.value, Kind::Pop)?;
        if first == second {
            return Err(format!("{} cannot have a link to itself", quoted(first.as_str())));
        }
        Ok((first, second))
    }

    fn to_toml(&self) -> Option<String> {
        Some(format!("[{}, {}]", self.0.to_toml()?, self.1.to_toml()?))
    }
}

/// The word for the end that cannot be reached.
const UNREACHABLE: &str = "none";

impl Scalar for Reach {
    fn from_value(value: &Value, kind: Kind) -> Result<Reach, String> {
        match text(value, kind)? {
            UNREACHABLE => Ok(Reach::Calls),
            text => endpoint(text, kind).map(Reach::At),
        }
    }

    fn to_toml(&self) -> Option<String> {
        match self {
            Reach::Calls => Some(string(UNREACHABLE)),
            Reach::At(endpoint) => Some(string(&endpoint.bracketed())),
        }
    }
}

/// Host and port; brackets stand round an IPv6 address and nothing else.
fn endpoint(text: &str, kind: Kind) -> Result<Endpoint, String> {
    let bracketed = text.strip_prefix('[').map(|rest| rest.split_once("]:"));
    if let Some((host, port)) = bracketed.unwrap_or_else(|| text.rsplit_once(':')) {
        let host: Host = host.parse().map_err(|error| format!("{}: {error}", quoted(text)))?;
        let port = port.parse().map_err(|error| format!("{}: {error}", quoted(text)))?;
        if host.is_ipv6() == bracketed.is_some() {
            return Ok(Endpoint { host, port });
        }
    }
    Err(format!("{} is not {kind}", quoted(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(text: &str) -> Result<Reach, String> {
        Reach::from_value(&Value::Text(text.into()), Kind::Reach)
    }

    #[test]
    fn an_endpoint_is_written_as_it_was_read() {
        for text in ["none", "192.0.2.1:1", "[2001:DB8::1]:65535", "node.example.net:51820"] {
            assert_eq!(reach(text).unwrap().to_toml(), Some(format!("{text:?}")));
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
