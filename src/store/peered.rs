//! Who has a peering here, and nothing else about it.

use super::{Store, StoreError};
use crate::model::Asn;
use rusqlite::OptionalExtension as _;

impl Store {
    /// The AS numbers with a peering, in order. What is no AS number is left out.
    pub fn peered(&self) -> Result<Vec<Asn>, StoreError> {
        let numbers: Vec<u32> = self.read(|it| {
            let query = "SELECT as_num FROM peering_links
                         WHERE as_num BETWEEN 1 AND 4294967295 ORDER BY as_num";
            it.prepare(query)?.query_map([], |row| row.get(0))?.collect()
        })?;
        Ok(numbers.into_iter().filter_map(|number| Asn::new(number).ok()).collect())
    }

    /// Those of these AS numbers that have a peering, in their order.
    pub fn peered_of(&self, asns: &[Asn]) -> Result<Vec<Asn>, StoreError> {
        self.read(|it| {
            let mut query = it.prepare("SELECT 1 FROM peering_links WHERE as_num = ?")?;
            let mut peered = |asn: &Asn| query.query_row([asn.get()], |_| Ok(*asn)).optional();
            asns.iter().filter_map(|asn| peered(asn).transpose()).collect()
        })
    }
}
