//! rtnetlink (rtnetlink(7)): links, their addresses, and the routes that come with those.

use super::{NetlinkError, Socket};
use crate::plan::addresses::{AddressPlace, HostAddress};
use ipnet::IpNet;
use netlink_bindings::rt_addr as addr;
use netlink_bindings::rt_link as link;
use netlink_bindings::rt_route as route;
use netlink_sys::protocols::NETLINK_ROUTE;
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The loopback's name.
const LO: &str = "lo";
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
/// The link is set up (IFF_UP in linux/if.h).
const IFF_UP: u32 = 1;
/// Statistics are left out of a list (RTEXT_FILTER_SKIP_STATS): half of its bytes.
const SKIP_STATS: u32 = 1 << 3;
/// The kernel gives the link no address of its own (IN6_ADDR_GEN_MODE_NONE in linux/if_link.h).
const ADDR_GEN_MODE_NONE: u8 = 1;
/// The table that packets are looked up in (RT_TABLE_MAIN in linux/rtnetlink.h).
const RT_TABLE_MAIN: u8 = 254;
/// Routes that come with addresses (RTPROT_KERNEL in linux/rtnetlink.h).
const RTPROT_KERNEL: u8 = 2;

/// A socket for links and addresses.
pub struct Route(Socket);

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its index, unique while it lives.
    pub index: u32,
    pub name: String,
    /// The largest packet in bytes.
    pub mtu: u32,
    /// Is it set up?
    pub up: bool,
    /// What it is: `wireguard`, `tun`, `veth`; `None` for hardware and the loopback.
    pub kind: Option<String>,
}

/// An address of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Index of the link.
    pub index: u32,
    pub local: IpAddr,
    /// The other end's, equal to `local` where there is none.
    pub peer: IpAddr,
    /// Bits of the prefix that `peer` lies in.
    pub prefix_len: u8,
}

impl Route {
    /// Opens the socket; needs no right. Changes need CAP_NET_ADMIN.
    pub fn open() -> Result<Route, NetlinkError> {
        Socket::open(NETLINK_ROUTE).map(Route)
    }

    /// Every link of this network namespace.
    pub fn links(&self) -> Result<Vec<Link>, NetlinkError> {
        let mut request = link::Request::new().op_getlink_dump(&link::Ifinfomsg::new());
        request.encode().push_ext_mask(SKIP_STATS);
        self.0.ask("list links", &request, |(header, attributes)| read_link(&header, &attributes))
    }

    /// The link of this name, if there is one.
    pub fn link(&self, name: &str) -> Result<Option<Link>, NetlinkError> {
        let mut request = link::Request::new().op_getlink_do(&link::Ifinfomsg::new());
        request.encode().push_ifname_bytes(name.as_bytes()).push_ext_mask(SKIP_STATS);
        let what = format!("find link {name}");
        let found =
            self.0.ask(&what, &request, |(header, attributes)| read_link(&header, &attributes));
        match found {
            Err(error) if error.errno == Errno::NODEV => Ok(None),
            found => found.map(|links| links.into_iter().next()),
        }
    }

    /// Creates a link of the kernel's WireGuard, whose largest packet has `mtu` bytes, or as many
    /// as the kernel likes; EEXIST if the name is taken, EOPNOTSUPP if the kernel has none.
    pub fn create_wireguard(&self, name: &str, mtu: Option<u32>) -> Result<(), NetlinkError> {
        let request = link::Request::new().set_create().set_excl();
        let mut request = request.op_newlink_do(&link::Ifinfomsg::new());
        let mut attributes = request.encode().push_ifname_bytes(name.as_bytes());
        if let Some(mtu) = mtu {
            attributes = attributes.push_mtu(mtu);
        }
        attributes.nested_linkinfo().push_kind_bytes(b"wireguard").end_nested();
        self.0.perform(&format!("create link {name}"), &request)
    }

    /// Deletes a link, and all its addresses and routes with it.
    pub fn delete_link(&self, index: u32) -> Result<(), NetlinkError> {
        let request = link::Request::new().op_dellink_do(&link_header(index));
        self.0.perform(&format!("delete link {index}"), &request)
    }

    /// Sets the largest packet, in bytes.
    pub fn set_mtu(&self, index: u32, mtu: u32) -> Result<(), NetlinkError> {
        let mut request = link::Request::new().op_setlink_do(&link_header(index));
        request.encode().push_mtu(mtu);
        self.0.perform(&format!("set MTU {mtu} on link {index}"), &request)
    }

    /// Sets the link up. A WireGuard link opens its UDP port now: EADDRINUSE if it is taken.
    pub fn set_up(&self, index: u32) -> Result<(), NetlinkError> {
        let mut header = link_header(index);
        header.ifi_flags = IFF_UP;
        header.ifi_change = IFF_UP;
        let request = link::Request::new().op_setlink_do(&header);
        self.0.perform(&format!("set link {index} up"), &request)
    }

