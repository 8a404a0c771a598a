//! What became of a peering that was there before.

use super::{Peer, VERSION, one, peer, trouble};
use crate::command::{Applied, Change, PeerView};
use crate::model::WgSecret;
use nanoserde::SerJson;

#[derive(SerJson)]
struct Edited {
    version: u8,
    peer: Peer,
    changes: Vec<Difference>,
    /// A preshared key that was just made.
    psk: Option<String>,
}

#[derive(SerJson)]
struct Difference {
    name: String,
    before: String,
    after: String,
}

#[derive(SerJson)]
struct Unchanged {
    version: u8,
    unchanged: bool,
    peer: Peer,
}

/// A peering that was changed, with what is different.
pub fn edited(view: &PeerView, changes: &[Change], applied: &Applied) -> String {
    let difference = |it: &Change| Difference {
        name: it.name.to_string(),
        before: it.before.clone(),
        after: it.after.clone(),
    };
    let changes = changes.iter().map(difference).collect();
    let psk = view.generated_psk.as_ref().map(WgSecret::reveal);
    Edited { version: VERSION, peer: troubled(view, applied), changes, psk }.serialize_json()
}

/// A peering that was switched off or on.
pub fn switched(view: &PeerView, applied: &Applied) -> String {
    one(troubled(view, applied))
}

/// A peering that is as it was asked for.
pub fn unchanged(view: &PeerView, applied: &Applied) -> String {
    Unchanged { version: VERSION, unchanged: true, peer: troubled(view, applied) }.serialize_json()
}

fn troubled(view: &PeerView, applied: &Applied) -> Peer {
    let mut peer = peer(view);
    peer.error = peer.error.or(trouble(applied));
    peer
}
