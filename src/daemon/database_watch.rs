//! The watch over the database: somebody else's change rings the bell; a file that is damaged or
//! was replaced is told, and our `-wal` does not stay beside another's file; what stands in `-wal`
//! moves into the file when nothing has changed for a while.

use super::Trouble;
use crate::board::Cause;
use crate::control::Control;
use crate::limits::{DATABASE_LOOK_INTERVAL, DATABASE_PROOF_INTERVAL, DATABASE_QUIET};
use crate::model::{Once, Turn};
use crate::store::{Store, StoreError};
use crate::sys;
use smol::Timer;
use std::rc::Rc;
use std::time::Instant;

/// What is known of the database.
struct DatabaseWatch {
    /// Moves with every change, whoever makes it.
    state: Option<(i64, u64)>,
    changed: Instant,
    /// Nothing has changed since what stood in `-wal` was moved.
    is_settled: bool,
    proven: Instant,
    trouble: Once<String>,
}

/// Who has changed the database since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changed {
    /// Nobody.
    No,
    /// We have; whoever did rang the bell.
    ByUs,
    /// Somebody else (`peerling exec`, sqlite3): the loop has to look.
    ByOthers,
}

/// Goes on until the program ends.
pub async fn run(control: Rc<Control>) {
    let mut watch = DatabaseWatch::new(&control.store.borrow(), Instant::now());
    loop {
        Timer::after(DATABASE_LOOK_INTERVAL).await;
        let looked = watch.look(&control.store.borrow(), Instant::now());
        if looked.as_ref().is_ok_and(|changed| *changed == Changed::ByOthers) {
            control.bell.ring(Cause::Other("the database was changed"));
        }
        watch.tell(looked.err());
        let store = control.store.borrow();
        if store.is_replaced() {
            make_way(&store);
        }
    }
}

/// Moves what stands in `-wal` into the file and lets go of it; beside a file that is not ours our
/// `-wal` does not stay.
pub fn close(store: &mut Store) -> Result<(), Trouble> {
    make_way(store);
    store.close().map_err(|error| Trouble::new(error.to_string()))
}

/// Sets our `-wal` aside where our file is gone, and logs where it is: whatever is there now is
/// opened alone.
fn make_way(store: &Store) {
    match store.set_companions_aside(sys::now()) {
        Ok(moved) if moved.is_empty() => {}
        Ok(moved) => {
            let names: Vec<String> = moved.iter().map(|file| file.display().to_string()).collect();
            log::warn!(
                "what stood beside the old database does not belong to what is there now, and is \
                 kept as {}",
                names.join(" and ")
            );
        }
        Err(error) => log::error!("the old database's -wal could not be set aside: {error}"),
    }
}

impl DatabaseWatch {
    /// Over a database that was proven sound when it was opened, just now.
    fn new(store: &Store, now: Instant) -> DatabaseWatch {
        let state = store.state().ok();
        DatabaseWatch {
            state,
            changed: now,
            is_settled: false,
            proven: now,
            trouble: Once::default(),
        }
    }

    fn look(&mut self, store: &Store, now: Instant) -> Result<Changed, StoreError> {
        let state = store.state()?;
        let changed = match self.state {
            Some(before) if before == state => Changed::No,
            Some((outside, _)) if outside == state.0 => Changed::ByUs,
            _ => Changed::ByOthers,
        };
        if changed != Changed::No {
            (self.state, self.changed, self.is_settled) = (Some(state), now, false);
        }
        if !self.is_settled && now - self.changed >= DATABASE_QUIET {
            store.settle()?;
            self.is_settled = true;
        }
        if now - self.proven >= DATABASE_PROOF_INTERVAL {
            self.proven = now;
            store.prove_sound()?;
        }
        Ok(changed)
    }

    /// Logs what is not well, once, and that it is over.
    fn tell(&mut self, error: Option<StoreError>) {
        match self.trouble.turn(error.map(|error| error.to_string())) {
            Turn::Wrong(words) => log::error!("{words}"),
            Turn::Over => log::info!("the database is well again"),
            Turn::Same => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use crate::peering::tests::peering;
    use crate::store::Actor;
    use crate::testing::Place;
    use std::fs::{self, OpenOptions};
    use std::io::{Seek as _, SeekFrom, Write as _};
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);
    const QUIET: Duration = DATABASE_QUIET;
    const DAY: Duration = DATABASE_PROOF_INTERVAL;

    fn actor() -> Actor {
        let (key, source) = ("local".to_string(), "local".to_string());
        Actor { name: "admin".into(), key, source, now: Timestamp(1) }
    }

    #[test]
    fn changes_are_seen_and_moved_into_the_file_after_a_quiet_minute() {
        let place = Place::new("watch");
        let path = place.0.join("peering.db");
        let wal = place.0.join("peering.db-wal");
        let (mut store, now) = (Store::open(&path).unwrap(), Instant::now());
        let mut watch = DatabaseWatch::new(&store, now);
        assert_eq!(watch.look(&store, now).unwrap(), Changed::No);
        store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
        assert_eq!(watch.look(&store, now).unwrap(), Changed::ByUs);
        let mut other = Store::open(&path).unwrap();
        other.create(&peering(1, 64602, None), 65535, &actor()).unwrap();
        assert_eq!(watch.look(&store, now).unwrap(), Changed::ByOthers);
        assert_eq!(watch.look(&store, now + QUIET - SECOND).unwrap(), Changed::No);
        assert!(fs::metadata(&wal).unwrap().len() > 0);
        assert_eq!(watch.look(&store, now + QUIET).unwrap(), Changed::No);
        assert_eq!(fs::metadata(&wal).unwrap().len(), 0);
        assert_eq!(watch.look(&store, now + QUIET + SECOND).unwrap(), Changed::No);
    }

    #[test]
    fn damage_is_seen_within_a_day_and_nothing_is_believed_then() {
        let place = Place::new("watch-damage");
        let path = place.0.join("peering.db");
        let now = Instant::now();
        let mut store = Store::open(&path).unwrap();
        store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
        store.close().unwrap();
        let store = Store::open(&path).unwrap();
        let mut watch = DatabaseWatch::new(&store, now);
        watch.look(&store, now + QUIET).unwrap();
        // The last page: nothing of it is in memory yet.
        let mut file = OpenOptions::new().write(true).open(&path).unwrap();
        file.seek(SeekFrom::End(-4096)).unwrap();
        file.write_all(&[0x5a; 4096]).unwrap();
        assert_eq!(watch.look(&store, now + DAY - SECOND).unwrap(), Changed::No);
        for seconds in [0, 1, 2] {
            let looked = watch.look(&store, now + DAY + seconds * SECOND);
            assert!(matches!(looked, Err(StoreError::Damaged(..))), "{looked:?}");
        }
    }
}
