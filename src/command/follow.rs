//! How a peering that was just saved comes up, told as it happens.

use std::time::Duration;

/// What a peering reaches on its way, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Our side of the tunnel is there.
    Link,
    /// BIRD runs the BGP session.
    Session,
    /// The member's side has answered.
    Handshake,
    /// The BGP session is Established.
    Established,
}

/// What happened meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It got there, so long after it was saved.
    Reached(Stage, Duration),
    /// Our side could not be set up, and this is why.
    Failed(String),
    /// Nothing more was seen for long enough. This is the stage that is waited for.
    Waiting(Stage),
    /// This POP sees neither the tunnel nor the BGP session: it leaves them to others.
    Unseen,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Stage; 4] = [Stage::Link, Stage::Session, Stage::Handshake, Stage::Established];
}
