//! What can be asked for: commands, their flags, and a command with all that was said along with
//! it.
//!
//! [`COMMANDS`] is the one table of commands. A row has its words, flags and help, and whatever
//! else sets one command apart from another: who may, what it has to read, what is asked at a
//! prompt. The grammar parses by it, `help` prints it, and whoever judges a request asks its row.
//! Flags and questions answer the same [`Field`]s, so they can never disagree.

mod spec;
mod table;

pub use spec::{About, Bans, CommandSpec, Flag, FlagSpec, Prompt, Reads, Words};
pub use table::COMMANDS;

use crate::limits::PROMPT_WAIT;
use crate::model::{Asn, Role};
use crate::text::spelling::distance;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a member or the operator asks for, in the order of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The list of commands, or one in detail.
    Help,
    /// The greeting.
    Intro,
    /// Who the caller is.
    Whoami,
    /// Peerings: the caller's, or everybody's.
    PeerList,
    /// A new peering.
    PeerCreate,
    /// Another key, endpoint or option for a peering.
    PeerEdit,
    /// What to install on the member's side.
    PeerConfig,
    PeerStatus,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scope {
    /// Those of the caller's AS numbers.
    #[default]
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
    /// Lines for OpenBGPD.
    OpenBgpd,
    /// A module for NixOS.
    NixOs,
    /// Commands for VyOS.
    VyOs,
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

/// Which peerings are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Only {
    /// All of them.
    #[default]
    Any,
    /// Those that are down.
    Down,
}

/// What a command's exit status tells, once it is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ExitTells {
    /// That it was carried out.
    #[default]
    Done,
    /// Whether the peering is well, for monitoring.
    Checks,
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

/// Why the greeting is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Occasion {
    /// Somebody asked for it.
    #[default]
    Asked,
    /// A session begins; the client has just shown the banner.
    Login,
}

/// A command with everything that was said along with it.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked for.
    pub command: Command,
    /// What was answered so far, by flags or at the prompt.
    pub answers: BTreeMap<Field, String>,
    /// The command that help is to explain.
    pub topic: Option<&'static CommandSpec>,
    /// Whose peerings are listed.
    pub scope: Scope,
    /// Which of them are listed.
    pub only: Only,
    /// What a configuration is written for.
    pub form: Form,
    /// How much of a peering's state is told.
    pub depth: Depth,
    /// What the exit status tells.
    pub exit_tells: ExitTells,
    /// How long to wait until it is applied; `None`: not at all.
    pub wait: Option<Duration>,
    /// How the answer is to look.
    pub format: Format,
    /// Do more answers come on standard input, as peer_export prints them?
    pub from_input: bool,
    /// Is the answer to be given again and again, until the caller has seen enough?
    pub watch: bool,
    /// Why the greeting is shown.
    pub occasion: Occasion,
    /// Is every field asked, since none was named? Else what was not named stays as it is.
    pub every_field: bool,
}

/// What a caller may name, for completing what they type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// What they may do.
    pub role: Role,
    /// The AS numbers that they maintain.
    pub own: Vec<Asn>,
    /// The AS numbers with a peering here that they may act for, in order.
    pub peered: Vec<Asn>,
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
    Maintainer,
    /// From when on.
    Since,
    /// The name of the tunnel on the member's router.
    Interface,
    /// The template of the member's bird.conf.
    Template,
    /// "Do you really want that?"
    Confirm,
}

impl Request {
    /// A request with nothing said yet.
    pub fn new(command: Command) -> Request {
        Request {
            command,
            answers: BTreeMap::new(),
            topic: None,
            scope: Scope::default(),
            only: Only::default(),
            form: Form::default(),
            depth: Depth::default(),
            exit_tells: ExitTells::default(),
            wait: None,
            format: Format::default(),
            from_input: false,
            watch: false,
            occasion: Occasion::default(),
            every_field: false,
        }
    }

    /// What was answered about `field`.
    pub fn answer(&self, field: Field) -> Option<&str> {
        self.answers.get(&field).map(String::as_str)
    }

    /// Who may ask for it.
    pub fn role(&self) -> Role {
        match self.scope {
            Scope::Mine => self.command.spec().role,
            Scope::All => Flag::All.role(),
        }
    }

    /// Adds what somebody at a terminal means by what they have not said: they wait for a moment,
    /// or look on, and go through the whole form where no field of it was named.
    pub fn at_prompt(&mut self) {
        let spec = self.command.spec();
        if spec.about != About::NewPeering && self.wait.is_none() {
            self.wait = Some(PROMPT_WAIT);
        }
        self.every_field =
            spec.prompt == Prompt::Form && !self.answers.keys().any(Field::is_in_form);
    }

