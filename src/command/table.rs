//! The one table of commands. Adding a command is adding a row here and an arm to the matches that
//! have no wildcard: what it parses to, who may use it, whether a ban stands against it, and what
//! it does.

use super::Field;
use crate::model::Role;

/// A command as it can be typed.
#[derive(Debug)]
pub struct CommandSpec {
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
    /// Whom it is listed for.
    pub role: Role,
}

impl CommandSpec {
    /// Whether it is among the commands that such a caller sees.
    pub fn is_listed_for(&self, role: Role) -> bool {
        role.may_act_as(self.role)
    }
}

/// A flag as it can be typed.
#[derive(Debug)]
pub struct FlagSpec {
    /// Its name with the two hyphens.
    pub name: &'static str,
    /// What stands for its value in the help; empty: it takes none.
    pub value: &'static str,
    /// What it means.
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
}

const fn answer(
    name: &'static str,
    value: &'static str,
    meaning: &'static str,
    field: Field,
) -> FlagSpec {
    FlagSpec { name, value, meaning, flag: Flag::Answer(field) }
}

const ASN: FlagSpec =
    answer("--asn", "N", "the AS number; needed if there are several", Field::Asn);
const JSON: FlagSpec = FlagSpec {
    name: "--json",
    value: "",
    meaning: "one JSON object instead of text",
    flag: Flag::Json,
};
const ALL: FlagSpec =
    FlagSpec { name: "--all", value: "", meaning: "everybody's (administrators)", flag: Flag::All };
const YES: FlagSpec = FlagSpec {
    name: "--yes",
    value: "",
    meaning: "do not ask whether it is meant",
    flag: Flag::Yes,
};
const WAIT: FlagSpec = FlagSpec {
    name: "--wait",
    value: "[=SECONDS]",
    meaning: "answer when it is applied; exit status 3 if it is not within 30 s",
    flag: Flag::Wait,
};

const REASON: FlagSpec = answer("--reason", "TEXT", "why; the member sees it", Field::Reason);
const MAINTAINER: FlagSpec =
    answer("--maintainer", "NAME", "a maintainer of the registry", Field::Maintainer);
const WG_PUB_KEY: FlagSpec =
    answer("--wg-pub-key", "KEY", "the public key of your WireGuard interface", Field::WgPubKey);
const ENDPOINT_ADDR: FlagSpec = answer(
    "--endpoint-addr",
    "HOST|none",
    "its public address or name; none: it calls us",
    Field::EndpointAddr,
);
const ENDPOINT_PORT: FlagSpec =
    answer("--endpoint-port", "PORT", "its UDP port", Field::EndpointPort);
const LINK_LOCAL: FlagSpec = answer(
    "--link-local",
    "ADDRESS",
    "your address in fe80::/10; left out: you get one from us",
    Field::LinkLocal,
);
const MTU: FlagSpec =
    answer("--mtu", "N", "largest packet of the tunnel in bytes, 1280 to 9000", Field::Mtu);
const PSK: FlagSpec = answer(
    "--psk",
    "KEY|generate|none",
    "a preshared key besides the key pairs; generate: we make one and show it once",
    Field::Psk,
);
const FROM: FlagSpec = FlagSpec {
    name: "--from",
    value: "-",
    meaning: "answers from standard input, as peer_export prints them; other flags win",
    flag: Flag::From,
};
const FAMILIES: FlagSpec =
    answer("--families", "both|ipv4|ipv6", "which routes the BGP session carries", Field::Families);

