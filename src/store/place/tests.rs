//! Files that are not what they should be are refused, and stay as they are.

use super::*;
use crate::model::Timestamp;
use crate::peering::tests::peering;
use crate::store::{Actor, Store};
use crate::testing::Place;

fn actor() -> Actor {
    let (key, source) = ("SHA256:x".to_string(), "2001:db8::1".to_string());
    Actor { name: "ALICE-MNT".into(), key, source, now: Timestamp(1_700_000_000) }
}

/// An open database with one peering, which stands in `-wal`.
fn open(place: &Place) -> (Store, PathBuf) {
    let path = place.0.join("peering.db");
    let mut store = Store::open(&path).unwrap();
    store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
    (store, path)
}

/// SQLite removes a `-wal` beside an empty database, with every change in it.
#[test]
fn a_wal_without_its_database_is_kept() {
    let place = Place::new("orphan");
    let (store, path) = open(&place);
    let changes = fs::read(companion(&path, "-wal")).unwrap();
    drop(store);
    for is_there in [true, false] {
        fs::write(companion(&path, "-wal"), &changes).unwrap();
        if is_there {
            fs::write(&path, "").unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let opened = [Store::open(&path), Store::open_read_only(&path), Store::look(&path)];
        for opened in opened {
            let error = opened.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("peering.db-wal holds changes"), "{error}");
        }
        assert!(Store::is_new(&path).is_err() && Store::can_write(&path).is_err());
        assert!(fs::read(companion(&path, "-wal")).unwrap() == changes);
        assert_eq!(path.exists(), is_there);
    }
    fs::remove_file(companion(&path, "-wal")).unwrap();
    assert_eq!(judge(&path).unwrap(), Found::Nothing);
}

