//! The address blocks that have a special purpose, and those that are given out, as tables.
//!
//! From three IANA registries: IPv4 Special-Purpose Addresses and IPv6 Special-Purpose Addresses
//! (as of 2025-10-09; what they call not globally reachable), and IPv6 Global Unicast Address Space
//! (as of 2025-10-10; every block of IPv4 has been given out). Blocks of anycast services that
//! anybody may announce (AS112, RFC 7534 and 7535; AMT's 192.52.193.0/24, RFC 7450) are reachable
//! by the registry's word and stay allowed. A new /12 given to a regional registry, once in some
//! years, is a new row here; until then `allowed_networks` of the config lets it in.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block with a special purpose.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// The addresses.
    pub network: IpNet,
    /// The purpose.
    pub kind: Kind,
    /// The document that defines it.
    pub source: &'static str,
}

/// What a block is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A host that does not know its address yet.
    Unspecified,
    /// The host itself.
    Loopback,
    /// One link only.
    LinkLocal,
    /// One site only, given up long ago.
    SiteLocal,
    /// One site only.
    Private,
    /// dn42's own networks, and others' private ones.
    Dn42,
    /// Between a provider and its customers.
    Shared,
    /// Examples in documents.
    Documentation,
    /// Measuring equipment.
    Benchmarking,
    /// A group of hosts.
    Multicast,
    /// All hosts of a link.
    Broadcast,
    /// Never given out.
    Future,
    /// Special assignments of protocols; the few that are reachable are anycast services.
    Protocol,
    /// An IPv4 address in an IPv6 socket.
    Mapped,
    /// An IPv4 address in an IPv6 packet, given up long ago.
    Compatible,
    /// A translator of one network between IPv4 and IPv6.
    LocalTranslation,
    /// The anycast address of 6to4 relays, given up.
    SixToFourRelay,
    /// Teredo. It is refused as a whole: nobody runs public relays any more, and a client's address
    /// changes with each mapping of its NAT.
    Teredo,
    /// A hash that looks like an address and is never in a route.
    Orchid,
    /// Packets are dropped.
    Discard,
    /// Instructions for routers.
    SegmentRouting,
}

/// A way to write an IPv4 address inside an IPv6 address.
pub struct Carrier {
    /// The addresses that have one inside.
    pub network: Ipv6Net,
    /// Where it begins.
    pub first_byte: usize,
    /// Each byte is combined with this by exclusive or.
    pub mask: u8,
}

/// Bytes of a carried address.
pub const CARRIED_BYTES: usize = 4;

/// IPv4, narrower before wider.
pub const SPECIAL_V4: &[Block] = &[
    v4(Kind::Unspecified, [0, 0, 0, 0], 8, "RFC 791, section 3.2"),
    v4(Kind::Private, [10, 0, 0, 0], 8, "RFC 1918"),
    v4(Kind::Shared, [100, 64, 0, 0], 10, "RFC 6598"),
    v4(Kind::Loopback, [127, 0, 0, 0], 8, "RFC 1122, section 3.2.1.3"),
    v4(Kind::LinkLocal, [169, 254, 0, 0], 16, "RFC 3927"),
    v4(Kind::Dn42, [172, 20, 0, 0], 14, "RFC 1918"),
    v4(Kind::Private, [172, 16, 0, 0], 12, "RFC 1918"),
    v4(Kind::Protocol, [192, 0, 0, 0], 24, "RFC 6890, section 2.1"),
    v4(Kind::Documentation, [192, 0, 2, 0], 24, "RFC 5737"),
    v4(Kind::SixToFourRelay, [192, 88, 99, 0], 24, "RFC 7526"),
    v4(Kind::Private, [192, 168, 0, 0], 16, "RFC 1918"),
    v4(Kind::Benchmarking, [198, 18, 0, 0], 15, "RFC 2544"),
    v4(Kind::Documentation, [198, 51, 100, 0], 24, "RFC 5737"),
    v4(Kind::Documentation, [203, 0, 113, 0], 24, "RFC 5737"),
    v4(Kind::Multicast, [224, 0, 0, 0], 4, "RFC 5771"),
    v4(Kind::Broadcast, [255, 255, 255, 255], 32, "RFC 919, section 7"),
    v4(Kind::Future, [240, 0, 0, 0], 4, "RFC 1112, section 4"),
];

