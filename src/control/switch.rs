//! peer_disable and peer_enable. A peering that is switched off is taken down like a removed one,
//! files, link and BGP session, and stays in the database with its id and addresses.
//!
//! Its row in `peering_links` stays too, and the replaced service knows no switch: an operator who
//! goes back to it serves such a peering again.

use super::{Case, Control, Outcome, refusal_of};
use crate::command::Reply;
use crate::model::{Refusal, Role};
use crate::peering::{Peering, Standing};

impl Control {
    /// Switches a peering off. What the operator switched off, or has not approved, is off.
    pub(super) async fn disable(&self, case: &Case<'_>) -> Outcome {
        let peering = case.chosen()?;
        match peering.standing {
            Standing::Active => self.switch(case, peering, Standing::Disabled, "disable").await,
            Standing::Disabled => self.as_it_is(case, peering).await,
            Standing::Pending => Err(pending(peering).into()),
            Standing::Suspended => Err(suspended(case, peering).into()),
        }
    }

    /// Switches it on again. Only an administrator ends a suspension, and approval is another
    /// command.
    pub(super) async fn enable(&self, case: &Case<'_>) -> Outcome {
        let peering = case.chosen()?;
        match (peering.standing, case.identity.role) {
            (Standing::Active, _) => self.as_it_is(case, peering).await,
            (Standing::Pending, _) => Err(pending(peering).into()),
            (Standing::Suspended, Role::Member) => Err(suspended(case, peering).into()),
            (Standing::Disabled, _) | (Standing::Suspended, Role::Admin) => {
                self.switch(case, peering, Standing::Active, "enable").await
            }
        }
    }

    async fn switch(
        &self,
        case: &Case<'_>,
        before: &Peering,
        standing: Standing,
        action: &str,
    ) -> Outcome {
        let (asn, after) = (before.asn, Peering { standing, ..before.clone() });
        self.may_change(case)?;
        let saved = self.store.borrow_mut().replace(before, &after, action, &case.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        let (actor, source) = (case.identity.actor(), &case.identity.source);
        log::info!("AS{asn}: {action}d by {actor} from {source}");
        let applied = self.apply(case, asn, generation, action).await;
        Ok(Reply::Switched(Box::new(self.view(case, &after)), applied))
    }

    async fn as_it_is(&self, case: &Case<'_>, peering: &Peering) -> Outcome {
        let applied = self.settled(case, peering.asn).await;
        Ok(Reply::Unchanged(Box::new(self.view(case, peering)), applied))
    }
}

fn pending(peering: &Peering) -> Refusal {
    let message = format!("The peering with AS{} waits for the operator's approval", peering.asn);
    Refusal::new("pending", message, "Nothing of it is on; peer_remove takes it back")
}

fn suspended(case: &Case<'_>, peering: &Peering) -> Refusal {
    let asn = peering.asn;
    let message = format!("The peering with AS{asn} stays off: {}", case.switched_off(asn));
    Refusal::new("suspended", message, "Only the operator switches it on again: ask them")
}
