//! The round-trip times to the members' endpoints. Nobody asked for a change of these: they have
//! neither generation nor audit record.

use super::{Store, StoreError};
use crate::model::{Asn, MeasuredRtt, Timestamp};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

impl Store {
    /// Every round-trip time that was measured. A database that was only looked at may be older
    /// than the table.
    pub fn latencies(&self) -> Result<BTreeMap<Asn, MeasuredRtt>, StoreError> {
        let rows: Vec<(u32, MeasuredRtt)> = self.read(|it| {
            if !it.table_exists(None, "peerling_latency")? {
                return Ok(Vec::new());
            }
            let query = "SELECT as_num, class, smoothed_us, class_since_s, answered_s
                         FROM peerling_latency";
            it.prepare(query)?.query_map([], row)?.collect()
        })?;
        let known = |(number, measured)| Some((Asn::new(number).ok()?, measured));
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// Keeps round-trip times, in one transaction. Of a peering that went away meanwhile, nothing
    /// is kept.
    pub fn put_latencies(&mut self, them: &BTreeMap<Asn, MeasuredRtt>) -> Result<(), StoreError> {
        self.change(|it| {
            let mut statement = it.prepare(
                "INSERT OR REPLACE INTO peerling_latency
                     (as_num, class, smoothed_us, class_since_s, answered_s)
                 SELECT as_num, ?2, ?3, ?4, ?5 FROM peering_links WHERE as_num = ?1",
            )?;
            for (asn, measured) in them {
                let smoothed_us = i64::try_from(measured.smoothed_us).unwrap_or(i64::MAX);
                let (since_s, answered_s) = (measured.class_since.0, measured.last_answer.0);
                let class = measured.class;
                statement.execute(params![asn.get(), class, smoothed_us, since_s, answered_s])?;
            }
            Ok(())
        })
    }
}

/// A new peering, or none, may be somewhere else.
pub(super) fn forget(it: &Connection, asn: Asn) -> rusqlite::Result<()> {
    it.execute("DELETE FROM peerling_latency WHERE as_num = ?", [asn.get()]).map(drop)
}

fn row(row: &Row<'_>) -> rusqlite::Result<(u32, MeasuredRtt)> {
    let smoothed_us: i64 = row.get(2)?;
    let measured = MeasuredRtt {
        class: row.get(1)?,
        smoothed_us: smoothed_us.max(0).unsigned_abs(),
        class_since: Timestamp(row.get(3)?),
        last_answer: Timestamp(row.get(4)?),
    };
    Ok((row.get(0)?, measured))
}
