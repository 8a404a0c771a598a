//! `peerling exec`: a shell command from the local machine, as a maintainer or as the admin.
//!
//! A running service carries it out itself. Where none runs it is done here: what is saved is
//! applied when the service starts, and nobody knows what of the rest is.

use super::parse::Invocation;
use super::table::{AS, COMMAND, FAILED};
use crate::daemon::{
    Assembled, ConfigFile, Failure, Service, Trouble, block_on, close, read_config,
};
use crate::limits::IMPORT_BYTES_MAX;
use crate::local::{Applied, Client, ClientError, Done, Order, execute};
use crate::shell::Start;
use crate::sys::tree;
use smol::future;
use std::io::Read as _;
use std::rc::Rc;

/// Why nothing is known to be applied.
const NOT_RUNNING: &str = "peerling does not run here: what is saved is applied when it does";

/// Runs one command; its exit status.
///
/// # Errors
/// No service and no database, or a service that does not answer.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let mut order = Order {
        maintainer: invocation.text(&AS).map(str::to_string),
        words: invocation.all(&COMMAND).map(|word| word.to_string_lossy().into_owned()).collect(),
        ..Order::default()
    };
    let database = read_config(&invocation.file)?.store.path;
    if Start::of_words(&order.words).reads_input() {
        order.input = standard_input();
    }
    let connected = Client::connect(&database).map_err(words)?;
    let status = if let Some(client) = connected {
        client.run(&order, &mut std::io::stdout(), &mut std::io::stderr()).map_err(words)?
    } else {
        let done = alone(invocation.file.clone(), &order)?;
        super::print(&done.out);
        super::complain(&done.err);
        done.status
    };
    Ok(u8::try_from(status).unwrap_or(FAILED))
}

fn words(error: ClientError) -> Trouble {
    Trouble::new(error.to_string())
}

/// The same without a service.
fn alone(file: ConfigFile, order: &Order) -> Result<Done, Failure> {
    let assembled = Assembled::load(&file)?;
    let directory = assembled.config.registry.directory.clone();
    let mut service = Service::new(assembled, file)?;
    let store = service.control.store.clone();
    let run = block_on(async |_| {
        match tree::read(&directory).await {
            Ok((index, _)) => drop(service.control.index.replace(Rc::new(index))),
            Err(error) => log::warn!("{error}"),
        }
        look_around(&mut service).await;
        let done = execute(&service.control, order, Applied::Nowhere);
        future::or(done, service.apply.attend()).await
    });
    let closed = close(&mut store.borrow_mut());
    let done = run?.map_err(Trouble::new)?;
    closed?;
    Ok(done)
}

/// Sees what is on the machine, and claims of no peering that it is applied.
async fn look_around(service: &mut Service) {
    if let Err(trouble) = service.apply.dry_run().await {
        log::warn!("{trouble}");
    }
    let board = &service.control.board;
    for (asn, entry) in board.entries() {
        board.expect(asn, entry.generation);
    }
    board.set_trouble(Some(NOT_RUNNING.to_string()));
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
