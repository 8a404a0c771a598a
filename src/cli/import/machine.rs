//! What of the machine `peerling import` looks at: files of wg-quick, BIRD's configuration, links,
//! the registry and the database.

use crate::adopt::bird::{Source, sessions};
use crate::adopt::{
    Found, Keeper, Known, LinkKind, Reason, Row, Taken, TunnelFile, Verdict, World, judge,
};
use crate::daemon::{Assembled, Trouble, block_on};
use crate::limits::{
    BIRD_COMMAND_TIMEOUT, FILE_NAME_BYTES_MAX, WG_QUICK_BYTES_MAX, WG_QUICK_FILES_MAX,
};
use crate::model::IfName;
use crate::peering::adopted::{Adopted, is_name};
use crate::peering::{Peering, PeeringId, Site, Status};
use crate::plan::PopSettings;
use crate::plan::adopted::{difference, says_what_ours_would};
use crate::plan::bird::BirdPop;
use crate::plan::naming::{AdoptedNames, Naming};
use crate::store::Store;
use crate::sys::netlink::Route;
use crate::sys::{bird, tree, uapi};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Where wg-quick(8) looks for the file of a tunnel.
pub(super) const WG_QUICK_DIRECTORY: &str = "/etc/wireguard";

/// Everything that was made by hand on this machine, and what becomes of it.
pub(super) fn judged(assembled: &Assembled) -> Result<Vec<Row>, Trouble> {
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
    compare_with_running(&mut judged, &found, assembled)?;
    Ok(judged)
}

/// Leaves out links that run otherwise than their files say: to take one over would change it.
fn compare_with_running(
    rows: &mut [Row],
    found: &Found,
    assembled: &Assembled,
) -> Result<(), Trouble> {
    let mut names = BTreeMap::new();
    for row in rows.iter() {
        if let Verdict::Taken(taken) = &row.verdict {
            names.insert(taken.asn, names_of(taken)?);
        }
    }
    let settings = assembled.apply_settings()?;
    let naming = Rc::new(assembled.naming().with_adopted(names));
    let pop = PopSettings { naming, ..(*settings.pop).clone() };
    let observed = block_on(async |_| pop.backend.observe(&settings.patience, &pop.naming).await)?;
    let observed = observed.map_err(|error| trouble(&error))?;
    for row in rows {
        let Verdict::Taken(taken) = &row.verdict else { continue };
        let file = found.tunnels.iter().find(|file| file.link == taken.link);
        let conf = file.map_or("", |file| file.text.as_str());
        let difference = match observed.get(&link_name(taken)?) {
            Some(Ok(running)) => difference(&pop, &peering(taken, &pop.site)?, conf, running),
            Some(Err(error)) => Some(error.to_string()),
            // Links are left to files here.
            None => None,
        };
        if let Some(difference) = difference {
            row.verdict = Verdict::NotTaken(Reason::RunsOtherwise(difference));
        }
    }
    Ok(())
}

pub(super) fn trouble(error: &impl ToString) -> Trouble {
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
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(|error| unreadable(directory, &error))?,
        };
        let mut paths = Vec::new();
        for entry in entries.take(WG_QUICK_FILES_MAX) {
            paths.push(entry.map_err(|error| unreadable(directory, &error))?.path());
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

fn unreadable(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::new(format!("{}: {error}", path.display()))
}

/// What a plain file holds; others are none of wg-quick's.
pub(super) fn text(path: &Path) -> Option<String> {
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

fn names_of(taken: &Taken) -> Result<AdoptedNames, Trouble> {
    let protocol = taken.protocol.clone();
    Ok(AdoptedNames { link: link_name(taken)?, protocol, bird_file: None })
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

/// The peering that is made of it. Its id is the one that its port follows from, if it is free.
pub(super) fn peering(taken: &Taken, site: &Site) -> Result<Peering, Trouble> {
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
