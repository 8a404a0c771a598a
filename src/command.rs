//! What can be asked for, and what can be answered: the language between the shell and the rest.
//!
//! [`COMMANDS`] is the one list of commands: words, flags, help, who may and what it needs. The
//! grammar reads it, `help` prints it, whoever judges a command asks its row. A command never
//! prints; it is answered with a [`Reply`], which the shell shows as a table or as JSON. A command
//! with an answer missing is answered with a [`Question`]: at a prompt it is asked, for a script it
//! is a usage error. So the questions and the flags can never disagree.

mod flags;
mod lookup;
mod spec;
mod table;
mod vocabulary;

pub use lookup::{lookup, lookup_for};
pub use spec::{Bans, CommandSpec, Flag, FlagSpec, Reads};
pub use table::COMMANDS;
pub use vocabulary::Vocabulary;

use std::collections::BTreeMap;
use std::time::Duration;

/// What a member or the operator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The list of commands, or one in detail.
    Help(Option<String>),
    /// The greeting.
    Intro,
    /// Who the caller is.
    Whoami,
    /// Peerings: the caller's, or everybody's.
    PeerList(Scope),
    /// A new peering.
    PeerCreate,
    /// Another key, endpoint or option for a peering.
    PeerEdit,
    /// What to install on the member's side.
    PeerConfig(Form),
    /// How a peering is.
    PeerStatus(Depth),
    /// What happened to a peering.
    PeerHistory,
    /// A peering as lines for `peer_create --from -` at a sister POP.
    PeerExport,
    /// The POPs of the network.
    Pops,
    /// A peering switched off by its member, and kept.
    PeerDisable,
    /// The same switched on again.
    PeerEnable,
    /// The end of a peering.
    PeerRemove,
    /// A peering that waits is taken.
    PeerApprove,
    /// A peering that waits is not taken.
    PeerReject,
    /// A peering switched off by the operator, with a reason.
    PeerSuspend,
    /// A maintainer or AS number that gets no peering here.
    Ban,
    /// The end of that.
    Unban,
    /// Who changed what.
    Audit,
    /// The end of the session.
    Bye,
}

/// Whose peerings are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of the caller's AS numbers.
    Mine,
    /// All of this POP: for administrators.
    All,
}

/// What a peering's configuration is to be written for. Those that are neither for reading nor JSON
/// are whole files: nothing else stands on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Form {
    /// For reading: all facts, and the texts for wg-quick and BIRD.
    #[default]
    Table,
    /// A file for wg-quick.
    WgQuick,
    /// A protocol for BIRD.
    Bird,
    /// Files for systemd-networkd.
    Networkd,
    /// Lines for FRR's vtysh.
    Frr,
    /// Commands for RouterOS 7.
    RouterOs,
    /// One JSON object.
    Json,
}

/// How much of a peering's state is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Depth {
    /// Six checks.
    #[default]
    Checks,
    /// What `wg` and `birdc` would show, secrets masked.
    Raw,
}

/// How the answer is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object.
    Json,
}

/// A command with everything that was said along with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub command: Command,
    /// What was answered so far, by flags or at the prompt.
    pub answers: BTreeMap<Field, String>,
    /// How long to wait until it is applied; `None`: not at all.
    pub wait: Option<Duration>,
    /// How the answer is to look.
    pub format: Format,
    /// Do more answers come on standard input, as peer_export prints them?
    pub from_input: bool,
    /// Is the answer to be given again and again, until the caller has seen enough?
    pub watch: bool,
    /// Is everything asked that a form has, since nothing of it was said? Else what was not said
    /// stays as it is.
    pub form: bool,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The member's AS number.
    Asn,
    /// The member's WireGuard public key.
    WgPubKey,
    /// "Is that the public key, though it looks like a private one?" Only asked at a prompt.
    KeyIsPublic,
    /// Where the member's WireGuard is.
    EndpointAddr,
    /// The port there.
    EndpointPort,
    /// The member's link-local address.
    LinkLocal,
    /// The largest packet of the tunnel.
    Mtu,
    /// The preshared key of the tunnel.
    Psk,
    /// Whose routes are exchanged: IPv4's, IPv6's or both.
    Families,
    /// Why the operator does it, for the member to read.
    Reason,
    /// A maintainer.
    Maintainer,
    /// From when on.
    Since,
    /// "Do you really want that?"
    Confirm,
}

impl Request {
    /// A request with nothing said yet.
    pub fn new(command: Command) -> Request {
        Request {
            command,
            answers: BTreeMap::new(),
            wait: None,
            format: Format::Text,
            from_input: false,
            watch: false,
            form: false,
        }
    }

    /// What was answered about `field`.
    pub fn answer(&self, field: Field) -> Option<&str> {
        self.answers.get(&field).map(String::as_str)
    }
}

impl Field {
    /// The flag that answers it.
    pub fn flag(self) -> &'static str {
        match self {
            Field::Asn => "--asn",
            Field::WgPubKey => "--wg-pub-key",
            Field::EndpointAddr => "--endpoint-addr",
            Field::EndpointPort => "--endpoint-port",
            Field::LinkLocal => "--link-local",
            Field::Mtu => "--mtu",
            Field::Psk => "--psk",
            Field::Families => "--families",
            Field::Reason => "--reason",
            Field::Maintainer => "--maintainer",
            Field::Since => "--since",
            Field::KeyIsPublic | Field::Confirm => "--yes",
        }
    }
}

impl Form {
    /// All of them with their words.
    pub const ALL: [(&str, Form); 7] = [
        ("table", Form::Table),
        ("wg-quick", Form::WgQuick),
        ("bird", Form::Bird),
        ("networkd", Form::Networkd),
        ("frr", Form::Frr),
        ("routeros", Form::RouterOs),
        ("json", Form::Json),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Form::ALL.iter().find(|(_, form)| *form == self).map_or("", |(word, _)| word)
    }

    /// The form of this name.
    pub fn from_word(word: &str) -> Option<Form> {
        Form::ALL.iter().find(|(known, _)| *known == word).map(|(_, form)| *form)
    }
}
