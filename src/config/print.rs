//! The effective configuration as TOML, which reads as the same configuration.

use super::key::{Kind, Preset};
use super::{Config, keys};
use std::fmt::Write as _;

impl Config {
    /// Every key with the value that holds, in the order of the sample file. It parses again to an
    /// equal `Config`, but for a private key, which is left out. A key without a value is a
    /// comment.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let mut section = "";
        for (spec, value) in keys().iter().zip(self.show()) {
            if spec.section != section {
                let space = if section.is_empty() { "" } else { "\n" };
                section = spec.section;
                // Writing to a String cannot fail, here and below.
                let _ = writeln!(out, "{space}[{section}]");
            }
            let _ = match (value, spec.default) {
                (Some(value), _) => writeln!(out, "{} = {value}", spec.key),
                (None, _) if spec.kind == Kind::Secret => {
                    writeln!(out, "# {} is not shown", spec.key)
                }
                (None, Preset::Unset) => writeln!(out, "# {} is not set", spec.key),
                (None, _) => writeln!(out, "{} = \"\"", spec.key),
            };
        }
        out
    }
}
