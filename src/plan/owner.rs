//! Whose a link, a file or a BGP session is; [`super::naming`] has the names.

use crate::model::{Asn, PopName};
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
