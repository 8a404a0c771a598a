//! One table of an array of tables: what was said in it, and its keys as their types.

use super::key::{KeySpec, Preset};
use super::problem::{Place, Problems};
use super::setting::Setting;
use super::sources::{Name, Said, Value};
use super::toml;
use std::collections::{BTreeMap, BTreeSet};

/// What one table says.
pub(super) struct Row {
    place: Place,
    values: BTreeMap<&'static str, Said>,
    spoilt: BTreeSet<&'static str>,
}

impl Row {
    /// An empty table whose header is at `place`.
    pub(super) fn new(place: Place) -> Row {
        Row { place, values: BTreeMap::new(), spoilt: BTreeSet::new() }
    }

    /// What was said of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Said> {
        self.values.get(key)
    }

    /// Says the value of a key.
    pub(super) fn say(&mut self, key: &'static str, said: Said) {
        self.values.insert(key, said);
    }

    /// Notes that a key was set, but nobody could read how: it is not missing.
    pub(super) fn spoil(&mut self, key: &'static str) {
        self.spoilt.insert(key);
    }

    /// Where a key was set, or else the header.
    pub(super) fn place(&self, key: &str) -> Place {
        self.get(key).map_or(&self.place, |said| &said.place).clone()
    }

    /// Where the header is.
    pub(super) fn header(&self) -> Place {
        self.place.clone()
    }

    /// The value of a key as its type, or `None` after the problems were told. A key that is
    /// missing is told at the header.
    pub(super) fn setting<T: Setting>(&self, name: Name, problems: &mut Problems) -> Option<T> {
        let spec = KeySpec::find(name.0, name.1)?;
        if let Some(said) = self.get(spec.key) {
            return T::read(said, spec, problems);
        }
        let value = match spec.default {
            Preset::Unset => Value::Text(String::new()),
            Preset::Value(text) => toml::value(text)?,
            Preset::Required | Preset::Derived(_) => {
                if !self.spoilt.contains(spec.key) {
                    let message = format!("{spec} is missing: {}", spec.about());
                    problems.add(self.header(), message);
                }
                return None;
            }
        };
        T::read(&Said { place: self.header(), value }, spec, problems)
    }
}
