//! The firewall: which ports a POP needs, and whether the rules of this machine drop them.

use super::program;
use super::ruleset::{Fate, Packet, Ruleset};
use super::step::Step;
use crate::config::Config;
use crate::model::Families;
use std::collections::{BTreeMap, BTreeSet};

/// The step's name.
const NAME: &str = "firewall";
/// BGP's port (RFC 4271).
const BGP_PORT: u16 = 179;

/// What members reach a POP by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ports {
    /// Of SSH.
    pub(super) ssh: BTreeSet<u16>,
    /// The first of the tunnels' ports; the last is 65535.
    pub(super) tunnels: u16,
    /// The name of a tunnel, and the pattern of all.
    pub(super) tunnel: String,
    pub(super) tunnel_pattern: String,
    /// By which families: nft's `ip` and `ip6`.
    pub(super) families: Vec<&'static str>,
}

/// The rules of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// As nft prints them.
    Rules(String),
    /// They could not be read: why.
    Unknown(String),
}

/// Reads the rules.
pub(super) fn look() -> Found {
    match program::run(&["nft", "list", "ruleset"]) {
        Ok(text) => Found::Rules(text),
        Err(error) => Found::Unknown(error),
    }
}

/// The ports of a configuration.
pub(super) fn ports(config: &Config) -> Ports {
    let form = &config.wireguard.interface;
    let pattern = form.pattern();
    let start = pattern.split('*').next().unwrap_or_default();
    Ports {
        ssh: config.ssh.listen.iter().map(|address| address.port()).collect(),
        tunnels: config.wireguard.base_port.saturating_add(1),
        tunnel: form.name(config.pop.asn),
        tunnel_pattern: format!("{start}*"),
        families: match config.peers.ip_mode {
            Families::V4 => vec!["ip"],
            Families::V6 => vec!["ip6"],
            Families::Both => vec!["ip6", "ip"],
        },
    }
}

/// What has to be done: where rules of this machine drop what a POP needs, the lines to type.
pub(super) fn judge(found: &Found, ports: &Ports) -> Vec<Step> {
    let needs = format!(
        "members come by TCP {} and UDP {}-65535: a firewall in front of this machine has to let \
         them in",
        listed(&ports.ssh),
        ports.tunnels
    );
    let text = match found {
        Found::Rules(text) => text,
        Found::Unknown(why) => {
            let why = format!("{needs}; whether this machine's rules do is not known ({why})");
            return vec![Step::yours(NAME, why, lines(ports, None))];
        }
    };
    let ruleset = Ruleset::read(text);
    let (mut dropped, mut unclear) = (Reasons::new(), Reasons::new());
    for packet in packets(ports) {
        let (reasons, why) = match ruleset.fate(&packet) {
            Fate::Passes => continue,
            Fate::Dropped(why) => (&mut dropped, why),
            Fate::Unclear(why) => (&mut unclear, why),
        };
        reasons.entry(why).or_default().insert(shown(&packet));
    }
    for (reasons, verb) in [(dropped, "drop"), (unclear, "may drop")] {
        if reasons.is_empty() {
            continue;
        }
        let mut all = Vec::new();
        for (why, what) in &reasons {
            let what: Vec<&str> = what.iter().map(String::as_str).collect();
            all.push(format!("{} ({why})", what.join(", ")));
        }
        let why = format!("rules of this machine {verb} {}; {needs}", all.join("; "));
        let chain = reasons.keys().find_map(|why| place(why));
        return vec![Step::yours(NAME, why, lines(ports, chain.as_deref()))];
    }
    let words = "no rule of this machine drops what members send";
    vec![Step::there(NAME, format!("{words}; {needs}"))]
}

/// What is dropped, by the rule that does it.
type Reasons = BTreeMap<String, BTreeSet<String>>;

/// What has to pass: to SSH and the tunnels from outside, to BGP and on to others from a tunnel.
fn packets(ports: &Ports) -> Vec<Packet<'_>> {
    let mut packets = Vec::new();
    for family in ports.families.iter().copied() {
        let (hook, interface) = ("input", None);
        for port in &ports.ssh {
            let port = Some(*port);
            packets.push(Packet { hook, family, protocol: "tcp", port, interface });
        }
        for port in [ports.tunnels, u16::MAX] {
            let port = Some(port);
            packets.push(Packet { hook, family, protocol: "udp", port, interface });
        }
    }
    // Inside the tunnels, whatever they are carried by.
    let interface = Some(ports.tunnel.as_str());
    let port = Some(BGP_PORT);
    packets.push(Packet { hook: "input", family: "ip6", protocol: "tcp", port, interface });
    for family in ["ip6", "ip"] {
        let port = None;
        packets.push(Packet { hook: "forward", family, protocol: "tcp", port, interface });
    }
    packets
}

