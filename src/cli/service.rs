//! `peerling serve`, and `peerling serve --test`.

use super::parse::Invocation;
use super::table::{DONE, TEST};
use crate::daemon::{Failure, configured, serve};

/// Serves until a signal ends it; or only sees whether it could begin.
///
/// # Errors
/// [`Failure::Configuration`] where only the operator can mend it.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let file = &invocation.file;
    if invocation.has(&TEST) {
        configured(file).map_err(Failure::Configuration)?;
    } else {
        serve(file.clone())?;
    }
    Ok(DONE)
}
