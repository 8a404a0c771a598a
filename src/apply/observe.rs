//! What is: the files and links that are ours, and what only bears our names.

use super::ApplySettings;
use crate::mesh::bird::is_marked;
use crate::model::IfName;
use crate::plan::sysctl::SYSCTLS;
use crate::plan::wireguard::LinkActual;
use crate::plan::{Actual, FileKind, Owner, SHARED_FILES};
use crate::sys::files::{FileError, Memory};
use crate::sys::wireguard::Backend;
use crate::sys::{loopback, sysctl};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::time::SystemTime;

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// What is ours.
    pub actual: Actual,
    /// Links that cannot be read, or are no WireGuard, by the owner in their names.
    pub unreadable: BTreeMap<Owner, String>,
    /// Files and links that bear names of ours and are not ours, in words.
    pub foreign: BTreeSet<String>,
    /// POPs for whose BGP session the operator keeps a file of their own.
    pub hand_made: BTreeSet<Owner>,
    /// When the newest of BIRD's files that are ours changed; `None`: there is none.
    pub changed: Option<SystemTime>,
}

/// Links that are ours by name, and why others of ours cannot be read.
type Links = (BTreeMap<IfName, LinkActual>, BTreeMap<Owner, String>);

/// Reads files and links. What cannot be read at all is an error, and then nothing is done.
pub async fn observe(settings: &ApplySettings, memory: &mut Memory) -> Result<Found, String> {
    let mut found = Found::default();
    let mut changed: Option<SystemTime> = None;
    let mut files = |directory: &Path, kind: FileKind| {
        let files = memory.observe(directory, kind).map_err(words)?;
        found.foreign.extend(files.foreign.into_iter().map(words));
        changed = changed.max(files.changed.filter(|_| kind.is_birds()));
        Ok::<_, String>(files.ours)
    };
    let mut confs = files(&settings.wireguard_directory, FileKind::WireGuard)?;
    let mut birds = files(&settings.bird_directory, FileKind::Bird)?;
    let mut shared = BTreeMap::new();
    for (directory, kind) in
        settings.pop.include_directory.iter().flat_map(|it| SHARED_FILES.map(|kind| (it, kind)))
    {
        shared.extend(files(directory, kind)?.into_values().map(|text| (kind, text)));
    }
    found.changed = changed;
    confs.retain(|owner, _| settings.pop.knows(*owner));
    birds.retain(|owner, _| settings.pop.knows(*owner));
    found.actual = Actual { confs, birds, shared, ..Actual::default() };
    found.leave_hand_made();
    if settings.pop.inventory.is_some() {
        found.machine(settings)?;
    }
    (found.actual.links, found.unreadable) = links(settings).await?;
    Ok(found)
}

/// Reads the links alone: those that are ours, and why some cannot be read.
async fn links(settings: &ApplySettings) -> Result<Links, String> {
    let (mut links, mut unreadable) = Links::default();
    let found = settings.pop.backend.observe(&settings.patience).await;
    for (name, link) in found.map_err(|error| error.to_string())? {
        match (link, Owner::of_link(name.as_str()).filter(|it| settings.pop.knows(*it))) {
            (Ok(link), Some(_)) => drop(links.insert(name, link)),
            (Err(error), Some(owner)) => drop(unreadable.insert(owner, error.to_string())),
            // Without an inventory links of such a name are nobody's business here.
            (_, None) => {}
        }
    }
    Ok((links, unreadable))
}

impl Found {
    /// Other POPs have iBGP files that somebody wrote by hand: those without our mark stay.
    fn leave_hand_made(&mut self) {
        let is_hand_made = |(owner, text): &(&Owner, &Rc<str>)| {
            matches!(owner, Owner::Mesh(_)) && !is_marked(text)
        };
        let found = self.actual.birds.iter().filter(is_hand_made).map(|(owner, _)| *owner);
        self.hand_made = found.collect();
        for owner in &self.hand_made {
            self.actual.birds.remove(owner);
            let name = FileKind::Bird.name(*owner);
            self.foreign.insert(format!("{name} was written by hand; it is left alone"));
        }
    }

    fn machine(&mut self, settings: &ApplySettings) -> Result<(), String> {
        for it in &SYSCTLS {
            match sysctl::read(it.name) {
                Ok(value) => drop(self.actual.sysctls.insert(it.name, value)),
                // Only who is to set it needs it.
                Err(why) if settings.pop.sets_sysctls => {
                    self.unreadable.entry(Owner::Pop).or_insert(why);
                }
                Err(_) => {}
            }
        }
        if settings.pop.backend != Backend::Files {
            self.actual.loopback = loopback::addresses().map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

fn words(error: FileError) -> String {
    error.to_string()
}
