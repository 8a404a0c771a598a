//! Forms as they are read and filled in.

use super::*;

fn values() -> FormValues<'static> {
    FormValues {
        asn: "4242420001".parse().unwrap(),
        protocol: "ebgp_as4242420001_v6".into(),
        interface: IfName::from_name("wg-as4242420001").unwrap(),
        neighbor: "fe80:0263::2:11".parse().unwrap(),
        local: "fe80:0263::1:11".parse().unwrap(),
        latency: 3,
        template: "dnpeers",
        families: Families::Both,
        direction: Direction::Either,
    }
}

const LEAST: &str = "${asn}${protocol}${interface}${neighbor}";

fn rendered(text: &str, values: &FormValues<'_>) -> String {
    Form::parse(&format!("{text}{LEAST}"))
        .unwrap()
        .render(values)
        .replace("4242420001ebgp_as4242420001_v6wg-as4242420001fe80:0263::2:11", "")
}

#[test]
fn both_built_in_forms_are_read() {
    for (name, text) in BUILT_IN {
        assert!(Form::parse(text).is_ok(), "{name}");
    }
    let wiki = Form::parse(WIKI).unwrap();
    assert_eq!(
        wiki.render(&values()),
        "protocol bgp ebgp_as4242420001_v6 from dnpeers {
    neighbor fe80:0263::2:11 % 'wg-as4242420001' as 4242420001;
}"
    );
    let only_ipv6 = FormValues { families: Families::V6, ..values() };
    assert!(wiki.render(&only_ipv6).contains("\n    ipv4 {\n        import none;"));
}

#[test]
fn blocks_keep_the_braces_of_bird() {
    let text = "a${ipv4: b { c { d }; } }e$$f${no_ipv4:g}";
    assert_eq!(rendered(text, &values()), "a b { c { d }; } e$f");
    let only_ipv6 = FormValues { families: Families::V6, ..values() };
    assert_eq!(rendered(text, &only_ipv6), "ae$fg");
    let nested = "${ipv4:1${passive:2}${not_passive:3}}";
    assert_eq!(rendered(nested, &values()), "13");
    let passive = FormValues { direction: Direction::Passive, ..values() };
    assert_eq!(rendered(nested, &passive), "12");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, line, column, message) in [
        ("a\nb ${asm}", 2, 3, "${asm} is not known; there are asn, protocol, "),
        ("${ipv5: }", 1, 1, "${ipv5} is not known"),
        ("${asn: x}", 1, 1, "${asn} is not known"),
        ("ä ${ipv4: { }", 1, 10, "this block has no } that closes it"),
        ("$asn", 1, 1, "a dollar is written $$"),
        ("x ${asn", 1, 3, "a placeholder is ${name} or ${name: text}"),
        ("${protocol}${interface}\n${neighbor}", 2, 12, "the form has no ${asn}"),
        ("", 1, 1, "the form has no ${asn}"),
        (
            "${asn}${protocol}${interface}${neighbor};\ndefine X = 1;",
            2,
            14,
            "every file would define X: it needs ${asn}",
        ),
        // A file without its neighbour in one of the families would be no peering.
        ("${asn}${protocol}${interface}${ipv4:${neighbor}}", 1, 49, "the form has no ${neighbor}"),
    ] {
        let error = Form::parse(text).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
        assert!(error.message.starts_with(message), "{text}: {error}");
    }
    let deep = "${ipv4:".repeat(BIRD_FORM_DEPTH_MAX + 1);
    assert!(Form::parse(&deep).unwrap_err().message.contains("blocks within each other"));
    let large = "x".repeat(BIRD_FORM_BYTES_MAX + 1);
    assert!(Form::parse(&large).unwrap_err().message.contains("larger than"));
}

#[test]
fn the_latency_class_is_read_back() {
    let reference = Form::parse(REFERENCE).unwrap();
    let file = reference.render(&FormValues { latency: 7, ..values() });
    assert_eq!(reference.latency(&file, &values()), Some(7));
    for text in ["", "define AS1_LATENCY = 3;", "define AS4242420001_LATENCY = 0;"] {
        assert_eq!(reference.latency(text, &values()), None, "{text}");
    }
    assert_eq!(Form::parse(WIKI).unwrap().latency(&file, &values()), None);
}
