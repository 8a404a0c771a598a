//! A file that BIRD looks at and does not use: the operator's configuration and one peering more.
//!
//! It lies for that moment in the directory of the peerings, which BIRD can read and the service
//! can write, under a name that no include matches. The directory's time is put back: by it the
//! service and `peerling plan` tell whether BIRD has read its files since one was changed.

use super::Scene;
use crate::peering::{Peering, Row};
use crate::plan::bird::{BirdPop, render};
use std::ffi::OsString;
use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// An AS number that nobody has (RFC 5398), for the made-up peering.
const NOBODYS_ASN: i64 = 65_551;
/// A name that begins with a dot: no include takes it up.
const NAME: &str = ".peerling-check.conf";
/// BIRD is another user.
const MODE: u32 = 0o644;

/// The file; it is gone when this is dropped.
pub(super) struct Trial {
    path: PathBuf,
    directory: File,
    times: FileTimes,
    entries: Vec<Entry>,
}

/// What tells whether somebody changed a file of the directory.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    name: OsString,
    inode: u64,
    changed: (i64, i64),
}

impl Trial {
    /// Writes the file, which includes `configuration`.
    ///
    /// # Errors
    /// Where it cannot be written, or the directory's time could not be put back.
    pub(super) fn write(scene: &Scene, configuration: &str) -> io::Result<Trial> {
        let directory = &scene.assembled.config.bird.directory;
        let path = directory.join(NAME);
        if !is_sayable(configuration) || !is_sayable(&path.to_string_lossy()) {
            return Err(io::Error::other("the name of a file cannot be told to BIRD"));
        }
        let text = format!("include \"{configuration}\";\n{}\n", made_up(scene)?);
        let handle = File::open(directory)?;
        let metadata = handle.metadata()?;
        let times =
            FileTimes::new().set_accessed(metadata.accessed()?).set_modified(metadata.modified()?);
        handle.set_times(times)?;
        let entries = entries(directory)?;
        // One that a look left behind that was killed.
        let _ = fs::remove_file(&path);
        let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path)?;
        let trial = Trial { path, directory: handle, times, entries };
        fill(file, &text)?;
        Ok(trial)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file, and puts the time back where nobody else changed anything meanwhile.
    fn take_back(&self) -> io::Result<()> {
        fs::remove_file(&self.path)?;
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        if entries(directory)? == self.entries {
            self.directory.set_times(self.times)?;
        }
        Ok(())
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Err(error) = self.take_back() {
            log::warn!("{}: {error}", self.path.display());
        }
    }
}

/// Can it stand between quotation marks in a command and in a configuration?
fn is_sayable(path: &str) -> bool {
    !path.contains(['"', '\n', '\\'])
}

/// The file of a peering that does not exist.
fn made_up(scene: &Scene) -> io::Result<String> {
    let row = Row {
        id: 1,
        as_num: NOBODYS_ASN,
        wg_pub_key: scene.assembled.public_key.to_string(),
        wg_endpoint_addr: "::".to_string(),
        wg_endpoint_port: 1,
        ..Row::default()
    };
    let peering = Peering::read(&row).map(|(peering, _)| peering);
    let (site, naming) = (scene.assembled.site(), scene.assembled.naming());
    let pop = BirdPop {
        site: &site,
        naming: &naming,
        form: &scene.assembled.form,
        template: &scene.assembled.config.bird.template,
    };
    let rendered = peering.ok().and_then(|peering| render(&peering, &pop, 9));
    rendered.ok_or_else(|| io::Error::other("no peering can be made up"))
}

fn fill(mut file: File, text: &str) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(text.as_bytes())
}

/// The directory's entries but ours, in the order of their names.
fn entries(directory: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name() == NAME {
            continue;
        }
        let metadata = entry.metadata()?;
        entries.push(Entry {
            name: entry.file_name(),
            inode: metadata.ino(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        });
    }
    entries.sort_unstable();
    Ok(entries)
}
