//! The two files that are this POP's own, `bird.conf` and `variables.conf`, and what they say of
//! it.

use crate::config::Pop;
use crate::model::Asn;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt::{Display, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Who this POP is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) asn: Asn,
    /// Our networks as they are announced, none within another.
    pub(super) ipv4_networks: Vec<Ipv4Net>,
    pub(super) ipv6_networks: Vec<Ipv6Net>,
    /// The source of what this machine sends: the first of our addresses of each family.
    pub(super) ipv4: Option<Ipv4Addr>,
    pub(super) ipv6: Option<Ipv6Addr>,
}

impl Own {
    /// This POP, of its networks and of its addresses as the apply loop puts them on `lo`.
    pub(super) fn new(asn: Asn, networks: &[IpNet], addresses: &[IpNet]) -> Own {
        let (mut ipv4_networks, mut ipv6_networks) = (Vec::new(), Vec::new());
        for network in networks {
            match network {
                IpNet::V4(network) => ipv4_networks.push(*network),
                IpNet::V6(network) => ipv6_networks.push(*network),
            }
        }
        let (mut ipv4, mut ipv6) = (None, None);
        for address in addresses {
            match address {
                IpNet::V4(address) => ipv4 = ipv4.or(Some(address.addr())),
                IpNet::V6(address) => ipv6 = ipv6.or(Some(address.addr())),
            }
        }
        Own { asn, ipv4_networks, ipv6_networks, ipv4, ipv6 }
    }

    /// What tells this router from all others: its IPv4 address, or else the AS number in that
    /// form, which is right while there is only one POP.
    pub(super) fn router_id(&self) -> Ipv4Addr {
        self.ipv4.unwrap_or(Ipv4Addr::from_bits(self.asn.get()))
    }
}

/// Where BIRD finds the rest.
pub(super) struct Places<'a> {
    /// The files of peerings and of iBGP.
    pub(super) peers: &'a Path,
    /// Tables of route origins and Babel's costs; without it, nobody keeps them up.
    pub(super) includes: Option<&'a Path>,
    /// The template that the files of peerings name.
    pub(super) template: &'a str,
}

/// What is assumed where the configuration does not say: 100 Mbit/s, and WireGuard.
const BANDWIDTH: u16 = 24;
const LINKTYPE: u16 = 34;
/// A network that nobody announces: a set of BIRD's language is not empty.
const NO_NETWORK: [&str; 2] = ["0.0.0.0/32", "::/128"];

/// `variables.conf`.
pub(super) fn variables(own: &Own, pop: &Pop, places: &Places<'_>) -> String {
    let asn = own.asn.get();
    let (roa_check, roa_words) = match places.includes {
        Some(_) => ("true", "peerling keeps the tables up."),
        None => ("false", "Nobody keeps tables up yet: set bird.include_directory."),
    };
    let addresses = [
        own.ipv4.map(|address| format!("define OWNIP = {address};\n")),
        own.ipv6.map(|address| format!("define OWNIPv6 = {address};\n")),
    ];
    let [bandwidth, linktype, region, country] = [
        variable("BANDWIDTH", pop.bandwidth, BANDWIDTH, "pop.bandwidth is not set: 100 Mbit/s"),
        variable("LINKTYPE", pop.linktype, LINKTYPE, "pop.linktype is not set: WireGuard"),
        variable("REGION", pop.region, 0, "pop.region is not set"),
        variable("COUNTRY", pop.country, 0, "pop.country is not set"),
    ];
    format!(
        r#"# Who this POP is. Written once by `peerling bird-init`; from now on it is yours.

define OWNAS = {asn};

# Our addresses in dn42. They stand on lo, and programs of this machine call from them.
{addresses}
# What tells this router from every other one.
define ROUTERID = {router_id};

# Our networks with all that lies in them: nobody else may announce it to us.
define OWNNETSET = [ {ipv4_set} ];
define OWNNETSETv6 = [ {ipv6_set} ];

# What the route communities (64511, x) say of our links.
# 21: 0.1 Mbit/s or more, 22: 1, 23: 10, 24: 100, 25: 1000.
{bandwidth}
# 31: not encrypted, 32: unsafe, 33: safe, 34: with forward secrecy, 35: and with a preshared key.
{linktype}

# Where our own routes begin, which is said of no others; 0: not said.
# 41: Europe, 42: North America's east; the others are in the wiki.
{region}
# 1000 and the numeric code of ISO 3166-1: 1250 is France.
{country}

# Must the registry name who announces a network? While the tables are empty, true refuses every
# route. {roa_words}
define ROA_CHECK = {roa_check};
"#,
        addresses = addresses.into_iter().flatten().collect::<String>(),
        router_id = own.router_id(),
        ipv4_set = set(&own.ipv4_networks, 0),
        ipv6_set = set(&own.ipv6_networks, 1),
    )
}

fn variable(name: &str, value: Option<u16>, usual: u16, words: &str) -> String {
    match value {
        Some(value) => format!("define {name} = {value};"),
        None => format!("define {name} = {usual};    # {words}"),
    }
}

