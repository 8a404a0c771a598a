//! peer_list: peerings in a table, and which of them are down.

use super::life::{BgpJson, short_age};
use super::peer::PeerJson;
use super::{Answer, Life, ListedPeer, PeeringState, VERSION, milliseconds, optional};
use crate::command::{Only, Scope};
use crate::model::{Port, Timestamp};
use crate::text::Screen;
use crate::text::table::{Borders, Column, Fit, Table};
use nanoserde::SerJson;
use std::time::Duration;

/// Peerings, by AS number.
#[derive(Debug)]
pub struct PeerList {
    /// The peerings.
    pub peers: Vec<ListedPeer>,
    /// Whose they are.
    pub scope: Scope,
    /// Which of them.
    pub only: Only,
    /// When.
    pub now: Timestamp,
}

/// A column of the table, in the order of their heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Asn,
    Life,
    Maintainer,
    Handshake,
    Bgp,
    Since,
    Imported,
    Exported,
    Rtt,
    OurPort,
    EndpointAddress,
    EndpointPort,
    State,
    Key,
}

/// What gives way first in a window that is too narrow for all. The rest always stays.
const GIVES_WAY: [Part; 12] = [
    Part::Key,
    Part::State,
    Part::EndpointPort,
    Part::EndpointAddress,
    Part::Exported,
    Part::Imported,
    Part::Rtt,
    Part::OurPort,
    Part::Maintainer,
    Part::Bgp,
    Part::Handshake,
    Part::Since,
];

impl Answer for PeerList {
    fn text(&self, screen: Screen) -> String {
        let text = match (self.peers.is_empty(), self.scope, self.only) {
            (true, _, Only::Down) => "No peering is down.\n".to_string(),
            (true, Scope::Mine, Only::Any) => {
                "You have no peering here yet. peer_create makes one.\n".to_string()
            }
            (true, Scope::All, Only::Any) => "There is no peering here yet.\n".to_string(),
            (false, Scope::Mine, _) => {
                let errors: String =
                    self.peers.iter().map(|listed| listed.peer.error_line()).collect();
                self.table("Your existing peering sessions", screen) + &errors
            }
            (false, Scope::All, _) => {
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
    /// With as many columns as the window has room for; a pipe has room for all.
    fn table(&self, title: &str, screen: Screen) -> String {
        let mut parts = Part::of(self.scope);
        let mut table = self.table_of(&parts, title);
        if screen.style.borders != Borders::None {
            for part in GIVES_WAY {
                if table.is_framed_in(screen.columns) {
                    break;
                }
                parts.retain(|kept| *kept != part);
                table = self.table_of(&parts, title);
            }
        }
        table.render(screen.columns, screen.style)
    }

    fn table_of(&self, parts: &[Part], title: &str) -> Table {
        let mut table = Table { title: Some(title.to_string()), ..Table::default() };
        for part in parts {
            table.columns.push(part.column());
        }
        for (row, listed) in self.peers.iter().enumerate() {
            let mut cells = Vec::new();
            for (column, part) in parts.iter().enumerate() {
                cells.push(part.cell(listed, self.now));
                if *part == Part::Life {
                    table.hues.insert((row, column), listed.life.life.hue());
                }
            }
            table.rows.push(cells);
        }
        table
    }

    /// For an operator, those that wait are only counted.
    fn errors_and_queue(&self) -> String {
        let (mut text, mut waiting) = (String::new(), 0);
        for peer in self.peers.iter().map(|listed| &listed.peer) {
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

impl Part {
    /// The columns of a list. Whose a peering is and which port it has, only operators ask.
    fn of(scope: Scope) -> Vec<Part> {
        let mut parts = vec![
            Part::Asn,
            Part::Life,
            Part::Maintainer,
            Part::Handshake,
            Part::Bgp,
            Part::Since,
            Part::Imported,
            Part::Exported,
            Part::Rtt,
            Part::OurPort,
            Part::EndpointAddress,
            Part::EndpointPort,
            Part::State,
            Part::Key,
        ];
        if scope == Scope::Mine {
            parts.retain(|part| !matches!(part, Part::Maintainer | Part::OurPort));
        }
        parts
    }

    fn column(self) -> Column {
        let (head, fit) = match self {
            Part::Asn => ("AS number", Fit::Whole),
            Part::Life => ("Life", Fit::Whole),
            Part::Maintainer => ("Maintainer", Fit::Cut),
            Part::Handshake => ("Tunnel", Fit::Whole),
            Part::Bgp => ("BGP", Fit::Whole),
            Part::Since => ("Since", Fit::Whole),
            Part::Imported => ("In", Fit::Whole),
            Part::Exported => ("Out", Fit::Whole),
            Part::Rtt => ("RTT", Fit::Whole),
            Part::OurPort => ("Our port", Fit::Whole),
            Part::EndpointAddress => ("Endpoint address", Fit::Whole),
            Part::EndpointPort => ("Endpoint port", Fit::Whole),
            Part::State => ("State", Fit::Whole),
            Part::Key => ("Wireguard public key", Fit::Whole),
        };
        Column { head: head.to_string(), fit }
    }

    fn cell(self, listed: &ListedPeer, now: Timestamp) -> String {
        let (peer, life) = (&listed.peer, &listed.life);
        let bgp = &life.bgp;
        match self {
            Part::Asn => peer.asn.get().to_string(),
            Part::Life => life.life.word().to_string(),
            Part::Maintainer => optional(life.maintainer.as_ref()),
            Part::Handshake => match (life.handshake, life.life) {
                (Some(age), _) => short_age(age),
                (None, Life::Up | Life::Down) => "never".to_string(),
                (None, Life::Waiting | Life::Off) => String::new(),
            },
            Part::Bgp => optional(bgp.state),
            Part::Since => {
                optional(bgp.since.map(|since| short_age(Duration::from_secs(now.since(since)))))
            }
            Part::Imported => optional(bgp.routes.map(|routes| routes.imported)),
            Part::Exported => optional(bgp.routes.map(|routes| routes.exported)),
            Part::Rtt => optional(life.rtt_us.map(milliseconds)),
            Part::OurPort => optional(peer.our.wg_endpoint_port.map(Port::get)),
            Part::EndpointAddress => peer.wg_endpoint_addr.clone().unwrap_or("none".to_string()),
            Part::EndpointPort => optional(peer.wg_endpoint_port.map(Port::get)),
            Part::State => peer.state.to_string(),
            Part::Key => peer.wg_pub_key.to_string(),
        }
    }
}

#[derive(SerJson)]
struct PeersJson {
    version: u8,
    peers: Vec<PeerJson>,
}

impl From<&ListedPeer> for PeerJson {
    fn from(listed: &ListedPeer) -> PeerJson {
        let life = &listed.life;
        let mut json = PeerJson::from(&listed.peer);
        json.maintainer = Some(life.maintainer.as_ref().map(ToString::to_string));
        json.life = Some(life.life.word().to_string());
        json.handshake_s = Some(life.handshake.map(|age| age.as_secs()));
        json.bgp = Some(BgpJson::from(&life.bgp));
        json.rtt_ms = Some(life.rtt_us.map(|us| us as f64 / 1000.0));
        json.marked = Some(None);
        json
    }
}
