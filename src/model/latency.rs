//! What is known of the round-trip time to a member.

use super::Timestamp;

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
