//! A database in the place of another: checked before, whole afterwards, and the old one kept.

use super::*;
use crate::peering::Site;
use crate::peering::tests::{peering, site};
use crate::store::Actor;
use crate::testing::Place;
use rusqlite::Connection;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn actor() -> Actor {
    let (key, source) = ("SHA256:x".to_string(), "2001:db8::1".to_string());
    Actor { name: "ALICE-MNT".into(), key, source, now: NOW }
}

/// An open database with so many peerings.
fn open(path: &Path, peerings: u32) -> Store {
    let mut store = Store::open_as(&site(), path).unwrap();
    for number in 1..=peerings {
        store.create(&peering(1, 64600 + number, None), 65535, &actor()).unwrap();
    }
    store
}

/// The files of a database that a crash left open: copies, since a process cannot hold a lock from
/// itself.
fn crashed(store: Store, path: &Path) {
    let wal = fs::read(companion(path, "-wal")).unwrap();
    let main = fs::read(path).unwrap();
    drop(store);
    fs::write(path, main).unwrap();
    fs::write(companion(path, "-wal"), wal).unwrap();
}

fn count(path: &Path) -> usize {
    Store::open_read_only(path).unwrap().rows().unwrap().len()
}

#[test]
fn a_backup_takes_the_place_and_the_old_one_is_kept_with_its_wal() {
    let place = Place::new("restore");
    let (path, backup) = (place.0.join("peering.db"), place.0.join("backup.db"));
    let store = open(&path, 3);
    fs::write(&backup, store.publishable().unwrap()).unwrap();
    crashed(store, &path);
    // What came after the backup stands in -wal alone.
    crashed(open(&path, 0), &path);
    let mut later = open(&path, 0);
    for number in 4..=9 {
        later.create(&peering(1, 64600 + number, None), 65535, &actor()).unwrap();
    }
    crashed(later, &path);
    let before = fs::read(&backup).unwrap();
    let restored = Store::restore(&site(), &path, &backup, NOW).unwrap();
    let kept = place.0.join("peering.db.20231114221320");
    assert_eq!(restored, Restored { peerings: 3, kept: Some(kept.clone()) });
    assert!(fs::read(&backup).unwrap() == before, "the backup is as it was");
    assert_eq!(count(&path), 3);
    assert_eq!(count(&kept), 9, "with all that stood in its -wal");
    assert_eq!(place::open_to_others(&path), []);
    assert_eq!(Store::open_as(&site(), &path).unwrap().rows().unwrap().len(), 3);
    let names = fs::read_dir(&place.0).unwrap().map(|it| it.unwrap().file_name());
    assert!(!names.into_iter().any(|it| it.to_string_lossy().contains(".restore")));
}

#[test]
fn a_copy_with_its_own_wal_is_restored_whole_where_there_was_none() {
    let place = Place::new("restore-wal");
    let (from, path) = (place.0.join("copied.db"), place.0.join("peering.db"));
    crashed(open(&from, 5), &from);
    let restored = Store::restore(&site(), &path, &from, NOW).unwrap();
    assert_eq!(restored, Restored { peerings: 5, kept: None });
    assert_eq!(count(&path), 5);
    assert!(companion(&from, "-wal").exists(), "what was copied is as it was");
}

#[test]
fn a_second_one_in_the_same_second_keeps_both() {
    let place = Place::new("restore-twice");
    let (path, backup) = (place.0.join("peering.db"), place.0.join("backup.db"));
    let mut store = open(&path, 3);
    fs::write(&backup, store.publishable().unwrap()).unwrap();
    store.remove(&peering(1, 64601, None), &actor()).unwrap();
    store.close().unwrap();
    let kept = ["peering.db.20231114221320", "peering.db.20231114221320.2"];
    for name in kept {
        let restored = Store::restore(&site(), &path, &backup, NOW).unwrap();
        assert_eq!(restored.kept, Some(place.0.join(name)));
    }
    assert_eq!(kept.map(|name| count(&place.0.join(name))), [2, 3]);
}

/// What waited to be taken down then may have been made anew since.
#[test]
fn nothing_is_taken_down_on_the_word_of_a_backup() {
    let place = Place::new("restore-stones");
    let (path, backup) = (place.0.join("peering.db"), place.0.join("backup.db"));
    let mut store = open(&path, 2);
    store.remove(&peering(1, 64601, None), &actor()).unwrap();
    fs::write(&backup, store.publishable().unwrap()).unwrap();
    store.close().unwrap();
    Store::restore(&site(), &path, &backup, NOW).unwrap();
    assert_eq!(Store::open(&path).unwrap().tombstones().unwrap(), []);
    assert_eq!(count(&path), 1);
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let place = Place::new("restore-refused");
    let path = place.0.join("peering.db");
    let mut store = open(&path, 1);
    let copy = store.publishable().unwrap();
    store.close().unwrap();
    let old = fs::read(&path).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let file = place.0.join(name);
        fs::write(&file, bytes).unwrap();
        file
    };
    let newer = file("newer", &copy);
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let other = place.0.join("other");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE x (y)").unwrap();
    let mut broken = copy.clone();
    broken[4096..4600].fill(0x5a);
    for (from, words) in [
        (place.0.join("absent"), "absent: there is no such file"),
        (file("empty", b""), "there is no database in it"),
        (file("cut", &copy[..3000]), "3000 bytes are left of it"),
        (file("text", &[b'x'; 5000]), "file is not a database"),
        (file("broken", &broken), "broken: the database in it is damaged"),
        (newer, "made by a newer peerling"),
        (other, "it has no table peering_links"),
        (path.clone(), "this is store.path itself"),
    ] {
        let error = Store::restore(&site(), &path, &from, NOW).unwrap_err().to_string();
        assert!(error.contains(words), "{}: {error}", from.display());
        assert!(fs::read(&path).unwrap() == old, "{words}");
    }
    let stranger =
        Site { name: "other.example.net".into(), asn: "64999".parse().unwrap(), ..site() };
    let from = file("copy", &copy);
    let error = Store::restore(&stranger, &path, &from, NOW).unwrap_err();
    assert!(matches!(error, StoreError::Another(..)), "{error}");
    assert_eq!(
        fs::read_dir(&place.0)
            .unwrap()
            .filter(|it| {
                it.as_ref().unwrap().file_name().to_string_lossy().starts_with("peering.db")
            })
            .count(),
        1,
        "no draft, no other name"
    );
}
