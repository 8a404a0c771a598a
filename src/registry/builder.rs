//! From files to the index, object by object.
//!
//! An attribute names the object, and the file name must agree (upper and lower case being the
//! same): no object can pose as another by its place, nor by its content. Where two still claim one
//! name, the first that was given keeps it; in the order of their names' bytes `ALICE-MNT` precedes
//! `Alice-MNT`. Rights come from `mnt-by`, where `alice-mnt` means ALICE-MNT too; one that names no
//! maintainer, or says more than a name, gives nobody a right.

use super::finding::{Finding, Findings, Kind, Reason, Skip, excerpt};
use super::index::Index;
use super::index::Rows;
use super::key::{AuthMethod, SshKey, Unusable};
use super::object::Object;
use crate::limits::{REGISTRY_AUTHS_MAX, REGISTRY_MNT_BYS_MAX};
use crate::model::{Asn, AsnError, Mntner};

/// Takes objects in, one file after the other, and gives the index out.
#[derive(Debug, Default)]
pub struct Builder {
    names: Vec<Mntner>,
    has_pgp: Vec<bool>,
    keys: Rows<SshKey>,
    unusable: Rows<Unusable>,
    asns: Vec<Asn>,
    owners: Rows<Mntner>,
    findings: Findings,
}

impl Builder {
    /// A builder that has seen nothing yet.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Takes a file of `data/mntner`.
    pub fn mntner(&mut self, file_name: &str, bytes: &[u8]) {
        if let Err(reason) = self.add_maintainer(file_name, bytes) {
            self.report(Kind::Mntner, file_name, reason);
        }
    }

    /// Takes a file of `data/aut-num`.
    pub fn aut_num(&mut self, file_name: &str, bytes: &[u8]) {
        if let Err(reason) = self.add_asn(file_name, bytes) {
            self.report(Kind::AutNum, file_name, reason);
        }
    }

    /// Takes note of a file that was not read.
    pub fn skipped(&mut self, kind: Kind, file_name: &str, reason: Skip) {
        self.report(kind, file_name, Reason::Skipped(reason));
    }

    /// The index of everything that was taken, and what was not.
    pub fn finish(mut self) -> (Index, Vec<Finding>) {
        let (maintainers, repeated) = order(&self.names);
        for name in repeated {
            self.report(Kind::Mntner, name.as_str(), Reason::Duplicate);
        }
        let (aut_nums, repeated) = order(&self.asns);
        for asn in repeated {
            self.report(Kind::AutNum, &asn.to_string(), Reason::Duplicate);
        }
        let mut index = Index {
            names: pick(&self.names, &maintainers),
            has_pgp: pick(&self.has_pgp, &maintainers),
            keys: maintainers.iter().map(|at| self.keys.row(*at).to_vec()).collect(),
            unusable: maintainers.iter().map(|at| self.unusable.row(*at).to_vec()).collect(),
            aut_nums: pick(&self.asns, &aut_nums),
            ..Index::default()
        };
        index.connect(aut_nums.iter().map(|at| self.owners.row(*at)));
        (index, self.findings.finish())
    }

    fn add_maintainer(&mut self, file_name: &str, bytes: &[u8]) -> Result<(), Reason> {
        let object = parse(file_name, bytes)?;
        let name = named(&object, Kind::Mntner, file_name)?.parse().map_err(Reason::Name)?;
        if object.values("auth").count() > REGISTRY_AUTHS_MAX {
            return Err(Reason::Auths);
        }
        let (mut keys, mut unusable, mut has_pgp) = (Vec::new(), Vec::new(), false);
        for auth in object.values("auth").map(AuthMethod::parse) {
            match auth {
                AuthMethod::Ssh(key) if keys.contains(&key) => {}
                AuthMethod::Ssh(key) => keys.push(key),
                AuthMethod::Pgp => has_pgp = true,
                AuthMethod::Unusable(reason) => unusable.push(reason),
            }
        }
        self.names.push(name);
        self.has_pgp.push(has_pgp);
        self.keys.push(keys);
        self.unusable.push(unusable.iter().copied());
        for (at, reason) in unusable.iter().enumerate() {
            if !unusable.iter().take(at).any(|other| other == reason) {
                self.report(Kind::Mntner, file_name, Reason::Auth(*reason));
            }
        }
        Ok(())
    }

