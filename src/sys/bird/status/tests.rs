//! Recorded replies of two versions, and rows nobody has seen yet.

use super::super::reply::Parser;
use super::*;

fn status(bytes: &[u8]) -> BgpStatus {
    let reply = Parser::default().feed(bytes).unwrap().unwrap();
    BgpStatus::parse(&reply).unwrap()
}

#[test]
fn an_established_session() {
    let status = status(include_bytes!("../../../../fixtures/bird/established-2.0.12.txt"));
    let protocol = Protocol {
        name: "ebgp_as4242420001_v6".to_owned(),
        proto: "BGP".to_owned(),
        table: "---".to_owned(),
        state: "up".to_owned(),
        since: "21:06:06.603".to_owned(),
        info: "Established".to_owned(),
    };
    assert_eq!(status.protocol, protocol);
    assert_eq!(status.bgp_state, Some(BgpState::Established));
    assert_eq!(status.neighbor_address.as_deref(), Some("fe80::2:1%wg-as4242420001"));
    assert_eq!(status.neighbor_as.map(Asn::get), Some(4242420001));
    assert_eq!(status.local_as.map(Asn::get), Some(4242420263));
    assert_eq!(status.last_error, None);
    let theirs = status.capabilities.clone().unwrap();
    assert_eq!(
        (theirs.families.join(" "), theirs.next_hops.join(" ")),
        ("ipv4 ipv6".into(), "ipv4".into())
    );
    let ipv4 = Channel {
        name: "ipv4".to_owned(),
        state: "UP".to_owned(),
        imported: Some(2),
        filtered: None,
        exported: Some(0),
        preferred: Some(2),
        import_limit: Some(2),
        limit_hit: true,
        bgp_next_hop: Some(":: fe80::1:1".to_owned()),
        received: Some(3),
        refused: Some(0),
    };
    let ipv6 = Channel {
        name: "ipv6".to_owned(),
        imported: Some(1),
        preferred: Some(1),
        import_limit: Some(9000),
        limit_hit: false,
        received: Some(2),
        refused: Some(1),
        ..ipv4.clone()
    };
    assert_eq!(status.channels, [ipv4, ipv6]);
    assert!(status.raw.starts_with("Name       Proto "));
    assert!(status.raw.contains("\n  BGP state:          Established\n    Neighbor address: fe80"));
    assert!(status.raw.ends_with("BGP Next hop:   :: fe80::1:1"));
}

#[test]
fn the_same_of_version_3_with_a_date() {
    let status = status(include_bytes!("../../../../fixtures/bird/established-3.txt"));
    assert_eq!(status.protocol.since, "2026-11-22 21:06:06");
    assert_eq!(status.protocol.info, "Established");
    assert_eq!(status.bgp_state, Some(BgpState::Established));
    let [channel] = &status.channels[..] else { panic!("{:?}", status.channels) };
    assert_eq!(channel.state, "UP");
    let counts = [channel.imported, channel.filtered, channel.exported, channel.preferred];
    assert_eq!(counts, [Some(712), Some(3), Some(690), Some(12)]);
    assert_eq!((channel.received, channel.refused), (Some(730), Some(3)));
    let theirs = status.capabilities.unwrap();
    assert_eq!((theirs.families.len(), theirs.next_hops.len()), (2, 0), "only ours has it");
}

#[test]
fn sessions_that_are_not_up_say_why() {
    let active = status(include_bytes!("../../../../fixtures/bird/active-2.0.12.txt"));
    assert_eq!(active.bgp_state, Some(BgpState::Active));
    assert_eq!(active.protocol.info, "Active Received: Administrative shutdown");
    assert_eq!(active.last_error.as_deref(), Some("Received: Administrative shutdown"));
    assert_eq!(active.capabilities, None);
    let channel = &active.channels[0];
    assert_eq!((channel.state.as_str(), channel.imported), ("DOWN", None));
    let down = status(include_bytes!("../../../../fixtures/bird/down-2.0.12.txt"));
    assert_eq!(down.bgp_state, Some(BgpState::Down));
    assert_eq!((down.protocol.state.as_str(), down.protocol.info.as_str()), ("down", ""));
}

#[test]
fn what_the_other_end_wrote_overrides_nothing() {
    let status = status(
        b"1002-x BGP --- up 2026 \n1006-  BGP state:  Idle\n   BGP state: Established\n\
          \x20    Local AS: 0\n1006-  Channel ipv4\n     Import limit: -1 [HIT]\n\
          \x20    Routes: x imported, 1, 18446744073709551616 exported\n\
          \x20    State: \n     :\n0000 \n",
    );
    assert_eq!((status.bgp_state, status.local_as), (Some(BgpState::Idle), None));
    let channel = Channel { name: "ipv4".to_owned(), limit_hit: true, ..Channel::default() };
    assert_eq!(status.channels, [channel]);
    let many = b"1006-  Channel x\n".repeat(1000);
    let status = self::status(&[b"1002-x BGP --- up 2026\n", &many[..], b"0000 \n"].concat());
    assert_eq!(status.channels.len(), BIRD_CHANNELS_MAX);
}

#[test]
fn rows_of_every_shape() {
    let show = |row: &str| {
        let it = Protocol::parse(row)?;
        Some([it.name, it.proto, it.table, it.state, it.since, it.info].join("|"))
    };
    for (row, expected) in [
        (
            "device1    Device     ---        up     20:55:21.029  ",
            "device1|Device|---|up|20:55:21.029|",
        ),
        ("a Static     master4    up     2026-09-29    ", "a|Static|master4|up|2026-09-29|"),
        (
            "a BGP --- start 2026-11-22 21:06:06.123  Idle  BGP Error: x",
            "a|BGP|---|start|2026-11-22 21:06:06.123|Idle BGP Error: x",
        ),
        ("a b c d", "a|b|c|d||"),
    ] {
        assert_eq!(show(row).as_deref(), Some(expected));
    }
    assert_eq!(show("a b c"), None);
    assert_eq!(show("   "), None);
}

fn routes_reply(lines: &[&str]) -> Reply {
    let lines = lines
        .iter()
        .map(|text| super::super::reply::Line { code: ROUTE, text: (*text).to_string() });
    Reply { code: 0, lines: lines.collect() }
}

#[test]
fn the_mark_of_a_refused_route_is_known() {
    let routes = KernelRoutes::of(&routes_reply(&[
        "Table master6:",
        "fd42:1::/48          unicast [ebgp_as1_v6 12:01:02.3] ! (100) [AS1i]",
        "\tvia fe80::1 on wg-as1",
        "fd42:2::/48          unicast [ebgp_as1_v6 12:01:02.3 from fe80::2] * (100) [AS1i]",
        "                     unicast [ebgp_as2_v6 12:01:02.3] (100) [AS2i]",
        "fd42:3::/48          unreachable [own_networks_v6 12:01:02.3] * (200)",
        "fd42:1234:5678:9abc::/64 unicast [ebgp_as1_v6 2026-11-28] ! (100) [AS1i]",
        "",
    ]));
    assert_eq!((routes.best, routes.refused), (4, 2));
    assert_eq!(routes.shown, ["fd42:1::/48", "fd42:1234:5678:9abc::/64"]);
}

#[test]
fn few_of_many_are_kept() {
    let line = "10.0.0.0/24 unicast [x 12:01] ! (100)";
    let routes = KernelRoutes::of(&routes_reply(&[line; 1000]));
    assert_eq!((routes.best, routes.refused), (1000, 1000));
    assert_eq!(routes.shown.len(), KERNEL_REFUSED_SHOWN_MAX);
}
