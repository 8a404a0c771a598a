//! Answers as plain values: what the shell shows as a table, and programs get as JSON.

use super::{Change, CommandSpec, Decision, Form, HistoryView, PopsView, Scope};
use crate::model::{Asn, Families, LinkLocal, Mntner, Port, Role, WgKey, WgSecret};
use std::fmt;

/// What a command is answered with.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The list of commands for such a caller, or one of them.
    Help(Option<&'static CommandSpec>, Role),
    /// The greeting.
    Intro(IdentityView),
    /// Who the caller is.
    Whoami(IdentityView),
    /// Peerings, by AS number.
    Peers(Vec<PeerView>, Scope),
    /// One peering, with what to install.
    Config(Box<ConfigView>),
    /// One peering, for a sister POP.
    Exported(Box<ExportView>),
    /// The POPs of the network.
    Pops(Box<PopsView>),
    /// How a peering is.
    Status(Box<StatusView>),
    /// A peering was saved.
    Created(Box<PeerView>, Applied),
    /// A peering was changed, and this is what is different.
    Edited(Box<PeerView>, Vec<Change>, Applied),
    /// A peering was switched off, or on again.
    Switched(Box<PeerView>, Applied),
    /// A peering is already as it was asked for.
    Unchanged(Box<PeerView>, Applied),
    /// A peering was taken out.
    Removed(Asn, Applied),
    /// What happened to a peering.
    History(Box<HistoryView>),
    /// What an operator decided, or wanted to know.
    Decided(Box<Decision>),
    /// Nothing was done, since the caller did not mean it.
    Abandoned,
    /// The session ends.
    Bye,
}

/// What came of waiting for the apply loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Nobody wanted to wait.
    NotAwaited,
    /// It is on the machine.
    Yes,
    /// It is saved, but was not on the machine in time, or failed there.
    No(String),
}

/// The caller, and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityView {
    /// The maintainer; `None` for an administrator who acts for nobody.
    pub maintainer: Option<Mntner>,
    /// What they may do.
    pub role: Role,
    /// The AS numbers, sorted.
    pub asns: Vec<Asn>,
    /// The name of this network.
    pub network: String,
    /// The public name of this POP.
    pub server: String,
    /// Our AS number.
    pub our_asn: Asn,
    /// What they should know before they type anything, in sentences; for the greeting only.
    pub notices: Vec<String>,
}

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
    /// The port there.
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

/// A peering with what the member is to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigView {
    /// The peering.
    pub peer: PeerView,
    /// Our AS number.
    pub our_asn: Asn,
    /// The file for wg-quick.
    pub wireguard: String,
    /// The interface name that the BIRD part expects.
    pub link: String,
    /// The protocol for BIRD.
    pub bird: String,
    /// What was asked for.
    pub form: Form,
    /// The text in that form, with a line end; empty where the form is none.
    pub text: String,
}

/// What a member said of a peering: all that a sister POP needs to make the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportView {
    /// The public name of this POP.
    pub server: String,
    /// The member's AS number.
    pub asn: Asn,
    /// The member's public key.
    pub wg_pub_key: WgKey,
    /// Where the member's WireGuard is; `None`: they call us.
    pub wg_endpoint_addr: Option<String>,
    /// The port there.
    pub wg_endpoint_port: Option<Port>,
    /// The address that the member chose; `None`: one of this POP's.
    pub link_local: Option<LinkLocal>,
    /// The largest packet of the tunnel in bytes, where one was asked for.
    pub mtu: Option<u32>,
    /// Is a preshared key set? It stays here.
    pub psk: bool,
    /// Whose routes the BGP session carries.
    pub families: Families,
}

/// What stands in an export for a secret.
pub const WITHHELD: &str = "withheld";

/// How a peering is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusView {
    /// The peering.
    pub peer: PeerView,
    /// The checks, in the order in which the parts depend on each other.
    pub checks: Vec<CheckView>,
    /// The same as other programs would show it, where that was asked for.
    pub raw: Option<RawView>,
}

/// What other programs would show of a peering, secrets masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawView {
    /// Of `wg show wg-as<ASN>`; empty where there is no link.
    pub wireguard: String,
    /// Of `birdc show protocols all ebgp_as<ASN>_v6`; empty where BIRD does not know it.
    pub bird: String,
}

/// One check of a peering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckView {
    /// `registry`, `endpoint`, `handshake`, `tunnel`, `bgp` or `routes`.
    pub name: &'static str,
    /// Is it well?
    pub mark: Mark,
    /// What was seen, and the most likely cause where it is not well.
    pub detail: String,
    /// Who has to do something about it.
    pub by: Option<Whose>,
    /// What to do about it; empty where there is nothing to do, or something else comes first.
    pub hint: String,
}

/// Whose matter something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The member's.
    Member,
    /// The operator's of this POP.
    Operator,
}

/// Is it well?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Yes.
    Good,
    /// No.
    Bad,
    /// Nothing is known.
    Unknown,
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
}

impl fmt::Display for PeeringState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.word())
    }
}
