//! What a pass sees of the machine before its first step: files, links, the kernel's settings, what
//! BIRD runs. What only bears names of ours is set apart: it is never touched.

use super::ApplySettings;
use super::bird::Blocked;
use crate::mesh::files::is_marked;
use crate::model::SysctlChoice;
use crate::plan::naming::Naming;
use crate::plan::sysctl::SYSCTLS;
use crate::plan::{FileKind, Inputs, Observed, Owner, SHARED_FILES};
use crate::sys::bird::Claims;
use crate::sys::files::{self, Memory, Stray};
use crate::sys::wireguard::Backend;
use crate::sys::{netlink, sysctl};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

/// What was seen.
#[derive(Debug, Default)]
pub struct Observation {
    /// What the plan compares with.
    pub observed: Observed,
    /// What cannot be read, and why.
    pub failures: BTreeMap<Owner, String>,
    /// Peerings that the operator runs by hand, in words.
    pub left: BTreeMap<Owner, String>,
    /// Files and links that bear names of ours and are not ours, in words.
    pub foreign: BTreeSet<String>,
    /// What lies among BIRD's files and does no good there.
    pub strays: BTreeSet<Stray>,
    /// Why BIRD's files stay as they are.
    pub blocked: Option<Blocked>,
    /// When the newest of BIRD's files that are ours changed; `None`: there is none.
    pub changed: Option<SystemTime>,
}

impl Observation {
    /// Reads files, links and the kernel's settings. What cannot be read at all is an error, and
    /// then nothing is done.
    pub async fn of_machine(
        settings: &ApplySettings,
        inputs: &Inputs,
        memory: &mut Memory,
    ) -> Result<Observation, String> {
        let mut seen = Observation::default();
        let pop = &settings.pop;
        let naming = &pop.naming;
        let mut confs =
            seen.files(memory, naming, &settings.wireguard_directory, FileKind::WireGuard)?;
        let mut birds = seen.files(memory, naming, &settings.bird_directory, FileKind::Bird)?;
        confs.retain(|owner, _| pop.knows(*owner));
        birds.retain(|owner, _| pop.knows(*owner));
        for kind in SHARED_FILES {
            if let Some(directory) = &pop.include_directory {
                for text in seen.files(memory, naming, directory, kind)?.into_values() {
                    seen.observed.actual.shared.insert(kind, text);
                }
            }
        }
        seen.observed.actual.confs = confs;
        seen.observed.actual.birds = birds;
        seen.leave_hand_made(naming);
        seen.kernel(settings, inputs)?;
        seen.links(settings, inputs).await?;
        Ok(seen)
    }

    /// The files of a kind that are ours.
    fn files(
        &mut self,
        memory: &mut Memory,
        naming: &Naming,
        directory: &Path,
        kind: FileKind,
    ) -> Result<BTreeMap<Owner, Rc<str>>, String> {
        let found = memory.observe(directory, kind, naming).map_err(|error| error.to_string())?;
        self.foreign.extend(found.foreign.iter().map(ToString::to_string));
        if kind.is_birds() {
            self.changed = self.changed.max(found.changed);
        }
        Ok(found.ours)
    }

    /// Other POPs have iBGP files that somebody wrote by hand: those without our mark stay.
    fn leave_hand_made(&mut self, naming: &Naming) {
        let birds = std::mem::take(&mut self.observed.actual.birds);
        for (owner, text) in birds {
            if matches!(owner, Owner::Mesh(_)) && !is_marked(&text) {
                let name = naming.file(FileKind::Bird, owner);
                self.foreign.insert(format!("{name} was written by hand; it is left alone"));
                self.observed.hand_made.insert(owner);
            } else {
                self.observed.actual.birds.insert(owner, text);
            }
        }
    }

