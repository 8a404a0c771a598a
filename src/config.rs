//! What the operator wants: a TOML file, the environment, and defaults become one [`Config`].
//!
//! Two steps. First, what the sources say: [`file`](self) and environment are taken apart into
//! values, each with its place, the stronger source in the place of the weaker. Then, what it
//! means: each value becomes a proven type. Every problem of both steps is told at once, each with
//! its place; with a single problem there is no `Config`.
//!
//! The keys are declared once, in `table`: fields, defaults, bounds, explanations and names in the
//! environment all come from there; those of tables that may be there several times, from `tables`.
//! Nothing here reads a file or the environment: texts come in.

mod declare;
mod environment;
mod file;
mod hint;
mod inventory;
mod key;
mod locate;
mod print;
mod problem;
mod row;
mod rules;
mod setting;
mod sources;
mod statement;
mod table;
mod tables;
mod toml;

pub use key::{KeySpec, Kind, Preset, SectionSpec, TableSpec};
pub use problem::{Place, Problem};
pub use table::{
    Apply, Backup, Bird, Config, Genconfig, Limits, Mesh, Peers, Pop, Registry, Ssh, Store,
    Wireguard,
};

use problem::Problems;
use sources::Sources;

/// The text of a configuration file, and the name by which problems call it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What to call it, usually its path as the operator gave it.
    pub name: &'a str,
    /// Its content, at most [`CONFIG_BYTES_MAX`](crate::limits::CONFIG_BYTES_MAX) bytes are read.
    pub text: &'a str,
}

/// The configuration that `file` and `environment` (names and values) make together, or all that is
/// wrong with them, sorted by place.
///
/// `PEERLING_<SECTION>_<KEY>` is stronger than the `DN42_*` variables of the service that this
/// program replaces, they are stronger than the file, and the file than the defaults. Only the
/// value that counts is judged: a variable of another program cannot spoil a key that `PEERLING_*`
/// sets.
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
    rules::complete(&mut sources);
    let config = Config::read(&sources, &mut problems);
    if let Some(config) = &config {
        rules::judge(config, &sources, &mut problems);
    }
    match (config, problems.sorted()) {
        (Some(config), problems) if problems.is_empty() => Ok(config),
        (_, problems) => Err(problems),
    }
}

/// Every key, in the order of the sample file: what parsing, printing and the manual page go by.
pub fn keys() -> &'static [KeySpec] {
    table::KEYS
}

/// Every array of tables, in the order of the effective print. Only the file can hold them.
pub fn tables() -> &'static [TableSpec] {
    tables::TABLES
}

/// Every section, in the order of the sample file.
pub fn sections() -> &'static [SectionSpec] {
    table::SECTIONS
}
