//! The effective configuration as TOML, which reads as the same configuration.

use super::key::{KeySpec, Kind, Preset};
use super::{Config, inventory, keys, sections};
use std::fmt::Write as _;

impl Config {
    /// Every key with the value that holds, in the order of the sample file. It parses again to an
    /// equal `Config`, but for a private key, which is left out. A key without a value is a
    /// comment; in the tables, which come after the keys of their section, it is left out.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let values: Vec<_> = keys().iter().zip(self.show()).collect();
        for section in sections() {
            let space = if out.is_empty() { "" } else { "\n" };
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(out, "{space}[{}]", section.name);
            let own = values.iter().filter(|(spec, _)| spec.section == section.name);
            own.for_each(|(spec, value)| line(&mut out, spec, value.as_deref()));
            self.tables(&mut out, section.name);
        }
        out
    }

    fn tables(&self, out: &mut String, section: &str) {
        let all = self.inventory.iter().flat_map(inventory::show);
        for (table, values) in all.filter(|(table, _)| table.names().0 == section) {
            let _ = writeln!(out, "\n[[{}]]", table.path);
            for (spec, value) in table.keys.iter().zip(values) {
                let is_usual =
                    |it: &String| matches!(spec.default, Preset::Value(text) if text == it);
                if let Some(value) = value.filter(|it| !is_usual(it)) {
                    let _ = writeln!(out, "{} = {value}", spec.key);
                }
            }
        }
    }
}

fn line(out: &mut String, spec: &KeySpec, value: Option<&str>) {
    let _ = match (value, spec.default) {
        (Some(value), _) => writeln!(out, "{} = {value}", spec.key),
        (None, _) if spec.kind == Kind::Secret => writeln!(out, "# {} is not shown", spec.key),
        (None, Preset::Unset) => writeln!(out, "# {} is not set", spec.key),
        (None, _) => writeln!(out, "{} = \"\"", spec.key),
    };
}
