//! The rows of the database as peerings: those to be served, those that rest, and those that cannot
//! be.

use super::Owner;
use super::naming::AdoptedNames;
use crate::model::Asn;
use crate::peering::adopted::Adopted;
use crate::peering::{Peering, Row, Site, Status};
use std::collections::BTreeMap;

/// What the rows say.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Those to be served, by AS number.
    pub peerings: Vec<Peering>,
    /// Status that is not to be served: taken down like a removal, but kept in the database.
    pub resting: Vec<Asn>,
    /// The names that imported peerings keep, whether they are served or not.
    pub adopted: BTreeMap<Asn, AdoptedNames>,
    /// What cannot be read or served, and why.
    pub failures: BTreeMap<Owner, String>,
}

impl Rows {
    /// Reads rows on a POP. One that cannot be read or served is a failure of its peering.
    pub fn read(rows: &[Row], site: &Site) -> Rows {
        let mut all = Rows::default();
        for row in rows {
            match Peering::read(row) {
                Ok((peering, _)) if peering.status == Status::Active => {
                    all.serve(peering, site);
                }
                Ok((peering, _)) => all.resting.push(peering.asn),
                Err(why) => {
                    if let Some(asn) = row.asn() {
                        all.failures.insert(Owner::Peering(asn), why.to_string());
                    }
                }
            }
        }
        all
    }

    /// Those too are known by their names that are being taken down, and have no row any more.
    pub fn with_names_of(mut self, adopted: BTreeMap<Asn, Adopted>) -> Rows {
        for (asn, Adopted { link, protocol, bird_file, .. }) in adopted {
            self.adopted.insert(asn, AdoptedNames { link, protocol, bird_file });
        }
        self
    }

    /// Is this AS number's peering to be served?
    pub fn serves(&self, asn: Asn) -> bool {
        self.peerings.iter().any(|peering| peering.asn == asn)
    }

    fn serve(&mut self, peering: Peering, site: &Site) {
        if site.port(&peering).is_some() {
            self.peerings.push(peering);
        } else {
            self.failures.insert(Owner::Peering(peering.asn), no_port(&peering, site));
        }
    }
}

fn no_port(peering: &Peering, site: &Site) -> String {
    let (id, base) = (peering.id, site.base_port);
    format!("its id {id} and wireguard.base_port {base} together are no port")
}
