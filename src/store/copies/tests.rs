//! The copy is the same for the same content, has no secret, and is a database to go on with.

use super::*;
use crate::model::{Timestamp, WgSecret};
use crate::peering::tests::peering;
use crate::peering::{Peering, Status};
use crate::store::Actor;
use std::path::Path;

const SECRET: [u8; 32] = [0x5a; 32];

fn actor(name: &str) -> Actor {
    let (key, source) = ("SHA256:fingerprint".to_string(), "2001:db8::ad".to_string());
    Actor { name: name.into(), key, source, now: Timestamp(1_700_000_000) }
}

/// A POP with something in every table that is copied, and in those that are not.
fn full(path: &Path) -> Store {
    let mut store = Store::open(path).unwrap();
    let (alice, admin) = (actor("ALICE-MNT"), actor("admin"));
    let keyed = Peering {
        preshared_key: Some(WgSecret::new(SECRET)),
        mtu: Some(1400),
        maintainer: "ALICE-MNT".parse().ok(),
        ..peering(1, 64601, Some("fe80:0::01"))
    };
    for peering in [&keyed, &peering(2, 64602, None), &peering(3, 64603, None)] {
        store.create(peering, 65535, &alice).unwrap();
    }
    store.remove(&peering(2, 64602, None), &alice).unwrap();
    store.suspend(&peering(3, 64603, None), "too loud", &admin).unwrap();
    store.ban(&"MALLORY-MNT".parse().unwrap(), "knows why", &admin).unwrap();
    store.keep_shell_history("ALICE-MNT", &["typed this".to_string()]).unwrap();
    store
}

/// The copy, opened as a restored POP opens it.
fn restored(place: &Path, bytes: &[u8]) -> Store {
    let path = place.join("restored.db");
    std::fs::write(&path, bytes).unwrap();
    Store::open(&path).unwrap()
}