    fn kernel(&mut self, settings: &ApplySettings, inputs: &Inputs) -> Result<(), String> {
        for setting in &SYSCTLS {
            match sysctl::read(setting.name) {
                Ok(value) => drop(self.observed.actual.sysctls.insert(setting.name, value)),
                // Only who is to set it needs it.
                Err(why) if settings.pop.sysctls == SysctlChoice::Set => {
                    self.unreadable(inputs, Owner::Pop, why);
                }
                Err(_) => {}
            }
        }
        match netlink::host_addresses() {
            Ok(addresses) => self.observed.actual.addresses = addresses,
            // Where all is left to files, addresses are too.
            Err(_) if settings.pop.backend == Backend::Files => {}
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    async fn links(&mut self, settings: &ApplySettings, inputs: &Inputs) -> Result<(), String> {
        let naming = &settings.pop.naming;
        let found = settings.pop.backend.observe(&settings.patience, naming).await;
        for (name, link) in found.map_err(|error| error.to_string())? {
            let Some(owner) = naming.link_owner(name.as_str()) else { continue };
            // Without an inventory links of such a name are nobody's business here.
            if !settings.pop.knows(owner) {
                continue;
            }
            match link {
                Ok(link) => drop(self.observed.actual.links.insert(name, link)),
                Err(error) => self.unreadable(inputs, owner, error.to_string()),
            }
        }
        Ok(())
    }

    /// What cannot be read is its peering's failure. Where there is no such peering it is somebody
    /// else's: that is logged once, and no reason to try again.
    fn unreadable(&mut self, inputs: &Inputs, owner: Owner, why: String) {
        if inputs.concerns(owner) {
            self.failures.entry(owner).or_insert(why);
        } else {
            self.foreign.insert(format!("nothing with {owner}: {why}"));
        }
    }

    /// Sets apart the BGP sessions that the operator's own files define.
    pub fn leave_claimed(&mut self, inputs: &Inputs, claims: &Claims) {
        let naming = &inputs.pop.naming;
        let peerings = inputs.rows.peerings.iter().map(|peering| Owner::Peering(peering.asn));
        let links = inputs.pop.links().into_iter().map(|link| Owner::Mesh(link.to.name));
        let owners: Vec<Owner> = peerings.chain(links).collect();
        for owner in owners {
            if let Some((name, file)) = claimed(naming, owner, claims) {
                let ours = naming.file(FileKind::Bird, owner);
                self.leave(owner, &ours, &name, file);
            }
        }
        // Whatever the database says of them: what runs there is the operator's.
        for owner in self.observed.actual.protocols.iter().flatten() {
            if !self.observed.actual.birds.contains_key(owner)
                && claimed(naming, *owner, claims).is_some()
            {
                self.observed.hand_made.insert(*owner);
            }
        }
    }

    /// A file of the operator's own defines a name that this owner's file would define.
    fn leave(&mut self, owner: Owner, ours: &str, name: &str, file: &Path) {
        let file = file.display();
        if self.observed.actual.birds.contains_key(&owner) {
            self.strays.insert(Stray {
                what: format!("{file} defines {name}, which {ours} defines too"),
                remedy: format!("rm {file}: BIRD takes only one of them, and stops at both"),
            });
            return;
        }
        match owner {
            Owner::Mesh(_) => {
                self.foreign
                    .insert(format!("{name} stands in {file}, made by hand; it is left alone"));
            }
            Owner::Peering(_) | Owner::Pop => {
                self.left.insert(
                    owner,
                    format!(
                        "{owner} has a BGP session here that the operator made by hand, in {file}"
                    ),
                );
            }
        }
        self.observed.hand_made.insert(owner);
    }

    /// A protocol is ours only if its file is, or was, ours, or the database knows of it: others
    /// only bear such a name.
    pub fn disown(&mut self, inputs: &Inputs, had_file: &BTreeSet<Owner>) {
        let mut operators = self.observed.hand_made.clone();
        for (asn, names) in inputs.pop.naming.adopted() {
            if names.bird_file.is_none() {
                operators.insert(Owner::Peering(*asn));
            }
        }
        let actual = &mut self.observed.actual;
        for owners in actual.protocols.iter_mut().chain([&mut actual.disabled]) {
            owners.retain(|owner| {
                (had_file.contains(owner) || inputs.concerns(*owner)) && !operators.contains(owner)
            });
        }
    }
}

/// Which files of BIRD's configuration are ours; directories that were compared are remembered.
pub struct OwnFiles<'a> {
    directory: &'a Path,
    naming: &'a Naming,
    birds: &'a BTreeMap<Owner, Rc<str>>,
    same: RefCell<BTreeMap<PathBuf, bool>>,
}

impl<'a> OwnFiles<'a> {
    /// Those of `birds` in their directory.
    pub fn new(
        directory: &'a Path,
        naming: &'a Naming,
        birds: &'a BTreeMap<Owner, Rc<str>>,
    ) -> OwnFiles<'a> {
        let same = RefCell::new(BTreeMap::from([(directory.to_path_buf(), true)]));
        OwnFiles { directory, naming, birds, same }
    }

    /// Is it one of them?
    pub fn has(&self, path: &Path) -> bool {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
        let owner = self.naming.file_owner(FileKind::Bird, name);
        owner.is_some_and(|owner| self.birds.contains_key(&owner)) && self.is_inside(path)
    }

    fn is_inside(&self, path: &Path) -> bool {
        let Some(parent) = path.parent() else { return false };
        if let Some(known) = self.same.borrow().get(parent) {
            return *known;
        }
        let is_same = files::is_in(path, self.directory);
        self.same.borrow_mut().insert(parent.to_path_buf(), is_same);
        is_same
    }
}

/// A name that the owner's file would define and another file does, and that file.
fn claimed<'a>(naming: &Naming, owner: Owner, claims: &'a Claims) -> Option<(String, &'a PathBuf)> {
    for name in naming.symbols(owner) {
        if let Some(file) = claims.get(&name) {
            return Some((name, file));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::pass::RowsCache;
    use crate::apply::tests::stage::Stage;

    #[test]
    fn what_cannot_be_read_of_the_kernel_is_not_forgotten_for_the_links() {
        let Some(stage) = Stage::new("unreadable") else { return };
        let all = stage.start("database");
        let settings = all.apply.settings().borrow().clone();
        let store = all.store.borrow();
        let read = RowsCache::default().inputs(&store, &settings.pop, BTreeMap::new());
        let (inputs, mut seen) = (read.unwrap(), Observation::default());
        seen.unreadable(&inputs, Owner::Pop, "net.ipv4.ip_forward: hidden".to_string());
        smol::block_on(seen.links(&settings, &inputs)).unwrap();
        assert!(seen.failures.contains_key(&Owner::Pop), "{seen:?}");
    }
}
