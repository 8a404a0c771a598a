//! peer_remove: the one command that takes something away for good.

use super::{Case, Control, Outcome, ask, outcome, refusal_of};
use crate::answer::{Abandoned, Deed};
use crate::command::Field;
use crate::peering::vet;

impl Control {
    /// Takes the peering out; the machine follows when the bell was heard.
    pub(super) async fn remove(&self, case: &Case<'_>) -> Outcome {
        let peering = case.chosen()?;
        let asn = peering.asn;
        match case.request.answer(Field::Confirm) {
            Some(answer) if vet::is_yes(answer) => {}
            Some(_) => return Ok(Box::new(Abandoned)),
            None => {
                return Err(ask(
                    Field::Confirm,
                    format!("Remove the peering with {asn}? Type YES"),
                ));
            }
        }
        self.may_change(case)?;
        let saved = self.store.borrow_mut().remove(peering, &case.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        log::info!("{asn}: removed by {} from {}", case.identity.actor(), case.identity.source);
        let applied = self.apply(case, asn, generation, "removal").await;
        outcome(Deed::Removed, self.view(case, peering), applied)
    }
}
