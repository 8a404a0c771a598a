//! `peerling restore`: the database of a backup in the place of this POP's.

use super::{Assembled, ConfigFile, Trouble};
use crate::model::Timestamp;
use crate::store::Store;
use std::path::Path;

/// Restores, and says what became of both databases.
pub fn run(file: &ConfigFile, from: &Path, now: Timestamp) -> Result<String, Vec<Trouble>> {
    let assembled = Assembled::load(file)?;
    let path = &assembled.config.store.path;
    let restored = Store::restore(&assembled.site(), path, from, now)
        .map_err(|error| vec![Trouble::new(error.to_string())])?;
    let before = match restored.kept {
        Some(kept) => format!("the one of before is {}", kept.display()),
        None => "there was none before".to_string(),
    };
    Ok(format!(
        "{}: {} peerings, from {}; {before}\n\
         peerling plan shows what the machine will get; then start the service\n",
        path.display(),
        restored.peerings,
        from.display()
    ))
}
