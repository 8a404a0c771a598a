//! `peerling export`: the files of this POP and its peerings, without secrets, into
//! `DIR/servers/<pop>`.
//!
//! Only what is different is written, and a copy goes when what it was copied from is gone. What
//! could not be read keeps the copy that is there, and the others are made all the same.

use super::{Assembled, ConfigFile, Trouble, block_on};
use crate::backup::{DATABASE, Part, SERVERS, blank, name_of};
use crate::limits::BACKUP_SLICE_MS_MAX;
use crate::store::{Store, StoreError};
use crate::sys::copies::{CopyError, Entry, Folder, is_draft};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
        match self.home(directory) {
            Ok(home) => {
                for part in Part::ALL {
                    self.part(part, &home, &mut exported).await;
                }
                match database {
                    Ok(bytes) => exported.note(home.write(DATABASE, &bytes)),
                    Err(error) => exported.troubles.push(error.to_string()),
                }
                exported.note(sweep(&home));
            }
            Err(error) => exported.troubles.push(error.to_string()),
        }
        exported
    }

    fn home(&self, directory: &Path) -> Result<Folder, CopyError> {
        let top = match Folder::open(directory) {
            Err(error) if error.is_absence() => {
                // What keeps it from being made shows when it is opened.
                let _ = std::fs::create_dir_all(directory);
                Folder::open(directory)?
            }
            opened => opened?,
        };
        top.inner(SERVERS)?.inner(&self.name)
    }

    async fn part(&self, part: Part, home: &Folder, exported: &mut Exported) {
        if let Err(error) = self.copy(part, home, exported).await {
            exported.troubles.push(error.to_string());
        }
    }

    /// One directory's files. An error here is one of the directory: nothing was removed then.
    async fn copy(
        &self,
        part: Part,
        home: &Folder,
        exported: &mut Exported,
    ) -> Result<(), CopyError> {
        let copies = home.inner(part.directory())?;
        let before = copies.entries(|name| part.takes(name))?;
        let directory = match part {
            Part::Wireguard => &self.wireguard,
            Part::Bird => &self.bird,
        };
        let source = match Folder::open(directory) {
            // A POP without any file yet; else it is a disk that is not there, and no reason to
            // forget what was on it.
            Err(error) if error.is_absence() && before.is_empty() => return Ok(()),
            opened => opened?,
        };
        let wanted = source.entries(|name| part.takes(name))?;
        for (name, entry) in &wanted {
            match entry {
                Entry::Plain => exported.note(carry(name, &source, &copies)),
                Entry::Other => exported.left_out.push(format!(
                    "{}: no plain file, it is not copied",
                    directory.join(name).display()
                )),
            }
            exported.pause().await;
        }
        let is_copied = |name: &String| wanted.get(name) == Some(&Entry::Plain);
        for (name, entry) in before.iter().filter(|(name, _)| !is_copied(name)) {
            if *entry == Entry::Plain {
                exported.note(copies.remove(name));
            }
        }
        sweep(&copies)
    }
}

/// One file, without its secrets. One that went away meanwhile goes with the next export.
fn carry(name: &str, source: &Folder, copies: &Folder) -> Result<(), CopyError> {
    let Some(bytes) = source.read(name)? else { return Ok(()) };
    let text = blank(&String::from_utf8_lossy(&bytes));
    copies.write(name, text.as_bytes()).map(drop)
}

/// Removes what a crash left half-written.
fn sweep(folder: &Folder) -> Result<(), CopyError> {
    let drafts = folder.entries(is_draft)?;
    drafts.iter().filter(|it| *it.1 == Entry::Plain).try_for_each(|(name, _)| folder.remove(name))
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
        if started.elapsed() >= Duration::from_millis(BACKUP_SLICE_MS_MAX) {
            crate::sys::give_way().await;
            self.started = Some(Instant::now());
        }
    }
}
