//! How many handshakes a second: of one source, of its customer, of their provider, and in all.
//!
//! A handshake costs us a key exchange and a signature, and a client almost nothing. Each prefix
//! has a bucket of tokens that fills by itself. Who finds one of theirs empty waits until there is
//! a token; who finds that of all empty waits too, unless their own provider's was hardly used:
//! whoever floods us from somewhere else keeps nobody out.
//!
//! Whoever has one IPv6 address has the whole /64 (RFC 4291, section 2.5.4), a customer of most
//! providers has a /48 or may ask for one (RFC 6177), and a provider a /32. An IPv4 address is
//! dear: a /24 is the least that is routed, and stands for the two wider ones.
//!
//! Loopback has no buckets: who is on this machine has better ways to use it up.

use crate::limits::{
    HANDSHAKE_GROUPS_MAX, HANDSHAKES_IN_ALL, HANDSHAKES_PER_32, HANDSHAKES_PER_48,
    HANDSHAKES_PER_64, Rate,
};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// How many groups an address belongs to.
pub(super) const LEVELS: usize = 3;
/// The narrowest: one source.
pub(super) const SOURCE: usize = 0;
/// The widest.
pub(super) const PROVIDER: usize = 2;

/// The groups of an address, from the narrowest to the widest.
pub(super) fn groups(address: IpAddr) -> [IpNet; LEVELS] {
    let address = address.to_canonical();
    let lengths = match address {
        IpAddr::V4(_) => [32, 24, 24],
        IpAddr::V6(_) => [64, 48, 32],
    };
    lengths.map(|length| prefix(address, length))
}

/// The customer whose address it is: the one of the three that the log tells.
pub(super) fn customer(address: IpAddr) -> IpNet {
    let [_, customer, _] = groups(address);
    customer
}

fn prefix(address: IpAddr, length: u8) -> IpNet {
    // The lengths above fit their families.
    IpNet::new(address, length).unwrap_or_else(|_| address.into()).trunc()
}

/// Thousandths of a token: tokens come one by one, time does not.
const TOKEN: u64 = 1_000;

/// What is left of each rate.
pub(super) struct Rates {
    tables: [Table; LEVELS],
    all: Bucket,
}

/// The buckets of one length of prefix; who has none has a full one.
struct Table {
    rate: Rate,
    buckets: BTreeMap<IpNet, Bucket>,
}

#[derive(Clone, Copy)]
struct Bucket {
    rate: Rate,
    /// Thousandths of a token that there were at `seen`.
    left: u64,
    seen: Instant,
}

impl Rates {
    /// All buckets full.
    pub(super) fn new(now: Instant) -> Rates {
        let rates = [HANDSHAKES_PER_64, HANDSHAKES_PER_48, HANDSHAKES_PER_32];
        Rates {
            tables: rates.map(|rate| Table { rate, buckets: BTreeMap::new() }),
            all: Bucket::full(HANDSHAKES_IN_ALL, now),
        }
    }

    /// Takes a token of each bucket of this address, or none; then it is worth trying again after
    /// this time.
    pub(super) fn take(&mut self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        if address.to_canonical().is_loopback() {
            return Ok(());
        }
        let groups = groups(address);
        let mut wait = Duration::ZERO;
        let mut quiet = false;
        for (level, (table, group)) in self.tables.iter().zip(groups).enumerate() {
            let bucket = table.bucket(group, now);
            wait = wait.max(bucket.wait());
            if level == PROVIDER {
                quiet = bucket.is_quiet();
            }
        }
        self.all.fill(now);
        if !quiet {
            wait = wait.max(self.all.wait());
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        for (table, group) in self.tables.iter_mut().zip(groups) {
            table.take(group, now);
        }
        self.all.take();
        Ok(())
    }
}

impl Table {
    fn bucket(&self, group: IpNet, now: Instant) -> Bucket {
        let mut bucket = match self.buckets.get(&group) {
            Some(bucket) => *bucket,
            None => Bucket::full(self.rate, now),
        };
        bucket.fill(now);
        bucket
    }

    fn take(&mut self, group: IpNet, now: Instant) {
        let mut bucket = self.bucket(group, now);
        bucket.take();
        if !self.buckets.contains_key(&group) {
            self.make_room(now);
        }
        self.buckets.insert(group, bucket);
    }

    /// Forgets those that are full again, which says nothing; if all are in use, the fuller half.
    fn make_room(&mut self, now: Instant) {
        if self.buckets.len() < HANDSHAKE_GROUPS_MAX {
            return;
        }
        for bucket in self.buckets.values_mut() {
            bucket.fill(now);
        }
        self.buckets.retain(|_, bucket| bucket.left < bucket.most());
        if self.buckets.len() < HANDSHAKE_GROUPS_MAX {
            return;
        }
        let mut used: Vec<(u64, IpNet)> = Vec::new();
        for (group, bucket) in &self.buckets {
            used.push((bucket.left, *group));
        }
        used.sort_unstable();
        for (_, group) in used.iter().skip(HANDSHAKE_GROUPS_MAX / 2) {
            self.buckets.remove(group);
        }
    }
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Bucket {
        Bucket { rate, left: u64::from(rate.burst) * TOKEN, seen: now }
    }

