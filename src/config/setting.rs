//! From a value to its type, and from the type back to TOML.
//!
//! A [`Scalar`] is one value; a [`Setting`] is what a key holds: a scalar, an optional one, or a
//! list. Messages say what is needed and what is there; a WireGuard key is never quoted, because a
//! private key may have been put in the place of a public one.

mod mesh;

use super::key::{KeySpec, Kind};
use super::problem::{Problems, quoted};
use super::rules;
use super::sources::{Said, Value};
use crate::model::{Asn, BackendChoice, Families, LinkLocal, Open, SysctlChoice, WgKey, WgSecret};
use ipnet::IpNet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What a key can hold.
pub(super) trait Setting: Sized {
    /// The value that `said` means, or `None` after the problems were told.
    fn read(said: &Said, spec: &KeySpec, problems: &mut Problems) -> Option<Self>;

    /// The value as TOML that reads as the same value; `None` if there is none, or a secret one.
    fn show(&self) -> Option<String>;
}

/// One value.
pub(super) trait Scalar: Sized {
    /// The value, or what is wrong with it.
    fn scalar(value: &Value, kind: Kind) -> Result<Self, String>;

    /// The value as TOML; `None` if it is secret.
    fn toml(&self) -> Option<String>;
}

impl<T: Scalar> Setting for T {
    fn read(said: &Said, spec: &KeySpec, problems: &mut Problems) -> Option<T> {
        let told = |why: String| problems.add(said.place.clone(), format!("{spec}: {why}"));
        T::scalar(&said.value, spec.kind).map_err(told).ok()
    }

    fn show(&self) -> Option<String> {
        self.toml()
    }
}

/// The empty text is no value: the only way for a variable to take back what the file says.
impl<T: Scalar> Setting for Option<T> {
    fn read(said: &Said, spec: &KeySpec, problems: &mut Problems) -> Option<Option<T>> {
        match &said.value {
            Value::Text(text) if text.is_empty() => Some(None),
            _ => T::read(said, spec, problems).map(Some),
        }
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(T::toml)
    }
}

impl<T: Scalar + PartialEq> Setting for Vec<T> {
    fn read(said: &Said, spec: &KeySpec, problems: &mut Problems) -> Option<Vec<T>> {
        let (items, of) = match list(&said.value, spec.kind) {
            Ok(list) => list,
            Err(why) => {
                problems.add(said.place.clone(), format!("{spec}: {why}"));
                return None;
            }
        };
        let mut values = Vec::with_capacity(items.len());
        let mut good = true;
        for item in items {
            let why = match T::scalar(&item.value, of) {
                Ok(value) if values.contains(&value) => "this entry is in the list already".into(),
                Ok(value) => {
                    values.push(value);
                    continue;
                }
                Err(why) => why,
            };
            good = false;
            problems.add(item.place.clone(), format!("{spec}: {why}"));
        }
        good.then_some(values)
    }

    fn show(&self) -> Option<String> {
        let items: Option<Vec<_>> = self.iter().map(T::toml).collect();
        Some(format!("[{}]", items?.join(", ")))
    }
}

/// The entries of a list and their kind, if it is a list that is long enough.
fn list(value: &Value, kind: Kind) -> Result<(&[Said], Kind), String> {
    match (value, kind) {
        (Value::List(items), Kind::List { of, min }) if items.len() >= min => Ok((items, *of)),
        (Value::List(_), Kind::List { min, .. }) => Err(format!("at least {min} entry is needed")),
        _ => Err(mismatch(value, kind)),
    }
}

fn mismatch(value: &Value, kind: Kind) -> String {
    match (value, kind) {
        (Value::Text(_), Kind::Key | Kind::Secret) => format!("this text is not {kind}"),
        (Value::Text(text), _) => format!("{} is not {kind}", quoted(text)),
        (Value::Number(number), _) => format!("{number} is not {kind}"),
        (Value::Boolean(boolean), _) => format!("{boolean} is not {kind}"),
        (Value::List(_), _) => format!("a list is not {kind}"),
        (Value::Other(what), _) => format!("{what} is not {kind}"),
    }
}

