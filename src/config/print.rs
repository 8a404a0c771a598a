//! The effective configuration as TOML, which reads as the same configuration.

use super::key::{KeySpec, Kind, Preset};
use super::{Config, inventory, keys, sections};
use std::fmt::Write as _;

/// Which keys are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    /// Those that are not as nobody had set them.
    Unusual,
}

impl Config {
    /// Every key with the value that holds, in the order of the sample file. It parses again to an
    /// equal `Config`, but for a private key, which is left out. A key without a value is a
    /// comment; in the tables, which come after the keys of their section, it is left out.
    pub fn to_toml(&self) -> String {
        self.print(Scope::All)
    }

    /// The keys whose value is not the usual one. It parses again as [`Config::to_toml`] does.
    pub fn to_short_toml(&self) -> String {
        self.print(Scope::Unusual)
    }

    fn print(&self, scope: Scope) -> String {
        let mut out = String::new();
        let values: Vec<_> = keys().iter().zip(self.show()).collect();
        for section in sections() {
            let mut body = String::new();
            for (spec, value) in &values {
                let wanted = scope == Scope::All || !is_usual(spec, value.as_deref());
                if spec.section == section.name && wanted {
                    line(&mut body, spec, value.as_deref());
                }
            }
            self.tables(&mut body, section.name);
            if scope == Scope::All || !body.is_empty() {
                let space = if out.is_empty() { "" } else { "\n" };
                // Writing to a String cannot fail, here and below.
                let _ = write!(out, "{space}[{}]\n{body}", section.name);
            }
        }
        out
    }

    fn tables(&self, out: &mut String, section: &str) {
        let all = self.inventory.iter().flat_map(inventory::show);
        for (table, values) in all.filter(|(table, _)| table.names().0 == section) {
            let _ = writeln!(out, "\n[[{}]]", table.path);
            for (spec, value) in table.keys.iter().zip(values) {
                if let Some(value) = value.filter(|value| !is_usual(spec, Some(value))) {
                    let _ = writeln!(out, "{} = {value}", spec.key);
                }
            }
        }
    }
}

/// Is it as nobody had set it?
fn is_usual(spec: &KeySpec, value: Option<&str>) -> bool {
    match (spec.default, value) {
        (Preset::Value(usual), Some(value)) => usual == value,
        (Preset::Value(usual), None) => usual == "\"\"",
        (Preset::Unset, None) => true,
        _ => false,
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
