//! The one declaration of a key: what would otherwise be written four times over is made from it.
//!
//! `settings!` takes sections with their keys, and each key with its type, default, kind and old
//! variables. It makes a struct for each section, [`Config`](super::Config) of all of them, the
//! reader and the printer of each, and the tables `SECTIONS` and `KEYS`. The documentation comment
//! of a key is its explanation everywhere. A key that Rust has another use for is `named`.

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
                /// Reads every key before it gives up on one, so that all problems are told.
                fn read(sources: &Sources, problems: &mut Problems) -> Option<$Section> {
                    $(
                        let name = (stringify!($section), key_name!($key $($name)?));
                        let $key = sources.setting(name, problems);
                    )+
                    Some($Section { $( $key: $key?, )+ })
                }
            }
        )+

        /// The whole configuration, proven. Two are equal if they mean the same; its `Debug` hides
        /// secrets.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config {
            $( $(#[doc = $section_about])+ pub $section: $Section, )+
            /// The POPs of one's own network and their links, where `mesh.self` names this one.
            pub inventory: Option<Inventory>,
        }

        impl Config {
            pub(super) fn read(sources: &Sources, problems: &mut Problems) -> Option<Config> {
                $( let $section = $Section::read(sources, problems); )+
                let inventory = inventory::read(sources, problems);
                Some(Config { $( $section: $section?, )+ inventory: inventory? })
            }

            /// Each value as TOML, in the order of `KEYS`; none for a key without a value.
            pub(super) fn show(&self) -> Vec<Option<String>> {
                vec![ $( $( self.$section.$key.show(), )+ )+ ]
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

/// The same for arrays of tables: `tables!` makes a struct for one table of each, with its reader
/// and printer, and `TABLES`.
macro_rules! tables {
    ($(
        $(#[doc = $about:literal])+
        $path:literal: $Row:ident {
            $(
                $(#[doc = $key_about:literal])+
                $key:ident: $Type:ty = $default:expr, $kind:expr;
            )+
        }
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone)]
            pub(super) struct $Row {
                $( $(#[doc = $key_about])+ pub(super) $key: $Type, )+
            }

            impl $Row {
                pub(super) const PATH: &'static str = $path;

                /// Reads every key before it gives up on one, so that all problems are told.
                pub(super) fn read(row: &Row, problems: &mut Problems) -> Option<$Row> {
                    $( let $key = row.setting(($path, stringify!($key)), problems); )+
                    Some($Row { $( $key: $key?, )+ })
                }

                /// Each value as TOML, in the order of the keys; none for a key without a value.
                pub(super) fn show(&self) -> Vec<Option<String>> {
                    vec![ $( self.$key.show(), )+ ]
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
