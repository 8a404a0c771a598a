//! The field's words as types: what is written here is proven, and cannot be misspelt elsewhere.
//!
//! Text becomes a value in one place only, the `FromStr` of its type, and text again in its
//! `Display`. Each parser takes what people write, refuses what is not plainly meant, and never
//! alters anything silently. Errors are small, lower case, and name the bound.

mod address;
mod asn;
mod bgp;
mod bird_form;
mod calendar;
mod choice;
mod endpoint;
mod handshake;
mod latency;
mod maintainer;
mod mark;
mod name_form;
mod once;
mod pop;
mod refusal;
mod role;
mod wireguard;

pub use address::{AddressError, LinkLocal, Spelled};
pub use asn::{Asn, AsnError};
pub use bgp::{BgpState, NoBgpState};
pub use bird_form::BirdForm;
pub use choice::{BackendChoice, Families, Open, SysctlChoice};
pub use endpoint::{Endpoint, EndpointError, Host, HostName, Port};
pub use handshake::Handshakes;
pub use latency::MeasuredRtt;
pub use maintainer::{Mntner, MntnerError};
pub use mark::{MARK, is_marked};
pub use name_form::{NameForm, NameFormError, NameKind};
pub use once::{Once, OnceEach, Turn};
pub use pop::{PopError, PopId, PopName};
pub use refusal::Refusal;
pub use role::Role;
pub use wireguard::{IfName, Likeness, WgKey, WgKeyError, WgSecret};

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
