//! The POPs of one's own network and the links between them. Pure.
//!
//! One inventory, the same on every POP, says everything: each POP is linked to every other one by
//! a WireGuard tunnel of its own, with addresses and ports that follow from the ids of both ends,
//! as the network that this program comes from has them. On these links Babel finds the ways, and
//! iBGP tells the routes.

pub mod files;
pub mod show;

use crate::model::{Endpoint, Host, IfName, LinkLocal, PopId, PopName, Port, WgKey};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All POPs, and which of them this one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// This POP's name; it is one of [`Inventory::pops`].
    pub own: PopName,
    /// The network's own prefixes, in which those of the POPs lie.
    pub networks: Vec<IpNet>,
    /// Every POP, this one too, in the order of the configuration.
    pub pops: Vec<Pop>,
    /// What is different on single links.
    pub exceptions: Vec<Exception>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pop {
    /// Its short name.
    pub name: PopName,
    pub id: PopId,
    /// Its public host name or address, where the others reach it.
    pub host: Host,
    /// Its WireGuard public key.
    pub key: WgKey,
    /// Its IPv6 network; the first address is its gateway, which the others' iBGP talks to.
    pub ipv6: Ipv6Net,
    /// Its IPv4 network; the first address is on it too.
    pub ipv4: Option<Ipv4Net>,
    /// Is it in use?
    pub switch: Switch,
}

/// Is a link wanted? What is off is taken down, because somebody asked for it by this word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Switch {
    #[default]
    On,
    Off,
}

/// What is different on the link between two POPs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The two ends. All but the endpoint means both directions.
    pub pops: (PopName, PopName),
    /// Babel's cost of the link.
    pub cost: Option<u16>,
    /// The largest packet in bytes.
    pub mtu: Option<u32>,
    /// Where the first end reaches the second, if not at its host and usual port.
    pub reach: Option<Reach>,
    /// Is the link wanted?
    pub switch: Switch,
}

/// Where one end of a link reaches the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// At this host and port.
    At(Endpoint),
    /// Nowhere: it calls, from behind a NAT.
    Calls,
}

/// The link from one POP to another, as the first one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshLink<'a> {
    /// Where it leads.
    pub to: &'a Pop,
    /// The UDP port that we listen on.
    pub listen_port: Port,
    /// Where we send; `None`: they call us.
    pub endpoint: Option<Endpoint>,
    /// Our IPv6 address on the link, and theirs.
    pub ipv6: (LinkLocal, LinkLocal),
    /// Our IPv4 address on the link, and theirs.
    pub ipv4: (Ipv4Addr, Ipv4Addr),
    /// The largest packet in bytes; `None` leaves what the link was created with.
    pub mtu: Option<u32>,
    /// Babel's cost; `None` leaves BIRD's own.
    pub cost: Option<u16>,
    /// Is it wanted?
    pub switch: Switch,
}

/// Both ends have a one-digit id: `518`, our id, their id.
const PORT_SHORT: u16 = 51800;
/// Else: `519` and their id in two digits. The port must tell only our own links apart, and no port
/// of the first rule begins so.
const PORT_LONG: u16 = 51900;
/// The ids of the first rule.
const SHORT_ID_MAX: u8 = 9;

/// The multicast group of Babel (RFC 8966, section 4), which must pass a mesh link.
const BABEL_GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 6);
/// What else passes: dn42's IPv4 space and its neighbours', unique local IPv6.
const NETWORKS: [IpNet; 3] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0), 8)),
];

impl Inventory {
    /// The POP of this name.
    pub fn pop(&self, name: &PopName) -> Option<&Pop> {
        self.pops.iter().find(|pop| pop.name == *name)
    }

    /// This POP itself. `None` only in an inventory that its rules would have refused.
    pub fn me(&self) -> Option<&Pop> {
        self.pop(&self.own)
    }

    pub fn others(&self) -> impl Iterator<Item = &Pop> {
        self.pops.iter().filter(|pop| pop.name != self.own)
    }

    /// Every link of the network once: its first end, and what that one sees.
    pub fn edges(&self) -> impl Iterator<Item = (&Pop, MeshLink<'_>)> {
        self.pops.iter().enumerate().flat_map(move |(number, from)| {
            let after = self.pops.iter().skip(number + 1);
            after.filter_map(move |to| Some((from, self.link(from, to)?)))
        })
    }

