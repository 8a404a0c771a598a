//! Every class at its first and last address and at the neighbours outside.

use super::blocks::{Kind, SPECIAL_V4, SPECIAL_V6, lies_in};
use super::{Class, Families, Policy, split_port, verdict};
use ipnet::IpNet;
use std::net::IpAddr;

fn policy() -> Policy {
    Policy { families: Families::Both, reserved: vec![], allowed: vec![], own: vec![] }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// `None` is an endpoint, `Some(None)` unallocated.
fn kind(text: &str) -> Option<Option<Kind>> {
    match verdict(ip(text), &policy()).map_err(|it| it.because) {
        Ok(()) => None,
        Err(Class::Special(block)) => Some(Some(block.kind)),
        Err(Class::Unallocated) => Some(None),
        Err(other) => panic!("{text}: {other:?}"),
    }
}

#[test]
fn special_blocks_of_ipv4() {
    for (below, first, last, above, class) in [
        ("", "0.0.0.0", "0.255.255.255", "1.0.0.0", Kind::Unspecified),
        ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", Kind::Private),
        ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", Kind::Shared),
        ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0", Kind::Loopback),
        ("169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0", Kind::LinkLocal),
        ("172.15.255.255", "172.16.0.0", "172.19.255.255", "", Kind::Private),
        ("", "172.20.0.0", "172.23.255.255", "", Kind::Dn42),
        ("", "172.24.0.0", "172.31.255.255", "172.32.0.0", Kind::Private),
        ("191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0", Kind::Protocol),
        ("192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0", Kind::Documentation),
        ("192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0", Kind::SixToFourRelay),
        ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0", Kind::Private),
        ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0", Kind::Benchmarking),
        ("198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0", Kind::Documentation),
        ("203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0", Kind::Documentation),
        ("223.255.255.255", "224.0.0.0", "239.255.255.255", "", Kind::Multicast),
        ("", "240.0.0.0", "255.255.255.254", "", Kind::Future),
        ("", "255.255.255.255", "255.255.255.255", "", Kind::Broadcast),
    ] {
        assert_eq!((kind(first), kind(last)), (Some(Some(class)), Some(Some(class))), "{first}");
        for outside in [below, above].into_iter().filter(|it| !it.is_empty()) {
            assert_eq!(kind(outside), None, "{outside}");
        }
    }
    // Reachable by the registry's word: AS112 and AMT.
    for text in ["192.31.196.1", "192.52.193.1", "192.175.48.1", "8.8.8.8"] {
        assert_eq!(kind(text), None, "{text}");
    }
}

#[test]
fn special_blocks_of_ipv6() {
    let all = "ffff:ffff:ffff:ffff:ffff:ffff";
    for (first, last, class) in [
        ("::", "::", Kind::Unspecified),
        ("::1", "::1", Kind::Loopback),
        ("::2", "::255.255.255.255", Kind::Compatible),
        ("::ffff:0.0.0.0", "::ffff:255.255.255.255", Kind::Mapped),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Kind::LocalTranslation),
        ("100::", "100:0:0:1:ffff:ffff:ffff:ffff", Kind::Discard),
        ("2001::", &format!("2001:0:{all}"), Kind::Teredo),
        ("2001:1::", &format!("2001:1:{all}"), Kind::Protocol),
        ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Kind::Benchmarking),
        ("2001:2:1::", &format!("2001:f:{all}"), Kind::Protocol),
        ("2001:10::", &format!("2001:3f:{all}"), Kind::Orchid),
        ("2001:40::", &format!("2001:1ff:{all}"), Kind::Protocol),
        ("2001:db8::", &format!("2001:db8:{all}"), Kind::Documentation),
        ("3fff::", &format!("3fff:fff:{all}"), Kind::Documentation),
        ("5f00::", &format!("5f00:ffff:{all}"), Kind::SegmentRouting),
        ("fc00::", &format!("fcff:ffff:{all}"), Kind::Private),
        ("fd00::", &format!("fdff:ffff:{all}"), Kind::Dn42),
        ("fe80::", &format!("febf:ffff:{all}"), Kind::LinkLocal),
        ("fec0::", &format!("feff:ffff:{all}"), Kind::SiteLocal),
        ("ff00::", &format!("ffff:ffff:{all}"), Kind::Multicast),
    ] {
        assert_eq!((kind(first), kind(last)), (Some(Some(class)), Some(Some(class))), "{first}");
    }
    for text in ["2001:db7:ffff::1", "2001:db9::1", "2001:200::1", "2620:4f:8000::1"] {
        assert_eq!(kind(text), None, "{text}");
    }
}

