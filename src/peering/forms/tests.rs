//! The texts as golden files: one peering with everything left to us, one with every option. The
//! real programs read them in tests/service/forms.rs.

use super::super::tests::{peering, site};
use super::*;
use crate::model::{Families, WgSecret};

type Form = (&'static str, fn(&Peering, &Site) -> Option<String>);

const FORMS: [Form; 5] = [
    ("wg-quick", wg_quick),
    ("bird", bird),
    ("networkd", networkd),
    ("frr", frr),
    ("routeros", routeros),
];

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
            crate::testing::golden(&path, &render(&peering, &site()).unwrap());
        }
    }
}

#[test]
fn no_text_has_a_secret_and_each_ends_its_last_line() {
    let secret = with_options(Families::Both).preshared_key.unwrap().reveal();
    for (name, render) in FORMS {
        let text = render(&with_options(Families::Both), &site()).unwrap();
        assert!(!text.contains(&secret), "{name}: {text}");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{name}: {text:?}");
    }
}

#[test]
fn routeros_reaches_an_address_in_another_network() {
    let text = |theirs| routeros(&peering(17, 64600, Some(theirs)), &site()).unwrap();
    assert!(text("fe80::1").contains(" address=fe80::1/64 "));
    assert!(text("fe80:42::1").contains(" address=fe80:42::1/10 "));
}

#[test]
fn a_peering_whose_id_gives_no_port_has_no_text() {
    let site = Site { base_port: u16::MAX, ..site() };
    for (name, render) in FORMS.iter().filter(|it| it.0 != "bird") {
        assert_eq!(render(&plain(), &site), None, "{name}");
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
        .map(|peering| routeros(&peering, &site()).unwrap());
    for line in texts.iter().flat_map(|it| it.lines()).filter(|it| !it.starts_with('#')) {
        let (menu, names) = properties(line).unwrap_or_else(|| panic!("{line}"));
        let known = ROUTEROS.iter().find(|it| it.0 == menu).unwrap_or_else(|| panic!("{line}")).1;
        assert!(names.iter().all(|name| known.iter().any(|it| it.0 == *name)), "{line}");
        assert!(known.iter().all(|it| !it.1 || names.contains(&it.0)), "{line}");
        let once = |name: &&str| names.iter().filter(|it| *it == name).count() == 1;
        assert!(names.iter().all(once), "{line}");
    }
}
