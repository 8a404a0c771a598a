//! Which addresses may be a WireGuard endpoint.
//!
//! A tunnel runs over the public internet: its endpoint is one host that can be reached from
//! everywhere. Whoever could name another address would make this POP send packets into its own
//! networks, to itself, or to a whole group of hosts. So the rule is a list of what is given out to
//! be used (`blocks`), less what has a special purpose, and it holds for an IPv4 address inside an
//! IPv6 one as well.

pub mod blocks;

use crate::model::Families;
use blocks::{
    Block, CARRIED_BYTES, CARRIERS, Carrier, Kind, SPECIAL_V4, SPECIAL_V6, is_allocated, is_inside,
    lies_in,
};
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What this POP's operator adds to the rules that hold everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Families that an endpoint may have.
    pub families: Families,
    /// Networks that are never an endpoint: the operator's own.
    pub reserved: Vec<IpNet>,
    /// Networks that are an endpoint although they are reserved or private: for labs and internal
    /// peerings. They win over everything but the family and `own`.
    pub allowed: Vec<IpNet>,
    /// The addresses of this host. They are refused always: a tunnel to oneself is a loop.
    pub own: Vec<IpAddr>,
}

/// An address that is no endpoint, and why. Its text says what is wrong and how to mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// The address as given.
    pub address: IpAddr,
    /// The IPv4 address inside it, if that one is the reason.
    pub carried: Option<Ipv4Addr>,
    pub because: Class,
}

/// Why an address is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The POP has no address of this family; these are the ones it has.
    Family(Families),
    /// An address of this host.
    Own,
    /// Inside a network that the operator reserves.
    Reserved(IpNet),
    /// Inside a block with a special purpose.
    Special(&'static Block),
    /// Not in any block that IANA has given to a regional registry.
    Unallocated,
}

/// Says whether `address` may be an endpoint under `policy`. To be asked again each time that a
/// host name is resolved: its owner can point it elsewhere at any time.
pub fn verdict(address: IpAddr, policy: &Policy) -> Result<(), Forbidden> {
    let refuse = |carried, because| Err(Forbidden { address, carried, because });
    if !policy.families.contain(address) {
        return refuse(None, Class::Family(policy.families));
    }
    if policy.own.contains(&address) {
        return refuse(None, Class::Own);
    }
    let inside = carried(address);
    if let Some(own) = inside.iter().find(|inner| policy.own.contains(&IpAddr::V4(**inner))) {
        return refuse(Some(*own), Class::Own);
    }
    if policy.allowed.iter().any(|network| lies_in(address, network)) {
        return Ok(());
    }
    policy.judge(address).or_else(|because| refuse(None, because))?;
    for v4 in inside {
        policy.judge(IpAddr::V4(v4)).or_else(|because| refuse(Some(v4), because))?;
    }
    Ok(())
}

impl Families {
    fn contain(self, address: IpAddr) -> bool {
        match self {
            Families::V4 => address.is_ipv4(),
            Families::V6 => address.is_ipv6(),
            Families::Both => true,
        }
    }
}

impl Policy {
    fn judge(&self, address: IpAddr) -> Result<(), Class> {
        if self.allowed.iter().any(|network| lies_in(address, network)) {
            return Ok(());
        }
        if let Some(network) = self.reserved.iter().find(|network| lies_in(address, network)) {
            return Err(Class::Reserved(*network));
        }
        match special(address) {
            Some(block) => Err(Class::Special(block)),
            None if !is_allocated(address) => Err(Class::Unallocated),
            None => Ok(()),
        }
    }
}

/// The first matching row: the tables have the narrower block above the wider one.
fn special(address: IpAddr) -> Option<&'static Block> {
    let rows = if address.is_ipv4() { SPECIAL_V4 } else { SPECIAL_V6 };
    rows.iter().find(|block| lies_in(address, &block.network))
}