    /// Keeps the kernel from inventing a link-local address when the link goes up. It must be a
    /// request of its own before [`Route::set_up`]: within one request the kernel sets the link up
    /// first.
    pub fn set_addrgenmode_none(&self, index: u32) -> Result<(), NetlinkError> {
        let mut request = link::Request::new().op_setlink_do(&link_header(index));
        let attributes = request.encode().nested_af_spec().nested_inet6();
        attributes.push_addr_gen_mode(ADDR_GEN_MODE_NONE).end_nested().end_nested();
        self.0.perform(&format!("set addrgenmode none on link {index}"), &request)
    }

    /// Every address of this network namespace, of both families.
    pub fn addresses(&self) -> Result<Vec<Address>, NetlinkError> {
        let mut header = addr::Ifaddrmsg::new();
        header.ifa_family = AF_UNSPEC;
        let request = addr::Request::new().op_getaddr_dump(&header);
        self.0.ask("list addresses", &request, |(header, attributes)| {
            read_address(&header, &attributes)
        })
    }

    /// Gives a link the address `local` with the other end's. A moment later the kernel routes
    /// `peer` alone to the link, if that is up. EEXIST if the link has `local` already.
    pub fn add_address(&self, index: u32, local: IpAddr, peer: IpAddr) -> Result<(), NetlinkError> {
        let what = format!("add address {local} peer {peer} to link {index}");
        let header = address_header(index, peer.into(), RT_SCOPE_LINK);
        let request = addr::Request::new().set_create().set_excl();
        self.new_address(&what, request.op_newaddr_do(&header), local, peer)
    }

    /// Gives a link an address with the network that it lies in. EEXIST if the link has it already.
    pub fn add_network(&self, index: u32, address: IpNet) -> Result<(), NetlinkError> {
        let what = format!("add address {address} to link {index}");
        let header = address_header(index, address, RT_SCOPE_UNIVERSE);
        let request = addr::Request::new().set_create().set_excl();
        self.new_address(&what, request.op_newaddr_do(&header), address.addr(), address.addr())
    }

    /// Gives the address `local`, which the link has, another peer, or the same again: Linux 5.6
    /// and later also move the route, or make it anew if it is gone.
    pub fn change_peer(&self, index: u32, local: IpAddr, peer: IpAddr) -> Result<(), NetlinkError> {
        let what = format!("change address {local} of link {index} to peer {peer}");
        let header = address_header(index, peer.into(), RT_SCOPE_LINK);
        let request = addr::Request::new().set_replace();
        self.new_address(&what, request.op_newaddr_do(&header), local, peer)
    }

    /// Takes an address off its link, as [`Route::addresses`] told it.
    pub fn delete_address(&self, address: &Address) -> Result<(), NetlinkError> {
        let mut header = address_header(address.index, address.local.into(), RT_SCOPE_LINK);
        header.ifa_prefixlen = address.prefix_len;
        let mut request = addr::Request::new().op_deladdr_do(&header);
        request.encode().push_local(address.local).push_address(address.peer);
        self.0.perform(
            &format!("delete address {} from link {}", address.local, address.index),
            &request,
        )
    }

    fn new_address(
        &self,
        what: &str,
        mut request: addr::OpNewaddrDo<'_>,
        local: IpAddr,
        peer: IpAddr,
    ) -> Result<(), NetlinkError> {
        let attributes = request.encode().push_local(local).push_address(peer);
        attributes.push_flags(IFA_F_NODAD);
        self.0.perform(what, &request)
    }

    /// Every single address that the kernel routes because of an address with a peer, with the
    /// index of its link; of one link only, if its index is given: with a thousand links the others
    /// would be a thousand answers. Kernels before 4.20 send all routes, and these are picked from
    /// them.
    pub fn peer_routes(&self, link: Option<u32>) -> Result<BTreeSet<(u32, IpAddr)>, NetlinkError> {
        let mut all = self.routes_of(AF_INET6, link)?;
        all.append(&mut self.routes_of(AF_INET, link)?);
        Ok(all)
    }

    fn routes_of(
        &self,
        family: u8,
        link: Option<u32>,
    ) -> Result<BTreeSet<(u32, IpAddr)>, NetlinkError> {
        let mut header = route::Rtmsg::new();
        header.rtm_family = family;
        header.rtm_table = RT_TABLE_MAIN;
        header.rtm_protocol = RTPROT_KERNEL;
        let mut request = route::Request::new().op_getroute_dump(&header);
        if let Some(index) = link {
            request.encode().push_oif(index);
        }
        let routes = self.0.ask("list routes", &request, |(header, attributes)| {
            let destination = attributes.get_dst().ok()?;
            let is_single = header.rtm_dst_len == if destination.is_ipv4() { 32 } else { 128 };
            let is_ours = header.rtm_protocol == RTPROT_KERNEL && header.rtm_table == RT_TABLE_MAIN;
            Some((attributes.get_oif().ok().filter(|_| is_single && is_ours)?, destination))
        });
        Ok(routes?.into_iter().collect())
    }
}

