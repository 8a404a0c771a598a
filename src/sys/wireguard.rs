//! The one door to the links of this machine: observe, create, change, remove.
//!
//! Only links named `wg-as<ASN>` and `wg-int-<POP>` exist for it. How a link is spoken to is
//! decided by what the link is, the kernel's or a userspace process's, so both may live side by
//! side while a POP changes over; the back end decides what new links become. A link of another
//! kind under such a name is reported and never touched. Nothing here takes a link down or makes it
//! anew to change it.

mod choose;
mod machine;

pub use choose::{Choice, Judgement, choose};
pub use machine::Machine;

pub use crate::plan::wireguard::Backend;

use crate::limits::{ROUTE_LOOK_PAUSE, ROUTE_LOOKS_MAX, UAPI_PARALLEL_MAX, USERSPACE_END};
use crate::model::{IfName, Port};
use crate::plan::naming::Naming;
use crate::plan::wireguard::{EndpointRule, LinkActual, LinkWanted, differs};
use crate::sys::netlink::{Link, NetlinkError};
use crate::sys::uapi::{self, Patience, StartError, UapiError, UapiReason};
use crate::sys::within;
use async_io::Async;
use machine::Means;
use rustix::io::Errno;
use smol::LocalExecutor;
use smol::io::AsyncReadExt as _;
use smol::lock::Semaphore;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::os::unix::net::UnixStream;

/// Why a link could not be read, made, changed or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The kernel refused.
    Netlink(NetlinkError),
    /// The process of the link refused, or does not answer.
    Uapi(UapiError),
    /// No process could be started for the link.
    Start(StartError),
    /// Another program, or another link, listens on this UDP port.
    PortTaken(Port),
    /// A link of that name exists already.
    Exists(IfName),
    /// The link is gone, or another has taken its name.
    Missing(IfName),
    /// A link that bears the name of a peering and is no WireGuard: its name and kind.
    Foreign(String, Option<String>),
    /// A TUN device that bears the name of a peering, and no WireGuard process answers for it.
    Unanswered(UapiError),
    /// The link was deleted but its process did not end.
    StillRunning(IfName),
}

/// Every link that bears a name of ours, as it is, or why it cannot be read.
pub type Links = BTreeMap<IfName, Result<LinkActual, WireError>>;

impl Backend {
    /// Reads every link with a name of ours: one list of links, one of addresses, one of routes,
    /// one question per link. Processes are asked all at once; one that was silent is left in peace
    /// for a while, and is silent still.
    pub async fn observe(&self, patience: &Patience, naming: &Naming) -> Result<Links, WireError> {
        if *self == Backend::Files {
            return Ok(Links::new());
        }
        let machine = Machine::default();
        let addresses = machine.addresses()?;
        let routes = machine.peer_routes(None);
        let mut found = Vec::new();
        for link in machine.links()? {
            let Some(owner) = naming.link_owner(&link.name) else { continue };
            let Some(name) = naming.link(owner) else { continue };
            let addresses = addresses.get(&link.index).cloned().unwrap_or_default();
            let mut unrouted = Vec::new();
            for (local, peer) in &addresses {
                if link.up
                    && local != peer
                    && routes.as_ref().is_some_and(|known| !known.contains(&(link.index, *peer)))
                {
                    unrouted.push(*peer);
                }
            }
            found.push(Found { name, link, addresses, unrouted });
        }
        patience.retain(|name| found.iter().any(|found| found.name.as_str() == name));
        let mut links = Links::new();
        for (name, read) in read_all(&machine, found, patience).await {
            // It may have gone away since the list was made; that is no error.
            if read.is_ok() || machine.look(&name)?.is_some() {
                links.insert(name, read);
            }
        }
        Ok(links)
    }

