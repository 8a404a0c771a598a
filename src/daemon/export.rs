//! An export: the files of this POP and its peerings, without secrets, into `DIR/servers/<pop>`.
//!
//! Only what is different is written, and a copy goes when what it was copied from is gone; what an
//! export did not write is never removed. What could not be read keeps the copy that is there, and
//! the others are made all the same.

mod sources;

use super::Assembled;
use crate::backup::list::{self, LIST};
use crate::backup::{DATABASE, SERVERS, blank, name_of};
use crate::limits::{BACKUP_FILE_BYTES_MAX, BACKUP_FILES_MAX, BACKUP_SLICE_MAX};
use crate::store::StoreError;
use crate::sys::directory::{Directory, Durable, Entry, FileError, Over, Put, drafted};
use sources::{Source, Sources};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
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
        let before = list::read(&String::from_utf8_lossy(&before));
        let sources = Sources::of(self, &before);
        let wanted: BTreeSet<String> = sources.files.iter().map(|it| it.to.clone()).collect();
        // What is written is on the list first: a crash leaves no copy that nobody removes later.
        let mut listed: BTreeSet<String> = before.union(&wanted).cloned().collect();
        home.top.update(LIST, list::write(&listed).as_bytes(), COPY)?;
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
        home.top.update(LIST, list::write(&listed).as_bytes(), COPY)?;
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
