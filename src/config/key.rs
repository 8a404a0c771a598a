//! What is known of a key before anybody sets it: its kind, its default, its names, its neighbours.

use super::{keys, sections, tables};
use std::fmt;

/// One section of the configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SectionSpec {
    /// Its name, `[name]` in the file.
    pub name: &'static str,
    pub(super) about: &'static str,
}

/// An array of tables, `[[path]]` in the file: what is there several times. Only the file has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableSpec {
    /// The section that it belongs to, a dot, and its own name.
    pub path: &'static str,
    /// The keys of one table; [`KeySpec::section`] is the path.
    pub keys: &'static [KeySpec],
    pub(super) about: &'static str,
}

/// One key of the configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeySpec {
    /// The section that it stands in, or the path of the table.
    pub section: &'static str,
    /// Its name in the section.
    pub key: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// What holds where nothing is said.
    pub default: Preset,
    /// The variables of the replaced service that mean the same.
    pub aliases: &'static [&'static str],
    pub(super) about: &'static str,
}

/// What holds where no source says anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preset {
    /// Nothing: the key must be set.
    Required,
    /// Nothing: the key may stay without a value.
    Unset,
    /// This value, as TOML.
    Value(&'static str),
    /// A value that follows from the AS number, described.
    Derived(&'static str),
}

/// The values that a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// An AS number, as a number or as a text.
    Asn,
    /// A whole number, both ends included.
    Number {
        /// The lowest.
        min: u32,
        /// The highest.
        max: u32,
    },
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A host name or an IP address.
    Host,
    /// A name for people: one line of at most
    /// [`NETWORK_NAME_CHARS_MAX`](crate::limits::NETWORK_NAME_CHARS_MAX) characters.
    Name,
    /// One line, such as an OpenSSH public key.
    Line,
    /// The short name of a POP of one's own network.
    Pop,
    /// The short names of two POPs.
    Pops,
    /// Where one POP reaches another, or that it does not.
    Reach,
    /// A symbol of BIRD's configuration language.
    Symbol,
    /// The text before `1:<id in hex>` in the link-local addresses of peerings.
    Prefix,
    /// An IPv6 link-local address.
    LinkLocal,
    /// A WireGuard public key.
    Key,
    /// A WireGuard private key; only the environment may hold it.
    Secret,
    /// A path.
    Path,
    /// A program: a path, or a name to look for in PATH.
    Program,
    /// An IP address and a port.
    Listen,
    /// An IP network.
    Network,
    /// An IPv6 network.
    Ipv6Network,
    /// An IPv4 network.
    Ipv4Network,
    /// A list.
    List {
        /// The kind of its entries.
        of: &'static Kind,
        /// How many there must be.
        min: usize,
    },
}

impl SectionSpec {
    /// What the section is about, in one line.
    pub fn about(&self) -> &'static str {
        self.about.trim_start()
    }

    /// The section of this name.
    pub(super) fn find(name: &str) -> Option<&'static SectionSpec> {
        sections().iter().find(|it| it.name == name)
    }
}

impl TableSpec {
    /// What one table is about, in one line.
    pub fn about(&self) -> &'static str {
        self.about.trim_start()
    }

    /// The section that it belongs to, and its own name.
    pub fn names(&self) -> (&'static str, &'static str) {
        self.path.split_once('.').unwrap_or_default()
    }

    /// The array of tables with this path.
    pub(super) fn find(path: &str) -> Option<&'static TableSpec> {
        tables().iter().find(|it| it.path == path)
    }
}

impl KeySpec {
    /// What the key is for, in one line.
    pub fn about(&self) -> &'static str {
        self.about.trim_start()
    }

    /// Its name in the environment, `PEERLING_<SECTION>_<KEY>`; a key of a table has none.
    pub fn variable(&self) -> String {
        format!("PEERLING_{}_{}", self.section, self.key).to_ascii_uppercase()
    }

    /// The key of this name in this section or table.
    pub(super) fn find(section: &str, key: &str) -> Option<&'static KeySpec> {
        KeySpec::all().find(|it| it.section == section && it.key == key)
    }

    /// Every key, those of tables last.
    pub(super) fn all() -> impl Iterator<Item = &'static KeySpec> {
        keys().iter().chain(tables().iter().flat_map(|it| it.keys))
    }

    /// The header that it stands below.
    pub(super) fn header(section: &str) -> String {
        match TableSpec::find(section) {
            Some(_) => format!("[[{section}]]"),
            None => format!("[{section}]"),
        }
    }
}

impl fmt::Display for KeySpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.section, self.key)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Asn => out.write_str("an AS number"),
            Kind::Number { min, max } => write!(out, "a number from {min} to {max}"),
            Kind::Boolean => out.write_str("true or false"),
            Kind::Choice(words) => write!(out, "one of {}", words.join(", ")),
            Kind::Host => out.write_str("a host name or an IP address"),
            Kind::Name => out.write_str("a name in one line"),
            Kind::Line => out.write_str("a text in one line"),
            Kind::Pop => out.write_str("the short name of a POP"),
            Kind::Pops => out.write_str("the short names of two POPs such as [\"a\", \"b\"]"),
            Kind::Reach => out.write_str(
                "a host and port such as node.example.net:51820 or [2001:db8::1]:51820, or none",
            ),
            Kind::Symbol => out.write_str("a symbol of letters, digits and underscores"),
            Kind::Prefix => out.write_str("the start of a link-local address such as fe80:0263::"),
            Kind::LinkLocal => out.write_str("a link-local address"),
            Kind::Key => out.write_str("a WireGuard public key"),
            Kind::Secret => out.write_str("a WireGuard private key"),
            Kind::Path => out.write_str("a path"),
            Kind::Program => out.write_str("a program's name or path"),
            Kind::Listen => out.write_str("an address and port such as [::]:4242"),
            Kind::Network => out.write_str("a network such as 2001:db8::/32"),
            Kind::Ipv6Network => out.write_str("an IPv6 network such as fd00:db8:1::/64"),
            Kind::Ipv4Network => out.write_str("an IPv4 network such as 172.20.0.8/29"),
            Kind::List { of, .. } => write!(out, "a list in which each entry is {of}"),
        }
    }
}