#[test]
fn only_what_iana_has_given_out() {
    let all = "ffff:ffff:ffff:ffff:ffff:ffff";
    for (first, last) in [
        ("2001:200::", "2001:fff"),
        ("2001:1200::", "2001:4dff"),
        ("2001:5000::", "2001:5fff"),
        ("2001:8000::", "2001:bfff"),
        ("2003::", "2003:3fff"),
        ("2400::", "241f:ffff"),
        ("2600::", "2610:1ff"),
        ("2620::", "2620:1ff"),
        ("2630::", "263f:ffff"),
        ("2800::", "280f:ffff"),
        ("2a00::", "2a1f:ffff"),
        ("2c00::", "2c0f:ffff"),
    ] {
        let last = ip(&format!("{last}:{all}")).to_string();
        assert_eq!((kind(first), kind(&last)), (None, None), "{first} {last}");
        let IpAddr::V6(end) = ip(&last) else { panic!() };
        let above = std::net::Ipv6Addr::from_bits(end.to_bits() + 1).to_string();
        assert_eq!(kind(&above), Some(None), "{above}");
    }
    for text in [
        "1::",
        "64:ff9b:2::",
        "64:ff9a::1",
        "64:ff9b:0:0:0:1::",
        "200::1",
        "1fff::1",
        "2000::",
        "2001:1000::1",
        "2001:1:0:0:0:0:0:1",
        "2001:7fff::1",
        "2004::1",
        "23ff::1",
        "2420::1",
        "2500::1",
        "2640::1",
        "27ff::1",
        "2810::1",
        "2a20::1",
        "2d00::1",
        "3ffe::1",
        "3fff:1000::1",
        "4000::1",
        "5eff::1",
        "5f01::1",
        "8000::1",
        "fbff::1",
        "fe00::1",
        "100:0:0:2::",
    ] {
        assert_ne!(kind(text), None, "{text}");
    }
}

#[test]
fn an_address_inside_an_address_counts() {
    for (text, inside) in [
        ("64:ff9b::10.0.0.1", "10.0.0.1"),
        ("64:ff9b::127.0.0.1", "127.0.0.1"),
        ("64:ff9b::172.20.0.53", "172.20.0.53"),
        ("2002:a00:1::1", "10.0.0.1"),
        ("2002:7f00:1::", "127.0.0.1"),
        ("2002:c0a8:101:1::1", "192.168.1.1"),
        ("2002:e000:1::", "224.0.0.1"),
    ] {
        let refused = verdict(ip(text), &policy()).unwrap_err();
        assert_eq!(refused.carried.map(IpAddr::V4), Some(ip(inside)), "{text}");
    }
    for text in ["64:ff9b::8.8.8.8", "2002:808:808::1"] {
        assert_eq!(kind(text), None, "{text}");
    }
    let guarded = Policy { reserved: vec!["8.8.0.0/16".parse().unwrap()], ..policy() };
    assert!(verdict(ip("2002:808:808::1"), &guarded).is_err());
}

#[test]
fn this_host_is_never_an_endpoint() {
    let own = vec![ip("8.8.8.8"), ip("2a00::1"), ip("fd00::1")];
    let allowed = ["::/0", "0.0.0.0/0"].map(|it| it.parse().unwrap()).to_vec();
    let open = Policy { own, allowed, ..policy() };
    for text in [
        "8.8.8.8",
        "2a00::1",
        "fd00::1",
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::",
        "2001:0:808:808::",
        "2001:0:101:101::f7f7:f7f7",
    ] {
        assert_eq!(verdict(ip(text), &open).map_err(|it| it.because), Err(Class::Own), "{text}");
    }
    for text in ["fd00::2", "10.0.0.1", "::1", "4000::1", "2001:db8::1"] {
        assert_eq!(verdict(ip(text), &open), Ok(()), "{text}");
    }
}

#[test]
fn allowed_wins_over_reserved_but_not_over_the_family() {
    let network = |text: &str| text.parse::<IpNet>().unwrap();
    let lab = Policy {
        families: Families::V6,
        reserved: vec![network("2a00:1::/32"), network("fd00:1::/32")],
        allowed: vec![network("fd00::/8"), network("10.0.0.0/8"), network("2a00:1:1::/48")],
        ..policy()
    };
    for text in ["fd00:1::1", "2a00:1:1::1", "64:ff9b::10.1.1.1", "2a00:2::1"] {
        assert_eq!(verdict(ip(text), &lab), Ok(()), "{text}");
    }
    let why = |text: &str| verdict(ip(text), &lab).unwrap_err().because;
    assert_eq!(why("2a00:1::1"), Class::Reserved(network("2a00:1::/32")));
    assert_eq!(why("10.0.0.1"), Class::Family(Families::V6));
    assert_eq!(why("8.8.8.8"), Class::Family(Families::V6));
    let v4 = Policy { families: Families::V4, ..policy() };
    assert_eq!(verdict(ip("2a00::1"), &v4).unwrap_err().because, Class::Family(Families::V4));
    assert_eq!(verdict(ip("8.8.8.8"), &v4), Ok(()));
}

