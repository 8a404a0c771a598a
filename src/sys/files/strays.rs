//! What lies among BIRD's files, is none of ours, and does no good there.

use crate::limits::BIRD_SOURCES_MAX;
use crate::plan::FileKind;
use crate::plan::naming::Naming;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

/// What is wrong with a FIFO, a socket or a device.
const SPECIAL: &str = "no file (a FIFO, a socket or a device): BIRD would wait for it for ever";

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    /// What it is, with its path.
    pub what: String,
    /// What mends it.
    pub remedy: String,
}

/// The first entry at which BIRD would wait for ever when it reads the directory, and answer
/// nobody: a FIFO, a socket or a device, or a link to one.
pub fn trap(directory: &Path) -> Option<Stray> {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if is_hidden(&entry.file_name().to_string_lossy()) || !is_special(&entry) {
            continue;
        }
        let path = path.display();
        let what = format!("{path}: {SPECIAL}");
        return Some(Stray { what, remedy: format!("rm {path}") });
    }
    None
}

/// Is it neither a file nor a directory? What a link leads to counts.
fn is_special(entry: &fs::DirEntry) -> bool {
    let found = match entry.file_type() {
        Ok(kind) if kind.is_symlink() => {
            fs::metadata(entry.path()).map(|metadata| metadata.file_type())
        }
        found => found,
    };
    found.is_ok_and(|kind| !kind.is_file() && !kind.is_dir())
}

/// BIRD's include does not look at these.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// What BIRD stumbles over, or what keeps a file of ours from being written. A directory that
/// cannot be read has none: whoever reads our files says so.
pub fn strays(directory: &Path, naming: &Naming) -> BTreeSet<Stray> {
    let entries = fs::read_dir(directory).into_iter().flatten().take(BIRD_SOURCES_MAX);
    let mut strays = BTreeSet::new();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let (name, path) = (name.to_string_lossy(), entry.path());
        if !is_hidden(&name)
            && !is_special(&entry)
            && let Some(what) = stray(&name, &path, naming)
        {
            let path = path.display();
            let (what, remedy) = (format!("{path}: {what}"), format!("move {path} elsewhere"));
            strays.insert(Stray { what, remedy });
        }
    }
    strays.extend(trap(directory));
    strays
}

fn stray(name: &str, path: &Path, naming: &Naming) -> Option<String> {
    let is_ours = naming.file_owner(FileKind::Bird, name).is_some();
    match fs::metadata(path) {
        Err(error) => Some(format!("BIRD cannot read it ({error})")),
        Ok(it) if it.is_dir() => {
            is_ours.then(|| "a directory, where a file of ours has its place".to_string())
        }
        Ok(_) => copied_from(name, naming)
            .map(|original| format!("a copy of {original}, and BIRD reads it too")),
    }
}

impl fmt::Display for Stray {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}; to mend: {}", self.what, self.remedy)
    }
}

/// The name of ours that a copy of a file has at its beginning: `ebgp_as64600~`, `ebgp_as1.bak`.
fn copied_from<'a>(name: &'a str, naming: &Naming) -> Option<&'a str> {
    let end = name
        .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '-')?;
    let (begin, _) = name.split_at_checked(end)?;
    naming.file_owner(FileKind::Bird, begin).map(|_| begin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_does_no_good_is_named_and_the_rest_is_not() {
        let place = Place::new("strays");
        let innocent = ["ebgp_as1", "ebgp_manual_as1", "ibgp_nl-ams1", ".ebgp_as2.swp", "x.conf"];
        for name in innocent.iter().chain(&["ebgp_as3~", "ebgp_as4.bak", "ibgp_nl-ams1.orig"]) {
            fs::write(place.0.join(name), "x").unwrap();
        }
        for name in ["ebgp_as5", "sub"] {
            fs::create_dir(place.0.join(name)).unwrap();
        }
        symlink("nowhere", place.0.join("broken")).unwrap();
        assert_eq!(trap(&place.0), None);
        let strays = strays(&place.0, &Naming::default());
        let named = ["broken", "ebgp_as3~", "ebgp_as4.bak", "ebgp_as5", "ibgp_nl-ams1.orig"];
        let starts = named.map(|it| format!("{}: ", place.0.join(it).display()));
        let all: Vec<_> = strays.iter().zip(&starts).collect();
        assert!(
            strays.len() == 5 && all.iter().all(|it| it.0.what.starts_with(it.1)),
            "{strays:#?}"
        );
    }

    #[test]
    fn what_bird_would_wait_for_is_a_trap() {
        let place = Place::new("traps");
        let socket = place.0.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let found = trap(&place.0).unwrap();
        assert_eq!(found.remedy, format!("rm {}", socket.display()));
        assert_eq!(strays(&place.0, &Naming::default()), BTreeSet::from([found]));
        fs::rename(&socket, place.0.join(".socket")).unwrap();
        assert_eq!(trap(&place.0), None);
        symlink("/dev/null", place.0.join("device")).unwrap();
        assert!(trap(&place.0).is_some_and(|it| it.remedy.ends_with("/device")));
    }
}
