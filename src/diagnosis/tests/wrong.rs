//! What can be wrong with a peering, one thing after the other.

use super::*;

/// A name, what is wrong, and the check that is to find it with its owner and some of its words.
pub type Wrong = (&'static str, fn(&mut Case), &'static str, Whose, &'static str);

const M: Whose = Whose::Member;
const O: Whose = Whose::Operator;

pub const WRONG: &[Wrong] = &[
    ("AS number gone", |it| it.ownership.known = false, "registry", M, "not in the registry"),
    ("no maintainer", |it| it.ownership.owners.clear(), "registry", M, "no maintainer"),
    (
        "AS number given away",
        |it| it.peering.maintainer = "MALLORY-MNT".parse().ok(),
        "registry",
        M,
        "belongs to ALICE-MNT; MALLORY-MNT made",
    ),
    ("key gone", |it| it.ownership.keys = false, "registry", M, "no SSH key"),
    (
        "name without address",
        |it| it.place = Place::Nameless("node.example.org has no AAAA record".into()),
        "endpoint",
        M,
        "no AAAA record",
    ),
    (
        "name server silent",
        |it| it.place = Place::Unasked("no name server answered in 8 s".into()),
        "endpoint",
        O,
        "no name server",
    ),
    (
        "reserved network",
        |it| it.place = Place::Forbidden("fd00::1 is private".into()),
        "endpoint",
        M,
        "private",
    ),
    (
        "name without address, and no handshake",
        |it| {
            unshaken(it, 0, 900);
            it.place = Place::Nameless("node.example.org does not exist in the DNS".into());
        },
        "endpoint",
        M,
        "does not exist",
    ),
    (
        "not applied",
        |it| {
            it.unapplied = Some("BIRD refuses line 3".into());
            (it.link, it.bgp, it.tunnel) = (None, None, None);
        },
        "handshake",
        O,
        "not set up on this side: BIRD refuses",
    ),
    (
        "handshake unanswered",
        |it| unshaken(it, 0, 1480),
        "handshake",
        M,
        "1480 bytes of ours got no",
    ),
    ("nothing sent yet", |it| unshaken(it, 0, 0), "handshake", M, "nothing was sent yet"),
    (
        "port closed",
        |it| {
            unshaken(it, 0, 1480);
            it.probe = Some(Probe::Closed);
        },
        "handshake",
        M,
        "nobody listens at [2a01:4f8::1]:20263",
    ),
    (
        "port forbidden",
        |it| {
            unshaken(it, 0, 1480);
            it.probe = Some(Probe::Forbidden);
        },
        "handshake",
        M,
        "a firewall forbids",
    ),
    (
        "no way there",
        |it| {
            unshaken(it, 0, 1480);
            it.probe = Some(Probe::Unreachable);
        },
        "handshake",
        M,
        "no way to",
    ),
    (
        "another key of ours",
        |it| {
            unshaken(it, 0, 1480);
            (it.probe, it.captured) =
                (Some(Probe::Silence), Some(CapturedHandshake::OtherRecipient));
        },
        "handshake",
        M,
        "for another public key",
    ),
    (
        "another key of theirs",
        |it| {
            unshaken(it, 0, 1480);
            it.captured = Some(CapturedHandshake::OtherSender);
        },
        "handshake",
        M,
        "from another key than yours",
    ),
    ("answers lost", |it| unshaken(it, 148, 920), "handshake", M, "ours do not fit or reach you"),
    (
        "preshared key",
        |it| {
            unshaken(it, 148, 920);
            it.peering.preshared_key = Some(crate::model::WgSecret::new([3; 32]));
        },
        "handshake",
        M,
        "ours do not fit",
    ),
    (
        "they never call",
        |it| {
            unshaken(it, 0, 0);
            (it.place, it.peering.endpoint) = (Place::Passive, None);
            it.link.as_mut().unwrap().endpoint = None;
        },
        "handshake",
        M,
        "you are to call",
    ),
    (
        "handshake old",
        |it| {
            it.link.as_mut().unwrap().last_handshake_s = NOW.0 - 700;
            it.probe = Some(Probe::Closed);
            it.tunnel = None;
            down(it, BgpState::Connect, "");
        },
        "handshake",
        M,
        "700 s ago",
    ),
    (
        "address inside",
        |it| {
            it.tunnel = Some(Echo::Silence);
            down(it, BgpState::Connect, "");
        },
        "tunnel",
        M,
        "does not answer to ping",
    ),
    (
        "address inside, and an error from before",
        |it| {
            it.tunnel = Some(Echo::Silence);
            down(it, BgpState::Connect, "Socket: Connection refused");
        },
        "tunnel",
        M,
        "does not answer to ping",
    ),
    (
        "passive on both sides",
        |it| down(it, BgpState::Passive, ""),
        "bgp",
        M,
        "waits for your side",
    ),
    ("switched off here", |it| down(it, BgpState::Down, ""), "bgp", O, "switched off"),
    ("mute after the connection", |it| down(it, BgpState::OpenSent, ""), "bgp", M, "says nothing"),
    ("mute after OPEN", |it| down(it, BgpState::OpenConfirm, ""), "bgp", M, "said who they are"),
    (
        "port 179 silent",
        |it| down(it, BgpState::Connect, ""),
        "bgp",
        M,
        "port 179 of fe80:0263::2:11",
    ),
    ("no attempt yet", |it| down(it, BgpState::Active, ""), "bgp", M, "waits for its next attempt"),
    ("idle", |it| down(it, BgpState::Idle, ""), "bgp", M, "waits for its next attempt"),
    (
        "unheard-of words",
        |it| down(it, BgpState::Idle, "Error: Moon"),
        "bgp",
        M,
        "last error \"Error: Moon\"",
    ),
    (
        "ping forbidden, and they refuse",
        |it| {
            it.tunnel = None;
            down(it, BgpState::Active, "Received: Bad peer AS");
        },
        "bgp",
        M,
        "another AS number than 4242420263",
    ),
    (
        "BIRD has another neighbor",
        |it| {
            down(it, BgpState::Active, "");
            it.bgp.as_mut().unwrap().neighbor_as = "4242420009".parse().ok();
        },
        "bgp",
        O,
        "another AS number",
    ),
    (
        "no ipv4 of theirs",
        |it| {
            let bgp = it.bgp.as_mut().unwrap();
            bgp.routes.remove(0);
            bgp.missing.push("ipv4".into());
            bgp.offer.as_mut().unwrap().families.remove(0);
        },
        "routes",
        M,
        "does not offer ipv4",
    ),
    (
        "a channel that is down",
        |it| {
            let bgp = it.bgp.as_mut().unwrap();
            bgp.routes.remove(1);
            bgp.missing.push("ipv6".into());
        },
        "routes",
        M,
        "ipv6 is not up",
    ),
    (
        "no extended next hop",
        |it| it.bgp.as_mut().unwrap().offer.as_mut().unwrap().next_hops.clear(),
        "routes",
        M,
        "without extended next hop",
    ),
    (
        "limit",
        |it| each_family(it, |routes| routes.limit = Some((20, Limit::Hit))),
        "routes",
        M,
        "import limit of 20",
    ),
    (
        "nothing announced",
        |it| each_family(it, |routes| (routes.imported, routes.received) = (0, Some(0))),
        "routes",
        M,
        "you announce nothing",
    ),
    ("taken back", |it| each_family(it, |routes| routes.imported = 0), "routes", M, "taken back"),
    (
        "all refused",
        |it| each_family(it, |routes| (routes.imported, routes.refused) = (0, Some(2))),
        "routes",
        M,
        "refused by this POP's filter",
    ),
    (
        "nothing for them",
        |it| each_family(it, |routes| routes.exported = 0),
        "routes",
        O,
        "nothing",
    ),
    (
        "our kernel refuses routes",
        |it| {
            let missing = vec!["fd42::1".parse().unwrap()];
            let not_forwarded = Vec::new();
            let view = KernelView { routes: 612, refused: 612, missing, not_forwarded };
            it.kernel = Some(Rc::new(view));
        },
        "routes",
        O,
        "the kernel of this POP refused 612 of its 612 routes; it lacks its own address fd42::1",
    ),
    (
        "our kernel forwards nothing",
        |it| {
            let not_forwarded = vec!["ipv6"];
            it.kernel = Some(Rc::new(KernelView { not_forwarded, ..KernelView::default() }));
        },
        "routes",
        O,
        "the kernel of this POP forwards no ipv6 packets",
    ),
];
