//! What the log says of clients that are not let in: a few lines of each network, and then sums.
//!
//! Anybody can cause such a line as often as they connect. So each customer has a few in a minute,
//! all together have some more, and what was not told is summed up at the minute's end.

use super::groups::customer;
use crate::limits::{CLIENT_GROUPS_MAX, CLIENT_LINES_MAX, CLIENT_LINES_PER_GROUP, CLIENT_SUMS_MAX};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One minute's.
#[derive(Debug, Default)]
pub struct Reports {
    lines: u32,
    customers: BTreeMap<IpNet, Customer>,
    /// Of those for whom there is no room in `customers`.
    elsewhere: Customer,
}

/// What one customer did.
#[derive(Clone, Copy, Debug, Default)]
struct Customer {
    /// Lines that were told.
    lines: u32,
    /// Lines that were not.
    untold: u64,
    /// Connections that made room for others.
    dropped: u64,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is told.
    Tell,
    /// It is counted.
    Count,
}

impl Reports {
    /// There is something to say about a client at this address.
    pub fn line(&mut self, address: IpAddr) -> Verdict {
        let has_room = self.lines < CLIENT_LINES_MAX;
        let customer = self.customer(address);
        if has_room && customer.lines < CLIENT_LINES_PER_GROUP {
            customer.lines += 1;
            self.lines += 1;
            return Verdict::Tell;
        }
        customer.untold += 1;
        Verdict::Count
    }

    /// The connection of this address made room for another.
    pub fn dropped(&mut self, address: IpAddr) {
        self.customer(address).dropped += 1;
    }

    fn customer(&mut self, address: IpAddr) -> &mut Customer {
        let group = customer(address);
        if self.customers.len() >= CLIENT_GROUPS_MAX && !self.customers.contains_key(&group) {
            return &mut self.elsewhere;
        }
        self.customers.entry(group).or_default()
    }

    /// The minute is over: the sums of what was not told (for information), and of who was dropped
    /// (a warning).
    pub fn end(&mut self) -> Sums {
        let minute = std::mem::take(self);
        Sums {
            untold: sums(&minute, |it| it.untold),
            dropped: sums(&minute, |it| it.dropped).map(|from| {
                format!("connections that had not logged in made room for others: {from}")
            }),
        }
    }
}

/// What a minute came to; `None`: nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Clients that were not let in, beside those that had a line of their own.
    pub untold: Option<String>,
    /// Connections that made room for others.
    pub dropped: Option<String>,
}

/// `1,204 from 2001:db8:1::/48, 7 from elsewhere`: the largest first.
fn sums(minute: &Reports, count: impl Fn(&Customer) -> u64) -> Option<String> {
    let mut all: Vec<(u64, IpNet)> = Vec::new();
    for (group, customer) in &minute.customers {
        all.push((count(customer), *group));
    }
    all.retain(|(count, _)| *count > 0);
    all.sort_by(|a, b| b.cmp(a));
    let mut words = Vec::new();
    for (count, group) in all.iter().take(CLIENT_SUMS_MAX) {
        words.push(format!("{} from {group}", thousands(*count)));
    }
    let rest: u64 = all.iter().skip(CLIENT_SUMS_MAX).map(|(count, _)| count).sum();
    let rest = rest + count(&minute.elsewhere);
    if rest > 0 {
        words.push(format!("{} from elsewhere", thousands(rest)));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// `1,204,000`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_customer_has_a_few_lines_and_then_a_sum() {
        let mut reports = Reports::default();
        for number in 0..1_207 {
            let verdict = reports.line(address(&format!("2001:db8:1:{number:x}::1")));
            let told = number < CLIENT_LINES_PER_GROUP;
            assert_eq!(verdict, if told { Verdict::Tell } else { Verdict::Count });
        }
        assert_eq!(reports.line(address("2001:db8:2::1")), Verdict::Tell);
        reports.dropped(address("192.0.2.7"));
        let sums = reports.end();
        assert_eq!(sums.untold.as_deref(), Some("1,204 from 2001:db8:1::/48"));
        assert!(sums.dropped.unwrap().ends_with("others: 1 from 192.0.2.0/24"));
        assert_eq!(reports.end(), Sums::default());
    }

    /// The attack: each from a network of its own.
    #[test]
    fn many_networks_take_neither_the_log_nor_the_memory() {
        let mut reports = Reports::default();
        let mut told = 0;
        for number in 0..5_000 {
            let verdict = reports.line(address(&format!("2001:db8:{number:x}::1")));
            told += u32::from(verdict == Verdict::Tell);
        }
        assert_eq!(told, CLIENT_LINES_MAX);
        assert_eq!(reports.customers.len(), CLIENT_GROUPS_MAX);
        let sums = reports.end().untold.unwrap();
        assert_eq!(sums.matches("1 from 2001:db8:").count(), CLIENT_SUMS_MAX);
        assert!(sums.ends_with(", 4,965 from elsewhere"), "{sums}");
    }

    #[test]
    fn numbers_are_told_in_thousands() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (1_204, "1,204"), (12_345_678, "12,345,678")]
        {
            assert_eq!(thousands(number), text);
        }
    }
}
