//! What somebody should know before they type anything. None of it keeps anybody from logging in:
//! without a database there are no notices.

use super::Control;
use super::context::{Context, fault};
use crate::answer::Intro;
use crate::command::Occasion;
use crate::limits::{NAMES_SHOWN_MAX, REJECTION_SHOWN};
use crate::model::{Asn, Mntner, Role};
use crate::peering::audit_log::Action;
use crate::peering::{Peering, Status};
use crate::store::{Filter, Store, StoreError};

impl Control {
    /// The caller and what they should know.
    pub(super) fn intro(&self, context: &Context<'_>) -> Intro {
        let found = notices(&self.store.borrow(), context);
        // It was logged; the caller meets it again with the first command that needs the database.
        let notices = found.map_err(fault).unwrap_or_default();
        let banner = match context.request.occasion {
            Occasion::Login => "".into(),
            Occasion::Asked => context.settings.banner.clone(),
        };
        Intro { banner, identity: context.identity_view(), notices }
    }
}

fn notices(store: &Store, context: &Context<'_>) -> Result<Vec<String>, StoreError> {
    let rows = match context.identity.role {
        Role::Admin => store.rows()?,
        Role::Member => store.rows_of(&context.owned)?,
    };
    let peerings: Vec<Peering> =
        rows.iter().filter_map(|row| Some(Peering::read(row).ok()?.0)).collect();
    let mut notices = Vec::new();
    if context.identity.role == Role::Admin {
        notices.extend(queue(&peerings));
    }
    let maintainer = context.identity.maintainer.as_ref();
    let bans = store.bans()?;
    let standing = bans.iter().filter(|it| it.concerns(maintainer, &context.owned));
    notices.extend(standing.map(|it| format!("{}.", it.words())));
    let suspensions = store.suspensions()?;
    for it in peerings.iter().filter(|it| context.owned.contains(&it.asn)) {
        let reason = suspensions.get(&it.asn).map_or(String::new(), |it| format!(": {it}"));
        let words = match it.status {
            Status::Pending => "waits for the operator's approval".to_string(),
            Status::Suspended => format!("was switched off by the operator{reason}"),
            Status::Active | Status::Disabled => continue,
        };
        notices.push(format!("Your peering with {} {words}.", it.asn));
    }
    if let Some(name) = maintainer {
        for asn in &context.owned {
            if peerings.iter().any(|it| it.asn == *asn) {
                continue;
            }
            notices.extend(rejection(store, context, *asn, name)?);
        }
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
