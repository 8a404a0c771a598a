//! The one table of commands. A command is a row here: what it parses to, who may use it, whether a
//! ban stands against it, what it has to read, what is asked at a prompt and how its answer in JSON
//! is described. A field that is left out does not compile.

mod operators;

use super::spec::{
    ALL, ASN, DOWN, ENDPOINT_ADDR, ENDPOINT_PORT, EXIT_STATUS, FAMILIES, FORMAT, FROM, INTERFACE,
    JSON, LINK_LOCAL, MTU, PSK, RAW, TEMPLATE, WAIT, WATCH, WG_PUB_KEY, YES, YOUR_ASN,
};
use super::{About, Bans, Command, CommandSpec, Prompt, Reads, Words};
use crate::model::Role;
use operators::{AUDIT, BAN, PEER_APPROVE, PEER_REJECT, PEER_SUSPEND, UNBAN};

/// All commands, in the order of the help.
pub static COMMANDS: &[&CommandSpec] = &[
    &HELP,
    &INTRO,
    &WHOAMI,
    &PEER_LIST,
    &PEER_CREATE,
    &PEER_EDIT,
    &PEER_CONFIG,
    &PEER_STATUS,
    &PEER_HISTORY,
    &PEER_EXPORT,
    &POPS,
    &PEER_DISABLE,
    &PEER_ENABLE,
    &PEER_REMOVE,
    &PEER_APPROVE,
    &PEER_REJECT,
    &PEER_SUSPEND,
    &BAN,
    &UNBAN,
    &AUDIT,
    &BYE,
];

impl Command {
    /// Its row.
    pub fn spec(self) -> &'static CommandSpec {
        match self {
            Command::Help => &HELP,
            Command::Intro => &INTRO,
            Command::Whoami => &WHOAMI,
            Command::PeerList => &PEER_LIST,
            Command::PeerCreate => &PEER_CREATE,
            Command::PeerEdit => &PEER_EDIT,
            Command::PeerConfig => &PEER_CONFIG,
            Command::PeerStatus => &PEER_STATUS,
            Command::PeerHistory => &PEER_HISTORY,
            Command::PeerExport => &PEER_EXPORT,
            Command::Pops => &POPS,
            Command::PeerDisable => &PEER_DISABLE,
            Command::PeerEnable => &PEER_ENABLE,
            Command::PeerRemove => &PEER_REMOVE,
            Command::PeerApprove => &PEER_APPROVE,
            Command::PeerReject => &PEER_REJECT,
            Command::PeerSuspend => &PEER_SUSPEND,
            Command::Ban => &BAN,
            Command::Unban => &UNBAN,
            Command::Audit => &AUDIT,
            Command::Bye => &BYE,
        }
    }
}

static HELP: CommandSpec = CommandSpec {
    command: Command::Help,
    name: "help",
    aliases: &["?"],
    summary: "list the commands, or explain one",
    detail: "help COMMAND shows its flags and an example.",
    flags: &[JSON],
    example: "help peer_create",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Nothing,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Command,
    schema: Some("help"),
};

static INTRO: CommandSpec = CommandSpec {
    command: Command::Intro,
    name: "intro",
    aliases: &[],
    summary: "show the greeting and your AS numbers again",
    detail: "",
    flags: &[],
    example: "intro",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Nothing,
    about: About::Peering,
    prompt: Prompt::Again,
    words: Words::Answers,
    schema: None,
};

static WHOAMI: CommandSpec = CommandSpec {
    command: Command::Whoami,
    name: "whoami",
    aliases: &[],
    summary: "who you are by your key, and your AS numbers",
    detail: "",
    flags: &[JSON],
    example: "whoami --json",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Nothing,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("whoami"),
};

static PEER_LIST: CommandSpec = CommandSpec {
    command: Command::PeerList,
    name: "peer_list",
    aliases: &[],
    summary: "list your peerings, and which of them are down",
    detail: "up: the tunnel has a fresh handshake, and BGP is Established; else down. waiting: for \
             approval, or to be set up. off: switched off. Tunnel: the age of the last handshake. \
             Since: how long BGP is up or down. A window shows what it has room for, a pipe all.",
    flags: &[DOWN, ALL, WATCH, JSON],
    example: "peer_list --down",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Own,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("peers"),
};

static PEER_CREATE: CommandSpec = CommandSpec {
    command: Command::PeerCreate,
    name: "peer_create",
    aliases: &[],
    summary: "make a peering; what you leave out is asked",
    detail: "You need a WireGuard key pair and a UDP port for the tunnel. Afterwards \
             peer_config shows what to install on your side.",
    flags: &[
        YOUR_ASN,
        WG_PUB_KEY,
        ENDPOINT_ADDR,
        ENDPOINT_PORT,
        LINK_LOCAL,
        MTU,
        PSK,
        FAMILIES,
        FROM,
        YES,
        WAIT,
        JSON,
    ],
    example: "peer_create --asn 4242420001 --wg-pub-key KEY --endpoint-addr node.example.org \
              --endpoint-port 20263 --yes --wait",
    role: Role::Member,
    bans: Bans::Bar,
    reads: Reads::All,
    about: About::NewPeering,
    prompt: Prompt::Again,
    words: Words::Answers,
    schema: Some("peer"),
};

