//! What the files of BIRD's configuration define, ours left out: names that nobody else may define
//! again, each with its file.
//!
//! BIRD's own main file is followed, with what it includes; where that is not known or cannot be
//! read, what lies beside our files is looked at alone. A file that did not change is not read
//! twice. What is seen here decides what we try; whether a configuration is right, BIRD decides.

use crate::limits::{BIRD_INCLUDES_DEPTH_MAX, BIRD_SOURCE_BYTES_MAX, BIRD_SOURCES_MAX};
use crate::plan::naming::Naming;
use crate::plan::symbols::{self, Source};
use crate::sys::files::Stamp;
use crate::sys::now;
use rustix::fs::{Mode, OFlags, open};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Names that could be ours and are defined by somebody else's file.
pub type Claims = BTreeMap<String, PathBuf>;

/// What was read before, by file.
#[derive(Default)]
pub struct Definitions {
    read: BTreeMap<PathBuf, (Stamp, Rc<Source>)>,
    /// What names were of interest then.
    naming: Rc<Naming>,
}

/// One walk through the files.
struct Walk<'a> {
    before: &'a BTreeMap<PathBuf, (Stamp, Rc<Source>)>,
    kept: BTreeMap<PathBuf, (Stamp, Rc<Source>)>,
    seen: BTreeSet<PathBuf>,
    claims: Claims,
    naming: &'a Naming,
    is_ours: &'a dyn Fn(&Path) -> bool,
}

impl Definitions {
    /// Reads what changed, and tells all that is claimed. `directory`: where our files lie.
    pub fn survey(
        &mut self,
        main: Option<&Path>,
        directory: &Path,
        naming: &Rc<Naming>,
        is_ours: &dyn Fn(&Path) -> bool,
    ) -> Claims {
        let mut before = std::mem::take(&mut self.read);
        if self.naming != *naming {
            before.clear();
            self.naming = naming.clone();
        }
        let mut walk = Walk {
            before: &before,
            kept: BTreeMap::new(),
            seen: BTreeSet::new(),
            claims: Claims::new(),
            naming,
            is_ours,
        };
        if !main.filter(|path| path.is_absolute()).is_some_and(|path| walk.file(path, 0)) {
            walk.include(Path::new("/"), &directory.join("*"), 0);
        }
        let Walk { kept, claims, .. } = walk;
        self.read = kept;
        claims
    }
}

impl Walk<'_> {
    /// `false`: it cannot be read.
    fn file(&mut self, path: &Path, depth: usize) -> bool {
        if depth >= BIRD_INCLUDES_DEPTH_MAX || self.seen.len() >= BIRD_SOURCES_MAX {
            return true;
        }
        if (self.is_ours)(path) || !self.seen.insert(path.to_path_buf()) {
            return true;
        }
        let Ok(source) = self.source(path) else { return false };
        for name in &source.defined {
            self.claims.entry(name.clone()).or_insert_with(|| path.to_path_buf());
        }
        let beside = path.parent().unwrap_or(Path::new("/"));
        for pattern in &source.includes {
            self.include(beside, Path::new(pattern), depth + 1);
        }
        true
    }

    fn include(&mut self, beside: &Path, pattern: &Path, depth: usize) {
        for path in included(beside, pattern) {
            self.file(&path, depth);
        }
    }

    fn source(&mut self, path: &Path) -> io::Result<Rc<Source>> {
        let stamp = Stamp::of(&rustix::fs::stat(path)?);
        if let Some((_, source)) = self.before.get(path).filter(|source| source.0 == stamp) {
            self.kept.insert(path.to_path_buf(), (stamp, source.clone()));
            return Ok(source.clone());
        }
        let begun_s = now().0;
        let source = Rc::new(symbols::read(&text(path)?, &|name| self.naming.may_be_ours(name)));
        if stamp.is_settled(begun_s) {
            self.kept.insert(path.to_path_buf(), (stamp, source.clone()));
        }
        Ok(source)
    }
}

