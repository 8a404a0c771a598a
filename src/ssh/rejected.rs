//! What the log says of clients that are not let in: why, in a few lines of each network, and then
//! sums.
//!
//! Anybody can cause such a line as often as they connect. So each customer has a few in a minute,
//! all together have some more, and what was not logged is summed up at the minute's end.

use super::Connection;
use super::rates::customer;
use crate::access;
use crate::limits::{
    ALGORITHMS_SHOWN_MAX, CLIENT_GROUPS_MAX, CLIENT_LINES_MAX, CLIENT_LINES_PER_GROUP,
    CLIENT_SUMS_MAX, CLIENT_WORDS_CHARS_MAX,
};
use crate::registry::Index;
use ipnet::IpNet;
use russh::{AlgorithmKind, Error};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::IpAddr;

/// One minute's.
#[derive(Debug, Default)]
pub(super) struct Reports {
    lines: u32,
    customers: BTreeMap<IpNet, Customer>,
    /// Of those for whom there is no room in `customers`.
    elsewhere: Customer,
}

#[derive(Clone, Copy, Debug, Default)]
struct Customer {
    /// Lines that were logged.
    lines: u32,
    /// Lines that were not.
    unlogged: u64,
    /// Connections that made room for others.
    dropped: u64,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is logged.
    Log,
    Count,
}

impl Reports {
    /// There is something to say about a client at this address.
    pub(super) fn line(&mut self, address: IpAddr) -> Verdict {
        let has_room = self.lines < CLIENT_LINES_MAX;
        let customer = self.customer(address);
        if has_room && customer.lines < CLIENT_LINES_PER_GROUP {
            customer.lines += 1;
            self.lines += 1;
            return Verdict::Log;
        }
        customer.unlogged += 1;
        Verdict::Count
    }

    /// The connection of this address made room for another.
    pub(super) fn dropped(&mut self, address: IpAddr) {
        self.customer(address).dropped += 1;
    }

    fn customer(&mut self, address: IpAddr) -> &mut Customer {
        let group = customer(address);
        if self.customers.len() >= CLIENT_GROUPS_MAX && !self.customers.contains_key(&group) {
            return &mut self.elsewhere;
        }
        self.customers.entry(group).or_default()
    }

    /// The minute is over: the sums of what was not logged (for information), and of who was
    /// dropped (a warning).
    pub(super) fn end(&mut self) -> Sums {
        let minute = std::mem::take(self);
        Sums {
            unlogged: sums(&minute, |customer| customer.unlogged),
            dropped: sums(&minute, |customer| customer.dropped).map(|from| {
                format!("connections that had not logged in made room for others: {from}")
            }),
        }
    }
}

/// What a minute came to; `None`: nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Clients that were not let in, beside those that had a line of their own.
    pub(super) unlogged: Option<String>,
    /// Connections that made room for others.
    pub(super) dropped: Option<String>,
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

/// Why a client is not let in, in one line for the operator; `None`: it did not try to log in, as
/// one who only looks whether somebody listens.
pub(super) fn reason(
    index: &Index,
    connection: &Connection,
    ended: &Result<(), Error>,
) -> Option<String> {
    let attempt = connection.attempt.borrow();
    let version = connection.client.version().unwrap_or("a client that sent no version");
    let version = cut(version);
    let why = match (&attempt.why, &attempt.login, ended) {
        (Some(why), _, _) => why.clone(),
        (None, Some(login), _) => access::explain(index, login).to_string(),
        (None, None, Err(error)) if is_of_protocol(error) && version.starts_with("SSH-") => {
            brief(error)
        }
        (None, None, _) => return None,
    };
    let login = match &attempt.login {
        Some(login) => format!("as {login:?} "),
        None => String::new(),
    };
    let keys = match attempt.keys {
        0 => String::new(),
        1 => "with 1 key ".to_string(),
        keys => format!("with {keys} keys "),
    };
    Some(format!("{login}{keys}by {version}: {why}"))
}

/// Does the client speak otherwise than we? That it is gone is no such error.
fn is_of_protocol(error: &Error) -> bool {
    match error {
        // What the wire says of a packet that is too long.
        Error::IO(error) => error.kind() == ErrorKind::InvalidData,
        Error::Disconnect | Error::HUP | Error::Join(_) | Error::SendError => false,
        _ => true,
    }
}

/// The error in a few words: russh's own may hold all that a client has sent.
pub(super) fn brief(error: &Error) -> String {
    match error {
        Error::NoCommonAlgo { kind, theirs, .. } => {
            let shown: Vec<String> =
                theirs.iter().take(ALGORITHMS_SHOWN_MAX).map(|name| cut(name)).collect();
            let more = match theirs.len().saturating_sub(ALGORITHMS_SHOWN_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("no {} in common; it has {}{more}", kind_words(kind), shown.join(", "))
        }
        error => cut(&error.to_string()),
    }
}

fn kind_words(kind: &AlgorithmKind) -> &'static str {
    match kind {
        AlgorithmKind::Kex => "key exchange",
        AlgorithmKind::Key => "kind of host key",
        AlgorithmKind::Cipher => "cipher",
        AlgorithmKind::Compression => "compression",
        AlgorithmKind::Mac => "MAC",
    }
}

/// So much of a client's words as is told.
fn cut(words: &str) -> String {
    words.chars().take(CLIENT_WORDS_CHARS_MAX).collect()
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
            assert_eq!(verdict, if told { Verdict::Log } else { Verdict::Count });
        }
        assert_eq!(reports.line(address("2001:db8:2::1")), Verdict::Log);
        reports.dropped(address("192.0.2.7"));
        let sums = reports.end();
        assert_eq!(sums.unlogged.as_deref(), Some("1,204 from 2001:db8:1::/48"));
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
            told += u32::from(verdict == Verdict::Log);
        }
        assert_eq!(told, CLIENT_LINES_MAX);
        assert_eq!(reports.customers.len(), CLIENT_GROUPS_MAX);
        let sums = reports.end().unlogged.unwrap();
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

    /// The attack: an error that quotes 17,000 names.
    #[test]
    fn what_is_not_in_common_is_told_in_a_few_words() {
        let theirs = |name: &str, count: usize| vec![name.to_string(); count];
        for (theirs, words) in [
            (
                theirs("diffie-hellman-group14-sha1", 2),
                "no key exchange in common; it has diffie-hellman-group14-sha1, \
                 diffie-hellman-group14-sha1",
            ),
            (theirs("a", 17_000), "no key exchange in common; it has a, a, a, a and 16996 more"),
        ] {
            let error = Error::NoCommonAlgo { kind: AlgorithmKind::Kex, ours: Vec::new(), theirs };
            assert_eq!(brief(&error), words);
        }
        let long = Error::NoCommonAlgo {
            kind: AlgorithmKind::Mac,
            ours: Vec::new(),
            theirs: theirs(&"x".repeat(30_000), 1),
        };
        assert!(brief(&long).len() < 200);
    }
}
