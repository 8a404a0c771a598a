//! What the operator wants: a TOML file, the environment, and defaults become one [`Config`].
//!
//! Two steps. First, what the sources set: [`file`](self) and environment are taken apart into
//! values, each with its place, the stronger source in the place of the weaker. Then, what it
//! means: each value becomes a checked type. Every problem of both steps is reported at once, each
//! with its place; with a single problem there is no `Config`.
//!
//! The keys are declared once, in `table`: fields, defaults, bounds, explanations and names in the
//! environment all come from there. Nothing here reads a file or the environment: texts come in.

mod environment;
mod file;
mod key;
mod mesh;
mod problem;
mod scalars;
mod sources;
mod table;
mod toml;
mod value;

pub use file::Source;
pub use key::{KeySpec, Kind, Preset, SectionSpec, TableSpec};
pub use problem::{Place, Problem};
pub use table::{
    Apply, Backup, Bird, Config, Genconfig, Limits, Mesh, Peers, Pop, Registry, Ssh, Store,
    Wireguard,
};

use problem::Problems;
use sources::Sources;
use std::fmt::Write as _;

/// The configuration that `file` and `environment` (names and values) make together.
///
/// `PEERLING_<SECTION>_<KEY>` is stronger than the `DN42_*` variables of the service that this
/// program replaces, they are stronger than the file, and the file than the defaults. Only the
/// value that counts is judged: a variable of another program cannot spoil a key that `PEERLING_*`
/// sets.
///
/// # Errors
/// All that is wrong with them, sorted by place.
pub fn resolve(
    file: Option<Source<'_>>,
    environment: &[(String, String)],
) -> Result<Config, Vec<Problem>> {
    let mut problems = Problems::default();
    let mut sources = Sources::new(file.map(|file| file.name));
    if let Some(file) = file {
        file::read(file, &mut sources, &mut problems);
    }
    environment::read(environment, &mut sources, &mut problems);
    let config = Config::read(&sources, &mut problems);
    let inventory = mesh::read(&sources, &mut problems);
    if let Some(config) = &config {
        check_ports(config, &sources, &mut problems);
    }
    match config {
        Some(config) if problems.is_empty() => Ok(Config { inventory, ..config }),
        _ => Err(problems.sorted()),
    }
}

/// Every peering has a port of its own above the base port.
fn check_ports(config: &Config, sources: &Sources, problems: &mut Problems) {
    let (max, id_max) = (config.peers.max, config.wireguard.id_max());
    if max > id_max
        && let Some(set) = sources.get("peers", "max")
    {
        let base_port = config.wireguard.base_port;
        let message = format!(
            "peers.max: {max} peerings need {max} ports, but only {id_max} are above \
             wireguard.base_port {base_port}"
        );
        problems.add(set.place.clone(), message);
    }
}

/// Every key, in the order of the sample file: what parsing, printing and the manual page go by.
pub fn keys() -> &'static [KeySpec] {
    table::KEYS
}

/// Every array of tables, in the order of the effective print. Only the file can hold them.
pub fn tables() -> &'static [TableSpec] {
    table::TABLES
}

/// Every section, in the order of the sample file.
pub fn sections() -> &'static [SectionSpec] {
    table::SECTIONS
}

/// Which keys are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    /// Those whose value is not the default.
    Unusual,
}

impl Config {
    /// Every key with the value that holds, in the order of the sample file. It parses again to an
    /// equal `Config`, but for a private key, which is left out. A key without a value is a
    /// comment; in the tables, which come after the keys of their section, it is left out.
    pub fn to_toml(&self) -> String {
        self.print(Scope::All)
    }

    /// The keys whose value is not the default. It parses again as [`Config::to_toml`] does.
    pub fn to_short_toml(&self) -> String {
        self.print(Scope::Unusual)
    }

