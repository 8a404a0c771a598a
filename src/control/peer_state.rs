//! Commands that change what a peering is, and nothing in it: taken away, switched off and on,
//! approved.

use super::Control;
use super::context::{Context, ask, refusal_of};
use super::saved::outcome;
use crate::answer::{Abandoned, Applied, Deed, Outcome, Stop};
use crate::command::Field;
use crate::model::{Refusal, Role};
use crate::peering::audit_log::Action;
use crate::peering::{Peering, Status, vet};

// peer_disable, peer_enable and peer_suspend. A peering that is switched off is taken down like a
// removed one, files, link and BGP session, and stays in the database with its id and addresses.
//
// Its row in `peering_links` stays too, and the replaced service knows no switch: an operator who
// goes back to it serves such a peering again.

impl Control {
    /// Switches a peering off. What the operator switched off, or has not approved, is off.
    pub(super) async fn disable(&self, context: &Context<'_>) -> Outcome {
        let peering = context.chosen()?;
        match peering.status {
            Status::Active => self.switch(context, peering, Deed::Disabled).await,
            Status::Disabled => self.unchanged(context, peering).await,
            Status::Pending => Err(pending(peering).into()),
            Status::Suspended => Err(suspended(context, peering).into()),
        }
    }

    /// Switches it on again. Only an administrator ends a suspension, and approval is another
    /// command.
    pub(super) async fn enable(&self, context: &Context<'_>) -> Outcome {
        let peering = context.chosen()?;
        match (peering.status, context.identity.role) {
            (Status::Active, _) => self.unchanged(context, peering).await,
            (Status::Pending, _) => Err(pending(peering).into()),
            (Status::Suspended, Role::Member) => Err(suspended(context, peering).into()),
            (Status::Disabled, _) | (Status::Suspended, Role::Admin) => {
                self.switch(context, peering, Deed::Enabled).await
            }
        }
    }

    /// Switches a peering off, whatever it is.
    pub(super) async fn suspend(&self, context: &Context<'_>) -> Outcome {
        let peering = context.chosen()?;
        let (asn, reason) = (peering.asn, context.reason()?);
        let already = context.suspensions.get(&asn) == Some(&reason);
        if peering.status == Status::Suspended && already {
            return self.unchanged(context, peering).await;
        }
        if !context.is_meant(&format!("Switch off the peering with {asn}"))? {
            return Ok(Box::new(Abandoned));
        }
        let saved = self.store.borrow_mut().suspend(peering, &reason, &context.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        log::info!("{asn}: suspended by {}", context.identity.actor());
        let applied = self.apply(context, asn, generation, "suspension").await;
        let now = self.context(context.identity, context.request, context.now)?;
        outcome(Deed::Suspended, self.view(&now, now.find(asn)?), applied)
    }

    async fn switch(&self, context: &Context<'_>, before: &Peering, deed: Deed) -> Outcome {
        let (status, action, done) = if deed == Deed::Disabled {
            (Status::Disabled, Action::Disable, "disabled")
        } else {
            (Status::Active, Action::Enable, "enabled")
        };
        let (asn, after) = (before.asn, Peering { status, ..before.clone() });
        self.may_change(context)?;
        let saved =
            self.store.borrow_mut().replace(before, &after, action.clone(), &context.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        let (actor, source) = (context.identity.actor(), &context.identity.source);
        log::info!("{asn}: {done} by {actor} from {source}");
        let applied = self.apply(context, asn, generation, action.word()).await;
        outcome(deed, self.view(context, &after), applied)
    }
}

fn pending(peering: &Peering) -> Refusal {
    let message = format!("The peering with {} waits for the operator's approval", peering.asn);
    Refusal::new("pending", message, "Nothing of it is on; peer_remove takes it back")
}

fn suspended(context: &Context<'_>, peering: &Peering) -> Refusal {
    let asn = peering.asn;
    let message = format!("The peering with {asn} stays off: {}", context.switched_off(asn));
    Refusal::new("suspended", message, "Only the operator switches it on again: ask them")
}

// peer_remove: the one command that takes something away for good.

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

// peer_approve and peer_reject: what becomes of a peering that waits.

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
        let mut waiting = self.peerings.iter().filter(|peering| peering.status == Status::Pending);
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