/// Every file of BIRD's configuration from its main file on, with what it holds, each once, in the
/// order in which BIRD reads them. What cannot be read is left out.
pub fn texts(main: &Path) -> Vec<(PathBuf, String)> {
    let mut texts = Vec::new();
    let mut seen = BTreeSet::new();
    // What is still to be read, the next one last.
    let mut open = vec![(main.to_path_buf(), 0)];
    while let Some((path, depth)) = open.pop() {
        let is_new = depth < BIRD_INCLUDES_DEPTH_MAX && seen.insert(path.clone());
        if !is_new || texts.len() >= BIRD_SOURCES_MAX {
            continue;
        }
        let Ok(text) = text(&path) else { continue };
        let beside = path.parent().unwrap_or(Path::new("/"));
        for pattern in symbols::read(&text, &|_| false).includes.iter().rev() {
            let files = included(beside, Path::new(pattern)).into_iter().rev();
            open.extend(files.map(|file| (file, depth + 1)));
        }
        texts.push((path, text));
    }
    texts
}

/// The files of a path, or of a pattern in the last part of one, seen from the directory of the
/// file that includes it, in BIRD's order. As for BIRD, hidden files and directories do not count.
fn included(beside: &Path, pattern: &Path) -> Vec<PathBuf> {
    let path = beside.join(pattern);
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy();
    if !name.contains(['*', '?', '[']) {
        return vec![path];
    }
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
    let names = names.filter(|found| fits(name.as_bytes(), found.as_encoded_bytes()));
    let sorted: BTreeSet<_> = names.take(BIRD_SOURCES_MAX).collect();
    sorted.into_iter().map(|name| directory.join(name)).collect()
}

/// What a plain file holds, as far as it is read; nobody is waited for at a pipe.
fn text(path: &Path) -> io::Result<String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Ok(String::new());
    }
    let mut bytes = Vec::new();
    file.take(BIRD_SOURCE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Does a name fit a pattern (glob(7), without escapes, as BIRD has it)?
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    let (mut pattern, mut name) = (pattern, name);
    // Behind the last star, and what of the name it was tried with.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let Some((b'*', rest)) = pattern.split_first() {
            (pattern, star) = (rest, Some((rest, name)));
        } else if pattern.is_empty() && name.is_empty() {
            return true;
        } else if let Some(rests) = one(pattern, name) {
            (pattern, name) = rests;
        } else if let Some((behind, [_, shorter @ ..])) = star {
            (pattern, name, star) = (behind, shorter, Some((behind, shorter)));
        } else {
            return false;
        }
    }
}

