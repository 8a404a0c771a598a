//! The loop with a real BIRD, which runs here without any privilege. Links are left to files, so
//! that nothing of the machine is touched.

mod bird;
mod collisions;
pub(super) mod stage;

use super::*;

#[test]
fn only_tries_of_the_clock_become_rarer() {
    let (tick, other) = ([Cause::Tick], [Cause::Reload]);
    assert_eq!(next_retry(RETRY_PAUSE, Reached::NotAll, &other), RETRY_PAUSE);
    assert_eq!(next_retry(RETRY_PAUSE, Reached::NotAll, &tick), 2 * RETRY_PAUSE);
    assert_eq!(next_retry(RETRY_PAUSE_MAX, Reached::NotAll, &tick), RETRY_PAUSE_MAX);
    assert_eq!(next_retry(4 * RETRY_PAUSE, Reached::All, &other), RETRY_PAUSE);
}
