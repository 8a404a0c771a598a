//! The networks of this POP's AS number, and its own addresses in them. They stand on `lo`: this
//! machine's programs call from them, and BIRD names them as the source of the routes that it hands
//! to the kernel, which refuses every route whose source it does not have.

use crate::config::Config;
use crate::mesh;
use crate::model::Asn;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the operator says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSettings {
    /// `pop.addresses`; `None`: they follow from the networks.
    pub addresses: Option<Vec<IpAddr>>,
    /// `mesh.networks`; empty: the registry knows them.
    pub networks: Vec<IpNet>,
}

/// An address of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostAddress {
    /// The address, with the length of its network.
    pub address: IpNet,
    /// Which link has it.
    pub place: AddressPlace,
}

/// Where an address of this machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPlace {
    /// On `lo`.
    Loopback,
    /// On another link, of a network such as that of a dummy interface.
    Network,
    /// On a link with one other end; it goes with the link.
    PointToPoint,
}

impl AddressSettings {
    /// What the configuration says.
    pub fn of(config: &Config) -> AddressSettings {
        AddressSettings {
            addresses: config.pop.addresses.clone(),
            networks: config.mesh.networks.clone(),
        }
    }

    /// Are they worked out of what the registry says? A mesh has its own.
    pub fn need_registry(&self, me: Option<&mesh::Pop>) -> bool {
        me.is_none() && self.addresses.is_none() && self.networks.is_empty()
    }

    /// The networks of this AS number, none within another. `tables`: the texts of route origins.
    pub fn own_networks<'a>(
        &self,
        asn: Asn,
        tables: impl IntoIterator<Item = &'a str>,
    ) -> Vec<IpNet> {
        if !self.networks.is_empty() {
            return outermost(&self.networks);
        }
        let mut networks = Vec::new();
        for lines in tables {
            networks.extend(announced(lines, asn));
        }
        outermost(&networks)
    }

    /// The addresses that this POP has, the most important of each family first: its gateways in
    /// the mesh, and those that the operator named; where neither is, one of each own network.
    pub fn own_addresses(
        &self,
        me: Option<&mesh::Pop>,
        networks: &[IpNet],
        present: &[HostAddress],
    ) -> Vec<IpNet> {
        let mut addresses = me.map(mesh::Pop::loopback).unwrap_or_default();
        match (&self.addresses, me) {
            (Some(named), _) => {
                for address in named.iter().copied() {
                    if addresses.iter().all(|other| other.addr() != address) {
                        addresses.push(address.into());
                    }
                }
            }
            (None, Some(_)) => {}
            (None, None) => {
                for network in networks {
                    addresses.push(chosen(network, present).into());
                }
            }
        }
        addresses
    }
}

impl HostAddress {
    /// Is `wanted` there by this one? A gateway of the mesh has to stand on `lo`, where BIRD finds
    /// its network; a single address does as well on any link that stays.
    pub fn serves_as(&self, wanted: &IpNet) -> bool {
        let is_single = wanted.prefix_len() == wanted.max_prefix_len();
        let stays = match self.place {
            AddressPlace::Loopback => true,
            AddressPlace::Network => is_single,
            AddressPlace::PointToPoint => false,
        };
        stays && self.address.addr() == wanted.addr()
    }
}

/// The address of a network that this machine has already, wherever it stands: the first one, or
/// else the lowest; where it has none, the first.
fn chosen(network: &IpNet, present: &[HostAddress]) -> IpAddr {
    let first = first_address(network);
    let mut lowest: Option<IpAddr> = None;
    for host in present.iter().filter(|host| host.place != AddressPlace::PointToPoint) {
        let address = host.address.addr();
        if address == first {
            return first;
        }
        if network.contains(&address) && lowest.is_none_or(|lowest| address < lowest) {
            lowest = Some(address);
        }
    }
    lowest.unwrap_or(first)
}

fn first_address(network: &IpNet) -> IpAddr {
    match network {
        IpNet::V4(network) => first_ipv4(network).into(),
        IpNet::V6(network) => first_ipv6(network).into(),
    }
}

fn first_ipv4(network: &Ipv4Net) -> Ipv4Addr {
    network.hosts().next().unwrap_or(network.network())
}

fn first_ipv6(network: &Ipv6Net) -> Ipv6Addr {
    let first = Ipv6Addr::from_bits(network.network().to_bits() | 1);
    if network.contains(&first) { first } else { network.network() }
}

