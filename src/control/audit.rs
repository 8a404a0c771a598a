//! audit: who changed what.

use super::Control;
use super::ban::named;
use super::context::{Context, fault, wrong};
use crate::answer::{Audit, Outcome, Stop};
use crate::command::Field;
use crate::model::{Refusal, Timestamp};
use crate::store::Filter;

impl Control {
    /// The records that are asked for.
    pub(super) fn audit(&self, context: &Context<'_>) -> Outcome {
        let filter = Filter {
            asn: context.request.answer(Field::Asn).map(|it| context.any_asn(it)).transpose()?,
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