#[test]
fn a_database_that_was_cut_is_no_empty_one() {
    let place = Place::new("cut");
    let (mut store, path) = open(&place);
    store.close().unwrap();
    let whole = fs::read(&path).unwrap();
    for bytes in [1, 15, 50, 99, 100, 511, 512, 1000, 4095] {
        fs::write(&path, &whole[..bytes]).unwrap();
        let opened = [Store::open(&path), Store::open_read_only(&path), Store::look(&path)];
        for opened in opened {
            assert!(matches!(opened, Err(StoreError::Damaged(..))), "{bytes} bytes");
        }
        assert_eq!(fs::metadata(&path).unwrap().len(), bytes as u64);
    }
    // Whole pages that are missing, and what is no database at all.
    for bytes in [&whole[..4096], &whole[..whole.len() - 4096], &[b'x'; 8192]] {
        fs::write(&path, bytes).unwrap();
        let opened = Store::open(&path);
        assert!(matches!(opened, Err(StoreError::Damaged(..))), "{} bytes", bytes.len());
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(Store::open(&path).unwrap().rows().unwrap().len(), 1);
}

#[test]
fn files_that_are_taken_away_are_noticed() {
    for taken in ["peering.db", "peering.db-wal"] {
        let place = Place::new("taken");
        let (mut store, path) = open(&place);
        fs::copy(place.0.join(taken), place.0.join("copy")).unwrap();
        fs::rename(place.0.join("copy"), place.0.join(taken)).unwrap();
        let words = "peering.db: the file was moved or replaced while it was open";
        for _ in 0..2 {
            let created = store.create(&peering(1, 64602, None), 65535, &actor()).unwrap_err();
            assert!(created.to_string().contains(words), "{created}");
            assert!(matches!(store.rows(), Err(StoreError::Replaced(_))));
        }
        fs::remove_file(&path).unwrap();
        assert!(matches!(store.outside_changes(), Err(StoreError::Removed(_))));
    }
}

/// SQLite would write the old `-wal` into the file that took the database's place.
#[test]
fn the_wal_does_not_stay_beside_another_file() {
    let now = Timestamp(1_700_000_000);
    for is_replaced in [true, false] {
        let place = Place::new("aside");
        let (mut store, path) = open(&place);
        assert_eq!(store.set_companions_aside(now).unwrap(), Vec::<PathBuf>::new(), "all is ours");
        let changes = fs::read(companion(&path, "-wal")).unwrap();
        let other = place.0.join("other.db");
        Store::open(&other).unwrap().close().unwrap();
        fs::write(place.0.join("peering.db-wal.20231114221320"), "an older one").unwrap();
        if is_replaced {
            fs::rename(&other, &path).unwrap();
        } else {
            fs::rename(&path, place.0.join("away.db")).unwrap();
        }
        assert_eq!(store.is_replaced(), is_replaced);
        let moved = store.set_companions_aside(now).unwrap();
        let names = ["peering.db-wal.20231114221320.2", "peering.db-shm.20231114221320"];
        assert_eq!(moved, names.map(|name| place.0.join(name)));
        assert_eq!(store.set_companions_aside(now).unwrap(), Vec::<PathBuf>::new());
        assert!(store.rows().is_err() && store.close().is_err());
        assert!(fs::read(&moved[0]).unwrap() == changes, "nothing is lost");
        assert!(!companion(&path, "-wal").exists());
        if is_replaced {
            assert_eq!(Store::open(&path).unwrap().rows().unwrap(), []);
        } else {
            let opened = Store::open(&path).err().unwrap().to_string();
            assert!(opened.contains("there is no database here, or an empty one"), "{opened}");
            assert!(!path.exists());
        }
    }
}

/// A `-wal` that came with the new file is the new file's; a symlink that leads elsewhere leaves
/// the old file whole where it is.
#[test]
fn what_is_not_ours_or_in_its_place_is_left_alone() {
    let place = Place::new("not-aside");
    let (store, path) = open(&place);
    for file in [path.clone(), companion(&path, "-wal"), companion(&path, "-shm")] {
        fs::copy(&file, place.0.join("copy")).unwrap();
        fs::rename(place.0.join("copy"), &file).unwrap();
    }
    assert_eq!(store.set_companions_aside(Timestamp(1)).unwrap(), Vec::<PathBuf>::new());
    let place = Place::new("symlink");
    let (first, path) = open(&place);
    drop(first);
    let link = place.0.join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let store = Store::open(&link).unwrap();
    fs::remove_file(&link).unwrap();
    fs::write(&link, "another").unwrap();
    assert!(matches!(store.rows(), Err(StoreError::Replaced(_))));
    assert!(!store.is_replaced());
    assert_eq!(store.set_companions_aside(Timestamp(1)).unwrap(), Vec::<PathBuf>::new());
    assert!(companion(&path, "-wal").exists());
}

/// A database with preshared keys is its owner's alone, whoever made it and with whatever umask.
#[test]
fn others_cannot_read_it() {
    let place = Place::new("mode");
    let (mut store, path) = open(&place);
    let mode = |file: &Path| fs::metadata(file).unwrap().mode() & 0o777;
    assert_eq!([mode(&path), mode(&companion(&path, "-wal"))], [MODE, MODE]);
    store.close().unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.query_row("SELECT count(*) FROM peering_links", [], |_| Ok(())).unwrap();
    assert_eq!(open_to_others(&path).len(), 3, "the replaced service's");
    let _store = Store::open_as(&crate::peering::tests::site(), &path).unwrap();
    assert_eq!(open_to_others(&path), []);
    let all = files_of(&path);
    assert_eq!(all.iter().map(|file| mode(file)).collect::<Vec<_>>(), [MODE; 3]);
}

#[test]
fn what_cannot_be_written_is_named() {
    let place = Place::new("unwritable");
    assert_eq!(unwritable(&place.0.join("peering.db")), None);
    let path = place.0.join("absent/peering.db");
    let words = unwritable(&path).unwrap();
    assert!(words.contains("absent: No such file or directory"), "{words}");
    assert!(Store::can_write(&path).unwrap_err().to_string().contains("absent: No such file"));
}
