//! Which AS may announce which network, as tables for BIRD: the registry's route objects.
//!
//! Each origin of a `route` or `route6` object is one line, `route NETWORK max LENGTH as NUMBER;`
//! (dn42 wiki, howto/Bird2). `AS0` is such an origin too: with it nobody's announcement is valid.
//! The length is the object's `max-length`, and never more than the registry's filter permits
//! there; without a `max-length` it is what the filter permits. A network that the filter denies,
//! or that is longer than it permits, has no line, so nobody's announcement of it is valid. One
//! that is shorter has: what lies in it may be announced.
//!
//! So do the generators whose tables the network uses (dn42regsrv, registry_wizard), but where an
//! object contradicts itself: a `max-length` below the network's own length has no meaning, and
//! BIRD would refuse the whole file for it. Where two objects spell one network differently, the
//! one that spells it as everybody does counts: no object can spoil another.

use super::builder::{as_number, parse};
use super::finding::{Finding, Findings, Kind, Reason, Skip, excerpt};
use super::index::{Shrunk, shrank};
use super::object::Object;
use crate::limits::{REGISTRY_ORIGINS_MAX, REGISTRY_ROA_LINES_MAX, REGISTRY_RULES_MAX};
use crate::model::{Asn, AsnError, MARK};
use ipnet::IpNet;
use std::fmt::{self, Write as _};

/// The two tables, each the text of a file that BIRD includes. The same registry gives the same
/// bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roa {
    /// `roa_dn42.conf`.
    pub ipv4: String,
    /// `roa_dn42_v6.conf`.
    pub ipv6: String,
}

/// Takes route objects in, one file after the other, and gives the tables out.
#[derive(Debug)]
pub struct RoaBuilder {
    ipv4: Table,
    ipv6: Table,
    findings: Findings,
}

/// One of the two, as it grows.
#[derive(Debug)]
struct Table {
    filter: Filter,
    claims: Vec<Claim>,
    /// Objects that came before.
    objects: u32,
    /// How many networks the filter left out.
    filtered: usize,
}

/// That one AS may announce a network. Their order is that of the lines.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    network: IpNet,
    /// Does the object spell the network in another way than everybody does?
    odd: bool,
    object: u32,
    origin: Origin,
    longest: u8,
}

/// Who may announce a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// `AS0`: nobody may (RFC 6483, section 4), and the registry says so on purpose.
    Nobody,
    As(Asn),
}

impl Roa {
    /// How many lines each table has.
    pub fn counts(&self) -> [usize; 2] {
        [routes_in(&self.ipv4), routes_in(&self.ipv6)]
    }
}

fn routes_in(table: &str) -> usize {
    table.lines().filter(|line| line.starts_with("route ")).count()
}

/// Whether new tables may take the old ones' place: none may lose more than
/// [`REGISTRY_SHRINK_PERCENT_MAX`](crate::limits::REGISTRY_SHRINK_PERCENT_MAX) at once. What is
/// compared are [`Roa::counts`].
///
/// # Errors
/// What one of them would lose.
pub fn judge_routes(old: [usize; 2], new: [usize; 2]) -> Result<(), Shrunk> {
    let pairs = old.into_iter().zip(new).zip([Kind::Route, Kind::Route6]);
    let mut lost = pairs.filter(|((old, new), _)| shrank(*old, *new));
    match lost.next() {
        Some(((old, new), kind)) => Err(Shrunk::Routes(kind, old, new)),
        None => Ok(()),
    }
}

impl RoaBuilder {
    /// A builder with the contents of `filter.txt` and `filter6.txt`.
    pub fn new(filter: &[u8], filter6: &[u8]) -> RoaBuilder {
        let mut findings = Findings::default();
        let ipv4 = Table::new(filter, Kind::Route, &mut findings);
        let ipv6 = Table::new(filter6, Kind::Route6, &mut findings);
        RoaBuilder { ipv4, ipv6, findings }
    }

