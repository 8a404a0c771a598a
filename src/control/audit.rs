//! audit: who changed what.

use super::Control;
use super::ban::named;
use super::context::{Context, fault, wrong};
use crate::answer::{Audit, Outcome, PeerHistory, Stop};
use crate::command::Field;
use crate::limits::RECORDS_SHOWN_MAX;
use crate::model::{Asn, Mntner, Refusal, Role, Timestamp};
use crate::peering::audit_log::{Happening, Reader, history};
use crate::peering::vet;
use crate::store::Filter;

impl Control {
    /// The records that are asked for.
    pub(super) fn audit(&self, context: &Context<'_>) -> Outcome {
        let filter = Filter {
            asn: context.request.answer(Field::Asn).map(|asn| context.any_asn(asn)).transpose()?,
            maintainer: context.request.answer(Field::Maintainer).map(named).transpose()?,
            since: context.since()?,
        };
        let audit_log = self.store.borrow().audit_log(&filter).map_err(fault)?;
        Ok(Box::new(Audit(audit_log)))
    }
}

impl Context<'_> {
    fn since(&self) -> Result<Timestamp, Stop> {
        let Some(text) = self.request.answer(Field::Since) else {
            return Ok(Timestamp::default());
        };
        Timestamp::earlier(text, self.now).ok_or_else(|| {
            let message = "--since takes a day, a moment of it (UTC), or how long ago";
            let hint = "2026-01-31, 2026-01-31T12:00:00Z, 90m, 12h, 7d or 2w";
            wrong(Field::Since)(Refusal::new("bad_time", message, hint))
        })
    }
}

// peer_history: what happened to a peering, as far as the caller may see it.

impl Control {
    /// Of a peering that is gone, too: what happened to it is asked for then.
    pub(super) fn history(&self, context: &Context<'_>) -> Outcome {
        let asn = context.told_of()?;
        let filter = Filter { asn: Some(asn), ..Filter::default() };
        let audit_log = self.store.borrow().audit_log(&filter).map_err(fault)?;
        let owners: Vec<Mntner> = context.index.owners(asn).cloned().collect();
        let reader = match (context.identity.role, &context.identity.maintainer) {
            (Role::Member, Some(name)) => Reader::Member(name, &owners),
            // Nobody is a member without a maintainer.
            (Role::Admin, _) | (Role::Member, None) => Reader::Operator,
        };
        let transitions = self.transitions(asn)?;
        let (happenings, cut) = history(&audit_log, transitions, reader, RECORDS_SHOWN_MAX);
        Ok(Box::new(PeerHistory { asn, happenings, cut }))
    }

    /// What became of its link and BGP session, the oldest first.
    fn transitions(&self, asn: Asn) -> Result<Vec<Happening>, Stop> {
        let them = self.store.borrow().transitions(asn).map_err(fault)?;
        Ok(them.into_iter().rev().map(Happening::from).collect())
    }
}

impl Context<'_> {
    /// The AS number whose history is meant: the one that was named, the only one with a peering,
    /// or the caller's only one.
    fn told_of(&self) -> Result<Asn, Stop> {
        match (self.request.answer(Field::Asn), self.owned.as_slice()) {
            (Some(text), _) => vet::known_asn(text, self.vetting()).map_err(wrong(Field::Asn)),
            (None, [only]) => Ok(*only),
            (None, _) => self.chosen().map(|peering| peering.asn),
        }
    }
}
