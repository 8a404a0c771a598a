//! peer_disable and peer_enable. A peering that is switched off is taken down like a removed one,
//! files, link and BGP session, and stays in the database with its id and addresses.
//!
//! Its row in `peering_links` stays too, and the replaced service knows no switch: an operator who
//! goes back to it serves such a peering again.

use super::{Case, Control, Outcome, outcome, refusal_of};
use crate::answer::Deed;
use crate::model::{Refusal, Role};
use crate::peering::audit_log::Action;
use crate::peering::{Peering, Status};

impl Control {
    /// Switches a peering off. What the operator switched off, or has not approved, is off.
    pub(super) async fn disable(&self, case: &Case<'_>) -> Outcome {
        let peering = case.chosen()?;
        match peering.status {
            Status::Active => self.switch(case, peering, Deed::Disabled).await,
            Status::Disabled => self.unchanged(case, peering).await,
            Status::Pending => Err(pending(peering).into()),
            Status::Suspended => Err(suspended(case, peering).into()),
        }
    }

    /// Switches it on again. Only an administrator ends a suspension, and approval is another
    /// command.
    pub(super) async fn enable(&self, case: &Case<'_>) -> Outcome {
        let peering = case.chosen()?;
        match (peering.status, case.identity.role) {
            (Status::Active, _) => self.unchanged(case, peering).await,
            (Status::Pending, _) => Err(pending(peering).into()),
            (Status::Suspended, Role::Member) => Err(suspended(case, peering).into()),
            (Status::Disabled, _) | (Status::Suspended, Role::Admin) => {
                self.switch(case, peering, Deed::Enabled).await
            }
        }
    }

    async fn switch(&self, case: &Case<'_>, before: &Peering, deed: Deed) -> Outcome {
        let (status, action, done) = if deed == Deed::Disabled {
            (Status::Disabled, Action::Disable, "disabled")
        } else {
            (Status::Active, Action::Enable, "enabled")
        };
        let (asn, after) = (before.asn, Peering { status, ..before.clone() });
        self.may_change(case)?;
        let saved = self.store.borrow_mut().replace(before, &after, action.clone(), &case.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        let (actor, source) = (case.identity.actor(), &case.identity.source);
        log::info!("{asn}: {done} by {actor} from {source}");
        let applied = self.apply(case, asn, generation, action.word()).await;
        outcome(deed, self.view(case, &after), applied)
    }
}

fn pending(peering: &Peering) -> Refusal {
    let message = format!("The peering with {} waits for the operator's approval", peering.asn);
    Refusal::new("pending", message, "Nothing of it is on; peer_remove takes it back")
}

fn suspended(case: &Case<'_>, peering: &Peering) -> Refusal {
    let asn = peering.asn;
    let message = format!("The peering with {asn} stays off: {}", case.switched_off(asn));
    Refusal::new("suspended", message, "Only the operator switches it on again: ask them")
}
