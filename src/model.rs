//! The field's words as types: what is written here is proven, and cannot be misspelt elsewhere.
//!
//! Text becomes a value in one place only, the `FromStr` of its type, and text again in its
//! `Display`. Each parser takes what people write, refuses what is not plainly meant, and never
//! alters anything silently. Errors are small, lower case, and name the bound.

mod address;
mod bgp;
mod calendar;
mod choice;
mod endpoint;
mod identity;
mod measured;
mod names;
mod once;
mod wireguard;

pub use address::{AddressError, LinkLocal, Spelled};
pub use bgp::{BgpState, NoBgpState};
pub use choice::{BackendChoice, BirdForm, Families, Open, SysctlChoice};
pub use endpoint::{Endpoint, EndpointError, Host, HostName, Port};
pub use identity::{Asn, AsnError, Mntner, MntnerError, Role};
pub use measured::{Handshakes, MeasuredRtt};
pub use names::{NameForm, NameFormError, NameKind, PopError, PopId, PopName, is_bird_symbol};
pub use once::{Once, OnceEach, Turn};
pub use wireguard::{IfName, Likeness, WgKey, WgKeyError, WgSecret};

use std::fmt;

/// Seconds since 1970-01-01 UTC. Time is always an argument: only the outermost modules read a
/// clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds from `earlier` to this moment; zero if the clock went backwards.
    pub fn since(self, earlier: Timestamp) -> u64 {
        self.0.saturating_sub(earlier.0).max(0).unsigned_abs()
    }
}

// How a file that is kept up tells itself from one that somebody wrote.

/// The first line of files for BIRD whose names follow from no peering: a file that bears one of
/// those names and does not begin so is somebody's own, and is left alone.
pub const MARK: &str = "# Kept up by peerling: what is changed here by hand does not stay.";

/// Is it one of the files that are kept up?
pub fn is_marked(text: &str) -> bool {
    text.lines().next() == Some(MARK)
}

// A refusal: the member's fault, told with the remedy. Never a fault of ours.

/// What the member asked for cannot be; each part is shown to them, and to their scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A word for programs; never renamed once published.
    pub code: &'static str,
    /// What is wrong: one sentence, naming the thing and the bound.
    pub message: String,
    /// What to do about it: one sentence, or nothing where the message says it all.
    pub hint: String,
}

impl Refusal {
    /// A command that was not understood, for which the exit status is another.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Refusal {
        Refusal::new("usage", message, hint)
    }

    /// Was the command not understood?
    pub fn is_usage(&self) -> bool {
        self.code == "usage"
    }

    /// A refusal with its remedy.
    pub fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hint.as_str() {
            "" => write!(out, "{}.", self.message),
            hint => write!(out, "{}. {hint}.", self.message),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_is_not_ours() {
        assert!(is_marked(&format!("{MARK}\n\nprotocol bgp ibgp_b {{}}")));
        for text in ["", "protocol bgp ibgp_b {}", "# Kept up by peerling", " # Kept up"] {
            assert!(!is_marked(text), "{text}");
        }
    }
}