    /// Makes a link with all that belongs to it, but for the route, for which [`settle`] waits. If
    /// a step fails, what was made is removed again.
    pub async fn create(&self, machine: &Machine, wanted: &LinkWanted) -> Result<(), WireError> {
        if *self == Backend::Files {
            return Ok(());
        }
        self.make(machine, wanted).await?;
        let Err(error) = machine.furnish(wanted).await else { return Ok(()) };
        // The first error is the one to tell; a link that stays is finished by the next pass.
        let _ = self.remove(machine, &wanted.name).await;
        Err(self.explained(error))
    }

    /// A process may end after it said that all is well.
    fn explained(&self, error: WireError) -> WireError {
        let ended = match &error {
            WireError::Netlink(error) => error.errno == Errno::NODEV,
            WireError::PortTaken(_) => false,
            _ => true,
        };
        let lacks = match self {
            Backend::Userspace { command } if ended => uapi::lacks(command),
            _ => None,
        };
        lacks.map_or(error, WireError::Start)
    }

    /// Brings a link to what is wanted, in place, and tells what was changed, a line each. Performs
    /// exactly what [`differs`] answers, in that order, and stops at the first error. A route that
    /// moved is there after [`settle`].
    pub async fn change(
        &self,
        machine: &Machine,
        wanted: &LinkWanted,
        actual: &LinkActual,
        rule: EndpointRule,
    ) -> Result<Vec<String>, WireError> {
        let changes = differs(wanted, actual, rule);
        if *self == Backend::Files || changes.is_empty() {
            return Ok(Vec::new());
        }
        let link = machine.find(&wanted.name)?;
        if link.index != actual.index {
            return Err(WireError::Missing(wanted.name.clone()));
        }
        machine.perform(&link, wanted, &changes).await?;
        Ok(changes.iter().map(ToString::to_string).collect())
    }

    /// Deletes a link and, in userspace, waits until its process has ended. One that is gone is no
    /// error.
    pub async fn remove(&self, machine: &Machine, name: &IfName) -> Result<(), WireError> {
        if *self == Backend::Files {
            return Ok(());
        }
        let Some(link) = machine.look(name)? else {
            uapi::remove_stale(&uapi::socket_path(name.as_str())).await;
            return Ok(());
        };
        match machine.means(&link)? {
            Means::Kernel => machine.delete(&link),
            Means::Userspace => end(machine, &link, name).await,
        }
    }

    /// Takes away the socket that a killed process left behind, where its link is wanted no more
    /// and no step is about it. One at which somebody listens stays.
    pub async fn sweep(&self, name: &IfName) {
        if matches!(self, Backend::Userspace { .. }) {
            uapi::remove_stale(&uapi::socket_path(name.as_str())).await;
        }
    }

    async fn make(&self, machine: &Machine, wanted: &LinkWanted) -> Result<(), WireError> {
        let name = &wanted.name;
        match self {
            Backend::Kernel => machine.create(name, wanted.mtu),
            Backend::Userspace { command } => {
                if machine.look(name)?.is_some() {
                    return Err(WireError::Exists(name.clone()));
                }
                if let Ok(held) = uapi::hold(&uapi::socket_path(name.as_str())).await {
                    // The process of a link that was deleted a moment ago; if it is another's, the
                    // program says so.
                    let _ = ended(held, name).await;
                }
                Ok(uapi::start(command, name.as_str()).await?)
            }
            Backend::Files => Ok(()),
        }
    }
}

/// A link that bears a name of ours, before it was asked for its keys and peers.
struct Found {
    name: IfName,
    link: Link,
    addresses: Vec<(IpAddr, IpAddr)>,
    unrouted: Vec<IpAddr>,
}

/// Asks all links, [`UAPI_PARALLEL_MAX`] at once.
async fn read_all(
    machine: &Machine,
    found: Vec<Found>,
    patience: &Patience,
) -> Vec<(IfName, Result<LinkActual, WireError>)> {
    let (places, executor) = (Semaphore::new(UAPI_PARALLEL_MAX), LocalExecutor::new());
    let mut tasks = Vec::new();
    for Found { name, link, addresses, unrouted } in found {
        let places = &places;
        tasks.push(executor.spawn(async move {
            let _place = places.acquire().await;
            let read = machine.read(&link, addresses, patience).await;
            (name, read.map(|read| LinkActual { unrouted, ..read }))
        }));
    }
    let all = async {
        let mut links = Vec::new();
        for task in tasks {
            links.push(task.await);
        }
        links
    };
    executor.run(all).await
}

