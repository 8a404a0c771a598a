//! `peerling plan` and `peerling apply`: one pass, told or taken.

use super::routes_watch::read_once;
use super::{Assembled, ConfigFile, Service, Trouble, block_on, database_watch};
use crate::apply::{DryRun, Reached, Removals};
use crate::board::Cause;
use crate::store::{Store, StoreError};

/// What a pass would do now. Nothing is written, not even to the database.
pub fn plan(file: ConfigFile) -> Result<DryRun, Vec<Trouble>> {
    let assembled = Assembled::load(&file)?;
    // Steps that nobody could take are none.
    assembled.can_make_links().map_err(|it| vec![it])?;
    dry_run(assembled, file).map_err(|it| vec![it])
}

/// The same for a configuration that is read already.
pub fn dry_run(assembled: Assembled, file: ConfigFile) -> Result<DryRun, Trouble> {
    let look = |path| {
        let store = Store::look(path)?;
        store.belongs(&assembled.site()).map(|()| store)
    };
    let store = look(&assembled.config.store.path)
        .map_err(|error: StoreError| Trouble::new(error.to_string()))?;
    let mut service = Service::over(store, assembled, file)?;
    let dry_run = async |_| {
        service.read_routes().await;
        service.apply.dry_run().await
    };
    block_on(dry_run)?.map_err(Trouble::new)
}

/// One pass. What could not be done was logged.
pub fn apply(file: ConfigFile, removals: Removals) -> Result<Reached, Vec<Trouble>> {
    let assembled = Assembled::load(&file)?;
    assembled.can_make_links().map_err(|it| vec![it])?;
    let service = Service::new(assembled, file).map_err(|it| vec![it])?;
    let store = service.control.store.clone();
    block_on(async |_| service.read_routes().await).map_err(|it| vec![it])?;
    let mut apply = match removals {
        Removals::Asked => service.apply,
        Removals::Confirmed => service.apply.confirming(),
    };
    let passed = block_on(async |_| apply.pass(&[Cause::Other("peerling apply")]).await);
    let closed = database_watch::close(&mut store.borrow_mut());
    passed.and_then(|reached| closed.map(|()| reached)).map_err(|trouble| vec![trouble])
}

impl Service {
    /// What the watch over the registry would have told the loop.
    async fn read_routes(&self) {
        let settings = self.apply.settings().borrow().clone();
        let directory = &self.assembled.config.registry.directory;
        read_once(directory, &settings, &self.apply.routes()).await;
    }
}
