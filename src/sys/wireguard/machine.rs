//! The machine's links, whatever they are: finds one, reads it, performs changes on it.

use super::WireError;
use crate::model::{IfName, Port};
use crate::plan::wireguard::{Change, EndpointRule, LinkActual, LinkWanted, Settings, differs};
use crate::sys::kernel::Kernel;
use crate::sys::netlink::{Link, NetlinkError, Route};
use crate::sys::uapi::{self, Patience, UapiError, UapiReason};
use rustix::io::Errno;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::Path;
use std::time::Instant;

/// Addresses of one link with their peers'.
type Addresses = Vec<(IpAddr, IpAddr)>;

/// A peer, and the index of the link that the route to it leads to.
type PeerRoute = (u32, IpAddr);

/// Sockets to the kernel, for as many operations as follow each other: each is opened when it is
/// first needed.
#[derive(Default)]
pub struct Machine {
    route: OnceCell<Route>,
    kernel: OnceCell<Kernel>,
    /// Routes that the kernel makes by itself, a moment after the address that was set.
    awaited: RefCell<BTreeSet<PeerRoute>>,
}

/// How a link is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// By generic netlink.
    Kernel,
    /// By the socket of its process.
    Userspace,
}

impl Machine {
    pub(super) fn links(&self) -> Result<Vec<Link>, NetlinkError> {
        self.route()?.links()
    }

    /// The routes that may still be coming; they are not awaited any more.
    pub(super) fn take_awaited(&self) -> BTreeSet<PeerRoute> {
        self.awaited.take()
    }

    /// The link of this name, if there is one.
    pub(super) fn look(&self, name: &IfName) -> Result<Option<Link>, NetlinkError> {
        self.route()?.link(name.as_str())
    }

    /// The link of this name, which should be there.
    pub(super) fn find(&self, name: &IfName) -> Result<Link, WireError> {
        self.look(name)?.ok_or_else(|| WireError::Missing(name.clone()))
    }

    /// The peers that the kernel has routes to; `None` where it does not tell.
    /// Of one link only, if its index is given.
    pub(super) fn peer_routes(&self, link: Option<u32>) -> Option<BTreeSet<PeerRoute>> {
        let routes = self.route().and_then(|route| route.peer_routes(link));
        routes.inspect_err(|error| log::debug!("{error}")).ok()
    }

    /// Addresses by the index of their link.
    pub(super) fn addresses(&self) -> Result<BTreeMap<u32, Addresses>, NetlinkError> {
        let mut links: BTreeMap<u32, Addresses> = BTreeMap::new();
        for address in self.route()?.addresses()? {
            links.entry(address.index).or_default().push((address.local, address.peer));
        }
        Ok(links)
    }

    /// What kind of link it is; an error if it is no WireGuard.
    pub(super) fn means(&self, link: &Link) -> Result<Means, WireError> {
        match link.kind.as_deref() {
            Some("wireguard") => Ok(Means::Kernel),
            Some("tun") => Ok(Means::Userspace),
            _ => Err(WireError::Foreign(link.name.clone(), link.kind.clone())),
        }
    }

    /// Reads a link, to which these addresses belong.
    pub(super) async fn read(
        &self,
        link: &Link,
        addresses: Addresses,
        patience: &Patience,
    ) -> Result<LinkActual, WireError> {
        let (index, up, mtu, name) = (link.index, link.up, link.mtu, link.name.as_str());
        let mut actual = LinkActual { index, up, mtu, addresses, ..LinkActual::default() };
        match self.means(link)? {
            Means::Kernel => self.kernel()?.read(&mut actual)?,
            Means::Userspace if patience.rests(name, Instant::now()) => {
                return Err(unanswered(link, &uapi::socket_path(name), UapiReason::Silent));
            }
            Means::Userspace => {
                let read = uapi::read(name, &mut actual).await;
                match &read {
                    Err(error) if error.reason == UapiReason::Silent => {
                        patience.silent(name, Instant::now());
                    }
                    _ => patience.answered(name),
                }
                read.map_err(|error| unanswered(link, &error.socket, error.reason))?;
            }
        }
        Ok(actual)
    }

    /// Sets all that is wanted on a link that was just made: nothing was ever set on it, and to ask
    /// would cost as much as to set.
    pub(super) async fn furnish(&self, wanted: &LinkWanted) -> Result<(), WireError> {
        let link = self.find(&wanted.name)?;
        let fresh = LinkActual { index: link.index, mtu: link.mtu, ..LinkActual::default() };
        self.perform(&link, wanted, &differs(wanted, &fresh, EndpointRule::Set)).await
    }

    /// Creates a link of the kernel's WireGuard, with an MTU in bytes or the kernel's own.
    pub(super) fn create(&self, name: &IfName, mtu: Option<u32>) -> Result<(), WireError> {
        self.route()?.create_wireguard(name.as_str(), mtu).map_err(|error| match error.errno {
            Errno::EXIST => WireError::Exists(name.clone()),
            _ => error.into(),
        })
    }

