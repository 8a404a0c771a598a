//! The rows of the database as peerings: those to be served, those that rest, and those that cannot
//! be.

use super::naming::AdoptedNames;
use super::{Actual, Inputs, Owner};
use crate::model::Asn;
use crate::peering::adopted::Adopted;
use crate::peering::{Peering, Row, Site, Status};
use std::collections::{BTreeMap, BTreeSet};

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

// Ids that are not free: their port is held by something on the machine that no row explains,
// since it was left behind or could not be taken away.

/// The ids whose port a link or a WireGuard file without a row has, or one of a peering that was
/// imported, whose port does not follow from its id. What a command took away is no such thing,
/// unless that failed.
pub fn occupied(
    inputs: &Inputs,
    actual: &Actual,
    failures: &BTreeMap<Owner, String>,
) -> BTreeSet<u16> {
    let mut holders = Vec::new();
    for (name, link) in &actual.links {
        holders.push((inputs.pop.naming.link_owner(name.as_str()), link.listen_port));
    }
    for (owner, text) in &actual.confs {
        holders.push((Some(*owner), port_of(text)));
    }
    let mut ids = BTreeSet::new();
    for (owner, port) in holders {
        let id = port.saturating_sub(inputs.pop.site.base_port);
        if let Some(Owner::Peering(asn)) = owner
            && id > 0
            && (inputs.pop.naming.is_adopted(asn) || is_left_over(asn, inputs, failures))
        {
            ids.insert(id);
        }
    }
    ids
}

fn is_left_over(asn: Asn, inputs: &Inputs, failures: &BTreeMap<Owner, String>) -> bool {
    let rows = &inputs.rows;
    let has_row = rows.serves(asn) || rows.resting.contains(&asn);
    let failed = failures.contains_key(&Owner::Peering(asn));
    !has_row && (failed || !inputs.was_removed(asn))
}

/// The port of a WireGuard file; 0: none that can be read.
fn port_of(conf: &str) -> u16 {
    for line in conf.lines() {
        if let Some((name, value)) = line.split_once('=')
            && name.trim().eq_ignore_ascii_case("ListenPort")
            && let Ok(port) = value.trim().parse()
        {
            return port;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::super::wanted::tests::inputs;
    use super::*;
    use crate::peering::Tombstone;
    use crate::peering::tests::{peering, site};

    #[test]
    fn only_what_no_row_explains_holds_its_id() {
        let [served, left, removed, stuck] = [64601, 64602, 64603, 64604].map(asn);
        let mut inputs = inputs(vec![peering(1, 64601, None)]);
        inputs.tombstones = [removed, stuck].map(|asn| Tombstone { asn, generation: 1 }).to_vec();
        let mut actual = Actual::default();
        for (id, asn) in [(1, served), (2, left), (3, removed), (4, stuck)] {
            let text = format!("[Interface]\nlistenport = {}\n", site().base_port + id);
            actual.confs.insert(Owner::Peering(asn), text.into());
        }
        let failures = BTreeMap::from([(Owner::Peering(stuck), "busy".to_string())]);
        assert_eq!(occupied(&inputs, &actual, &failures), BTreeSet::from([2, 4]));
    }

    #[test]
    fn what_is_no_port_of_ours_holds_nothing() {
        let inputs = inputs(Vec::new());
        let base = site().base_port;
        for text in [format!("ListenPort = {base}"), "ListenPort = 1".into(), "MTU = 9".into()] {
            let confs = BTreeMap::from([(Owner::Peering(asn(64601)), text.clone().into())]);
            let actual = Actual { confs, ..Actual::default() };
            assert!(occupied(&inputs, &actual, &BTreeMap::new()).is_empty(), "{text}");
        }
    }

    fn asn(number: u32) -> Asn {
        Asn::new(number).unwrap()
    }
}
