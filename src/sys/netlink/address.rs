//! Verbs for addresses: list, add with a peer, change the peer, delete.

use super::{NetlinkError, Route};
use netlink_bindings::rt_addr::{Ifaddrmsg, IterableAddrAttrs, Request};
use std::net::{IpAddr, Ipv6Addr};

/// Address families (linux/socket.h).
const AF_UNSPEC: u8 = 0;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// Valid on this link only (RT_SCOPE_LINK in linux/rtnetlink.h).
const RT_SCOPE_LINK: u8 = 253;
/// No duplicate address detection (IFA_F_NODAD): a tunnel has nobody to ask, and BGP should not
/// wait.
const IFA_F_NODAD: u32 = 0x02;
/// One address.
const HOST_PREFIX: u8 = 128;

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
    /// `peer` (/128) to the link, if that is up. EEXIST if the link has `local` already.
    pub fn add_address(
        &self,
        index: u32,
        local: Ipv6Addr,
        peer: Ipv6Addr,
    ) -> Result<(), NetlinkError> {
        let what = format!("add address {local} peer {peer} to link {index}");
        self.new_address(&what, Request::new().set_create().set_excl(), (index, local, peer))
    }

    /// Gives the address `local`, which the link has, another peer, or the same again: Linux 5.6
    /// and later also move the route, or make it anew if it is gone.
    pub fn change_peer(
        &self,
        index: u32,
        local: Ipv6Addr,
        peer: Ipv6Addr,
    ) -> Result<(), NetlinkError> {
        let what = format!("change address {local} of link {index} to peer {peer}");
        self.new_address(&what, Request::new().set_replace(), (index, local, peer))
    }

    /// Takes an address off its link, as [`Route::addresses`] told it.
    pub fn delete_address(&self, address: &Address) -> Result<(), NetlinkError> {
        let family = if address.local.is_ipv4() { AF_INET } else { AF_INET6 };
        let mut header = header(address.index, family);
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
        (index, local, peer): (u32, Ipv6Addr, Ipv6Addr),
    ) -> Result<(), NetlinkError> {
        let mut request = request.op_newaddr_do(&header(index, AF_INET6));
        let attributes = request.encode().push_local(local.into()).push_address(peer.into());
        attributes.push_flags(IFA_F_NODAD);
        self.0.perform(what, &request)
    }
}

fn header(index: u32, family: u8) -> Ifaddrmsg {
    let mut header = Ifaddrmsg::new();
    header.ifa_family = family;
    header.ifa_prefixlen = HOST_PREFIX;
    header.ifa_scope = RT_SCOPE_LINK;
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
