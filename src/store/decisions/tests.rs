//! Approvals, suspensions, bans and their records, in a database of its own for each test.

use super::super::audit_log::Filter;
use super::*;
use crate::limits::RECORDS_SHOWN_MAX;
use crate::peering::ban::Ban;
use crate::peering::tests::peering;
use std::path::Path;

fn store() -> Store {
    Store::open(Path::new(":memory:")).unwrap()
}

fn by(name: &str) -> Actor {
    Actor {
        name: name.into(),
        key: "SHA256:x".into(),
        source: "2001:db8::1".into(),
        now: Timestamp(1_700_000_000),
    }
}

/// A store with one peering of ALICE's with this status.
fn with(status: Status) -> (Store, Peering) {
    let mut store = store();
    let maintainer = "ALICE-MNT".parse().ok();
    let made = Peering { status, maintainer, ..peering(1, 64601, None) };
    store.create(&made, 65535, &by("ALICE-MNT")).unwrap();
    (store, made)
}

fn status_of(store: &Store) -> Vec<Status> {
    let rows = store.rows().unwrap();
    rows.iter().map(|row| Peering::read(row).unwrap().0.status).collect()
}

/// Actions, actors and details of the records.
fn told(store: &Store, filter: &Filter) -> Vec<String> {
    let audit_log = store.audit_log(filter).unwrap();
    audit_log
        .records
        .iter()
        .map(|it| format!("{}: {} ({})", it.actor, it.action.word(), it.detail()))
        .collect()
}

#[test]
fn what_waits_is_taken_or_not() {
    let (mut store, waiting) = with(Status::Pending);
    store.approve(&waiting, &by("admin")).unwrap();
    assert_eq!(status_of(&store), [Status::Active]);
    for late in [store.approve(&waiting, &by("admin")), store.reject(&waiting, "x", &by("admin"))] {
        assert!(matches!(late, Err(StoreError::Absent)), "it waits no more");
    }
    let (mut store, waiting) = with(Status::Pending);
    let generation = store.reject(&waiting, "no transit", &by("admin")).unwrap();
    assert_eq!(status_of(&store), []);
    assert_eq!(store.tombstones().unwrap()[0].generation, generation);
    let records = told(&store, &Filter::default());
    assert_eq!(records[1], "admin: reject (reason no transit)");
    assert_eq!(store.bans().unwrap(), []);
}

#[test]
fn a_suspension_has_its_reason() {
    for status in [Status::Active, Status::Disabled, Status::Pending] {
        let (mut store, made) = with(status);
        let first = store.suspend(&made, "floods", &by("admin")).unwrap();
        assert!(store.suspend(&made, "floods the tunnel", &by("admin")).unwrap() > first);
        assert_eq!(status_of(&store), [Status::Suspended]);
        let reasons = store.suspensions().unwrap();
        assert_eq!(reasons, BTreeMap::from([(made.asn, "floods the tunnel".to_string())]));
    }
    let stray = peering(9, 64999, None);
    let absent = store().suspend(&stray, "x", &by("admin"));
    assert!(matches!(absent, Err(StoreError::Absent)));
}

/// A row of the replaced service has nothing of ours beside it, and keeps what it has.
#[test]
fn a_peering_of_the_replaced_service_is_suspended_too() {
    let (mut store, made) = with(Status::Active);
    store.connection.execute("DELETE FROM peerling_peering", []).unwrap();
    store.suspend(&made, "floods", &by("admin")).unwrap();
    let (read, _) = Peering::read(&store.rows().unwrap()[0]).unwrap();
    let expected = Peering { status: Status::Suspended, maintainer: None, ..made };
    assert_eq!(read, expected);
}

/// The attack: take a suspended peering out and make it anew.
#[test]
fn a_suspension_outlives_its_members_removal() {
    let (mut store, made) = with(Status::Active);
    store.suspend(&made, "floods", &by("admin for BOB-MNT")).unwrap();
    store.remove(&made, &by("ALICE-MNT")).unwrap();
    let ban = Ban {
        subject: Subject::Asn(made.asn),
        reason: "floods".into(),
        by: "admin for BOB-MNT".into(),
        since: Timestamp(1_700_000_000),
    };
    assert_eq!(store.bans().unwrap(), [ban]);
    assert_eq!(store.suspensions().unwrap(), BTreeMap::new());
    let records = told(&store, &Filter::default());
    let words = "ALICE-MNT: remove (reason it was suspended and is banned now: floods)";
    assert_eq!(records[2], words);
}

