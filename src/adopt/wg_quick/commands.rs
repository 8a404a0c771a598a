//! Commands of a wg-quick file that make the tunnel what it is: `ip addr add` and `wg set`.

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// It adds an address.
    Address {
        /// Ours, with or without a prefix length.
        local: &'a str,
        /// The other end's, where it is named.
        peer: Option<&'a str>,
    },
    /// It sets the private key from a file.
    PrivateKey(&'a str),
}

/// The commands of one line that say something of this link. wg-quick puts its name in the place of
/// `%i`.
pub fn read<'a>(line: &'a str, link: &str) -> Vec<Command<'a>> {
    let mut commands = Vec::new();
    for command in line.split([';', '&', '|']) {
        let mut words = command.split_whitespace();
        let program = words.next().and_then(|word| word.rsplit('/').next());
        commands.extend(match program {
            Some("ip") => address(words, link),
            Some("wg") => private_key(words, link),
            _ => None,
        });
    }
    commands
}

/// `ip [-6] addr add dev %i LOCAL [peer REMOTE]`, in any order that ip-address(8) takes.
fn address<'a>(words: impl Iterator<Item = &'a str>, link: &str) -> Option<Command<'a>> {
    let mut words = words.skip_while(|word| word.starts_with('-'));
    let object = words.next()?;
    let verb = words.next()?;
    if !"address".starts_with(object) || !matches!(verb, "a" | "add" | "replace" | "change") {
        return None;
    }
    let (mut local, mut peer, mut device) = (None, None, None);
    while let Some(word) = words.next() {
        match word {
            "dev" => device = words.next(),
            "peer" | "remote" => peer = words.next(),
            "local" => local = words.next(),
            "scope" | "label" | "metric" | "proto" | "valid_lft" | "preferred_lft" | "brd"
            | "broadcast" | "anycast" => {
                words.next();
            }
            "nodad" | "noprefixroute" | "home" | "mngtmpaddr" | "optimistic" => {}
            other => local = local.or(Some(other)),
        }
    }
    device.filter(|name| *name == "%i" || *name == link)?;
    Some(Command::Address { local: local?, peer })
}

/// `wg set %i private-key FILE …`.
fn private_key<'a>(mut words: impl Iterator<Item = &'a str>, link: &str) -> Option<Command<'a>> {
    words.next().filter(|word| *word == "set")?;
    words.next().filter(|word| *word == "%i" || *word == link)?;
    words.find(|word| *word == "private-key")?;
    words.next().map(Command::PrivateKey)
}
