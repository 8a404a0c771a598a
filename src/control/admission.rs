//! Who gets a new peering, or a change of one: nobody against whom a ban stands, and nobody without
//! end where each is to be approved.

use super::{Case, Control, Open, fault};
use crate::answer::Stop;
use crate::command::{About, Bans, Field};
use crate::limits::PENDING_PER_MAINTAINER_MAX;
use crate::model::{Asn, Refusal, Role};
use crate::peering::{Peering, Status};

impl Control {
    /// Judges what can be judged before the command itself is: it is run again with each answer, so
    /// an AS number is judged as soon as it is there. Administrators decide for themselves.
    pub(super) fn admit(&self, case: &Case<'_>) -> Result<(), Stop> {
        let spec = case.request.command.spec();
        if case.identity.role == Role::Admin || spec.bans == Bans::Allow {
            return Ok(());
        }
        let (maintainer, asn) = (case.identity.maintainer.as_ref(), case.meant());
        let bans = self.store.borrow().bans().map_err(fault)?;
        if let Some(ban) = bans.iter().find(|it| it.concerns(maintainer, asn.as_slice())) {
            return Err(Stop::Refused(ban.refusal(), ban.subject.asn().map(|_| Field::Asn)));
        }
        let is_new = spec.about == About::NewPeering && !case.is_there(asn);
        if is_new && case.pending_left() == Some(0) {
            return Err(too_many_pending().into());
        }
        Ok(())
    }

    /// Why a peering that its member set up is not to be waited for.
    pub(super) fn unapproved(&self, asn: Asn) -> Option<String> {
        let status = self.store.borrow().status(asn).ok().flatten();
        (status == Some(Status::Pending)).then(|| WAITS.to_string())
    }
}

/// What is told of a peering that waits.
pub(super) const WAITS: &str = "it waits for the approval of this POP's operator";

impl Case<'_> {
    /// The AS number that the command is about, as far as that is known.
    fn meant(&self) -> Option<Asn> {
        match (self.request.answer(Field::Asn), self.request.command.spec().about) {
            (Some(text), _) => text.parse().ok(),
            (None, About::NewPeering) => None,
            (None, About::Peering) => self.chosen().ok().map(|it| it.asn),
        }
    }

    fn is_there(&self, asn: Option<Asn>) -> bool {
        asn.is_some_and(|asn| self.peerings.iter().any(|it| it.asn == asn))
    }

    /// How many more peerings of the caller's may wait for approval; `None`: none has to.
    fn pending_left(&self) -> Option<usize> {
        let name = self.identity.maintainer.as_ref();
        let theirs = |it: &&Peering| it.status == Status::Pending && it.maintainer.as_ref() == name;
        let waiting = self.peerings.iter().filter(theirs).count();
        (self.settings.open == Open::Approval)
            .then(|| PENDING_PER_MAINTAINER_MAX.saturating_sub(waiting))
    }

    /// What is told of a peering that is switched off.
    pub(super) fn switched_off(&self, asn: Asn) -> String {
        match self.suspensions.get(&asn) {
            Some(reason) => format!("it was switched off by this POP's operator: {reason}"),
            None => "it was switched off by this POP's operator".to_string(),
        }
    }
}

fn too_many_pending() -> Refusal {
    let message =
        format!("{PENDING_PER_MAINTAINER_MAX} of your peerings wait for approval, and more cannot");
    Refusal::new("too_many_pending", message, "peer_list shows them, peer_remove takes one back")
}
