//! An export: the files of this POP and its peerings, without secrets, into `DIR/servers/<pop>`.
//!
//! Only what is different is written, and a copy goes when what it was copied from is gone; what an
//! export did not write is never removed. What could not be read keeps the copy that is there, and
//! the others are made all the same.

use super::Assembled;
use crate::backup::{
    BIRD, BIRD_CONF, DATABASE, LIST, Part, SERVERS, WIREGUARD, blank, fits, includes,
    is_route_table, name_of, read_list, write_list,
};
use crate::limits::{BACKUP_FILE_BYTES_MAX, BACKUP_FILES_MAX, BACKUP_SLICE_MAX};
use crate::store::StoreError;
use crate::sys::directory::{Directory, Durable, Entry, FileError, Over, Put, drafted};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

/// Nothing in a copy is secret, and what a power cut takes of one is written anew by the next
/// export.
const COPY: Put = Put { mode: 0o644, over: Over::PlainFile, durable: Durable::Later };

/// What is copied, and under which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// The name of this POP's directory.
    pub name: String,
    wireguard: PathBuf,
    bird: PathBuf,
}

/// What came of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// What could not be copied; the copies of before are still there.
    pub troubles: Vec<String>,
    /// What bears a name that is copied and is no plain file.
    pub left_out: Vec<String>,
    started: Option<Instant>,
}

impl Pieces {
    /// Those of the configuration.
    pub fn of(assembled: &Assembled) -> Pieces {
        let config = &assembled.config;
        Pieces {
            name: config.mesh.own.as_ref().map_or(name_of(&config.pop.name), ToString::to_string),
            wireguard: config.wireguard.directory.clone(),
            bird: config.bird.directory.clone(),
        }
    }

    /// Copies everything, a few files at a time.
    pub async fn export(
        &self,
        database: Result<Vec<u8>, StoreError>,
        directory: &Path,
    ) -> Exported {
        let mut exported = Exported::default();
        let done = match self.home(directory) {
            Ok(mut home) => self.fill(&mut home, database, &mut exported).await,
            Err(error) => Err(error),
        };
        exported.note(done);
        exported
    }

    fn home(&self, directory: &Path) -> Result<Home, FileError> {
        let top = match Directory::open(directory) {
            Err(error) if error.is_absence() => {
                // What keeps it from being made shows when it is opened.
                let _ = std::fs::create_dir_all(directory);
                Directory::open(directory)?
            }
            opened => opened?,
        };
        Ok(Home {
            top: top.enter_or_make(SERVERS)?.enter_or_make(&self.name)?,
            inner: BTreeMap::new(),
        })
    }

    /// An error here is one of the list or of the directory itself: nothing was removed then.
    async fn fill(
        &self,
        home: &mut Home,
        database: Result<Vec<u8>, StoreError>,
        exported: &mut Exported,
    ) -> Result<(), FileError> {
        let before = home.top.read(LIST, BACKUP_FILE_BYTES_MAX)?.unwrap_or_default();
        let before = read_list(&String::from_utf8_lossy(&before));
        let sources = Sources::of(self, &before);
        let wanted: BTreeSet<String> = sources.files.iter().map(|file| file.to.clone()).collect();
        // What is written is on the list first: a crash leaves no copy that nobody removes later.
        let mut listed: BTreeSet<String> = before.union(&wanted).cloned().collect();
        home.top.update(LIST, write_list(&listed).as_bytes(), COPY)?;
        for source in &sources.files {
            exported.note(carry(source, home));
            exported.pause().await;
        }
        for path in before.difference(&wanted).filter(|path| !sources.is_unread(path)) {
            match home.place(path).and_then(|(directory, name)| forget(directory, name)) {
                Ok(()) => drop(listed.remove(path)),
                Err(error) => exported.troubles.push(error.to_string()),
            }
        }
        exported.troubles.extend(sources.troubles);
        exported.left_out.extend(sources.left_out);
        match database {
            Ok(bytes) => exported.note(home.top.update(DATABASE, &bytes, COPY)),
            Err(error) => exported.troubles.push(error.to_string()),
        }
        home.top.update(LIST, write_list(&listed).as_bytes(), COPY)?;
        listed.extend([LIST.to_string(), DATABASE.to_string()]);
        home.sweep(&listed)
    }
}

