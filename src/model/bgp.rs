//! The state of a BGP session.

use std::{fmt, str::FromStr};

/// The state of a BGP session (RFC 4271, section 8.2.2, and three more of BIRD's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BgpState {
    /// The protocol is disabled or shut down.
    Down,
    /// Waits before the next attempt, or for the link.
    Idle,
    /// Opens a TCP connection.
    Connect,
    /// Waits for the other side, and before it opens a connection again.
    Active,
    /// As `Active`, but never opens a connection itself.
    Passive,
    /// The connection is there, OPEN is sent.
    OpenSent,
    /// OPEN is received too.
    OpenConfirm,
    /// Routes are exchanged.
    Established,
    /// The connection is being closed.
    Close,
}

impl BgpState {
    const ALL: [BgpState; 9] = [
        BgpState::Down,
        BgpState::Idle,
        BgpState::Connect,
        BgpState::Active,
        BgpState::Passive,
        BgpState::OpenSent,
        BgpState::OpenConfirm,
        BgpState::Established,
        BgpState::Close,
    ];

    /// BIRD's word for it.
    pub fn word(self) -> &'static str {
        match self {
            BgpState::Down => "Down",
            BgpState::Idle => "Idle",
            BgpState::Connect => "Connect",
            BgpState::Active => "Active",
            BgpState::Passive => "Passive",
            BgpState::OpenSent => "OpenSent",
            BgpState::OpenConfirm => "OpenConfirm",
            BgpState::Established => "Established",
            BgpState::Close => "Close",
        }
    }
}

/// A word that BIRD has for no state of a BGP session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoBgpState;

impl FromStr for BgpState {
    type Err = NoBgpState;

    fn from_str(word: &str) -> Result<BgpState, NoBgpState> {
        BgpState::ALL.into_iter().find(|state| state.word() == word).ok_or(NoBgpState)
    }
}

impl fmt::Display for BgpState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_and_no_other() {
        for state in BgpState::ALL {
            assert_eq!(state.to_string().parse(), Ok(state));
        }
        for word in ["established", "", "Open"] {
            assert_eq!(word.parse::<BgpState>(), Err(NoBgpState), "{word}");
        }
    }
}
