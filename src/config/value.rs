//! A value as a source sets it, from there to its type, and from the type back to TOML.
//!
//! A [`Scalar`] is one value; a [`Field`] is what a key holds: a scalar, an optional one, or a
//! list. Messages say what is needed and what is there. A WireGuard key is never quoted, because a
//! private key may have been put in the place of a public one.

use super::key::{KeySpec, Kind};
use super::problem::{Place, Problems, quoted};
use crate::mesh::Reach;
use crate::model::{
    Asn, BackendChoice, BirdForm, Endpoint, Families, Host, LinkLocal, NameForm, Open, PopId,
    PopName, SysctlChoice, WgKey, WgSecret,
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A value and the place where it is set.
#[derive(Clone, PartialEq)]
pub(super) struct Located {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value of no type yet. It has no `Debug`: it may be a secret.
#[derive(Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Boolean(bool),
    List(Vec<Located>),
    /// What no key takes, in words.
    Other(&'static str),
}

/// What a key can hold.
pub(super) trait Field: Sized {
    /// The value as its type, or `None` after the problems were reported.
    fn read(located: &Located, spec: &KeySpec, problems: &mut Problems) -> Option<Self>;

    /// TOML that reads as the same value; `None` if there is none, or a secret one.
    fn print(&self) -> Option<String>;
}

/// One value.
pub(super) trait Scalar: Sized {
    /// # Errors
    /// What is wrong with the value, without its place.
    fn from_value(value: &Value, kind: Kind) -> Result<Self, String>;

    /// TOML that reads as the same value; `None` if it is secret.
    fn to_toml(&self) -> Option<String>;
}

impl<T: Scalar> Field for T {
    fn read(located: &Located, spec: &KeySpec, problems: &mut Problems) -> Option<T> {
        match T::from_value(&located.value, spec.kind) {
            Ok(value) => Some(value),
            Err(message) => {
                problems.add(located.place.clone(), format!("{spec}: {message}"));
                None
            }
        }
    }

    fn print(&self) -> Option<String> {
        self.to_toml()
    }
}

/// The empty text is no value: the only way for a variable to take back what the file sets.
impl<T: Scalar> Field for Option<T> {
    fn read(located: &Located, spec: &KeySpec, problems: &mut Problems) -> Option<Option<T>> {
        match &located.value {
            Value::Text(text) if text.is_empty() => Some(None),
            _ => T::read(located, spec, problems).map(Some),
        }
    }

    fn print(&self) -> Option<String> {
        self.as_ref().and_then(T::to_toml)
    }
}

impl<T: Scalar + PartialEq> Field for Vec<T> {
    fn read(located: &Located, spec: &KeySpec, problems: &mut Problems) -> Option<Vec<T>> {
        let (entries, kind) = match list(&located.value, spec.kind) {
            Ok(list) => list,
            Err(message) => {
                problems.add(located.place.clone(), format!("{spec}: {message}"));
                return None;
            }
        };
        let mut values = Vec::with_capacity(entries.len());
        for entry in entries {
            let message = match T::from_value(&entry.value, kind) {
                Ok(value) if !values.contains(&value) => {
                    values.push(value);
                    continue;
                }
                Ok(_) => "this entry is in the list twice".into(),
                Err(message) => message,
            };
            problems.add(entry.place.clone(), format!("{spec}: {message}"));
        }
        (values.len() == entries.len()).then_some(values)
    }

    fn print(&self) -> Option<String> {
        let entries: Option<Vec<_>> = self.iter().map(T::to_toml).collect();
        Some(format!("[{}]", entries?.join(", ")))
    }
}

/// The entries of a list and their kind, if it is a list that is long enough.
fn list(value: &Value, kind: Kind) -> Result<(&[Located], Kind), String> {
    match (value, kind) {
        (Value::List(entries), Kind::List { of, min }) if entries.len() >= min => {
            Ok((entries, *of))
        }
        (Value::List(_), Kind::List { min, .. }) => Err(format!("at least {min} entry is needed")),
        _ => Err(mismatch(value, kind)),
    }
}

fn mismatch(value: &Value, kind: Kind) -> String {
    let found = match (value, kind) {
        // Kinds that end in a list of words, to which one more would be added.
        (Value::Text(text), Kind::Choice(_) | Kind::Reach) => {
            return format!("{} is not {kind}", quoted(text));
        }
        (Value::Text(_), Kind::Key | Kind::Secret) => "this text".into(),
        (Value::Text(text), Kind::Number { .. } | Kind::Boolean) => {
            format!("the text {}", quoted(text))
        }
        (Value::Text(text), _) => quoted(text),
        (Value::Number(number), _) => number.to_string(),
        (Value::Boolean(boolean), _) => boolean.to_string(),
        (Value::List(_), _) => "a list".into(),
        (Value::Other(what), _) => what.to_string(),
    };
    format!("must be {kind}, not {found}")
}

fn text(value: &Value, kind: Kind) -> Result<&str, String> {
    match value {
        Value::Text(text) => kind.check_text(text).map(|()| text.as_str()),
        _ => Err(mismatch(value, kind)),
    }
}

fn number<T: TryFrom<i64>>(value: &Value, kind: Kind) -> Result<T, String> {
    let Value::Number(number) = *value else { return Err(mismatch(value, kind)) };
    if let Kind::Number { min, max } = kind
        && !(i64::from(min)..=i64::from(max)).contains(&number)
    {
        return Err(mismatch(value, kind));
    }
    T::try_from(number).map_err(|_| mismatch(value, kind))
}

/// A TOML basic string.
fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            // Writing to a String cannot fail.
            _ if letter.is_control() => drop(write!(out, "\\u{:04X}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}

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
