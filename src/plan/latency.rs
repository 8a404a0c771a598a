//! From round trips to a dn42 latency class that does not flap.
//!
//! Every change of the class sends each route of the peering through all of dn42 again, so the wiki
//! wants an average over half a day. Here the median of a few echoes is smoothed over hours, a
//! class is left only by a margin, and it is kept for [`LATENCY_CLASS_KEPT`] at least. An
//! endpoint that does not answer says nothing: what was known stays.

use super::bird::LATENCY_UNKNOWN;
use crate::limits::{LATENCY_CLASS_KEPT, LATENCY_HALF_LIFE};
use crate::model::{MeasuredRtt, Timestamp};
use std::time::Duration;

/// The longest round trip of the classes 1 to 8, in microseconds: e to the power of the class in
/// milliseconds, as the dn42 wiki rounds it (howto/BGP-communities). What takes longer is 9.
const CLASS_US_MAX: [u64; 8] =
    [2_700, 7_300, 20_000, 55_000, 148_000, 403_000, 1_097_000, 2_981_000];
/// How far outside its class the smoothed round trip must be, as a fraction (one fifth): a class is
/// e times as wide as the one below it, so there is much room.
const MARGIN: u64 = 5;

/// The latency class of a round trip; the bound belongs to the class.
pub fn class(round_trip_us: u64) -> u8 {
    let above = CLASS_US_MAX.iter().zip(1..).find(|(max, _)| round_trip_us <= **max);
    above.map_or(LATENCY_UNKNOWN, |(_, class)| class)
}

/// The longest round trip of a class, in microseconds. The last one has none.
pub fn class_us_max(class: u8) -> Option<u64> {
    CLASS_US_MAX.get(usize::from(class).checked_sub(1)?).copied()
}

