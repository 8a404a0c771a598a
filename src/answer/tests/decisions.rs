//! What operators read, as golden screens and JSON, with texts of others in it.

use super::super::examples::{list, peer as example, saved};
use super::super::*;
use crate::command::Scope;
use crate::model::{Asn, Timestamp};
use crate::peering::audit_log::{Action, AuditLog, Happening, Kind, Record};
use crate::peering::ban::{Ban, Subject};
use crate::testing::golden;
use crate::text::escape::escape_json;
use crate::text::width::width;

/// A reason that wants to be more than a reason.
const HOSTILE: &str = "\"},\"version\":2 \u{1b}[2J\u{202e}txet \u{9b}31m";

fn peer(state: PeeringState, error: Option<&str>) -> PeerView {
    let peer = example(4242420001, state);
    PeerView {
        wg_endpoint_addr: Some("node.example.org".into()),
        link_local: Some("fe80::1".parse().unwrap()),
        our: OurSide { link_local: Some("fe80::263".parse().unwrap()), ..peer.our },
        error: error.map(str::to_string),
        ..peer
    }
}

fn ban(subject: &str, reason: &str) -> Ban {
    let since = Timestamp(1_769_860_800);
    Ban { subject: subject.parse().unwrap(), reason: reason.into(), by: "admin".into(), since }
}

fn record(actor: &str, action: &str, asn: Option<u32>, texts: [Option<&str>; 2]) -> Record {
    let [before, after] = texts.map(|it| it.map(str::to_string));
    Record {
        at: Timestamp(1_769_860_800),
        actor: actor.into(),
        key: "SHA256:0123456789012345678901234567890123456789012".into(),
        source: "2001:db8:0:1::1".into(),
        action: Action::from_word(action),
        asn: asn.map(|it| Asn::new(it).unwrap()),
        before,
        after,
    }
}

fn audit_log() -> AuditLog {
    let made = "id 1 key qM9hLEF1Q4cZGb2U6FPPkxJaJxTHJ0ObrXzJxYrmRk0= endpoint node.example.org:1 \
                link-local automatic maintainer ALICE-MNT";
    let moved = made.replace("node", "new");
    AuditLog {
        records: vec![
            record("ALICE-MNT", "create", Some(4242420001), [None, Some(made)]),
            record("admin for ALICE-MNT", "edit", Some(4242420001), [Some(made), Some(&moved)]),
            record("admin", "ban", None, [None, Some("maintainer EVE-MNT reason spam")]),
            record("admin", "suspend", Some(64600), [None, Some(&format!("reason {HOSTILE}"))]),
        ],
        cut: true,
    }
}

fn happened(kind: Kind, action: &str, who: Option<&str>, detail: &str) -> Happening {
    Happening {
        at: Timestamp(1_769_860_800),
        kind,
        action: action.into(),
        who: who.map(str::to_string),
        origin: who.filter(|it| *it != "operator").map(|_| ("SHA256:x".into(), "::1".into())),
        detail: detail.into(),
    }
}

fn replies() -> Vec<Reply> {
    let waits = "it waits for the approval of this POP's operator";
    let off = format!("it was switched off by this POP's operator: {HOSTILE}");
    let pending = || peer(PeeringState::Pending, Some(waits));
    let suspended = || peer(PeeringState::Suspended, Some(&off));
    let number: Subject = "AS64600".parse().unwrap();
    let happenings = vec![
        happened(Kind::Peering, "create", Some("ALICE-MNT"), "id 1"),
        happened(Kind::Link, "up", None, ""),
        happened(Kind::Bgp, "down", None, &format!("Active, last error {HOSTILE}")),
        happened(Kind::Peering, "suspend", Some("operator"), &format!("reason {HOSTILE}")),
    ];
    let asn = pending().asn;
    let late = Applied::No(waits.to_string());
    let rejected = Deed::Rejected(HOSTILE.into());
    vec![
        Box::new(saved(Deed::Approved, peer(PeeringState::Applied, None), Applied::Yes)),
        Box::new(saved(Deed::Approved, peer(PeeringState::Queued, None), late)),
        Box::new(saved(rejected, pending(), Applied::NotAwaited)),
        Box::new(saved(Deed::Suspended, suspended(), Applied::Yes)),
        Box::new(saved(Deed::Unchanged, suspended(), Applied::NotAwaited)),
        Box::new(Banned { ban: ban("EVE-MNT", HOSTILE), effect: Effect::Changed }),
        Box::new(Banned { ban: ban("AS64600", "spam"), effect: Effect::Unchanged }),
        Box::new(Unbanned { subject: number.clone(), effect: Effect::Changed }),
        Box::new(Unbanned { subject: number, effect: Effect::Unchanged }),
        Box::new(BanList(vec![])),
        Box::new(BanList(vec![ban("EVE-MNT", "spam"), ban("AS64600", HOSTILE)])),
        Box::new(Audit(AuditLog::default())),
        Box::new(Audit(audit_log())),
        Box::new(list(vec![pending(), suspended()], Scope::Mine)),
        Box::new(list(vec![pending(), suspended()], Scope::All)),
        Box::new(PeerHistory { asn, happenings: vec![], cut: false }),
        Box::new(PeerHistory { asn, happenings, cut: false }),
    ]
}

fn fixture(name: &str, actual: &str) {
    golden(&format!("{}/fixtures/shell/{name}.txt", env!("CARGO_MANIFEST_DIR")), actual);
}

#[test]
fn decisions_fit_the_window_and_drive_no_terminal() {
    for columns in [40, 80, 200] {
        let screen = Screen::window("dumb", columns);
        let text: String = replies().iter().map(|it| it.text(screen)).collect();
        let bad = text.chars().find(|it| (it.is_control() && *it != '\n') || *it == '\u{202e}');
        assert_eq!(bad, None, "{text}");
        for line in text.lines().filter(|it| it.starts_with(['|', '+'])) {
            assert!(width(line) <= columns, "{columns}: {line}");
        }
        fixture(&format!("decisions-{columns}"), &text);
    }
    let piped: String = replies().iter().map(|it| it.text(Screen::PIPE)).collect();
    fixture("decisions-pipe", &piped);
}

/// Each as `packaging/schema` says: tests/service/schema.rs holds that.
#[test]
fn decisions_for_programs() {
    let names = [
        "peer-approved",
        "peer-approved-late",
        "removed-rejected",
        "peer-suspended",
        "peer-suspended-already",
        "ban-put",
        "ban-put-already",
        "ban-lifted",
        "ban-lifted-already",
        "ban-list-none",
        "ban-list-two",
        "audit-none",
        "audit-four",
        "peers-resting",
        "peers-resting-all",
        "history-none",
        "history-four",
    ];
    let replies = replies();
    assert_eq!(replies.len(), names.len());
    for (name, it) in names.iter().zip(&replies) {
        let text = escape_json(&it.json().expect("an answer for programs"));
        assert!(!text.chars().any(char::is_control), "{text}");
        let path = format!("{}/fixtures/json/{name}.json", env!("CARGO_MANIFEST_DIR"));
        golden(&path, &format!("{text}\n"));
    }
}
