//! Peers that somebody made by hand, as peerings: what their files say, which of them can become
//! peerings, and why others cannot. Pure: it is given the files, and changes none.
//!
//! [`wg_quick`] reads the tunnels, [`bird`] the BGP sessions, [`judge()`] puts them together by
//! their link and says of each what becomes of it. What is taken keeps its names, port, addresses
//! and keys, so that an apply pass has nothing to do for it.

pub mod bird;
mod judge;
mod reason;
mod table;
pub mod wg_quick;
pub mod words;

pub use judge::{Known, LinkKind, World, judge};
pub use reason::Reason;
pub use table::{Counts, Tense, counts, table};

use crate::model::{Asn, Endpoint, Families, LinkLocal, Mntner, Port, WgKey, WgSecret};
use bird::Session;
use ipnet::IpNet;
use std::path::PathBuf;

/// What the machine has.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The files of wg-quick.
    pub tunnels: Vec<TunnelFile>,
    /// The BGP sessions of BIRD's configuration.
    pub sessions: Vec<Session>,
}

/// A file of wg-quick.
#[derive(Clone, Debug)]
pub struct TunnelFile {
    /// The name of its link.
    pub link: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The neighbour's AS number, where it is known.
    pub asn: Option<Asn>,
    /// The link.
    pub link: Option<String>,
    /// BIRD's protocol.
    pub protocol: Option<String>,
    /// The file of BIRD's that it stands in.
    pub bird_file: Option<PathBuf>,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// What becomes of something that was made by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It becomes a peering.
    Taken(Box<Taken>),
    /// It is one already, by an earlier import.
    There,
    /// It stays what it is.
    NotTaken(Reason),
}

/// A peering as it was made by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The member's AS number.
    pub asn: Asn,
    /// Whose it is.
    pub maintainer: Mntner,
    /// The link's name.
    pub link: String,
    /// The UDP port that we listen on.
    pub listen_port: Port,
    /// The public key of our side, where it is not the POP's; the private one is in the link's
    /// file.
    pub own_key: Option<WgKey>,
    /// Our address on the link.
    pub local: LinkLocal,
    /// Theirs.
    pub remote: LinkLocal,
    /// Their public key.
    pub key: WgKey,
    /// The preshared key.
    pub preshared_key: Option<WgSecret>,
    /// Where they listen.
    pub endpoint: Option<Endpoint>,
    /// The largest packet in bytes, where the file says it.
    pub mtu: Option<u32>,
    /// What may travel through the link.
    pub allowed_ips: Vec<IpNet>,
    /// Seconds between keepalives; 0: none.
    pub keepalive_s: u16,
    /// Whose routes the BGP session carries.
    pub families: Families,
    /// BIRD's protocol.
    pub protocol: String,
    /// The file that it stands in.
    pub bird_file: PathBuf,
    /// Who writes that file from now on.
    pub keeper: Keeper,
}

/// Who writes the BIRD file of a peering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// We do: it says what our template says, and nothing else.
    Service,
    /// The operator: it has more than our template can say.
    Operator,
}

impl Row {
    /// What lines are ordered by.
    fn order(&self) -> (u8, Option<u32>, &Option<String>, &Option<String>) {
        let kind = match self.verdict {
            Verdict::Taken(_) => 0,
            Verdict::There => 1,
            // Those without an AS number come last.
            Verdict::NotTaken(_) if self.asn.is_some() => 2,
            Verdict::NotTaken(_) => 3,
        };
        (kind, self.asn.map(Asn::get), &self.link, &self.protocol)
    }
}
