//! What is measured of a member's link: how old its handshake is, and its round-trip time.

use super::{IfName, Timestamp};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

// How old the last handshakes of links are, whatever happens to the wall clock.
//
// WireGuard tells the moment of a handshake by the wall clock. When that is set, every handshake
// of before seems a year old, or to come. So an age is taken from it once, when a handshake is
// first seen, and then grows by the clock that nobody can set; and a handshake that was not there
// at the last look cannot be older than that look.

/// The handshakes that were seen.
#[derive(Clone, Debug, Default)]
pub struct Handshakes(BTreeMap<IfName, Seen>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// As WireGuard told it.
    last_s: i64,
    /// When it was first seen, and how old it was then.
    first: Instant,
    age: Duration,
    /// When it was last looked for.
    looked: Instant,
}

impl Handshakes {
    /// The age of a link's handshake, by both clocks; `None`: there never was one
    /// (`last_s`, seconds since 1970, is 0).
    pub fn age(
        &mut self,
        link: &IfName,
        last_s: i64,
        now: (Timestamp, Instant),
    ) -> Option<Duration> {
        let (wall, looked) = now;
        if last_s <= 0 {
            self.0.remove(link);
            return None;
        }
        let told = Duration::from_secs(wall.since(Timestamp(last_s)));
        let seen = match self.0.get(link) {
            Some(seen) if seen.last_s == last_s => Seen { looked, ..*seen },
            Some(seen) => {
                let since = looked.saturating_duration_since(seen.looked);
                Seen { last_s, first: looked, age: told.min(since), looked }
            }
            None => Seen { last_s, first: looked, age: told, looked },
        };
        self.0.insert(link.clone(), seen);
        Some(seen.age.saturating_add(looked.saturating_duration_since(seen.first)))
    }
}

// What is known of the round-trip time to a member.

/// The round-trip time to a member's endpoint, as measured over the last hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasuredRtt {
    /// The smoothed round trip, in microseconds.
    pub smoothed_us: u64,
    /// The dn42 latency class in force, 1 to 9.
    pub class: u8,
    /// Since when.
    pub class_since: Timestamp,
    /// When the endpoint last answered.
    pub last_answer: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Asn;

    const YEAR_S: i64 = 365 * 24 * 60 * 60;
    const START_S: i64 = 1_700_000_000;

    /// The ages told at these moments: seconds of the steady clock, what the wall clock is off by
    /// then, and the last handshake as WireGuard tells it.
    fn ages(looks: &[(i64, i64, i64)]) -> Vec<Option<u64>> {
        let (link, start) = (IfName::of(Asn::new(64601).unwrap()), Instant::now());
        let mut handshakes = Handshakes::default();
        let mut age = |&(after_s, off_s, last_s): &(i64, i64, i64)| {
            let moment = start + Duration::from_secs(after_s.unsigned_abs());
            handshakes
                .age(&link, last_s, (Timestamp(START_S + after_s + off_s), moment))
                .map(|age| age.as_secs())
        };
        looks.iter().map(&mut age).collect()
    }

    #[test]
    fn an_age_is_that_of_the_wall_clock_while_nobody_sets_it() {
        let looks = [(0, 0, START_S - 100), (30, 0, START_S - 100), (60, 0, START_S + 50)];
        assert_eq!(ages(&looks), [Some(100), Some(130), Some(10)]);
        assert_eq!(ages(&[(0, 0, 0), (30, 0, START_S + 29)]), [None, Some(1)]);
    }

    #[test]
    fn a_clock_that_is_set_makes_no_handshake_older_or_younger() {
        for off_s in [YEAR_S, -YEAR_S] {
            let looks = [
                (0, 0, START_S - 10),
                (30, off_s, START_S - 10),
                (60, off_s, START_S + 59 + off_s),
                (90, off_s, START_S + 59 + off_s),
            ];
            let told = ages(&looks);
            assert_eq!(told[..2], [Some(10), Some(40)], "{off_s}");
            assert!(told[2] <= Some(30) && told[3] <= Some(60), "{off_s}: {told:?}");
        }
    }

    #[test]
    fn nonsense_is_no_age_and_no_panic() {
        let looks = [(0, 0, i64::MIN), (1, 0, i64::MAX), (2, 0, i64::MAX), (3, 0, 1)];
        assert_eq!(ages(&looks), [None, Some(0), Some(1), Some(1)]);
    }
}
