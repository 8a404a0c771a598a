//! A peering in an answer.

use super::optional;
use crate::model::{Asn, Families, LinkLocal, Port, WgKey, WgSecret};
use crate::text::Screen;
use crate::text::escape::sentence;
use crate::text::table::{Fit, Table};
use nanoserde::SerJson;
use std::fmt;

/// A peering and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerView {
    /// The member's AS number.
    pub asn: Asn,
    /// The peering's number.
    pub id: u16,
    /// What became of it.
    pub state: PeeringState,
    /// The member's public key.
    pub wg_pub_key: WgKey,
    /// Where the member's WireGuard is; `None`: they call us.
    pub wg_endpoint_addr: Option<String>,
    pub wg_endpoint_port: Option<Port>,
    /// The member's address on the link.
    pub link_local: Option<LinkLocal>,
    /// The largest packet of the tunnel in bytes, where one was asked for.
    pub mtu: Option<u32>,
    /// Is a preshared key set?
    pub psk: bool,
    /// Whose routes the BGP session carries.
    pub families: Families,
    /// The preshared key that this very command made: it is shown in its answer, and never again.
    pub generated_psk: Option<WgSecret>,
    /// The same of our side.
    pub our: OurSide,
    /// Why it is not well.
    pub error: Option<String>,
    /// What else its member should know who makes or changes it, in sentences.
    pub notes: Vec<String>,
}

/// Our side of a peering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurSide {
    /// Our public key.
    pub wg_pub_key: WgKey,
    /// Our public name.
    pub wg_endpoint_addr: String,
    /// Our port for this peering.
    pub wg_endpoint_port: Option<Port>,
    /// Our address on the link.
    pub link_local: Option<LinkLocal>,
}

/// What became of a peering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeeringState {
    /// Waits for the operator's approval.
    Pending,
    /// Saved, and the apply loop is about to do it.
    Queued,
    /// On the machine.
    Applied,
    /// The apply loop could not do it.
    Failed,
    /// Switched off by its member.
    Disabled,
    /// Switched off by the operator.
    Suspended,
}

impl PeeringState {
    /// The word for it, in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            PeeringState::Pending => "pending",
            PeeringState::Queued => "queued",
            PeeringState::Applied => "applied",
            PeeringState::Failed => "failed",
            PeeringState::Disabled => "disabled",
            PeeringState::Suspended => "suspended",
        }
    }

    /// The word in its colour.
    pub(super) fn painted(self, screen: Screen) -> String {
        let code = match self {
            PeeringState::Applied => "32",
            PeeringState::Failed | PeeringState::Suspended => "31",
            PeeringState::Pending | PeeringState::Queued | PeeringState::Disabled => "33",
        };
        screen.paint(code, self.word())
    }
}

impl fmt::Display for PeeringState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.word())
    }
}

impl PeerView {
    /// Why it is not well, as a line; nothing if it is.
    pub(super) fn error_line(&self) -> String {
        match &self.error {
            Some(error) => sentence(&format!("{}: {}", self.asn, error.trim_end())) + "\n",
            None => String::new(),
        }
    }

    /// What a member should know of it who makes or changes it, a line each.
    pub(super) fn notes_lines(&self) -> String {
        self.notes.iter().map(|note| sentence(note) + "\n").collect()
    }

    /// A preshared key that was just made, and that this is the time to keep it; else nothing.
    pub(super) fn generated_psk_line(&self) -> String {
        match &self.generated_psk {
            Some(key) => format!("The preshared key, shown this once: {}\n", key.reveal()),
            None => String::new(),
        }
    }

    /// Both sides of it, theirs first.
    pub(super) fn sides(&self, our_asn: Asn, screen: Screen) -> String {
        let our = &self.our;
        let theirs = [
            self.wg_pub_key.to_string(),
            self.wg_endpoint_addr.clone().unwrap_or("none: you call us".to_string()),
            optional(self.wg_endpoint_port.map(Port::get)),
            optional(self.link_local),
        ];
        let ours = [
            our.wg_pub_key.to_string(),
            our.wg_endpoint_addr.clone(),
            optional(our.wg_endpoint_port.map(Port::get)),
            optional(our.link_local),
        ];
        side(self.asn, theirs).render(screen.columns, screen.style)
            + &side(our_asn, ours).render(screen.columns, screen.style)
    }
}

fn side(asn: Asn, values: [String; 4]) -> Table {
    let names = ["Wg pub key", "Wg Endpoint addr.", "Wg Endpoint port", "Link-local address"];
    let head = asn.to_string();
    let mut table = Table::new([("Link config.", Fit::Whole), (&head, Fit::Whole)]);
    for (name, value) in names.into_iter().zip(values) {
        table.rows.push(vec![name.to_string(), value]);
    }
    table
}

/// A peering as JSON has it. What is only in some answers is left out where it is `None`.
#[derive(SerJson)]
pub struct PeerJson {
    asn: u32,
    id: u16,
    state: String,
    wg_pub_key: String,
    #[nserde(serialize_none_as_null)]
    wg_endpoint_addr: Option<String>,
    #[nserde(serialize_none_as_null)]
    wg_endpoint_port: Option<u16>,
    #[nserde(serialize_none_as_null)]
    link_local: Option<String>,
    #[nserde(serialize_none_as_null)]
    mtu: Option<u32>,
    psk: bool,
    families: String,
    pub our: OurJson,
    #[nserde(serialize_none_as_null)]
    pub error: Option<String>,
    /// Where the outer one is `None`, the answer is none that tells it.
    pub maintainer: Option<Option<String>>,
    pub life: Option<String>,
    pub handshake_s: Option<Option<u64>>,
    pub bgp: Option<super::life::BgpJson>,
    pub rtt_ms: Option<Option<f64>>,
    pub marked: Option<Option<String>>,
    notes: Option<Vec<String>>,
    pub config: Option<super::peer_config::ConfigJson>,
    pub checks: Option<Vec<super::peer_status::CheckJson>>,
    pub raw: Option<super::peer_status::RawJson>,
}

#[derive(SerJson)]
pub struct OurJson {
    pub asn: Option<u32>,
    wg_pub_key: String,
    wg_endpoint_addr: String,
    #[nserde(serialize_none_as_null)]
    wg_endpoint_port: Option<u16>,
    #[nserde(serialize_none_as_null)]
    link_local: Option<String>,
}

impl From<&PeerView> for PeerJson {
    fn from(peer: &PeerView) -> PeerJson {
        let our = &peer.our;
        PeerJson {
            asn: peer.asn.get(),
            id: peer.id,
            state: peer.state.word().to_string(),
            wg_pub_key: peer.wg_pub_key.to_string(),
            wg_endpoint_addr: peer.wg_endpoint_addr.clone(),
            wg_endpoint_port: peer.wg_endpoint_port.map(Port::get),
            link_local: peer.link_local.map(|address| address.to_string()),
            mtu: peer.mtu,
            psk: peer.psk,
            families: peer.families.word().to_string(),
            our: OurJson {
                asn: None,
                wg_pub_key: our.wg_pub_key.to_string(),
                wg_endpoint_addr: our.wg_endpoint_addr.clone(),
                wg_endpoint_port: our.wg_endpoint_port.map(Port::get),
                link_local: our.link_local.map(|address| address.to_string()),
            },
            error: peer.error.clone(),
            maintainer: None,
            life: None,
            handshake_s: None,
            bgp: None,
            rtt_ms: None,
            marked: None,
            notes: Some(peer.notes.clone()).filter(|notes| !notes.is_empty()),
            config: None,
            checks: None,
            raw: None,
        }
    }
}
