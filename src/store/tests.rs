//! The store against real databases in a temporary directory.

use super::*;
use crate::limits::{SHELL_HISTORY_LINES_MAX, SHELL_HISTORY_OWNERS_MAX, TRANSITIONS_KEPT_MAX};
use crate::model::{Families, MeasuredRtt, WgSecret};
use crate::peering::history::{Subject, Transition};
use crate::peering::tests::peering;
use crate::peering::{Peering, Tombstone};
use rusqlite::params;
use std::collections::BTreeMap;
use std::path::Path;

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let place =
            std::env::temp_dir().join(format!("peerling-store-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&place);
        std::fs::create_dir_all(&place).unwrap();
        Place(place)
    }

    fn path(&self) -> PathBuf {
        self.0.join("peering.db")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn actor() -> Actor {
    Actor {
        name: "ALICE-MNT".into(),
        key: "SHA256:x".into(),
        source: "2001:db8::1".into(),
        now: Timestamp(1_700_000_000),
    }
}

#[test]
fn whoever_changes_something_changes_the_state() {
    let place = Place::new("state");
    let mut store = Store::open(&place.path()).unwrap();
    let state = store.state().unwrap();
    assert_eq!((store.rows().unwrap(), store.state().unwrap()), (vec![], state));
    store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
    let own = store.state().unwrap();
    assert_ne!(own, state);
    let other = Connection::open(place.path()).unwrap();
    other.execute("DELETE FROM peering_links", []).unwrap();
    let outside = store.state().unwrap();
    assert!(outside != own && outside != state);
    store.remove(&peering(1, 64601, None), &actor()).unwrap_err();
    assert_eq!(store.state().unwrap(), outside, "nothing was there to remove");
}

fn ids(store: &Store) -> Vec<i64> {
    let mut ids: Vec<i64> = store.rows().unwrap().iter().map(|row| row.id).collect();
    ids.sort_unstable();
    ids
}

/// Of a database of ours and of one that the replaced service made, which has no tables of ours.
#[test]
fn the_rows_of_some_are_those_among_all() {
    let place = Place::new("some");
    let mut store = Store::open(&place.path()).unwrap();
    for number in 1..=9 {
        store.create(&peering(1, 64600 + number, None), 65535, &actor()).unwrap();
    }
    let [second, ninth, absent] = [64602, 64609, 64610].map(|it| Asn::new(it).unwrap());
    let asked = [second, ninth, absent];
    let of_those = |row: &crate::peering::Row| [64602, 64609].contains(&row.as_num);
    let among_all: Vec<_> = store.rows().unwrap().into_iter().filter(of_those).collect();
    assert_eq!(store.rows_of(&asked).unwrap(), among_all);
    assert_eq!(store.peered_of(&asked).unwrap(), [second, ninth]);
    assert_eq!((store.rows_of(&[]).unwrap(), store.peered_of(&[]).unwrap()), (vec![], vec![]));
    let old = Store { ours: false, ..store };
    assert_eq!(old.rows_of(&asked).unwrap().len(), 2);
}

#[test]
fn the_lowest_free_id_is_taken_again() {
    let place = Place::new("ids");
    let mut store = Store::open(&place.path()).unwrap();
    for number in 1..=4 {
        let (id, _) = store.create(&peering(99, 64600 + number, None), 65535, &actor()).unwrap();
        assert_eq!(u32::from(id.get()), number);
    }
    store.remove(&peering(2, 64602, None), &actor()).unwrap();
    let (id, _) = store.create(&peering(99, 64700, None), 65535, &actor()).unwrap();
    assert_eq!(id.get(), 2);
    assert_eq!(ids(&store), [1, 2, 3, 4]);
    let full = store.create(&peering(99, 64701, None), 4, &actor());
    assert!(matches!(full, Err(StoreError::Full)));
}

#[test]
fn two_creates_at_once_one_wins() {
    let place = Place::new("race");
    let mut one = Store::open(&place.path()).unwrap();
    let mut two = Store::open(&place.path()).unwrap();
    one.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
    let late = two.create(&peering(1, 64601, None), 65535, &actor());
    assert!(matches!(late, Err(StoreError::Exists)));
    two.remove(&peering(1, 64601, None), &actor()).unwrap();
    let gone = one.remove(&peering(1, 64601, None), &actor());
    assert!(matches!(gone, Err(StoreError::Absent)));
    let records: i64 = one
        .read(|it| it.query_row("SELECT count(*) FROM peerling_audit", [], |row| row.get(0)))
        .unwrap();
    assert_eq!(records, 2, "what was refused leaves no record of a change");
}

#[test]
fn a_removal_leaves_a_tombstone_until_it_is_forgotten() {
    let place = Place::new("stone");
    let mut store = Store::open(&place.path()).unwrap();
    store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
    let generation = store.remove(&peering(1, 64601, None), &actor()).unwrap();
    let tombstone = Tombstone { asn: Asn::new(64601).unwrap(), generation };
    assert_eq!(store.tombstones().unwrap(), [tombstone]);
    store.forget(Tombstone { generation: generation - 1, ..tombstone }).unwrap();
    assert_eq!(
        store.tombstones().unwrap(),
        [tombstone],
        "an older pass does not bury a newer removal"
    );
    store.forget(tombstone).unwrap();
    assert_eq!(store.tombstones().unwrap(), []);
    store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
    store.remove(&peering(1, 64601, None), &actor()).unwrap();
    store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
    assert_eq!(store.tombstones().unwrap(), [], "asked for again: nothing is to be taken down");
}

/// The database as the replaced service makes it, with the rows it would write.
fn of_the_replaced_service(path: &Path) {
    let old = Connection::open(path).unwrap();
    old.execute_batch(
        "CREATE TABLE peering_links(id INTEGER PRIMARY KEY CHECK(id BETWEEN 1 AND 65535), as_num INTEGER
           UNIQUE NOT NULL, wg_pub_key TEXT NOT NULL, wg_endpoint_addr TEXT NOT NULL, wg_endpoint_port
           INTEGER NOT NULL CHECK(wg_endpoint_port BETWEEN 1 AND 65535), user_link_local TEXT);
         INSERT INTO peering_links VALUES (1, 4242420001, 'AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=',
           'node.example.org', 20263, NULL), (3, 64600, 'AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=',
           'my_host.example.org', 20263, 'fe80::1');",
    )
    .unwrap();
}

#[test]
fn the_replaced_services_database_opens_and_stays_usable_by_it() {
    let place = Place::new("old");
    of_the_replaced_service(&place.path());
    let before = std::fs::read(place.path()).unwrap();
    let looked = Store::look(&place.path()).unwrap();
    assert_eq!((looked.rows().unwrap().len(), looked.generation().unwrap()), (2, 0));
    assert_eq!(looked.tombstones().unwrap(), []);
    drop(looked);
    assert_eq!(std::fs::read(place.path()).unwrap(), before, "looking changes nothing");
    let mut store = Store::open(&place.path()).unwrap();
    let (id, generation) = store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
    assert_eq!((id.get(), generation), (2, 1));
    drop(store);
    let old = Connection::open(place.path()).unwrap();
    old.execute("INSERT INTO peering_links VALUES (4, 64602, 'k', 'a', 1, NULL)", []).unwrap();
    let rows = Store::open(&place.path()).unwrap().rows().unwrap();
    let statuses: Vec<_> = rows.iter().map(|row| row.status.as_deref()).collect();
    assert_eq!(statuses, [None, Some("active"), None, None]);
}

#[test]
fn what_cannot_be_opened_says_why_and_is_left_alone() {
    let place = Place::new("bad");
    std::fs::write(
        place.path(),
        "this is no database, though it is long enough to look like one".repeat(30),
    )
    .unwrap();
    let before = std::fs::read(place.path()).unwrap();
    let error = Store::open(&place.path()).err().unwrap();
    assert!(error.to_string().contains("peering.db: "), "{error}");
    assert_eq!(std::fs::read(place.path()).unwrap(), before);
    let missing = Store::open(&place.0.join("no/such/place.db")).err().unwrap();
    assert!(missing.to_string().contains("no/such/place.db"), "{missing}");
}

#[test]
fn a_newer_database_is_refused() {
    let place = Place::new("newer");
    drop(Store::open(&place.path()).unwrap());
    let connection = Connection::open(place.path()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Store::open(&place.path()), Err(StoreError::Newer(_, 99))));
}

