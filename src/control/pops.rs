//! pops: the sister POPs, and which of them the member peers with.
//!
//! What is known of sisters comes from their copies in the backup's working copy, if there is one.
//! Other POPs put them there, so each is read with bounds, and one that cannot be read counts as
//! one that is not there; the log says so once.

use super::Control;
use super::context::{Context, fault};
use crate::answer::{Outcome, PopPeering, PopView, Pops, Rtt, Stop};
use crate::backup::{BIRD, DATABASE, LIST, SERVERS, read_list};
use crate::limits::{BACKUP_FILE_BYTES_MAX, COPY_TROUBLES_MAX};
use crate::mesh::{Inventory, Pop, Switch};
use crate::model::Asn;
use crate::plan::naming::Naming;
use crate::plan::{FileKind, Owner};
use crate::plan::{bird, latency};
use crate::store::peered_in_copy;
use crate::sys::directory::{Directory, FileError};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The other POPs of the network.
#[derive(Clone, Debug)]
pub struct Sisters {
    /// All POPs.
    pub inventory: Rc<Inventory>,
    /// The port that members connect to, at every POP.
    pub port: u16,
    /// The backup's working copy, where there is one.
    pub copies: Option<PathBuf>,
}

impl Control {
    pub(super) async fn pops(&self, context: &Context<'_>) -> Outcome {
        let settings = context.settings.clone();
        let Some(sisters) = &settings.sisters else {
            return Ok(Box::new(Pops::default()));
        };
        let servers = sisters.copies.as_ref().and_then(|copies| self.or_logged(servers(copies)));
        let here = self.peerings_here(context)?;
        let mut pops = Vec::new();
        for pop in sisters.inventory.pops.iter().filter(|pop| pop.switch == Switch::On) {
            let this = pop.name == sisters.inventory.own;
            let peerings = match (this, &servers) {
                (true, _) => Some(here.clone()),
                (false, Some(servers)) => self.or_logged(peerings_there(
                    servers,
                    pop,
                    &context.owned,
                    &context.settings.naming,
                )),
                (false, None) => None,
            };
            let (name, host) = (pop.name.to_string(), pop.host.to_string());
            pops.push(PopView { name, host, this, peerings });
            crate::runtime::give_way().await;
        }
        let lines = lines(context, sisters, &pops);
        Ok(Box::new(Pops { pops, lines }))
    }

    fn peerings_here(&self, context: &Context<'_>) -> Result<Vec<PopPeering>, Stop> {
        let measured = self.store.borrow().latencies().map_err(fault)?;
        let mut here = Vec::new();
        for asn in context.peerings.iter().map(|peering| peering.asn) {
            if context.owned.contains(&asn) {
                let rtt =
                    measured.get(&asn).map_or(Rtt::Unknown, |rtt| Rtt::Measured(rtt.smoothed_us));
                here.push(PopPeering { asn, rtt });
            }
        }
        Ok(here)
    }

    /// What was found; what went wrong is logged the first time.
    fn or_logged<T>(&self, found: Result<Option<T>, String>) -> Option<T> {
        match found {
            Ok(found) => found,
            Err(why) => {
                if self.copy_troubles.borrow_mut().add(why.clone(), COPY_TROUBLES_MAX) {
                    log::warn!("the copies of other POPs: {why}; it is passed over");
                }
                None
            }
        }
    }
}

fn servers(copies: &Path) -> Result<Option<Directory>, String> {
    Directory::open(copies).and_then(|directory| directory.enter_existing(SERVERS)).map_err(words)
}

fn words(error: FileError) -> String {
    error.to_string()
}

/// The member's peerings by the copy of a sister; `None`: there is no copy.
fn peerings_there(
    servers: &Directory,
    pop: &Pop,
    owned: &[Asn],
    naming: &Naming,
) -> Result<Option<Vec<PopPeering>>, String> {
    let name = pop.name.as_str();
    let Some(home) = servers.enter_existing(name).map_err(words)? else { return Ok(None) };
    let Some(database) = home.read(DATABASE, BACKUP_FILE_BYTES_MAX).map_err(words)? else {
        return Ok(None);
    };
    let found = peered_in_copy(&database, owned);
    let found = found.map_err(|error| format!("{SERVERS}/{name}/{DATABASE}: {error}"))?;
    let listed = home.read(LIST, BACKUP_FILE_BYTES_MAX).map_err(words)?.unwrap_or_default();
    let listed = read_list(&String::from_utf8_lossy(&listed));
    let mut peerings = Vec::new();
    for asn in found {
        let file = naming.file(FileKind::Bird, Owner::Peering(asn));
        let text = bird_file(&home, &listed, &file).map_err(words)?;
        let rtt = text.map_or(Rtt::Unknown, |text| reported_rtt(&text));
        peerings.push(PopPeering { asn, rtt });
    }
    Ok(Some(peerings))
}

/// The copy of one of BIRD's files, wherever it lies in that POP's directory of BIRD's.
fn bird_file(
    home: &Directory,
    listed: &BTreeSet<String>,
    name: &str,
) -> Result<Option<Vec<u8>>, FileError> {
    let mut copies = listed.iter().filter_map(|path| path.rsplit_once('/'));
    let Some((directory, _)) = copies.find(|(place, copy)| *copy == name && is_birds(place)) else {
        return Ok(None);
    };
    let mut parts = directory.split('/');
    let mut folder = home.enter_existing(parts.next().unwrap_or_default())?;
    for part in parts {
        folder = match folder {
            Some(folder) => folder.enter_existing(part)?,
            None => None,
        };
    }
    match folder {
        Some(folder) => folder.read(name, BACKUP_FILE_BYTES_MAX),
        None => Ok(None),
    }
}

fn is_birds(directory: &str) -> bool {
    directory == BIRD || directory.starts_with(&format!("{BIRD}/"))
}

/// The class in a BIRD file; the last one is also that of an endpoint that never answered.
fn reported_rtt(file: &[u8]) -> Rtt {
    let class = bird::reported_latency(&String::from_utf8_lossy(file));
    let most = class.and_then(latency::class_us_max);
    most.map_or(Rtt::Unknown, Rtt::AtMost)
}

/// A line for each peering here that a sister does not have, or of which nobody here knows.
fn lines(context: &Context<'_>, sisters: &Sisters, pops: &[PopView]) -> Vec<String> {
    let Some(name) = context.identity.maintainer.as_ref().map(|name| name.login()) else {
        return Vec::new();
    };
    let here = pops.iter().filter(|pop| pop.this).filter_map(|pop| pop.peerings.as_ref()).flatten();
    let here: Vec<Asn> = here.map(|peering| peering.asn).collect();
    let (port, this) = (sisters.port, &context.settings.site.name);
    let mut lines = Vec::new();
    for pop in pops.iter().filter(|pop| !pop.this) {
        for asn in &here {
            if pop.peerings.iter().flatten().any(|peering| peering.asn == *asn) {
                continue;
            }
            lines.push(format!(
                "ssh -p {port} {name}@{this} peer_export --asn {} | \
                 ssh -p {port} {name}@{} peer_create --from - --yes --wait",
                asn.get(),
                pop.host
            ));
        }
    }
    lines
}
