//! `peerling demo`: the whole service in a temporary directory, without root: a registry with
//! members, their SSH keys, our keys, a database, and files instead of tunnels. Everything goes
//! when it ends.
//!
//! Whoever sits at a terminal is logged in at once. A script finds the demo by its environment.

mod place;
mod play;

use super::parse::Invocation;
use super::table::RUN;
use crate::daemon::{
    Assembled, ConfigFile, Failure, Service, Sockets, Trouble, block_on, catch_signals,
    is_configuration,
};
use crate::sys::tree;
use place::Place;
use smol::future::FutureExt as _;
use smol::process::Command;
use std::ffi::OsStr;
use std::fs::File;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::rc::Rc;

/// Serves until Ctrl-C; at a terminal, until whoever sits there has logged out; or runs a command
/// in a shell beside it and ends with its exit status.
///
/// # Errors
/// The temporary directory, or what keeps the service from starting.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let place = Place::new()?;
    let log = File::create(place.log()).map_err(|error| Trouble::new(error.to_string()))?;
    super::logging::into_file(log);
    let file = ConfigFile::Alone(place.config());
    let signals = catch_signals()?;
    let assembled = Assembled::load(&file)?;
    let sockets = Sockets::open(&assembled)?;
    let address = sockets.ssh.first().and_then(|it| it.local_addr().ok());
    let address = address.ok_or_else(|| Trouble::new("no address to listen on"))?;
    let service = Service::new(assembled, file)?;
    let command = invocation.value(&RUN);
    if command.is_none() {
        block_on(async |_| seed(&service, &place).await)??;
    }
    let visit = match command {
        Some(command) => Some(command.to_owned()),
        None if is_at_terminal() && has_ssh() => Some(place.ssh(address).into()),
        None => None,
    };
    if visit.is_some() && command.is_none() {
        super::print(&play::hint(&place.log()));
    } else {
        // The one thing that is to be read by people and programs alike.
        super::print(&format!("{}\n", place.ssh_for_scripts(address)));
    }
    let served = block_on(async |spawner| {
        let serve = async { service.run(spawner, sockets, signals).await.map(|()| 0) };
        match visit {
            Some(command) => beside(&place, &command, address).or(serve).await,
            None => serve.await,
        }
    })?;
    Ok(served?)
}

/// Is there somebody who reads and types?
fn is_at_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

fn has_ssh() -> bool {
    let mut client = std::process::Command::new("ssh");
    client.arg("-V").stderr(std::process::Stdio::null());
    client.status().is_ok()
}

/// Peerings that are there when somebody comes, made by the commands that they would have typed.
async fn seed(service: &Service, place: &Place) -> Result<(), Trouble> {
    match tree::read(&place.registry()).await {
        Ok((index, _)) => drop(service.control.index.replace(Rc::new(index))),
        Err(error) => return Err(Trouble::new(error.to_string())),
    }
    play::seed(service).await
}

/// Runs a command that finds the demo by its environment.
async fn beside(place: &Place, command: &OsStr, address: SocketAddr) -> Result<u8, Trouble> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    // The configuration is the whole of it here, for what the command starts too.
    for (name, _) in std::env::vars_os() {
        if is_configuration(&name) {
            shell.env_remove(name);
        }
    }
    shell
        .env("PEERLING_DEMO_SSH", place.ssh_for_scripts(address))
        .env("PEERLING_DEMO_DIR", place.directory());
    let status = shell.status().await;
    let status = status.map_err(|error| Trouble::new(format!("sh: {error}")))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
