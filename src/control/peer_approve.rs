//! peer_approve and peer_reject: what becomes of a peering that waits.

use super::Control;
use super::context::{Context, ask, refusal_of};
use super::saved::outcome;
use crate::answer::{Abandoned, Applied, Deed, Outcome, Stop};
use crate::command::Field;
use crate::model::Refusal;
use crate::peering::{Peering, Status};

impl Control {
    /// Takes a peering that waits.
    pub(super) async fn approve(&self, context: &Context<'_>) -> Outcome {
        let peering = context.waiting()?;
        match peering.status {
            Status::Pending => {}
            Status::Active => return self.unchanged(context, peering).await,
            Status::Disabled | Status::Suspended => return Err(not_pending(peering).into()),
        }
        let asn = peering.asn;
        let saved = self.store.borrow_mut().approve(peering, &context.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        log::info!("{asn}: approved by {}", context.identity.actor());
        let applied = self.apply(context, asn, generation, "approval").await;
        let taken = Peering { status: Status::Active, ..peering.clone() };
        outcome(Deed::Approved, self.view(context, &taken), applied)
    }

    /// Takes a peering that waits out again.
    pub(super) async fn reject(&self, context: &Context<'_>) -> Outcome {
        let peering = context.waiting()?;
        if peering.status != Status::Pending {
            return Err(not_pending(peering).into());
        }
        let (asn, reason) = (peering.asn, context.reason()?);
        if !context.is_meant(&format!("Reject the peering with {asn}"))? {
            return Ok(Box::new(Abandoned));
        }
        let saved = self.store.borrow_mut().reject(peering, &reason, &context.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        log::info!("{asn}: rejected by {}", context.identity.actor());
        self.apply(context, asn, generation, "rejection").await;
        let gone = self.view(context, peering);
        outcome(Deed::Rejected(reason), gone, Applied::NotAwaited)
    }
}

impl Context<'_> {
    /// The peering that was named, or the only one that waits.
    fn waiting(&self) -> Result<&Peering, Stop> {
        if self.request.answer(Field::Asn).is_some() {
            return self.chosen();
        }
        let mut waiting = self.peerings.iter().filter(|it| it.status == Status::Pending);
        match (waiting.next(), waiting.next()) {
            (None, _) => {
                Err(Refusal::new("no_peering", "No peering waits for approval", "").into())
            }
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err(ask(Field::Asn, "AS Number".to_string())),
        }
    }
}

fn not_pending(peering: &Peering) -> Refusal {
    let (asn, status) = (peering.asn, peering.status);
    let message = format!("The peering with {asn} does not wait for approval: it is {status}");
    let hint = "peer_suspend switches a peering off, peer_enable on, peer_remove takes it away";
    Refusal::new("not_pending", message, hint)
}
