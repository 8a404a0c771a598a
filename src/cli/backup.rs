//! `peerling export` and `peerling restore`: the copy of this POP, there and back.

use super::parse::Invocation;
use super::table::{DONE, EXPORT_DIRECTORY, RESTORE_FILE};
use crate::daemon::{Assembled, Failure, Pieces, Trouble, block_on};
use crate::store::Store;

/// Exports into the directory, which is made where there is none.
///
/// # Errors
/// What could not be copied; everything else was.
pub(super) fn export(invocation: &Invocation) -> Result<u8, Failure> {
    let directory = invocation.path(&EXPORT_DIRECTORY)?;
    let assembled = Assembled::load(&invocation.file)?;
    let pieces = Pieces::of(&assembled);
    let database = Store::open_read_only(&assembled.config.store.path).and_then(|store| {
        store.belongs(&assembled.site())?;
        store.publishable()
    });
    let exported = block_on(async |_| pieces.export(database, directory).await)?;
    if !exported.troubles.is_empty() {
        return Err(exported.troubles.into_iter().map(Trouble::new).collect::<Vec<_>>().into());
    }
    for line in exported.left_out {
        super::complain(&format!("peerling: {line}\n"));
    }
    Ok(DONE)
}

/// Puts the database of a backup in the place of this POP's, and says what became of both.
///
/// # Errors
/// The service runs, the file is no sound database of this POP, or the disk.
pub(super) fn restore(invocation: &Invocation) -> Result<u8, Failure> {
    let from = invocation.path(&RESTORE_FILE)?;
    let assembled = Assembled::load(&invocation.file)?;
    let path = &assembled.config.store.path;
    let restored = Store::restore(&assembled.site(), path, from, crate::sys::now())
        .map_err(|error| Trouble::new(error.to_string()))?;
    let before = match restored.kept {
        Some(kept) => format!("the one of before is {}", kept.display()),
        None => "there was none before".to_string(),
    };
    super::print(&format!(
        "{}: {} peerings, from {}; {before}\n\
         peerling plan shows what the machine will get; then start the service\n",
        path.display(),
        restored.peerings,
        from.display()
    ));
    Ok(DONE)
}
