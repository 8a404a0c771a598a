//! Who somebody is, and what they may do.
//!
//! An identity comes from a key whose signature was verified, and from nothing else. The user name
//! only chooses among the maintainers of that key; one that names a maintainer who does not have
//! the key is refused. What is said to a stranger is what the public registry says anyway.

use crate::command::Request;
use crate::model::{Asn, Mntner, Refusal, Role};
use crate::registry::{Index, KeyFingerprint};
use std::fmt;

/// Somebody whose key was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The maintainer that they are, or act for; `None`: an administrator who named none.
    pub maintainer: Option<Mntner>,
    /// What the key is good for.
    pub role: Role,
    /// The key, as OpenSSH prints it; `local` for the operator's own command line.
    pub key: String,
    /// Where the session comes from.
    pub source: String,
}

/// Why somebody is not let in, in words that help them and tell nobody anything new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// We have no registry at present: it is our fault, and nobody can log in.
    NoRegistry,
    /// No maintainer of this name.
    Unknown(String),
    /// The maintainer has keys, and none of those offered is one of them.
    OtherKey(Mntner, usize),
    /// The maintainer has nothing but PGP.
    OnlyPgp(Mntner),
    /// The maintainer has no key that could be used.
    NoKey(Mntner),
    /// The key belongs to several maintainers, and the user name is none of them.
    Several(Vec<Mntner>),
}

/// Whose key this is. `login` is the SSH user name.
pub fn identify(
    index: &Index,
    admins: &[KeyFingerprint],
    login: &str,
    key: &KeyFingerprint,
) -> Result<(Option<Mntner>, Role), Denial> {
    let named = named(index, login);
    if named.is_none() && index.counts().maintainers == 0 && !admins.contains(key) {
        return Err(Denial::NoRegistry);
    }
    if admins.contains(key) {
        return Ok((named, Role::Admin));
    }
    let owners: Vec<Mntner> =
        index.by_key(key).map(|maintainer| maintainer.name().clone()).collect();
    // One of the key's own wins over a maintainer of somebody else's that the name may mean too.
    if let Some(name) = Mntner::candidates(login).find(|name| owners.contains(name)) {
        return Ok((Some(name), Role::Member));
    }
    match named {
        Some(name) => Err(denial(index, name)),
        None => match owners.as_slice() {
            [] => Err(Denial::Unknown(login.to_string())),
            [only] => Ok((Some(only.clone()), Role::Member)),
            several => Err(Denial::Several(several.to_vec())),
        },
    }
}

/// What to tell somebody none of whose keys was taken.
pub fn explain(index: &Index, login: &str) -> Denial {
    match named(index, login) {
        Some(name) => denial(index, name),
        None if index.counts().maintainers == 0 => Denial::NoRegistry,
        None => Denial::Unknown(login.to_string()),
    }
}

fn named(index: &Index, login: &str) -> Option<Mntner> {
    Mntner::candidates(login).find(|name| index.maintainer(name).is_some())
}

fn denial(index: &Index, name: Mntner) -> Denial {
    match index.maintainer(&name) {
        Some(it) if !it.keys().is_empty() => Denial::OtherKey(name, it.keys().len()),
        Some(it) if it.has_pgp() => Denial::OnlyPgp(name),
        _ => Denial::NoKey(name),
    }
}

impl Identity {
    /// The AS numbers of this identity by the registry of this moment: a change acts on open
    /// sessions.
    pub fn asns(&self, index: &Index) -> Vec<Asn> {
        let found = self.maintainer.as_ref().and_then(|name| index.maintainer(name));
        found.map(|maintainer| maintainer.asns().to_vec()).unwrap_or_default()
    }

    /// The name in audit records: an administrator is recorded as such, whoever they act for.
    pub fn actor(&self) -> String {
        match (self.role, &self.maintainer) {
            (Role::Member, Some(name)) => name.to_string(),
            (Role::Admin, Some(name)) => format!("admin for {name}"),
            (_, None) => "admin".to_string(),
        }
    }
}

/// Whether they may, by the command's row and its flags.
pub fn permit(identity: &Identity, request: &Request) -> Result<(), Refusal> {
    if identity.role.may_act_as(request.role()) { Ok(()) } else { Err(for_operators()) }
}

/// What a member is told who asks for what is not theirs.
pub fn for_operators() -> Refusal {
    Refusal::new(
        "admins_only",
        "That is for the operators of this POP",
        "help lists what is for you; without --all you see your own peerings",
    )
}