    /// The links of this POP, in the order of the inventory.
    pub fn links(&self) -> Vec<MeshLink<'_>> {
        let me = self.me();
        me.map(|me| self.others().filter_map(|to| self.link(me, to)).collect()).unwrap_or_default()
    }

    /// The link from one POP to another. `None` only where both are the same.
    pub fn link<'a>(&self, from: &Pop, to: &'a Pop) -> Option<MeshLink<'a>> {
        if from.name == to.name {
            return None;
        }
        let usual = Endpoint { host: to.host.clone(), port: port(to.id, from.id)? };
        let (mut endpoint, mut mtu, mut cost) = (None, None, None);
        let mut is_on = from.switch == Switch::On && to.switch == Switch::On;
        for exception in self.exceptions.iter().filter(|exception| exception.is_between(from, to)) {
            if exception.pops.0 == from.name {
                endpoint = endpoint.or(exception.reach.clone());
            }
            mtu = mtu.or(exception.mtu);
            cost = cost.or(exception.cost);
            is_on &= exception.switch == Switch::On;
        }
        Some(MeshLink {
            to,
            listen_port: port(from.id, to.id)?,
            endpoint: match endpoint {
                Some(Reach::At(endpoint)) => Some(endpoint),
                Some(Reach::Calls) => None,
                None => Some(usual),
            },
            ipv6: (link_local(from.id, to.id)?, link_local(to.id, from.id)?),
            ipv4: (ipv4(from.id, to.id), ipv4(to.id, from.id)),
            mtu,
            cost,
            switch: if is_on { Switch::On } else { Switch::Off },
        })
    }
}

impl Exception {
    fn is_between(&self, one: &Pop, other: &Pop) -> bool {
        let (first, second) = (&self.pops.0, &self.pops.1);
        (first, second) == (&one.name, &other.name) || (first, second) == (&other.name, &one.name)
    }
}

impl Pop {
    /// The first address of the IPv6 network.
    pub fn gateway_ipv6(&self) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.ipv6.network().to_bits() | 1)
    }

    /// The first address of the IPv4 network.
    pub fn gateway_ipv4(&self) -> Option<Ipv4Addr> {
        self.ipv4.map(|network| Ipv4Addr::from_bits(network.network().to_bits() | 1))
    }

    /// What stands on its `lo`: each gateway with the length of its network, so that BIRD's direct
    /// protocol tells the network.
    pub fn loopback(&self) -> Vec<IpNet> {
        let ipv6 = Ipv6Net::new(self.gateway_ipv6(), self.ipv6.prefix_len()).map(IpNet::V6);
        let ipv4 = self.gateway_ipv4().zip(self.ipv4);
        let ipv4 = ipv4.and_then(|(address, net)| Ipv4Net::new(address, net.prefix_len()).ok());
        ipv6.into_iter().chain(ipv4.map(IpNet::V4)).collect()
    }
}

impl MeshLink<'_> {
    /// The name of the interface: `wg-int-` and the POP's.
    pub fn name(&self) -> IfName {
        IfName::to_pop(&self.to.name)
    }

    /// What may travel through it: their two addresses, the networks, Babel.
    pub fn allowed_ips(&self) -> Vec<IpNet> {
        let theirs = [IpAddr::V6(self.ipv6.1.get()), IpAddr::V4(self.ipv4.1)];
        let mut all: Vec<IpNet> = theirs.into_iter().map(IpNet::from).collect();
        all.extend(NETWORKS);
        all.push(IpNet::from(IpAddr::V6(BABEL_GROUP)));
        all
    }
}

/// Do mesh links let this network through? They pass what dn42 and its neighbours use.
pub fn passes(network: &IpNet) -> bool {
    NETWORKS.iter().any(|known| known.contains(network))
}

/// The port on which `a` listens for `b`: 518ab while both ids have one digit, else 519 and `b`.
pub fn port(a: PopId, b: PopId) -> Option<Port> {
    let (a, b) = (a.get(), b.get());
    Port::new(match a.max(b) {
        ..=SHORT_ID_MAX => PORT_SHORT + 10 * u16::from(a) + u16::from(b),
        _ => PORT_LONG + u16::from(b),
    })
}

/// `fe80::a:b`, decimal digits in the place of hexadecimal ones, as dn42 has it.
fn link_local(a: PopId, b: PopId) -> Option<LinkLocal> {
    format!("fe80::{a}:{b}").parse().ok()
}

/// `169.254.a.b` (RFC 3927's range, which never leaves a link).
fn ipv4(a: PopId, b: PopId) -> Ipv4Addr {
    Ipv4Addr::new(169, 254, a.get(), b.get())
}

