//! The one table of commands. Adding a command is adding a row here and an arm to three matches
//! that have no wildcard: what it parses to, who may use it, and what it does.

use super::Field;

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
    pub who: Who,
}

/// Whom a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody who could log in.
    Member,
    /// Administrators.
    Admin,
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

/// All commands, in the order of the help.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: "help",
        aliases: &["?"],
        summary: "list the commands, or explain one",
        detail: "help COMMAND shows its flags and an example.",
        flags: &[],
        example: "help peer_create",
        who: Who::Member,
    },
    CommandSpec {
        name: "intro",
        aliases: &[],
        summary: "show the greeting and your AS numbers again",
        detail: "",
        flags: &[],
        example: "intro",
        who: Who::Member,
    },
    CommandSpec {
        name: "whoami",
        aliases: &[],
        summary: "who you are by your key, and your AS numbers",
        detail: "",
        flags: &[JSON],
        example: "whoami --json",
        who: Who::Member,
    },
    CommandSpec {
        name: "peer_list",
        aliases: &[],
        summary: "list your peerings",
        detail: "",
        flags: &[ALL, JSON],
        example: "peer_list --json",
        who: Who::Member,
    },
    CommandSpec {
        name: "peer_create",
        aliases: &[],
        summary: "make a peering; what you leave out is asked",
        detail: "You need a WireGuard key pair and a UDP port for the tunnel. Afterwards \
                 peer_config shows what to install on your side.",
        flags: &[
            answer("--asn", "N", "your AS number", Field::Asn),
            answer(
                "--wg-pub-key",
                "KEY",
                "the public key of your WireGuard interface",
                Field::WgPubKey,
            ),
            answer(
                "--endpoint-addr",
                "HOST|none",
                "its public address or name; none: it calls us",
                Field::EndpointAddr,
            ),
            answer("--endpoint-port", "PORT", "its UDP port", Field::EndpointPort),
            answer(
                "--link-local",
                "ADDRESS",
                "your address in fe80::/10; left out: you get one from us",
                Field::LinkLocal,
            ),
            YES,
            WAIT,
            JSON,
        ],
        example: "peer_create --asn 4242420001 --wg-pub-key KEY --endpoint-addr node.example.org \
                  --endpoint-port 20263 --yes --wait",
        who: Who::Member,
    },
    CommandSpec {
        name: "peer_config",
        aliases: &[],
        summary: "show a peering and what to install on your side",
        detail: "",
        flags: &[ASN, JSON],
        example: "peer_config --asn 4242420001",
        who: Who::Member,
    },
    CommandSpec {
        name: "peer_status",
        aliases: &[],
        summary: "how a peering is: handshake, BGP session, routes",
        detail: "Six checks in order, each with what was seen. The first that is not well is \
                 where to look.",
        flags: &[ASN, JSON],
        example: "peer_status --asn 4242420001",
        who: Who::Member,
    },
    CommandSpec {
        name: "peer_remove",
        aliases: &[],
        summary: "take a peering away",
        detail: "The tunnel and the BGP session end within seconds; the id and port become free.",
        flags: &[ASN, YES, WAIT, JSON],
        example: "peer_remove --asn 4242420001 --yes",
        who: Who::Member,
    },
    CommandSpec {
        name: "bye",
        aliases: &["exit", "quit"],
        summary: "leave (Ctrl-D does too)",
        detail: "",
        flags: &[],
        example: "bye",
        who: Who::Member,
    },
];

/// The command that `name` means: exactly, or as the only one that begins with it. `Err` holds the
/// names that come near: those that begin with it, or else those that a typing mistake or two away.
pub fn lookup(name: &str) -> Result<&'static CommandSpec, Vec<&'static str>> {
    let exact = |it: &&CommandSpec| it.name == name || it.aliases.contains(&name);
    if let Some(found) = COMMANDS.iter().find(exact) {
        return Ok(found);
    }
    let begins = |it: &&CommandSpec| !name.is_empty() && it.name.starts_with(name);
    let candidates: Vec<_> = COMMANDS.iter().filter(begins).collect();
    match candidates.as_slice() {
        [only] => Ok(only),
        [] => Err(COMMANDS.iter().map(|it| it.name).filter(|it| near(it, name)).collect()),
        several => Err(several.iter().map(|it| it.name).collect()),
    }
}

/// At most two letters away (Levenshtein's distance), or the same without its underscores.
fn near(known: &str, typed: &str) -> bool {
    known.replace('_', "") == typed.replace('_', "") || distance(known, typed) <= 2
}

/// How many letters to change, add or leave out to make one word of the other; words longer than 32
/// letters are simply far away.
fn distance(left: &str, right: &str) -> usize {
    if left.len().max(right.len()) > 32 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = i;
        let mut last = i + 1;
        let mut next = vec![last];
        for (b, above) in right.bytes().zip(row.iter().skip(1)) {
            last = (diagonal + usize::from(a != b)).min(above + 1).min(last + 1);
            diagonal = *above;
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_abbreviated() {
        let found = |name| lookup(name).map(|it| it.name);
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
    }

    #[test]
    fn distances() {
        for (a, b, d) in [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("peer", "pere", 2)]
        {
            assert_eq!(distance(a, b), d, "{a} {b}");
        }
    }

    #[test]
    fn every_row_is_complete() {
        for command in COMMANDS {
            assert!(!command.summary.is_empty() && !command.summary.ends_with('.'), "{command:?}");
            assert!(command.example.starts_with(command.name), "{command:?}");
            assert!(command.flags.iter().all(|it| it.name.starts_with("--")), "{command:?}");
        }
    }
}
