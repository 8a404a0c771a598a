//! `peerling import`: peers that were made by hand become peerings and stay what they are; and
//! `--undo` gives them back.

use super::parse::Invocation;
use super::table::{DONE, DRY_RUN, FAILED, IMPORT_ASN, IMPORT_FILES, UNDO};
use crate::adopt::bird::{Source, sessions};
use crate::adopt::{
    Counts, Found, Keeper, Known, LinkKind, Row, Taken, Tense, TunnelFile, Verdict, World, counts,
    judge, table,
};
use crate::daemon::{Assembled, Failure, Trouble, block_on, close};
use crate::limits::{
    BIRD_COMMAND_TIMEOUT, FILE_NAME_BYTES_MAX, IMPORT_APPLIED_TIMEOUT, IMPORT_LOOK_PAUSE,
    WG_QUICK_BYTES_MAX, WG_QUICK_FILES_MAX,
};
use crate::local::Client;
use crate::model::{Asn, IfName};
use crate::peering::adopted::{Adopted, is_name};
use crate::peering::{Generation, Peering, PeeringId, Site, Status};
use crate::plan::adopted::says_what_ours_would;
use crate::plan::bird::BirdPop;
use crate::plan::naming::{AdoptedNames, Naming};
use crate::store::{Actor, Store};
use crate::sys::directory::{Directory, Durable, Over, Put};
use crate::sys::netlink::Route;
use crate::sys::{bird, tree, uapi, users};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where wg-quick(8) looks for the file of a tunnel.
const WG_QUICK_DIRECTORY: &str = "/etc/wireguard";

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

/// Everything that was made by hand on this machine, and what becomes of it.
fn judged(assembled: &Assembled) -> Result<Vec<Row>, Trouble> {
    let config = &assembled.config;
    let store = Store::look(&config.store.path).and_then(|store| {
        store.belongs(&assembled.site())?;
        Ok(store)
    });
    let rows = store.and_then(|store| store.rows()).map_err(|error| trouble(&error))?;
    let (registry, main) = block_on(async |_| {
        let registry = tree::read(&config.registry.directory).await;
        (registry, main_file(config.bird.socket.as_deref()).await)
    })?;
    let (registry, _) = registry.map_err(|error| trouble(&error))?;
    let mut sources = Vec::new();
    for (path, text) in bird::texts(&main?) {
        sources.push(Source { path, text });
    }
    let directories = [config.wireguard.directory.as_path(), Path::new(WG_QUICK_DIRECTORY)];
    let found = Found { tunnels: tunnels(&directories)?, sessions: sessions(&sources) };
    let naming = assembled.naming();
    let world = World {
        asn: config.pop.asn,
        key: assembled.public_key,
        key_file: &config.wireguard.private_key_file,
        directories: &directories,
        registry: &registry,
        links: &links()?,
        known: &known(assembled, &rows, &naming),
    };
    let mut judged = judge(&found, &world);
    for row in &mut judged {
        if let Verdict::Taken(taken) = &mut row.verdict {
            taken.keeper = keeper(taken, &sources, assembled)?;
        }
    }
    Ok(judged)
}

fn trouble(error: &impl ToString) -> Trouble {
    Trouble::new(error.to_string())
}

/// The file that BIRD was started with.
async fn main_file(socket: Option<&Path>) -> Result<PathBuf, Trouble> {
    let socket = socket.ok_or_else(|| Trouble::new("bird.socket is not set"))?;
    let connected = bird::connect(socket, BIRD_COMMAND_TIMEOUT).await;
    let mut bird = connected.map_err(|error| trouble(&error))?;
    let examined = bird.examine().await.map_err(|error| trouble(&error))?;
    examined.main_file.ok_or_else(|| Trouble::new("BIRD does not say which file it reads"))
}

/// The files of wg-quick in these directories; one that is not there has none.
fn tunnels(directories: &[&Path]) -> Result<Vec<TunnelFile>, Trouble> {
    let mut tunnels = Vec::new();
    for directory in directories {
        let named = |error| Trouble::new(format!("{}: {error}", directory.display()));
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(named)?,
        };
        let mut paths = Vec::new();
        for entry in entries.take(WG_QUICK_FILES_MAX) {
            paths.push(entry.map_err(named)?.path());
        }
        paths.sort();
        for path in paths {
            let name = path.file_name().and_then(OsStr::to_str);
            let Some(link) = name.and_then(|name| name.strip_suffix(".conf")) else { continue };
            if let Some(text) = text(&path) {
                tunnels.push(TunnelFile { link: link.to_string(), path: path.clone(), text });
            }
        }
    }
    Ok(tunnels)
}