    fn most(&self) -> u64 {
        u64::from(self.rate.burst) * TOKEN
    }

    fn fill(&mut self, now: Instant) {
        // A token a second is a thousandth a millisecond.
        let passed = now.saturating_duration_since(self.seen).as_millis();
        let came = u64::try_from(passed).unwrap_or(u64::MAX);
        if came == 0 {
            return;
        }
        let came = came.saturating_mul(u64::from(self.rate.per_s));
        self.left = self.left.saturating_add(came).min(self.most());
        self.seen = now;
    }

    /// How long until there is a token.
    fn wait(&self) -> Duration {
        let missing = TOKEN.saturating_sub(self.left);
        Duration::from_millis(missing.div_ceil(u64::from(self.rate.per_s)))
    }

    /// Was less than half of it used?
    fn is_quiet(&self) -> bool {
        self.left > self.most() / 2
    }

    fn take(&mut self) {
        self.left = self.left.saturating_sub(TOKEN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn address(text: String) -> IpAddr {
        text.parse().unwrap()
    }

    /// How many of these get in at once.
    fn let_in(rates: &mut Rates, now: Instant, addresses: impl Iterator<Item = IpAddr>) -> u32 {
        addresses.filter(|address| rates.take(*address, now).is_ok()).count() as u32
    }

    #[test]
    fn a_source_has_so_many_and_then_one_by_one() {
        let now = Instant::now();
        let mut rates = Rates::new(now);
        let source = || std::iter::repeat_n(address("2001:db8::1".into()), 500);
        assert_eq!(let_in(&mut rates, now, source()), HANDSHAKES_PER_64.burst);
        let wait = rates.take(address("2001:db8::2".into()), now).unwrap_err();
        assert_eq!(wait, SECOND / HANDSHAKES_PER_64.per_s);
        assert_eq!(let_in(&mut rates, now + wait, source()), 1);
        assert_eq!(let_in(&mut rates, now + 1000 * SECOND, source()), HANDSHAKES_PER_64.burst);
    }

    #[test]
    fn changing_addresses_share_the_buckets_of_their_prefixes() {
        let now = Instant::now();
        let mut rates = Rates::new(now);
        let of_48 = (0..5_000).map(|it| address(format!("2001:db8:1:{it:x}::1")));
        assert_eq!(let_in(&mut rates, now, of_48), HANDSHAKES_PER_48.burst);
        let of_32 = (2..5_000).map(|it| address(format!("2001:db8:{it:x}::1")));
        let rest = HANDSHAKES_PER_32.burst - HANDSHAKES_PER_48.burst;
        assert_eq!(let_in(&mut rates, now, of_32), rest);
        let of_24 = (0..=255).map(|it| address(format!("192.0.2.{it}")));
        assert_eq!(let_in(&mut rates, now, of_24), HANDSHAKES_PER_48.burst);
    }

    /// The attack: more providers than anybody has, so that the bucket of all is empty.
    #[test]
    fn the_quiet_get_in_while_all_is_used_up_and_nothing_grows() {
        let now = Instant::now();
        let mut rates = Rates::new(now);
        for round in 0..5 {
            for provider in 0..400_u32 {
                let flood = address(format!("2a00:{provider:x}:{round:x}::1"));
                let _ = rates.take(flood, now);
            }
        }
        assert!(rates.all.left < TOKEN);
        assert!(rates.tables.iter().all(|it| it.buckets.len() <= HANDSHAKE_GROUPS_MAX));
        let busy = (0..1_000).map(|it| address(format!("2a01::{it:x}:0:0:1")));
        assert!(let_in(&mut rates, now, busy) < HANDSHAKES_PER_48.burst, "half of it is quiet");
        assert_eq!(rates.take(address("2001:db8::1".into()), now), Ok(()));
    }

    #[test]
    fn who_is_here_is_not_counted() {
        let now = Instant::now();
        let mut rates = Rates::new(now);
        for here in ["::1", "127.0.0.1", "::ffff:127.0.0.1"] {
            let here = std::iter::repeat_n(address(here.into()), 1_000);
            assert_eq!(let_in(&mut rates, now, here), 1_000);
        }
    }

    #[test]
    fn an_address_has_three_groups() {
        for (address, expected) in [
            ("2001:db8:1:2:3::4", ["2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8::/32"]),
            ("192.0.2.1", ["192.0.2.1/32", "192.0.2.0/24", "192.0.2.0/24"]),
            ("::ffff:192.0.2.1", ["192.0.2.1/32", "192.0.2.0/24", "192.0.2.0/24"]),
        ] {
            assert_eq!(groups(address.parse().unwrap()).map(|group| group.to_string()), expected);
        }
    }
}
