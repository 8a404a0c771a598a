//! `peerling import`: peers that were made by hand become peerings and stay what they are; and
//! `--undo` gives them back.

mod machine;

use super::parse::Invocation;
use super::table::{DONE, DRY_RUN, FAILED, IMPORT_ASN, IMPORT_FILES, UNDO};
use crate::adopt::{Counts, Row, Tense, Verdict, counts, table};
use crate::daemon::{Assembled, Failure, Trouble, close};
use crate::limits::{IMPORT_APPLIED_TIMEOUT, IMPORT_LOOK_PAUSE};
use crate::local::Client;
use crate::model::Asn;
use crate::peering::Generation;
use crate::store::Actor;
use crate::sys::directory::{Directory, Durable, Over, Put};
use crate::sys::users;
use machine::{WG_QUICK_DIRECTORY, judged, peering, text, trouble};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Takes over what can be, or shows what would be.
///
/// # Errors
/// A configuration, a registry, a database or a BIRD that cannot be read, or files that are named
/// and are none of theirs.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let assembled = Assembled::load(&invocation.file)?;
    let asn = chosen(invocation)?;
    if invocation.has(&UNDO) {
        return undo(&assembled, asn);
    }
    let mut rows = judged(&assembled)?;
    narrow(&mut rows, asn, invocation.all(&IMPORT_FILES), &assembled)?;
    if invocation.has(&DRY_RUN) {
        super::print(&table(&rows, Tense::WouldBe));
    } else {
        let generation = save(&assembled, &rows)?;
        super::print(&table(&rows, Tense::Done));
        if let Some(generation) = generation {
            super::complain(&reached(&assembled.config.store.path, generation));
        }
    }
    let Counts { taken, there, .. } = counts(&rows);
    Ok(if taken + there > 0 { DONE } else { FAILED })
}

/// The AS number that `--asn` names.
fn chosen(invocation: &Invocation) -> Result<Option<Asn>, Trouble> {
    match invocation.text(&IMPORT_ASN) {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(asn) => Ok(Some(asn)),
            Err(error) => Err(Trouble::new(format!("--asn {text}: {error}"))),
        },
    }
}

/// Leaves what was asked for.
fn narrow<'a>(
    rows: &mut Vec<Row>,
    asn: Option<Asn>,
    files: impl Iterator<Item = &'a OsStr>,
    assembled: &Assembled,
) -> Result<(), Trouble> {
    if let Some(asn) = asn {
        rows.retain(|row| row.asn == Some(asn));
    }
    let mut named = Vec::new();
    for file in files {
        let path = fs::canonicalize(file);
        named.push(path.map_err(|error| Trouble::new(format!("{}: {error}", file.display())))?);
    }
    if named.is_empty() {
        return Ok(());
    }
    let directory = assembled.config.wireguard.directory.as_path();
    let mut is_used = vec![false; named.len()];
    rows.retain(|row| {
        let mut files = vec![row.bird_file.clone()];
        for directory in [directory, Path::new(WG_QUICK_DIRECTORY)] {
            files.push(row.link.as_ref().map(|link| directory.join(format!("{link}.conf"))));
        }
        let paths: Vec<PathBuf> =
            files.into_iter().flatten().filter_map(|file| fs::canonicalize(file).ok()).collect();
        let mut is_named = false;
        for (path, used) in named.iter().zip(&mut is_used) {
            if paths.contains(path) {
                (is_named, *used) = (true, true);
            }
        }
        is_named
    });
    match named.iter().zip(&is_used).find(|(_, used)| !**used) {
        None => Ok(()),
        Some((path, _)) => Err(Trouble::new(format!(
            "{} is neither a WireGuard file of {} nor a file with a BGP session that BIRD reads",
            path.display(),
            directory.display()
        ))),
    }
}

/// Saves those that are taken; the generation that they belong to, if there are any.
fn save(assembled: &Assembled, rows: &[Row]) -> Result<Option<Generation>, Trouble> {
    let site = assembled.site();
    let mut peerings = Vec::new();
    for row in rows {
        if let Verdict::Taken(taken) = &row.verdict {
            peerings.push(peering(taken, &site)?);
        }
    }
    if peerings.is_empty() {
        return Ok(None);
    }
    for row in rows {
        if let Verdict::Taken(taken) = &row.verdict {
            hand_over(&taken.link, &assembled.config.wireguard.directory)?;
        }
    }
    let mut store = assembled.store()?;
    let saved = store.adopt(&peerings, site.id_max(), &operator());
    let closed = close(&mut store);
    let generation = saved.map_err(|error| trouble(&error))?;
    closed?;
    Ok(Some(generation))
}

