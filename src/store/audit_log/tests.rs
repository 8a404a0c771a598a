//! How many records are kept, and whose.

use super::super::Store;
use super::*;
use crate::peering::Peering;
use crate::peering::tests::peering;
use std::path::Path;

fn by(name: &str) -> Actor {
    let (key, source) = ("SHA256:x".to_string(), "2001:db8::1".to_string());
    Actor { name: name.into(), key, source, now: Timestamp(1_700_000_000) }
}

fn count(store: &Store, kind: &str) -> i64 {
    let query = format!("SELECT count(*) FROM peerling_audit WHERE {kind}");
    store.connection.query_row(&query, [], |row| row.get(0)).unwrap()
}

/// Changes a peering so often.
fn change(store: &mut Store, peering: &Peering, actor: &Actor, times: u32) {
    let mut before = peering.clone();
    for number in 0..times {
        let after = Peering { mtu: Some(1280 + number % 2), ..before.clone() };
        store.replace(&before, &after, Action::Edit, actor).unwrap();
        before = after;
    }
}

/// The attack: a loop of changes, until the administrators' records and everybody else's are gone.
#[test]
fn a_members_changes_push_out_nobody_elses() {
    let mut store = Store::open(Path::new(":memory:")).unwrap();
    let (mine, theirs) = (peering(1, 64601, None), peering(2, 64602, None));
    store.create(&mine, 65535, &by("ALICE-MNT")).unwrap();
    store.create(&theirs, 65535, &by("BOB-MNT")).unwrap();
    store.suspend(&theirs, "floods", &by("admin")).unwrap();
    store.suspend(&mine, "floods", &by("admin for ALICE-MNT")).unwrap();
    let mine = store.rows().unwrap().iter().map(|it| Peering::read(it).unwrap().0).next().unwrap();
    change(&mut store, &mine, &by("ALICE-MNT"), 1_000);
    assert_eq!(
        count(&store, "as_num = 64601 AND actor = 'ALICE-MNT'"),
        STORE_AUDIT_ROWS_PER_ASN_MAX
    );
    assert_eq!(count(&store, "actor LIKE 'admin%'"), 2);
    assert_eq!(count(&store, "actor = 'BOB-MNT'"), 1);
    let newest = count(&store, "id = (SELECT max(id) FROM peerling_audit) AND as_num = 64601");
    assert_eq!(newest, 1, "the oldest go");
}

/// The same by many members at once; and administrators have a bound too.
#[test]
fn all_records_have_a_bound() {
    let mut store = Store::open(Path::new(":memory:")).unwrap();
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         INSERT INTO peerling_audit (at_s, actor, key, source, action, as_num)
         SELECT 0, ?2, 'k', 's', 'edit', i FROM n";
    let many = STORE_AUDIT_ROWS_MAX + 1_000;
    for (rows, actor) in [(50, "admin"), (many, "EVE-MNT")] {
        store.connection.execute(fill, params![rows, actor]).unwrap();
    }
    let mine = peering(1, 4242420001, None);
    store.create(&mine, 65535, &by("ALICE-MNT")).unwrap();
    let sweep = u32::try_from(STORE_AUDIT_SWEEP_ROWS).unwrap();
    change(&mut store, &mine, &by("ALICE-MNT"), sweep);
    let members = count(&store, MEMBERS);
    let bound = STORE_AUDIT_ROWS_MAX + STORE_AUDIT_SWEEP_ROWS;
    assert!((STORE_AUDIT_ROWS_MAX..=bound).contains(&members), "{members}");
    assert_eq!(count(&store, OPERATORS), 50);
    store.connection.execute(fill, params![many, "admin for EVE-MNT"]).unwrap();
    let changed = store.rows().unwrap().iter().map(|it| Peering::read(it).unwrap().0).next();
    change(&mut store, &changed.unwrap(), &by("admin"), sweep);
    let operators = count(&store, OPERATORS);
    assert!((STORE_AUDIT_ROWS_MAX..=bound).contains(&operators), "{operators}");
}

#[test]
fn an_endpoint_that_was_written_down_is_read_again() {
    let mut store = Store::open(Path::new(":memory:")).unwrap();
    let mut before = peering(1, 64601, None);
    store.create(&before, 65535, &by("ALICE-MNT")).unwrap();
    for (host, port) in
        [("node.example.org", "20263"), ("2001:db8::1", "1"), ("192.0.2.1", "65535")]
    {
        let used = Endpoint { host: host.parse().unwrap(), port: port.parse().unwrap() };
        let after = Peering { endpoint: Some(used.clone()), ..before.clone() };
        store.replace(&before, &after, Action::Edit, &by("ALICE-MNT")).unwrap();
        assert_eq!(store.last_endpoint(&"ALICE-MNT".parse().unwrap()).unwrap(), Some(used));
        before = after;
    }
    let none = Peering { endpoint: None, ..before.clone() };
    store.replace(&before, &none, Action::Edit, &by("ALICE-MNT")).unwrap();
    assert!(store.last_endpoint(&"ALICE-MNT".parse().unwrap()).unwrap().is_some(), "as before");
    for words in ["", "a", ":1", "a b:1:"] {
        assert_eq!(read_endpoint(words), None, "{words:?}");
    }
}
