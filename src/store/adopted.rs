//! Peerings that were made by hand: taken over as they are, and given back.
//!
//! What such a peering keeps stays here when it is taken out, until the apply loop has taken it
//! down: its things are known by these names only.

use super::audit_log::{Entry, write};
use super::peerings::{exists, forget_options, free_id, insert};
use super::{Actor, Store, StoreError, by_asn, count_up};
use crate::model::Asn;
use crate::peering::adopted::{Adopted, AdoptedRow};
use crate::peering::audit_log::Action;
use crate::peering::{Generation, Peering, PeeringId};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

const COLUMNS: &str = "link, listen_port, local_address, own_key, allowed_ips, keepalive_s,
                       protocol, bird_file";

impl Store {
    /// What is kept of every peering that was made by hand, and of those that are being taken down.
    /// What cannot be read is left out: its peering cannot be served either.
    pub fn adopted(&self) -> Result<BTreeMap<Asn, Adopted>, StoreError> {
        let query = format!("SELECT as_num, {COLUMNS} FROM peerling_adopted");
        let rows =
            self.read(|db| by_asn(db, "peerling_adopted", &query, [], |found| row(found, 1)))?;
        let mut adopted = BTreeMap::new();
        for (asn, row) in rows {
            if let Some(kept) = row.as_ref().and_then(Adopted::read) {
                adopted.insert(asn, kept);
            }
        }
        Ok(adopted)
    }

    /// Saves peerings that were made by hand, all or none, each under the id that it comes with, or
    /// the lowest free one up to `id_max`.
    pub fn adopt(
        &mut self,
        peerings: &[Peering],
        id_max: u16,
        actor: &Actor,
    ) -> Result<Generation, StoreError> {
        let occupied = self.occupied.clone();
        self.change(|db| {
            for peering in peerings {
                if exists(db, peering.asn)? {
                    return Err(StoreError::Exists.into());
                }
                let id = if is_free(db, peering.id)? {
                    peering.id
                } else {
                    free_id(db, id_max, &occupied)?.ok_or(StoreError::Full)?
                };
                let saved = Peering { id, ..peering.clone() };
                forget_options(db, saved.asn)?;
                insert(db, &saved, actor.now)?;
                put(db, &saved)?;
                db.execute("DELETE FROM peerling_removal WHERE as_num = ?", [saved.asn.get()])?;
                write(db, actor, &Entry::made(Action::Import, &saved))?;
            }
            Ok(count_up(db)?)
        })
    }

    /// Forgets this peering that was made by hand, or all of them, and nothing of them is taken
    /// down; which they were. `None`: there is none.
    pub fn give_back(
        &mut self,
        asn: Option<Asn>,
        actor: &Actor,
    ) -> Result<Option<(Vec<Asn>, Generation)>, StoreError> {
        let mut peerings = Vec::new();
        for row in self.rows()? {
            if let Ok((peering, _)) = Peering::read(&row)
                && peering.adopted.is_some()
                && asn.is_none_or(|asn| asn == peering.asn)
            {
                peerings.push(peering);
            }
        }
        if peerings.is_empty() {
            return Ok(None);
        }
        self.change(|db| {
            for peering in &peerings {
                let number = peering.asn.get();
                db.execute("DELETE FROM peering_links WHERE as_num = ?", [number])?;
                forget_options(db, peering.asn)?;
                for table in ["peerling_suspension", "peerling_adopted"] {
                    db.execute(&format!("DELETE FROM {table} WHERE as_num = ?"), [number])?;
                }
                write(db, actor, &Entry::of(Action::GiveBack, peering))?;
            }
            let asns = peerings.iter().map(|peering| peering.asn).collect();
            Ok(Some((asns, count_up(db)?)))
        })
    }
}

