//! How a peering comes up, for people: a line for each thing that happens, as every terminal can
//! show it.

use super::{Screen, generated_psk, optional};
use crate::command::{News, PeerView, Stage};
use crate::limits::FOLLOW_TIME;
use crate::model::{Asn, Port};
use crate::text::escape::escape;
use std::time::Duration;

/// A peering was created, and its member looks on while it comes up.
pub fn begun(view: &PeerView) -> String {
    let our = &view.our;
    format!(
        "The peering with {} was created.\nOur side: {} port {},\npublic key {}.\n{}",
        view.asn,
        our.wg_endpoint_addr,
        optional(our.wg_endpoint_port.map(Port::get)),
        our.wg_pub_key,
        generated_psk(view)
    )
}

/// What happened to it.
pub fn news(news: &News, view: &PeerView, screen: Screen) -> String {
    match news {
        News::Reached(stage, after) => reached(*stage, *after, view.asn, screen),
        News::Failed(why) => {
            let words = format!("It is saved, but not set up on our side: {}.", escape(why));
            screen.paint("31", &words) + "\n"
        }
        News::Waiting(stage) => waiting(*stage, view) + "\n",
        News::Unseen => {
            format!("Now your side: peer_config {} shows what to install.\n", view.asn.get())
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

fn waiting(stage: Stage, view: &PeerView) -> String {
    let (asn, our) = (view.asn.get(), &view.our);
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
