//! What is copied of a POP, from where, and to which place in its directory of the backup.

use super::Pieces;
use crate::backup::{BIRD, BIRD_CONF, Part, WIREGUARD, fits, includes, is_route_table};
use crate::limits::{BACKUP_FILE_BYTES_MAX, BACKUP_FILES_MAX};
use crate::sys::directory::{Directory, Entry, FileError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// A file that is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The directory that it lies in.
    pub directory: PathBuf,
    /// Its name there.
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
            Err(error) if error.is_absence() && !listed.iter().any(|it| is_below(it, to)) => {}
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
        let Some(main) = places.into_iter().find(|it| it.join(BIRD_CONF).exists()) else {
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
            let known = self.files.iter().any(|it| it.directory == place && it.name == name);
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