#[test]
fn a_refusal_says_what_to_do() {
    let pop = Policy {
        reserved: vec!["2a00:1::/32".parse().unwrap()],
        own: vec![ip("2a00::1")],
        ..policy()
    };
    let v6 = Policy { families: Families::V6, ..policy() };
    for (policy, text, says) in [
        (
            &pop,
            "fd00::1",
            "fd00::1 is a dn42-internal or private address (fd00::/8, RFC 4193): the tunnel runs over the public internet, give the address your router has there",
        ),
        (
            &pop,
            "2002:a00:1::",
            "2002:a00:1:: stands for 10.0.0.1, which is a private address (10.0.0.0/8, RFC 1918): the tunnel runs over the public internet, give the address your router has there",
        ),
        (
            &pop,
            "::ffff:8.8.8.8",
            "::ffff:8.8.8.8 is an IPv4-mapped address (::ffff:0.0.0.0/96, RFC 4291, section 2.5.5.2): write the IPv4 address itself",
        ),
        (
            &pop,
            "2001:db8::1",
            "2001:db8::1 is an address for documentation (2001:db8::/32, RFC 3849): it is only good for examples, give the address of your own router",
        ),
        (
            &pop,
            "2a00::1",
            "2a00::1 is an address of this POP itself: give the address of your own router",
        ),
        (
            &pop,
            "2a00:1::1",
            "2a00:1::1 lies in 2a00:1::/32, which belongs to this POP's network: give the address of your own router",
        ),
        (
            &pop,
            "3ffe::1",
            "3ffe::1 lies in no block that IANA has given out: look whether it is misspelt",
        ),
        (
            &v6,
            "8.8.8.8",
            "8.8.8.8 is an IPv4 address: this POP has IPv6 only, give an IPv6 address",
        ),
    ] {
        assert_eq!(verdict(ip(text), policy).unwrap_err().to_string(), says);
    }
}

/// At every end of every block, and beside it.
#[test]
fn a_prefix_is_compared_as_ipnet_does() {
    let tables = SPECIAL_V4.iter().chain(SPECIAL_V6).map(|it| it.network);
    let whole = ["0.0.0.0/0", "::/0", "192.0.2.1/32", "2001:db8::1/128"];
    let networks: Vec<IpNet> = tables.chain(whole.map(|it| it.parse().unwrap())).collect();
    let beside = |it: IpAddr| match it {
        IpAddr::V4(it) => {
            [-1, 1].map(|by| IpAddr::from(it.to_bits().wrapping_add_signed(by).to_be_bytes()))
        }
        IpAddr::V6(it) => {
            [-1, 1].map(|by| IpAddr::from(it.to_bits().wrapping_add_signed(by).to_be_bytes()))
        }
    };
    let ends = networks.iter().flat_map(|it| [it.network(), it.broadcast()]);
    let addresses: Vec<IpAddr> =
        ends.flat_map(|it| [vec![it], beside(it).to_vec()].concat()).collect();
    for (network, address) in
        networks.iter().flat_map(|it| addresses.iter().map(move |at| (it, at)))
    {
        assert_eq!(lies_in(*address, network), network.contains(address), "{address} {network}");
    }
}

#[test]
fn host_and_port_come_apart() {
    for (text, host, port) in [
        ("node.example.org:51820", "node.example.org", "51820"),
        ("203.0.113.7:1", "203.0.113.7", "1"),
        ("[2001:db8::1]:51820", "2001:db8::1", "51820"),
        ("[2001:db8::1]", "2001:db8::1", ""),
        ("[fe80::1%eth0]:1", "fe80::1%eth0", "1"),
        ("[2001:db8::1/64]:1", "2001:db8::1/64", "1"),
        ("2001:db8::1:51820", "2001:db8::1", "51820"),
        ("2001:db8:1:2:3:4:5:6:4242", "2001:db8:1:2:3:4:5:6", "4242"),
        ("2001:db8:::51820", "2001:db8::", "51820"),
        ("example.org:0", "example.org", "0"),
        ("example.org:999999", "example.org", "999999"),
    ] {
        assert_eq!(split_port(text), Some((host, port)), "{text}");
    }
}

#[test]
fn what_is_not_plainly_both_stays_whole() {
    for text in [
        "2001:db8::1",
        "2001:db8::1:4242",
        "::1",
        "::",
        "1::",
        "::ffff:192.0.2.1",
        "203.0.113.7",
        "node.example.org",
        "",
        ":",
        ":51820",
        "host:",
        "host:+1",
        "host:1x",
        "host: 1",
        "host:٣",
        "[",
        "]",
        "[]",
        "[]:1",
        "[host]:1",
        "[192.0.2.1]:1",
        "[2001:db8::1",
        "[2001:db8::1]:",
        "[2001:db8::1]51820",
        "[2001:db8::1]:x",
        "[[2001:db8::1]]:1",
        "2001:db8::1]:51820",
        "http://example.org:80",
        "a:b:1",
        "2001:db8::1::51820",
    ] {
        assert_eq!(split_port(text), None, "{text}");
    }
}