/// The networks that `lines` of a table of route origins give to this AS.
fn announced(lines: &str, asn: Asn) -> Vec<IpNet> {
    let ours = format!(" as {};", asn.get());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::inventory;

    const TABLES: [&str; 2] = [
        "# x\nroute 172.20.0.0/27 max 29 as 4242420263;\n\
         route 172.20.0.0/29 max 29 as 4242420263;\n\
         route 172.20.1.0/24 max 29 as 424242026;\nroute 172.20.2.0/24 max 29 as 14242420263;\n\
         route 172.23.9.9/32 max 32 as 4242420263;\n",
        "route fd42:263::/48 max 64 as 4242420263;\nroute fd42:1::/48 max 64 as 0;\n",
    ];

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn host(address: &str, place: AddressPlace) -> HostAddress {
        HostAddress { address: address.parse().unwrap(), place }
    }

    fn named(addresses: &[&str]) -> AddressSettings {
        let addresses = addresses.iter().map(|it| it.parse().unwrap()).collect();
        AddressSettings { addresses: Some(addresses), networks: Vec::new() }
    }

    #[test]
    fn own_networks_are_the_registrys_unless_the_operator_names_them() {
        let asn = Asn::new(4_242_420_263).unwrap();
        let mut settings = AddressSettings::default();
        let own = nets(&["172.20.0.0/27", "172.23.9.9/32", "fd42:263::/48"]);
        assert_eq!(settings.own_networks(asn, TABLES), own);
        settings.networks = nets(&["fd42:9::/48", "fd42:9:0:1::/64"]);
        assert_eq!(settings.own_networks(asn, TABLES), nets(&["fd42:9::/48"]));
        assert!(!settings.need_registry(None));
    }

    #[test]
    fn without_a_mesh_each_own_network_gives_its_first_address() {
        let settings = AddressSettings::default();
        let networks = nets(&["172.20.0.0/27", "172.23.9.9/32", "fd42:263::/48", "fd42::7/128"]);
        let first = nets(&["172.20.0.1/32", "172.23.9.9/32", "fd42:263::1/128", "fd42::7/128"]);
        assert!(settings.need_registry(None));
        assert_eq!(settings.own_addresses(None, &networks, &[]), first);
    }

    #[test]
    fn an_address_that_the_machine_has_in_the_network_is_its_address() {
        let settings = AddressSettings::default();
        let networks = nets(&["172.20.0.0/27", "fd42:263::/48"]);
        let mut present = vec![
            host("172.20.0.9/32", AddressPlace::Loopback),
            host("172.20.0.5/27", AddressPlace::Network),
            host("fd42:263::9/128", AddressPlace::PointToPoint),
            host("192.0.2.1/24", AddressPlace::Network),
        ];
        let own = nets(&["172.20.0.5/32", "fd42:263::1/128"]);
        assert_eq!(settings.own_addresses(None, &networks, &present), own);
        present.push(host("172.20.0.1/32", AddressPlace::Network));
        let own = nets(&["172.20.0.1/32", "fd42:263::1/128"]);
        assert_eq!(settings.own_addresses(None, &networks, &present), own);
    }

    #[test]
    fn named_addresses_are_all_there_are_and_join_those_of_a_mesh() {
        let networks = nets(&["172.20.0.0/27"]);
        let settings = named(&["172.22.144.161", "172.20.0.53"]);
        let own = nets(&["172.22.144.161/32", "172.20.0.53/32"]);
        assert_eq!(settings.own_addresses(None, &networks, &[]), own);
        assert!(named(&[]).own_addresses(None, &networks, &[]).is_empty());
        let inventory = inventory();
        let of = |settings: &AddressSettings| settings.own_addresses(inventory.me(), &[], &[]);
        let gateways = nets(&["fd28:7515:7d51:a::1/64", "172.22.144.161/29"]);
        assert_eq!(of(&AddressSettings::default()), gateways);
        assert!(!AddressSettings::default().need_registry(inventory.me()));
        assert_eq!(of(&settings), [gateways, nets(&["172.20.0.53/32"])].concat());
    }

    #[test]
    fn a_single_address_does_on_any_link_that_stays_and_a_gateway_on_lo_alone() {
        let places = [AddressPlace::Loopback, AddressPlace::Network, AddressPlace::PointToPoint];
        for (wanted, expected) in
            [("172.20.0.1/32", [true, true, false]), ("172.20.0.1/29", [true, false, false])]
        {
            let wanted = wanted.parse().unwrap();
            let found = places.map(|place| host("172.20.0.1/27", place).serves_as(&wanted));
            assert_eq!(found, expected, "{wanted}");
            assert!(!host("172.20.0.2/32", AddressPlace::Loopback).serves_as(&wanted));
        }
    }
}
