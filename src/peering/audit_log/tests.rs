//! Records as the store writes them, read by those who may and those who may not.

use super::*;

const A: &str = "id 1 key K= endpoint a.example:1 link-local fe80::1 maintainer ALICE-MNT";
const B: &str = "id 1 key K= endpoint b.example:1 link-local fe80::1 maintainer BOB-MNT";

fn record(at: i64, actor: &str, action: &str, texts: [Option<&str>; 2]) -> Record {
    let [before, after] = texts.map(|it| it.map(str::to_string));
    let (key, source) = (format!("SHA256:{actor}"), "2001:db8::1".to_string());
    let (actor, action) = (actor.to_string(), Action::from_word(action));
    Record { at: Timestamp(at), actor, key, source, action, asn: None, before, after }
}

fn name(text: &str) -> Mntner {
    text.parse().unwrap()
}

/// Moments, actions and authors that a reader sees of these records.
fn seen(records: &[Record], reader: Reader<'_>) -> Vec<(i64, String, String)> {
    let audit_log = AuditLog { records: records.to_vec(), cut: false };
    let up = |at| Happening {
        at: Timestamp(at),
        kind: Kind::Link,
        action: "up".into(),
        who: None,
        origin: None,
        detail: String::new(),
    };
    let (found, cut) = history(&audit_log, vec![up(15), up(25)], reader, 100);
    assert!(!cut);
    let line = |it: Happening| (it.at.0, it.action, it.who.unwrap_or_default());
    found.into_iter().map(line).collect()
}

fn line(at: i64, action: &str, who: &str) -> (i64, String, String) {
    (at, action.to_string(), who.to_string())
}

#[test]
fn changes_and_transitions_stand_in_the_order_of_time() {
    let records = [
        record(10, "ALICE-MNT", "create", [None, Some(A)]),
        record(20, "admin", "suspend", [None, Some("reason floods")]),
        record(30, "admin for ALICE-MNT", "enable", [Some(A), Some(A)]),
    ];
    let (alice, owners) = (name("ALICE-MNT"), [name("ALICE-MNT")]);
    assert_eq!(
        seen(&records, Reader::Member(&alice, &owners)),
        [
            line(10, "create", "ALICE-MNT"),
            line(15, "up", ""),
            line(20, "suspend", "operator"),
            line(25, "up", ""),
            line(30, "enable", "operator"),
        ]
    );
    assert_eq!(seen(&records, Reader::Operator)[4], line(30, "enable", "admin for ALICE-MNT"));
}