static PEER_EDIT: CommandSpec = CommandSpec {
    command: Command::PeerEdit,
    name: "peer_edit",
    aliases: &[],
    summary: "change a peering's key, endpoint or options",
    detail: "What you do not name stays as it is; so do the peering's id, our port and our \
             address. The tunnel is changed in place.",
    flags: &[
        ASN,
        WG_PUB_KEY,
        ENDPOINT_ADDR,
        ENDPOINT_PORT,
        LINK_LOCAL,
        MTU,
        PSK,
        FAMILIES,
        YES,
        WAIT,
        JSON,
    ],
    example: "peer_edit --asn 4242420001 --endpoint-addr new.example.org --yes",
    role: Role::Member,
    bans: Bans::Bar,
    reads: Reads::All,
    about: About::Peering,
    prompt: Prompt::Form,
    words: Words::Answers,
    schema: Some("peer"),
};

static PEER_CONFIG: CommandSpec = CommandSpec {
    command: Command::PeerConfig,
    name: "peer_config",
    aliases: &[],
    summary: "show a peering and what to install on your side",
    detail: "",
    flags: &[ASN, FORMAT, INTERFACE, TEMPLATE, JSON],
    example: "peer_config --asn 4242420001",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Own,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("peer"),
};

static PEER_STATUS: CommandSpec = CommandSpec {
    command: Command::PeerStatus,
    name: "peer_status",
    aliases: &[],
    summary: "how a peering is: handshake, BGP session, routes",
    detail: "Six checks in order, each with what was seen; where one is not well, the likely \
             cause, what to do, and who has to. A silent tunnel is listened at for 5 s.",
    flags: &[ASN, RAW, EXIT_STATUS, WATCH, JSON],
    example: "peer_status --asn 4242420001",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Own,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("peer"),
};

static PEER_HISTORY: CommandSpec = CommandSpec {
    command: Command::PeerHistory,
    name: "peer_history",
    aliases: &[],
    summary: "who changed a peering, and when its tunnel and BGP session went up or down",
    detail: "",
    flags: &[ASN, JSON],
    example: "peer_history --asn 4242420001",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Own,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("history"),
};

static PEER_EXPORT: CommandSpec = CommandSpec {
    command: Command::PeerExport,
    name: "peer_export",
    aliases: &[],
    summary: "a peering as text, to make the same at a sister POP",
    detail: "ssh pop peer_export | ssh sister peer_create --from - --yes --wait makes the \
             same there. A preshared key stays here; what must differ, such as the port, is \
             said with a flag.",
    flags: &[ASN, JSON],
    example: "peer_export --asn 4242420001",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Own,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("export"),
};

static POPS: CommandSpec = CommandSpec {
    command: Command::Pops,
    name: "pops",
    aliases: &[],
    summary: "the sister POPs, and which of them you peer with",
    detail: "With the latency from a POP to your endpoint where it is known, and the lines \
             that make your peerings at the sisters that do not have them.",
    flags: &[JSON],
    example: "pops",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Own,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("pops"),
};

static PEER_DISABLE: CommandSpec = CommandSpec {
    command: Command::PeerDisable,
    name: "peer_disable",
    aliases: &[],
    summary: "switch a peering off and keep it",
    detail: "The tunnel and the BGP session end; id, port and addresses stay yours.",
    flags: &[ASN, WAIT, JSON],
    example: "peer_disable --asn 4242420001",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Own,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("peer"),
};

static PEER_ENABLE: CommandSpec = CommandSpec {
    command: Command::PeerEnable,
    name: "peer_enable",
    aliases: &[],
    summary: "switch a peering on again",
    detail: "",
    flags: &[ASN, WAIT, JSON],
    example: "peer_enable --asn 4242420001",
    role: Role::Member,
    bans: Bans::Bar,
    reads: Reads::Own,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("peer"),
};

static PEER_REMOVE: CommandSpec = CommandSpec {
    command: Command::PeerRemove,
    name: "peer_remove",
    aliases: &[],
    summary: "take a peering away",
    detail: "The tunnel and the BGP session end within seconds; the id and port become free.",
    flags: &[ASN, YES, WAIT, JSON],
    example: "peer_remove --asn 4242420001 --yes",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Own,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("removed"),
};

static BYE: CommandSpec = CommandSpec {
    command: Command::Bye,
    name: "bye",
    aliases: &["exit", "quit"],
    summary: "leave (Ctrl-D does too)",
    detail: "",
    flags: &[],
    example: "bye",
    role: Role::Member,
    bans: Bans::Allow,
    reads: Reads::Nothing,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: None,
};

#[cfg(test)]
mod tests;
