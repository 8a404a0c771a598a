//! Rulesets as nft prints them, and what becomes of a member's packets in them.

use super::*;

const SSH: Packet<'_> =
    Packet { hook: "input", family: "ip6", protocol: "tcp", port: Some(4242), interface: None };
const TUNNEL: Packet<'_> = Packet { protocol: "udp", port: Some(52001), ..SSH };
const BGP: Packet<'_> = Packet { port: Some(179), interface: Some("wg-as4242420001"), ..SSH };
const TRANSIT: Packet<'_> = Packet { hook: "forward", port: None, ..BGP };

/// A ruleset with one chain of its own for input.
fn input(policy: &str, rules: &str) -> Ruleset {
    let text = format!(
        "table inet filter {{\n\tset banned {{\n\t\ttype ipv6_addr\n\t\telements = {{ ::1,\n\
         \t\t\t\t ::2 }}\n\t}}\n\n\tchain input {{\n\t\ttype filter hook input priority \
         filter; policy {policy};\n{rules}\n\t}}\n\n\tchain mine {{\n\t\ttcp dport 4242 \
         accept\n\t}}\n}}\n"
    );
    Ruleset::read(&text)
}

fn is_dropped(ruleset: &Ruleset, packet: &Packet<'_>) -> bool {
    matches!(ruleset.fate(packet), Fate::Dropped(_))
}

#[test]
fn a_policy_drops_what_no_rule_accepts() {
    let closed = "ct state established,related accept\niif \"lo\" accept\n\
                  tcp dport { 22, 290-443 } accept\nip6 nexthdr ipv6-icmp accept\n\
                  icmpv6 type { echo-request, nd-neighbor-solicit } accept\nct state invalid drop";
    let ruleset = input("drop", closed);
    let why = "table inet filter, chain input: policy drop".to_string();
    assert_eq!(ruleset.fate(&SSH), Fate::Dropped(why));
    assert!(is_dropped(&ruleset, &TUNNEL) && is_dropped(&ruleset, &BGP));
    assert_eq!(ruleset.fate(&Packet { port: Some(300), ..SSH }), Fate::Passes);
    assert_eq!(ruleset.fate(&TRANSIT), Fate::Passes, "another hook");
    assert_eq!(input("accept", closed).fate(&SSH), Fate::Passes);
}

#[test]
fn rules_that_accept_the_ports_are_seen() {
    for rule in [
        "tcp dport 4242 accept",
        "tcp dport { 22, 4242 } counter packets 3 bytes 180 accept comment \"drop me not\"",
        "tcp dport 4000-5000 accept",
        "meta l4proto tcp ct state new tcp dport 4242 counter packets 0 bytes 0 accept",
        "meta nfproto ipv6 meta l4proto { tcp, udp } th dport 4242 accept",
        "ip6 nexthdr tcp accept",
        "meta l4proto { 6, 17 } th dport 4242 accept",
        "tcp dport != 22 accept",
        "iif != \"lo\" accept",
        "jump mine",
        "ct state vmap { invalid : drop, established : accept, new : jump mine }",
        "tcp dport vmap { 22 : drop, 4000-4300 : accept }",
        "counter packets 1 bytes 2 jump mine",
        "accept",
    ] {
        let fate = input("drop", &format!("ct state established accept\n{rule}")).fate(&SSH);
        assert_eq!(fate, Fate::Passes, "{rule}");
    }
    for rule in ["udp dport 4242 accept", "ip protocol tcp accept", "tcp dport ssh accept"] {
        assert!(is_dropped(&input("drop", rule), &SSH), "{rule}");
    }
    let ruleset = input("drop", "udp dport 52001-65535 accept");
    assert_eq!(ruleset.fate(&TUNNEL), Fate::Passes);
}

#[test]
fn rules_that_drop_are_told() {
    let ruleset =
        input("accept", "tcp dport 22 accept\nlog prefix \"no accept: \" reject with tcp reset");
    let Fate::Dropped(why) = ruleset.fate(&SSH) else { panic!("it passes") };
    assert!(
        why.ends_with("chain input: log prefix \"no accept: \" reject with tcp reset"),
        "{why}"
    );
    let ruleset = input("accept", "goto mine");
    assert_eq!(ruleset.fate(&TUNNEL), Fate::Passes);
    assert_eq!(input("accept", "return\ndrop").fate(&SSH), Fate::Passes);
}

#[test]
fn what_cannot_be_known_is_unclear_and_bans_are_no_drop() {
    for rule in [
        "ip6 saddr 2001:db8::/32 accept",
        "tcp dport @open accept",
        "iifname \"eth0\" accept",
        "tcp dport 4242 limit rate 5/minute accept",
        "ct state new tcp dport vmap @open",
    ] {
        let fate = input("drop", rule).fate(&SSH);
        assert!(matches!(fate, Fate::Unclear(_)), "{rule}: {fate:?}");
    }
    assert_eq!(input("accept", "ip6 saddr @banned drop").fate(&SSH), Fate::Passes);
    assert_eq!(input("accept", "limit rate over 9/second drop").fate(&SSH), Fate::Passes);
}

#[test]
fn tunnels_are_known_by_their_names() {
    let text = "table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority 0; \
                policy drop;\n\t\tiifname \"wg-as*\" accept\n\t}\n}\n\
                table ip6 nat {\n\tchain post {\n\
                \t\ttype nat hook postrouting priority 100; policy accept;\n\t}\n}\n";
    assert_eq!(Ruleset::read(text).fate(&TRANSIT), Fate::Passes);
    let other = text.replace("wg-as*", "dn42*");
    assert!(is_dropped(&Ruleset::read(&other), &TRANSIT));
    assert_eq!(Ruleset::read("").fate(&SSH), Fate::Passes);
    assert_eq!(Ruleset::read("}}}{{{ table").fate(&SSH), Fate::Passes);
}
