//! What the sources say, before anybody asks what it means: one value for each key, with its place.

use super::key::{KeySpec, Preset};
use super::problem::{Place, Problems};
use super::setting::Setting;
use std::collections::{BTreeMap, BTreeSet};

/// A section and a key.
pub(super) type Name = (&'static str, &'static str);

/// A value and where it was said.
#[derive(Clone, PartialEq)]
pub(super) struct Said {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value as it was said. It has no `Debug`: it may be a secret.
#[derive(Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    List(Vec<Said>),
    /// A kind of value that no key takes, in words.
    Other(&'static str),
}

/// Everything that was said, the strongest of each key.
pub(super) struct Sources {
    file: Option<String>,
    values: BTreeMap<Name, Said>,
    spoilt: BTreeSet<Name>,
}

impl Sources {
    pub(super) fn new(file: Option<&str>) -> Sources {
        Sources { file: file.map(str::to_string), values: BTreeMap::new(), spoilt: BTreeSet::new() }
    }

    /// What was said of a key.
    pub(super) fn get(&self, name: Name) -> Option<&Said> {
        self.values.get(&name)
    }

    /// Whether anybody said anything of a key, legible or not.
    pub(super) fn is_set(&self, name: Name) -> bool {
        self.values.contains_key(&name) || self.spoilt.contains(&name)
    }

    /// Says the value of a key, in the place of what a weaker source said.
    pub(super) fn say(&mut self, name: Name, said: Said) {
        self.values.insert(name, said);
    }

    /// Adds an entry to the list that a weaker source said, unless the same is there in the same
    /// words.
    pub(super) fn append(&mut self, name: Name, entry: Said) {
        let place = entry.place.clone();
        let none = || Said { place, value: Value::List(Vec::new()) };
        if let Value::List(items) = &mut self.values.entry(name).or_insert_with(none).value
            && !items.iter().any(|item| item.value == entry.value)
        {
            items.push(entry);
        }
    }

    /// Notes that a key was set, but nobody could read how: it is not missing.
    pub(super) fn spoil(&mut self, name: Name) {
        self.spoilt.insert(name);
    }

    /// The value of a key as its type, or `None` after the problems were told.
    pub(super) fn setting<T: Setting>(&self, name: Name, problems: &mut Problems) -> Option<T> {
        let spec = KeySpec::find(name.0, name.1)?;
        match self.values.get(&name) {
            Some(said) => T::read(said, spec, problems),
            None => {
                // What is derived is missing only where the AS number is, and that was told.
                if spec.default == Preset::Required && !self.spoilt.contains(&name) {
                    problems
                        .add(self.missing(spec), format!("{spec} is missing: {}", spec.about()));
                }
                None
            }
        }
    }

    /// Where a key should have been set: in the file, if there is one.
    fn missing(&self, spec: &KeySpec) -> Place {
        match &self.file {
            Some(name) => Place::Whole(name.clone()),
            None => Place::Variable(spec.variable()),
        }
    }
}
