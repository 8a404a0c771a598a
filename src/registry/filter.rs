//! `filter.txt` and `filter6.txt`: which networks may be announced in dn42, and how small.
//!
//! A line is a number, `permit` or `deny`, a network, and the shortest and longest prefix length;
//! what follows `#` is a comment. The rules are asked in the order of their numbers, and the first
//! whose network holds the whole of the one in question decides. What no rule names is denied.

use crate::limits::REGISTRY_RULES_MAX;
use ipnet::IpNet;

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
        rules.sort_by_key(|it| it.number); // Stable: of one number, the first decides.
        (Filter { rules }, wrong)
    }

    /// The longest prefix that may be announced within this network, if it may be at all.
    pub(super) fn longest(&self, network: &IpNet) -> Option<u8> {
        let rule = self.rules.iter().find(|it| it.network.contains(network))?;
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
mod tests {
    use super::*;

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
}
