//! What the file and the environment set: one value for each key, with its place, and the defaults
//! of the keys that nobody set.

use super::key::{KeySpec, Kind, Preset, TableSpec};
use super::problem::{Place, Problems};
use super::toml;
use super::value::{Field, Located, Scalar as _, Value};
use crate::model::Asn;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is set, by section and key; of each key what the strongest source sets.
pub(super) struct Sources {
    file: Option<String>,
    values: BTreeMap<(&'static str, &'static str), Located>,
    unreadable: BTreeSet<(&'static str, &'static str)>,
    tables: BTreeMap<&'static str, Vec<Table>>,
}

/// One table of an array of tables.
pub(super) struct Table {
    header: Place,
    values: BTreeMap<&'static str, Located>,
    unreadable: BTreeSet<&'static str>,
}

impl Sources {
    /// `file` is the name of the configuration file, where there is one.
    pub(super) fn new(file: Option<&str>) -> Sources {
        Sources {
            file: file.map(str::to_string),
            values: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            tables: BTreeMap::new(),
        }
    }

    /// The value that a key of a section is set to.
    pub(super) fn get(&self, section: &'static str, key: &'static str) -> Option<&Located> {
        self.values.get(&(section, key))
    }

    /// The value that a key is set to; the key of a table: in the last table of its array.
    pub(super) fn latest(&self, spec: &KeySpec) -> Option<&Located> {
        match self.tables(spec.section).last() {
            Some(table) => table.get(spec.key),
            None => self.get(spec.section, spec.key),
        }
    }

    /// Sets a key, in the place of what a weaker source set it to; the key of a table: in the last
    /// table of its array.
    pub(super) fn set(&mut self, spec: &KeySpec, value: Located) {
        match self.last_table(spec) {
            Some(table) => table.values.insert(spec.key, value),
            None => self.values.insert((spec.section, spec.key), value),
        };
    }

    /// Adds an entry to the list that a weaker source set, unless the same is there in the same
    /// words.
    pub(super) fn append(&mut self, spec: &KeySpec, entry: Located) {
        let name = (spec.section, spec.key);
        let list = self.values.entry(name).or_insert_with(|| Located {
            place: entry.place.clone(),
            value: Value::List(Vec::new()),
        });
        if let Value::List(entries) = &mut list.value
            && !entries.iter().any(|other| other.value == entry.value)
        {
            entries.push(entry);
        }
    }

    /// Notes that a key is set, but to nothing that can be read: it is not missing.
    pub(super) fn set_unreadable(&mut self, spec: &KeySpec) {
        match self.last_table(spec) {
            Some(table) => table.unreadable.insert(spec.key),
            None => self.unreadable.insert((spec.section, spec.key)),
        };
    }

    fn last_table(&mut self, spec: &KeySpec) -> Option<&mut Table> {
        self.tables.get_mut(spec.section)?.last_mut()
    }

    /// Begins one more table of an array, with its header at `header`.
    pub(super) fn add_table(&mut self, spec: &TableSpec, header: Place) {
        let (values, unreadable) = (BTreeMap::new(), BTreeSet::new());
        self.tables.entry(spec.path).or_default().push(Table { header, values, unreadable });
    }

    /// The tables of an array.
    pub(super) fn tables(&self, path: &str) -> &[Table] {
        self.tables.get(path).map_or(&[], Vec::as_slice)
    }

    /// The value of a key as its type, or its default; `None` after the problems were reported.
    pub(super) fn read<T: Field>(&self, spec: &KeySpec, problems: &mut Problems) -> Option<T> {
        let name = (spec.section, spec.key);
        if let Some(value) = self.values.get(&name) {
            return T::read(value, spec, problems);
        }
        if self.unreadable.contains(&name) {
            return None;
        }
        let Some(value) = default(spec, self.asn()) else {
            // What follows from the AS number is missing only where that is, which is reported.
            if spec.default == Preset::Required {
                problems.add(self.missing(spec), missing(spec));
            }
            return None;
        };
        T::read(&Located { place: Place::Whole("default".into()), value }, spec, problems)
    }

    fn asn(&self) -> Option<Asn> {
        Asn::from_value(&self.get("pop", "asn")?.value, Kind::Asn).ok()
    }

    /// Where a key should have been set: in the file, if there is one.
    fn missing(&self, spec: &KeySpec) -> Place {
        match &self.file {
            Some(name) => Place::Whole(name.clone()),
            None => Place::Variable(spec.variable()),
        }
    }
}

impl Table {
    /// The value that a key is set to.
    pub(super) fn get(&self, key: &str) -> Option<&Located> {
        self.values.get(key)
    }

    /// Where a key is set, or else the header.
    pub(super) fn place(&self, key: &str) -> Place {
        self.get(key).map_or(&self.header, |value| &value.place).clone()
    }

    /// The place of its header.
    pub(super) fn header(&self) -> Place {
        self.header.clone()
    }

    /// The value of a key as its type, or its default; `None` after the problems were reported, a
    /// missing key at the header.
    pub(super) fn read<T: Field>(&self, spec: &KeySpec, problems: &mut Problems) -> Option<T> {
        if let Some(value) = self.get(spec.key) {
            return T::read(value, spec, problems);
        }
        if self.unreadable.contains(spec.key) {
            return None;
        }
        let Some(value) = default(spec, None) else {
            problems.add(self.header(), missing(spec));
            return None;
        };
        T::read(&Located { place: self.header(), value }, spec, problems)
    }
}

fn missing(spec: &KeySpec) -> String {
    format!("{spec} is missing: {}", spec.about())
}

/// What a key is where nobody set it; `None` where it must be set.
fn default(spec: &KeySpec, asn: Option<Asn>) -> Option<Value> {
    match spec.default {
        Preset::Required => None,
        Preset::Unset => Some(Value::Text(String::new())),
        Preset::Value(text) => toml::value(text),
        Preset::Derived(_) => derived(spec, asn?).map(Value::Text),
    }
}

/// What follows from the AS number: the addresses of AS4242420263 are `fe80:0263::` and
/// `fe80::263`, decimal digits in the place of hexadecimal ones, as dn42 has it. `fe80::0` would be
/// the routers' anycast address, so an AS number that ends in 0000 gets `fe80::1`.
fn derived(spec: &KeySpec, asn: Asn) -> Option<String> {
    match spec.key {
        "network" => Some(asn.to_string()),
        "link_local_prefix" => Some(format!("fe80:{:04}::", asn.tail())),
        "local_address" => Some(format!("fe80::{}", asn.tail().max(1))),
        _ => None,
    }
}