fn text(value: &Value, kind: Kind) -> Result<&str, String> {
    match value {
        Value::Text(text) => rules::text(text, kind).map(|()| text.as_str()),
        _ => Err(mismatch(value, kind)),
    }
}

fn number<T: TryFrom<i64>>(value: &Value, kind: Kind) -> Result<T, String> {
    let fits = |number: &i64| match kind {
        Kind::Number { min, max } => (i64::from(min)..=i64::from(max)).contains(number),
        _ => true,
    };
    match value {
        Value::Number(number) if fits(number) => {
            T::try_from(*number).map_err(|_| mismatch(value, kind))
        }
        _ => Err(mismatch(value, kind)),
    }
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

impl Scalar for Asn {
    fn scalar(value: &Value, kind: Kind) -> Result<Asn, String> {
        match value {
            Value::Text(text) => text.parse().map_err(|error| format!("{}: {error}", quoted(text))),
            Value::Number(n) if *n >= 0 => {
                n.to_string().parse().map_err(|error| format!("{error}"))
            }
            _ => Err(mismatch(value, kind)),
        }
    }

    fn toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Scalar for SocketAddr {
    fn scalar(value: &Value, kind: Kind) -> Result<SocketAddr, String> {
        text(value, kind)?.parse().map_err(|_| mismatch(value, kind))
    }

    fn toml(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

impl Scalar for IpNet {
    fn scalar(value: &Value, kind: Kind) -> Result<IpNet, String> {
        let text = text(value, kind)?;
        let network: IpNet = text.parse().map_err(|_| mismatch(value, kind))?;
        match network.trunc() {
            whole if whole == network => Ok(network),
            whole => Err(format!("{} has bits beyond its prefix; is {whole} meant?", quoted(text))),
        }
    }

    fn toml(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

impl Scalar for LinkLocal {
    fn scalar(value: &Value, kind: Kind) -> Result<LinkLocal, String> {
        let text = text(value, kind)?;
        text.parse().map_err(|error| format!("{}: {error}", quoted(text)))
    }

    fn toml(&self) -> Option<String> {
        Some(string(self.as_str()))
    }
}

impl Scalar for WgKey {
    fn scalar(value: &Value, kind: Kind) -> Result<WgKey, String> {
        text(value, kind)?.parse().map_err(|error| format!("{error}"))
    }

    fn toml(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

impl Scalar for WgSecret {
    fn scalar(value: &Value, kind: Kind) -> Result<WgSecret, String> {
        text(value, kind)?.parse().map_err(|error| format!("{error}"))
    }

    fn toml(&self) -> Option<String> {
        None
    }
}

impl Scalar for String {
    fn scalar(value: &Value, kind: Kind) -> Result<String, String> {
        text(value, kind).map(str::to_string)
    }

    fn toml(&self) -> Option<String> {
        Some(string(self))
    }
}

impl Scalar for PathBuf {
    fn scalar(value: &Value, kind: Kind) -> Result<PathBuf, String> {
        text(value, kind).map(PathBuf::from)
    }

    fn toml(&self) -> Option<String> {
        self.to_str().map(string)
    }
}

macro_rules! numbers {
    ($($Number:ty)+) => {
        $(
            impl Scalar for $Number {
                fn scalar(value: &Value, kind: Kind) -> Result<$Number, String> {
                    number(value, kind)
                }

                fn toml(&self) -> Option<String> {
                    Some(self.to_string())
                }
            }
        )+
    };
}

numbers! { u16 u32 }

impl Scalar for bool {
    fn scalar(value: &Value, kind: Kind) -> Result<bool, String> {
        match value {
            Value::Boolean(boolean) => Ok(*boolean),
            _ => Err(mismatch(value, kind)),
        }
    }

    fn toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! choices {
    ($($Choice:ident)+) => {
        $(
            impl Scalar for $Choice {
                fn scalar(value: &Value, kind: Kind) -> Result<$Choice, String> {
                    $Choice::from_word(text(value, kind)?).ok_or_else(|| mismatch(value, kind))
                }

                fn toml(&self) -> Option<String> {
                    Some(string(self.word()))
                }
            }
        )+
    };
}

choices! { BackendChoice Families Open SysctlChoice }
