//! A value as a source sets it, from there to its type, and from the type back to TOML.
//!
//! A [`Scalar`] is one value; a [`Field`] is what a key holds: a scalar, an optional one, or a
//! list. Messages say what is needed and what is there. A WireGuard key is never quoted, because a
//! private key may have been put in the place of a public one.

use super::key::{KeySpec, Kind};
use super::problem::{Place, Problems, quoted};
use std::fmt::Write as _;

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

/// The empty text is no list, which is something else than the list without entries.
impl<T: Scalar + PartialEq> Field for Option<Vec<T>> {
    fn read(located: &Located, spec: &KeySpec, problems: &mut Problems) -> Option<Option<Vec<T>>> {
        match &located.value {
            Value::Text(text) if text.is_empty() => Some(None),
            _ => Vec::read(located, spec, problems).map(Some),
        }
    }

    fn print(&self) -> Option<String> {
        self.as_ref().and_then(Vec::print)
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

pub(super) fn mismatch(value: &Value, kind: Kind) -> String {
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

pub(super) fn text(value: &Value, kind: Kind) -> Result<&str, String> {
    match value {
        Value::Text(text) => kind.check_text(text).map(|()| text.as_str()),
        _ => Err(mismatch(value, kind)),
    }
}

pub(super) fn number<T: TryFrom<i64>>(value: &Value, kind: Kind) -> Result<T, String> {
    let Value::Number(number) = *value else { return Err(mismatch(value, kind)) };
    if let Kind::Number { min, max } = kind
        && !(i64::from(min)..=i64::from(max)).contains(&number)
    {
        return Err(mismatch(value, kind));
    }
    T::try_from(number).map_err(|_| mismatch(value, kind))
}

/// A TOML basic string.
pub(super) fn string(text: &str) -> String {
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