/// IPv6, narrower before wider. What lies outside of 2000::/3 would be refused as unallocated
/// anyhow; it is here so that the refusal can name it.
pub const SPECIAL_V6: &[Block] = &[
    v6(Kind::Unspecified, [0, 0, 0, 0, 0, 0, 0, 0], 128, "RFC 4291, section 2.5.2"),
    v6(Kind::Loopback, [0, 0, 0, 0, 0, 0, 0, 1], 128, "RFC 4291, section 2.5.3"),
    v6(Kind::Mapped, [0, 0, 0, 0, 0, 0xffff, 0, 0], 96, "RFC 4291, section 2.5.5.2"),
    v6(Kind::Compatible, [0, 0, 0, 0, 0, 0, 0, 0], 96, "RFC 4291, section 2.5.5.1"),
    v6(Kind::LocalTranslation, [0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "RFC 8215"),
    v6(Kind::Discard, [0x100, 0, 0, 0, 0, 0, 0, 0], 64, "RFC 6666"),
    v6(Kind::Discard, [0x100, 0, 0, 1, 0, 0, 0, 0], 64, "RFC 9780"),
    v6(Kind::Teredo, [0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "RFC 4380"),
    v6(Kind::Benchmarking, [0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "RFC 5180"),
    v6(Kind::Orchid, [0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28, "RFC 4843"),
    v6(Kind::Orchid, [0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28, "RFC 7343"),
    v6(Kind::Orchid, [0x2001, 0x30, 0, 0, 0, 0, 0, 0], 28, "RFC 9374"),
    v6(Kind::Protocol, [0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "RFC 2928"),
    v6(Kind::Documentation, [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "RFC 3849"),
    v6(Kind::Documentation, [0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "RFC 9637"),
    v6(Kind::SegmentRouting, [0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "RFC 9602"),
    v6(Kind::Dn42, [0xfd00, 0, 0, 0, 0, 0, 0, 0], 8, "RFC 4193"),
    v6(Kind::Private, [0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "RFC 4193"),
    v6(Kind::LinkLocal, [0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "RFC 4291, section 2.5.6"),
    v6(Kind::SiteLocal, [0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "RFC 3879"),
    v6(Kind::Multicast, [0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "RFC 4291, section 2.7"),
];

/// Blocks of 2000::/3 that IANA has given to a regional registry, and the two that stand for IPv4
/// as a whole (6to4, RFC 3056; the well-known prefix of NAT64, RFC 6052, section 2.1).
const ALLOCATED_V6: &[Ipv6Net] = &[
    net6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96),
    block6(0x2001, 0x0200, 23),
    block6(0x2001, 0x0400, 23),
    block6(0x2001, 0x0600, 23),
    block6(0x2001, 0x0800, 22),
    block6(0x2001, 0x0c00, 23),
    block6(0x2001, 0x0e00, 23),
    block6(0x2001, 0x1200, 23),
    block6(0x2001, 0x1400, 22),
    block6(0x2001, 0x1800, 23),
    block6(0x2001, 0x1a00, 23),
    block6(0x2001, 0x1c00, 22),
    block6(0x2001, 0x2000, 19),
    block6(0x2001, 0x4000, 23),
    block6(0x2001, 0x4200, 23),
    block6(0x2001, 0x4400, 23),
    block6(0x2001, 0x4600, 23),
    block6(0x2001, 0x4800, 23),
    block6(0x2001, 0x4a00, 23),
    block6(0x2001, 0x4c00, 23),
    block6(0x2001, 0x5000, 20),
    block6(0x2001, 0x8000, 19),
    block6(0x2001, 0xa000, 20),
    block6(0x2001, 0xb000, 20),
    block6(0x2002, 0, 16),
    block6(0x2003, 0, 18),
    block6(0x2400, 0, 12),
    block6(0x2410, 0, 12),
    block6(0x2600, 0, 12),
    block6(0x2610, 0, 23),
    block6(0x2620, 0, 23),
    block6(0x2630, 0, 12),
    block6(0x2800, 0, 12),
    block6(0x2a00, 0, 12),
    block6(0x2a10, 0, 12),
    block6(0x2c00, 0, 12),
];

/// All ways to write an IPv4 address inside an IPv6 address. Teredo, mapped and compatible
/// addresses are refused for themselves; they are here for the addresses of this host, which are
/// refused even where an operator allows the carrier.
pub const CARRIERS: &[Carrier] = &[
    Carrier { network: net6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), first_byte: 12, mask: 0 },
    Carrier { network: net6([0, 0, 0, 0, 0, 0, 0, 0], 96), first_byte: 12, mask: 0 },
    Carrier { network: net6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), first_byte: 12, mask: 0 },
    Carrier { network: block6(0x2002, 0, 16), first_byte: 2, mask: 0 },
    // RFC 4380, section 4: the server as it is, the client with every bit inverted.
    Carrier { network: block6(0x2001, 0, 32), first_byte: 4, mask: 0 },
    Carrier { network: block6(0x2001, 0, 32), first_byte: 12, mask: 0xff },
];

/// Whether the address is in a block that has been given out. All of IPv4 has.
pub fn is_allocated(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(v6) => ALLOCATED_V6.iter().any(|block| is_inside(v6, block)),
    }
}

/// Does an address begin as the network does? What `ipnet` answers too, which works out both ends
/// of the network for it: forty times as long, and every endpoint is held against sixty networks.
pub fn lies_in(address: IpAddr, network: &IpNet) -> bool {
    match (address, network) {
        (IpAddr::V4(it), IpNet::V4(net)) => {
            let difference = it.to_bits() ^ net.addr().to_bits();
            difference.leading_zeros() >= u32::from(net.prefix_len())
        }
        (IpAddr::V6(it), IpNet::V6(net)) => is_inside(it, net),
        _ => false,
    }
}

/// The same of IPv6 alone.
pub fn is_inside(address: Ipv6Addr, network: &Ipv6Net) -> bool {
    let difference = address.to_bits() ^ network.addr().to_bits();
    difference.leading_zeros() >= u32::from(network.prefix_len())
}

/// Evaluated when the program is compiled, where a wrong prefix length is an error.
const fn v4(kind: Kind, octets: [u8; 4], length: u8, source: &'static str) -> Block {
    let [a, b, c, d] = octets;
    let network = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length));
    Block { network, kind, source }
}

const fn v6(kind: Kind, segments: [u16; 8], length: u8, source: &'static str) -> Block {
    Block { network: IpNet::V6(net6(segments, length)), kind, source }
}

const fn block6(first: u16, second: u16, length: u8) -> Ipv6Net {
    net6([first, second, 0, 0, 0, 0, 0, 0], length)
}

const fn net6(segments: [u16; 8], length: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), length)
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Kind::Unspecified => "no address of any host",
            Kind::Loopback => "a loopback address",
            Kind::LinkLocal => "a link-local address",
            Kind::SiteLocal => "a site-local address",
            Kind::Private => "a private address",
            Kind::Dn42 => "a dn42-internal or private address",
            Kind::Shared => "an address behind a provider's NAT",
            Kind::Documentation => "an address for documentation",
            Kind::Benchmarking => "an address for benchmarking",
            Kind::Multicast => "a multicast address",
            Kind::Broadcast => "the broadcast address",
            Kind::Future => "a reserved address",
            Kind::Protocol => "an address for protocol assignments",
            Kind::Mapped => "an IPv4-mapped address",
            Kind::Compatible => "an IPv4-compatible address",
            Kind::LocalTranslation => "an address of a network's own NAT64",
            Kind::SixToFourRelay => "the anycast address of 6to4 relays",
            Kind::Teredo => "a Teredo address",
            Kind::Orchid => "an identifier that is never routed",
            Kind::Discard => "an address whose packets are discarded",
            Kind::SegmentRouting => "a segment routing identifier",
        })
    }
}
