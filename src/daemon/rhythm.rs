//! When something that is done again and again is due, and less often while it fails.

use std::time::{Duration, Instant};

/// The time of one such thing.
pub struct Rhythm {
    interval: Duration,
    pause_max: Duration,
    failures: u32,
    last: Instant,
    is_asked_for: bool,
}

impl Rhythm {
    /// First due after one interval. Pauses grow up to `pause_max`, or stay the interval if that is
    /// longer.
    pub fn new(interval: Duration, pause_max: Duration) -> Rhythm {
        Rhythm { interval, pause_max, failures: 0, last: Instant::now(), is_asked_for: false }
    }

    /// The first is due at once.
    pub fn soon(&mut self) {
        self.is_asked_for = true;
    }

    /// Has it not failed since it was last well?
    pub fn is_well(&self) -> bool {
        self.failures == 0
    }

    /// Is it time?
    pub fn is_due(&self) -> bool {
        self.is_asked_for
            || self.last.elapsed() >= pause(self.interval, self.failures, self.pause_max)
    }

    /// It was tried just now.
    pub fn tried<T, E>(&mut self, outcome: &Result<T, E>) {
        (self.last, self.is_asked_for) = (Instant::now(), false);
        self.failures = if outcome.is_ok() { 0 } else { self.failures.saturating_add(1) };
    }

    /// Somebody has mended something: what failed is due at once.
    pub fn again(&mut self) {
        self.is_asked_for |= std::mem::take(&mut self.failures) > 0;
    }
}

/// Twice as long after each failure.
fn pause(interval: Duration, failures: u32, max: Duration) -> Duration {
    let factor = 2_u32.saturating_pow(failures);
    interval.saturating_mul(factor).min(max.max(interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_their_bound() {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        for (failures, expected) in [(0, 15), (1, 30), (2, 60), (3, 120), (4, 240), (5, 240)] {
            assert_eq!(pause(minutes(15), failures, minutes(240)), minutes(expected));
        }
        assert_eq!(pause(minutes(15), u32::MAX, minutes(240)), minutes(240));
        assert_eq!(pause(minutes(600), 3, minutes(240)), minutes(600), "never more often than set");
    }

    #[test]
    fn what_failed_is_due_when_somebody_mended_it() {
        let hour = Duration::from_secs(3600);
        let mut rhythm = Rhythm::new(hour, hour);
        rhythm.again();
        assert!(!rhythm.is_due(), "nothing failed");
        rhythm.tried(&Err::<(), _>(()));
        assert!(!rhythm.is_due());
        rhythm.again();
        assert!(rhythm.is_due());
        rhythm.tried(&Ok::<_, ()>(()));
        assert!(!rhythm.is_due());
    }
}
