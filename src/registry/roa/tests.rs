//! Tests of the tables; a whole registry with conflicts is read in `tests/registry.rs`.

use super::*;
use crate::limits::REGISTRY_ROA_LINES_MAX;

const FILTER: &[u8] = b"1 permit 172.20.0.0/14 21 29\n2 permit 10.0.0.0/8 15 24\n";
const FILTER6: &[u8] = b"1 permit fd00::/8 44 64\n";

/// The table of these objects without its first line, and what was found.
fn table(objects: &[(&str, &str)]) -> (String, Vec<String>) {
    let mut builder = RoaBuilder::new(FILTER, FILTER6);
    for (name, text) in objects {
        let text = format!("route: {}\n{text}\n", name.replace('_', "/"));
        builder.route(name, text.as_bytes());
    }
    let (roa, findings) = builder.finish();
    let table = roa.ipv4.strip_prefix(MARK).unwrap().trim_start().to_string();
    (table, findings.iter().map(Finding::to_string).collect())
}

#[test]
fn the_length_is_the_objects_within_the_filters() {
    for (name, text, expected) in [
        ("172.20.1.0_24", "", 29),
        ("172.20.1.0_24", "max-length: 24", 24),
        ("172.20.1.0_24", "max-length: 27", 27),
        ("172.20.1.0_24", "max-length: 30", 29),
        ("172.20.1.0_24", "max-length: 255", 29),
        ("172.20.1.0_29", "", 29),
        ("172.20.0.0_16", "", 29),
        ("172.20.0.0_16", "max-length: 20", 20),
        ("10.1.0.0_16", "", 24),
    ] {
        let (table, findings) = table(&[(name, &format!("origin: AS1\n{text}"))]);
        let network = name.replace('_', "/");
        assert_eq!(table, format!("route {network} max {expected} as 1;\n"), "{text}");
        assert!(findings.is_empty(), "{findings:?}");
    }
}

#[test]
fn an_object_that_is_not_plainly_meant_is_left_out_and_told() {
    let max = |text: &str| {
        format!("max-length: says \"{text}\"; it is one number, no less than the network's length")
    };
    let bits = "the name is no IPv4 network, or has bits set beyond its length".to_string();
    for (name, text, why) in [
        ("172.20.1.0_24", "origin: AS1\nmax-length: 23", max("23")),
        ("172.20.1.0_24", "origin: AS1\nmax-length: 256", max("256")),
        ("172.20.1.0_24", "origin: AS1\nmax-length: -1", max("-1")),
        ("172.20.1.0_24", "origin: AS1\nmax-length:", max("")),
        ("172.20.1.0_24", "origin: AS1\nmax-length: 24\nmax-length: 24", max("24")),
        ("172.20.1.1_24", "origin: AS1", bits.clone()),
        ("172.20.1.0_33", "origin: AS1", bits.clone()),
        ("172.20.1.0", "origin: AS1", bits.clone()),
        ("fd42::_48", "origin: AS1", bits),
        ("172.20.1.0_24", "", "no origin: attribute".into()),
        (
            "172.20.1.0_24",
            "origin: 1\norigin: AS00",
            "origin: says \"1\", which is no AS number, and there is no other".into(),
        ),
        ("172.20.1.0_24", "origin: AS1\nroute: x", "more than one route: attribute".into()),
    ] {
        let (table, findings) = table(&[(name, text)]);
        assert_eq!((table.as_str(), findings), ("", vec![format!("route/{name}: {why}")]));
    }
}

#[test]
fn a_bad_origin_spoils_no_other() {
    let (table, findings) = table(&[("172.20.1.0_24", "origin: AS00\norigin: AS2\norigin: 3")]);
    assert_eq!(table, "route 172.20.1.0/24 max 29 as 2;\n");
    assert_eq!(
        findings,
        [
            "route/172.20.1.0_24: origin: says \"AS00\", which is no AS number",
            "route/172.20.1.0_24: origin: says \"3\", which is no AS number"
        ]
    );
}

/// Nobody may announce it, and the registry says so on purpose.
#[test]
fn as_0_is_an_origin_and_no_finding() {
    let (table, findings) = table(&[("172.20.1.0_24", "origin: AS0\nmax-length: 24")]);
    assert_eq!((table.as_str(), findings), ("route 172.20.1.0/24 max 24 as 0;\n", Vec::new()));
}

#[test]
fn what_the_filter_leaves_out_is_counted() {
    let objects = [("10.1.0.0_25", "origin: AS1"), ("192.0.2.0_24", "origin: AS1")];
    let (table, findings) = table(&objects);
    let words = "route: 2 networks are denied by filter.txt, or longer than it permits";
    assert_eq!((table.as_str(), findings), ("", vec![words.to_string()]));
}

/// Whoever comes first, by whichever spelling.
#[test]
fn a_network_belongs_to_its_usual_spelling() {
    let objects = ["fd42:0::_48", "FD42::_48", "fd42::_48"];
    for turn in 0..objects.len() {
        let mut builder = RoaBuilder::new(FILTER, FILTER6);
        for (at, name) in objects.iter().enumerate().cycle().skip(turn).take(objects.len()) {
            let network = name.replace('_', "/");
            builder.route6(name, format!("route6: {network}\norigin: AS{}\n", at + 1).as_bytes());
        }
        let (roa, findings) = builder.finish();
        assert_eq!(roa.ipv6, format!("{MARK}\nroute fd42::/48 max 64 as 3;\n"));
        let told: Vec<_> = findings.iter().map(Finding::to_string).collect();
        assert_eq!(told, ["route6/fd42::/48: a second object of this network"]);
    }
}