/// The median in microseconds, of an even number the smaller of the two in the middle; `None` of
/// none.
pub fn median_us(mut round_trips: Vec<Duration>) -> Option<u64> {
    round_trips.sort_unstable();
    let middle = round_trips.len().checked_sub(1)? / 2;
    round_trips.get(middle).map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// What is known after an answer. `written` is the class that BIRD's file carries, by whomever: one
/// that says something is kept like one of ours, so that taking a POP over changes nothing by
/// itself.
pub fn measured(
    before: Option<MeasuredRtt>,
    written: u8,
    round_trip_us: u64,
    now: Timestamp,
) -> MeasuredRtt {
    let Some(before) = before else {
        let known = (1..LATENCY_UNKNOWN).contains(&written);
        let class = if known { written } else { class(round_trip_us) };
        let smoothed_us = round_trip_us;
        return MeasuredRtt { smoothed_us, class, class_since: now, last_answer: now };
    };
    let smoothed_us = smoothed(before, round_trip_us, now);
    // A clock that was set back must not keep a class for ever.
    let class_since = before.class_since.min(now);
    let ripe = now.since(class_since) >= LATENCY_CLASS_KEPT.as_secs();
    if ripe && outside(before.class, smoothed_us) {
        let class = class(smoothed_us);
        MeasuredRtt { smoothed_us, class, class_since: now, last_answer: now }
    } else {
        MeasuredRtt { smoothed_us, class_since, last_answer: now, ..before }
    }
}

/// The old value weighs half as much after each half-life.
fn smoothed(before: MeasuredRtt, round_trip_us: u64, now: Timestamp) -> u64 {
    let lives = now.since(before.last_answer) as f64 / LATENCY_HALF_LIFE.as_secs_f64();
    let weight = (-lives).exp2();
    let value = before.smoothed_us as f64 * weight + round_trip_us as f64 * (1.0 - weight);
    value.round() as u64
}

/// Is a round trip outside of a class by the margin?
fn outside(class: u8, round_trip_us: u64) -> bool {
    let above = class_us_max(class);
    let below = class.checked_sub(1).and_then(class_us_max);
    above.is_some_and(|max| round_trip_us > max + max / MARGIN)
        || below.is_some_and(|max| round_trip_us < max - max / MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;
    const START: i64 = 1_700_000_000;

    fn at(hours: i64) -> Timestamp {
        Timestamp(START + hours * HOUR)
    }

    /// The class after a measurement every hour, from `first` on; the class that the file has at
    /// the start.
    fn after(written: u8, round_trips_ms: &[u64]) -> u8 {
        let mut known = None;
        for (hour, ms) in round_trips_ms.iter().enumerate() {
            known = Some(measured(known, written, ms * 1000, at(hour as i64)));
        }
        known.unwrap().class
    }

    #[test]
    fn classes_are_the_wikis_and_include_their_bound() {
        for (us, expected) in [
            (0, 1),
            (2_700, 1),
            (2_701, 2),
            (7_300, 2),
            (7_301, 3),
            (20_000, 3),
            (20_001, 4),
            (55_000, 4),
            (55_001, 5),
            (148_000, 5),
            (148_001, 6),
            (403_000, 6),
            (403_001, 7),
            (1_097_000, 7),
            (1_097_001, 8),
            (2_981_000, 8),
            (2_981_001, 9),
            (u64::MAX, 9),
        ] {
            assert_eq!(class(us), expected, "{us} us");
            assert!(class_us_max(expected).is_none_or(|max| us <= max), "{us} us");
        }
    }

    #[test]
    fn one_slow_echo_is_no_rtt() {
        let median =
            |them: &[u64]| median_us(them.iter().copied().map(Duration::from_micros).collect());
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[5]), Some(5));
        assert_eq!(median(&[900, 4, 5, 6, 5]), Some(5));
        assert_eq!(median(&[7, 900]), Some(7));
    }

    #[test]
    fn the_first_answer_counts_at_once_where_nothing_was_known() {
        assert_eq!(after(9, &[10]), 3);
        assert_eq!(after(9, &[4000]), 9);
    }

    /// A POP that is taken over carries classes of the service before: none changes at once.
    #[test]
    fn a_class_that_stands_in_the_file_is_kept_like_ours() {
        assert_eq!(after(5, &[10]), 5);
        assert_eq!(after(5, &[10; 12]), 5);
        assert_eq!(after(5, &[10; 13]), 3);
        assert_eq!(after(3, &[10; 40]), 3);
    }

    #[test]
    fn a_class_is_left_only_by_a_margin_and_not_often() {
        // 20 ms is the end of class 3; 24 ms is a fifth more.
        let [near, far] =
            [[vec![10; 1], vec![23; 90]].concat(), [vec![10; 1], vec![25; 90]].concat()];
        assert_eq!((after(9, &near), after(9, &far)), (3, 4));
        // And back: 16 ms is a fifth less than where class 4 begins.
        assert_eq!(after(9, &[vec![25; 1], vec![17; 90]].concat()), 4);
        assert_eq!(after(9, &[vec![25; 1], vec![15; 90]].concat()), 3);
        assert_eq!(after(9, &[vec![10; 1], vec![300; 11]].concat()), 3, "within twelve hours");
        assert_eq!(after(9, &[vec![10; 1], vec![300; 12]].concat()), 6, "after them");
    }

    #[test]
    fn an_hour_of_trouble_is_smoothed_away() {
        assert_eq!(after(9, &[vec![10; 20], vec![50; 1], vec![10; 3]].concat()), 3);
    }

    #[test]
    fn old_values_lose_half_of_their_weight_in_a_half_life() {
        let before = measured(None, 9, 10_000, at(0));
        let later = Timestamp(START + LATENCY_HALF_LIFE.as_secs() as i64);
        assert_eq!(measured(Some(before), 9, 20_000, later).smoothed_us, 15_000);
        assert_eq!(measured(Some(before), 9, 20_000, at(0)).smoothed_us, 10_000);
        assert_eq!(measured(Some(before), 9, 20_000, at(10_000)).smoothed_us, 20_000);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_no_class_for_ever() {
        let before = measured(None, 9, 10_000, at(10_000));
        let back = measured(Some(before), 9, 300_000, at(0));
        assert_eq!((back.class, back.class_since), (3, at(0)));
        let mut known = back;
        (1..30).for_each(|hour| known = measured(Some(known), 9, 300_000, at(hour)));
        assert_eq!(known.class, 6);
    }
}
