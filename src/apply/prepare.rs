//! What a pass has to know before its first step: what was said, what is there, and where endpoints
//! are.

use super::bird::{Blocked, Touched};
use super::observe::{Observation, OwnFiles};
use super::pass::{Outcome, Pass};
use super::{Apply, ApplySettings, Lookups, Removals};
use crate::limits::RESOLVE_TIMEOUT;
use crate::peering::policy::Policy;
use crate::plan::{self, Drafts, Inputs, Observed, Owner, PopSettings, Resolved, endpoints};
use crate::sys;
use crate::sys::files::Stray;
use crate::sys::wireguard::Machine;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What a pass saw beside what it works on.
pub struct Seen {
    /// What bears names of ours and is not ours, in words.
    pub foreign: BTreeSet<String>,
    /// What lies among BIRD's files and does no good there.
    pub strays: BTreeSet<Stray>,
}

impl Apply {
    /// Learns which ids the machine still has something of: before the first pass has, a command
    /// must not give one of them out. What keeps it from being seen, the first pass tells.
    pub async fn find_occupied(&mut self) {
        let Ok((settings, inputs)) = self.read() else { return };
        let seen = Observation::of_machine(&settings, &inputs, &mut self.memory).await;
        if let Ok(Observation { observed, mut failures, .. }) = seen {
            failures.extend(inputs.rows.failures.clone());
            let occupied = plan::occupied(&inputs, &observed.actual, &failures);
            self.store.borrow_mut().set_occupied(occupied);
        }
    }

    /// Everything that a pass has to know before its first step, and what else was seen.
    pub(super) async fn prepare(&mut self) -> Result<(Pass, Seen), String> {
        let (settings, inputs) = self.read()?;
        let mut seen = self.observe(&settings, &inputs).await?;
        let drafts = self.drafts.renew(&inputs, &seen.observed.actual);
        // Who takes everything down needs nobody's endpoint, and no peering that can be served.
        let is_ending = self.removals == Removals::Others;
        if !is_ending {
            seen.observed.endpoints =
                self.locate(&settings, &inputs, &drafts, &seen.observed).await;
        }
        let Observation { observed, mut failures, left, blocked, foreign, strays, .. } = seen;
        for (owner, why) in &inputs.rows.failures {
            if !is_ending {
                failures.entry(*owner).or_insert_with(|| why.clone());
            }
        }
        let outcome = Outcome { failures, left, blocked, ..Outcome::default() };
        let machine = Machine::default();
        let pass = Pass { settings, inputs, observed, drafts, machine, outcome };
        self.store.borrow_mut().set_occupied(pass.occupied());
        Ok((pass, Seen { foreign, strays }))
    }

    /// What was said. Peerings that were imported keep their names: whoever looks at the machine
    /// learns them by the settings.
    fn read(&mut self) -> Result<(Rc<ApplySettings>, Inputs), String> {
        let mut settings = self.settings.borrow().clone();
        let mut inputs = self.read_with(&settings)?;
        if *settings.pop.naming.adopted() != inputs.rows.adopted {
            let naming = (*settings.pop.naming).clone().with_adopted(inputs.rows.adopted.clone());
            let naming = Rc::new(naming);
            let pop = Rc::new(PopSettings { naming, ..(*settings.pop).clone() });
            settings = Rc::new(ApplySettings { pop, ..(*settings).clone() });
            self.settings.replace(settings.clone());
            inputs = self.read_with(&settings)?;
        }
        self.board.set_naming(settings.pop.naming.clone());
        Ok((settings, inputs))
    }

    fn read_with(&mut self, settings: &ApplySettings) -> Result<Inputs, String> {
        let routes = self.routes.borrow().clone();
        let inputs = self.rows.inputs(&self.store.borrow(), &settings.pop, routes);
        inputs.map_err(|error| error.to_string())
    }

    /// What is: on the machine, in BIRD, and of that what is the operator's own.
    async fn observe(
        &mut self,
        settings: &ApplySettings,
        inputs: &Inputs,
    ) -> Result<Observation, String> {
        let mut seen = Observation::of_machine(settings, inputs, &mut self.memory).await?;
        seen.observed.handshake_ages = self.board.handshake_ages(&seen.observed.actual.links);
        let noted = self.store.borrow().owes_configure().map_err(|error| error.to_string())?;
        let touched = Touched { noted, changed: seen.changed };
        if let Some(report) = self.bird.see(settings, touched).await {
            seen.observed.actual.unread = report.unread;
            if !matches!(report.blocked, Some(Blocked::Silent(_))) {
                seen.observed.actual.disabled = report.running.disabled;
                seen.observed.actual.protocols = Some(report.running.all);
            }
            seen.blocked = report.blocked;
        }
        let own = OwnFiles::new(
            &settings.bird_directory,
            &settings.pop.naming,
            &seen.observed.actual.birds,
        );
        let claims = self.definitions.survey(
            self.bird.main_file(),
            &settings.bird_directory,
            &settings.pop.naming,
            &|path| own.has(path),
        );
        seen.leave_claimed(inputs, &claims);
        self.board.set_claims(claims);
        self.had_file.extend(seen.observed.actual.birds.keys());
        seen.disown(inputs, &self.had_file);
        Ok(seen)
    }

    /// Where endpoints are, as far as that has to be known.
    async fn locate(
        &self,
        settings: &ApplySettings,
        inputs: &Inputs,
        drafts: &Drafts,
        observed: &Observed,
    ) -> BTreeMap<Owner, Resolved> {
        let declared = endpoints::declared(inputs, drafts, observed);
        let names = declared.iter().filter_map(|endpoint| endpoint.name()).cloned();
        self.names.ask(names, settings.policy.families);
        if self.lookups == Lookups::Awaited {
            self.names.settle(&self.bell, RESOLVE_TIMEOUT).await;
        }
        let mut lookups = BTreeMap::new();
        for name in declared.iter().filter_map(|endpoint| endpoint.name()) {
            if let Some(answer) = self.names.known(name, settings.policy.families) {
                lookups.insert(name.clone(), answer.map_err(|error| error.to_string()));
            }
        }
        let policy = Policy { own: sys::own_addresses(), ..settings.policy.clone() };
        endpoints::resolved(&declared, &lookups, &policy, &observed.actual.links)
    }
}
