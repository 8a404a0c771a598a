//! Verbs for links: list, find, create, delete, set.

use super::{NetlinkError, Route};
use netlink_bindings::rt_link::{Ifinfomsg, IterableLinkAttrs, Request};
use rustix::io::Errno;

/// The link is set up (IFF_UP in linux/if.h).
const IFF_UP: u32 = 1;
/// Statistics are left out of a list (RTEXT_FILTER_SKIP_STATS): half of its bytes.
const SKIP_STATS: u32 = 1 << 3;
/// The kernel gives the link no address of its own (IN6_ADDR_GEN_MODE_NONE in linux/if_link.h).
const ADDR_GEN_MODE_NONE: u8 = 1;

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its index, unique while it lives.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// The largest packet in bytes.
    pub mtu: u32,
    /// Is it set up?
    pub up: bool,
    /// What it is: `wireguard`, `tun`, `veth`; `None` for hardware and the loopback.
    pub kind: Option<String>,
}

impl Route {
    /// Every link of this network namespace.
    pub fn links(&self) -> Result<Vec<Link>, NetlinkError> {
        let mut request = Request::new().op_getlink_dump(&Ifinfomsg::new());
        request.encode().push_ext_mask(SKIP_STATS);
        self.0.ask("list links", &request, |(header, attributes)| link(&header, &attributes))
    }

    /// The link of this name, if there is one.
    pub fn link(&self, name: &str) -> Result<Option<Link>, NetlinkError> {
        let mut request = Request::new().op_getlink_do(&Ifinfomsg::new());
        request.encode().push_ifname_bytes(name.as_bytes()).push_ext_mask(SKIP_STATS);
        let what = format!("find link {name}");
        let found = self.0.ask(&what, &request, |(header, attributes)| link(&header, &attributes));
        match found {
            Err(error) if error.errno == Errno::NODEV => Ok(None),
            found => found.map(|links| links.into_iter().next()),
        }
    }

    /// Creates a link of the kernel's WireGuard, whose largest packet has `mtu` bytes, or as many
    /// as the kernel likes; EEXIST if the name is taken, EOPNOTSUPP if the kernel has none.
    pub fn create_wireguard(&self, name: &str, mtu: Option<u32>) -> Result<(), NetlinkError> {
        let request = Request::new().set_create().set_excl();
        let mut request = request.op_newlink_do(&Ifinfomsg::new());
        let mut attributes = request.encode().push_ifname_bytes(name.as_bytes());
        if let Some(mtu) = mtu {
            attributes = attributes.push_mtu(mtu);
        }
        attributes.nested_linkinfo().push_kind_bytes(b"wireguard").end_nested();
        self.0.perform(&format!("create link {name}"), &request)
    }

    /// Deletes a link, and all its addresses and routes with it.
    pub fn delete_link(&self, index: u32) -> Result<(), NetlinkError> {
        let request = Request::new().op_dellink_do(&header(index));
        self.0.perform(&format!("delete link {index}"), &request)
    }

    /// Sets the largest packet, in bytes.
    pub fn set_mtu(&self, index: u32, mtu: u32) -> Result<(), NetlinkError> {
        let mut request = Request::new().op_setlink_do(&header(index));
        request.encode().push_mtu(mtu);
        self.0.perform(&format!("set MTU {mtu} on link {index}"), &request)
    }

    /// Sets the link up. A WireGuard link opens its UDP port now: EADDRINUSE if it is taken.
    pub fn set_up(&self, index: u32) -> Result<(), NetlinkError> {
        let mut header = header(index);
        header.ifi_flags = IFF_UP;
        header.ifi_change = IFF_UP;
        let request = Request::new().op_setlink_do(&header);
        self.0.perform(&format!("set link {index} up"), &request)
    }

    /// Keeps the kernel from inventing a link-local address when the link goes up. It must be a
    /// request of its own before [`Route::set_up`]: within one request the kernel sets the link up
    /// first.
    pub fn set_addrgenmode_none(&self, index: u32) -> Result<(), NetlinkError> {
        let mut request = Request::new().op_setlink_do(&header(index));
        let attributes = request.encode().nested_af_spec().nested_inet6();
        attributes.push_addr_gen_mode(ADDR_GEN_MODE_NONE).end_nested().end_nested();
        self.0.perform(&format!("set addrgenmode none on link {index}"), &request)
    }
}

fn header(index: u32) -> Ifinfomsg {
    let mut header = Ifinfomsg::new();
    header.ifi_index = i32::try_from(index).unwrap_or_default();
    header
}

fn link(header: &Ifinfomsg, attributes: &IterableLinkAttrs<'_>) -> Option<Link> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let kind = attributes.get_linkinfo().ok().and_then(|info| info.get_kind().ok());
    Some(Link {
        index: u32::try_from(header.ifi_index).ok()?,
        name: text(attributes.get_ifname().ok()?.to_bytes()),
        mtu: attributes.get_mtu().ok()?,
        up: header.ifi_flags & IFF_UP != 0,
        kind: kind.map(|kind| text(kind.to_bytes())),
    })
}
