//! What the sources say, before anybody asks what it means: one value for each key, with its place.

use super::key::{KeySpec, Preset, TableSpec};
use super::problem::{Place, Problems};
use super::row::Row;
use super::setting::Setting;
use std::collections::{BTreeMap, BTreeSet};

/// A section and a key. The path of an array of tables is a section too, and means its last table.
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
    Boolean(bool),
    List(Vec<Said>),
    /// A kind of value that no key takes, in words.
    Other(&'static str),
}

/// Everything that was said, the strongest of each key.
pub(super) struct Sources {
    file: Option<String>,
    values: BTreeMap<Name, Said>,
    spoilt: BTreeSet<Name>,
    tables: BTreeMap<&'static str, Vec<Row>>,
}

impl Sources {
    pub(super) fn new(file: Option<&str>) -> Sources {
        Sources {
            file: file.map(str::to_string),
            values: BTreeMap::new(),
            spoilt: BTreeSet::new(),
            tables: BTreeMap::new(),
        }
    }

    /// What was said of a key.
    pub(super) fn get(&self, name: Name) -> Option<&Said> {
        match self.tables.get(name.0).and_then(|rows| rows.last()) {
            Some(row) => row.get(name.1),
            None => self.values.get(&name),
        }
    }

    /// Begins one more table of an array, with its header at `place`.
    pub(super) fn add_row(&mut self, spec: &'static TableSpec, place: Place) {
        self.tables.entry(spec.path).or_default().push(Row::new(place));
    }

    /// The tables of an array.
    pub(super) fn rows(&self, path: &str) -> &[Row] {
        self.tables.get(path).map_or(&[], Vec::as_slice)
    }

    /// Whether anybody said anything of a key, legible or not.
    pub(super) fn is_set(&self, name: Name) -> bool {
        self.values.contains_key(&name) || self.spoilt.contains(&name)
    }

    /// Says the value of a key, in the place of what a weaker source said.
    pub(super) fn say(&mut self, name: Name, said: Said) {
        match self.tables.get_mut(name.0).and_then(|rows| rows.last_mut()) {
            Some(row) => row.say(name.1, said),
            None => drop(self.values.insert(name, said)),
        }
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
        match self.tables.get_mut(name.0).and_then(|rows| rows.last_mut()) {
            Some(row) => row.spoil(name.1),
            None => drop(self.spoilt.insert(name)),
        }
    }

    /// The value of a key where it has a good one; what is wrong with it is told elsewhere.
    pub(super) fn quietly<T: Setting>(&self, name: Name) -> Option<T> {
        self.setting(name, &mut Problems::default())
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
    pub(super) fn missing(&self, spec: &KeySpec) -> Place {
        match &self.file {
            Some(name) => Place::Whole(name.clone()),
            None => Place::Variable(spec.variable()),
        }
    }
}
