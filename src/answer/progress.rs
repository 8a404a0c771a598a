//! How a peering that was just created comes up: a line for each thing that happens, as every
//! terminal can show it.

use super::saved::not_set_up;
use super::{PeerView, optional};
use crate::limits::FOLLOW_TIME;
use crate::model::{Asn, Port};
use crate::text::Screen;
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
pub enum FollowEvent {
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

impl FollowEvent {
    /// The first words to a member who looks on while the peering comes up.
    pub fn begun(peer: &PeerView) -> String {
        let our = &peer.our;
        format!(
            "The peering with {} was created.\nOur side: {} port {},\npublic key {}.\n{}",
            peer.asn,
            our.wg_endpoint_addr,
            optional(our.wg_endpoint_port.map(Port::get)),
            our.wg_pub_key,
            peer.generated_psk_line()
        )
    }

    /// What happened to the peering, with a line end after each line.
    pub fn text(&self, peer: &PeerView, screen: Screen) -> String {
        match self {
            FollowEvent::Reached(stage, after) => reached(*stage, *after, peer.asn, screen),
            FollowEvent::Failed(why) => not_set_up(why, screen) + "\n",
            FollowEvent::Waiting(stage) => waiting(*stage, peer) + "\n",
            FollowEvent::Unseen => {
                format!("Now your side: peer_config {} shows what to install.\n", peer.asn.get())
            }
        }
    }
}

fn reached(stage: Stage, after: Duration, asn: Asn, screen: Screen) -> String {
    let at = format!("{:4}.{} s  ", after.as_secs(), after.subsec_millis() / 100);
    match stage {
        Stage::Link => format!("{at}our side of the tunnel is set up\n"),
        Stage::Session => format!(
            "{at}our BIRD runs the BGP session\n\
             Now your side: peer_config {} shows what to install.\n\
             What comes of it is told here for {} s, or until you press a key.\n",
            asn.get(),
            FOLLOW_TIME.as_secs()
        ),
        Stage::Handshake => format!("{at}WireGuard handshake: the tunnel is up\n"),
        Stage::Established => {
            format!("{at}{}\n", screen.paint("32", "the BGP session is Established"))
        }
    }
}

fn waiting(stage: Stage, peer: &PeerView) -> String {
    let (asn, our) = (peer.asn.get(), &peer.our);
    match stage {
        Stage::Link | Stage::Session => {
            "It is not set up on our side yet, and goes on; peer_status tells how.".to_string()
        }
        Stage::Handshake => format!(
            "No handshake yet: your WireGuard must send to {} port {}.\n\
             peer_config {asn} --format wg-quick shows what to install.",
            our.wg_endpoint_addr,
            optional(our.wg_endpoint_port.map(Port::get))
        ),
        Stage::Established => format!(
            "The tunnel is up, and BGP is not; peer_status {asn} tells what is wrong.\n\
             peer_config {asn} --format bird shows what to install."
        ),
    }
}
