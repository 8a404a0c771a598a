//! What becomes of a packet in the rules of nftables, as `nft list ruleset` prints them (nft(8)).
//!
//! Enough of the language to tell the ports of a POP: states, interfaces, protocols, ports, jumps.
//! What else a rule asks for (addresses, rates, sets with a name) may be true or not; where the
//! answer hangs on that, it is [`Fate::Unclear`].

use std::collections::BTreeMap;

/// Chains that jump to each other deeper than this are not followed (the kernel allows 16).
const DEPTH_MAX: usize = 16;

/// The first packet of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// `input` or `forward`.
    pub(super) hook: &'a str,
    /// `ip` or `ip6`.
    pub(super) family: &'a str,
    /// `tcp` or `udp`.
    pub(super) protocol: &'a str,
    /// The port that it goes to; none is any.
    pub(super) port: Option<u16>,
    /// The interface that it comes from; none is one of the outside, whatever its name.
    pub(super) interface: Option<&'a str>,
}

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Every chain lets it pass.
    Passes,
    /// A rule or a policy drops it: which.
    Dropped(String),
    /// It hangs on what is not known here.
    Unclear(String),
}

/// All rules.
#[derive(Debug, Default)]
pub(super) struct Ruleset {
    tables: Vec<Table>,
}

#[derive(Debug)]
struct Table {
    family: String,
    name: String,
    chains: BTreeMap<String, Chain>,
}

#[derive(Debug, Default)]
struct Chain {
    hook: Option<String>,
    drops: bool,
    rules: Vec<String>,
}

/// Is a condition true of the packet?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    No,
    Maybe,
    Yes,
}

/// What a rule or a chain does with the packet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Accept,
    Drop(String),
    Jump(String),
    Goto(String),
    Return,
    Nothing,
}

impl Ruleset {
    /// Reads what nft prints; what it does not know is passed over.
    pub(super) fn read(text: &str) -> Ruleset {
        let mut ruleset = Ruleset::default();
        let mut chain: Option<String> = None;
        // Braces that are open below a chain's, or of a set.
        let (mut rule, mut depth) = (String::new(), 0_usize);
        for line in text.lines().map(str::trim) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let ["table", family, name, "{"] = words.as_slice() {
                let (family, name) = (family.to_string(), name.to_string());
                ruleset.tables.push(Table { family, name, chains: BTreeMap::new() });
                continue;
            }
            let Some(table) = ruleset.tables.last_mut() else { continue };
            if depth == 0
                && let ["chain", name, "{"] = words.as_slice()
            {
                table.chains.insert((*name).to_string(), Chain::default());
                chain = Some((*name).to_string());
                continue;
            }
            let opened = line.matches('{').count();
            let closed = line.matches('}').count();
            if chain.is_some() && depth == 0 && line == "}" {
                chain = None;
                continue;
            }
            depth = (depth + opened).saturating_sub(closed);
            let Some(chain) = chain.as_ref().and_then(|name| table.chains.get_mut(name)) else {
                continue;
            };
            rule.push_str(line);
            rule.push(' ');
            if depth == 0 {
                chain.take(std::mem::take(&mut rule).trim());
            }
        }
        ruleset
    }

    /// What becomes of the packet in all chains of its hook.
    pub(super) fn fate(&self, packet: &Packet<'_>) -> Fate {
        let mut unclear = None;
        for table in &self.tables {
            if table.family != packet.family && table.family != "inet" {
                continue;
            }
            for (name, chain) in &table.chains {
                if chain.hook.as_deref() != Some(packet.hook) {
                    continue;
                }
                match table.judge(name, chain, packet) {
                    Fate::Passes => {}
                    Fate::Dropped(why) => return Fate::Dropped(why),
                    Fate::Unclear(why) => unclear = Some(why),
                }
            }
        }
        unclear.map_or(Fate::Passes, Fate::Unclear)
    }
}

impl Chain {
    fn take(&mut self, line: &str) {
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        let words: Vec<&str> = line.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        if words.first() == Some(&"type") {
            let hook = words.iter().position(|word| *word == "hook");
            self.hook = hook.and_then(|at| words.get(at + 1)).map(|hook| (*hook).to_string());
            // Chains of other types (nat, route) accept what they do not change.
            self.drops = words.windows(2).any(|pair| pair == ["policy", "drop"]);
            return;
        }
        self.rules.extend(without_maps(line));
    }
}

