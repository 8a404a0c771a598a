//! Whose a link, a file or a BGP session is. Everything of ours bears its owner's name, and nothing
//! else is ours.

use super::bird;
use crate::mesh::bird as mesh;
use crate::model::{Asn, IfName, PopName};
use std::fmt;

/// What a link, a file or a BGP session is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// This POP as a whole: files that all BGP sessions share.
    Pop,
    /// The way to another POP of the same network.
    Mesh(PopName),
    /// A peering with this AS.
    Peering(Asn),
}

impl Owner {
    /// The name of its link.
    pub fn link(self) -> Option<IfName> {
        match self {
            Owner::Pop => None,
            Owner::Mesh(pop) => Some(IfName::to_pop(&pop)),
            Owner::Peering(asn) => Some(IfName::of(asn)),
        }
    }

    /// Whose link this is, by its name.
    pub fn of_link(name: &str) -> Option<Owner> {
        match IfName::owner(name) {
            Some(asn) => Some(Owner::Peering(asn)),
            None => IfName::pop(name).map(Owner::Mesh),
        }
    }

    /// BIRD's protocol for its BGP session.
    pub fn protocol(self) -> Option<String> {
        match self {
            Owner::Pop => None,
            Owner::Mesh(pop) => Some(mesh::ibgp_protocol(&pop)),
            Owner::Peering(asn) => Some(bird::protocol_name(asn)),
        }
    }

    /// What its file defines in BIRD's one name space.
    pub fn symbols(self) -> Vec<String> {
        match self {
            Owner::Pop => Vec::new(),
            Owner::Mesh(pop) => vec![mesh::ibgp_protocol(&pop)],
            Owner::Peering(asn) => vec![bird::latency_name(asn), bird::protocol_name(asn)],
        }
    }

    /// The AS number, if it is a peering.
    pub fn asn(self) -> Option<Asn> {
        match self {
            Owner::Peering(asn) => Some(asn),
            Owner::Pop | Owner::Mesh(_) => None,
        }
    }
}

impl From<Asn> for Owner {
    fn from(asn: Asn) -> Owner {
        Owner::Peering(asn)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Pop => out.write_str("this POP"),
            Owner::Mesh(pop) => write!(out, "POP {pop}"),
            Owner::Peering(asn) => write!(out, "{asn}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_ours_only_by_its_exact_name() {
        let peering = Owner::Peering("4242420001".parse().unwrap());
        let pop = Owner::Mesh("nl-ams1".parse().unwrap());
        for owner in [peering, pop] {
            assert_eq!(Owner::of_link(owner.link().unwrap().as_str()), Some(owner));
        }
        for foreign in ["wg-as01", "wg-int-", "wg-int-A", "wg-int-a_b", "wg-m1", "lo", "wg-peer-a"]
        {
            assert_eq!(Owner::of_link(foreign), None, "{foreign}");
        }
    }
}
