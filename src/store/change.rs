//! A peering that stays and is different afterwards: edited, switched off, switched on.

use super::{Actor, Outcome, Store, StoreError, audit, count_up, describe, migrations};
use crate::model::Asn;
use crate::peering::{Generation, Peering, PeeringId, Row};
use rusqlite::{Connection, OptionalExtension, params};

impl Store {
    /// Puts `after` in the place of `before`, which was judged: if the database has something else
    /// by now, nothing is done. Both are the same AS number's, under the same id.
    pub fn replace(
        &mut self,
        before: &Peering,
        after: &Peering,
        action: &str,
        actor: &Actor,
    ) -> Result<Generation, StoreError> {
        self.change(|it| {
            let row = find(it, before.asn)?.ok_or(Outcome::Absent)?;
            let present = Peering::read(&row).map(|(peering, _)| peering);
            if present.as_ref() != Ok(before) {
                return Err(Outcome::Stale);
            }
            update(it, after, actor)?;
            if before.endpoint.as_ref().map(|it| &it.host)
                != after.endpoint.as_ref().map(|it| &it.host)
            {
                super::latency::forget(it, before.asn)?;
            }
            let texts = [describe(before), describe(after)];
            audit(it, actor, action, before.asn, texts.each_ref().map(Some))?;
            Ok(count_up(it)?)
        })
    }

    /// The id that the next peering would get; `None`: none is free.
    pub fn next_id(&self, id_max: u16) -> Result<Option<PeeringId>, StoreError> {
        self.read(|it| super::free_id(it, id_max, &self.occupied))
    }
}

fn find(it: &Connection, asn: Asn) -> rusqlite::Result<Option<Row>> {
    let all = migrations::select(it, true)?;
    let query = format!("SELECT * FROM ({all}) WHERE as_num = ?");
    it.query_row(&query, [asn.get()], super::row).optional()
}

/// The replaced service's rows have none of ours beside them: that is made here.
fn update(it: &Connection, after: &Peering, actor: &Actor) -> rusqlite::Result<()> {
    let row = after.to_row();
    it.execute(
        "UPDATE peering_links SET wg_pub_key = ?2, wg_endpoint_addr = ?3, wg_endpoint_port = ?4,
             user_link_local = ?5 WHERE as_num = ?1",
        params![
            row.as_num,
            row.wg_pub_key,
            row.wg_endpoint_addr,
            row.wg_endpoint_port,
            row.user_link_local
        ],
    )?;
    it.execute(
        "INSERT INTO peerling_peering
             (as_num, standing, mtu, preshared_key, maintainer, families, created_s)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (as_num) DO UPDATE SET standing = ?2, mtu = ?3, preshared_key = ?4,
             maintainer = ?5, families = ?6",
        params![
            row.as_num,
            row.status,
            row.mtu,
            row.preshared_key,
            row.maintainer,
            row.families,
            actor.now.0
        ],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