fn set(networks: &[impl Display], family: usize) -> String {
    let all: Vec<String> = networks.iter().map(|network| format!("{network}+")).collect();
    if all.is_empty() {
        return NO_NETWORK.get(family).copied().unwrap_or_default().to_string();
    }
    all.join(", ")
}

/// `bird.conf`.
pub(super) fn bird(own: &Own, places: &Places<'_>) -> String {
    [
        HEAD.to_string(),
        own_networks(own),
        kernel(own),
        BABEL.replace("{babel}", &include(places, "mesh_babel")),
        origins(places),
        peers(places),
    ]
    .join("\n")
}

const HEAD: &str = r#"# BIRD of a dn42 POP, for BIRD 2.0.12 and newer. Written once by
# `peerling bird-init`; from now on it is yours. peerling keeps up the files of peerings, of iBGP,
# of route origins and of Babel's costs, which are included below, and nothing else.

log syslog all;

include "variables.conf";

router id ROUTERID;

# Who may announce what, as the registry has it.
roa4 table dn42_roa;
roa6 table dn42_roa_v6;

include "communities.conf";
include "filters.conf";

# ---- this machine

protocol device {
    scan time 10;
}

# The networks of our addresses on lo, for Babel to tell the other POPs. Of the same network, the
# route of our networks as a whole (static, 200) is the better one.
protocol direct own_addresses {
    interface "lo";
    ipv4 {
        preference 150;
        import where is_self_net();
    };
    ipv6 {
        preference 150;
        import where is_self_net_v6();
    };
}
"#;

/// Our networks, which are announced for as long as BIRD runs.
fn own_networks(own: &Own) -> String {
    let mut text =
        "# Our networks as a whole: what all peers are told. They do not go to the kernel.\n"
            .to_string();
    text += &own_networks_of("v4", &own.ipv4_networks);
    text += &own_networks_of("v6", &own.ipv6_networks);
    text
}

/// Those of one family; empty where there are none.
fn own_networks_of(family: &str, networks: &[impl Display]) -> String {
    if networks.is_empty() {
        return String::new();
    }
    let mut text = format!("protocol static own_networks_{family} {{\n    ip{family};\n");
    for network in networks {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    route {network} unreachable;");
    }
    text + "}\n"
}

/// What BIRD tells the kernel.
fn kernel(own: &Own) -> String {
    let head =
        "# What others told us goes to the kernel, and what leaves by it comes from our address.\n";
    let ipv4 = kernel_of("v4", own.ipv4.map(|_| "OWNIP"));
    let ipv6 = kernel_of("v6", own.ipv6.map(|_| "OWNIPv6"));
    format!("{head}{ipv4}{ipv6}")
}

/// The protocol of one family; `source` is the variable with our address, where we have one.
fn kernel_of(family: &str, source: Option<&str>) -> String {
    let source = source.map(|name| format!("            krt_prefsrc = {name};\n"));
    let source = source.unwrap_or_default();
    format!(
        "protocol kernel kernel_{family} {{
    scan time 20;
    ip{family} {{
        import none;
        export filter {{
            if source ~ [RTS_STATIC, RTS_DEVICE] then reject;
{source}            accept;
        }};
    }};
}}
"
    )
}

const BABEL: &str = r#"# ---- our own POPs

# Finds the ways between them, over the links that peerling makes. It carries our own networks
# alone; a POP without others has no such link.
protocol babel mesh {
    ipv4 {
        import where is_self_net();
        export where is_self_net() && source ~ [RTS_DEVICE, RTS_BABEL];
    };
    ipv6 {
        import where is_self_net_v6();
        export where is_self_net_v6() && source ~ [RTS_DEVICE, RTS_BABEL];
    };
    # Links that cost more or less than the others. As a pattern, the name may be that of no file.
    {babel}
    interface "wg-int-*" {
        type wired;
    };
}
"#;

/// The tables of route origins.
fn origins(places: &Places<'_>) -> String {
    let (ipv4, ipv6) = (origins_of("4", "", places), origins_of("6", "_v6", places));
    format!("# ---- peers\n\n{ipv4}{ipv6}")
}

/// The table of one family; `suffix` is what its name ends with.
fn origins_of(family: &str, suffix: &str, places: &Places<'_>) -> String {
    let include = include(places, &format!("roa_dn42{suffix}"));
    format!(
        "protocol static roa_v{family} {{
    roa{family} {{ table dn42_roa{suffix}; }};
    {include}
}}
"
    )
}

fn include(places: &Places<'_>, stem: &str) -> String {
    let file = format!("{stem}.con[f]");
    let path = places
        .includes
        .map_or(file.clone(), |directory| directory.join(&file).display().to_string());
    format!("include \"{path}\";")
}

fn peers(places: &Places<'_>) -> String {
    let Places { template, peers, .. } = places;
    format!(
        r#"# What all BGP sessions with peers have in common; each has its own file. With import
# tables, a new latency class or a new table of origins asks no peer for their routes again.
template bgp {template} {{
    local as OWNAS;
    path metric on;
    enforce first as on;
    ipv4 {{
        import table;
        import limit 9000 action block;
    }};
    ipv6 {{
        import table;
        import limit 9000 action block;
    }};
}}

include "{}/*";
"#,
        peers.display()
    )
}
