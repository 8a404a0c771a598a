//! What is: the files and links that are ours.

use super::ApplySettings;
use crate::model::{Asn, IfName};
use crate::plan::{Actual, FileKind};
use crate::sys::files;
use std::collections::BTreeMap;

/// Reads files and links. What cannot be read of one peering is that peering's failure; what cannot
/// be read at all is an error, and then nothing is done.
pub fn actual(
    settings: &ApplySettings,
    failures: &mut BTreeMap<Asn, String>,
) -> Result<Actual, String> {
    let words = |error: files::FileError| error.to_string();
    let (confs, foreign_confs) =
        files::observe(&settings.wireguard_directory, FileKind::WireGuard).map_err(words)?;
    let (birds, foreign_birds) =
        files::observe(&settings.bird_directory, FileKind::Bird).map_err(words)?;
    for error in foreign_confs.iter().chain(&foreign_birds) {
        log::warn!("{error}");
    }
    let mut actual = Actual { confs, birds, ..Actual::default() };
    for (name, link) in settings.backend.observe().map_err(|error| error.to_string())? {
        match (link, IfName::owner(name.as_str())) {
            (Ok(link), _) => drop(actual.links.insert(name, link)),
            (Err(error), Some(asn)) => drop(failures.insert(asn, error.to_string())),
            (Err(error), None) => log::warn!("{name}: {error}"),
        }
    }
    Ok(actual)
}
