//! What a caller may name, for Tab.

use super::Control;
use crate::access::{Identity, Rights};
use crate::command::Vocabulary;

impl Control {
    /// The AS numbers that the caller may name, by the registry and the database of this moment. A
    /// database that does not answer is the next command's to tell.
    pub fn vocabulary(&self, identity: &Identity) -> Vocabulary {
        let own = identity.asns(&self.index.borrow());
        let admin = identity.rights == Rights::Admin;
        let store = self.store.borrow();
        let peered = if admin { store.peered() } else { store.peered_of(&own) };
        Vocabulary { admin, peered: peered.unwrap_or_default(), own }
    }
}
