//! The least that a program can do to make links: requests over one socket for each protocol, one
//! after the other, and no look at anything. What peerling takes beyond that is its own.

use crate::lab::wanted;
use netlink_bindings::nlctrl;
use netlink_bindings::rt_addr::{self, Ifaddrmsg};
use netlink_bindings::rt_link::{self, Ifinfomsg};
use netlink_bindings::traits::{NetlinkRequest, Protocol};
use netlink_bindings::wireguard;
use netlink_sys::protocols::{NETLINK_GENERIC, NETLINK_ROUTE};
use netlink_sys::{Socket, SocketAddr};
use peerling::plan::wireguard::{KEEPALIVE_S, LinkWanted, allowed_ips};
use std::process::ExitCode;
use std::time::Instant;

/// Request, acknowledgement wanted (linux/netlink.h).
const FLAGS: u16 = 1 | 4;
/// The family that tells the numbers of others.
const GENL_ID_CTRL: u16 = 0x10;
const AF_INET6: u8 = 10;
const IFF_UP: u32 = 1;
const NODAD: u32 = 2;

/// One socket and the generic family that it speaks to.
struct Line(Socket, u16);

impl Line {
    fn open(protocol: isize) -> Line {
        let mut socket = Socket::new(protocol).unwrap();
        socket.bind_auto().unwrap();
        Line(socket, GENL_ID_CTRL)
    }

    /// Sends a request; the first datagram of the answer. Of one that changes something this is the
    /// acknowledgement, and must be zero.
    fn ask(&self, request: &impl NetlinkRequest) -> Vec<u8> {
        let kind = match request.protocol() {
            Protocol::Raw { request_type, .. } => request_type,
            Protocol::Generic(_) => self.1,
        };
        let payload = request.payload();
        let mut bytes = u32::try_from(16 + payload.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((FLAGS | request.flags()).to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(payload);
        self.0.send_to(&bytes, &SocketAddr::new(0, 0), 0).unwrap();
        let mut answer = Vec::with_capacity(1 << 15);
        self.0.recv_from(&mut answer, 0).unwrap();
        answer
    }

    fn perform(&self, request: &impl NetlinkRequest) {
        let answer = self.ask(request);
        assert_eq!((&answer[4..6], &answer[16..20]), (&[2, 0][..], &[0; 4][..]), "refused");
    }

    /// Asks, and takes what follows the header; the acknowledgement comes after it.
    fn look<R: NetlinkRequest, T>(&self, request: &R, read: fn(R::ReplyType<'_>) -> T) -> T {
        let answer = self.ask(request);
        let length = u32::from_ne_bytes(answer[..4].try_into().unwrap()) as usize;
        if answer.len() == length {
            self.0.recv_from(&mut Vec::with_capacity(1 << 10), 0).unwrap();
        }
        read(R::decode_reply(&answer[16..length]))
    }
}

/// Makes so many links, and tells how long it took.
pub fn run(links: u16) -> ExitCode {
    let wanted: Vec<LinkWanted> =
        (1..=links).map(|it| LinkWanted { endpoint: None, ..wanted(it) }).collect();
    let begin = Instant::now();
    let (route, mut wire) = (Line::open(NETLINK_ROUTE), Line::open(NETLINK_GENERIC));
    let mut family = nlctrl::Request::new().op_getfamily_do();
    family.encode().push_family_name_bytes(b"wireguard");
    wire.1 = wire.look(&family, |it| it.get_family_id().unwrap());
    for wanted in &wanted {
        make(&route, &wire, wanted);
    }
    println!("bare {}", begin.elapsed().as_millis());
    ExitCode::SUCCESS
}

fn make(route: &Line, wire: &Line, wanted: &LinkWanted) {
    let name = wanted.name.as_str().as_bytes();
    let create = rt_link::Request::new().set_create().set_excl();
    let mut create = create.op_newlink_do(&Ifinfomsg::new());
    let attributes = create.encode().push_ifname_bytes(name);
    attributes.nested_linkinfo().push_kind_bytes(b"wireguard").end_nested();
    route.perform(&create);
    let mut find = rt_link::Request::new().op_getlink_do(&Ifinfomsg::new());
    find.encode().push_ifname_bytes(name);
    let index = route.look(&find, |(header, _)| header.ifi_index);
    set(wire, u32::try_from(index).unwrap(), wanted);
    let mut header = Ifinfomsg::new();
    header.ifi_index = index;
    (header.ifi_flags, header.ifi_change) = (IFF_UP, IFF_UP);
    route.perform(&rt_link::Request::new().op_setlink_do(&header));
    let mut header = Ifaddrmsg::new();
    (header.ifa_family, header.ifa_prefixlen) = (AF_INET6, 128);
    header.ifa_index = u32::try_from(index).unwrap();
    let mut add = rt_addr::Request::new().set_create().set_excl().op_newaddr_do(&header);
    let attributes = add.encode().push_local(wanted.local.get().into());
    attributes.push_address(wanted.remote.get().into()).push_flags(NODAD);
    route.perform(&add);
}

fn set(wire: &Line, index: u32, wanted: &LinkWanted) {
    let mut request = wireguard::Request::new().op_set_device_do();
    let device = request.encode().push_ifindex(index);
    let device = device.push_private_key(wanted.private_key.bytes());
    let peers = device.push_listen_port(wanted.listen_port.get()).array_peers();
    let peer = peers.entry_nested().push_public_key(wanted.peer_key.bytes());
    let peer = peer.push_persistent_keepalive_interval(KEEPALIVE_S);
    let list = allowed_ips().iter().fold(peer.array_allowedips(), |list, prefix| {
        let family = if prefix.addr().is_ipv4() { 2 } else { 10 };
        let entry = list.entry_nested().push_family(family).push_ipaddr(prefix.addr());
        entry.push_cidr_mask(prefix.prefix_len()).end_nested()
    });
    list.end_array().end_nested().end_array();
    wire.perform(&request);
}