#[test]
fn a_held_database_is_a_fault_in_bounded_time() {
    let place = Place::new("busy");
    let mut store = Store::open(&place.path()).unwrap();
    let mut other = Connection::open(place.path()).unwrap();
    let _held = other.transaction_with_behavior(TransactionBehavior::Exclusive).unwrap();
    let refused = store.create(&peering(1, 64601, None), 65535, &actor());
    assert!(matches!(refused, Err(StoreError::Busy(_))));
}

#[test]
fn looking_at_a_database_that_is_not_there_makes_none() {
    let place = Place::new("look");
    assert_eq!(Store::look(&place.path()).unwrap().rows().unwrap(), []);
    assert!(!place.path().exists());
}

#[test]
fn round_trips_are_kept_as_long_as_their_peering() {
    let place = Place::new("latency");
    let mut store = Store::open(&place.path()).unwrap();
    let (generation, asn) = (|store: &Store| store.generation().unwrap(), Asn::new(64601).unwrap());
    let moment = Timestamp(1_700_000_000);
    let near = MeasuredRtt { smoothed_us: 900, class: 1, class_since: moment, last_answer: moment };
    let far = MeasuredRtt { smoothed_us: 90_000, class: 5, ..near };
    store.create(&peering(1, 64601, None), 65535, &actor()).unwrap();
    let before = generation(&store);
    store.put_latencies(&BTreeMap::from([(asn, near)])).unwrap();
    let stray = Asn::new(64999).unwrap();
    store.put_latencies(&BTreeMap::from([(asn, far), (stray, near)])).unwrap();
    let looked = Store::look(&place.path()).unwrap();
    assert_eq!(
        looked.latencies().unwrap(),
        BTreeMap::from([(asn, far)]),
        "the later one, and ours"
    );
    assert_eq!(generation(&store), before, "nobody asked for this");
    store.remove(&peering(1, 64601, None), &actor()).unwrap();
    assert_eq!(store.latencies().unwrap(), BTreeMap::new());
}

