//! `peerling genconfig`: the files of every peering into the staging directories, as the replaced
//! service does it: a directory named by the moment, and the symlink `current` moved to it.

use super::parse::Invocation;
use super::table::DONE;
use crate::daemon::{Assembled, Failure, Trouble};
use crate::limits::OUR_FILE_BYTES_MAX;
use crate::model::Timestamp;
use crate::peering::{Peering, Row, Status, files as texts};
use crate::plan::PopSettings;
use crate::plan::{FileKind, Owner, bird};
use crate::store::Store;
use crate::sys::directory::{Directory, FileError};
use crate::sys::files;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Where the last complete set lies.
const CURRENT: &str = "current";

/// The keys that name the staging directories.
const WIREGUARD_KEY: &str = "genconfig.wireguard_directory (DN42_WG_CONFIG_DIR)";
const BIRD_KEY: &str = "genconfig.bird_directory (DN42_BIRD_CONFIG_DIR)";

/// What every peering's files are made with.
struct Kit<'a> {
    now: Timestamp,
    pop: &'a PopSettings,
    /// Where the latency class of a peering is taken from, the first that has it.
    measured: [Option<PathBuf>; 2],
}

/// Writes one complete set of files for the moment `now`. A peering that cannot be served keeps the
/// files that it has; it is reported, and the exit status tells.
///
/// # Errors
/// A key of the configuration, the database, the disk, or peerings that cannot be served.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let assembled = Assembled::load(&invocation.file)?;
    generate(&assembled, crate::sys::now())?;
    Ok(DONE)
}

fn generate(assembled: &Assembled, now: Timestamp) -> Result<(), Trouble> {
    let config = &assembled.config;
    let rows = Store::open_read_only(&config.store.path)
        .and_then(|store| store.belongs(&assembled.site()).and_then(|()| store.rows()))
        .map_err(|error| Trouble::new(error.to_string()))?;
    let staging = [
        (FileKind::WireGuard, &config.genconfig.wireguard_directory, WIREGUARD_KEY),
        (FileKind::Bird, &config.genconfig.bird_directory, BIRD_KEY),
    ];
    let settings = assembled.apply_settings()?;
    let kit = Kit {
        now,
        pop: &settings.pop,
        measured: [
            config.genconfig.bird_directory.as_ref().map(|directory| directory.join(CURRENT)),
            Some(config.bird.directory.clone()),
        ],
    };
    let mut unservable = Vec::new();
    for (kind, directory, key) in staging {
        let directory = directory.as_deref();
        let directory = directory.ok_or_else(|| Trouble::new(format!("{key} is missing")))?;
        unservable = stage(directory, kind, &rows, &kit)?;
    }
    if unservable.is_empty() { Ok(()) } else { Err(Trouble::new(unservable.join("; "))) }
}

fn stage(
    directory: &Path,
    kind: FileKind,
    rows: &[Row],
    kit: &Kit<'_>,
) -> Result<Vec<String>, Trouble> {
    let stamp = kit.now.compact();
    let set = directory.join(&stamp);
    fs::create_dir_all(&set).map_err(|error| failed(&set, error))?;
    let mut unservable = Vec::new();
    for row in rows {
        let (owner, text) = match Peering::read(row) {
            Ok((peering, _)) if peering.status != Status::Active => continue,
            // What was made by hand lies where it always did, and is known by its own names.
            Ok((peering, _)) if peering.adopted.is_some() => continue,
            Ok((peering, _)) => (peering.asn.into(), content(&peering, kind, kit)),
            Err(why) => {
                unservable.push(format!("AS{}: {why}", row.as_num));
                let Some(asn) = row.asn() else { continue };
                let owner = Owner::Peering(asn);
                (owner, read(&directory.join(CURRENT).join(kit.pop.naming.file(kind, owner))))
            }
        };
        if let Some(text) = text {
            files::write_new(&set, kind, &kit.pop.naming.file(kind, owner), &text)
                .map_err(|error| Trouble::new(error.to_string()))?;
        }
    }
    files::settle(&set).map_err(|error| Trouble::new(error.to_string()))?;
    publish(directory, &stamp).map_err(|error| Trouble::new(error.to_string()))?;
    Ok(unservable)
}

fn failed(set: &Path, error: std::io::Error) -> Trouble {
    Trouble::new(format!("{}: {error}", set.display()))
}

fn content(peering: &Peering, kind: FileKind, kit: &Kit<'_>) -> Option<String> {
    match kind {
        FileKind::WireGuard => texts::our_conf(peering, &kit.pop.site, &kit.pop.private_key),
        // The files that all share are no part of what the replaced service made.
        _ => {
            let pop = kit.pop.bird();
            let name = kit.pop.naming.file(kind, Owner::Peering(peering.asn));
            let mut latency = None;
            for directory in kit.measured.iter().flatten() {
                if let Some(text) = read(&directory.join(&name)) {
                    latency = latency.or_else(|| bird::latency(&text, peering, &pop));
                }
            }
            bird::render(peering, &pop, latency.unwrap_or(bird::LATENCY_UNKNOWN))
        }
    }
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(path).ok()?.take(OUR_FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Moves the symlink in one rename: whoever reads through it sees one complete set or the other.
fn publish(directory: &Path, stamp: &str) -> Result<(), FileError> {
    Directory::open(directory)?.put_link(CURRENT, stamp)
}
