//! peer_remove: the one command that takes something away for good.

use super::Control;
use super::context::{Context, ask, refusal_of};
use super::saved::outcome;
use crate::answer::{Abandoned, Deed, Outcome};
use crate::command::Field;
use crate::peering::vet;

impl Control {
    /// Takes the peering out; the machine follows when the bell was heard.
    pub(super) async fn remove(&self, context: &Context<'_>) -> Outcome {
        let peering = context.chosen()?;
        let asn = peering.asn;
        match context.request.answer(Field::Confirm) {
            Some(answer) if vet::is_yes(answer) => {}
            Some(_) => return Ok(Box::new(Abandoned)),
            None => {
                return Err(ask(
                    Field::Confirm,
                    format!("Remove the peering with {asn}? Type YES"),
                ));
            }
        }
        self.may_change(context)?;
        let saved = self.store.borrow_mut().remove(peering, &context.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        log::info!(
            "{asn}: removed by {} from {}",
            context.identity.actor(),
            context.identity.source
        );
        let applied = self.apply(context, asn, generation, "removal").await;
        outcome(Deed::Removed, self.view(context, peering), applied)
    }
}