/// What a plain file holds; others are none of wg-quick's.
fn text(path: &Path) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(WG_QUICK_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The links of this machine. A TUN device is WireGuard where a program answers for it.
fn links() -> Result<BTreeMap<String, LinkKind>, Trouble> {
    let mut links = BTreeMap::new();
    let found = Route::open().and_then(|route| route.links()).map_err(|error| trouble(&error))?;
    for link in found {
        let kind = match link.kind.as_deref() {
            Some("wireguard") => LinkKind::WireGuard,
            Some("tun") if uapi::socket_path(&link.name).exists() => LinkKind::WireGuard,
            Some(other) => LinkKind::Other(other.to_string()),
            None => LinkKind::Other("a plain interface".to_string()),
        };
        links.insert(link.name, kind);
    }
    Ok(links)
}

/// The peerings of the database, and the links to our other POPs.
fn known(assembled: &Assembled, rows: &[crate::peering::Row], naming: &Naming) -> Vec<Known> {
    let site = assembled.site();
    let mut known = Vec::new();
    for row in rows {
        let Ok((peering, _)) = Peering::read(row) else { continue };
        let asn = peering.asn;
        let port = site.port(&peering).map_or(0, |port| port.get());
        known.push(match &peering.adopted {
            Some(adopted) => Known {
                asn: Some(asn),
                link: adopted.link.to_string(),
                port,
                protocol: adopted.protocol.clone(),
                is_imported: true,
            },
            None => Known {
                asn: Some(asn),
                link: naming.peering_link(asn).to_string(),
                port,
                protocol: naming.peering_protocol(asn),
                is_imported: false,
            },
        });
    }
    for link in assembled.config.inventory.iter().flat_map(|inventory| inventory.links()) {
        known.push(Known {
            asn: None,
            link: link.name().to_string(),
            port: link.listen_port.get(),
            protocol: crate::mesh::files::ibgp_protocol(&link.to.name),
            is_imported: false,
        });
    }
    known
}

/// Ours is a file that says what our form says of this peering, and no more, where we keep files.
fn keeper(taken: &Taken, sources: &[Source], assembled: &Assembled) -> Result<Keeper, Trouble> {
    let bird = &assembled.config.bird;
    let is_here = taken.bird_file.parent() == Some(&bird.directory);
    let source = sources.iter().find(|source| source.path == taken.bird_file);
    let (Some(source), Some(_)) = (source.filter(|_| is_here), file_name(&taken.bird_file)) else {
        return Ok(Keeper::Operator);
    };
    let site = assembled.site();
    let peering = peering(taken, &site)?;
    let names =
        AdoptedNames { link: link_name(taken)?, protocol: taken.protocol.clone(), bird_file: None };
    let naming = assembled.naming().with_adopted(BTreeMap::from([(taken.asn, names)]));
    let pop =
        BirdPop { site: &site, naming: &naming, form: &assembled.form, template: &bird.template };
    if says_what_ours_would(&source.text, &peering, &pop) {
        return Ok(Keeper::Service);
    }
    Ok(Keeper::Operator)
}

/// A file's name, if we can keep a file of it.
fn file_name(path: &Path) -> Option<&str> {
    let name = path.file_name().and_then(OsStr::to_str)?;
    is_name(name, FILE_NAME_BYTES_MAX).then_some(name)
}

fn link_name(taken: &Taken) -> Result<IfName, Trouble> {
    let name = IfName::from_name(&taken.link);
    name.ok_or_else(|| Trouble::new(format!("{} is no name of a link", taken.link)))
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

/// The peering that is made of it. Its id is the one that its port follows from, if it is free.
fn peering(taken: &Taken, site: &Site) -> Result<Peering, Trouble> {
    let port = taken.listen_port.get();
    let bird_file = match taken.keeper {
        Keeper::Service => file_name(&taken.bird_file).map(str::to_string),
        Keeper::Operator => None,
    };
    let adopted = Adopted {
        link: link_name(taken)?,
        listen_port: taken.listen_port,
        local: taken.local,
        own_key: taken.own_key,
        allowed_ips: taken.allowed_ips.clone().into(),
        keepalive_s: taken.keepalive_s,
        protocol: taken.protocol.clone(),
        bird_file,
    };
    Ok(Peering {
        id: PeeringId::new(port.saturating_sub(site.base_port)).unwrap_or(PeeringId::MIN),
        asn: taken.asn,
        key: taken.key,
        endpoint: taken.endpoint.clone(),
        link_local: Some(taken.remote),
        status: Status::Active,
        mtu: taken.mtu,
        preshared_key: taken.preshared_key.clone(),
        families: taken.families,
        maintainer: Some(taken.maintainer.clone()),
        adopted: Some(adopted.into()),
    })
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
        let what = asn.map_or("no peering".to_string(), |asn| format!("{asn}"));
        super::complain(&format!("peerling: {what} was not imported\n"));
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