    /// Takes a file of `data/route`.
    pub fn route(&mut self, file_name: &str, bytes: &[u8]) {
        let (table, findings) = (&mut self.ipv4, &mut self.findings);
        table.add(Kind::Route, file_name, bytes, findings);
    }

    /// Takes a file of `data/route6`.
    pub fn route6(&mut self, file_name: &str, bytes: &[u8]) {
        let (table, findings) = (&mut self.ipv6, &mut self.findings);
        table.add(Kind::Route6, file_name, bytes, findings);
    }

    /// Takes note of a file that was not read.
    pub fn skipped(&mut self, kind: Kind, file_name: &str, reason: Skip) {
        self.findings.report(kind, file_name, Reason::Skipped(reason));
    }

    /// The tables of everything that was taken, and what was not.
    pub fn finish(mut self) -> (Roa, Vec<Finding>) {
        let ipv4 = self.ipv4.text(Kind::Route, &mut self.findings);
        let ipv6 = self.ipv6.text(Kind::Route6, &mut self.findings);
        (Roa { ipv4, ipv6 }, self.findings.finish())
    }
}

impl Table {
    fn new(filter: &[u8], kind: Kind, findings: &mut Findings) -> Table {
        let (filter, wrong) = Filter::parse(filter);
        for line in wrong {
            findings.report_file(kind.filter_file(), Reason::Rule(line));
        }
        Table { filter, claims: Vec::new(), objects: 0, filtered: 0 }
    }

    fn add(&mut self, kind: Kind, file_name: &str, bytes: &[u8], findings: &mut Findings) {
        self.objects = self.objects.saturating_add(1);
        if let Err(reason) = self.take(kind, file_name, bytes, findings) {
            findings.report(kind, file_name, reason);
        }
    }

    fn take(
        &mut self,
        kind: Kind,
        file_name: &str,
        bytes: &[u8],
        findings: &mut Findings,
    ) -> Result<(), Reason> {
        let object = parse(file_name, bytes)?;
        let (network, odd) = network(&object, kind, file_name)?;
        let wanted = max_length(&object, &network)?;
        let (mut origins, mut wrong) = (Vec::new(), Vec::new());
        for text in object.values("origin") {
            match origin(text) {
                Ok(origin) => origins.push(origin),
                Err(_) => wrong.push(excerpt(text)),
            }
        }
        match origins.len() {
            0 => return Err(Reason::NoOrigin(wrong.into_iter().next())),
            1..=REGISTRY_ORIGINS_MAX => {}
            _ => return Err(Reason::Origins),
        }
        for text in wrong {
            findings.report(kind, file_name, Reason::Origin(text));
        }
        let Some(longest) = self.filter.longest(&network) else {
            self.filtered = self.filtered.saturating_add(1);
            return Ok(());
        };
        if self.claims.len().saturating_add(origins.len()) > REGISTRY_ROA_LINES_MAX {
            return Err(Reason::Lines);
        }
        let longest = wanted.map_or(longest, |wanted| wanted.min(longest));
        for origin in origins {
            self.claims.push(Claim { network, odd, object: self.objects, origin, longest });
        }
        Ok(())
    }

    fn text(&mut self, kind: Kind, findings: &mut Findings) -> String {
        if self.filtered > 0 {
            findings.report_file(kind.class(), Reason::Filtered(kind, self.filtered));
        }
        self.claims.sort_unstable();
        self.claims.dedup();
        let mut text = format!("{MARK}\n");
        for claims in self.claims.chunk_by(|one, next| one.network == next.network) {
            let first = claims.first().map(|claim| claim.object);
            let own = claims.partition_point(|claim| Some(claim.object) == first);
            for Claim { network, longest, origin, .. } in claims.iter().take(own) {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "route {network} max {longest} as {origin};");
            }
            if let Some(second) = claims.get(own) {
                findings.report(kind, &second.network.to_string(), Reason::Again);
            }
        }
        text
    }
}

