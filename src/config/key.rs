//! What is known of a key before anybody sets it, and the macros that declare keys.
//!
//! `settings!` takes sections with their keys, and each key with its type, default, kind and old
//! variables. It makes a struct for each section, [`Config`](super::Config) of all of them, the
//! reader and the printer of each, and the tables `SECTIONS` and `KEYS`. `tables!` does the same
//! for arrays of tables, and makes `TABLES`. The documentation comment of a key is its explanation
//! everywhere. A key whose name is a keyword of Rust is `named`.

use super::problem::quoted;
use crate::limits::{BIRD_SYMBOL_BYTES_MAX, CONFIG_TEXT_BYTES_MAX, NETWORK_NAME_CHARS_MAX};
use crate::model::{EndpointError, Host, LinkLocal, NameKind, is_bird_symbol};
use std::fmt;

/// One section of the configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SectionSpec {
    /// Its name, `[name]` in the file.
    pub name: &'static str,
    pub(super) about: &'static str,
}

/// An array of tables, `[[path]]` in the file, which the environment cannot set.
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
    /// The section that it stands in, or the path of the array of tables.
    pub section: &'static str,
    /// Its name in the section.
    pub key: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Its value where no source sets it.
    pub default: Preset,
    /// The variables of the replaced service that mean the same.
    pub aliases: &'static [&'static str],
    pub(super) about: &'static str,
}

/// The value of a key that no source sets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preset {
    /// None: the key must be set.
    Required,
    /// None: the key may stay without a value.
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
    /// [`NETWORK_NAME_CHARS_MAX`] characters.
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
    /// How the names of peerings' things are made.
    Names(NameKind),
    /// A built-in form of BIRD files, or the path of one.
    BirdForm,
    /// The text before `1:<id in hex>` in the link-local addresses of peerings.
    Prefix,
    /// An IPv6 link-local address.
    LinkLocal,
    /// A WireGuard public key.
    Key,
    /// A WireGuard private key, which only the environment may hold.
    Secret,
    Path,
    /// A program: a path, or a name to look for in PATH.
    Program,
    /// An IP address and a port.
    Listen,
    /// An IP address that a machine can have in a network.
    Address,
    /// An IP network.
    Network,
    /// An IPv6 network.
    Ipv6Network,
    /// An IPv4 network.
    Ipv4Network,
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
}

impl Kind {
    /// Checks what every text must keep to, and the form of the kinds that stay texts.
    ///
    /// # Errors
    /// What is wrong with it, without its place.
    pub(super) fn check_text(self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Err(format!("must be {self}, not empty"));
        }
        if text.len() > CONFIG_TEXT_BYTES_MAX {
            let text = quoted(text);
            return Err(format!("{text}: a text has at most {CONFIG_TEXT_BYTES_MAX} bytes"));
        }
        if text.contains(char::is_control) {
            return Err(format!("must be {self}, without control characters"));
        }
        self.check_form(text).map_err(|fault| format!("{}: {fault}", quoted(text)))
    }

    fn check_form(self, text: &str) -> Result<(), String> {
        match self {
            Kind::Host => check_host(text),
            Kind::Prefix => check_prefix(text),
            Kind::Symbol if !is_bird_symbol(text) => {
                Err(format!("must be {self}, at most {BIRD_SYMBOL_BYTES_MAX}, and no digit first"))
            }
            Kind::Name if text.chars().count() > NETWORK_NAME_CHARS_MAX => {
                Err(format!("a name has at most {NETWORK_NAME_CHARS_MAX} characters"))
            }
            Kind::Name if text.trim() != text => Err("must not begin or end with a space".into()),
            _ => Ok(()),
        }
    }
}

/// A name of one label is fine here, though no member elsewhere can use it: a laboratory has no
/// domain.
fn check_host(text: &str) -> Result<(), String> {
    match text.parse::<Host>() {
        Ok(_) | Err(EndpointError::Unqualified) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// The prefix is used as text, so it must end where `1:` and the highest id can follow.
fn check_prefix(text: &str) -> Result<(), String> {
    if !text.ends_with("::") {
        return Err("must end in ::".into());
    }
    let highest = format!("{text}1:{:x}", u16::MAX);
    match highest.parse::<LinkLocal>() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("with 1:ffff added to it: {error}")),
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
            Kind::Names(kind) => out.write_str(match kind {
                NameKind::Interface => "an interface's name with ${asn} in it",
                NameKind::Protocol => "a protocol's name with ${asn} in it",
                NameKind::File => "a file's name with ${asn} in it",
            }),
            Kind::BirdForm => out.write_str("reference, wiki or an absolute path"),
            Kind::Prefix => out.write_str("the start of a link-local address such as fe80:0263::"),
            Kind::LinkLocal => out.write_str("a link-local address"),
            Kind::Key => out.write_str("a WireGuard public key"),
            Kind::Secret => out.write_str("a WireGuard private key"),
            Kind::Path => out.write_str("a path"),
            Kind::Program => out.write_str("a program's name or path"),
            Kind::Listen => out.write_str("an address and port such as [::]:4242"),
            Kind::Address => out.write_str("an address such as 172.20.0.1 or fd00:db8::1"),
            Kind::Network => out.write_str("a network such as 2001:db8::/32"),
            Kind::Ipv6Network => out.write_str("an IPv6 network such as fd00:db8:1::/64"),
            Kind::Ipv4Network => out.write_str("an IPv4 network such as 172.20.0.8/29"),
            Kind::List { of, .. } => write!(out, "a list in which each entry is {of}"),
        }
    }
}

