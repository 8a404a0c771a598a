//! Peerings: listed, made, replaced and taken out, each change with its audit record.

use super::audit_log::{Entry, write};
use super::{
    Abort, Actor, Store, StoreError, adopted, by_asn, count_up, decisions, migrations, notes,
};
use crate::model::{Asn, Timestamp};
use crate::peering::audit_log::Action;
use crate::peering::{Generation, Peering, PeeringId, Row, Tombstone};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeSet;

impl Store {
    /// Every peering, by AS number.
    pub fn rows(&self) -> Result<Vec<Row>, StoreError> {
        self.read(|db| {
            let select = migrations::select(db, self.ours)?;
            db.prepare(&format!("{select} ORDER BY l.as_num"))?.query_map([], row)?.collect()
        })
    }

    /// The peerings of these AS numbers, in their order. Each is found by the index that SQLite
    /// keeps for `UNIQUE`: it costs the same however many others there are.
    pub fn rows_of(&self, asns: &[Asn]) -> Result<Vec<Row>, StoreError> {
        self.read(|db| {
            let select = migrations::select(db, self.ours)?;
            let mut statement = db.prepare(&format!("{select} WHERE l.as_num = ?"))?;
            let mut rows = Vec::new();
            for asn in asns {
                rows.extend(statement.query_row([asn.get()], row).optional()?);
            }
            Ok(rows)
        })
    }

    /// The AS numbers with a peering, in order. What is no AS number is left out.
    pub fn peered(&self) -> Result<Vec<Asn>, StoreError> {
        let numbers: Vec<u32> = self.read(|db| {
            let query = "SELECT as_num FROM peering_links
                         WHERE as_num BETWEEN 1 AND 4294967295 ORDER BY as_num";
            db.prepare(query)?.query_map([], |row| row.get(0))?.collect()
        })?;
        Ok(numbers.into_iter().filter_map(|number| Asn::new(number).ok()).collect())
    }

    /// Those of these AS numbers that have a peering, in their order.
    pub fn peered_of(&self, asns: &[Asn]) -> Result<Vec<Asn>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare("SELECT 1 FROM peering_links WHERE as_num = ?")?;
            let mut peered = Vec::new();
            for asn in asns {
                if statement.exists([asn.get()])? {
                    peered.push(*asn);
                }
            }
            Ok(peered)
        })
    }

    /// What waits to be taken down.
    pub fn tombstones(&self) -> Result<Vec<Tombstone>, StoreError> {
        let query = "SELECT as_num, generation FROM peerling_removal ORDER BY as_num";
        let found = self.read(|db| by_asn(db, "peerling_removal", query, [], |row| row.get(1)))?;
        Ok(found.into_iter().map(|(asn, generation)| Tombstone { asn, generation }).collect())
    }

    /// The loop tells which ids the machine has something of that no row explains: a link or a file
    /// that is left over has the port of its id.
    pub fn set_occupied(&mut self, ids: BTreeSet<u16>) {
        self.occupied = ids;
    }

    /// The id that the next peering would get; `None`: none is free.
    pub fn next_id(&self, id_max: u16) -> Result<Option<PeeringId>, StoreError> {
        self.read(|db| free_id(db, id_max, &self.occupied))
    }

    /// Saves a new peering under the lowest free id up to `id_max`, whatever id it came with.
    pub fn create(
        &mut self,
        peering: &Peering,
        id_max: u16,
        actor: &Actor,
    ) -> Result<(PeeringId, Generation), StoreError> {
        let occupied = self.occupied.clone();
        self.change(|db| {
            if exists(db, peering.asn)? {
                return Err(StoreError::Exists.into());
            }
            let id = free_id(db, id_max, &occupied)?.ok_or(StoreError::Full)?;
            let saved = Peering { id, ..peering.clone() };
            // What somebody else's removal left of ours.
            forget_options(db, saved.asn)?;
            insert(db, &saved, actor.now)?;
            db.execute("DELETE FROM peerling_removal WHERE as_num = ?", [saved.asn.get()])?;
            write(db, actor, &Entry::made(Action::Create, &saved))?;
            Ok((id, count_up(db)?))
        })
    }

    /// Puts `after` in the place of `before`, which was judged: if the database has something else
    /// by now, nothing is done. Both are the same AS number's, under the same id.
    pub fn replace(
        &mut self,
        before: &Peering,
        after: &Peering,
        action: Action,
        actor: &Actor,
    ) -> Result<Generation, StoreError> {
        self.change(|db| {
            let select = migrations::select(db, true)?;
            let query = format!("{select} WHERE l.as_num = ?");
            let row = db.query_row(&query, [before.asn.get()], row).optional()?;
            match Peering::read(&row.ok_or(StoreError::Absent)?) {
                Ok((present, _)) if present == *before => {}
                _ => return Err(StoreError::Stale.into()),
            }
            update(db, after, actor.now)?;
            if before.endpoint.as_ref().map(|it| &it.host)
                != after.endpoint.as_ref().map(|it| &it.host)
            {
                notes::forget_latency(db, before.asn)?;
            }
            write(db, actor, &Entry::changed(action, before, after))?;
            Ok(count_up(db)?)
        })
    }

    /// Takes a peering out and leaves a tombstone for the apply loop.
    ///
    /// A suspension outlives it: if its member takes a suspended peering out, that becomes a ban of
    /// the AS number.
    pub fn remove(&mut self, peering: &Peering, actor: &Actor) -> Result<Generation, StoreError> {
        self.change(|db| {
            let mut kept = None;
            if !actor.is_operator() {
                kept = decisions::keep_suspension(db, peering.asn)?;
            }
            let generation = take_out(db, peering.asn, actor.now)?;
            write(db, actor, &Entry { after: kept, ..Entry::of(Action::Remove, peering) })?;
            Ok(generation)
        })
    }

    /// Forgets a tombstone: the machine has nothing of the peering any more. A newer one stays.
    pub fn forget(&mut self, tombstone: Tombstone) -> Result<(), StoreError> {
        self.change(|db| {
            let query = "DELETE FROM peerling_removal WHERE as_num = ? AND generation <= ?";
            db.execute(query, params![tombstone.asn.get(), tombstone.generation])?;
            Ok(adopted::forget_left(db)?)
        })
    }
}