#[test]
fn keys_and_addresses_are_told_of_ones_own_changes_only() {
    let audit_log = AuditLog {
        records: ["ALICE-MNT", "CAROL-MNT", "admin", "admin for ALICE-MNT"]
            .map(|actor| record(1, actor, "edit", [None, None]))
            .to_vec(),
        cut: false,
    };
    let (alice, owners) = (name("ALICE-MNT"), [name("ALICE-MNT"), name("CAROL-MNT")]);
    let told = |reader| {
        let (found, _) = history(&audit_log, vec![], reader, 100);
        found.iter().map(|it| it.origin.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(told(Reader::Member(&alice, &owners)), [true, false, false, false]);
    assert_eq!(told(Reader::Operator), [true; 4]);
}

/// Whom an administrator named at their login, or is themselves, is not whom it is about.
#[test]
fn what_an_administrator_did_for_somebody_is_that_members() {
    let records = [
        record(10, "admin for BOSS-MNT", "create", [None, Some(A)]),
        record(20, "admin for BOSS-MNT", "suspend", [Some(A), Some("reason floods")]),
        record(30, "admin for BOSS-MNT", "suspend", [None, Some("reason floods")]),
    ];
    let (alice, owners) = (name("ALICE-MNT"), [name("ALICE-MNT")]);
    let expected = [
        line(10, "create", "operator"),
        line(15, "up", ""),
        line(20, "suspend", "operator"),
        line(25, "up", ""),
        line(30, "suspend", "operator"),
    ];
    assert_eq!(seen(&records, Reader::Member(&alice, &owners)), expected);
    assert!(records[0].is_about(&alice) && !records[0].is_about(&name("BOSS-MNT")));
}

/// The AS number went from ALICE to BOB: what she had is none of his business, whoever wrote it
/// down, and a co-maintainer's is.
#[test]
fn a_new_holder_sees_nothing_of_the_former() {
    let (bob, owners) = (name("BOB-MNT"), [name("BOB-MNT"), name("CAROL-MNT")]);
    let reader = Reader::Member(&bob, &owners);
    let after = [
        record(30, "BOB-MNT", "create", [None, Some(B)]),
        record(40, "CAROL-MNT", "edit", [Some(B), Some(B)]),
    ];
    for last in [
        record(20, "ALICE-MNT", "remove", [Some(A), None]),
        record(20, "admin", "remove", [Some(A), None]),
        record(20, "admin for ALICE-MNT", "disable", [None, None]),
    ] {
        let early = [record(5, "BOB-MNT", "create", [None, Some(B)]), last];
        let expected =
            [line(25, "up", ""), line(30, "create", "BOB-MNT"), line(40, "edit", "CAROL-MNT")];
        assert_eq!(seen(&[early.as_slice(), &after].concat(), reader), expected);
    }
}

/// Whoever took a peering over along with its AS number sees what they did with it.
#[test]
fn ones_own_changes_are_seen_whoever_made_the_peering() {
    let records = [
        record(10, "ALICE-MNT", "create", [None, Some(A)]),
        record(20, "BOB-MNT", "edit", [Some(A), Some(B)]),
    ];
    let (bob, owners) = (name("BOB-MNT"), [name("BOB-MNT")]);
    let expected = [line(15, "up", ""), line(20, "edit", "BOB-MNT"), line(25, "up", "")];
    assert_eq!(seen(&records, Reader::Member(&bob, &owners)), expected);
}

/// The attack: a reason that reads like a record of somebody else's peering.
#[test]
fn a_reason_is_no_record() {
    let reason = "reason x maintainer ALICE-MNT";
    let records = [record(20, "admin", "suspend", [None, Some(reason)])];
    let (bob, owners) = (name("BOB-MNT"), [name("BOB-MNT")]);
    assert_eq!(seen(&records, Reader::Member(&bob, &owners)).len(), 3);
}

#[test]
fn differences_are_told_in_words() {
    let detail = |before, after| record(0, "admin", "x", [before, after]).detail();
    let other = "id 1 key K= endpoint none link-local fe80::1 mtu 1400 maintainer ALICE-MNT";
    let words = "endpoint from a.example:1 to none, mtu from none to 1400";
    assert_eq!(detail(Some(A), Some(other)), words);
    assert_eq!(detail(Some(A), Some(A)), "");
    assert_eq!(detail(Some(A), Some("reason no transit")), "reason no transit");
    assert_eq!(detail(None, Some(A)), A);
    assert_eq!(detail(Some(A), None), A);
    assert_eq!(detail(Some("odd"), Some("endpoint")), "");
}

#[test]
fn transitions_are_told_in_words() {
    let told = |what, up, last_error: &str| {
        let (from, to) = ("Established".to_string(), "Active".to_string());
        let last_error = last_error.to_string();
        let it = Happening::from(Transition { at: Timestamp(7), what, up, from, to, last_error });
        (it.kind, it.action, it.detail)
    };
    let down = (Kind::Bgp, "down".to_string(), "from Established to Active".to_string());
    assert_eq!(told(Subject::Bgp, false, ""), down);
    let detail = told(Subject::Bgp, false, "Hold timer expired").2;
    assert_eq!(detail, "from Established to Active, last error: Hold timer expired");
    assert_eq!(told(Subject::Link, true, ""), (Kind::Link, "up".to_string(), String::new()));
}

#[test]
fn only_the_newest_are_kept() {
    let records = (0..9).map(|at| record(at, "admin", "edit", [None, None])).collect();
    let audit_log = AuditLog { records, cut: false };
    let (found, cut) = history(&audit_log, vec![], Reader::Operator, 4);
    assert_eq!((found.len(), found[0].at, cut), (4, Timestamp(5), true));
    let (found, cut) = history(&AuditLog { cut: true, ..audit_log }, vec![], Reader::Operator, 9);
    assert_eq!((found.len(), cut), (9, true));
}