/// What is kept, in the columns from this one on; `None` where nothing is.
pub(super) fn row(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<AdoptedRow>> {
    let Some(link) = row.get(first)? else { return Ok(None) };
    Ok(Some(AdoptedRow {
        link,
        listen_port: row.get(first + 1)?,
        local_address: row.get(first + 2)?,
        own_key: row.get(first + 3)?,
        allowed_ips: row.get(first + 4)?,
        keepalive_s: row.get(first + 5)?,
        protocol: row.get(first + 6)?,
        bird_file: row.get(first + 7)?,
    }))
}

fn put(db: &Connection, peering: &Peering) -> rusqlite::Result<()> {
    let Some(adopted) = &peering.adopted else { return Ok(()) };
    let row = adopted.to_row();
    db.execute(
        &format!(
            "INSERT OR REPLACE INTO peerling_adopted (as_num, {COLUMNS})
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ),
        params![
            peering.asn.get(),
            row.link,
            row.listen_port,
            row.local_address,
            row.own_key,
            row.allowed_ips,
            row.keepalive_s,
            row.protocol,
            row.bird_file
        ],
    )?;
    Ok(())
}

/// Forgets what is kept of peerings of which neither a row nor a tombstone is left.
pub(super) fn forget_left(db: &Connection) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM peerling_adopted WHERE as_num NOT IN (SELECT as_num FROM peering_links)
             AND as_num NOT IN (SELECT as_num FROM peerling_removal)",
        [],
    )?;
    Ok(())
}

fn is_free(db: &Connection, id: PeeringId) -> rusqlite::Result<bool> {
    Ok(!db.prepare("SELECT 1 FROM peering_links WHERE id = ?")?.exists([id.get()])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Timestamp, WgKey};
    use crate::peering::adopted::tests::adopted;
    use crate::peering::tests::peering;
    use crate::store::Filter;
    use std::path::Path;
    use std::rc::Rc;

    fn actor() -> Actor {
        let (key, source) = ("local".to_string(), "local".to_string());
        Actor { name: "admin".into(), key, source, now: Timestamp(1) }
    }

    fn by_hand(id: u16, asn: u32) -> Peering {
        Peering { adopted: Some(Rc::new(adopted())), ..peering(id, asn, Some("fe80::b")) }
    }

    fn peerings(store: &Store) -> Vec<Peering> {
        let rows = store.rows().unwrap();
        rows.iter().map(|row| Peering::read(row).unwrap().0).collect()
    }

    #[test]
    fn what_was_made_by_hand_is_kept_beside_its_peering_and_given_back() {
        let mut store = Store::open(Path::new(":memory:")).unwrap();
        store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
        let wanted = [by_hand(1, 64602), by_hand(201, 64603)];
        let generation = store.adopt(&wanted, 65535, &actor()).unwrap();
        let found = peerings(&store);
        let first = Peering { id: 2.try_into().unwrap(), ..by_hand(1, 64602) };
        assert_eq!(found[1..], [first, by_hand(201, 64603)], "the id 1 is taken");
        assert_eq!(found[0].adopted, None);
        let kept = store.adopted().unwrap();
        assert_eq!(kept.into_values().collect::<Vec<_>>(), [adopted(), adopted()]);
        assert!(matches!(store.adopt(&wanted, 65535, &actor()), Err(StoreError::Exists)));
        // An edit keeps it.
        let after = Peering { key: WgKey::new([9; 32]).unwrap(), ..found[1].clone() };
        store.replace(&found[1], &after, Action::Edit, &actor()).unwrap();
        assert_eq!(peerings(&store)[1], after);
        let one = Asn::new(64603).unwrap();
        let (asns, later) = store.give_back(Some(one), &actor()).unwrap().unwrap();
        assert_eq!((asns, later), (vec![one], generation + 2));
        let (asns, _) = store.give_back(None, &actor()).unwrap().unwrap();
        assert_eq!(asns, [after.asn]);
        assert_eq!(store.give_back(None, &actor()).unwrap(), None);
        assert_eq!((peerings(&store).len(), store.tombstones().unwrap().len()), (1, 0));
        assert!(store.adopted().unwrap().is_empty());
        let log = store.audit_log(&Filter::default()).unwrap().records;
        let words: Vec<&str> = log.iter().map(|it| it.action.word()).collect();
        assert_eq!(words, ["create", "import", "import", "edit", "give-back", "give-back"]);
    }

    #[test]
    fn its_names_are_known_until_it_is_taken_down() {
        let mut store = Store::open(Path::new(":memory:")).unwrap();
        store.adopt(&[by_hand(1, 64602)], 65535, &actor()).unwrap();
        store.remove(&peerings(&store)[0], &actor()).unwrap();
        assert_eq!(store.adopted().unwrap().len(), 1);
        let tombstone = store.tombstones().unwrap()[0];
        store.forget(tombstone).unwrap();
        assert!(store.adopted().unwrap().is_empty());
    }
}