/// Waits until the kernel has made the routes to the peers of all addresses that were set since the
/// last call, which it does a moment after an address is there; else somebody who looks now would
/// take them for deleted. One that does not come is seen by the next look.
pub async fn settle(machine: &Machine) {
    let mut awaited = machine.take_awaited();
    for _ in 0..ROUTE_LOOKS_MAX {
        let mut links = awaited.iter().map(|(index, _)| *index);
        let only = links.next().filter(|first| links.all(|link| link == *first));
        if awaited.is_empty() {
            return;
        }
        let Some(routes) = machine.peer_routes(only) else { return };
        awaited.retain(|route| !routes.contains(route));
        if !awaited.is_empty() {
            smol::Timer::after(ROUTE_LOOK_PAUSE).await;
        }
    }
}

/// Deletes the link of a process, which then ends by itself and takes its socket away.
async fn end(machine: &Machine, link: &Link, name: &IfName) -> Result<(), WireError> {
    let socket = uapi::socket_path(name.as_str());
    let held = uapi::hold(&socket).await;
    let held = held.map_err(|reason| machine::unanswered(link, &socket, reason))?;
    machine.delete(link)?;
    ended(held, name).await?;
    uapi::remove_stale(&socket).await;
    Ok(())
}

/// Waits until a process ends: then the connection to it does.
async fn ended(mut held: Async<UnixStream>, name: &IfName) -> Result<(), WireError> {
    match within(USERSPACE_END, held.read(&mut [0])).await {
        // An end of file is the end of the process; nothing else was asked for.
        Some(Ok(0) | Err(_)) => Ok(()),
        Some(Ok(_)) | None => Err(WireError::StillRunning(name.clone())),
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Backend::Kernel => out.write_str("kernel"),
            Backend::Userspace { command } => write!(out, "userspace ({command})"),
            Backend::Files => out.write_str("files"),
        }
    }
}

impl WireError {
    /// The same error, but a taken port is called by its name.
    pub fn with_port(self, port: Port) -> WireError {
        match &self {
            WireError::Netlink(error) if error.errno == Errno::ADDRINUSE => {
                WireError::PortTaken(port)
            }
            WireError::Uapi(error) if error.reason == UapiReason::Refused(Errno::ADDRINUSE) => {
                WireError::PortTaken(port)
            }
            _ => self,
        }
    }
}

impl From<NetlinkError> for WireError {
    fn from(error: NetlinkError) -> WireError {
        WireError::Netlink(error)
    }
}

impl From<UapiError> for WireError {
    fn from(error: UapiError) -> WireError {
        WireError::Uapi(error)
    }
}

impl From<StartError> for WireError {
    fn from(error: StartError) -> WireError {
        WireError::Start(error)
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireError::Netlink(error) => error.fmt(out),
            WireError::Uapi(error) => error.fmt(out),
            WireError::Start(error) => error.fmt(out),
            WireError::PortTaken(port) => {
                write!(out, "UDP port {port} is taken by another program or link")
            }
            WireError::Exists(name) => write!(out, "a link {name} exists already"),
            WireError::Missing(name) => write!(out, "link {name} is gone, or was made anew"),
            WireError::Foreign(name, kind) => {
                let kind = kind.as_deref().unwrap_or("device");
                write!(out, "{name} is a {kind} and no WireGuard link; it is left alone")
            }
            WireError::Unanswered(error) => {
                write!(out, "a TUN device without a WireGuard process is left alone: {error}")
            }
            WireError::StillRunning(name) => {
                write!(out, "the process of link {name} did not end with it")
            }
        }
    }
}

impl std::error::Error for WireError {}