fn link_header(index: u32) -> link::Ifinfomsg {
    let mut header = link::Ifinfomsg::new();
    header.ifi_index = i32::try_from(index).unwrap_or_default();
    header
}

fn read_link(header: &link::Ifinfomsg, attributes: &link::IterableLinkAttrs<'_>) -> Option<Link> {
    let kind = attributes.get_linkinfo().ok().and_then(|info| info.get_kind().ok());
    Some(Link {
        index: u32::try_from(header.ifi_index).ok()?,
        name: attributes.get_ifname().ok()?.to_string_lossy().into_owned(),
        mtu: attributes.get_mtu().ok()?,
        up: header.ifi_flags & IFF_UP != 0,
        kind: kind.map(|kind| kind.to_string_lossy().into_owned()),
    })
}

/// A single address has the length of its family.
fn address_header(index: u32, network: IpNet, scope: u8) -> addr::Ifaddrmsg {
    let mut header = addr::Ifaddrmsg::new();
    header.ifa_family = if network.addr().is_ipv4() { AF_INET } else { AF_INET6 };
    header.ifa_prefixlen = network.prefix_len();
    header.ifa_scope = scope;
    header.ifa_index = index;
    header
}

/// IFA_LOCAL is ours and IFA_ADDRESS the other end's; IPv6 leaves IFA_LOCAL out where there is
/// none.
fn read_address(
    header: &addr::Ifaddrmsg,
    attributes: &addr::IterableAddrAttrs<'_>,
) -> Option<Address> {
    let (local, peer) = (attributes.get_local().ok(), attributes.get_address().ok());
    Some(Address {
        index: header.ifa_index,
        local: local.or(peer)?,
        peer: peer.or(local)?,
        prefix_len: header.ifa_prefixlen,
    })
}

/// Every address of this machine. On `lo` a POP is reached whatever way packets come.
pub fn host_addresses() -> Result<Vec<HostAddress>, NetlinkError> {
    let route = Route::open()?;
    let loopback = loopback(&route)?;
    let mut found = Vec::new();
    for Address { index, local, peer, prefix_len } in route.addresses()? {
        let place = if index == loopback {
            AddressPlace::Loopback
        } else if local == peer {
            AddressPlace::Network
        } else {
            AddressPlace::PointToPoint
        };
        if let Ok(address) = IpNet::new(local, prefix_len) {
            found.push(HostAddress { address, place });
        }
    }
    Ok(found)
}

/// Adds an address to `lo`; one that is there already is no error. Needs CAP_NET_ADMIN.
pub fn add_loopback_address(address: IpNet) -> Result<(), NetlinkError> {
    let route = Route::open()?;
    match route.add_network(loopback(&route)?, address) {
        Err(error) if error.errno == Errno::EXIST => Ok(()),
        done => done,
    }
}

/// The families of which the kernel forwards no packet, `ipv4` and `ipv6`. They are read off `lo`,
/// where the kernel keeps what is set for all links: a service that sees no `/proc/sys` can.
pub fn families_not_forwarded() -> Result<Vec<&'static str>, NetlinkError> {
    let route = Route::open()?;
    let mut request = link::Request::new().op_getlink_do(&link::Ifinfomsg::new());
    request.encode().push_ifname_bytes(LO.as_bytes()).push_ext_mask(SKIP_STATS);
    let found = route.0.ask("see whether packets are forwarded", &request, |(_, attributes)| {
        let families = attributes.get_af_spec().ok()?;
        let ipv4 = families.get_inet().and_then(|inet| inet.get_conf());
        let ipv6 = families.get_inet6().and_then(|inet6| inet6.get_conf());
        let mut off = Vec::new();
        for (family, settings) in [("ipv4", ipv4), ("ipv6", ipv6)] {
            if settings.is_ok_and(|settings| first_setting(settings) == Some(0)) {
                off.push(family);
            }
        }
        Some(off)
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// Settings of a link are numbers one after the other, and forwarding is the first of both families
/// (IPV4_DEVCONF_FORWARDING in linux/ip.h, DEVCONF_FORWARDING in linux/ipv6.h).
fn first_setting(settings: &[u8]) -> Option<i32> {
    settings.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes))
}

fn loopback(route: &Route) -> Result<u32, NetlinkError> {
    let (what, errno) = (format!("find link {LO}"), Errno::NODEV);
    let missing = NetlinkError { what, errno, kernel_text: None };
    Ok(route.link(LO)?.ok_or(missing)?.index)
}
