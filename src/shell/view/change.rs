//! Changes for people: what may be asked for, what would be made or changed, and what became of it.

use super::{Screen, generated_psk, notes, sides};
use crate::command::{Applied, Change, LimitsView, PeerView, PeeringState, Shown};
use crate::model::Families;
use crate::text::escape::escape;
use crate::text::table::{Fit, Table};

/// What is shown before a question.
pub fn shown(shown: &Shown, screen: Screen) -> String {
    match shown {
        Shown::Limits(view) => limits(view),
        Shown::Draft(peer, our_asn) => sides(peer, *our_asn, screen) + &options(peer),
        Shown::Changes(asn, them) => {
            format!("The peering with {asn}:\n{}", changes(them, screen))
        }
    }
}

/// What this POP takes, and how answers are given: short, so that nobody minds it.
fn limits(view: &LimitsView) -> String {
    let endpoints = match view.families {
        Families::Both => "Endpoints may have IPv4 or IPv6.",
        Families::V4 => "Endpoints must have IPv4.",
        Families::V6 => "Endpoints must have IPv6.",
    };
    let approval = match view.approval {
        true => " The operator approves of each.",
        false => "",
    };
    let places = match view.peers_max {
        Some(max) => format!(": {} of {max} places are taken", view.peers),
        None => String::new(),
    };
    format!(
        "Peering with {} at {}{places}.\n{endpoints}{approval}\n\
         Enter takes what is in brackets; a pasted [Peer] section gives several answers.\n",
        view.our_asn, view.server
    )
}

fn options(peer: &PeerView) -> String {
    let mtu = peer.mtu.map(|mtu| format!("MTU {mtu}"));
    let psk = peer.psk.then(|| "a preshared key".to_string());
    let families = match peer.families {
        Families::Both => None,
        one => Some(format!("routes of {} only", one.word())),
    };
    let said: Vec<String> = [mtu, psk, families].into_iter().flatten().collect();
    let with = match said.is_empty() {
        true => String::new(),
        false => format!("With {}.\n", said.join(", ")),
    };
    with + &notes(peer)
}

fn changes(changes: &[Change], screen: Screen) -> String {
    let mut table = Table::new([("", Fit::Whole), ("Before", Fit::Wrap), ("After", Fit::Wrap)]);
    let row = |it: &Change| vec![label(it.name).to_string(), it.before.clone(), it.after.clone()];
    table.rows = changes.iter().map(row).collect();
    table.render(screen.columns, screen.style)
}

fn label(name: &str) -> &str {
    match name {
        "wg_pub_key" => "Wg pub key",
        "wg_endpoint" => "Wg endpoint",
        "link_local" => "Link-local address",
        "mtu" => "MTU",
        "psk" => "Preshared key",
        "families" => "Routes",
        other => other,
    }
}

/// A peering was changed.
pub fn edited(view: &PeerView, them: &[Change], applied: &Applied, screen: Screen) -> String {
    format!(
        "The peering with {} was changed.\n{}{}{}{}\n",
        view.asn,
        changes(them, screen),
        notes(view),
        generated_psk(view),
        outcome(view, applied, screen)
    )
}

/// A peering was switched off, or on.
pub fn switched(view: &PeerView, applied: &Applied, screen: Screen) -> String {
    if view.state != PeeringState::Disabled {
        let then = outcome(view, applied, screen);
        return format!("The peering with {} is switched on.\n{then}\n", view.asn);
    }
    let then = match applied {
        Applied::Yes => "Nothing of it is left on our side.".to_string(),
        Applied::NotAwaited => "Tunnel and BGP session end within seconds.".to_string(),
        Applied::No(why) => {
            screen.paint("31", &format!("Something is still there: {}.", escape(why)))
        }
    };
    let asn = view.asn;
    format!("The peering with {asn} is switched off.\n{then} peer_enable switches it on again.\n")
}

/// A peering is already as it was asked for.
pub fn unchanged(view: &PeerView, applied: &Applied, screen: Screen) -> String {
    let more = match applied {
        Applied::No(_) => outcome(view, applied, screen) + "\n",
        Applied::Yes | Applied::NotAwaited => String::new(),
    };
    format!("The peering with {} is so already; nothing was changed.\n{more}", view.asn)
}

/// What came of waiting until it is set up.
pub fn outcome(view: &PeerView, applied: &Applied, screen: Screen) -> String {
    match (applied, view.state) {
        (_, PeeringState::Pending | PeeringState::Disabled | PeeringState::Suspended) => {
            format!("It is {}, so nothing of it is set up.", view.state)
        }
        (Applied::Yes, _) => screen.paint("32", "It is set up on our side."),
        (Applied::NotAwaited, _) => {
            "It is being set up; peer_status tells how it goes.".to_string()
        }
        (Applied::No(why), _) => screen
            .paint("31", &format!("It is saved, but not set up on our side: {}.", escape(why))),
    }
}

/// What was taken from a pasted piece of a WireGuard file, and what was not.
pub fn taken(names: &[&str], private_key: bool, other_end: bool) -> String {
    let mut text = String::new();
    if !names.is_empty() {
        text += &format!("Taken from what you pasted: {}.\n", names.join(", "));
    }
    if other_end {
        text += "Its [Peer] section was left out: in your file that is the other end.\n";
    }
    if private_key {
        text += "The private key in it was not kept; only its public one was computed.\n\
                 Nobody but you should ever see it: if you have shown it to anybody else,\n\
                 make a new one.\n";
    }
    text
}