    fn add_asn(&mut self, file_name: &str, bytes: &[u8]) -> Result<(), Reason> {
        let object = parse(file_name, bytes)?;
        let asn = as_number(named(&object, Kind::AutNum, file_name)?)?;
        if object.values("mnt-by").count() > REGISTRY_MNT_BYS_MAX {
            return Err(Reason::MntBys);
        }
        self.asns.push(asn);
        self.owners.push(object.values("mnt-by").filter_map(|name| name.parse().ok()));
        Ok(())
    }

    fn report(&mut self, kind: Kind, file_name: &str, reason: Reason) {
        self.findings.report(kind, file_name, reason);
    }
}

/// The attributes of an object, unless the file is hidden.
pub(super) fn parse<'a>(file_name: &str, bytes: &'a [u8]) -> Result<Object<'a>, Reason> {
    if file_name.starts_with('.') {
        return Err(Reason::Skipped(Skip::Hidden));
    }
    Object::parse(bytes).map_err(Reason::Syntax)
}

/// The name that the object gives itself, if it is the file's too.
fn named<'a>(object: &'a Object<'_>, kind: Kind, file_name: &str) -> Result<&'a str, Reason> {
    let mut names = object.values(kind.class());
    let name = names.next().ok_or(Reason::Unnamed(kind))?;
    if names.next().is_some() {
        return Err(Reason::Renamed(kind));
    }
    if !name.eq_ignore_ascii_case(file_name) {
        return Err(Reason::Differs(kind, excerpt(name)));
    }
    Ok(name)
}

/// `AS` and a number: the registry never leaves out the letters.
pub(super) fn as_number(name: &str) -> Result<Asn, Reason> {
    let prefix = name.get(..2).unwrap_or("");
    match name.parse() {
        Ok(asn) if prefix.eq_ignore_ascii_case("AS") => Ok(asn),
        Ok(_) | Err(AsnError::Form) => Err(Reason::Prefix),
        Err(error) => Err(Reason::Number(error)),
    }
}

/// The places of the items in ascending order, and what was left out because it repeats an earlier
/// one.
fn order<T: Ord + Clone>(items: &[T]) -> (Vec<usize>, Vec<T>) {
    let mut places: Vec<usize> = (0..items.len()).collect();
    places.sort_by_key(|at| items.get(*at)); // Stable: the first that was given stays first.
    let mut repeated = Vec::new();
    places.dedup_by(|later, earlier| {
        let same = items.get(*later).filter(|item| Some(*item) == items.get(*earlier));
        repeated.extend(same.cloned());
        same.is_some()
    });
    (places, repeated)
}

