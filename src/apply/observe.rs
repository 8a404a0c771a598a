//! What is: the files and links that are ours, and what only bears our names.

use super::ApplySettings;
use crate::mesh::bird::is_marked;
use crate::plan::sysctl::SYSCTLS;
use crate::plan::{Actual, FileKind, Owner, SHARED_FILES};
use crate::sys::files::{self, FileError};
use crate::sys::wireguard::Backend;
use crate::sys::{loopback, sysctl};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What was found.
#[derive(Debug, Default)]
pub struct Observed {
    /// What is ours.
    pub actual: Actual,
    /// Links that cannot be read, or are no WireGuard, by the owner in their names.
    pub unreadable: BTreeMap<Owner, String>,
    /// Files and links that bear names of ours and are not ours, in words.
    pub foreign: BTreeSet<String>,
    /// POPs for whose BGP session the operator keeps a file of their own.
    pub hand_made: BTreeSet<Owner>,
}

/// Reads files and links. What cannot be read at all is an error, and then nothing is done.
pub fn observe(settings: &ApplySettings) -> Result<Observed, String> {
    let mut observed = Observed::default();
    let ours = |it: &Owner| settings.knows(*it);
    let confs =
        observed.files(&settings.wireguard_directory, FileKind::WireGuard).map_err(words)?;
    let birds = observed.files(&settings.bird_directory, FileKind::Bird).map_err(words)?;
    observed.actual.confs = confs.into_iter().filter(|(owner, _)| ours(owner)).collect();
    observed.actual.birds = birds.into_iter().filter(|(owner, _)| ours(owner)).collect();
    observed.leave_hand_made();
    if let Some(directory) = &settings.include_directory {
        for kind in SHARED_FILES {
            let found = observed.files(directory, kind).map_err(words)?.into_values();
            observed.actual.shared.extend(found.map(|text| (kind, text)));
        }
    }
    if settings.inventory.is_some() {
        observed.machine(settings)?;
    }
    for (name, link) in settings.backend.observe().map_err(|error| error.to_string())? {
        match (link, Owner::of_link(name.as_str()).filter(ours)) {
            (Ok(link), Some(_)) => drop(observed.actual.links.insert(name, link)),
            (Err(error), Some(owner)) => {
                drop(observed.unreadable.insert(owner, error.to_string()));
            }
            // Without an inventory links of such a name are nobody's business here.
            (_, None) => {}
        }
    }
    Ok(observed)
}

impl Observed {
    fn files(
        &mut self,
        directory: &Path,
        kind: FileKind,
    ) -> Result<BTreeMap<Owner, String>, FileError> {
        let (ours, foreign) = files::observe(directory, kind)?;
        self.foreign.extend(foreign.into_iter().map(words));
        Ok(ours)
    }

    /// Other POPs have iBGP files that somebody wrote by hand: those without our mark stay.
    fn leave_hand_made(&mut self) {
        let is_hand_made =
            |(owner, text): &(&Owner, &String)| matches!(owner, Owner::Mesh(_)) && !is_marked(text);
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
                Err(why) if settings.sets_sysctls => {
                    self.unreadable.entry(Owner::Pop).or_insert(why);
                }
                Err(_) => {}
            }
        }
        if settings.backend != Backend::Files {
            self.actual.loopback = loopback::addresses().map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

fn words(error: FileError) -> String {
    error.to_string()
}