    fn print(&self, scope: Scope) -> String {
        let mut out = String::new();
        let values = self.print_values();
        for section in sections() {
            let mut body = String::new();
            for (spec, value) in keys().iter().zip(&values) {
                let is_wanted = scope == Scope::All || !is_default(spec, value.as_deref());
                if spec.section == section.name && is_wanted {
                    print_key(&mut body, spec, value.as_deref());
                }
            }
            self.print_tables(&mut body, section.name);
            if scope == Scope::All || !body.is_empty() {
                let space = if out.is_empty() { "" } else { "\n" };
                // Writing to a String cannot fail, here and below.
                let _ = write!(out, "{space}[{}]\n{body}", section.name);
            }
        }
        out
    }

    fn print_tables(&self, out: &mut String, section: &str) {
        for (table, values) in self.inventory.iter().flat_map(mesh::print) {
            if table.names().0 != section {
                continue;
            }
            let _ = writeln!(out, "\n[[{}]]", table.path);
            for (spec, value) in table.keys.iter().zip(values) {
                if let Some(value) = value.filter(|value| !is_default(spec, Some(value))) {
                    let _ = writeln!(out, "{} = {value}", spec.key);
                }
            }
        }
    }
}

/// Whether a key has the value that it has where no source sets it.
fn is_default(spec: &KeySpec, value: Option<&str>) -> bool {
    match (spec.default, value) {
        (Preset::Value(default), Some(value)) => default == value,
        (Preset::Value(default), None) => default == "\"\"",
        (Preset::Unset, None) => true,
        _ => false,
    }
}

fn print_key(out: &mut String, spec: &KeySpec, value: Option<&str>) {
    let _ = match (value, spec.default) {
        (Some(value), _) => writeln!(out, "{} = {value}", spec.key),
        (None, _) if spec.kind == Kind::Secret => writeln!(out, "# {} is not shown", spec.key),
        (None, Preset::Unset) => writeln!(out, "# {} is not set", spec.key),
        (None, _) => writeln!(out, "{} = \"\"", spec.key),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(lines: &str) -> Result<Config, String> {
        let text = format!("[pop]\nname = 'pop.example.net'\n{lines}");
        resolve(Some(Source { name: "f", text: &text }), &[])
            .map_err(|problems| problems.iter().map(|problem| format!("{problem}\n")).collect())
    }

    #[test]
    fn addresses_follow_from_the_as_number() {
        for (asn, prefix, local) in [
            ("4242420263", "fe80:0263::", "fe80::263"),
            ("'AS4242429999'", "fe80:9999::", "fe80::9999"),
            ("4242420000", "fe80:0000::", "fe80::1"),
            ("64600", "fe80:4600::", "fe80::4600"),
        ] {
            let config = config(&format!("asn = {asn}")).unwrap();
            assert_eq!(config.wireguard.link_local_prefix, prefix);
            assert_eq!(config.wireguard.local_address.as_str(), local);
        }
    }

    #[test]
    fn without_an_as_number_only_that_is_told() {
        assert_eq!(config("").unwrap_err(), "f: pop.asn is missing: our AS number\n");
        assert_eq!(config("asn = ").unwrap_err(), "f:3:7: a value is missing here\n");
    }

    #[test]
    fn every_id_needs_its_port() {
        let ports = |base: u16, max: u16| {
            config(&format!("asn = 1\n[wireguard]\nbase_port = {base}\n[peers]\nmax = {max}"))
        };
        assert_eq!(ports(52000, 13535).unwrap().wireguard.id_max(), 13535);
        assert_eq!(ports(65534, 1).unwrap().wireguard.id_max(), 1);
        assert_eq!(ports(1, 0).unwrap().wireguard.id_max(), 65534);
        let told =
            "13536 peerings need 13536 ports, but only 13535 are above wireguard.base_port 52000";
        assert_eq!(ports(52000, 13536).unwrap_err(), format!("f:7:7: peers.max: {told}\n"));
    }
}
