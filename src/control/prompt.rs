//! What a prompt needs besides commands: the words for Tab, and the lines of earlier sessions.
//!
//! A write waits for the disk and everybody waits with it, so there is not one for each line: the
//! lines of all sessions are gathered, and written when a session ends, when they are many, and
//! when the service ends. A database that fails costs somebody their history, and nothing else.

use super::Control;
use crate::access::Identity;
use crate::command::Vocabulary;
use crate::limits::SHELL_HISTORY_BATCH_LINES;
use crate::model::Role;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Lines that are not written down yet, by owner.
#[derive(Debug, Default)]
pub struct Typed(RefCell<BTreeMap<String, Vec<String>>>);

impl Control {
    /// Whose history it is: a maintainer's, whichever of their keys it was; an administrator's own,
    /// whomever they act for.
    pub fn history_owner(&self, identity: &Identity) -> String {
        match (identity.role, &identity.maintainer) {
            (Role::Member, Some(name)) => name.to_string(),
            (Role::Admin, _) | (_, None) => identity.key.clone(),
        }
    }

    /// The lines of earlier sessions, oldest first.
    pub fn typed_before(&self, owner: &str) -> Vec<String> {
        let lines = self.store.borrow().shell_history(owner);
        lines.unwrap_or_else(|error| {
            log::warn!("shell history: {error}");
            Vec::new()
        })
    }

    /// Gathers lines for later sessions.
    pub fn typed(&self, owner: &str, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        let many = {
            let mut gathered = self.typed.0.borrow_mut();
            gathered.entry(owner.to_owned()).or_default().extend(lines);
            gathered.values().map(Vec::len).sum::<usize>() >= SHELL_HISTORY_BATCH_LINES
        };
        if many {
            self.write_typed();
        }
    }

    /// Writes down what was gathered.
    pub fn write_typed(&self) {
        for (owner, lines) in self.typed.0.take() {
            let kept = self.store.borrow_mut().keep_shell_history(&owner, &lines);
            if let Err(error) = kept {
                log::warn!("shell history: {error}");
            }
        }
    }

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