    /// Is a wrong answer asked again at a prompt? Only where there is a conversation.
    pub fn asks_again(&self, field: Field) -> bool {
        let asks = match self.command.spec().prompt {
            Prompt::Missing => false,
            Prompt::Again => true,
            Prompt::Form => self.every_field,
        };
        asks && self.answers.contains_key(&field)
    }

    /// May a pasted piece of a WireGuard file answer the question about `field`? A confirmation is
    /// no place for a paste.
    pub fn takes_sections(&self, field: Field) -> bool {
        self.command.spec().takes(Field::WgPubKey)
            && !matches!(field, Field::Confirm | Field::KeyIsPublic)
    }
}

impl Field {
    /// Is it part of what a peering is made of, rather than which one is meant, or a yes?
    fn is_in_form(&self) -> bool {
        !matches!(self, Field::Asn | Field::KeyIsPublic | Field::Confirm)
    }

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
            Field::Interface => "--interface",
            Field::Template => "--template",
            Field::KeyIsPublic | Field::Confirm => "--yes",
        }
    }
}

impl Form {
    /// All of them with their words.
    pub const ALL: [(&str, Form); 10] = [
        ("table", Form::Table),
        ("wg-quick", Form::WgQuick),
        ("bird", Form::Bird),
        ("networkd", Form::Networkd),
        ("frr", Form::Frr),
        ("routeros", Form::RouterOs),
        ("openbgpd", Form::OpenBgpd),
        ("nixos", Form::NixOs),
        ("vyos", Form::VyOs),
        ("json", Form::Json),
    ];

    pub fn word(self) -> &'static str {
        Form::ALL.iter().find(|(_, form)| *form == self).map_or("", |(word, _)| word)
    }

    /// The form of this name.
    pub fn from_word(word: &str) -> Option<Form> {
        Form::ALL.iter().find(|(known, _)| *known == word).map(|(_, form)| *form)
    }
}

// A command's name as people type it: whole, abbreviated, or nearly right.

/// The command that `name` means: exactly, or as the only one that begins with it. `Err` holds the
/// names that come near: those that begin with it, or else those that a typing mistake or two away.
pub fn lookup(name: &str) -> Result<&'static CommandSpec, Vec<&'static str>> {
    lookup_for(name, Role::Admin)
}

/// The same for such a caller: what is not listed for them is found by its whole name only, so that
/// it makes nothing ambiguous.
pub fn lookup_for(name: &str, role: Role) -> Result<&'static CommandSpec, Vec<&'static str>> {
    let (mut longer, mut similar) = (Vec::new(), Vec::new());
    for spec in COMMANDS.iter().copied() {
        if spec.name == name || spec.aliases.contains(&name) {
            return Ok(spec);
        }
        if !spec.is_listed_for(role) {
            continue;
        }
        if !name.is_empty() && spec.name.starts_with(name) {
            longer.push(spec);
        }
        if near(spec.name, name) {
            similar.push(spec.name);
        }
    }
    match longer.as_slice() {
        [only] => Ok(only),
        [] => Err(similar),
        several => Err(several.iter().map(|spec| spec.name).collect()),
    }
}

/// At most two letters away, or the same without its underscores.
fn near(known: &str, typed: &str) -> bool {
    known.replace('_', "") == typed.replace('_', "") || distance(typed, known) <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_abbreviated() {
        let found = |name: &str| lookup(name).map(|it| it.name);
        assert_eq!(found("peer_list"), Ok("peer_list"));
        assert_eq!(found("?"), Ok("help"));
        assert_eq!(found("exit"), Ok("bye"));
        assert_eq!(found("peer_l"), Ok("peer_list"));
        assert_eq!(found("w"), Ok("whoami"));
        assert_eq!(found("peer_c"), Err(vec!["peer_create", "peer_config"]));
        assert_eq!(found("per_list"), Err(vec!["peer_list"]));
        assert_eq!(found("peerlist"), Err(vec!["peer_list"]));
        assert_eq!(found("reboot"), Err(vec![]));
        assert_eq!(found(""), Err(vec![]));
        assert_eq!(found(&"x".repeat(4000)), Err(vec![]));
        let member = |name: &str| lookup_for(name, Role::Member).map(|it| it.name);
        assert_eq!(found("peer_s"), Err(vec!["peer_status", "peer_suspend"]));
        assert_eq!(member("peer_s"), Ok("peer_status"));
        assert_eq!(member("peer_r"), Ok("peer_remove"));
        assert_eq!((member("au"), member("baan")), (Err(vec![]), Err(vec![])));
        assert_eq!(member("peer_suspend"), Ok("peer_suspend"), "refused as what it is");
    }
}