fn place(name: &str) -> std::path::PathBuf {
    let place = std::env::temp_dir().join(format!("peerling-copy-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).unwrap();
    place
}

#[test]
fn a_pop_is_made_anew_from_it() {
    let place = place("anew");
    let store = full(&place.join("peering.db"));
    let again = restored(&place, &store.publishable().unwrap());
    let without_key = |store: &Store| {
        let mut rows = store.rows().unwrap();
        rows.iter_mut().for_each(|row| row.preshared_key = None);
        rows
    };
    assert_eq!(again.rows().unwrap(), without_key(&store));
    assert_eq!(again.rows().unwrap().len(), 2);
    assert_eq!(again.tombstones().unwrap(), store.tombstones().unwrap());
    assert_eq!(again.tombstones().unwrap().len(), 1);
    assert_eq!(again.suspensions().unwrap(), store.suspensions().unwrap());
    assert_eq!(again.bans().unwrap(), store.bans().unwrap());
    assert_eq!(again.bans().unwrap().len(), 1);
    let stands = again.status("64603".parse().unwrap()).unwrap();
    assert_eq!(stands, Some(Status::Suspended));
    assert!(again.generation().unwrap() >= again.tombstones().unwrap()[0].generation);
    let _ = std::fs::remove_dir_all(place);
}

#[test]
fn it_has_no_secret() {
    let place = place("secret");
    let store = full(&place.join("peering.db"));
    let key = WgSecret::new(SECRET).reveal();
    let private = [key.as_str(), "SHA256:", "2001:db8::ad", "typed this"];
    let has =
        |bytes: &[u8], words: &str| bytes.windows(words.len()).any(|it| it == words.as_bytes());
    let whole = [store.path.clone(), store.path.with_extension("db-wal")];
    let whole: Vec<u8> =
        whole.iter().flat_map(|it| std::fs::read(it).unwrap_or_default()).collect();
    let copy = store.publishable().unwrap();
    for words in private {
        assert!(has(&whole, words) && !has(&copy, words), "{words}");
    }
    let _ = std::fs::remove_dir_all(place);
}

#[test]
fn the_same_content_has_the_same_bytes() {
    let place = place("bytes");
    let mut store = full(&place.join("peering.db"));
    let first = store.publishable().unwrap();
    assert_eq!(store.publishable().unwrap(), first);
    // The way there does not matter, nor how often something was changed, nor who looks.
    store.create(&peering(9, 64609, None), 65535, &actor("ALICE-MNT")).unwrap();
    let longer = store.publishable().unwrap();
    assert_ne!(longer, first);
    store.remove(&peering(2, 64609, None), &actor("ALICE-MNT")).unwrap();
    let tombstones = store.tombstones().unwrap();
    let newest = *tombstones.iter().find(|it| it.asn.get() == 64609).unwrap();
    store.forget(newest).unwrap();
    assert_eq!(store.publishable().unwrap(), first);
    assert_eq!(Store::open_read_only(&store.path).unwrap().publishable().unwrap(), first);
    assert_eq!(restored(&place, &first).publishable().unwrap(), first);
    let _ = std::fs::remove_dir_all(place);
}

#[test]
fn an_older_database_is_copied_too() {
    let place = place("old");
    let path = place.join("peering.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(migrations::MIGRATIONS[0].split(';').next().unwrap()).unwrap();
    let insert = "INSERT INTO peering_links VALUES (7, 64607, 'key', '2001:db8::7', 20263, '')";
    old.execute(insert, []).unwrap();
    let copy = Store::open_read_only(&path).unwrap().publishable().unwrap();
    let rows = restored(&place, &copy).rows().unwrap();
    assert_eq!((rows.len(), rows[0].id, rows[0].as_num), (1, 7, 64607));
    let _ = std::fs::remove_dir_all(place);
}

/// Whoever adds a table or column decides whether it may be published.
#[test]
fn every_table_is_copied_or_left_out_knowingly() {
    let left_out = [
        "peerling_audit",
        "peerling_latency",
        "peerling_left_alone",
        "peerling_naming",
        "peerling_owed",
        "peerling_peering.preshared_key",
        "peerling_shell_history",
        "peerling_state",
        "peerling_transition",
    ];
    let store = Store::open(Path::new(":memory:")).unwrap();
    let query = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let all: Vec<(String, String)> = store
        .read(|it| {
            it.prepare(query)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .unwrap();
    assert!(all.len() > 20);
    for (table, column) in all {
        let kept = KEPT.iter().any(|(it, columns)| *it == table && columns.contains(&&*column));
        let left = left_out.contains(&&*table) || left_out.contains(&&*format!("{table}.{column}"));
        assert!(kept != left, "{table}.{column}: may it be published?");
    }
}

fn asn(number: u32) -> Asn {
    Asn::new(number).unwrap()
}

fn copy() -> Vec<u8> {
    let mut store = Store::open(Path::new(":memory:")).unwrap();
    let (key, source) = (String::new(), String::new());
    let actor = Actor { name: "ALICE-MNT".into(), key, source, now: Timestamp(1) };
    for number in 1..=50 {
        store.create(&peering(1, 64600 + number, None), 65535, &actor).unwrap();
    }
    store.publishable().unwrap()
}

#[test]
fn a_copy_tells_who_peers_there() {
    let asked = [asn(64601), asn(64650), asn(64651), asn(4242420001)];
    assert_eq!(peered_in_copy(&copy(), &asked).unwrap(), [asn(64601), asn(64650)]);
    assert_eq!(peered_in_copy(&copy(), &[]).unwrap(), []);
}

/// A file that somebody pushed: whatever it is, it costs little and tells nothing.
#[test]
fn what_is_no_copy_is_refused() {
    let made = |sql: &str| {
        let mut it = Connection::open_in_memory().unwrap();
        it.execute_batch(sql).unwrap();
        it.serialize("main").unwrap().to_vec()
    };
    let endless = "CREATE VIEW peering_links AS WITH RECURSIVE n(as_num) AS
        (SELECT 1 UNION ALL SELECT as_num + 1 FROM n) SELECT as_num FROM n WHERE as_num < 0";
    let other = "CREATE TABLE peering_links (as_num INTEGER); INSERT INTO peering_links VALUES (1)";
    let files = [
        vec![],
        b"no database at all".to_vec(),
        vec![0; 4096],
        copy()[..5000].to_vec(),
        made(endless),
        made(other),
        made("CREATE TABLE x (y)"),
    ];
    for file in files {
        assert!(peered_in_copy(&file, &[asn(64601)]).is_err(), "{} bytes", file.len());
    }
}

/// Every byte of a copy turned over, one at a time: an answer or an error, and neither a crash
/// nor a wait without an end.
#[test]
fn no_broken_byte_does_harm() {
    let whole = copy();
    let started = std::time::Instant::now();
    for at in (0..whole.len()).step_by(37) {
        let mut file = whole.clone();
        file[at] ^= 0xff;
        let _ = peered_in_copy(&file, &[asn(64601), asn(64650), asn(64651)]);
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(60));
}