/// A rule with a map of verdicts is a rule for each of its entries; by a map with a name the packet
/// may be accepted.
fn without_maps(line: &str) -> Vec<String> {
    let Some((condition, map)) = line.split_once(" vmap ") else { return vec![line.to_string()] };
    let Some((entries, _)) = map.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return vec![format!("{condition} @map accept")];
    };
    let mut rules = Vec::new();
    for entry in entries.split(',') {
        if let Some((key, verdict)) = entry.rsplit_once(" : ") {
            rules.push(format!("{condition} {} {}", key.trim(), verdict.trim()));
        }
    }
    rules
}

impl Table {
    fn judge(&self, name: &str, chain: &Chain, packet: &Packet<'_>) -> Fate {
        let shown = format!("table {} {}, chain {name}", self.family, self.name);
        let mut maybe = false;
        let verdict = self.walk(chain, packet, 0, &mut maybe);
        let why = match verdict {
            Some(Verdict::Drop(rule)) => format!("{shown}: {rule}"),
            Some(_) => return Fate::Passes,
            None if chain.drops => format!("{shown}: policy drop"),
            None => return Fate::Passes,
        };
        if maybe { Fate::Unclear(why) } else { Fate::Dropped(why) }
    }

    /// What a chain decides; `maybe` is set where a rule that may fit accepts.
    fn walk(
        &self,
        chain: &Chain,
        packet: &Packet<'_>,
        depth: usize,
        maybe: &mut bool,
    ) -> Option<Verdict> {
        if depth > DEPTH_MAX {
            return None;
        }
        for rule in &chain.rules {
            let (truth, verdict) = weigh(rule, packet);
            if truth == Truth::No {
                continue;
            }
            let is_goto = matches!(verdict, Verdict::Goto(_));
            let decided = match verdict {
                Verdict::Jump(name) | Verdict::Goto(name) => {
                    let next = self.chains.get(&name);
                    next.and_then(|next| self.walk(next, packet, depth + 1, maybe))
                }
                Verdict::Return if truth == Truth::Yes => return None,
                Verdict::Return | Verdict::Nothing => None,
                decided => Some(decided),
            };
            match decided {
                Some(decided) if truth == Truth::Yes => return Some(decided),
                // A ban or a rate that drops some is no reason to say that all are dropped.
                Some(Verdict::Accept) => *maybe = true,
                None if is_goto && truth == Truth::Yes => return None,
                _ => {}
            }
        }
        None
    }
}

/// Does a rule fit the packet, and what does it do then?
fn weigh(rule: &str, packet: &Packet<'_>) -> (Truth, Verdict) {
    let words = split(rule);
    let mut words = words.iter().map(String::as_str).peekable();
    let mut truth = Truth::Yes;
    while let Some(word) = words.next() {
        let condition = match word {
            "accept" => return (truth, Verdict::Accept),
            "drop" | "reject" => return (truth, Verdict::Drop(rule.to_string())),
            "return" => return (truth, Verdict::Return),
            "jump" => return (truth, Verdict::Jump(words.next().unwrap_or_default().to_string())),
            "goto" => return (truth, Verdict::Goto(words.next().unwrap_or_default().to_string())),
            "counter" | "packets" | "bytes" | "log" | "prefix" | "level" | "comment"
            | "continue" => Truth::Yes,
            // Counts, and the texts of log and comment.
            text if text.starts_with('"') || text.parse::<u64>().is_ok() => Truth::Yes,
            "iif" | "iifname" => interface(&value(&mut words), packet),
            "oif" | "oifname" => Truth::Maybe.min(skip(&value(&mut words))),
            "tcp" | "udp" | "th" | "sctp" | "dccp" | "icmp" | "icmpv6" => {
                transport(word, words.next().unwrap_or_default(), &value(&mut words), packet)
            }
            "meta" => match words.next().unwrap_or_default() {
                "l4proto" => among(&value(&mut words), |it| is_protocol(it, packet)),
                "nfproto" => among(&value(&mut words), |it| family(it) == packet.family),
                "iif" | "iifname" => interface(&value(&mut words), packet),
                _ => skip(&value(&mut words)),
            },
            "ip" | "ip6" if word != packet.family => Truth::No,
            "ip" | "ip6" => match words.next().unwrap_or_default() {
                "protocol" | "nexthdr" => among(&value(&mut words), |it| is_protocol(it, packet)),
                _ => skip(&value(&mut words)),
            },
            "ct" => match words.next().unwrap_or_default() {
                "state" => state(&value(&mut words)),
                _ => skip(&value(&mut words)),
            },
            _ => Truth::Maybe,
        };
        truth = truth.min(condition);
    }
    (truth, Verdict::Nothing)
}