/// The network that the object names, if it is the file's too, and whether its spelling is odd.
fn network(object: &Object<'_>, kind: Kind, file_name: &str) -> Result<(IpNet, bool), Reason> {
    let mut names = object.values(kind.class());
    let name = names.next().ok_or(Reason::Unnamed(kind))?;
    if names.next().is_some() {
        return Err(Reason::Renamed(kind));
    }
    if !name.replace('/', "_").eq_ignore_ascii_case(file_name) {
        return Err(Reason::Differs(kind, excerpt(name)));
    }
    let network: IpNet = name.parse().map_err(|_| Reason::Network(kind))?;
    let family = matches!(network, IpNet::V4(_)) == (kind == Kind::Route);
    if !family || network.trunc() != network {
        return Err(Reason::Network(kind));
    }
    Ok((network, network.to_string() != name))
}

/// One `origin` attribute.
fn origin(text: &str) -> Result<Origin, Reason> {
    match as_number(text) {
        Ok(asn) => Ok(Origin::As(asn)),
        Err(Reason::Number(AsnError::Reserved(0))) => Ok(Origin::Nobody),
        Err(reason) => Err(reason),
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Nobody => out.write_str("0"),
            Origin::As(asn) => asn.get().fmt(out),
        }
    }
}

/// What the object says of the longest prefix in its network.
fn max_length(object: &Object<'_>, network: &IpNet) -> Result<Option<u8>, Reason> {
    let mut values = object.values("max-length");
    let Some(value) = values.next() else { return Ok(None) };
    let length: Option<u8> = value.parse().ok();
    match length.filter(|length| *length >= network.prefix_len() && values.next().is_none()) {
        Some(length) => Ok(Some(length)),
        None => Err(Reason::MaxLength(excerpt(value))),
    }
}

// `filter.txt` and `filter6.txt`: which networks may be announced in dn42, and how small.
//
// A line is a number, `permit` or `deny`, a network, and the shortest and longest prefix length;
// what follows `#` is a comment. The rules are asked in the order of their numbers, and the first
// whose network holds the whole of the one in question decides. What no rule names is denied.

/// The rules of one address family.
#[derive(Debug, Default)]
pub(super) struct Filter {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    number: u32,
    network: IpNet,
    /// The longest prefix that is permitted, if any is.
    longest: Option<u8>,
}

impl Filter {
    /// Reads a file, and names the lines that are no rule, the first being 1. Such a line permits
    /// nothing: the network that it names is denied, before all others. Rules beyond
    /// [`REGISTRY_RULES_MAX`] are such lines too.
    pub(super) fn parse(bytes: &[u8]) -> (Filter, Vec<usize>) {
        let (mut rules, mut wrong) = (Vec::new(), Vec::new());
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or("").trim();
            if line.is_empty() {
                continue;
            }
            match rule(line).filter(|_| rules.len() < REGISTRY_RULES_MAX) {
                Some(rule) => rules.push(rule),
                None => {
                    wrong.push(number);
                    rules.extend(refusal(line).filter(|_| rules.len() < REGISTRY_RULES_MAX));
                }
            }
        }
        rules.sort_by_key(|rule| rule.number); // Stable: of one number, the first decides.
        (Filter { rules }, wrong)
    }

    /// The longest prefix that may be announced within this network, if it may be at all.
    pub(super) fn longest(&self, network: &IpNet) -> Option<u8> {
        let rule = self.rules.iter().find(|rule| rule.network.contains(network))?;
        rule.longest.filter(|longest| network.prefix_len() <= *longest)
    }
}

fn rule(line: &str) -> Option<Rule> {
    let mut words = line.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let permits = match words.next()? {
        "permit" => true,
        "deny" => false,
        _ => return None,
    };
    let network: IpNet = words.next()?.parse().ok()?;
    let (shortest, longest): (u8, u8) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let plain = shortest <= longest && longest <= network.max_prefix_len();
    plain.then(|| Rule { number, network: network.trunc(), longest: permits.then_some(longest) })
}

fn refusal(line: &str) -> Option<Rule> {
    let network: IpNet = line.split_whitespace().find_map(|word| word.parse().ok())?;
    Some(Rule { number: 0, network: network.trunc(), longest: None })
}

#[cfg(test)]
mod tests;