/// Sees that the service can read the file of a link and change it: it lies in the service's
/// directory, and is its user's.
fn hand_over(link: &str, directory: &Path) -> Result<(), Trouble> {
    let name = format!("{link}.conf");
    let there = directory.join(&name);
    let Ok(file) = File::open(&there) else {
        let original = Path::new(WG_QUICK_DIRECTORY).join(&name);
        let text = text(&original).unwrap_or_default();
        let put = Put { mode: 0o600, over: Over::Nothing, durable: Durable::Now };
        let copied = Directory::open(directory);
        let copied = copied.and_then(|directory| directory.put(&name, text.as_bytes(), put));
        copied.map_err(|error| trouble(&error))?;
        super::complain(&format!(
            "peerling: {} is copied to {}, which follows what the member changes\n",
            original.display(),
            there.display()
        ));
        return Ok(());
    };
    give_to_owner(&file, directory)
        .map_err(|error| Trouble::new(format!("{}: {error}", there.display())))
}

fn give_to_owner(file: &File, directory: &Path) -> std::io::Result<()> {
    let (now, wanted) = (file.metadata()?, fs::metadata(directory)?);
    if (now.uid(), now.gid()) == (wanted.uid(), wanted.gid()) {
        return Ok(());
    }
    users::give_to_owner_of(directory, file)
}

fn operator() -> Actor {
    let (key, source) = ("local".to_string(), "local".to_string());
    Actor { name: "admin".to_string(), key, source, now: crate::sys::now() }
}

/// Gives back what was imported: it runs on, and is nobody's peering any more.
fn undo(assembled: &Assembled, asn: Option<Asn>) -> Result<u8, Failure> {
    let mut store = assembled.store()?;
    let adopted = store.adopted().map_err(|error| trouble(&error))?;
    let given = store.give_back(asn, &operator());
    let closed = close(&mut store);
    let given = given.map_err(|error| trouble(&error))?;
    closed?;
    let Some((asns, generation)) = given else {
        let words = match asn {
            Some(asn) => format!("{asn} was not imported"),
            None => "no peering was imported".to_string(),
        };
        super::complain(&format!("peerling: {words}\n"));
        return Ok(FAILED);
    };
    for asn in asns {
        if let Some(adopted) = adopted.get(&asn) {
            remove_copy(adopted.link.as_str(), &assembled.config.wireguard.directory)?;
        }
        super::print(&format!("{asn}: given back; it runs on as it is\n"));
    }
    super::complain(&reached(&assembled.config.store.path, generation));
    Ok(DONE)
}

/// A copy that an import made is of no use any more, and would be taken for the file itself by the
/// next one.
fn remove_copy(link: &str, directory: &Path) -> Result<(), Trouble> {
    let name = format!("{link}.conf");
    let wg_quicks = Path::new(WG_QUICK_DIRECTORY);
    if directory == wg_quicks || !wg_quicks.join(&name).exists() {
        return Ok(());
    }
    let removed = Directory::open(directory).and_then(|directory| directory.remove(&name));
    removed.map_err(|error| trouble(&error))
}

/// Waits until the running service has seen what was saved; what is to be said of that.
fn reached(database: &Path, generation: Generation) -> String {
    let begun = Instant::now();
    loop {
        let client = match Client::connect(database) {
            Ok(Some(client)) => client,
            Ok(None) => return String::new(),
            Err(error) => return format!("peerling: {error}\n"),
        };
        match client.board() {
            Ok(seen) if seen.board.generation >= generation => return String::new(),
            Err(error) => return format!("peerling: {error}\n"),
            Ok(_) if begun.elapsed() < IMPORT_APPLIED_TIMEOUT => {
                std::thread::sleep(IMPORT_LOOK_PAUSE);
            }
            Ok(_) => {
                return "peerling: saved; the service has not looked at it yet, see peerling check\n"
                    .to_string();
            }
        }
    }
}
