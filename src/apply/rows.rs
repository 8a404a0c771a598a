//! The peerings as the database tells them, read again only when it changed.

use crate::plan::{PopSettings, Rows};
use crate::store::{Store, StoreError};
use std::rc::Rc;

/// The rows of the last pass, with what they depend on.
#[derive(Default)]
pub struct Known(Option<Reading>);

struct Reading {
    pop: Rc<PopSettings>,
    /// Of the database, as [`Store::state`] tells it.
    state: (i64, u64),
    rows: Rc<Rows>,
}

impl Known {
    /// The rows as they are now. A thousand of them take longer to read than all the rest of the
    /// database.
    pub fn read(&mut self, store: &Store, pop: &Rc<PopSettings>) -> Result<Rc<Rows>, StoreError> {
        // Before the rows: what changes in between is read again by the next pass.
        let state = store.state()?;
        match &self.0 {
            Some(last) if last.state == state && Rc::ptr_eq(&last.pop, pop) => {
                Ok(last.rows.clone())
            }
            _ => {
                let rows = Rc::new(Rows::read(&store.rows()?, &pop.site));
                self.0 = Some(Reading { pop: pop.clone(), state, rows: rows.clone() });
                Ok(rows)
            }
        }
    }
}