/// Tests, and the example that other modules' tests share.
#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::limits::WG_KEY_BYTES;

    /// Four POPs, `a` to `d`, with the ids 1 to 4; this one is `a`.
    pub fn inventory() -> Inventory {
        let pop = |(name, id): (&str, u8)| Pop {
            name: name.parse().unwrap(),
            id: PopId::new(id).unwrap(),
            host: format!("{name}.example.net").parse().unwrap(),
            key: WgKey::new([id; WG_KEY_BYTES]).unwrap(),
            ipv6: format!("fd28:7515:7d51:{name}::/64").parse().unwrap(),
            ipv4: format!("172.22.144.{}/29", 152 + 8 * id).parse().ok(),
            switch: Switch::On,
        };
        Inventory {
            own: "a".parse().unwrap(),
            networks: ["fd28:7515:7d51::/48", "172.22.144.160/27"]
                .map(|it| it.parse().unwrap())
                .to_vec(),
            pops: [("a", 1), ("b", 2), ("c", 3), ("d", 4)].map(pop).to_vec(),
            exceptions: Vec::new(),
        }
    }

    /// The same with something different on two links, for pictures.
    pub fn drawn() -> Inventory {
        let exceptions = vec![
            Exception { cost: Some(120), mtu: Some(1400), ..between("a", "b") },
            Exception { reach: Some(Reach::Calls), switch: Switch::Off, ..between("a", "d") },
        ];
        let mut inventory = Inventory { exceptions, ..inventory() };
        inventory.pops[2].switch = Switch::Off;
        inventory.pops[2].ipv4 = None;
        inventory.pops[3].host = "2001:db8::d".parse().unwrap();
        inventory
    }

    fn between(one: &str, other: &str) -> Exception {
        let pops = (one.parse().unwrap(), other.parse().unwrap());
        Exception { pops, cost: None, mtu: None, reach: None, switch: Switch::On }
    }

    #[test]
    fn a_link_follows_from_both_ids() {
        let inventory = inventory();
        let links = inventory.links();
        assert_eq!(
            links.iter().map(|it| it.name().to_string()).collect::<Vec<_>>(),
            ["wg-int-b", "wg-int-c", "wg-int-d"]
        );
        let to_b = &links[0];
        assert_eq!(to_b.listen_port.get(), 51812);
        assert_eq!(to_b.endpoint.as_ref().unwrap().to_string(), "b.example.net:51821");
        assert_eq!((to_b.ipv6.0.as_str(), to_b.ipv6.1.as_str()), ("fe80::1:2", "fe80::2:1"));
        assert_eq!(to_b.ipv4, (Ipv4Addr::new(169, 254, 1, 2), Ipv4Addr::new(169, 254, 2, 1)));
        let allowed: Vec<_> = to_b.allowed_ips().iter().map(IpNet::to_string).collect();
        let expected = "fe80::2:1/128, 169.254.2.1/32, 172.16.0.0/12, 10.0.0.0/8, fd00::/8, \
                        ff02::1:6/128";
        assert_eq!(allowed.join(", "), expected);
    }

    #[test]
    fn both_ends_of_a_link_agree() {
        let inventory = inventory();
        for from in &inventory.pops {
            for to in &inventory.pops {
                let Some(there) = inventory.link(from, to) else { continue };
                let back = inventory.link(to, from).unwrap();
                assert_eq!(there.endpoint.unwrap().port, back.listen_port);
                assert_eq!((there.ipv4.0, there.ipv6.0), (back.ipv4.1, back.ipv6.1));
            }
        }
    }

    #[test]
    fn a_gateway_is_the_first_address() {
        let inventory = inventory();
        let loopback: Vec<_> =
            inventory.me().unwrap().loopback().iter().map(IpNet::to_string).collect();
        assert_eq!(loopback, ["fd28:7515:7d51:a::1/64", "172.22.144.161/29"]);
    }

    #[test]
    fn every_link_of_a_pop_has_a_port_of_its_own() {
        let ids: Vec<PopId> = (1..=99).filter_map(PopId::new).collect();
        for a in &ids {
            let others = ids.iter().filter(|b| *b != a);
            let mut ports: Vec<u16> = others.map(|b| port(*a, *b).unwrap().get()).collect();
            ports.sort_unstable();
            ports.dedup();
            assert_eq!(ports.len(), ids.len() - 1, "{a}");
            assert!(ports.iter().all(|port| (51811..52000).contains(port)));
        }
    }

    #[test]
    fn an_exception_means_both_directions_but_for_the_endpoint() {
        let mut inventory = inventory();
        let endpoint =
            "192.0.2.1".parse().map(|host| Endpoint { host, port: Port::new(9).unwrap() });
        inventory.exceptions = vec![
            Exception {
                cost: Some(200),
                reach: Some(Reach::At(endpoint.unwrap())),
                ..between("b", "a")
            },
            Exception { mtu: Some(1400), reach: Some(Reach::Calls), ..between("a", "b") },
            Exception { switch: Switch::Off, ..between("c", "a") },
        ];
        inventory.pops[3].switch = Switch::Off;
        let links = inventory.links();
        let [b, c, d] = links.as_slice() else { panic!("{links:?}") };
        assert_eq!((b.cost, b.mtu, &b.endpoint), (Some(200), Some(1400), &None));
        assert_eq!([b, c, d].map(|it| it.switch), [Switch::On, Switch::Off, Switch::Off]);
        let back = inventory.link(&inventory.pops[1], &inventory.pops[0]).unwrap();
        assert_eq!(back.endpoint.unwrap().to_string(), "192.0.2.1:9");
        assert_eq!((back.cost, back.mtu), (Some(200), Some(1400)));
    }
}
