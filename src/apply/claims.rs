//! What the operator's own files define of the names that files of ours would define: such a BGP
//! session is theirs, whatever the file is called.

use super::{Apply, Pass};
use crate::plan::{FileKind, Owner};
use crate::sys::bird::Claims;
use crate::sys::files::{self, Stray};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

impl Apply {
    /// Reads what BIRD's other files define, and takes out of the pass what is the operator's.
    pub(super) fn heed_claims(&mut self, pass: &mut Pass) {
        let directory = &pass.settings.bird_directory;
        let same = RefCell::new(BTreeMap::from([(directory.clone(), true)]));
        let birds = &pass.observed.actual.birds;
        let is_ours = |path: &Path| {
            let owner = path.file_name().and_then(|it| FileKind::Bird.owner(it.to_str()?));
            owner.is_some_and(|it| birds.contains_key(&it)) && lies_in(path, directory, &same)
        };
        let claims = self.definitions.survey(self.bird.main_file(), directory, &is_ours);
        if !claims.is_empty() {
            self.leave_to_operator(pass, &claims);
        }
        self.board.set_claims(claims);
    }

    /// A protocol is ours only if its file is, or was, ours, or the database knows of it: others
    /// only bear such a name.
    pub(super) fn disown(&mut self, pass: &mut Pass) {
        self.had_file.extend(pass.observed.actual.birds.keys());
        let mut running = pass.observed.actual.protocols.take();
        let mut disabled = std::mem::take(&mut pass.observed.actual.disabled);
        for owners in running.iter_mut().chain([&mut disabled]) {
            owners.retain(|owner| {
                let is_known = self.had_file.contains(owner) || pass.inputs.concerns(*owner);
                is_known && !pass.observed.hand_made.contains(owner)
            });
        }
        (pass.observed.actual.protocols, pass.observed.actual.disabled) = (running, disabled);
    }

    fn leave_to_operator(&mut self, pass: &mut Pass, claims: &Claims) {
        let peerings = pass.inputs.rows.peerings.iter().map(|it| Owner::Peering(it.asn));
        let ways = pass.inputs.pop.links().into_iter().map(|it| Owner::Mesh(it.to.name));
        let owners: Vec<Owner> = peerings.chain(ways).collect();
        for owner in owners {
            let Some((name, file)) = claimed(owner, claims) else { continue };
            if pass.observed.actual.birds.contains_key(&owner) {
                let ours = FileKind::Bird.name(owner);
                let file = file.display();
                pass.strays.insert(Stray {
                    what: format!("{file} defines {name}, which {ours} defines too"),
                    remedy: format!("rm {file}: BIRD takes only one of them, and stops at both"),
                });
                continue;
            }
            match owner {
                Owner::Mesh(_) => {
                    self.foreign.insert(format!(
                        "{name} stands in {}, made by hand; it is left alone",
                        file.display()
                    ));
                }
                Owner::Peering(_) | Owner::Pop => {
                    drop(pass.outcome.left.insert(owner, words(owner, file)))
                }
            }
            pass.observed.hand_made.insert(owner);
        }
        // Whatever the database says of them: what runs there is the operator's.
        let running = pass.observed.actual.protocols.iter().flatten().copied();
        let theirs: Vec<Owner> = running.filter(|it| claimed(*it, claims).is_some()).collect();
        let birds = &pass.observed.actual.birds;
        pass.observed.hand_made.extend(theirs.into_iter().filter(|it| !birds.contains_key(it)));
    }
}

/// A name that the owner's file would define and another file does, and that file.
pub fn claimed(owner: Owner, claims: &Claims) -> Option<(String, &PathBuf)> {
    let mut symbols = owner.symbols().into_iter();
    symbols.find_map(|name| claims.get(&name).map(|file| (name, file)))
}

fn words(owner: Owner, file: &Path) -> String {
    let file = file.display();
    format!("{owner} has a BGP session here that the operator made by hand, in {file}")
}

/// Does a file lie in the directory? Parents that were compared are remembered.
fn lies_in(path: &Path, directory: &Path, same: &RefCell<BTreeMap<PathBuf, bool>>) -> bool {
    let Some(parent) = path.parent() else { return false };
    if let Some(known) = same.borrow().get(parent) {
        return *known;
    }
    let is_same = files::is_in(path, directory);
    same.borrow_mut().insert(parent.to_path_buf(), is_same);
    is_same
}