impl fmt::Display for Denial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REGISTRY: &str = "https://wiki.dn42.dev/howto/Registry-Authentication";
        match self {
            Denial::NoRegistry => out.write_str(
                "This POP has no copy of the dn42 registry at present, so it knows nobody. \
                 Try again later",
            ),
            Denial::Unknown(login) => write!(
                out,
                "The dn42 registry has no maintainer {}-MNT. \
                 Log in with the name of yours, without -MNT",
                login.to_uppercase()
            ),
            Denial::OtherKey(name, 1) => write!(
                out,
                "{name} has one SSH key in the dn42 registry, and you did not offer it. \
                 ssh -i FILE chooses a key"
            ),
            Denial::OtherKey(name, count) => write!(
                out,
                "{name} has {count} SSH keys in the dn42 registry, and you offered none of them. \
                 ssh -i FILE chooses a key"
            ),
            Denial::OnlyPgp(name) => write!(
                out,
                "{name} has only PGP in the dn42 registry. Add an SSH key there to log in here: \
                 auth: ssh-ed25519 AAAA..., see {REGISTRY}"
            ),
            Denial::NoKey(name) => write!(
                out,
                "{name} has no SSH key in the dn42 registry that could be used. \
                 Add one there to log in here: auth: ssh-ed25519 AAAA..., see {REGISTRY}"
            ),
            Denial::Several(names) => {
                let logins: Vec<String> = names.iter().map(Mntner::login).collect();
                write!(
                    out,
                    "This key belongs to several maintainers. Log in as one: {}",
                    logins.join(", ")
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Scope};
    use crate::registry::Builder;

    const ALICE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBv2NlMfSXmb7KR8CZ4JvIyr8ZXKvKrZ0Vf1LTYXc4dN";
    const ONE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const SHARED: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3pCAGlOEgMNUt6PIyPTHNwyPBLvz7WkJ0qQUxMXzRH";

    fn index() -> Index {
        let mut builder = Builder::new();
        let mut put = |name: &str, auth: &[&str]| {
            let lines: String = auth.iter().map(|it| format!("auth: {it}\n")).collect();
            let object = format!("mntner: {name}\nmnt-by: {name}\n{lines}source: DN42\n");
            builder.mntner(name, object.as_bytes());
        };
        put("ALICE-MNT", &[ALICE]);
        put("ONE-MNT", &[ONE]);
        put("BOB-MNT", &[SHARED]);
        put("CLUB-MNT", &[SHARED]);
        // A login as club-mnt may mean both this and CLUB-MNT.
        put("CLUB-MNT-MNT", &[SHARED]);
        put("BOB-MNT-MNT", &[ALICE]);
        put("PGP-MNT", &["pgp-fingerprint 0123456789ABCDEF0123456789ABCDEF01234567"]);
        put("EMPTY-MNT", &[]);
        builder.finish().0
    }

    fn key(line: &str) -> KeyFingerprint {
        crate::registry::fingerprint(&ssh_key::PublicKey::from_openssh(line).unwrap())
    }

    fn who(login: &str, line: &str) -> Result<Option<String>, Denial> {
        let found = identify(&index(), &[], login, &key(line));
        found.map(|(name, _)| name.map(|it| it.to_string()))
    }

    #[test]
    fn the_key_decides_and_the_name_chooses() {
        for login in ["alice", "ALICE", "Alice-MNT"] {
            assert_eq!(who(login, ALICE), Ok(Some("ALICE-MNT".into())), "{login}");
        }
        assert_eq!(who("root", ONE), Ok(Some("ONE-MNT".into())));
        assert_eq!(who("", ONE), Ok(Some("ONE-MNT".into())));
        for login in ["club", "club-mnt"] {
            assert_eq!(who(login, SHARED), Ok(Some("CLUB-MNT".into())), "{login}");
        }
        assert!(matches!(who("root", SHARED), Err(Denial::Several(names)) if names.len() == 3));
    }

    /// Somebody's own name may be the login that means another maintainer first.
    #[test]
    fn a_name_of_the_keys_own_wins() {
        assert_eq!(who("bob-mnt", ALICE), Ok(Some("BOB-MNT-MNT".into())));
        assert_eq!(who("bob-mnt", SHARED), Ok(Some("BOB-MNT".into())));
    }

    /// The attack: my own key, and the name of somebody else.
    #[test]
    fn a_name_of_somebody_else_is_refused() {
        assert!(matches!(who("bob", ALICE), Err(Denial::OtherKey(_, 1))));
        assert!(matches!(who("pgp", ALICE), Err(Denial::OnlyPgp(_))));
        assert!(matches!(who("empty", ALICE), Err(Denial::NoKey(_))));
        let stranger = ALICE.replace("Xc4dN", "Xc4dO");
        assert!(matches!(who("mallory", &stranger), Err(Denial::Unknown(_))));
        assert!(matches!(who("alice", &stranger), Err(Denial::OtherKey(_, 1))));
    }

    #[test]
    fn an_administrator_is_whoever_they_name() {
        let admins = [key(ALICE)];
        let found = |login: &str| identify(&index(), &admins, login, &key(ALICE)).unwrap();
        assert_eq!(found("empty"), ("EMPTY-MNT".parse().ok(), Role::Admin));
        assert_eq!(found("nobody"), (None, Role::Admin));
        let none = identify(&Index::default(), &[], "alice", &key(ALICE));
        assert_eq!(none, Err(Denial::NoRegistry));
    }

    #[test]
    fn only_administrators_see_everybody() {
        let mut somebody = Identity {
            maintainer: "ALICE-MNT".parse().ok(),
            role: Role::Member,
            key: String::new(),
            source: String::new(),
        };
        let mine = Request::new(Command::PeerList);
        let everybody = Request { scope: Scope::All, ..mine.clone() };
        assert!(permit(&somebody, &everybody).is_err());
        assert!(permit(&somebody, &mine).is_ok());
        assert!(permit(&somebody, &Request::new(Command::Audit)).is_err());
        somebody.role = Role::Admin;
        assert!(permit(&somebody, &everybody).is_ok());
        assert_eq!(somebody.actor(), "admin for ALICE-MNT");
    }
}
