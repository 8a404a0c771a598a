//! What a caller may name: for completing what they type.

use super::Who;
use crate::model::Asn;

/// The words of a caller that no table knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// Are they an administrator?
    pub admin: bool,
    /// The AS numbers that they maintain.
    pub own: Vec<Asn>,
    /// The AS numbers with a peering here that they may act for, in order.
    pub peered: Vec<Asn>,
}

impl Vocabulary {
    /// Whom the commands are that they see listed.
    pub fn who(&self) -> Who {
        if self.admin { Who::Admin } else { Who::Member }
    }
}
