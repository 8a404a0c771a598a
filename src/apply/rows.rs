//! The peerings as the database tells them, read again only when it changed.

use super::ApplySettings;
use crate::model::Asn;
use crate::peering::{Peering, Row, Standing};
use crate::plan::Owner;
use crate::store::{Store, StoreError};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the rows say.
#[derive(Default)]
pub struct Rows {
    /// Those to be served, by AS number.
    pub peerings: Vec<Peering>,
    /// Standing that is not to be served: taken down like a removal, but kept in the database.
    pub resting: Vec<Asn>,
    /// What cannot be read or served, and why.
    pub failures: BTreeMap<Owner, String>,
}

/// The rows of the last pass, with what they depend on.
#[derive(Default)]
pub struct Known(Option<Reading>);

struct Reading {
    settings: Rc<ApplySettings>,
    /// Of the database, as [`Store::state`] tells it.
    state: (i64, u64),
    rows: Rc<Rows>,
}

impl Known {
    /// The rows as they are now. A thousand of them take longer to read than all the rest of the
    /// database.
    pub fn read(
        &mut self,
        store: &Store,
        settings: &Rc<ApplySettings>,
    ) -> Result<Rc<Rows>, StoreError> {
        // Before the rows: what changes in between is read again by the next pass.
        let state = store.state()?;
        match &self.0 {
            Some(last) if last.state == state && Rc::ptr_eq(&last.settings, settings) => {
                Ok(last.rows.clone())
            }
            _ => {
                let rows = Rc::new(Rows::of(store.rows()?, settings));
                self.0 = Some(Reading { settings: settings.clone(), state, rows: rows.clone() });
                Ok(rows)
            }
        }
    }
}

impl Rows {
    fn of(rows: Vec<Row>, settings: &ApplySettings) -> Rows {
        let mut all = Rows::default();
        for row in rows {
            match Peering::read(&row) {
                Ok((peering, _)) if peering.standing == Standing::Active => {
                    all.serve(peering, settings);
                }
                Ok((peering, _)) => all.resting.push(peering.asn),
                Err(why) => {
                    let owner = row.asn().map(Owner::Peering);
                    all.failures.extend(owner.map(|owner| (owner, why.to_string())));
                }
            }
        }
        all
    }

    fn serve(&mut self, peering: Peering, settings: &ApplySettings) {
        match settings.site.port(peering.id) {
            Some(_) => self.peerings.push(peering),
            None => {
                let owner = Owner::Peering(peering.asn);
                self.failures.insert(owner, no_port(&peering, settings));
            }
        }
    }
}

fn no_port(peering: &Peering, settings: &ApplySettings) -> String {
    let (id, base) = (peering.id, settings.site.base_port);
    format!("its id {id} and wireguard.base_port {base} together are no port")
}
