//! What is: the files and links that are ours, and what only bears our names.

use super::ApplySettings;
use crate::model::{Asn, IfName};
use crate::plan::{Actual, FileKind};
use crate::sys::files;
use std::collections::{BTreeMap, BTreeSet};

/// What was found.
#[derive(Debug, Default)]
pub struct Observed {
    /// What is ours.
    pub actual: Actual,
    /// Links that cannot be read, or are no WireGuard, by the AS number in their names.
    pub unreadable: BTreeMap<Asn, String>,
    /// Files that bear names of ours and are not ours, in words.
    pub foreign: BTreeSet<String>,
}

/// Reads files and links. What cannot be read at all is an error, and then nothing is done.
pub fn observe(settings: &ApplySettings) -> Result<Observed, String> {
    let words = |error: files::FileError| error.to_string();
    let (confs, foreign_confs) =
        files::observe(&settings.wireguard_directory, FileKind::WireGuard).map_err(words)?;
    let (birds, foreign_birds) =
        files::observe(&settings.bird_directory, FileKind::Bird).map_err(words)?;
    let mut observed = Observed {
        actual: Actual { confs, birds, ..Actual::default() },
        unreadable: BTreeMap::new(),
        foreign: foreign_confs.into_iter().chain(foreign_birds).map(words).collect(),
    };
    for (name, link) in settings.backend.observe().map_err(|error| error.to_string())? {
        match (link, IfName::owner(name.as_str())) {
            (Ok(link), _) => drop(observed.actual.links.insert(name, link)),
            (Err(error), Some(asn)) => drop(observed.unreadable.insert(asn, error.to_string())),
            (Err(error), None) => drop(observed.foreign.insert(format!("{name}: {error}"))),
        }
    }
    Ok(observed)
}
