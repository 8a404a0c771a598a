//! What the table says of a command and of a flag.

use super::{Command, Field};
use crate::model::Role;

/// A command as it can be typed.
#[derive(Debug)]
pub struct CommandSpec {
    /// What it is before its flags are read.
    pub command: Command,
    /// Its name; blanks and hyphens may stand for the underscores.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// What it does, in one line.
    pub summary: &'static str,
    /// More, shown by `help COMMAND`.
    pub detail: &'static str,
    /// What may be said along with it.
    pub flags: &'static [FlagSpec],
    /// A whole line as an example.
    pub example: &'static str,
    /// Whom it is for; a flag may be for fewer.
    pub role: Role,
    /// Whether a ban stands against it.
    pub bans: Bans,
    /// Which peerings it is judged by.
    pub reads: Reads,
    /// Which AS numbers it may be about.
    pub about: About,
    /// What is asked at a prompt.
    pub prompt: Prompt,
    /// What the words after it are that are no flags.
    pub words: Words,
    /// The file of `packaging/schema` that its answer in JSON follows; `None`: it has no JSON.
    /// Errors follow `error` everywhere.
    pub schema: Option<&'static str>,
}

impl CommandSpec {
    /// Whether it is among the commands that such a caller sees.
    pub fn is_listed_for(&self, role: Role) -> bool {
        role.may_act_as(self.role)
    }

    /// Whether one of its flags answers the question about `field`.
    pub fn takes(&self, field: Field) -> bool {
        self.flags.iter().any(|known| known.flag == Flag::Answer(field))
    }
}

/// Whether a ban of the caller stands against a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bans {
    /// It makes a peering, changes one or switches one on.
    Bar,
    /// It looks, or takes away.
    Allow,
}

/// Which rows of the database a command has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// None: it works without a database too.
    Nothing,
    /// The caller's own; an administrator's are all.
    Own,
    /// All: it makes something that has to fit beside them.
    All,
}

/// Which AS numbers a command may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The caller's: one gets a peering, which is looked at while it comes up.
    NewPeering,
    /// Those with a peering here.
    Peering,
}

/// What is asked at a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// What is missing; a wrong answer ends the command.
    Missing,
    /// What is missing, and again what was answered wrongly.
    Again,
    /// The same, and every field where none was named.
    Form,
}

/// What words are that are no flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Answers: an AS number, or a maintainer.
    Answers,
    /// The name of a command.
    Command,
}

/// A flag as it can be typed.
#[derive(Debug)]
pub struct FlagSpec {
    /// Its name with the two hyphens.
    pub name: &'static str,
    /// What stands for its value in the help; empty: it takes none.
    pub value: &'static str,
    pub meaning: &'static str,
    /// What it does to the request.
    pub flag: Flag,
}

/// What a flag does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Answers a question.
    Answer(Field),
    /// Answers the confirmation.
    Yes,
    /// Waits until it is applied; the seconds may be left out.
    Wait,
    /// JSON instead of text.
    Json,
    /// Everybody's instead of the caller's.
    All,
    /// What a configuration is written for.
    Form,
    /// More answers from standard input.
    From,
    /// What the programs themselves say.
    Raw,
    /// Again and again.
    Watch,
    /// Only what is down.
    Down,
    /// An exit status that tells whether all is well.
    ExitStatus,
}

impl Flag {
    /// Who may use it where the command itself may be used.
    pub fn role(self) -> Role {
        if self == Flag::All { Role::Admin } else { Role::Member }
    }
}

// The flags that commands take.

/// A flag that answers the question about `field`.
const fn answer(
    name: &'static str,
    value: &'static str,
    meaning: &'static str,
    field: Field,
) -> FlagSpec {
    FlagSpec { name, value, meaning, flag: Flag::Answer(field) }
}

pub(super) const ASN: FlagSpec =
    answer("--asn", "N", "the AS number; needed if there are several", Field::Asn);
