//! Every kind of trouble by name: which check finds it, whose matter it is, and in which words.

mod wrong;

use super::bgp::CAUSES;
use super::*;
use crate::model::{BgpState, Timestamp};
use crate::peering::tests::{peering, site};
use crate::peering::{Peering, Site};
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;
use wrong::WRONG;

const NOW: Timestamp = Timestamp(1_000_000);
const THERE: &str = "[2a01:4f8::1]:20263";

/// What a test changes of a peering that is well.
#[derive(Clone)]
struct Case {
    site: Site,
    peering: Peering,
    ownership: Ownership,
    place: Place,
    probe: Option<Probe>,
    captured: Option<CapturedHandshake>,
    unapplied: Option<String>,
    link: Option<LinkView>,
    tunnel: Option<Echo>,
    bgp: Option<BgpView>,
    kernel: Option<Rc<KernelView>>,
}

fn routes(family: &str) -> RoutesView {
    RoutesView {
        family: family.into(),
        imported: 2,
        filtered: None,
        exported: 690,
        received: Some(2),
        refused: Some(0),
        limit: Some((9000, Limit::Kept)),
    }
}

/// Everything is well.
fn well() -> Case {
    let families = || vec!["ipv4".to_string(), "ipv6".to_string()];
    Case {
        site: site(),
        peering: peering(17, 4242420001, None),
        ownership: Ownership {
            known: true,
            owners: vec!["ALICE-MNT".parse().unwrap()],
            keys: true,
        },
        place: Place::Found(THERE.parse().unwrap()),
        probe: None,
        captured: None,
        unapplied: None,
        link: Some(LinkView {
            last_handshake_s: NOW.0 - 20,
            endpoint: Some(THERE.parse().unwrap()),
            rx_bytes: 5000,
            tx_bytes: 6000,
        }),
        tunnel: Some(Echo::Answer(7_300)),
        bgp: Some(BgpView {
            state: Some(BgpState::Established),
            since: "12:00:00".into(),
            last_error: String::new(),
            earlier_error: String::new(),
            neighbor_as: "4242420001".parse().ok(),
            offer: Some(Offer { families: families(), next_hops: vec!["ipv4".into()] }),
            routes: families().iter().map(|it| routes(it)).collect(),
            missing: vec![],
        }),
        kernel: Some(Rc::new(KernelView { routes: 612, ..KernelView::default() })),
    }
}

fn judged(case: &Case) -> Vec<CheckView> {
    let last_s = case.link.as_ref().map_or(0, |it| it.last_handshake_s);
    let age = (last_s > 0).then(|| Duration::from_secs(NOW.since(Timestamp(last_s))));
    let facts = Facts {
        site: &case.site,
        peering: &case.peering,
        ownership: case.ownership.clone(),
        place: case.place.clone(),
        probe: case.probe,
        captured: case.captured,
        unapplied: case.unapplied.clone(),
        link: case.link.clone(),
        handshake_age: age,
        tunnel: case.tunnel.clone(),
        bgp: case.bgp.clone(),
        kernel: case.kernel.clone(),
        rtt: Some(Echo::Answer(400)),
        class: Some(1),
    };
    checks(&facts)
}

/// The BGP session is down with this error; the tunnel answers.
fn down(case: &mut Case, state: BgpState, error: &str) {
    let bgp = case.bgp.as_mut().unwrap();
    (bgp.state, bgp.last_error) = (Some(state), error.into());
    (bgp.offer, bgp.missing) = (None, vec!["ipv4".into(), "ipv6".into()]);
    bgp.routes.clear();
}

/// No handshake: so many bytes came and went.
fn unshaken(case: &mut Case, rx_bytes: u64, tx_bytes: u64) {
    let endpoint = case.link.as_ref().unwrap().endpoint;
    case.link = Some(LinkView { last_handshake_s: 0, endpoint, rx_bytes, tx_bytes });
    case.tunnel = None;
    down(case, BgpState::Active, "");
}

fn each_family(case: &mut Case, change: impl Fn(&mut RoutesView)) {
    case.bgp.as_mut().unwrap().routes.iter_mut().for_each(change);
}

/// The first check that is not well, and has advice, is where to look.
fn root(checks: &[CheckView]) -> &CheckView {
    checks.iter().find(|it| it.mark == Mark::Bad && !it.hint.is_empty()).expect("a root")
}

fn line(check: &CheckView) -> String {
    let mark = match check.mark {
        Mark::Good => "ok",
        Mark::Bad => "no",
        Mark::Unknown => "? ",
    };
    let mut text = format!("  {:9} {mark} {}\n", check.name, check.detail);
    if let Some(whose) = check.by {
        let _ = writeln!(text, "{:15}{whose:?}: {}", "", check.hint);
    }
    text
}

#[test]
fn all_is_well() {
    let checks = judged(&well());
    assert!(checks.iter().all(|it| it.mark == Mark::Good && it.hint.is_empty()), "{checks:?}");
    let names: Vec<_> = checks.iter().map(|it| it.name).collect();
    assert_eq!(names, ["registry", "endpoint", "handshake", "tunnel", "bgp", "routes"]);
}

#[test]
fn each_trouble_is_found_by_its_check() {
    for (name, spoil, check, whose, words) in WRONG {
        let mut case = well();
        spoil(&mut case);
        let checks = judged(&case);
        let root = root(&checks);
        assert_eq!((root.name, root.by), (*check, Some(*whose)), "{name}: {checks:#?}");
        assert!(root.detail.contains(words), "{name}: {}", root.detail);
    }
}

