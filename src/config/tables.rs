//! Every key of the tables that may be there several times, once.
//!
//! A line is: explanation, name, type, default, kind. The order is that of the effective print. How
//! the tables are proven together is told in `inventory`.

use super::declare::tables;
use super::key::{KeySpec, Kind, Preset, TableSpec};
use super::problem::Problems;
use super::row::Row;
use super::setting::Setting;
use crate::limits::{BABEL_COST_MAX, MESH_ID_MAX, MTU_MAX, MTU_MIN};
use crate::mesh::Reach;
use crate::model::{Host, PopId, PopName, WgKey};
use Preset::{Required, Unset, Value};
use ipnet::{Ipv4Net, Ipv6Net};

tables! {
    /// One POP of the network, this one too; each is linked to every other one
    "mesh.pop": PopRow {
        /// its short name, at most 8 small letters, digits and hyphens
        name: PopName = Required, Kind::Pop;
        /// its number, which stands in addresses and ports
        id: PopId = Required, Kind::Number { min: 1, max: MESH_ID_MAX as u32 };
        /// its public host name or address, where the other POPs reach it
        host: Host = Required, Kind::Host;
        /// its WireGuard public key
        public_key: WgKey = Required, Kind::Key;
        /// its IPv6 network, a /126 or larger; the first address is its gateway
        ipv6: Ipv6Net = Required, Kind::Ipv6Network;
        /// its IPv4 network, a /30 or larger; the first address is its gateway
        ipv4: Option<Ipv4Net> = Unset, Kind::Ipv4Network;
        /// whether its links are taken down
        off: bool = Value("false"), Kind::Boolean;
    }

    /// What is different on the link between two POPs
    "mesh.link": LinkRow {
        /// the two ends; the order matters to the endpoint only
        pops: (PopName, PopName) = Required, Kind::Pops;
        /// Babel's cost of the link; without it, BIRD's own
        cost: Option<u16> = Unset, Kind::Number { min: 1, max: BABEL_COST_MAX as u32 };
        /// the largest packet in bytes; without it, what the link is created with
        mtu: Option<u32> = Unset, Kind::Number { min: MTU_MIN, max: MTU_MAX };
        /// where the first end reaches the second, if not at its host and usual port; with none,
        /// the second calls the first
        endpoint: Option<Reach> = Unset, Kind::Reach;
        /// whether the link is taken down
        off: bool = Value("false"), Kind::Boolean;
    }
}