/// A POP's directory in the backup, with the directories in it that are open already.
struct Home {
    top: Directory,
    inner: BTreeMap<String, Directory>,
}

impl Home {
    /// The directory that a path in it leads to, made where there is none, and the name there.
    fn place<'a>(&mut self, path: &'a str) -> Result<(&Directory, &'a str), FileError> {
        let Some((way, name)) = path.rsplit_once('/') else { return Ok((&self.top, path)) };
        if !self.inner.contains_key(way) {
            let mut parts = way.split('/');
            let mut directory = self.top.enter_or_make(parts.next().unwrap_or_default())?;
            for part in parts {
                directory = directory.enter_or_make(part)?;
            }
            self.inner.insert(way.to_string(), directory);
        }
        Ok((self.inner.get(way).unwrap_or(&self.top), name))
    }

    /// Removes what a crash left half-written of the copies with these paths.
    fn sweep(&self, listed: &BTreeSet<String>) -> Result<(), FileError> {
        sweep("", &self.top, listed)?;
        for (prefix, directory) in &self.inner {
            sweep(&format!("{prefix}/"), directory, listed)?;
        }
        Ok(())
    }
}

fn sweep(prefix: &str, directory: &Directory, listed: &BTreeSet<String>) -> Result<(), FileError> {
    let drafts = directory.entries(BACKUP_FILES_MAX, |name| {
        drafted(name).is_some_and(|copy| listed.contains(&format!("{prefix}{copy}")))
    })?;
    for (name, entry) in drafts {
        if entry == Entry::Plain {
            directory.remove(&name)?;
        }
    }
    Ok(())
}

/// Removes a copy. What somebody put in its place, and is no plain file, is left alone.
fn forget(directory: &Directory, name: &str) -> Result<(), FileError> {
    match directory.entry(name)? {
        Some(Entry::Plain) => directory.remove(name),
        Some(Entry::Other) | None => Ok(()),
    }
}

/// One file, without its secrets. One that went away meanwhile goes with the next export.
fn carry(source: &Source, home: &mut Home) -> Result<(), FileError> {
    let bytes = Directory::open(&source.directory)?.read(&source.name, BACKUP_FILE_BYTES_MAX)?;
    let Some(bytes) = bytes else { return Ok(()) };
    let text = blank(&String::from_utf8_lossy(&bytes));
    let (directory, name) = home.place(&source.to)?;
    directory.update(name, text.as_bytes(), COPY)
}

impl Exported {
    fn note<T>(&mut self, done: Result<T, FileError>) {
        if let Err(error) = done {
            self.troubles.push(error.to_string());
        }
    }

    /// Comes after each file: lets the others have their turn.
    async fn pause(&mut self) {
        let started = self.started.get_or_insert_with(Instant::now);
        if started.elapsed() >= BACKUP_SLICE_MAX {
            crate::runtime::give_way().await;
            self.started = Some(Instant::now());
        }
    }
}

// What is copied of a POP, from where, and to which place in its directory of the backup.

/// A file that is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The directory that it lies in.
    pub directory: PathBuf,
    pub name: String,
    /// Its path in the POP's directory.
    pub to: String,
}

/// Everything that is copied, and what stood in the way.
#[derive(Debug, Default)]
pub struct Sources {
    /// The files, each once.
    pub files: Vec<Source>,
    /// Directories of the backup whose source could not be read: what was copied before stays.
    pub unread: Vec<String>,
    /// Why they could not be read.
    pub troubles: Vec<String>,
    /// What bears a name that is copied and is no plain file.
    pub left_out: Vec<String>,
    /// Where the files of BIRD's peerings are copied to, a directory among BIRD's others.
    peerings: String,
}

impl Sources {
    /// Those of this POP; `listed` is what the last export wrote.
    pub fn of(pieces: &Pieces, listed: &BTreeSet<String>) -> Sources {
        let name = pieces.bird.file_name().unwrap_or_default().to_string_lossy();
        let peerings = format!("{BIRD}/{name}");
        let mut sources = Sources { peerings: peerings.clone(), ..Sources::default() };
        sources.directory(Part::Wireguard, &pieces.wireguard, WIREGUARD, listed);
        sources.directory(Part::Bird, &pieces.bird, &peerings, listed);
        if let Some(root) = pieces.bird.parent() {
            sources.configuration(root, &pieces.bird);
        }
        sources
    }