/// The IPv4 addresses that an IPv6 address stands for, where packets to it could end up there.
fn carried(address: IpAddr) -> Vec<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return Vec::new() };
    let fits = CARRIERS.iter().filter(|carrier| is_inside(v6, &carrier.network));
    fits.map(|carrier| unwrap_v4(v6, carrier)).collect()
}

fn unwrap_v4(v6: Ipv6Addr, carrier: &Carrier) -> Ipv4Addr {
    let mut octets = [0; CARRIED_BYTES];
    let inside = v6.octets().into_iter().skip(carrier.first_byte);
    for (to, from) in octets.iter_mut().zip(inside) {
        *to = from ^ carrier.mask;
    }
    Ipv4Addr::from(octets)
}

impl fmt::Display for Forbidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.carried {
            Some(v4) => write!(out, "{} stands for {v4}, which ", self.address)?,
            None => write!(out, "{} ", self.address)?,
        }
        self.because.fmt(out)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Class::Family(Families::V4) => {
                out.write_str("is an IPv6 address: this POP has IPv4 only, give an IPv4 address")
            }
            Class::Family(_) => {
                out.write_str("is an IPv4 address: this POP has IPv6 only, give an IPv6 address")
            }
            Class::Own => out
                .write_str("is an address of this POP itself: give the address of your own router"),
            Class::Reserved(network) => write!(
                out,
                "lies in {network}, which belongs to this POP's network: \
                 give the address of your own router"
            ),
            Class::Special(block) => block.fmt(out),
            Class::Unallocated => out
                .write_str("lies in no block that IANA has given out: look whether it is misspelt"),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "is {} ({}, {}): ", self.kind, self.network, self.source)?;
        out.write_str(match self.kind {
            Kind::Mapped => "write the IPv4 address itself",
            Kind::Documentation => {
                "it is only good for examples, give the address of your own router"
            }
            _ => "the tunnel runs over the public internet, give the address your router has there",
        })
    }
}

impl std::error::Error for Forbidden {}

// One of a name's addresses.

/// The address in use if it is still among these, else the first that policy allows; if it allows
/// none, why not the first. `None`: there are no addresses.
pub fn choose(
    addresses: &[IpAddr],
    policy: &Policy,
    used: Option<IpAddr>,
) -> Option<Result<IpAddr, Forbidden>> {
    let mut allowed = None;
    for address in addresses {
        if verdict(*address, policy).is_err() {
            continue;
        }
        if Some(*address) == used {
            return Some(Ok(*address));
        }
        allowed = allowed.or(Some(*address));
    }
    match (allowed, addresses.first()) {
        (Some(address), _) => Some(Ok(address)),
        (None, Some(first)) => Some(verdict(*first, policy).map(|()| *first)),
        (None, None) => None,
    }
}

// An address field takes the address alone, yet people paste `host:port` and `[v6]:port` into it.

/// Takes host and port apart where the text is plainly both: `host:port`, `v4:port`, `[v6]:port`,
/// and `v6:port` if the whole is no IPv6 address (`2001:db8::1:51820`, as wg(8) shows it without
/// brackets). `[v6]` gives an empty port. `None` for all else, and for what could be read either
/// way: such a text stays whole, and its own parser judges it. Neither part is proven by this; the
/// port is digits.
pub fn split_port(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let port = if after.is_empty() { after } else { digits(after.strip_prefix(':')?)? };
        return is_v6_like(host).then_some((host, port));
    }
    if text.parse::<IpAddr>().is_ok() {
        return None;
    }
    let (host, port) = text.rsplit_once(':')?;
    let port = digits(port)?;
    let plain = !host.is_empty() && !host.contains([':', '[', ']']);
    (plain || host.parse::<Ipv6Addr>().is_ok()).then_some((host, port))
}

fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// With a zone or prefix length too: those are refused later, with a hint of their own.
fn is_v6_like(host: &str) -> bool {
    let address = host.split(['%', '/']).next().unwrap_or(host);
    address.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests;
