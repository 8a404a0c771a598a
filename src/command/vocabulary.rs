//! What a caller may name: for completing what they type.

use crate::model::{Asn, Role};

/// The words of a caller that no table knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// What they may do.
    pub role: Role,
    /// The AS numbers that they maintain.
    pub own: Vec<Asn>,
    /// The AS numbers with a peering here that they may act for, in order.
    pub peered: Vec<Asn>,
}
