//! What the files say of this POP: addresses and networks, from the mesh or from the registry.

use crate::mesh::{Inventory, Pop};
use crate::model::Asn;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Who this POP is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) asn: Asn,
    /// Our networks as they are announced, none within another.
    pub(super) ipv4_networks: Vec<Ipv4Net>,
    pub(super) ipv6_networks: Vec<Ipv6Net>,
    /// Our addresses in them, which stand on `lo`.
    pub(super) ipv4: Option<Ipv4Addr>,
    pub(super) ipv6: Option<Ipv6Addr>,
}

impl Own {
    /// This POP in its network. Without a mesh it is the only one, and takes the first address of
    /// the first network of each family.
    pub(super) fn new(asn: Asn, networks: &[IpNet], inventory: Option<&Inventory>) -> Own {
        let networks = outermost(networks);
        let (mut ipv4_networks, mut ipv6_networks) = (Vec::new(), Vec::new());
        for network in networks {
            match network {
                IpNet::V4(network) => ipv4_networks.push(network),
                IpNet::V6(network) => ipv6_networks.push(network),
            }
        }
        let me = inventory.and_then(Inventory::me);
        let ipv4 = ipv4_networks.first().map(first_ipv4);
        let ipv6 = ipv6_networks.first().map(first_ipv6);
        Own {
            asn,
            ipv4_networks,
            ipv6_networks,
            ipv4: me.map_or(ipv4, Pop::gateway_ipv4),
            ipv6: me.map_or(ipv6, |pop| Some(pop.gateway_ipv6())),
        }
    }

    /// What tells this router from all others: its IPv4 address, or else the AS number in that
    /// form, which is right while there is only one POP.
    pub(super) fn router_id(&self) -> Ipv4Addr {
        self.ipv4.unwrap_or(Ipv4Addr::from_bits(self.asn.get()))
    }
}

/// The networks that `lines` of a table of route origins give to this AS.
pub(super) fn announced(lines: &str, asn: Asn) -> Vec<IpNet> {
    let ours = format!("as {};", asn.get());
    lines.lines().filter(|line| line.ends_with(&ours)).filter_map(routed).collect()
}

/// The network of a line `route NETWORK …`.
fn routed(line: &str) -> Option<IpNet> {
    line.strip_prefix("route ")?.split(' ').next()?.parse().ok()
}

/// The networks that lie in no other, each once, in order.
fn outermost(networks: &[IpNet]) -> Vec<IpNet> {
    let mut all: Vec<IpNet> = networks.iter().map(IpNet::trunc).collect();
    all.sort_unstable();
    all.dedup();
    let mut outermost = Vec::new();
    for network in &all {
        if !all.iter().any(|other| other != network && other.contains(network)) {
            outermost.push(*network);
        }
    }
    outermost
}

fn first_ipv4(network: &Ipv4Net) -> Ipv4Addr {
    network.hosts().next().unwrap_or(network.network())
}

fn first_ipv6(network: &Ipv6Net) -> Ipv6Addr {
    let first = Ipv6Addr::from_bits(network.network().to_bits() | 1);
    if network.contains(&first) { first } else { network.network() }
}