pub(super) const JSON: FlagSpec = FlagSpec {
    name: "--json",
    value: "",
    meaning: "one JSON object instead of text",
    flag: Flag::Json,
};
pub(super) const ALL: FlagSpec =
    FlagSpec { name: "--all", value: "", meaning: "everybody's (administrators)", flag: Flag::All };
pub(super) const YES: FlagSpec = FlagSpec {
    name: "--yes",
    value: "",
    meaning: "do not ask whether it is meant",
    flag: Flag::Yes,
};
pub(super) const WAIT: FlagSpec = FlagSpec {
    name: "--wait",
    value: "[=SECONDS]",
    meaning: "answer when it is applied; exit status 3 if it is not within 30 s",
    flag: Flag::Wait,
};

pub(super) const REASON: FlagSpec =
    answer("--reason", "TEXT", "why; the member sees it", Field::Reason);
pub(super) const MAINTAINER: FlagSpec =
    answer("--maintainer", "NAME", "a maintainer of the registry", Field::Maintainer);
pub(super) const WG_PUB_KEY: FlagSpec =
    answer("--wg-pub-key", "KEY", "the public key of your WireGuard interface", Field::WgPubKey);
pub(super) const ENDPOINT_ADDR: FlagSpec = answer(
    "--endpoint-addr",
    "HOST|none",
    "its public address or name; none: it calls us",
    Field::EndpointAddr,
);
pub(super) const ENDPOINT_PORT: FlagSpec =
    answer("--endpoint-port", "PORT", "its UDP port", Field::EndpointPort);
pub(super) const LINK_LOCAL: FlagSpec = answer(
    "--link-local",
    "ADDRESS",
    "your address in fe80::/10; left out: you get one from us",
    Field::LinkLocal,
);
pub(super) const MTU: FlagSpec =
    answer("--mtu", "N", "largest packet of the tunnel in bytes, 1280 to 9000", Field::Mtu);
pub(super) const PSK: FlagSpec = answer(
    "--psk",
    "KEY|generate|none",
    "a preshared key besides the key pairs; generate: we make one and show it once",
    Field::Psk,
);
pub(super) const FROM: FlagSpec = FlagSpec {
    name: "--from",
    value: "-",
    meaning: "answers from standard input, as peer_export prints them; other flags win",
    flag: Flag::From,
};
pub(super) const FAMILIES: FlagSpec =
    answer("--families", "both|ipv4|ipv6", "which routes the BGP session carries", Field::Families);
pub(super) const YOUR_ASN: FlagSpec = answer("--asn", "N", "your AS number", Field::Asn);
pub(super) const SINCE: FlagSpec =
    answer("--since", "TIME", "from then on: 2026-01-31, or 12h, 7d", Field::Since);
pub(super) const FORMAT: FlagSpec = FlagSpec {
    name: "--format",
    value: "FORM",
    meaning: "table, wg-quick, bird, networkd, frr, routeros, openbgpd, nixos, vyos or json",
    flag: Flag::Form,
};
pub(super) const INTERFACE: FlagSpec =
    answer("--interface", "NAME", "how the tunnel is called on your router", Field::Interface);
pub(super) const TEMPLATE: FlagSpec = answer(
    "--template",
    "NAME",
    "a template of your bird.conf with all filters, such as the dn42 wiki's dnpeers",
    Field::Template,
);
pub(super) const RAW: FlagSpec = FlagSpec {
    name: "--raw",
    value: "",
    meaning: "what wg and birdc show, secrets masked",
    flag: Flag::Raw,
};
pub(super) const WATCH: FlagSpec = FlagSpec {
    name: "--watch",
    value: "",
    meaning: "again every 2 s, until a key is pressed",
    flag: Flag::Watch,
};
pub(super) const DOWN: FlagSpec =
    FlagSpec { name: "--down", value: "", meaning: "only those that are down", flag: Flag::Down };
pub(super) const EXIT_STATUS: FlagSpec = FlagSpec {
    name: "--exit-status",
    value: "",
    meaning: "end with 5 when a check fails, for monitoring",
    flag: Flag::ExitStatus,
};
