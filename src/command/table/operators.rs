//! The rows of what only operators may.

use super::super::spec::{ASN, JSON, MAINTAINER, REASON, SINCE, WAIT, YES};
use super::super::{About, Bans, Command, CommandSpec, Prompt, Reads, Words};
use crate::model::Role;

pub(super) static PEER_APPROVE: CommandSpec = CommandSpec {
    command: Command::PeerApprove,
    name: "peer_approve",
    aliases: &[],
    summary: "take a peering that waits for approval",
    detail: "",
    flags: &[ASN, WAIT, JSON],
    example: "peer_approve --asn 4242420001",
    role: Role::Admin,
    bans: Bans::Allow,
    reads: Reads::All,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("peer"),
};

pub(super) static PEER_REJECT: CommandSpec = CommandSpec {
    command: Command::PeerReject,
    name: "peer_reject",
    aliases: &[],
    summary: "refuse a peering that waits for approval",
    detail: "It is gone then; its member reads the reason at login and in peer_history.",
    flags: &[ASN, REASON, YES, JSON],
    example: "peer_reject --asn 4242420001 --reason 'no transit here' --yes",
    role: Role::Admin,
    bans: Bans::Allow,
    reads: Reads::All,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("removed"),
};

pub(super) static PEER_SUSPEND: CommandSpec = CommandSpec {
    command: Command::PeerSuspend,
    name: "peer_suspend",
    aliases: &[],
    summary: "switch a peering off, with a reason that its member sees",
    detail: "peer_enable by an administrator ends it. If its member removes it, the AS number \
             is banned for the same reason.",
    flags: &[ASN, REASON, YES, WAIT, JSON],
    example: "peer_suspend --asn 4242420001 --reason 'floods the tunnel' --yes",
    role: Role::Admin,
    bans: Bans::Allow,
    reads: Reads::All,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("peer"),
};

pub(super) static BAN: CommandSpec = CommandSpec {
    command: Command::Ban,
    name: "ban",
    aliases: &[],
    summary: "let a maintainer or an AS number have no peering here",
    detail: "It stands against new peerings, changes and peer_enable. Peerings that exist \
             stay: peer_suspend switches them off. Without flags it lists the bans.",
    flags: &[ASN, MAINTAINER, REASON, YES, JSON],
    example: "ban --maintainer EXAMPLE-MNT --reason 'spam' --yes",
    role: Role::Admin,
    bans: Bans::Allow,
    reads: Reads::Nothing,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("ban"),
};

pub(super) static UNBAN: CommandSpec = CommandSpec {
    command: Command::Unban,
    name: "unban",
    aliases: &[],
    summary: "end a ban",
    detail: "One that is not there is no error.",
    flags: &[ASN, MAINTAINER, JSON],
    example: "unban --maintainer EXAMPLE-MNT",
    role: Role::Admin,
    bans: Bans::Allow,
    reads: Reads::Nothing,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("ban"),
};

pub(super) static AUDIT: CommandSpec = CommandSpec {
    command: Command::Audit,
    name: "audit",
    aliases: &[],
    summary: "who changed what, the newest last",
    detail: "",
    flags: &[ASN, MAINTAINER, SINCE, JSON],
    example: "audit --since 7d",
    role: Role::Admin,
    bans: Bans::Allow,
    reads: Reads::Nothing,
    about: About::Peering,
    prompt: Prompt::Missing,
    words: Words::Answers,
    schema: Some("audit"),
};
