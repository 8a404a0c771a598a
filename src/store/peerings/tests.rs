//! Changes of a peering that stays, against real databases in memory.

use super::*;
use crate::model::{Endpoint, MeasuredRtt, Mntner, Timestamp};
use crate::peering::Status;
use crate::peering::tests::peering;
use std::collections::BTreeMap;
use std::path::Path;

fn actor(name: &str) -> Actor {
    let (key, source) = ("SHA256:x".to_string(), "2001:db8::1".to_string());
    Actor { name: name.into(), key, source, now: Timestamp(1_700_000_000) }
}

fn store() -> Store {
    Store::open(Path::new(":memory:")).unwrap()
}

fn only(store: &Store) -> Peering {
    Peering::read(store.rows().unwrap().first().unwrap()).unwrap().0
}

fn moved(before: &Peering, endpoint: &str) -> Peering {
    let (host, port) = endpoint.rsplit_once(':').unwrap();
    let endpoint = Endpoint { host: host.parse().unwrap(), port: port.parse().unwrap() };
    Peering { endpoint: Some(endpoint), ..before.clone() }
}

fn audit(store: &Store) -> Vec<(String, Option<String>, Option<String>)> {
    let query = "SELECT action, before, after FROM peerling_audit ORDER BY id";
    let read = |it: &Connection| {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        it.prepare(query)?.query_map([], row)?.collect()
    };
    store.read(read).unwrap()
}

#[test]
fn a_change_is_one_transaction_with_its_record_and_generation() {
    let mut store = store();
    let before = peering(1, 64601, None);
    store.create(&before, 65535, &actor("ALICE-MNT")).unwrap();
    let after = Peering {
        mtu: Some(1400),
        link_local: "fe80::7".parse().ok(),
        status: Status::Disabled,
        ..moved(&before, "new.example.org:1")
    };
    let generation = store.replace(&before, &after, Action::Edit, &actor("ALICE-MNT")).unwrap();
    assert_eq!((generation, only(&store)), (2, after.clone()));
    let records = audit(&store);
    let (action, from, to) = records.last().unwrap();
    assert_eq!(action, "edit");
    assert!(from.as_ref().unwrap().contains("node.example.org:20263"), "{from:?}");
    assert!(to.as_ref().unwrap().contains("new.example.org:1 link-local fe80::7"), "{to:?}");
}

#[test]
fn who_judged_something_else_changes_nothing() {
    let mut store = store();
    let before = peering(1, 64601, None);
    let absent = store.replace(&before, &before, Action::Edit, &actor("A-MNT"));
    assert!(matches!(absent, Err(StoreError::Absent)));
    store.create(&before, 65535, &actor("A-MNT")).unwrap();
    let other = moved(&before, "other.example.org:1");
    store.replace(&before, &other, Action::Edit, &actor("A-MNT")).unwrap();
    let late = moved(&before, "late.example.org:1");
    let refused = store.replace(&before, &late, Action::Edit, &actor("A-MNT"));
    assert!(matches!(refused, Err(StoreError::Stale)));
    assert_eq!((only(&store), store.generation().unwrap()), (other, 2));
    assert_eq!(audit(&store).len(), 2, "what was refused leaves no record of a change");
}

/// The replaced service knows nothing of our tables; what it wrote can be changed all the same.
#[test]
fn a_row_of_the_replaced_service_gets_its_companion() {
    let mut store = store();
    let key = peering(1, 64601, None).key;
    let insert = "INSERT INTO peering_links VALUES (7, 64601, ?, 'node.example.org', 20263, '')";
    store.connection.execute(insert, [key.to_string()]).unwrap();
    let before = only(&store);
    let after = Peering { status: Status::Disabled, ..before.clone() };
    store.replace(&before, &after, Action::Disable, &actor("A-MNT")).unwrap();
    assert_eq!(only(&store), after);
    let columns = "SELECT id, user_link_local FROM peering_links";
    let row =
        |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?));
    assert_eq!(store.connection.query_row(columns, [], row).unwrap(), (7, None));
}

#[test]
fn a_round_trip_is_that_of_one_host() {
    let mut store = store();
    let before = peering(1, 64601, None);
    store.create(&before, 65535, &actor("A-MNT")).unwrap();
    let moment = Timestamp(1_700_000_000);
    let near = MeasuredRtt { smoothed_us: 900, class: 1, class_since: moment, last_answer: moment };
    store.put_latencies(&BTreeMap::from([(before.asn, near)])).unwrap();
    let port = moved(&before, "node.example.org:2");
    store.replace(&before, &port, Action::Edit, &actor("A-MNT")).unwrap();
    assert_eq!(store.latencies().unwrap().len(), 1);
    let host = moved(&before, "new.example.org:2");
    store.replace(&port, &host, Action::Edit, &actor("A-MNT")).unwrap();
    assert_eq!(store.latencies().unwrap().len(), 0);
}

#[test]
fn what_somebody_used_before_is_theirs_alone() {
    let mut store = store();
    let [alice, bob] = ["ALICE-MNT", "BOB-MNT"].map(|it| it.parse::<Mntner>().unwrap());
    let used = |store: &Store, name| store.last_endpoint(name).unwrap().map(|it| it.to_string());
    assert_eq!(used(&store, &alice), None);
    let first = moved(&peering(1, 64601, None), "2001:db8::1:20263");
    store.create(&first, 65535, &actor("ALICE-MNT")).unwrap();
    store.remove(&first, &actor("ALICE-MNT")).unwrap();
    assert_eq!(used(&store, &alice).as_deref(), Some("2001:db8::1:20263"));
    let second = Peering { endpoint: None, ..peering(1, 64602, None) };
    store.create(&second, 65535, &actor("ALICE-MNT")).unwrap();
    assert_eq!(used(&store, &alice).as_deref(), Some("2001:db8::1:20263"), "none tells nothing");
    let his = Peering { maintainer: Some(bob.clone()), ..peering(1, 64603, None) };
    store.create(&his, 65535, &actor("admin for ALICE-MNT")).unwrap();
    assert_eq!(used(&store, &bob).as_deref(), Some("node.example.org:20263"));
    assert_eq!(used(&store, &alice).as_deref(), Some("2001:db8::1:20263"));
}

#[test]
fn the_next_id_is_the_lowest_free_one() {
    let mut store = store();
    assert_eq!(store.next_id(65535).unwrap().map(|it| it.get()), Some(1));
    store.create(&peering(9, 64601, None), 65535, &actor("A-MNT")).unwrap();
    assert_eq!(store.next_id(65535).unwrap().map(|it| it.get()), Some(2));
    assert_eq!(store.next_id(1).unwrap(), None);
}