#[test]
fn tables_are_in_order_whatever_order_the_objects_had() {
    let mut objects = [
        ("172.20.16.0_24", "origin: AS20\norigin: AS3"),
        ("172.20.2.0_24", "origin: AS1"),
        ("172.20.2.0_23", "origin: AS1\norigin: AS1"),
        ("10.2.0.0_16", "origin: AS1"),
    ];
    let expected = "route 10.2.0.0/16 max 24 as 1;
route 172.20.2.0/23 max 29 as 1;
route 172.20.2.0/24 max 29 as 1;
route 172.20.16.0/24 max 29 as 3;
route 172.20.16.0/24 max 29 as 20;
";
    for _ in 0..objects.len() {
        objects.rotate_left(1);
        assert_eq!(table(&objects), (expected.to_string(), vec![]));
    }
}

#[test]
fn a_table_is_bounded() {
    let mut builder = RoaBuilder::new(b"1 permit 10.0.0.0/8 8 32", FILTER6);
    let origins: String = (1..=32).map(|it| format!("origin: AS{it}\n")).collect();
    for number in 0..=REGISTRY_ROA_LINES_MAX / 32 {
        let network = format!("10.{}.{}.0/24", number / 256, number % 256);
        let text = format!("route: {network}\n{origins}");
        builder.route(&network.replace('/', "_"), text.as_bytes());
    }
    builder.route("10.9.0.0_16", format!("route: 10.9.0.0/16\n{origins}origin: AS33\n").as_bytes());
    let (roa, findings) = builder.finish();
    assert_eq!(roa.counts(), [REGISTRY_ROA_LINES_MAX, 0]);
    let told: Vec<_> = findings.iter().map(Finding::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].ends_with("there are 20000 origins without those of this one"), "{told:?}");
    assert_eq!(told[1], "route/10.9.0.0_16: more than 32 origin: attributes");
}

#[test]
fn tables_that_lose_much_are_refused() {
    assert_eq!(judge_routes([100, 10], [80, 8]), Ok(()));
    assert_eq!(judge_routes([0, 0], [0, 0]), Ok(()));
    assert_eq!(judge_routes([0, 10], [5, 10]), Ok(()));
    let refused = |old, new| judge_routes(old, new).unwrap_err().to_string();
    let words =
        "the registry shrank from 100 to 79 origins of IPv4 networks; at most 20 % may go at once";
    assert_eq!(refused([100, 10], [79, 10]), words);
    assert!(refused([100, 10], [100, 0]).contains("from 10 to 0 origins of IPv6 networks"));
}

fn longest(filter: &Filter, network: &str) -> Option<u8> {
    filter.longest(&network.parse().unwrap())
}

#[test]
fn the_first_by_number_that_holds_all_decides() {
    let text = "# Nr Action Prefix MinLen MaxLen\n\n\
                9999\tdeny\t0.0.0.0/0 0 32\n\
                1100 permit 172.20.0.0/14 21 29 # the main net\r\n\
                1001 permit 172.20.0.0/24 28 32\n\
                2001 permit 10.100.0.0/14 14 32\n\
                2003 permit 10.0.0.0/8 15 24 more words\n\
                2000 deny 10.3.0.0/16 16 32";
    let (filter, wrong) = Filter::parse(text.as_bytes());
    assert_eq!(wrong, [0_usize; 0]);
    for (network, expected) in [
        ("172.20.0.0/24", Some(32)),
        ("172.20.0.53/32", Some(32)),
        ("172.20.0.0/23", Some(29)),
        ("172.20.0.0/14", Some(29)),
        ("172.22.0.53/32", None),
        ("172.16.0.0/12", None),
        ("10.101.0.1/32", Some(32)),
        ("10.1.0.0/24", Some(24)),
        ("10.1.0.0/25", None),
        ("10.3.7.0/24", None),
        ("192.0.2.0/24", None),
        ("fd42::/48", None),
    ] {
        assert_eq!(longest(&filter, network), expected, "{network}");
    }
}

#[test]
fn a_line_that_is_no_rule_permits_nothing() {
    for line in [
        "2 permti 172.22.0.0/16 21 29",
        "x permit 172.22.0.0/16 21 29",
        "2 permit 172.22.0.0/16 21",
        "2 permit 172.22.0.0/16 21 290",
        "2 permit 172.22.0.0/16 21 33",
        "2 permit 172.22.0.0/16 29 21",
        "permit 172.22.0.0/16 21 29",
    ] {
        let text = format!("1 permit 172.20.0.0/14 21 29\n{line}\n");
        let (filter, wrong) = Filter::parse(text.as_bytes());
        assert_eq!(wrong, [2], "{line}");
        assert_eq!(longest(&filter, "172.22.1.0/24"), None, "{line}");
        assert_eq!(longest(&filter, "172.23.1.0/24"), Some(29), "{line}");
    }
    let (filter, wrong) = Filter::parse(b"\xff\n<<<<<<< HEAD\n1 permit 172.20.0.0/33 1 2\n");
    assert_eq!((filter.rules.len(), wrong), (0, vec![1, 2, 3]));
}

#[test]
fn rules_are_bounded() {
    let text = "1 permit fd00::/8 44 64\n".repeat(REGISTRY_RULES_MAX + 2);
    let (filter, wrong) = Filter::parse(text.as_bytes());
    assert_eq!((filter.rules.len(), wrong.len()), (REGISTRY_RULES_MAX, 2));
    assert_eq!(longest(&filter, "fd42:d42:d42::/48"), Some(64));
}