/// A row of [`migrations::select`].
fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get(0)?,
        as_num: row.get(1)?,
        wg_pub_key: row.get(2)?,
        wg_endpoint_addr: row.get(3)?,
        wg_endpoint_port: row.get(4)?,
        user_link_local: row.get(5)?,
        status: row.get(6)?,
        mtu: row.get(7)?,
        preshared_key: row.get(8)?,
        maintainer: row.get(9)?,
        families: row.get(10)?,
        adopted: adopted::row(row, 11)?,
    })
}

pub(super) fn exists(db: &Connection, asn: Asn) -> rusqlite::Result<bool> {
    db.prepare("SELECT 1 FROM peering_links WHERE as_num = ?")?.exists([asn.get()])
}

/// The lowest id that no peering has, nor anything that is left on the machine.
pub(super) fn free_id(
    db: &Connection,
    id_max: u16,
    occupied: &BTreeSet<u16>,
) -> rusqlite::Result<Option<PeeringId>> {
    let mut statement = db.prepare("SELECT id FROM peering_links")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    let taken = rows.collect::<rusqlite::Result<BTreeSet<u16>>>()?;
    let free = (1..=id_max).find(|id| !taken.contains(id) && !occupied.contains(id));
    Ok(free.and_then(PeeringId::new))
}

pub(super) fn insert(db: &Connection, peering: &Peering, now: Timestamp) -> rusqlite::Result<()> {
    let row = peering.to_row();
    db.execute(
        "INSERT INTO peering_links VALUES (?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            row.as_num,
            row.wg_pub_key,
            row.wg_endpoint_addr,
            row.wg_endpoint_port,
            row.user_link_local
        ],
    )?;
    put_options(db, &row, now)
}

fn update(db: &Connection, peering: &Peering, now: Timestamp) -> rusqlite::Result<()> {
    let row = peering.to_row();
    db.execute(
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
    put_options(db, &row, now)
}

/// What only we keep. The replaced service's rows have none of it beside them: it is made here.
fn put_options(db: &Connection, row: &Row, now: Timestamp) -> rusqlite::Result<()> {
    db.execute(
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
            now.0
        ],
    )?;
    Ok(())
}

/// All that only we keep of a peering, but for its audit records.
pub(super) fn forget_options(db: &Connection, asn: Asn) -> rusqlite::Result<()> {
    db.execute("DELETE FROM peerling_peering WHERE as_num = ?", [asn.get()])?;
    notes::forget_latency(db, asn)?;
    notes::forget_history(db, asn)
}

/// Takes a peering out, and leaves a tombstone of this generation.
pub(super) fn take_out(db: &Connection, asn: Asn, now: Timestamp) -> Result<Generation, Abort> {
    if db.execute("DELETE FROM peering_links WHERE as_num = ?", [asn.get()])? == 0 {
        return Err(StoreError::Absent.into());
    }
    forget_options(db, asn)?;
    db.execute("DELETE FROM peerling_suspension WHERE as_num = ?", [asn.get()])?;
    let generation = count_up(db)?;
    db.execute(
        "INSERT OR REPLACE INTO peerling_removal (as_num, generation, removed_s) VALUES (?, ?, ?)",
        params![asn.get(), generation, now.0],
    )?;
    Ok(generation)
}

#[cfg(test)]
mod tests;