    /// Is a copy's source among what could not be read?
    pub fn is_unread(&self, path: &str) -> bool {
        if is_below(path, &self.peerings) {
            return self.unread.contains(&self.peerings);
        }
        self.unread.iter().any(|directory| is_below(path, directory))
    }

    /// Every file of a directory that belongs to a part.
    fn directory(&mut self, part: Part, from: &Path, to: &str, listed: &BTreeSet<String>) {
        let found = entries(from, |name| part.takes(name));
        match found {
            Ok(entries) => {
                for (name, entry) in entries {
                    self.add(from, name, entry, to);
                }
            }
            // A POP without any file yet; else it is a disk that is not there, and no reason to
            // forget what was on it.
            Err(error) if error.is_absence() && !listed.iter().any(|entry| is_below(entry, to)) => {
            }
            Err(error) => {
                self.unread.push(to.to_string());
                self.troubles.push(error.to_string());
            }
        }
    }

    /// BIRD's own configuration: `bird.conf`, and what it includes below `root`, the directory
    /// above that of the peerings, which is copied whole.
    fn configuration(&mut self, root: &Path, peerings: &Path) {
        let above = root.parent().unwrap_or(root);
        let places = [root, above];
        let Some(main) = places.into_iter().find(|place| place.join(BIRD_CONF).exists()) else {
            // Without it nothing of it can be known: a disk that is not there, or a POP without.
            self.unread.push(BIRD.to_string());
            return;
        };
        self.add(main, BIRD_CONF.to_string(), Entry::Plain, BIRD);
        let mut open = vec![(main.to_path_buf(), BIRD_CONF.to_string())];
        while let Some((directory, name)) = open.pop() {
            let text = match read(&directory, &name) {
                Ok(text) => text,
                Err(error) => {
                    self.unread.push(BIRD.to_string());
                    self.troubles.push(error.to_string());
                    continue;
                }
            };
            for pattern in includes(&text) {
                let whole = directory.join(pattern);
                let (Some(place), Some(file)) = (whole.parent(), whole.file_name()) else {
                    continue;
                };
                if let Some(to) = place_in_backup(root, place).filter(|_| place != peerings) {
                    open.extend(self.included(place, &file.to_string_lossy(), &to));
                }
            }
        }
    }

    /// The files of a directory that a pattern names. Those that were not known yet are returned,
    /// since they can include others.
    fn included(&mut self, place: &Path, pattern: &str, to: &str) -> Vec<(PathBuf, String)> {
        // What is not there is BIRD's to complain about.
        let found = entries(place, |name| fits(pattern, name));
        let mut new = Vec::new();
        for (name, entry) in found.unwrap_or_default() {
            let known = self.files.iter().any(|file| file.directory == place && file.name == name);
            let is_table = read(place, &name).is_ok_and(|text| is_route_table(&text));
            if known || is_table || self.files.len() >= BACKUP_FILES_MAX {
                continue;
            }
            self.add(place, name.clone(), entry, to);
            if entry == Entry::Plain {
                new.push((place.to_path_buf(), name));
            }
        }
        new
    }

    fn add(&mut self, directory: &Path, name: String, entry: Entry, to: &str) {
        if entry == Entry::Plain {
            let to = format!("{to}/{name}");
            self.files.push(Source { directory: directory.to_path_buf(), name, to });
        } else {
            let path = directory.join(name);
            self.left_out.push(format!("{}: no plain file, it is not copied", path.display()));
        }
    }
}

fn entries(
    directory: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, Entry>, FileError> {
    Directory::open(directory)?.entries(BACKUP_FILES_MAX, wanted)
}

fn read(directory: &Path, name: &str) -> Result<String, FileError> {
    let bytes = Directory::open(directory)?.read(name, BACKUP_FILE_BYTES_MAX)?;
    Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// Where a directory at or below BIRD's own lies in the backup; `None`: it is somewhere else.
fn place_in_backup(root: &Path, place: &Path) -> Option<String> {
    let below = place.strip_prefix(root).ok()?;
    let mut to = BIRD.to_string();
    for part in below.components() {
        let Component::Normal(name) = part else { return None };
        to.push('/');
        to.push_str(name.to_str()?);
    }
    Some(to)
}
