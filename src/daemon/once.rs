//! `peerling plan` and `peerling apply`: one pass, told or taken.

use super::{Assembled, ConfigFile, Service, Trouble, block_on};
use crate::board::Cause;
use crate::plan::Step;

/// The steps that a pass would take now.
pub fn plan(file: ConfigFile) -> Result<Vec<Step>, Vec<Trouble>> {
    let mut service = service(file)?;
    let steps = block_on(async |_| service.apply.steps().await).map_err(|it| vec![it])?;
    steps.map_err(|words| vec![Trouble::new(words)])
}

/// One pass; `false` if something could not be done (it was logged).
pub fn apply(file: ConfigFile) -> Result<bool, Vec<Trouble>> {
    let mut service = service(file)?;
    block_on(async |_| service.apply.pass(&[Cause::Everything("peerling apply")]).await)
        .map_err(|it| vec![it])
}

fn service(file: ConfigFile) -> Result<Service, Vec<Trouble>> {
    let assembled = Assembled::load(&file)?;
    Service::new(assembled, file).map_err(|it| vec![it])
}
