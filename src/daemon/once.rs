//! `peerling plan` and `peerling apply`: one pass, told or taken.

use super::{Assembled, ConfigFile, Service, Trouble, block_on};
use crate::board::Cause;
use crate::plan::Step;
use crate::store::Store;

/// The steps that a pass would take now. Nothing is written, not even to the database.
pub fn plan(file: ConfigFile) -> Result<Vec<Step>, Vec<Trouble>> {
    let assembled = Assembled::load(&file)?;
    let store = Store::look(&assembled.config.store.path)
        .map_err(|error| vec![Trouble::new(error.to_string())])?;
    let mut service = Service::over(store, assembled, file).map_err(|it| vec![it])?;
    let steps = block_on(async |_| service.apply.steps().await).map_err(|it| vec![it])?;
    steps.map_err(|words| vec![Trouble::new(words)])
}

/// One pass; `false` if something could not be done (it was logged).
pub fn apply(file: ConfigFile) -> Result<bool, Vec<Trouble>> {
    let assembled = Assembled::load(&file)?;
    let mut service = Service::new(assembled, file).map_err(|it| vec![it])?;
    block_on(async |_| service.apply.pass(&[Cause::Everything("peerling apply")]).await)
        .map_err(|it| vec![it])
}