/// What is left of both where the first of the pattern, but a star, takes the first of the name.
fn one<'a>(pattern: &'a [u8], name: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let ((first, pattern), (byte, name)) = (pattern.split_first()?, name.split_first()?);
    if *first != b'[' {
        return (*first == b'?' || first == byte).then_some((pattern, name));
    }
    let is_not = matches!(pattern.first(), Some(b'!' | b'^'));
    let set = pattern.get(usize::from(is_not)..)?;
    // The first of a set may be the bracket itself.
    let end = 1 + set.iter().skip(1).position(|byte| *byte == b']')?;
    let (inner, rest) = (set.get(..end)?, set.get(end + 1..)?);
    let ranges = inner.windows(3).any(|range| match range {
        [low, b'-', high] => (low..=high).contains(&byte),
        _ => false,
    });
    ((ranges || inner.contains(byte)) != is_not).then_some((rest, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;
    use std::os::unix::fs::symlink;

    fn survey(place: &Place, main: Option<&str>) -> Vec<(String, String)> {
        let main = main.map(|it| place.0.join(it));
        let is_ours = |path: &Path| path.ends_with("peers/ebgp_as9");
        let peers = place.0.join("peers");
        let claims =
            Definitions::default().survey(main.as_deref(), &peers, &Rc::default(), &is_ours);
        let short = |path: PathBuf| path.strip_prefix(&place.0).unwrap().display().to_string();
        claims.into_iter().map(|(name, path)| (name, short(path))).collect()
    }

    fn write(place: &Place, name: &str, text: &str) {
        fs::write(place.0.join(name), text).unwrap();
    }

    #[test]
    fn what_birds_files_define_is_known_with_its_file() {
        let place = Place::new("definitions");
        fs::create_dir_all(place.0.join("peers/sub")).unwrap();
        let main = "define AS1_LATENCY = 1;\ninclude \"more.conf\";\ninclude \"peers/*\";\n";
        write(&place, "bird.conf", main);
        write(&place, "more.conf", "include \"bird.conf\";\ninclude \"peers/[!x]?gp*_as3\";");
        write(&place, "peers/ebgp_manual_as3", "protocol bgp ebgp_as3_v6 { }");
        write(&place, "peers/ebgp_as9", "define AS9_LATENCY = 1;");
        write(&place, "peers/.hidden", "define AS4_LATENCY = 1;");
        write(&place, "elsewhere", "define AS5_LATENCY = 1;");
        symlink("../elsewhere", place.0.join("peers/linked")).unwrap();
        symlink("nowhere", place.0.join("peers/dangling")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, place.0.join("peers/pipe"), Mode::RWXU).unwrap();
        let pair = |name: &str, path: &str| (name.to_string(), path.to_string());
        let all = [
            pair("AS1_LATENCY", "bird.conf"),
            pair("AS5_LATENCY", "peers/linked"),
            pair("ebgp_as3_v6", "peers/ebgp_manual_as3"),
        ];
        assert_eq!(survey(&place, Some("bird.conf")), all);
        assert_eq!(survey(&place, None), all[1..]);
        assert_eq!(survey(&place, Some("absent")), all[1..]);
    }

    #[test]
    fn every_file_is_read_once_and_in_birds_order() {
        let place = Place::new("definitions-texts");
        fs::create_dir_all(place.0.join("peers")).unwrap();
        write(
            &place,
            "bird.conf",
            "include \"peers/*\";\ninclude \"last.conf\"; include \"gone\";",
        );
        write(&place, "last.conf", "include \"bird.conf\";");
        write(&place, "peers/b", "");
        write(&place, "peers/a", "include \"../inner\";");
        write(&place, "inner", "");
        let mut names = Vec::new();
        for (path, _) in texts(&place.0.join("bird.conf")) {
            names.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
        assert_eq!(names, ["bird.conf", "a", "inner", "b", "last.conf"]);
        assert!(texts(&place.0.join("nowhere")).is_empty());
    }

    #[test]
    fn a_change_is_seen_and_what_is_the_same_is_not_read_again() {
        let place = Place::new("definitions-again");
        let (file, is_ours) = (place.0.join("x"), |_: &Path| false);
        let mut definitions = Definitions::default();
        for number in [1, 2, 3] {
            fs::write(&file, format!("define AS{number}_LATENCY = 1;")).unwrap();
            let claims = definitions.survey(None, &place.0, &Rc::default(), &is_ours);
            assert_eq!(claims.keys().collect::<Vec<_>>(), [&format!("AS{number}_LATENCY")]);
            assert!(definitions.read.is_empty(), "it changed a moment ago");
        }
        let kept = Rc::new(Source { defined: vec!["ibgp_kept".into()], ..Source::default() });
        let stamp = Stamp::of(&rustix::fs::stat(&file).unwrap());
        definitions.read.insert(file.clone(), (stamp, kept));
        let claims = definitions.survey(None, &place.0, &Rc::default(), &is_ours);
        assert!(claims.contains_key("ibgp_kept"), "{claims:?}");
    }

    #[test]
    fn patterns_are_those_of_glob() {
        for (pattern, name) in [
            ("*", "a"),
            ("ebgp_as*", "ebgp_as1~"),
            ("*.conf", "a.conf.conf"),
            ("?[a-c]*", "xbz"),
            ("[]a]", "]"),
            ("[!a]", "b"),
            ("a*b*c", "axxbxbc"),
            (".*", ".a"),
        ] {
            assert!(fits(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*", ".a"),
            ("*.conf", "a.con"),
            ("[a-c]", "d"),
            ("[a", "a"),
            ("?", ""),
            ("a*b", "ac"),
        ] {
            assert!(!fits(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
        }
    }
}
