//! How soon a pass that failed is tried again.

use crate::board::Cause;
use crate::limits::{RETRY_S, RETRY_S_MAX};

/// The pause after the next one. Pauses grow with the tries that the clock made: who changes
/// something while BIRD is down does not put off what comes after.
pub fn next_s(pause_s: u64, well: bool, causes: &[Cause]) -> u64 {
    match (well, causes) {
        (true, _) => RETRY_S,
        (false, [Cause::Tick]) => (2 * pause_s).min(RETRY_S_MAX),
        (false, _) => pause_s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tries_of_the_clock_become_rarer() {
        let (tick, other) = ([Cause::Tick], [Cause::Reload]);
        assert_eq!(next_s(RETRY_S, false, &other), RETRY_S);
        assert_eq!(next_s(RETRY_S, false, &tick), 2 * RETRY_S);
        assert_eq!(next_s(RETRY_S_MAX, false, &tick), RETRY_S_MAX);
        assert_eq!(next_s(4 * RETRY_S, true, &other), RETRY_S);
    }
}
