//! What a caller may name, for Tab.

use super::Control;
use crate::access::Identity;
use crate::command::Vocabulary;
use crate::model::Role;

impl Control {
    /// The AS numbers that the caller may name, by the registry and the database of this moment. A
    /// database that does not answer is the next command's to tell.
    pub fn vocabulary(&self, identity: &Identity) -> Vocabulary {
        let own = identity.asns(&self.index.borrow());
        let role = identity.role;
        let store = self.store.borrow();
        let peered = match role {
            Role::Admin => store.peered(),
            Role::Member => store.peered_of(&own),
        };
        Vocabulary { role, peered: peered.unwrap_or_default(), own }
    }
}