#[test]
fn a_ban_that_is_there_is_not_replaced_by_a_suspension() {
    let (mut store, made) = with(Status::Active);
    store.ban(&Subject::Asn(made.asn), "spam", &by("admin")).unwrap();
    store.suspend(&made, "floods", &by("admin")).unwrap();
    store.remove(&made, &by("ALICE-MNT")).unwrap();
    assert_eq!(store.bans().unwrap()[0].reason, "spam");
}

#[test]
fn what_the_operator_takes_out_is_not_banned() {
    for actor in ["admin", "admin for ALICE-MNT"] {
        let (mut store, made) = with(Status::Active);
        store.suspend(&made, "floods", &by("admin")).unwrap();
        store.remove(&made, &by(actor)).unwrap();
        assert_eq!(store.bans().unwrap(), []);
        assert_eq!(store.suspensions().unwrap(), BTreeMap::new(), "nor does it come back");
    }
    let (mut store, made) = with(Status::Active);
    store.remove(&made, &by("ALICE-MNT")).unwrap();
    assert_eq!(store.bans().unwrap(), [], "nor what was not suspended");
}

#[test]
fn bans_are_put_and_lifted_once() {
    let mut store = store();
    let before = store.generation().unwrap();
    let (eve, number): (Subject, Subject) =
        ("EVE-MNT".parse().unwrap(), "AS64601".parse().unwrap());
    for (subject, reason, changed) in [
        (&eve, "spam", true),
        (&eve, "spam", false),
        (&eve, "more spam", true),
        (&number, "x", true),
    ] {
        assert_eq!(store.ban(subject, reason, &by("admin")).unwrap(), changed);
    }
    let listed: Vec<String> = store.bans().unwrap().iter().map(Ban::words).collect();
    assert_eq!(
        listed,
        ["AS64601 gets no peering here: x", "EVE-MNT gets no peering here: more spam"]
    );
    assert!(store.unban(&eve, &by("admin")).unwrap());
    assert!(!store.unban(&eve, &by("admin")).unwrap());
    assert_eq!(store.bans().unwrap().len(), 1);
    assert_eq!(store.generation().unwrap(), before, "the machine has nothing to do with it");
    let records = told(&store, &Filter::default());
    assert_eq!(records.len(), 4);
    assert_eq!(records[3], "admin: unban (maintainer EVE-MNT reason more spam)");
}

#[test]
fn records_are_found_by_what_they_are_about() {
    let (mut store, made) = with(Status::Active);
    store.create(&peering(2, 64602, None), 65535, &by("admin for ALICE-MNT")).unwrap();
    store.create(&peering(3, 64603, None), 65535, &by("BOB-MNT")).unwrap();
    store.ban(&"ALICE-MNT".parse().unwrap(), "maintainer BOB-MNT", &by("admin")).unwrap();
    store.suspend(&made, "x", &Actor { now: Timestamp(1_800_000_000), ..by("admin") }).unwrap();
    let count = |filter: Filter| store.audit_log(&filter).unwrap().records.len();
    let maintainer = |name: &str| Filter { maintainer: name.parse().ok(), ..Filter::default() };
    assert_eq!(count(Filter::default()), 5);
    assert_eq!(count(Filter { asn: Some(made.asn), ..Filter::default() }), 2);
    let why = "her own, one for her, her ban, and her peering's suspension";
    assert_eq!(count(maintainer("ALICE-MNT")), 4, "{why}");
    assert_eq!(count(maintainer("BOB-MNT")), 1, "a reason names nobody");
    assert_eq!(count(Filter { since: Timestamp(1_700_000_001), ..Filter::default() }), 1);
    let records = store.audit_log(&maintainer("ALICE-MNT")).unwrap().records;
    assert_eq!(records[2].asn, None, "a ban of a maintainer is about no AS number");
}

#[test]
fn the_newest_records_are_shown_and_the_cut_is_told() {
    let mut store = store();
    let subject: Subject = "EVE-MNT".parse().unwrap();
    let mut fill = |from: usize, to: usize| {
        (from..to).for_each(|n| drop(store.ban(&subject, &n.to_string(), &by("admin"))));
        store.audit_log(&Filter::default()).unwrap()
    };
    assert!(!fill(0, RECORDS_SHOWN_MAX).cut);
    let audit_log = fill(RECORDS_SHOWN_MAX, RECORDS_SHOWN_MAX + 2);
    assert_eq!((audit_log.records.len(), audit_log.cut), (RECORDS_SHOWN_MAX, true));
    let last = format!("maintainer EVE-MNT reason {}", RECORDS_SHOWN_MAX + 1);
    assert_eq!(audit_log.records.last().unwrap().after.as_deref(), Some(last.as_str()));
}