/// The words of a rule: what is quoted is one, and what is in braces is one.
fn split(rule: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut quoted, mut depth) = (false, 0_usize);
    for letter in rule.chars() {
        match letter {
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if letter.is_whitespace() && !quoted && depth == 0 {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(letter);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// What a packet is compared with.
struct Operand {
    is_negated: bool,
    /// `None`: a set with a name, which is not looked up.
    entries: Option<Vec<String>>,
}

/// The operand that comes next.
fn value<'a>(words: &mut impl Iterator<Item = &'a str>) -> Operand {
    let mut word = words.next().unwrap_or_default();
    let is_negated = word == "!=";
    if is_negated || word == "==" {
        word = words.next().unwrap_or_default();
    }
    if word.starts_with('@') {
        return Operand { is_negated, entries: None };
    }
    let inner = word.trim_start_matches('{').trim_end_matches('}');
    let entries =
        inner.split(',').map(|entry| entry.trim().trim_matches('"').to_string()).collect();
    Operand { is_negated, entries: Some(entries) }
}

fn skip(_: &Operand) -> Truth {
    Truth::Maybe
}

/// Is the packet one of them?
fn among(operand: &Operand, fits: impl Fn(&str) -> bool) -> Truth {
    let Some(entries) = &operand.entries else { return Truth::Maybe };
    let found = entries.iter().any(|entry| fits(entry));
    if found != operand.is_negated { Truth::Yes } else { Truth::No }
}

/// By its name, or by its number where the machine has no /etc/protocols.
fn is_protocol(word: &str, packet: &Packet<'_>) -> bool {
    let name = match word {
        "6" => "tcp",
        "17" => "udp",
        other => other,
    };
    name == packet.protocol
}

fn family(word: &str) -> &str {
    match word {
        "ipv4" => "ip",
        "ipv6" => "ip6",
        other => other,
    }
}

/// The packet is the first of its connection.
fn state(operand: &Operand) -> Truth {
    among(operand, |it| it == "new")
}

fn interface(operand: &Operand, packet: &Packet<'_>) -> Truth {
    match packet.interface {
        Some(name) => among(operand, |pattern| is_named(pattern, name)),
        None => {
            match &operand.entries {
                // From outside nothing comes by the loopback interface.
                Some(entries) if entries.iter().all(|entry| entry == "lo") => {
                    if operand.is_negated { Truth::Yes } else { Truth::No }
                }
                _ => Truth::Maybe,
            }
        }
    }
}

/// A star at the end stands for whatever follows.
fn is_named(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

fn transport(protocol: &str, field: &str, operand: &Operand, packet: &Packet<'_>) -> Truth {
    if protocol != packet.protocol && protocol != "th" {
        return Truth::No;
    }
    match (field, packet.port) {
        ("dport", Some(port)) => among(operand, |entry| is_port(entry, port)),
        _ => Truth::Maybe,
    }
}

/// A number, a range, or a name of /etc/services, of which none is ours.
fn is_port(entry: &str, port: u16) -> bool {
    match entry.split_once('-') {
        Some((from, to)) => match (from.parse::<u16>(), to.parse::<u16>()) {
            (Ok(from), Ok(to)) => (from..=to).contains(&port),
            _ => false,
        },
        None => entry.parse() == Ok(port) || (entry == "bgp" && port == 179),
    }
}

#[cfg(test)]
mod tests;
