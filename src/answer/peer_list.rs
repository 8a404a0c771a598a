//! peer_list: peerings in a table.

use super::peer::PeerJson;
use super::{Answer, PeerView, PeeringState, VERSION, optional};
use crate::command::Scope;
use crate::model::Port;
use crate::text::Screen;
use crate::text::table::{Fit, Table};
use nanoserde::SerJson;

/// Peerings, by AS number.
#[derive(Debug)]
pub struct PeerList {
    /// The peerings.
    pub peers: Vec<PeerView>,
    /// Whose they are.
    pub scope: Scope,
}

impl Answer for PeerList {
    fn text(&self, screen: Screen) -> String {
        let text = match (self.peers.is_empty(), self.scope) {
            (true, Scope::Mine) => {
                "You have no peering here yet. peer_create makes one.\n".to_string()
            }
            (true, Scope::All) => "There is no peering here yet.\n".to_string(),
            (false, Scope::Mine) => {
                let errors: String = self.peers.iter().map(PeerView::error_line).collect();
                self.table("Your existing peering sessions", screen) + &errors
            }
            (false, Scope::All) => {
                self.table("All peering sessions", screen) + &self.errors_and_queue()
            }
        };
        screen.fold(text)
    }

    fn json(&self) -> Option<String> {
        let peers = self.peers.iter().map(PeerJson::from).collect();
        Some(PeersJson { version: VERSION, peers }.serialize_json())
    }
}

impl PeerList {
    fn table(&self, title: &str, screen: Screen) -> String {
        let mut table = Table::new([
            ("AS number", Fit::Whole),
            ("Wireguard public key", Fit::Cut),
            ("Endpoint address", Fit::Wrap),
            ("Endpoint port", Fit::Whole),
            ("State", Fit::Whole),
        ]);
        table.title = Some(title.to_string());
        for peer in &self.peers {
            table.rows.push(vec![
                peer.asn.get().to_string(),
                peer.wg_pub_key.to_string(),
                peer.wg_endpoint_addr.clone().unwrap_or("none".to_string()),
                optional(peer.wg_endpoint_port.map(Port::get)),
                peer.state.to_string(),
            ]);
        }
        table.render(screen.columns, screen.style)
    }

    /// For an operator, those that wait are only counted.
    fn errors_and_queue(&self) -> String {
        let (mut text, mut waiting) = (String::new(), 0);
        for peer in &self.peers {
            if peer.state == PeeringState::Pending {
                waiting += 1;
            } else {
                text += &peer.error_line();
            }
        }
        if waiting > 0 {
            text += &format!("{waiting} waiting for approval; see peer_approve and peer_reject.\n");
        }
        text
    }
}

#[derive(SerJson)]
struct PeersJson {
    version: u8,
    peers: Vec<PeerJson>,
}