fn shown(packet: &Packet<'_>) -> String {
    match (packet.hook, packet.interface, packet.port) {
        ("forward", _, _) => "what is forwarded from a tunnel".to_string(),
        (_, Some(_), _) => "BGP from a tunnel".to_string(),
        (_, None, Some(port)) => format!("{} {port}", packet.protocol.to_uppercase()),
        (_, None, None) => packet.protocol.to_uppercase(),
    }
}

/// The family and the name of the table, and the name of the chain, of a reason.
fn place(why: &str) -> Option<String> {
    let (table, rest) = why.strip_prefix("table ")?.split_once(", chain ")?;
    let (chain, _) = rest.split_once(':')?;
    // The chains of forwarded packets are named after their tables' others.
    (chain != "forward").then(|| format!("{table} {chain}"))
}

/// As nft and as iptables take them.
fn lines(ports: &Ports, chain: Option<&str>) -> Vec<String> {
    let chain = chain.unwrap_or("inet filter input");
    let forward = chain.rsplit_once(' ').map_or("inet filter", |(table, _)| table);
    let (ssh, first, tunnels) = (listed(&ports.ssh), ports.tunnels, &ports.tunnel_pattern);
    let set = if ports.ssh.len() == 1 { ssh.clone() } else { format!("{{ {ssh} }}") };
    let mut lines = vec![
        format!("nft insert rule {chain} tcp dport {set} accept"),
        format!("nft insert rule {chain} udp dport {first}-65535 accept"),
        format!("nft insert rule {chain} iifname '\"{tunnels}\"' tcp dport {BGP_PORT} accept"),
        format!("nft insert rule {chain} iifname '\"{tunnels}\"' meta l4proto icmpv6 accept"),
        format!("nft insert rule {forward} forward iifname '\"{tunnels}\"' accept"),
    ];
    let pattern = tunnels.replace('*', "+");
    for (program, family) in [("ip6tables", "ip6"), ("iptables", "ip")] {
        let is_used = ports.families.contains(&family);
        if is_used {
            lines.push(format!(
                "{program} -I INPUT -p tcp -m multiport --dports {} -j ACCEPT",
                ssh.replace(' ', "")
            ));
            lines.push(format!("{program} -I INPUT -p udp --dport {first}:65535 -j ACCEPT"));
        }
        if family == "ip6" {
            // Sessions inside the tunnels are IPv6's.
            let bgp = format!("-p tcp --dport {BGP_PORT}");
            lines.push(format!("{program} -I INPUT -i {pattern} {bgp} -j ACCEPT"));
            lines.push(format!("{program} -I INPUT -i {pattern} -p ipv6-icmp -j ACCEPT"));
        }
        lines.push(format!("{program} -I FORWARD -i {pattern} -j ACCEPT"));
    }
    lines
}

fn listed(ports: &BTreeSet<u16>) -> String {
    let all: Vec<String> = ports.iter().map(u16::to_string).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::init::step::State;
    use crate::config::Source;

    fn told(rules: &str) -> (String, Vec<String>) {
        let text = "[pop]\nasn = 4242420001\nname = \"a.b\"\n";
        let source = Source { name: "test", text };
        let ports = ports(&crate::config::resolve(Some(source), &[]).unwrap());
        let steps = judge(&Found::Rules(rules.to_string()), &ports);
        match steps.into_iter().next().unwrap().state {
            State::Yours(why, lines) => (why, lines),
            State::There(what) => (what, Vec::new()),
            State::Due(..) => panic!("init changes no firewall"),
        }
    }

    #[test]
    fn no_rules_drop_nothing_and_the_ports_are_told() {
        let (words, lines) = told("");
        assert!(words.contains("TCP 4242 and UDP 52001-65535"), "{words}");
        assert_eq!(lines, [""; 0]);
    }

    #[test]
    fn the_lines_are_for_the_chain_that_drops_and_mend_it() {
        let before = "table inet mine {\nchain in {\ntype filter hook input priority filter; \
                      policy \
                      drop;\nct state established accept\n}\nchain forward {\ntype filter hook \
                      forward priority 0; policy drop;\n}\n}\n";
        let (why, lines) = told(before);
        for what in ["TCP 4242", "UDP 52001", "BGP from a tunnel", "forwarded from a tunnel"] {
            assert!(why.contains(what), "{what}: {why}");
        }
        assert!(lines.contains(&"nft insert rule inet mine in tcp dport 4242 accept".to_string()));
        let iptables = "ip6tables -I INPUT -p udp --dport 52001:65535 -j ACCEPT".to_string();
        assert!(lines.contains(&iptables), "{lines:?}");
        // What nft does with them.
        let mut mended = before.to_string();
        for line in lines.iter().filter(|line| line.starts_with("nft ")) {
            let rule = line.trim_start_matches("nft insert rule inet mine ").replace('\'', "");
            let (chain, rule) = rule.split_once(' ').unwrap();
            mended = mended.replacen(
                &format!("chain {chain} {{"),
                &format!("chain {chain} {{\n{rule}"),
                1,
            );
        }
        let (words, lines) = told(&mended);
        assert_eq!(lines, [""; 0], "{words}\n{mended}");
    }
}