    /// Deletes a link; one that is gone is no error.
    pub(super) fn delete(&self, link: &Link) -> Result<(), WireError> {
        match self.route()?.delete_link(link.index) {
            Err(error) if error.errno != Errno::NODEV => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Performs changes in their order; those of keys and peers in one request, with the first of
    /// them, so that a peer is never there without its keys, and the port with them where that
    /// cannot fail.
    pub(super) async fn perform(
        &self,
        link: &Link,
        wanted: &LinkWanted,
        changes: &[Change],
    ) -> Result<(), WireError> {
        let (route, index) = (self.route()?, link.index);
        // The kernel opens no port before its link is up: until then none can be taken.
        let together = !link.up && self.means(link)? == Means::Kernel;
        let listen_port = Settings::port_of(changes).listen_port.filter(|_| together);
        let mut peers = Some(Settings { listen_port, ..Settings::peers_of(changes) });
        for change in changes {
            let done = match change {
                Change::ListenPort { new, .. } if !together => {
                    self.set_port(link, *new, changes).await
                }
                Change::Mtu { new, .. } => told(route.set_mtu(index, *new)),
                Change::Up => self.up(link),
                Change::AddAddress { local, remote } => {
                    told(route.add_address(index, *local, *remote))
                }
                Change::ChangeRemote { local, new, .. } => {
                    told(route.change_peer(index, *local, *new))
                }
                // The same address with the same peer again: the kernel then makes its route anew.
                Change::RenewRoute { local, remote } => {
                    told(route.change_peer(index, *local, *remote))
                }
                Change::RemoveAddress { local, .. } => told(self.remove_address(index, *local)),
                _ => match peers.take() {
                    Some(peers) => self.set(link, &peers).await,
                    None => Ok(()),
                },
            };
            done.map_err(|error| error.with_port(wanted.listen_port))?;
        }
        if changes.iter().any(Change::takes_route) {
            // The route to its peer went with the address, though the new address has the same
            // peer.
            route.change_peer(index, wanted.local.get().into(), wanted.remote.get().into())?;
        }
        if changes.iter().any(Change::moves_route) {
            let remotes = wanted.addresses().map(|(_, remote)| (index, remote));
            self.awaited.borrow_mut().extend(remotes);
        }
        Ok(())
    }

    /// The kernel's WireGuard makes no address of its own when it goes up; a TUN device does.
    fn up(&self, link: &Link) -> Result<(), WireError> {
        if self.means(link)? == Means::Userspace {
            self.route()?.set_addrgenmode_none(link.index)?;
        }
        Ok(self.route()?.set_up(link.index)?)
    }

    /// The kernel wants the prefix length too, which the list tells; what is not there needs no
    /// removal.
    fn remove_address(&self, index: u32, local: IpAddr) -> Result<(), NetlinkError> {
        let (route, addresses) = (self.route()?, self.route()?.addresses()?);
        let mut same =
            addresses.iter().filter(|address| address.index == index && address.local == local);
        same.try_for_each(|address| route.delete_address(address))
    }

    async fn set_port(&self, link: &Link, port: Port, changes: &[Change]) -> Result<(), WireError> {
        if self.means(link)? == Means::Userspace {
            probe(port)?;
        }
        self.set(link, &Settings::port_of(changes)).await
    }

    async fn set(&self, link: &Link, settings: &Settings) -> Result<(), WireError> {
        match self.means(link)? {
            Means::Kernel => Ok(self.kernel()?.set(link.index, settings)?),
            Means::Userspace => uapi::set(&link.name, settings)
                .await
                .map_err(|error| unanswered(link, &error.socket, error.reason)),
        }
    }

    fn route(&self) -> Result<&Route, NetlinkError> {
        match self.route.get() {
            Some(route) => Ok(route),
            None => {
                let route = Route::open()?;
                Ok(self.route.get_or_init(|| route))
            }
        }
    }

    fn kernel(&self) -> Result<&Kernel, NetlinkError> {
        match self.kernel.get() {
            Some(kernel) => Ok(kernel),
            None => {
                let kernel = Kernel::open()?;
                Ok(self.kernel.get_or_init(|| kernel))
            }
        }
    }
}

fn told(done: Result<(), NetlinkError>) -> Result<(), WireError> {
    done.map_err(WireError::from)
}

/// What a TUN device is whose process does not answer: another program's, or one whose process
/// hangs.
pub fn unanswered(link: &Link, socket: &Path, reason: UapiReason) -> WireError {
    let error = UapiError { socket: socket.to_owned(), reason };
    match reason {
        UapiReason::Socket(Errno::NOENT) => {
            WireError::Foreign(link.name.clone(), link.kind.clone())
        }
        UapiReason::Socket(_) => WireError::Unanswered(error),
        _ => WireError::Uapi(error),
    }
}

/// Sees whether a UDP port is free before a process is told to change to it: wireguard-go closes
/// its old port first, and if the new one is taken its link stands without any. The kernel keeps
/// the old.
fn probe(port: Port) -> Result<(), WireError> {
    let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    for address in any {
        match UdpSocket::bind((address, port.get())) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                return Err(WireError::PortTaken(port));
            }
            // A machine may lack one of the families; the link itself then says what is wrong.
            _ => {}
        }
    }
    Ok(())
}
