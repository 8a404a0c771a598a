//! `peerling export`: the files of this POP and its peerings, without secrets, into
//! `DIR/servers/<pop>`.
//!
//! Only what is different is written, and a copy goes when what it was copied from is gone; what an
//! export did not write is never removed. What could not be read keeps the copy that is there, and
//! the others are made all the same.

mod sources;

use super::{Assembled, ConfigFile, Trouble, block_on};
use crate::backup::list::{self, LIST};
use crate::backup::{DATABASE, SERVERS, blank, name_of};
use crate::limits::BACKUP_SLICE_MAX;
use crate::store::{Store, StoreError};
use crate::sys::copies::{CopyError, Entry, Folder, drafted};
use sources::{Source, Sources};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

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

/// Exports into `directory`, which is made where there is none. Returns what was left out.
pub fn run(file: &ConfigFile, directory: &Path) -> Result<Vec<String>, Vec<Trouble>> {
    let assembled = Assembled::load(file)?;
    let pieces = Pieces::of(&assembled);
    let database = Store::open_read_only(&assembled.config.store.path).and_then(|store| {
        store.belongs(&assembled.site())?;
        store.publishable()
    });
    let exported = block_on(async |_| pieces.export(database, directory).await);
    let exported = exported.map_err(|trouble| vec![trouble])?;
    match exported.troubles.is_empty() {
        true => Ok(exported.left_out),
        false => Err(exported.troubles.into_iter().map(Trouble::new).collect()),
    }
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

    fn home(&self, directory: &Path) -> Result<Home, CopyError> {
        let top = match Folder::open(directory) {
            Err(error) if error.is_absence() => {
                // What keeps it from being made shows when it is opened.
                let _ = std::fs::create_dir_all(directory);
                Folder::open(directory)?
            }
            opened => opened?,
        };
        Ok(Home { top: top.inner(SERVERS)?.inner(&self.name)?, inner: BTreeMap::new() })
    }

    /// An error here is one of the list or of the directory itself: nothing was removed then.
    async fn fill(
        &self,
        home: &mut Home,
        database: Result<Vec<u8>, StoreError>,
        exported: &mut Exported,
    ) -> Result<(), CopyError> {
        let before = home.top.read(LIST)?.unwrap_or_default();
        let before = list::read(&String::from_utf8_lossy(&before));
        let sources = Sources::of(self, &before);
        let wanted: BTreeSet<String> = sources.files.iter().map(|it| it.to.clone()).collect();
        // What is written is on the list first: a crash leaves no copy that nobody removes later.
        let mut listed: BTreeSet<String> = before.union(&wanted).cloned().collect();
        home.top.write(LIST, list::write(&listed).as_bytes())?;
        for source in &sources.files {
            exported.note(carry(source, home));
            exported.pause().await;
        }
        for path in before.difference(&wanted).filter(|path| !sources.is_unread(path)) {
            match home.place(path).and_then(|(folder, name)| folder.remove_plain(name)) {
                Ok(()) => drop(listed.remove(path)),
                Err(error) => exported.troubles.push(error.to_string()),
            }
        }
        exported.troubles.extend(sources.troubles);
        exported.left_out.extend(sources.left_out);
        match database {
            Ok(bytes) => exported.note(home.top.write(DATABASE, &bytes)),
            Err(error) => exported.troubles.push(error.to_string()),
        }
        home.top.write(LIST, list::write(&listed).as_bytes())?;
        listed.extend([LIST.to_string(), DATABASE.to_string()]);
        home.sweep(&listed)
    }
}

/// A POP's directory in the backup, with the directories in it that are open already.
struct Home {
    top: Folder,
    inner: BTreeMap<String, Folder>,
}

impl Home {
    /// The directory that a path in it leads to, made where there is none, and the name there.
    fn place<'a>(&mut self, path: &'a str) -> Result<(&Folder, &'a str), CopyError> {
        let Some((directory, name)) = path.rsplit_once('/') else { return Ok((&self.top, path)) };
        if !self.inner.contains_key(directory) {
            let mut parts = directory.split('/');
            let mut folder = self.top.inner(parts.next().unwrap_or_default())?;
            for part in parts {
                folder = folder.inner(part)?;
            }
            self.inner.insert(directory.to_string(), folder);
        }
        Ok((self.inner.get(directory).unwrap_or(&self.top), name))
    }

    /// Removes what a crash left half-written of the copies with these paths.
    fn sweep(&self, listed: &BTreeSet<String>) -> Result<(), CopyError> {
        sweep("", &self.top, listed)?;
        for (directory, folder) in &self.inner {
            sweep(&format!("{directory}/"), folder, listed)?;
        }
        Ok(())
    }
}

fn sweep(prefix: &str, folder: &Folder, listed: &BTreeSet<String>) -> Result<(), CopyError> {
    let drafts = folder.entries(|name| {
        drafted(name).is_some_and(|copy| listed.contains(&format!("{prefix}{copy}")))
    })?;
    for (name, entry) in drafts {
        if entry == Entry::Plain {
            folder.remove(&name)?;
        }
    }
    Ok(())
}

/// One file, without its secrets. One that went away meanwhile goes with the next export.
fn carry(source: &Source, home: &mut Home) -> Result<(), CopyError> {
    let bytes = Folder::open(&source.directory)?.read(&source.name)?;
    let Some(bytes) = bytes else { return Ok(()) };
    let text = blank(&String::from_utf8_lossy(&bytes));
    let (folder, name) = home.place(&source.to)?;
    folder.write(name, text.as_bytes()).map(drop)
}

impl Exported {
    fn note<T>(&mut self, done: Result<T, CopyError>) {
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
