//! Verbs for addresses: list, add with a peer, change the peer, delete.

use super::{NetlinkError, Route};
use ipnet::IpNet;
use netlink_bindings::rt_addr::{Ifaddrmsg, IterableAddrAttrs, Request};
use std::net::IpAddr;

/// Address families (linux/socket.h).
const AF_UNSPEC: u8 = 0;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// Valid on this link only (RT_SCOPE_LINK in linux/rtnetlink.h).
const RT_SCOPE_LINK: u8 = 253;
/// No duplicate address detection (IFA_F_NODAD): a tunnel has nobody to ask, and BGP should not
/// wait.
const IFA_F_NODAD: u32 = 0x02;
/// Valid everywhere (RT_SCOPE_UNIVERSE in linux/rtnetlink.h).
const RT_SCOPE_UNIVERSE: u8 = 0;

/// An address of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Index of the link.
    pub index: u32,
    /// The address.
    pub local: IpAddr,
    /// The other end's, equal to `local` where there is none.
    pub peer: IpAddr,
    /// Bits of the prefix that `peer` lies in.
    pub prefix_len: u8,
}

impl Route {
    /// Every address of this network namespace, of both families.
    pub fn addresses(&self) -> Result<Vec<Address>, NetlinkError> {
        let mut header = Ifaddrmsg::new();
        header.ifa_family = AF_UNSPEC;
        let request = Request::new().op_getaddr_dump(&header);
        self.0.ask("list addresses", &request, |(header, attributes)| address(&header, &attributes))
    }

    /// Gives a link the address `local` with the other end's. A moment later the kernel routes
    /// `peer` alone to the link, if that is up. EEXIST if the link has `local` already.
    pub fn add_address(&self, index: u32, local: IpAddr, peer: IpAddr) -> Result<(), NetlinkError> {
        let what = format!("add address {local} peer {peer} to link {index}");
        let header = header(index, peer.into(), RT_SCOPE_LINK);
        self.new_address(&what, Request::new().set_create().set_excl(), (header, local, peer))
    }

    /// Gives a link an address with the network that it lies in. EEXIST if the link has it already.
    pub fn add_network(&self, index: u32, address: IpNet) -> Result<(), NetlinkError> {
        let what = format!("add address {address} to link {index}");
        let header = header(index, address, RT_SCOPE_UNIVERSE);
        let request = Request::new().set_create().set_excl();
        self.new_address(&what, request, (header, address.addr(), address.addr()))
    }

    /// Gives the address `local`, which the link has, another peer, or the same again: Linux 5.6
    /// and later also move the route, or make it anew if it is gone.
    pub fn change_peer(&self, index: u32, local: IpAddr, peer: IpAddr) -> Result<(), NetlinkError> {
        let what = format!("change address {local} of link {index} to peer {peer}");
        let header = header(index, peer.into(), RT_SCOPE_LINK);
        self.new_address(&what, Request::new().set_replace(), (header, local, peer))
    }

    /// Takes an address off its link, as [`Route::addresses`] told it.
    pub fn delete_address(&self, address: &Address) -> Result<(), NetlinkError> {
        let mut header = header(address.index, address.local.into(), RT_SCOPE_LINK);
        header.ifa_prefixlen = address.prefix_len;
        let mut request = Request::new().op_deladdr_do(&header);
        request.encode().push_local(address.local).push_address(address.peer);
        self.0.perform(
            &format!("delete address {} from link {}", address.local, address.index),
            &request,
        )
    }

    fn new_address(
        &self,
        what: &str,
        request: Request<'static>,
        (header, local, peer): (Ifaddrmsg, IpAddr, IpAddr),
    ) -> Result<(), NetlinkError> {
        let mut request = request.op_newaddr_do(&header);
        let attributes = request.encode().push_local(local).push_address(peer);
        attributes.push_flags(IFA_F_NODAD);
        self.0.perform(what, &request)
    }
}

/// A single address has the length of its family.
fn header(index: u32, network: IpNet, scope: u8) -> Ifaddrmsg {
    let mut header = Ifaddrmsg::new();
    header.ifa_family = if network.addr().is_ipv4() { AF_INET } else { AF_INET6 };
    header.ifa_prefixlen = network.prefix_len();
    header.ifa_scope = scope;
    header.ifa_index = index;
    header
}

/// IFA_LOCAL is ours and IFA_ADDRESS the other end's; IPv6 leaves IFA_LOCAL out where there is
/// none.
fn address(header: &Ifaddrmsg, attributes: &IterableAddrAttrs<'_>) -> Option<Address> {
    let (local, peer) = (attributes.get_local().ok(), attributes.get_address().ok());
    Some(Address {
        index: header.ifa_index,
        local: local.or(peer)?,
        peer: peer.or(local)?,
        prefix_len: header.ifa_prefixlen,
    })
}
