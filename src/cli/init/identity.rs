//! Who the operator is, by the registry: the AS number, who maintains it, and whose the admin key
//! is.

use super::step::Step;
use crate::daemon::Trouble;
use crate::model::{Asn, Mntner};
use crate::registry::{Index, KeyFingerprint, fingerprint};
use std::path::Path;

/// The step's name.
const NAME: &str = "AS number";

/// A public key that may do what an administrator may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AdminKey {
    /// Its line, as in authorized_keys.
    pub(super) line: String,
    /// Its fingerprint.
    pub(super) fingerprint: KeyFingerprint,
}

/// The public keys of a text with one on each line, as `~/.ssh/id_ed25519.pub` and
/// `authorized_keys` are.
///
/// # Errors
/// A line that is no public key, or none at all.
pub(super) fn admin_keys(path: &Path, text: &str) -> Result<Vec<AdminKey>, Trouble> {
    if text.contains("PRIVATE KEY-----") {
        let why = "this is a private key, which nobody else may have; its public one is in";
        return Err(wrong(path, &format!("{why} {}.pub", path.display())));
    }
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Ok(key) = ssh_key::PublicKey::from_openssh(line) else {
            return Err(wrong(path, &format!("this line is no public key: {line}")));
        };
        keys.push(AdminKey { line: line.to_string(), fingerprint: fingerprint(&key) });
    }
    if keys.is_empty() { Err(wrong(path, "there is no public key in it")) } else { Ok(keys) }
}

fn wrong(path: &Path, why: &str) -> Trouble {
    Trouble::new(format!("{}: {why}", path.display()))
}

/// Who maintains the AS number: by the given keys, where there are some.
///
/// # Errors
/// The registry does not know the AS number, or nobody who maintains it has one of the keys.
pub(super) fn judge(index: &Index, asn: Asn, keys: &[AdminKey]) -> Result<Mntner, Trouble> {
    if !index.knows(asn) {
        let mut words = format!("the registry has no {asn}");
        for key in keys {
            for holder in index.by_key(&key.fingerprint) {
                let own: Vec<String> = holder.asns().iter().map(ToString::to_string).collect();
                if !own.is_empty() {
                    words += &format!(
                        "; {}, whose key you named, has {}",
                        holder.name(),
                        own.join(", ")
                    );
                }
            }
        }
        words += ": correct --asn. A new one is known when its pull request is merged";
        return Err(Trouble::new(words));
    }
    let owners: Vec<&Mntner> = index.owners(asn).collect();
    let Some(first) = owners.first() else {
        return Err(Trouble::new(format!(
            "nobody maintains {asn}: its mnt-by names no maintainer"
        )));
    };
    if keys.is_empty() {
        return Ok((*first).clone());
    }
    let mut strangers = Vec::new();
    for key in keys {
        let mut holders = Vec::new();
        for holder in index.by_key(&key.fingerprint) {
            if owners.contains(&holder.name()) {
                return Ok(holder.name().clone());
            }
            holders.push(holder.name().to_string());
        }
        strangers.push(if holders.is_empty() {
            format!("{} is nobody's in the registry", key.fingerprint)
        } else {
            format!("{} is {}'s", key.fingerprint, holders.join(" and "))
        });
    }
    let owners: Vec<String> = owners.iter().map(ToString::to_string).collect();
    Err(Trouble::new(format!(
        "{asn} is maintained by {}, who has no auth: line with the given admin key: {}. Name the \
         key that the registry has, or correct --asn",
        owners.join(" and "),
        strangers.join("; ")
    )))
}

/// What is said of it.
pub(super) fn step(asn: Asn, maintainer: &Mntner, keys: &[AdminKey]) -> Step {
    let whose = if keys.is_empty() { "" } else { ", whose admin key this is" };
    Step::there(NAME, format!("{asn} is maintained by {maintainer}{whose}"))
}

/// What is said before the registry is there.
pub(super) fn unknown(asn: Asn) -> Step {
    Step::due(NAME, format!("{asn} is looked up as soon as the registry is there"), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Builder;

    const ALICES: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEHWaXQ4EhFCkFuCOUUANkmMUDW6dVugtFP6lKm0k7X9";
    const BOBS: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFga5kRZLu6IdiztTdSLgfXbu+2FFoZNiFDxcopkbbGF";
    const NOBODYS: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";

    fn index() -> Index {
        let mut builder = Builder::new();
        for (name, key) in [("ALICE-MNT", ALICES), ("BOB-MNT", BOBS)] {
            let text = format!("mntner: {name}\nauth: {key}\n");
            builder.mntner(name, text.as_bytes());
        }
        for (name, owner) in [("AS1", "ALICE-MNT"), ("AS2", "BOB-MNT"), ("AS3", "GONE-MNT")] {
            builder.aut_num(name, format!("aut-num: {name}\nmnt-by: {owner}\n").as_bytes());
        }
        builder.finish().0
    }

    fn keys(lines: &[&str]) -> Vec<AdminKey> {
        match lines {
            [] => Vec::new(),
            _ => admin_keys(Path::new("f"), &lines.join("\n")).unwrap(),
        }
    }

    fn refused(asn: u32, lines: &[&str]) -> String {
        judge(&index(), Asn::new(asn).unwrap(), &keys(lines)).unwrap_err().to_string()
    }

    #[test]
    fn who_maintains_an_as_number_is_known() {
        let maintainer = |asn, lines: &[&str]| {
            judge(&index(), Asn::new(asn).unwrap(), &keys(lines)).unwrap().to_string()
        };
        assert_eq!(maintainer(1, &[]), "ALICE-MNT");
        assert_eq!(maintainer(2, &["# comment", "", NOBODYS, BOBS]), "BOB-MNT");
    }

    #[test]
    fn an_as_number_that_is_not_the_operators_is_refused() {
        let unknown = "the registry has no AS4: correct --asn";
        assert!(refused(4, &[]).starts_with(unknown), "{}", refused(4, &[]));
        let words = refused(4, &[ALICES]);
        assert!(words.contains("ALICE-MNT, whose key you named, has AS1"), "{words}");
        let words = refused(1, &[BOBS]);
        assert!(
            words.starts_with("AS1 is maintained by ALICE-MNT, who has no auth: line"),
            "{words}"
        );
        assert!(words.contains("is BOB-MNT's"), "{words}");
        assert!(refused(1, &[NOBODYS]).contains("is nobody's in the registry"));
        assert!(refused(3, &[]).starts_with("nobody maintains AS3"));
    }

    #[test]
    fn a_file_without_a_public_key_is_refused() {
        let error = |text: &str| admin_keys(Path::new("f"), text).unwrap_err().to_string();
        assert_eq!(error("# nothing\n"), "f: there is no public key in it");
        assert_eq!(error("nonsense"), "f: this line is no public key: nonsense");
        let private = error("-----BEGIN OPENSSH PRIVATE KEY-----\nabc");
        assert_eq!(
            private,
            "f: this is a private key, which nobody else may have; its public one \
                             is in f.pub"
        );
    }
}
