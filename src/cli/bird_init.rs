//! `peerling bird-init`: a whole configuration of BIRD for this POP, written once.
//!
//! What is there is never overwritten: where one of the files exists, nothing is written at all.
//! What is written belongs to the operator from then on; peerling keeps up only what it includes.

mod policy;
mod texts;

use super::parse::Invocation;
use super::table::{BIRD_DIRECTORY, DONE};
use crate::config::Config;
use crate::daemon::{Failure, Trouble, read_config};
use crate::mesh::Inventory;
use crate::plan::addresses::{AddressSettings, HostAddress};
use crate::registry::Roa;
use crate::sys::directory::create;
use crate::sys::netlink::host_addresses;
use crate::sys::tree::read_routes;
use ipnet::IpNet;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use texts::{Own, Places};

/// BIRD may run as another user.
const MODE: u32 = 0o644;
/// The file that includes the others.
const MAIN: &str = "bird.conf";

/// Every file that is written.
pub(super) const FILES: [&str; 4] = [MAIN, "variables.conf", "communities.conf", "filters.conf"];

/// A file's name and content.
type Text = (&'static str, String);

/// Writes the files into a directory, and tells the operator what to do next.
///
/// # Errors
/// A configuration that is wrong, networks that nobody names, files that exist already, or a
/// directory that cannot be written.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let directory = invocation.path(&BIRD_DIRECTORY)?;
    let config = read_config(&invocation.file)?;
    install(&config, directory)?;
    super::print(&farewell(&config, directory));
    Ok(DONE)
}

/// Writes the files into a directory.
///
/// # Errors
/// Networks that nobody names, files that exist already, or a directory that cannot be written.
pub(super) fn install(config: &Config, directory: &Path) -> Result<(), Trouble> {
    // Where they cannot be seen, the first of each network is ours.
    let present = host_addresses().unwrap_or_default();
    write(directory, &compose(config, &present)?)
}

/// The files; `present`: the addresses that this machine has.
fn compose(config: &Config, present: &[HostAddress]) -> Result<Vec<Text>, Trouble> {
    let (bird, pop) = (&config.bird, &config.pop);
    let includes = bird.include_directory.as_deref();
    for path in [Some(bird.directory.as_path()), includes].into_iter().flatten() {
        includable(path)?;
    }
    let networks = networks(config)?;
    let me = config.inventory.as_ref().and_then(Inventory::me);
    let addresses = AddressSettings::of(config).own_addresses(me, &networks, present);
    let own = Own::new(pop.asn, &networks, &addresses);
    let places = Places { peers: &bird.directory, includes, template: &bird.template };
    Ok(vec![
        (MAIN, texts::bird(&own, &places)),
        ("variables.conf", texts::variables(&own, pop, &places)),
        ("communities.conf", policy::COMMUNITIES.to_string()),
        ("filters.conf", policy::FILTERS.to_string()),
    ])
}

/// BIRD's strings have no escapes, and an include is a pattern.
fn includable(path: &Path) -> Result<(), Trouble> {
    if path.to_str().is_some_and(|path| !path.contains(is_odd)) {
        return Ok(());
    }
    Err(Trouble::new(format!("{}: BIRD cannot include by this path", path.display())))
}

fn is_odd(letter: char) -> bool {
    letter.is_control() || "\"\\*?[".contains(letter)
}

/// Our networks: those of the mesh, or what the registry says that we may announce.
pub(super) fn networks(config: &Config) -> Result<Vec<IpNet>, Trouble> {
    let (settings, asn) = (AddressSettings::of(config), config.pop.asn);
    let mut roa = Roa::default();
    if settings.networks.is_empty() {
        let read = smol::block_on(read_routes(&config.registry.directory));
        let found = read.map_err(|error| no_networks(&error.to_string()))?;
        roa = found.map(|(roa, _)| roa).unwrap_or_default();
    }
    let found = settings.own_networks(asn, [roa.ipv4.as_str(), roa.ipv6.as_str()]);
    if found.is_empty() {
        return Err(no_networks(&format!("the registry has no route of {asn}")));
    }
    Ok(found)
}

fn no_networks(why: &str) -> Trouble {
    Trouble::new(format!("no network of our own is known: set mesh.networks ({why})"))
}

/// Writes all files or none.
fn write(directory: &Path, texts: &[Text]) -> Result<(), Trouble> {
    let there: Vec<String> = texts
        .iter()
        .map(|(name, _)| directory.join(name))
        .filter(|path| fs::symlink_metadata(path).is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if !there.is_empty() {
        return Err(there_already(&there));
    }
    fs::create_dir_all(directory).map_err(|error| failed(directory, error))?;
    let mut written = Vec::new();
    for (name, text) in texts {
        let path = directory.join(name);
        if let Err(error) = create(&path, text.as_bytes(), MODE) {
            // What was just written is ours to take away again.
            for path in &written {
                let _ = fs::remove_file(path);
            }
            return Err(Trouble::new(error.to_string()));
        }
        written.push(path);
    }
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| failed(directory, error))
}

fn failed(path: &Path, error: io::Error) -> Trouble {
    Trouble::new(format!("{}: {error}", path.display()))
}

fn there_already(paths: &[String]) -> Trouble {
    let (exist, them) = if paths.len() == 1 { ("exists", "it") } else { ("exist", "them") };
    Trouble::new(format!(
        "{} {exist} already, and nothing was written: move {them} away, or name another directory",
        paths.join(", ")
    ))
}

/// What was written, and what is to be done next.
fn farewell(config: &Config, directory: &Path) -> String {
    let includes = [Some(&config.bird.directory), config.bird.include_directory.as_ref()];
    let missing = includes.into_iter().flatten().filter(|path| !path.is_dir());
    let make: String = missing.map(|path| format!("mkdir -p {} && ", path.display())).collect();
    let main = directory.join(MAIN);
    format!(
        "{}: {} are written, and yours from now on.\n\
         Read variables.conf, then try them: {make}bird -p -c {}\n",
        directory.display(),
        FILES.join(", "),
        main.display()
    )
}

#[cfg(test)]
mod tests;