/// The version before round-trip times were kept is looked at as it is, and brought up to date.
/// A database as this version left it.
fn of_version(version: usize, place: &Place) -> Connection {
    let older = Connection::open(place.path()).unwrap();
    let steps = migrations::MIGRATIONS.iter().take(version);
    steps.for_each(|step| older.execute_batch(step).unwrap());
    older.pragma_update(None, "user_version", version as i64).unwrap();
    older
}

#[test]
fn a_database_of_the_first_version_knows_no_rtt() {
    let place = Place::new("first-version");
    let older = of_version(1, &place);
    drop(older);
    assert_eq!(Store::look(&place.path()).unwrap().latencies().unwrap(), BTreeMap::new());
    assert_eq!(Store::open(&place.path()).unwrap().latencies().unwrap(), BTreeMap::new());
}

/// The version before families could be chosen is looked at as it is, and brought up to date.
#[test]
fn a_database_of_the_second_version_carries_both_families() {
    let place = Place::new("second-version");
    let older = of_version(2, &place);
    let row = peering(1, 64601, None).to_row();
    let values =
        params![row.id, row.as_num, row.wg_pub_key, row.wg_endpoint_addr, row.wg_endpoint_port];
    older.execute("INSERT INTO peering_links VALUES (?, ?, ?, ?, ?, NULL)", values).unwrap();
    drop(older);
    for store in [Store::look(&place.path()), Store::open(&place.path())] {
        let (read, _) = Peering::read(&store.unwrap().rows().unwrap()[0]).unwrap();
        assert_eq!(read, peering(1, 64601, None));
    }
}