/// What follows from something else gives no advice: one root, one advice.
#[test]
fn nobody_is_sent_to_two_places() {
    for (name, spoil, ..) in WRONG {
        let mut case = well();
        spoil(&mut case);
        let advised = judged(&case).iter().filter(|it| !it.hint.is_empty()).count();
        assert_eq!(advised, 1, "{name}");
    }
}

#[test]
fn the_words_of_all_cases() {
    let mut text = String::new();
    let mut add = |name: &str, case: &Case| {
        let _ = writeln!(text, "{name}");
        judged(case).iter().for_each(|it| text += &line(it));
    };
    add("well", &well());
    for (name, spoil, ..) in WRONG {
        let mut case = well();
        spoil(&mut case);
        add(name, &case);
    }
    crate::testing::golden(
        &format!("{}/fixtures/diagnosis/cases.txt", env!("CARGO_MANIFEST_DIR")),
        &text,
    );
}

/// Each error of BIRD's has words of its own, with every name filled in, and none hides another.
#[test]
fn every_error_of_bird_has_a_meaning() {
    let mut text = String::new();
    for cause in CAUSES {
        let mut case = well();
        down(&mut case, BgpState::Active, cause.error);
        let checks = judged(&case);
        let root = root(&checks);
        assert_eq!((root.name, root.by), ("bgp", Some(cause.by)), "{}", cause.error);
        assert!(!root.detail.contains('{') && !root.hint.contains('{'), "{root:?}");
        assert!(!cause.means.is_empty() && !cause.hint.is_empty());
        let found = bgp::find(cause.error).unwrap();
        assert_eq!(found.error, cause.error, "hidden by another");
        let _ = writeln!(text, "{}\n{}", cause.error, line(root));
    }
    crate::testing::golden(
        &format!("{}/fixtures/diagnosis/bird.txt", env!("CARGO_MANIFEST_DIR")),
        &text,
    );
}

/// Where they roam to is told, and is no fault; what they declared is not touched.
#[test]
fn packets_from_elsewhere_are_told() {
    let mut case = well();
    case.link.as_mut().unwrap().endpoint = "[2a01:4f8::9]:9".parse().ok();
    let checks = judged(&case);
    assert_eq!(checks[1].mark, Mark::Good);
    assert!(checks[1].detail.contains("your packets come from [2a01:4f8::9]:9"), "{:?}", checks[1]);
    unshaken(&mut case, 0, 0);
    assert!(!judged(&case)[1].detail.contains("come from"), "that is what we configured");
}

#[test]
fn what_is_not_served_is_not_judged() {
    for (status, words) in [
        (Status::Pending, "waits for approval"),
        (Status::Disabled, "switched off"),
        (Status::Suspended, "suspended"),
    ] {
        let mut case = well();
        case.peering.status = status;
        let checks = judged(&case);
        assert_eq!((checks.len(), checks[0].mark), (6, Mark::Good));
        assert!(checks[1..].iter().all(|it| it.mark == Mark::Unknown), "{checks:?}");
        assert!(checks[1].detail.contains(words) && !checks[1].hint.is_empty());
    }
}

#[test]
fn nothing_is_known() {
    let mut case = well();
    case.place = Place::Unknown;
    (case.link, case.tunnel, case.bgp) = (None, None, None);
    let checks = judged(&case);
    assert_eq!(checks[0].mark, Mark::Good);
    assert!(checks[1..].iter().all(|it| it.mark == Mark::Unknown), "{checks:?}");
}

#[test]
fn a_ping_that_cannot_be_sent_proves_nothing() {
    let mut case = well();
    case.tunnel = Some(Echo::Unable("no right".into()));
    assert_eq!(judged(&case)[3].mark, Mark::Good, "BGP runs through it");
    down(&mut case, BgpState::Active, "");
    assert_eq!(judged(&case)[3].mark, Mark::Unknown);
}

/// A daemon says once what is wrong, and hangs up on every attempt after that.
#[test]
fn what_was_said_before_they_hung_up_is_kept() {
    let view = |error: &str| {
        let mut case = well();
        down(&mut case, BgpState::Active, error);
        case.bgp.unwrap()
    };
    let mut hung_up = view("Socket: Connection closed");
    hung_up.remember(Some(view("Received: Bad peer AS")));
    let mut again = view("Socket: Connection reset by peer");
    again.remember(Some(hung_up.clone()));
    for bgp in [hung_up, again.clone()] {
        let checks = judged(&Case { bgp: Some(bgp), ..well() });
        assert!(root(&checks).detail.contains("another AS number"), "{checks:?}");
        assert!(root(&checks).detail.contains("after \"Received: Bad peer AS\""), "{checks:?}");
    }
    let mut refused = view("Socket: Connection refused");
    refused.remember(Some(again.clone()));
    let checks = judged(&Case { bgp: Some(refused), ..well() });
    assert!(root(&checks).detail.contains("nobody listens"), "that is news: {checks:?}");
    assert!(root(&checks).detail.contains("after \"Received: Bad peer AS\""), "{checks:?}");
    let mut other = view("BGP Error: Hold timer expired");
    other.remember(Some(again));
    assert_eq!(other.earlier_error, "", "that is newer, and tells something");
    let mut first = view("Socket: Connection closed");
    first.remember(None);
    assert_eq!(first.earlier_error, "");
}
