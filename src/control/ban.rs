//! ban and unban: who gets no peering here. What is so already writes nothing.

use super::Control;
use super::context::{Context, fault, wrong};
use crate::answer::{Abandoned, BanList, Banned, Effect, Outcome, Stop, Unbanned};
use crate::command::Field;
use crate::model::{Mntner, Refusal};
use crate::peering::ban::{Ban, Subject};

impl Control {
    /// Bans a maintainer or an AS number; lists the bans where nothing is said.
    pub(super) fn ban(&self, context: &Context<'_>) -> Outcome {
        if context.request.answers.is_empty() {
            let bans = self.store.borrow().bans().map_err(fault)?;
            return Ok(Box::new(BanList(bans)));
        }
        let subject = context.subject()?;
        context.can_be_banned(&subject)?;
        let reason = context.reason()?;
        let bans = self.store.borrow().bans().map_err(fault)?;
        if let Some(ban) = bans.iter().find(|ban| ban.subject == subject && ban.reason == reason) {
            return Ok(Box::new(Banned { ban: ban.clone(), effect: Effect::Unchanged }));
        }
        if !context.is_meant(&format!("Ban {subject}"))? {
            return Ok(Box::new(Abandoned));
        }
        self.store.borrow_mut().ban(&subject, &reason, &context.actor()).map_err(fault)?;
        let by = context.identity.actor();
        log::info!("{subject}: banned by {by}");
        let ban = Ban { subject, reason, by, since: context.now };
        Ok(Box::new(Banned { ban, effect: Effect::Changed }))
    }

    /// Ends a ban.
    pub(super) fn unban(&self, context: &Context<'_>) -> Outcome {
        let subject = context.subject()?;
        let lifted = self.store.borrow_mut().unban(&subject, &context.actor()).map_err(fault)?;
        let effect = if lifted { Effect::Changed } else { Effect::Unchanged };
        log::info!("{subject}: no ban any more, by {}", context.identity.actor());
        Ok(Box::new(Unbanned { subject, effect }))
    }
}

impl Context<'_> {
    /// Whom a ban is of.
    fn subject(&self) -> Result<Subject, Stop> {
        match (self.request.answer(Field::Asn), self.request.answer(Field::Maintainer)) {
            (Some(text), None) => self.any_asn(text).map(Subject::Asn),
            (None, Some(text)) => named(text).map(Subject::Maintainer),
            (None, None) | (Some(_), Some(_)) => {
                let message = "A ban needs either a maintainer or an AS number";
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
}

/// A maintainer's name, with or without its -MNT.
pub(super) fn named(text: &str) -> Result<Mntner, Stop> {
    Mntner::candidates(text).next().ok_or_else(|| {
        let message = "A maintainer's name has letters, digits and hyphens";
        wrong(Field::Maintainer)(Refusal::new("bad_maintainer", message, "Example: EXAMPLE-MNT"))
    })
}
