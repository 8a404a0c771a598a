//! The texts as golden files: one peering with everything left to us, one with every option. The
//! real programs read them in tests/service/forms.rs.

use super::super::tests::{peering, site};
use super::*;
use crate::model::{Families, WgSecret};

type Form = (&'static str, fn(&Peering, &Site, &Router) -> Option<String>);

const FORMS: [Form; 8] = [
    ("wg-quick", wg_quick),
    ("bird", bird),
    ("networkd", networkd),
    ("frr", frr),
    ("routeros", routeros),
    ("openbgpd", openbgpd),
    ("nixos", nixos),
    ("vyos", vyos),
];

fn router() -> Router {
    Router {
        networks: Some(vec!["172.20.1.0/27".parse().unwrap(), "fd42:1::/48".parse().unwrap()]),
        ..Router::default()
    }
}

fn plain() -> Peering {
    peering(17, 4242420001, None)
}

fn with_options(families: Families) -> Peering {
    Peering {
        endpoint: None,
        mtu: Some(1400),
        preshared_key: Some(WgSecret::new([2; 32])),
        families,
        ..peering(18, 64600, Some("fe80::1"))
    }
}

#[test]
fn texts_are_golden() {
    for (name, render) in FORMS {
        let cases = [
            ("plain", plain()),
            ("options-ipv4", with_options(Families::V4)),
            ("options-ipv6", with_options(Families::V6)),
        ];
        for (case, peering) in cases {
            let path = format!("{}/fixtures/forms/{name}-{case}.txt", env!("CARGO_MANIFEST_DIR"));
            crate::testing::golden(&path, &render(&peering, &site(), &router()).unwrap());
        }
    }
}

#[test]
fn no_text_has_a_secret_and_each_ends_its_last_line() {
    let secret = with_options(Families::Both).preshared_key.unwrap().reveal();
    for (name, render) in FORMS {
        let text = render(&with_options(Families::Both), &site(), &router()).unwrap();
        assert!(!text.contains(&secret), "{name}: {text}");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{name}: {text:?}");
    }
}

#[test]
fn a_template_leaves_nothing_but_the_neighbour() {
    let wiki = Router { template: Some("dnpeers".into()), ..router() };
    let lines = |families| {
        let text = bird(&with_options(families), &site(), &wiki).unwrap();
        text.lines().filter(|it| !it.starts_with('#')).map(str::to_string).collect::<Vec<_>>()
    };
    let begin = [
        "protocol bgp examplenetwork_pop from dnpeers {",
        "    neighbor fe80::263 % 'examplenetw-pop' as 4242420263;",
    ];
    assert_eq!(lines(Families::Both), [&begin[..], &["}"]].concat());
    let closed = ["    ipv4 {", "        import none;", "        export none;", "    };", "}"];
    assert_eq!(lines(Families::V6), [&begin[..], &closed].concat());
}

#[test]
fn every_form_has_the_interface_that_the_member_chose() {
    let router = Router { interface: IfName::from_name("wg7"), ..router() };
    for (name, render) in FORMS {
        let text = render(&plain(), &site(), &router).unwrap();
        assert!(text.contains("wg7") && !text.contains("examplenetw-pop"), "{name}: {text}");
    }
}

#[test]
fn names_have_the_network_in_them() {
    let names = |network: &str, name: &str| {
        let site = Site { network: network.into(), name: name.into(), ..site() };
        (interface(&site, &Router::default()), symbol(&site))
    };
    for (network, host, link, protocol) in [
        ("Flip Flap", "fr-par1.example.net", "flipfla-fr-par1", "flipflap_fr_par1"),
        ("AS4242420263", "fr-par1.example.net", "as0263-fr-par1", "as0263_fr_par1"),
        ("42!", "amsterdam.example.net", "as0263-amsterda", "as0263_amsterdam"),
        ("Ünï", "2001:db8::1", "n-2001", "n_2001"),
        ("Net", "-", "net-pop", "net_pop"),
    ] {
        let (got_link, got_protocol) = names(network, host);
        assert_eq!((got_link.as_str(), got_protocol.as_str()), (link, protocol));
        assert!(got_link.len() <= 15);
    }
}

#[test]
fn routeros_reaches_an_address_in_another_network() {
    let text = |theirs| routeros(&peering(17, 64600, Some(theirs)), &site(), &router()).unwrap();
    assert!(text("fe80::1").contains(" address=fe80::1/64 "));
    assert!(text("fe80:42::1").contains(" address=fe80:42::1/10 "));
}

#[test]
fn a_peering_whose_id_gives_no_port_has_no_text() {
    let site = Site { base_port: u16::MAX, ..site() };
    for (name, render) in FORMS {
        assert_eq!(render(&plain(), &site, &router()), None, "{name}");
    }
}

/// Properties of the menus that the text uses, by MikroTik's manual (help.mikrotik.com: WireGuard,
/// IPv6 address, BGP, route filters); `true`: the menu demands it.
const ROUTEROS: &[(&str, &[(&str, bool)])] = &[
    ("/routing bgp instance", &[("name", true), ("as", true)]),
    (
        "/interface wireguard",
        &[("name", true), ("private-key", true), ("listen-port", false), ("mtu", false)],
    ),
    (
        "/interface wireguard peers",
        &[
            ("interface", true),
            ("public-key", true),
            ("preshared-key", false),
            ("endpoint-address", true),
            ("endpoint-port", true),
            ("persistent-keepalive", true),
            ("allowed-address", true),
        ],
    ),
    ("/ipv6 address", &[("address", true), ("interface", true), ("advertise", true)]),
    ("/routing filter rule", &[("chain", true), ("rule", true)]),
    (
        "/routing bgp connection",
        &[
            ("name", true),
            ("instance", true),
            ("afi", true),
            ("local.role", true),
            ("local.address", true),
            ("remote.address", true),
            ("remote.as", true),
            ("input.filter", true),
            ("input.limit-process-routes-ipv4", false),
            ("input.limit-process-routes-ipv6", false),
            ("output.filter-chain", true),
            ("output.network", true),
        ],
    ),
];

/// `<menu> add <name>=<value>...`, where a value with blanks stands in quotes.
fn properties(line: &str) -> Option<(&str, Vec<&str>)> {
    let (menu, mut rest) = line.split_once(" add ")?;
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=')?;
        names.push(name);
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(' ').unwrap_or(value.len())),
        };
        if value.is_empty() || value.contains(['$', '\\', '[']) {
            return None;
        }
        rest = after.trim_start();
    }
    Some((menu, names))
}

/// RouterOS cannot be had here. What can be checked without it: every line has the form of a command
/// and every property is one of its menu, once, with none missing.
#[test]
fn routeros_lines_have_the_form_of_the_manual() {
    let texts = [plain(), with_options(Families::V4), with_options(Families::V6)]
        .map(|peering| routeros(&peering, &site(), &router()).unwrap());
    for line in texts.iter().flat_map(|it| it.lines()).filter(|it| !it.starts_with('#')) {
        let (menu, names) = properties(line).unwrap_or_else(|| panic!("{line}"));
        let known = ROUTEROS.iter().find(|it| it.0 == menu).unwrap_or_else(|| panic!("{line}")).1;
        assert!(names.iter().all(|name| known.iter().any(|it| it.0 == *name)), "{line}");
        assert!(known.iter().all(|it| !it.1 || names.contains(&it.0)), "{line}");
        let once = |name: &&str| names.iter().filter(|it| *it == name).count() == 1;
        assert!(names.iter().all(once), "{line}");
    }
}
