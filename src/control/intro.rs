//! What somebody should know before they type anything. None of it keeps anybody from logging in:
//! without a database there are no notices.

use super::Control;
use super::context::{Context, fault};
use crate::answer::{Intro, summary};
use crate::command::{Occasion, Scope};
use crate::limits::{NAMES_SHOWN_MAX, REJECTION_SHOWN};
use crate::model::{Asn, Mntner, Open, Role};
use crate::peering::audit_log::Action;
use crate::peering::{Peering, Status};
use crate::store::{Filter, Store, StoreError};

impl Control {
    /// The caller and what they should know.
    pub(super) fn intro(&self, context: &Context<'_>) -> Intro {
        let found = self.notices(context);
        // It was logged; the caller meets it again with the first command that needs the database.
        let notices = found.map_err(fault).unwrap_or_default();
        let banner = match context.request.occasion {
            Occasion::Login => "".into(),
            Occasion::Asked => context.settings.banner.clone(),
        };
        Intro { banner, identity: context.identity_view(), notices }
    }

    fn notices(&self, context: &Context<'_>) -> Result<Vec<String>, StoreError> {
        let store = &self.store.borrow();
        let rows = match context.identity.role {
            Role::Admin => store.rows()?,
            Role::Member => store.rows_of(&context.owned)?,
        };
        let peerings: Vec<Peering> =
            rows.iter().filter_map(|row| Some(Peering::read(row).ok()?.0)).collect();
        let maintainer = context.identity.maintainer.as_ref();
        let mut notices = Vec::new();
        if context.identity.role == Role::Admin {
            notices.extend(queue(&peerings));
        }
        let bans = store.bans()?;
        let mut may_begin = !context.owned.is_empty() && context.settings.open != Open::No;
        for ban in bans.iter().filter(|it| it.concerns(maintainer, &context.owned)) {
            notices.push(format!("{}.", ban.words()));
            may_begin = false;
        }
        notices.extend(decisions(store, context, &peerings)?);
        if let Some(name) = maintainer {
            for asn in &context.owned {
                if peerings.iter().all(|it| it.asn != *asn) {
                    notices.extend(rejection(store, context, *asn, name)?);
                }
            }
        }
        notices.extend(self.summary(context, &peerings).or(may_begin.then(begin)));
        Ok(notices)
    }

    /// How the caller's peerings live; an operator's who is nobody else are all.
    fn summary(&self, context: &Context<'_>, peerings: &[Peering]) -> Option<String> {
        let scope = match context.identity.maintainer {
            Some(_) => Scope::Mine,
            None => Scope::All,
        };
        let mut peers = Vec::new();
        for peering in peerings {
            if scope == Scope::All || context.owned.contains(&peering.asn) {
                peers.push(self.listed(context, peering));
            }
        }
        Some(format!("{}.", summary(&peers, scope, context.now)?))
    }
}

fn begin() -> String {
    "You have no peering here yet: peer_create makes one.".to_string()
}

/// What the operator decided, or has yet to decide, about the caller's own.
fn decisions(
    store: &Store,
    context: &Context<'_>,
    peerings: &[Peering],
) -> Result<Vec<String>, StoreError> {
    let suspensions = store.suspensions()?;
    let mut notices = Vec::new();
    for it in peerings.iter().filter(|it| context.owned.contains(&it.asn)) {
        let reason = suspensions.get(&it.asn).map_or(String::new(), |it| format!(": {it}"));
        let words = match it.status {
            Status::Pending => "waits for the operator's approval".to_string(),
            Status::Suspended => format!("was switched off by the operator{reason}"),
            Status::Active | Status::Disabled => continue,
        };
        notices.push(format!("Your peering with {} {words}.", it.asn));
    }
    Ok(notices)
}

/// What waits for an operator.
fn queue(peerings: &[Peering]) -> Option<String> {
    let waiting: Vec<String> = peerings
        .iter()
        .filter(|it| it.status == Status::Pending)
        .map(|it| match &it.maintainer {
            Some(name) => format!("{} of {name}", it.asn),
            None => it.asn.to_string(),
        })
        .collect();
    let (shown, more) = waiting.split_at(waiting.len().min(NAMES_SHOWN_MAX));
    let rest = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    let names = shown.join(", ");
    let hint = "see peer_approve and peer_reject";
    (!waiting.is_empty()).then(|| format!("Waiting for approval: {names}{rest}; {hint}."))
}

/// What a member asked for last about an AS number, if it was not taken.
fn rejection(
    store: &Store,
    context: &Context<'_>,
    asn: Asn,
    name: &Mntner,
) -> Result<Option<String>, StoreError> {
    let audit_log = store.audit_log(&Filter { asn: Some(asn), ..Filter::default() })?;
    let last =
        audit_log.records.last().filter(|it| it.action == Action::Reject && it.is_about(name));
    let recent = last.filter(|it| context.now.since(it.at) < REJECTION_SHOWN.as_secs());
    Ok(recent.map(|it| {
        let reason = it.after.as_deref().and_then(|words| words.strip_prefix("reason "));
        format!("Your peering with {asn} was not approved: {}.", reason.unwrap_or("no reason"))
    }))
}
