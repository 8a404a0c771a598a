//! What only administrators may: approve, reject, suspend, ban, and read the audit. Each decision
//! is one transaction with its record; one that is so already writes nothing.

use super::{Case, Control, Outcome, ask, fault, outcome, refusal_of, wrong};
use crate::answer::{Abandoned, Applied, Audit, BanList, Banned, Deed, Effect, Stop, Unbanned};
use crate::command::Field;
use crate::model::{Asn, Mntner, Refusal, Timestamp};
use crate::peering::ban::{Ban, Subject};
use crate::peering::vet;
use crate::peering::{Peering, Status};
use crate::store::Filter;

impl Control {
    /// Takes a peering that waits.
    pub(super) async fn approve(&self, case: &Case<'_>) -> Outcome {
        let peering = case.waiting()?;
        match peering.status {
            Status::Pending => {}
            Status::Active => return self.unchanged(case, peering).await,
            Status::Disabled | Status::Suspended => return Err(not_pending(peering).into()),
        }
        let asn = peering.asn;
        let saved = self.store.borrow_mut().approve(peering, &case.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        log::info!("{asn}: approved by {}", case.identity.actor());
        let applied = self.apply(case, asn, generation, "approval").await;
        let taken = Peering { status: Status::Active, ..peering.clone() };
        outcome(Deed::Approved, self.view(case, &taken), applied)
    }

    /// Takes a peering that waits out again.
    pub(super) async fn reject(&self, case: &Case<'_>) -> Outcome {
        let peering = case.waiting()?;
        if peering.status != Status::Pending {
            return Err(not_pending(peering).into());
        }
        let (asn, reason) = (peering.asn, case.reason()?);
        if !case.is_meant(&format!("Reject the peering with {asn}"))? {
            return Ok(Box::new(Abandoned));
        }
        let saved = self.store.borrow_mut().reject(peering, &reason, &case.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        log::info!("{asn}: rejected by {}", case.identity.actor());
        self.apply(case, asn, generation, "rejection").await;
        let gone = self.view(case, peering);
        outcome(Deed::Rejected(reason), gone, Applied::NotAwaited)
    }

    /// Switches a peering off, whatever it is.
    pub(super) async fn suspend(&self, case: &Case<'_>) -> Outcome {
        let peering = case.chosen()?;
        let (asn, reason) = (peering.asn, case.reason()?);
        let already = case.suspensions.get(&asn) == Some(&reason);
        if peering.status == Status::Suspended && already {
            return self.unchanged(case, peering).await;
        }
        if !case.is_meant(&format!("Switch off the peering with {asn}"))? {
            return Ok(Box::new(Abandoned));
        }
        let saved = self.store.borrow_mut().suspend(peering, &reason, &case.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        log::info!("{asn}: suspended by {}", case.identity.actor());
        let applied = self.apply(case, asn, generation, "suspension").await;
        let now = self.case(case.identity, case.request, case.now)?;
        outcome(Deed::Suspended, self.view(&now, now.find(asn)?), applied)
    }

    /// Bans a maintainer or an AS number; lists the bans where nothing is said.
    pub(super) fn ban(&self, case: &Case<'_>) -> Outcome {
        if case.request.answers.is_empty() {
            let bans = self.store.borrow().bans().map_err(fault)?;
            return Ok(Box::new(BanList(bans)));
        }
        let subject = case.subject()?;
        case.can_be_banned(&subject)?;
        let reason = case.reason()?;
        let bans = self.store.borrow().bans().map_err(fault)?;
        if let Some(ban) = bans.iter().find(|it| it.subject == subject && it.reason == reason) {
            return Ok(Box::new(Banned { ban: ban.clone(), effect: Effect::Unchanged }));
        }
        if !case.is_meant(&format!("Ban {subject}"))? {
            return Ok(Box::new(Abandoned));
        }
        self.store.borrow_mut().ban(&subject, &reason, &case.actor()).map_err(fault)?;
        let by = case.identity.actor();
        log::info!("{subject}: banned by {by}");
        let ban = Ban { subject, reason, by, since: case.now };
        Ok(Box::new(Banned { ban, effect: Effect::Changed }))
    }

    /// Ends a ban.
    pub(super) fn unban(&self, case: &Case<'_>) -> Outcome {
        let subject = case.subject()?;
        let effect = match self.store.borrow_mut().unban(&subject, &case.actor()).map_err(fault)? {
            true => Effect::Changed,
            false => Effect::Unchanged,
        };
        log::info!("{subject}: no ban any more, by {}", case.identity.actor());
        Ok(Box::new(Unbanned { subject, effect }))
    }

    /// The records that are asked for.
    pub(super) fn audit(&self, case: &Case<'_>) -> Outcome {
        let filter = Filter {
            asn: case.request.answer(Field::Asn).map(|it| case.any_asn(it)).transpose()?,
            maintainer: case.request.answer(Field::Maintainer).map(named).transpose()?,
            since: case.since()?,
        };
        let audit_log = self.store.borrow().audit_log(&filter).map_err(fault)?;
        Ok(Box::new(Audit(audit_log)))
    }
}

impl Case<'_> {
    /// The peering that was named, or the only one that waits.
    fn waiting(&self) -> Result<&Peering, Stop> {
        if self.request.answer(Field::Asn).is_some() {
            return self.chosen();
        }
        let waits = |it: &&Peering| it.status == Status::Pending;
        let mut waiting = self.peerings.iter().filter(waits);
        match (waiting.next(), waiting.next()) {
            (None, _) => {
                Err(Refusal::new("no_peering", "No peering waits for approval", "").into())
            }
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err(ask(Field::Asn, "AS Number".to_string())),
        }
    }

    fn reason(&self) -> Result<String, Stop> {
        let text = self.request.answer(Field::Reason);
        let text = text.ok_or_else(|| ask(Field::Reason, "Reason, for the member".to_string()))?;
        vet::reason(text).map_err(wrong(Field::Reason))
    }

    /// Is it meant? Nobody decides about others by leaving a flag out.
    fn is_meant(&self, what: &str) -> Result<bool, Stop> {
        let answer = self.request.answer(Field::Confirm);
        let answer = answer.ok_or_else(|| ask(Field::Confirm, format!("{what}? Type YES")))?;
        Ok(vet::is_yes(answer))
    }

    fn any_asn(&self, text: &str) -> Result<Asn, Stop> {
        vet::known_asn(text, self.context()).map_err(wrong(Field::Asn))
    }

    /// Whom a ban is of.
    fn subject(&self) -> Result<Subject, Stop> {
        match (self.request.answer(Field::Asn), self.request.answer(Field::Maintainer)) {
            (Some(text), None) => self.any_asn(text).map(Subject::Asn),
            (None, Some(text)) => named(text).map(Subject::Maintainer),
            (None, None) | (Some(_), Some(_)) => {
                let message = "A ban is of one: a maintainer or an AS number";
                Err(Refusal::usage(message, "Give --maintainer or --asn").into())
            }
        }
    }

    /// A name that the registry does not have is a typing mistake; our own number is one too.
    fn can_be_banned(&self, subject: &Subject) -> Result<(), Refusal> {
        let us = self.settings.site.asn;
        match subject {
            Subject::Maintainer(name) if self.index.maintainer(name).is_none() => {
                let message = format!("The registry has no maintainer {name}");
                Err(Refusal::new("unknown_maintainer", message, "Look at its spelling"))
            }
            Subject::Asn(asn) if *asn == us => {
                let message = format!("{asn} is this network itself");
                Err(Refusal::new("own_network", message, "Look at the number"))
            }
            Subject::Maintainer(_) | Subject::Asn(_) => Ok(()),
        }
    }

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

/// A maintainer's name, with or without its -MNT.
fn named(text: &str) -> Result<Mntner, Stop> {
    Mntner::candidates(text).next().ok_or_else(|| {
        let message = "A maintainer's name has letters, digits and hyphens";
        wrong(Field::Maintainer)(Refusal::new("bad_maintainer", message, "Example: EXAMPLE-MNT"))
    })
}

fn not_pending(peering: &Peering) -> Refusal {
    let (asn, status) = (peering.asn, peering.status);
    let message = format!("The peering with {asn} does not wait for approval: it is {status}");
    let hint = "peer_suspend switches a peering off, peer_enable on, peer_remove takes it away";
    Refusal::new("not_pending", message, hint)
}