/// What a key is called in the file: as its field, if it has no name of its own.
macro_rules! key_name {
    ($key:ident) => {
        stringify!($key)
    };
    ($key:ident $name:literal) => {
        $name
    };
}

macro_rules! settings {
    ($(
        $(#[doc = $section_about:literal])+
        $section:ident: $Section:ident {
            $(
                $(#[doc = $about:literal])+
                $key:ident $(named $name:literal)?: $Type:ty
                    = $default:expr, $kind:expr, $aliases:expr;
            )+
        }
    )+) => {
        $(
            $(#[doc = $section_about])+
            #[derive(Clone, Debug, PartialEq)]
            pub struct $Section {
                $( $(#[doc = $about])+ pub $key: $Type, )+
            }

            impl $Section {
                /// Reads every key before it gives up on one, so that all problems are reported.
                fn read(sources: &Sources, problems: &mut Problems) -> Option<$Section> {
                    $(
                        let name = key_name!($key $($name)?);
                        let $key = read(sources, stringify!($section), name, problems);
                    )+
                    Some($Section { $( $key: $key?, )+ })
                }
            }
        )+

        /// The whole configuration, checked. Two are equal if they mean the same; its `Debug` hides
        /// secrets.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config {
            $( $(#[doc = $section_about])+ pub $section: $Section, )+
            /// The POPs of one's own network and their links, where `mesh.self` names this one.
            pub inventory: Option<Inventory>,
        }

        impl Config {
            /// All but the inventory.
            pub(super) fn read(sources: &Sources, problems: &mut Problems) -> Option<Config> {
                $( let $section = $Section::read(sources, problems); )+
                Some(Config { $( $section: $section?, )+ inventory: None })
            }

            /// Each value as TOML, in the order of `KEYS`; `None` for a key without a value.
            pub(super) fn print_values(&self) -> Vec<Option<String>> {
                vec![ $( $( self.$section.$key.print(), )+ )+ ]
            }
        }

        pub(super) static SECTIONS: &[SectionSpec] = &[
            $( SectionSpec { name: stringify!($section), about: concat!($($section_about),+) }, )+
        ];

        pub(super) static KEYS: &[KeySpec] = &[
            $( $(
                KeySpec {
                    section: stringify!($section),
                    key: key_name!($key $($name)?),
                    kind: $kind,
                    default: $default,
                    aliases: &$aliases,
                    about: concat!($($about),+),
                },
            )+ )+
        ];
    };
}

macro_rules! tables {
    ($(
        $(#[doc = $about:literal])+
        $path:literal: $Entry:ident {
            $(
                $(#[doc = $key_about:literal])+
                $key:ident: $Type:ty = $default:expr, $kind:expr;
            )+
        }
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone)]
            pub(super) struct $Entry {
                $( $(#[doc = $key_about])+ pub(super) $key: $Type, )+
            }

            impl $Entry {
                pub(super) const PATH: &'static str = $path;

                /// Reads every key before it gives up on one, so that all problems are reported.
                pub(super) fn read(table: &Table, problems: &mut Problems) -> Option<$Entry> {
                    $( let $key = read_in(table, $path, stringify!($key), problems); )+
                    Some($Entry { $( $key: $key?, )+ })
                }

                /// Each value as TOML, in the order of the keys; `None` for a key without a value.
                pub(super) fn print_values(&self) -> Vec<Option<String>> {
                    vec![ $( self.$key.print(), )+ ]
                }
            }
        )+

        pub(super) static TABLES: &[TableSpec] = &[
            $(
                TableSpec {
                    path: $path,
                    about: concat!($($about),+),
                    keys: &[
                        $(
                            KeySpec {
                                section: $path,
                                key: stringify!($key),
                                kind: $kind,
                                default: $default,
                                aliases: &[],
                                about: concat!($($key_about),+),
                            },
                        )+
                    ],
                },
            )+
        ];
    };
}

pub(super) use {key_name, settings, tables};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_form() {
        let long = "a".repeat(CONFIG_TEXT_BYTES_MAX + 1);
        for (kind, good, bad) in [
            (
                Kind::Prefix,
                &["fe80:0263::", "FEBF::", "fe80::"] as &[&str],
                &["fe80:0263:", "fec0::", "fe80:1::2::", "fe80:0263::1:", "::"] as &[&str],
            ),
            (
                Kind::Host,
                &["pop.example.net", "2001:db8::1", "192.0.2.1", "pop"],
                &["pop.", "a b", "-", "[::1]", "pop:22"],
            ),
            (Kind::Symbol, &["dnpeers", "_a1"], &["1a", "a-b", "a b", "ä", &long]),
            (Kind::Name, &["Flip Flap Network", "Ünïcode"], &[" a", "a\n", "\u{1b}[m", &long]),
            (Kind::Path, &["/a b/ä", "relative"], &["", "a\0b", "a\nb", &long]),
        ] {
            for text in good {
                assert_eq!(kind.check_text(text), Ok(()), "{text:?}");
            }
            for text in bad {
                assert!(kind.check_text(text).is_err(), "{text:?}");
            }
        }
    }
}