/// Whose a peering was, and where its other end, only the words of a record said.
#[test]
fn a_database_of_the_seventh_version_says_whose_its_records_are() {
    let place = Place::new("seventh");
    let old = of_version(7, &place);
    let described = "id 1 key K= endpoint a.example:1 link-local fe80::1 mtu 1400 maintainer A-MNT";
    let none = "id 1 key K= endpoint none link-local automatic";
    let rows: [(&str, u32, Option<&str>, Option<&str>); 7] = [
        ("A-MNT", 64601, None, Some(described)),
        ("admin", 64601, Some(described), Some("reason maintainer B-MNT endpoint x:1 ")),
        ("admin", 64602, None, Some(none)),
        ("admin", 64602, Some("id 1 key K= endpoint [::1]:2 link-local x"), None),
        ("admin", 0, None, Some("maintainer C-MNT reason it reason s")),
        ("admin", 0, Some("maintainer C-MNT reason x"), None),
        ("admin", 64603, Some("odd"), None),
    ];
    for (actor, number, before, after) in rows {
        let query = "INSERT INTO peerling_audit (at_s, actor, key, source, action, as_num, before,
                         after) VALUES (1, ?, 'k', 's', 'edit', ?, ?, ?)";
        old.execute(query, params![actor, number, before, after]).unwrap();
    }
    drop(old);
    let store = Store::open(&place.path()).unwrap();
    let read: Vec<(Option<String>, Option<String>)> = store
        .read(|db| {
            let query = "SELECT maintainer, endpoint FROM peerling_audit ORDER BY id";
            db.prepare(query)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .unwrap();
    let read: Vec<_> = read.iter().map(|it| (it.0.as_deref(), it.1.as_deref())).collect();
    let expected = [
        (Some("A-MNT"), Some("a.example:1")),
        (Some("A-MNT"), None),
        (None, None),
        (None, Some("[::1]:2")),
        (Some("C-MNT"), None),
        (Some("C-MNT"), None),
        (None, None),
    ];
    assert_eq!(read, expected);
    let maintainer = "A-MNT".parse().ok();
    let found = store.audit_log(&Filter { maintainer, ..Filter::default() }).unwrap();
    assert_eq!(found.records.len(), 2);
    let used = store.last_endpoint(&"A-MNT".parse().unwrap()).unwrap();
    assert_eq!(used.unwrap().to_string(), "a.example:1");
}

#[test]
fn options_are_kept_and_the_audit_record_has_no_secret() {
    let place = Place::new("options");
    let mut store = Store::open(&place.path()).unwrap();
    let secret = WgSecret::new([9; 32]);
    let asked = Peering {
        mtu: Some(1400),
        preshared_key: Some(secret.clone()),
        families: Families::V4,
        ..peering(1, 64601, None)
    };
    store.create(&asked, 65535, &actor()).unwrap();
    assert_eq!(Peering::read(&store.rows().unwrap()[0]).unwrap().0, asked);
    let after: String = store
        .read(|it| it.query_row("SELECT after FROM peerling_audit", [], |row| row.get(0)))
        .unwrap();
    assert!(after.ends_with(" mtu 1400 psk set families ipv4"), "{after}");
    assert!(!after.contains(&secret.reveal()), "{after}");
}

#[test]
fn what_was_typed_is_kept_by_owner_and_within_its_bounds() {
    let place = Place::new("typed");
    let mut one = Store::open(&place.path()).unwrap();
    let mut two = Store::open(&place.path()).unwrap();
    let lines = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let generation = one.generation().unwrap();
    one.keep_shell_history("ALICE-MNT", &lines(&["whoami", "peer_list"])).unwrap();
    two.keep_shell_history("BOB-MNT", &lines(&["bye"])).unwrap();
    // Two sessions at once: each adds its own.
    two.keep_shell_history("ALICE-MNT", &lines(&["intro"])).unwrap();
    one.keep_shell_history("ALICE-MNT", &lines(&["help"])).unwrap();
    let expect = ["whoami", "peer_list", "intro", "help"];
    assert_eq!(one.shell_history("ALICE-MNT").unwrap(), expect);
    assert_eq!(two.shell_history("BOB-MNT").unwrap(), ["bye"]);
    assert_eq!(one.generation().unwrap(), generation, "nothing was asked of the apply loop");
    assert_eq!(Store::open_read_only(&place.path()).unwrap().shell_history("X").unwrap(), [""; 0]);

    // The apply loop asks its own connection whether somebody else changed anything.
    let outside = one.outside_changes().unwrap();
    one.keep_shell_history("BOB-MNT", &lines(&["bye"])).unwrap();
    assert_eq!(one.outside_changes().unwrap(), outside);

    let many: Vec<String> = (0..SHELL_HISTORY_LINES_MAX).map(|it| format!("help {it}")).collect();
    one.keep_shell_history("ALICE-MNT", &many).unwrap();
    one.keep_shell_history("ALICE-MNT", &lines(&["last"])).unwrap();
    let kept = one.shell_history("ALICE-MNT").unwrap();
    assert_eq!((kept.len(), kept[0].as_str()), (usize::from(SHELL_HISTORY_LINES_MAX), "help 1"));
    assert_eq!(kept.last().map(String::as_str), Some("last"));

    for number in 0..SHELL_HISTORY_OWNERS_MAX {
        one.keep_shell_history(&format!("M{number}-MNT"), &lines(&["bye"])).unwrap();
    }
    assert_eq!(
        one.shell_history("ALICE-MNT").unwrap(),
        [""; 0],
        "the longest silent are forgotten"
    );
    assert_eq!(one.shell_history("M0-MNT").unwrap(), ["bye"]);
}

fn transition(at_s: i64, what: Subject, up: bool) -> Transition {
    let (from, to) = ("Active".to_string(), "Established".to_string());
    Transition { at: Timestamp(at_s), what, up, from, to, last_error: "x".into() }
}

#[test]
fn transitions_come_back_newest_first_and_are_bounded() {
    let place = Place::new("transitions");
    let mut store = Store::open(&place.path()).unwrap();
    let (one, two) = (peering(1, 64601, None), peering(2, 64602, None));
    let (gone, old) = (peering(3, 64603, None), transition(1, Subject::Bgp, true));
    for it in [&one, &two] {
        store.create(it, 65535, &actor()).unwrap();
    }
    store.note_transitions(&[(two.asn, old.clone())]).unwrap();
    store.note_transitions(&[(gone.asn, old.clone())]).unwrap();
    let many: Vec<_> = (0..TRANSITIONS_KEPT_MAX + 50)
        .map(|at_s| (one.asn, transition(at_s, Subject::Link, at_s % 2 == 0)))
        .collect();
    store.note_transitions(&many).unwrap();
    let kept = store.transitions(one.asn).unwrap();
    assert_eq!(kept.len() as i64, TRANSITIONS_KEPT_MAX);
    assert!(kept.is_sorted_by(|newer, older| newer.at > older.at));
    assert_eq!(kept[0], many.last().unwrap().1);
    assert_eq!(
        store.transitions(two.asn).unwrap(),
        std::slice::from_ref(&old),
        "the other's are its own"
    );
    assert_eq!(store.transitions(gone.asn).unwrap(), [], "nobody has that peering");
    let mut last = store.last_transitions().unwrap();
    last.sort_by_key(|it| it.0);
    assert_eq!(last, [(one.asn, many.last().unwrap().1.clone()), (two.asn, old)]);
    store.remove(&one, &actor()).unwrap();
    assert_eq!(store.transitions(one.asn).unwrap(), []);
}

#[test]
fn what_is_owed_and_left_alone_outlives_a_crash() {
    let place = Place::new("owed");
    let mut store = Store::open(&place.path()).unwrap();
    assert!(!store.owes_configure().unwrap());
    (0..2).for_each(|_| store.owe_configure().unwrap());
    let left = BTreeMap::from([(peering(1, 64601, None).asn, "its link".to_string())]);
    store.note_left_alone(&left).unwrap();
    drop(store);
    let mut store = Store::open(&place.path()).unwrap();
    assert!(store.owes_configure().unwrap());
    assert_eq!(BTreeMap::from_iter(store.left_alone().unwrap()), left);
    store.settle_configure().unwrap();
    store.note_left_alone(&BTreeMap::new()).unwrap();
    assert!(!store.owes_configure().unwrap() && store.left_alone().unwrap().is_empty());
}
