//! What BIRD's files have, in the shapes that operators give them.

use super::*;

fn read(text: &str) -> Vec<Session> {
    sessions(&[Source { path: "peers.conf".into(), text: text.to_string() }])
}

/// `protocol neighbour asn interface families disabled`, as one line.
fn line(session: &Session) -> String {
    let neighbour = session.neighbour.map_or("-".to_string(), |it| it.to_string());
    let asn = session.asn.map_or("-".to_string(), |it| it.to_string());
    let interface = session.interface.as_deref().unwrap_or("-");
    let families = session.families.map_or("-", Families::word);
    let disabled = if session.is_disabled { " disabled" } else { "" };
    let internal = if session.is_internal { " internal" } else { "" };
    format!("{} {neighbour} {asn} {interface} {families}{disabled}{internal}", session.protocol)
}

fn lines(text: &str) -> Vec<String> {
    read(text).iter().map(line).collect()
}

#[test]
fn neighbours_come_in_many_shapes() {
    let template = "template bgp dnpeers { local as 64699; ipv4 { }; ipv6 { import none; }; }\n";
    for (text, expected) in [
        (
            "protocol bgp a from dnpeers { neighbor fe80::b % 'dn42-a' as 64600; }",
            "a fe80::b 64600 dn42-a both",
        ),
        (
            "protocol bgp 'a-b.c' from dnpeers { neighbor fe80::b%wg0 as 64600; };",
            "a-b.c fe80::b 64600 wg0 both",
        ),
        (
            "protocol bgp a from dnpeers {\n neighbor fe80::b as 64600;\n interface \"wg0\";\n}",
            "a fe80::b 64600 wg0 both",
        ),
        (
            "define B = fe80::b; define N = 64600; define L = \"wg0\"; define N2 = N;\n\
             protocol bgp a from dnpeers { neighbor B % 'wg0' as N2; }",
            "a fe80::b 64600 wg0 both",
        ),
        (
            "define L = \"wg0\";\nprotocol bgp a { interface L; neighbor fe80::b port 1179 as 7; \
             ipv6 { import filter { if net ~ [ fd00::/8+ ] then accept; reject; }; }; }",
            "a fe80::b 7 wg0 ipv6",
        ),
        ("protocol bgp a { neighbor 172.20.1.1 as 64600; ipv4; }", "a 172.20.1.1 64600 - ipv4"),
        ("protocol bgp { neighbor fd00::1 external; }", " fd00::1 - - -"),
        ("protocol bgp from dnpeers { neighbor fd00::1 internal; }", " fd00::1 - - both internal"),
        ("protocol bgp a { neighbor range fe80::/64 as 1; interface \"x\"; }", "a - 1 x -"),
        ("protocol bgp a { neighbor fe80::b as (64600 + 1); }", "a fe80::b - - -"),
        ("protocol bgp a { disabled; neighbor as 1; }", "a - 1 - - disabled"),
        ("protocol bgp a { disabled no; neighbor fe80::b as 1; }", "a fe80::b 1 - -"),
        ("protocol bgp a { neighbor fe80::b as 4294967296; }", "a fe80::b - - -"),
    ] {
        assert_eq!(lines(&format!("{template}{text}")), [expected], "{text}");
    }
}

#[test]
fn what_a_protocol_says_wins_over_its_templates() {
    let text = "protocol bgp a from t2 { neighbor fe80::b as 2; }\n\
                template bgp t2 from t1 { interface \"x\"; ipv6 { }; }\n\
                template bgp t1 { neighbor fe80::c as 1; disabled; ipv4 { }; }";
    assert_eq!(lines(text), ["a fe80::b 2 x both disabled"]);
    // Templates that are made from each other.
    let text = "template bgp a from b {} template bgp b from a {} protocol bgp c from a {}";
    assert_eq!(lines(text), ["c - - - -"]);
}

#[test]
fn several_files_are_one_configuration() {
    let sources = ["define N = 64600;", "protocol bgp a { neighbor fe80::b as N; }"];
    let sources = sources.iter().enumerate();
    let sources: Vec<Source> = sources
        .map(|(number, text)| Source { path: number.to_string().into(), text: text.to_string() })
        .collect();
    let found = sessions(&sources);
    assert_eq!((found[0].asn, found[0].file.to_str()), (Some(64600), Some("1")));
}

#[test]
fn what_is_no_bgp_is_passed_over() {
    let text = "router id 1.2.3.4;\nlog \"/x\" all;\nprotocol device { scan time 10; }\n\
                function f(int x) { if x = 1 then { return true; } return false; }\n\
                filter z { if (net ~ [ fd00::/8{1,2} ]) then accept; else { reject; } }\n\
                # protocol bgp a { }\n/* protocol bgp b { } */\n\
                protocol static { ipv4 { }; route 1.0.0.0/8 reject; }\n\
                protocol bgp c { neighbor fe80::b as 1; } # }\ninclude \"x\";\n\
                protocol babel { interface \"y\" { type tunnel; }; }\n  protocol bgp d { }";
    let found = read(text);
    let places: Vec<String> =
        found.iter().map(|it| format!("{} {}", it.protocol, it.place)).collect();
    assert_eq!(places, ["c 9:1", "d 12:3"]);
}

#[test]
fn no_text_is_too_strange() {
    for text in [
        "",
        "protocol",
        "protocol bgp",
        "protocol bgp {",
        "protocol bgp a {{{{",
        "}}}} protocol bgp a",
        "template bgp { } define define = ; define",
        "protocol bgp a { neighbor % ; interface; ipv4 {",
        "protocol bgp a { neighbor \"x\" as 'y'; interface 1; }",
        "define A = B; define B = A; protocol bgp a { neighbor A as B; }",
    ] {
        for session in read(text) {
            assert_eq!((session.neighbour, session.asn), (None, None), "{text}");
        }
    }
    let long = "protocol bgp a { neighbor ".to_string() + &"x ".repeat(100_000) + "as 1; }";
    assert_eq!(lines(&long), ["a - - - -"]);
    let deep = format!(
        "protocol bgp a {{ {} {} }} protocol bgp b {{ }}",
        "{".repeat(9_999),
        "}".repeat(9_999)
    );
    assert_eq!(lines(&deep).len(), 2);
}

/// Every text that is cut off somewhere, and one with each byte replaced, is read to its end.
#[test]
fn what_is_cut_off_is_read() {
    let text = "define A = fe80::b;\ntemplate bgp t { ipv4 { }; }\nprotocol bgp a from t { \
                neighbor A % 'wg-ü' as 64600; interface \"x\"; ipv6 { import all; }; } # end";
    for end in (0..text.len()).filter(|it| text.is_char_boundary(*it)) {
        read(&text[..end]);
        for strange in ["\0", "{", "}", "\"", "'", "/*", "::", "ü"] {
            read(&format!("{}{strange}{}", &text[..end], &text[end..]));
        }
    }
}