fn pick<T: Clone>(items: &[T], places: &[usize]) -> Box<[T]> {
    places.iter().filter_map(|at| items.get(*at).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::REGISTRY_FINDINGS_MAX;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEHWaXQ4EhFCkFuCOUUANkmMUDW6dVugtFP6lKm0k7X9";

    fn one(kind: Kind, file_name: &str, text: &str) -> (Index, Vec<Finding>) {
        let mut builder = Builder::new();
        match kind {
            Kind::Mntner => builder.mntner(file_name, text.as_bytes()),
            _ => builder.aut_num(file_name, text.as_bytes()),
        }
        builder.finish()
    }

    #[test]
    fn a_maintainer_that_is_not_plainly_itself_is_left_out() {
        let many = format!("mntner: A-MNT\n{}", "auth: x\n".repeat(REGISTRY_AUTHS_MAX + 1));
        let differs = |field: &str| Reason::Differs(Kind::Mntner, field.into());
        for (file_name, text, reason) in [
            ("A-MNT", "auth: x", Reason::Unnamed(Kind::Mntner)),
            ("A-MNT", "", Reason::Unnamed(Kind::Mntner)),
            ("A-MNT", "person: A\n mntner: A-MNT", Reason::Unnamed(Kind::Mntner)),
            ("A-MNT", "mntner: A-MNT\nmntner: A-MNT", Reason::Renamed(Kind::Mntner)),
            ("A-MNT", "mntner: B-MNT", differs("B-MNT")),
            ("A-MNT", "mntner: A-MNT B", differs("A-MNT B")),
            ("A-MNT.txt", "mntner: A-MNT", differs("A-MNT")),
            (" A-MNT", "mntner: A-MNT", differs("A-MNT")),
            ("A-MNT", "mntner: \u{1b}[2J", differs("\\u{1b}[2J")),
            ("A", "mntner: A", Reason::Name(crate::model::MntnerError::Suffix)),
            ("A.-MNT", "mntner: A.-MNT", Reason::Name(crate::model::MntnerError::Form)),
            (".A-MNT", "mntner: .A-MNT", Reason::Skipped(Skip::Hidden)),
            ("A-MNT", &many, Reason::Auths),
        ] {
            let (index, findings) = one(Kind::Mntner, file_name, text);
            assert_eq!(index.counts().maintainers, 0, "{text}");
            assert_eq!(findings.iter().map(|it| &it.reason).collect::<Vec<_>>(), [&reason]);
        }
    }

    #[test]
    fn an_as_number_that_is_not_plainly_itself_is_left_out() {
        let many = format!("aut-num: AS1\n{}", "mnt-by: x\n".repeat(REGISTRY_MNT_BYS_MAX + 1));
        for (file_name, text, reason) in [
            ("AS1", "aut-num: AS2", Reason::Differs(Kind::AutNum, "AS2".into())),
            ("AS1", "as-name: AS1", Reason::Unnamed(Kind::AutNum)),
            ("1", "aut-num: 1", Reason::Prefix),
            ("AS01", "aut-num: AS01", Reason::Prefix),
            ("AS", "aut-num: AS", Reason::Prefix),
            ("AS1é", "aut-num: AS1é", Reason::Prefix),
            ("é1", "aut-num: é1", Reason::Prefix),
            ("AS0", "aut-num: AS0", Reason::Number(AsnError::Reserved(0))),
            ("AS4294967296", "aut-num: AS4294967296", Reason::Number(AsnError::Range)),
            ("AS1", &many, Reason::MntBys),
        ] {
            let (index, findings) = one(Kind::AutNum, file_name, text);
            assert_eq!(index.counts().aut_nums, 0, "{text}");
            assert_eq!(findings.iter().map(|it| &it.reason).collect::<Vec<_>>(), [&reason]);
        }
    }

    /// The attack: a file `Alice-MNT` that brings another key for ALICE-MNT.
    #[test]
    fn the_first_of_a_name_keeps_it() {
        let mut builder = Builder::new();
        builder.mntner("ALICE-MNT", b"mntner: ALICE-MNT\n");
        builder.mntner("Alice-MNT", format!("mntner: Alice-MNT\nauth: {KEY}\n").as_bytes());
        builder.aut_num("AS1", b"aut-num: AS1\n");
        builder.aut_num("as1", b"aut-num: as1\nmnt-by: ALICE-MNT\n");
        let (index, findings) = builder.finish();
        let alice = index.maintainer(&"ALICE-MNT".parse().unwrap()).unwrap();
        assert_eq!((alice.keys().len(), alice.asns().len()), (0, 0));
        let told: Vec<String> = findings.iter().map(|it| it.object.clone()).collect();
        assert_eq!(told, ["mntner/ALICE-MNT", "aut-num/AS1"]);
        assert!(findings.iter().all(|it| it.reason == Reason::Duplicate));
    }

    #[test]
    fn a_key_counts_once_and_a_fault_is_told_once() {
        let text = format!("mntner: A-MNT\nauth: {KEY}\nauth: {KEY} again\nauth: x\nauth: x\n");
        let (index, findings) = one(Kind::Mntner, "A-MNT", &text);
        let maintainer = index.maintainer(&"A-MNT".parse().unwrap()).unwrap();
        assert_eq!((maintainer.keys().len(), maintainer.unusable().len()), (1, 2));
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn findings_are_bounded_and_the_rest_is_counted() {
        let mut builder = Builder::new();
        for number in 0..REGISTRY_FINDINGS_MAX + 5 {
            builder.skipped(Kind::AutNum, &number.to_string(), Skip::Symlink);
        }
        let (_, findings) = builder.finish();
        assert_eq!(findings.len(), REGISTRY_FINDINGS_MAX + 1);
        assert_eq!(findings.last().unwrap().to_string(), "registry: 5 more findings");
    }
}
