//! Damage is seen before anything is believed; what is sound is left as one whole file.

use super::*;
use crate::model::Timestamp;
use crate::peering::tests::peering;
use crate::store::{Abort, Actor};
use crate::testing::Place;
use std::fs::{self, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

/// Bytes of a page of ours.
const PAGE: u64 = 4096;
/// What SQLite calls the index of the AS numbers.
const INDEX: &str = "sqlite_autoindex_peering_links_1";

fn actor() -> Actor {
    let (key, source) = ("SHA256:x".to_string(), "2001:db8::1".to_string());
    Actor { name: "ALICE-MNT".into(), key, source, now: Timestamp(1_700_000_000) }
}

/// A closed database with so many peerings.
fn database(place: &Place, peerings: u32) -> PathBuf {
    let path = place.0.join("peering.db");
    let mut store = Store::open(&path).unwrap();
    for number in 1..=peerings {
        store.create(&peering(1, 64600 + number, None), 65535, &actor()).unwrap();
    }
    store.close().unwrap();
    path
}

/// Where the first page of a table or an index begins.
fn first_page(path: &Path, name: &str) -> u64 {
    let it = Connection::open(path).unwrap();
    let query = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
    let number: i64 = it.query_row(query, [name], |row| row.get(0)).unwrap();
    (u64::try_from(number).unwrap() - 1) * PAGE
}

fn write_over(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

fn page_at(path: &Path, at: u64) -> Vec<u8> {
    let mut file = fs::File::open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    let mut page = vec![0; usize::try_from(PAGE).unwrap()];
    file.read_exact(&mut page).unwrap();
    page
}

/// With parts of SQLite taken out EXPLAIN ran its statement, `integrity_check` said nothing, and a
/// trigger of the operator's made every change fail.
#[test]
fn sqlite_is_whole() {
    let mut store = Store::open(Path::new(":memory:")).unwrap();
    store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
    let it = &store.connection;
    let mut plan = it.prepare("EXPLAIN DELETE FROM peering_links").unwrap();
    assert!(plan.query([]).unwrap().next().unwrap().is_some(), "it is explained");
    drop(plan);
    assert_eq!(store.rows().unwrap().len(), 1, "and not done");
    let check = it.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(check.as_deref(), Ok("ok"));
    it.execute_batch(
        "CREATE TABLE journal (at TEXT NOT NULL, day TEXT NOT NULL, as_num INTEGER);
         CREATE TRIGGER noted AFTER INSERT ON peering_links BEGIN
             INSERT INTO journal VALUES
                 (datetime('now'), strftime('%Y', 'now', 'localtime'), NEW.as_num); END",
    )
    .unwrap();
    store.create(&peering(1, 64602, None), 65535, &actor()).unwrap();
    let noted = "SELECT count(*) FROM journal WHERE length(at) = 19 AND as_num = 64602";
    assert_eq!(store.connection.query_row(noted, [], |row| row.get(0)), Ok(1));
    let mut options = store.connection.prepare("PRAGMA compile_options").unwrap();
    let left_out: Vec<String> = options
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
        .map(Result::unwrap)
        .filter(|option| option.starts_with("OMIT_"))
        .collect();
    // Those that SQLite's authors recommend, and what a static program cannot do anyway.
    let allowed = ["OMIT_DECLTYPE", "OMIT_DEPRECATED", "OMIT_LOAD_EXTENSION", "OMIT_SHARED_CACHE"];
    assert_eq!(left_out, allowed);
}

#[test]
fn a_page_that_was_written_over_is_seen_and_left_alone() {
    for name in [INDEX, "peering_links", "peerling_audit", "peerling_audit_of"] {
        let place = Place::new("page");
        let path = database(&place, 12);
        let at = first_page(&path, name);
        write_over(&path, at, &[0x5a; 512]);
        let damaged = fs::read(&path).unwrap();
        let opened = [Store::open(&path), Store::open_read_only(&path), Store::look(&path)];
        for opened in opened {
            let error = opened.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("peering.db: the database is damaged ("), "{name}: {error}");
            assert!(error.contains("`peerling restore FILE`"), "{name}: {error}");
        }
        assert!(fs::read(&path).unwrap() == damaged, "{name}: nothing was written");
    }
}

/// A page of the index as it was when another AS number had the id: SQLite finds nothing wrong with
/// its form nor with how many there are, and the peering is not found by its AS number.
#[test]
fn an_index_that_does_not_fit_its_table_is_seen() {
    let place = Place::new("index");
    let path = database(&place, 12);
    let at = first_page(&path, INDEX);
    let before = page_at(&path, at);
    let mut store = Store::open(&path).unwrap();
    store.remove(&peering(12, 64612, None), &actor()).unwrap();
    store.create(&peering(1, 64699, None), 65535, &actor()).unwrap();
    store.close().unwrap();
    write_over(&path, at, &before);
    let error = Store::open(&path).err().unwrap().to_string();
    assert!(error.contains("row 12 missing from index"), "{error}");
}

#[test]
fn once_damage_was_seen_nothing_is_answered_any_more() {
    let place = Place::new("later");
    let path = database(&place, 12);
    let at = first_page(&path, INDEX);
    let mut store = Store::open(&path).unwrap();
    assert!(store.prove_sound().is_ok());
    write_over(&path, at, &[0x5a; 512]);
    // What the connection has in memory is as it was, and it is the file that is judged.
    assert!(matches!(store.prove_sound(), Err(StoreError::Damaged(..))));
    let asked = [
        store.rows().map(drop),
        store.generation().map(drop),
        store.create(&peering(1, 64699, None), 65535, &actor()).map(drop),
        store.settle(),
        store.try_write(),
    ];
    for answer in asked {
        assert!(matches!(answer, Err(StoreError::Damaged(..))), "{answer:?}");
    }
}

#[test]
fn a_closed_database_is_one_file() {
    let place = Place::new("closed");
    let path = database(&place, 9);
    assert_eq!(fs::read_dir(&place.0).unwrap().count(), 1, "no -wal and no -shm");
    let copy = place.0.join("copy.db");
    fs::copy(&path, &copy).unwrap();
    assert_eq!(Store::open_read_only(&copy).unwrap().rows().unwrap().len(), 9);
}

/// After a quiet minute a copy of the file alone is whole, and nobody takes that for a change.
#[test]
fn a_settled_database_is_one_file_while_it_is_open() {
    let place = Place::new("settled");
    let path = place.0.join("peering.db");
    let mut store = Store::open(&path).unwrap();
    store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
    let state = store.state().unwrap();
    // Somebody reads: nothing is waited for.
    let reader = Connection::open(&path).unwrap();
    let moment = reader.unchecked_transaction().unwrap();
    assert!(moment.query_row("SELECT count(*) FROM peering_links", [], |_| Ok(())).is_ok());
    let started = std::time::Instant::now();
    store.settle().unwrap();
    assert!(started.elapsed() < std::time::Duration::from_millis(200));
    drop(moment);
    store.settle().unwrap();
    assert_eq!(fs::metadata(place.0.join("peering.db-wal")).unwrap().len(), 0);
    let copy = place.0.join("copy.db");
    fs::copy(&path, &copy).unwrap();
    assert_eq!(Store::open_read_only(&copy).unwrap().rows().unwrap().len(), 1);
    assert_eq!(store.state().unwrap(), state);
}

#[test]
fn to_try_a_change_changes_nothing() {
    let place = Place::new("try");
    let path = database(&place, 1);
    let mut store = Store::open(&path).unwrap();
    let state = store.state().unwrap();
    store.try_write().unwrap();
    Store::can_write(&path).unwrap();
    assert_eq!(store.state().unwrap().0, state.0);
    assert_eq!(store.rows().unwrap().len(), 1);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.try_write(), Err(StoreError::Busy(_))));
    let refused = store.change(|_| Err::<(), Abort>(StoreError::Absent.into()));
    assert!(matches!(refused, Err(StoreError::Busy(_))));
}
