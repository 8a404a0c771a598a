//! A wg-quick file of the operator's after its member changed the peering: the next boot is to
//! bring the same. Only values that are different are written, each in its place; every other byte
//! stays.

use super::{Placed, Tunnel, TunnelPeer, read};
use crate::model::{Endpoint, LinkLocal, WgKey, WgSecret};
use std::fmt::Display;
use std::net::IpAddr;
use std::ops::Range;

/// What the file is to say of what a member can change.
#[derive(Clone, Copy, Debug)]
pub struct TunnelWanted<'a> {
    /// Our address on the link, which stays.
    pub local: LinkLocal,
    /// The member's.
    pub remote: LinkLocal,
    /// The member's public key.
    pub key: WgKey,
    /// The preshared key.
    pub preshared_key: Option<&'a WgSecret>,
    /// Where the member listens.
    pub endpoint: Option<&'a Endpoint>,
    /// The largest packet in bytes.
    pub mtu: Option<u32>,
}

/// One change of a text.
struct Change {
    bytes: Range<usize>,
    new: String,
}

/// The file's text with what is wanted. `None`: it cannot be read, or is not one tunnel to one peer
/// any more, and stays what it is.
pub fn adjusted(text: &str, link: &str, wanted: &TunnelWanted<'_>) -> Option<String> {
    let tunnel = read(text, link).ok()?;
    let [peer] = tunnel.peers.as_slice() else { return None };
    let mut changes = peer_changes(text, peer, wanted)?;
    changes.extend(interface_changes(text, &tunnel, wanted));
    // From the end on, so that the places of the others stay.
    changes.sort_by_key(|change| change.bytes.start);
    let mut new = text.to_string();
    for change in changes.iter().rev() {
        if new.get(change.bytes.clone()).is_some() {
            new.replace_range(change.bytes.clone(), &change.new);
        }
    }
    Some(new)
}

fn peer_changes(text: &str, peer: &TunnelPeer, wanted: &TunnelWanted<'_>) -> Option<Vec<Change>> {
    let key = peer.key.as_ref()?;
    let mut changes = Vec::new();
    if key.value != wanted.key {
        changes.push(Change { bytes: key.bytes.clone(), new: wanted.key.to_string() });
    }
    let psk = wanted.preshared_key.map(WgSecret::reveal);
    let lines = Lines { text, behind: &key.line };
    if peer.preshared_key.as_ref().map(|placed| &placed.value) != wanted.preshared_key {
        changes.extend(lines.line("PresharedKey", peer.preshared_key.as_ref(), psk));
    }
    let endpoint = wanted.endpoint.map(Endpoint::bracketed);
    if peer.endpoint.as_ref().map(|placed| &placed.value) != wanted.endpoint {
        changes.extend(lines.line("Endpoint", peer.endpoint.as_ref(), endpoint));
    }
    Some(changes)
}

/// The MTU, and the member's address wherever a command names it beside ours.
fn interface_changes(text: &str, tunnel: &Tunnel, wanted: &TunnelWanted<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    let local = IpAddr::V6(wanted.local.get());
    let remote = IpAddr::V6(wanted.remote.get());
    for address in tunnel.addresses.iter().filter(|address| address.local.get() == local) {
        if let Some(peer) = &address.peer
            && peer.value.get() != remote
        {
            changes.push(Change { bytes: peer.bytes.clone(), new: wanted.remote.to_string() });
        }
    }
    // The heading of [Peer] ends what is below [Interface], and may have a blank line above it.
    let before = tunnel.peers.first().map_or(0, |peer| peer.heading.start);
    let above = text.get(..before).unwrap_or_default();
    let end = above.trim_end().len();
    let end = above.get(end..).and_then(|rest| rest.find('\n')).map_or(before, |at| end + at + 1);
    let lines = Lines { text, behind: &(0..end) };
    if tunnel.mtu.as_ref().map(|placed| placed.value) != wanted.mtu {
        changes.extend(lines.line("MTU", tunnel.mtu.as_ref(), wanted.mtu));
    }
    changes
}

/// Where new lines of a section go.
struct Lines<'a> {
    text: &'a str,
    /// The line, or all lines, that a new one comes behind.
    behind: &'a Range<usize>,
}

impl Lines<'_> {
    /// The change of a line that may be there and may be wanted, where both differ.
    fn line<T>(
        &self,
        key: &str,
        there: Option<&Placed<T>>,
        wanted: Option<impl Display>,
    ) -> Option<Change> {
        match (there, wanted) {
            (Some(there), Some(value)) => {
                Some(Change { bytes: there.bytes.clone(), new: value.to_string() })
            }
            (Some(there), None) => Some(Change { bytes: there.line.clone(), new: String::new() }),
            (None, Some(value)) => Some(self.new_line(&format!("{key} = {value}"))),
            (None, None) => None,
        }
    }

    /// A new line, with the file's own line ends.
    fn new_line(&self, said: &str) -> Change {
        let at = self.behind.end;
        let end = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let is_whole =
            self.text.get(..at).is_none_or(|text| text.is_empty() || text.ends_with('\n'));
        // The file's last line may have no end.
        let new = if is_whole { format!("{said}{end}") } else { format!("{end}{said}") };
        Change { bytes: at..at, new }
    }
}
