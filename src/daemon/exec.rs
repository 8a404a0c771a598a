//! `peerling exec`: a shell command from the local machine, as a maintainer or as the admin.
//!
//! A running service carries it out itself. Where none runs it is done here: what is saved is
//! applied when the service starts, and nobody knows what of the rest is.

use super::assemble::read_config;
use super::{Assembled, ConfigFile, Service, Trouble, block_on, database_watch};
use crate::limits::IMPORT_BYTES_MAX;
use crate::local::{Applied, Client, Done, Order, conduct};
use crate::shell::Start;
use crate::sys::tree;
use smol::future;
use std::io::{Read as _, Write as _};
use std::rc::Rc;

/// Why nothing is known to be applied.
const NOT_RUNNING: &str = "peerling does not run here: what is saved is applied when it does";

/// Runs one command; its exit status.
pub fn run(file: ConfigFile, mut order: Order) -> Result<u32, Vec<Trouble>> {
    let database = read_config(&file)?.store.path;
    if Start::of_words(&order.words).reads_input() {
        order.input = standard_input();
    }
    match Client::connect(&database) {
        Ok(Some(client)) => client
            .run(&order, &mut std::io::stdout(), &mut std::io::stderr())
            .map_err(|error| vec![Trouble::new(error.to_string())]),
        Ok(None) => {
            let done = alone(file, &order)?;
            // Whoever closed these does not want to hear it.
            let _ = std::io::stdout().write_all(done.out.as_bytes());
            let _ = std::io::stderr().write_all(done.err.as_bytes());
            Ok(done.status)
        }
        Err(error) => Err(vec![Trouble::new(error.to_string())]),
    }
}

/// The same without a service.
fn alone(file: ConfigFile, order: &Order) -> Result<Done, Vec<Trouble>> {
    let assembled = Assembled::load(&file)?;
    let directory = assembled.config.registry.directory.clone();
    let mut service = Service::new(assembled, file).map_err(|trouble| vec![trouble])?;
    let store = service.control.store.clone();
    let run = block_on(async |_| {
        match tree::read(&directory).await {
            Ok((index, _)) => drop(service.control.index.replace(Rc::new(index))),
            Err(error) => log::warn!("{error}"),
        }
        service.look_around().await;
        let done = conduct(&service.control, order, Applied::Nowhere);
        future::or(done, service.apply.attend()).await
    });
    let closed = database_watch::close(&mut store.borrow_mut());
    let done = run.and_then(|done| done.map_err(Trouble::new)).map_err(|trouble| vec![trouble])?;
    closed.map(|()| done).map_err(|trouble| vec![trouble])
}

impl Service {
    /// Sees what is on the machine, and claims of no peering that it is applied.
    async fn look_around(&mut self) {
        if let Err(trouble) = self.apply.dry_run().await {
            log::warn!("{trouble}");
        }
        let board = &self.control.board;
        for (asn, entry) in board.entries() {
            board.expect(asn, entry.generation);
        }
        board.set_trouble(Some(NOT_RUNNING.to_string()));
    }
}

/// What a command may read, and a byte more, so that too much is known as such. What cannot be read
/// is not there.
fn standard_input() -> Vec<u8> {
    let (mut bytes, bound) = (Vec::new(), IMPORT_BYTES_MAX as u64 + 1);
    if let Err(error) = std::io::stdin().take(bound).read_to_end(&mut bytes) {
        log::warn!("standard input: {error}");
    }
    bytes
}