/// All commands, in the order of the help.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: "help",
        aliases: &["?"],
        summary: "list the commands, or explain one",
        detail: "help COMMAND shows its flags and an example.",
        flags: &[JSON],
        example: "help peer_create",
        role: Role::Member,
    },
    CommandSpec {
        name: "intro",
        aliases: &[],
        summary: "show the greeting and your AS numbers again",
        detail: "",
        flags: &[],
        example: "intro",
        role: Role::Member,
    },
    CommandSpec {
        name: "whoami",
        aliases: &[],
        summary: "who you are by your key, and your AS numbers",
        detail: "",
        flags: &[JSON],
        example: "whoami --json",
        role: Role::Member,
    },
    CommandSpec {
        name: "peer_list",
        aliases: &[],
        summary: "list your peerings",
        detail: "",
        flags: &[ALL, JSON],
        example: "peer_list --json",
        role: Role::Member,
    },
    CommandSpec {
        name: "peer_create",
        aliases: &[],
        summary: "make a peering; what you leave out is asked",
        detail: "You need a WireGuard key pair and a UDP port for the tunnel. Afterwards \
                 peer_config shows what to install on your side.",
        flags: &[
            answer("--asn", "N", "your AS number", Field::Asn),
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
    },
    CommandSpec {
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
    },
    CommandSpec {
        name: "peer_config",
        aliases: &[],
        summary: "show a peering and what to install on your side",
        detail: "",
        flags: &[
            ASN,
            FlagSpec {
                name: "--format",
                value: "FORM",
                meaning: "table, wg-quick, bird, networkd, frr, routeros or json",
                flag: Flag::Form,
            },
            JSON,
        ],
        example: "peer_config --asn 4242420001",
        role: Role::Member,
    },
    CommandSpec {
        name: "peer_status",
        aliases: &[],
        summary: "how a peering is: handshake, BGP session, routes",
        detail: "Six checks in order, each with what was seen; where one is not well, the likely \
                 cause, what to do, and who has to. A silent tunnel is listened at for 5 s.",
        flags: &[
            ASN,
            FlagSpec {
                name: "--raw",
                value: "",
                meaning: "what wg and birdc show, secrets masked",
                flag: Flag::Raw,
            },
            FlagSpec {
                name: "--watch",
                value: "",
                meaning: "again every 2 s, until a key is pressed",
                flag: Flag::Watch,
            },
            JSON,
        ],
        example: "peer_status --asn 4242420001",
        role: Role::Member,
    },
    CommandSpec {
        name: "peer_history",
        aliases: &[],
        summary: "who changed a peering, and when its tunnel and BGP session went up or down",
        detail: "",
        flags: &[ASN, JSON],
        example: "peer_history --asn 4242420001",
        role: Role::Member,
    },
    CommandSpec {
        name: "peer_export",
        aliases: &[],
        summary: "a peering as text, to make the same at a sister POP",
        detail: "ssh pop peer_export | ssh sister peer_create --from - --yes --wait makes the \
                 same there. A preshared key stays here; what must differ, such as the port, is \
                 said with a flag.",
        flags: &[ASN, JSON],
        example: "peer_export --asn 4242420001",
        role: Role::Member,
    },
    CommandSpec {
        name: "pops",
        aliases: &[],
        summary: "the sister POPs, and which of them you peer with",
        detail: "With the latency from a POP to your endpoint where it is known, and the lines \
                 that make your peerings at the sisters that do not have them.",
        flags: &[JSON],
        example: "pops",
        role: Role::Member,
    },
    CommandSpec {
        name: "peer_disable",
        aliases: &[],
        summary: "switch a peering off and keep it",
        detail: "The tunnel and the BGP session end; id, port and addresses stay yours.",
        flags: &[ASN, WAIT, JSON],
        example: "peer_disable --asn 4242420001",
        role: Role::Member,
    },
    CommandSpec {
        name: "peer_enable",
        aliases: &[],
        summary: "switch a peering on again",
        detail: "",
        flags: &[ASN, WAIT, JSON],
        example: "peer_enable --asn 4242420001",
        role: Role::Member,
    },
    CommandSpec {
        name: "peer_remove",
        aliases: &[],
        summary: "take a peering away",
        detail: "The tunnel and the BGP session end within seconds; the id and port become free.",
        flags: &[ASN, YES, WAIT, JSON],
        example: "peer_remove --asn 4242420001 --yes",
        role: Role::Member,
    },
    CommandSpec {
        name: "peer_approve",
        aliases: &[],
        summary: "take a peering that waits for approval",
        detail: "",
        flags: &[ASN, WAIT, JSON],
        example: "peer_approve --asn 4242420001",
        role: Role::Admin,
    },
    CommandSpec {
        name: "peer_reject",
        aliases: &[],
        summary: "refuse a peering that waits for approval",
        detail: "It is gone then; its member reads the reason at login and in peer_history.",
        flags: &[ASN, REASON, YES, JSON],
        example: "peer_reject --asn 4242420001 --reason 'no transit here' --yes",
        role: Role::Admin,
    },
    CommandSpec {
        name: "peer_suspend",
        aliases: &[],
        summary: "switch a peering off, with a reason that its member sees",
        detail: "peer_enable by an administrator ends it. If its member removes it, the AS number \
                 is banned for the same reason.",
        flags: &[ASN, REASON, YES, WAIT, JSON],
        example: "peer_suspend --asn 4242420001 --reason 'floods the tunnel' --yes",
        role: Role::Admin,
    },
    CommandSpec {
        name: "ban",
        aliases: &[],
        summary: "let a maintainer or an AS number have no peering here",
        detail: "It stands against new peerings, changes and peer_enable. Peerings that exist \
                 stay: peer_suspend switches them off. Without flags it lists the bans.",
        flags: &[ASN, MAINTAINER, REASON, YES, JSON],
        example: "ban --maintainer EXAMPLE-MNT --reason 'spam' --yes",
        role: Role::Admin,
    },
    CommandSpec {
        name: "unban",
        aliases: &[],
        summary: "end a ban",
        detail: "One that is not there is no error.",
        flags: &[ASN, MAINTAINER, JSON],
        example: "unban --maintainer EXAMPLE-MNT",
        role: Role::Admin,
    },
    CommandSpec {
        name: "audit",
        aliases: &[],
        summary: "who changed what, the newest last",
        detail: "",
        flags: &[
            ASN,
            MAINTAINER,
            answer("--since", "TIME", "from then on: 2026-01-31, or 12h, 7d", Field::Since),
            JSON,
        ],
        example: "audit --since 7d",
        role: Role::Admin,
    },
    CommandSpec {
        name: "bye",
        aliases: &["exit", "quit"],
        summary: "leave (Ctrl-D does too)",
        detail: "",
        flags: &[],
        example: "bye",
        role: Role::Member,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_complete() {
        for command in COMMANDS {
            assert!(!command.summary.is_empty() && !command.summary.ends_with('.'), "{command:?}");
            assert!(command.example.starts_with(command.name), "{command:?}");
            assert!(command.flags.iter().all(|it| it.name.starts_with("--")), "{command:?}");
        }
    }
}
