//! What a session needs besides commands: the notices before its prompt, the words for Tab, and
//! the lines of earlier sessions.

use super::Control;
use super::context::{Context, fault};
use crate::access::Identity;
use crate::answer::{Intro, summary};
use crate::command::{Occasion, Scope, Vocabulary};
use crate::limits::{NAMES_SHOWN_MAX, REJECTION_SHOWN, SHELL_HISTORY_BATCH_LINES};
use crate::model::{Asn, Mntner, Open, Role};
use crate::peering::audit_log::Action;
use crate::peering::{Peering, Status};
use crate::store::{Filter, Store, StoreError};
use std::cell::RefCell;
use std::collections::BTreeMap;

// What somebody should know before they type anything. None of it keeps anybody from logging in:
// without a database there are no notices.

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
        for ban in bans.iter().filter(|ban| ban.concerns(maintainer, &context.owned)) {
            notices.push(format!("{}.", ban.words()));
            may_begin = false;
        }
        notices.extend(decisions(store, context, &peerings)?);
        if let Some(name) = maintainer {
            for asn in &context.owned {
                if peerings.iter().all(|peering| peering.asn != *asn) {
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
    for peering in peerings.iter().filter(|peering| context.owned.contains(&peering.asn)) {
        let reason = suspensions.get(&peering.asn).map_or(String::new(), |why| format!(": {why}"));
        let words = match peering.status {
            Status::Pending => "waits for the operator's approval".to_string(),
            Status::Suspended => format!("was switched off by the operator{reason}"),
            Status::Active | Status::Disabled => continue,
        };
        notices.push(format!("Your peering with {} {words}.", peering.asn));
    }
    Ok(notices)
}

/// What waits for an operator.
fn queue(peerings: &[Peering]) -> Option<String> {
    let waiting: Vec<String> = peerings
        .iter()
        .filter(|peering| peering.status == Status::Pending)
        .map(|peering| match &peering.maintainer {
            Some(name) => format!("{} of {name}", peering.asn),
            None => peering.asn.to_string(),
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
    let last = audit_log
        .records
        .last()
        .filter(|record| record.action == Action::Reject && record.is_about(name));
    let recent = last.filter(|record| context.now.since(record.at) < REJECTION_SHOWN.as_secs());
    Ok(recent.map(|record| {
        let reason = record.after.as_deref().and_then(|words| words.strip_prefix("reason "));
        format!("Your peering with {asn} was not approved: {}.", reason.unwrap_or("no reason"))
    }))
}

// What a prompt needs besides commands: the words for Tab, and the lines of earlier sessions.
//
// A write waits for the disk and everybody waits with it, so there is not one for each line: the
// lines of all sessions are gathered, and written when a session ends, when they are many, and
// when the service ends. A database that fails costs somebody their history, and nothing else.

/// Lines that are not written down yet, by owner.
#[derive(Debug, Default)]
pub struct Typed(RefCell<BTreeMap<String, Vec<String>>>);

impl Control {
    /// Whose history it is: a maintainer's, whichever of their keys it was; an administrator's own,
    /// whomever they act for.
    pub fn history_owner(&self, identity: &Identity) -> String {
        match (identity.role, &identity.maintainer) {
            (Role::Member, Some(name)) => name.to_string(),
            (Role::Admin, _) | (_, None) => identity.key.clone(),
        }
    }

    /// The lines of earlier sessions, oldest first.
    pub fn typed_before(&self, owner: &str) -> Vec<String> {
        let lines = self.store.borrow().shell_history(owner);
        lines.unwrap_or_else(|error| {
            log::warn!("shell history: {error}");
            Vec::new()
        })
    }

    /// Gathers lines for later sessions.
    pub fn typed(&self, owner: &str, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        let many = {
            let mut gathered = self.typed.0.borrow_mut();
            gathered.entry(owner.to_owned()).or_default().extend(lines);
            gathered.values().map(Vec::len).sum::<usize>() >= SHELL_HISTORY_BATCH_LINES
        };
        if many {
            self.write_typed();
        }
    }

    /// Writes down what was gathered.
    pub fn write_typed(&self) {
        for (owner, lines) in self.typed.0.take() {
            let kept = self.store.borrow_mut().keep_shell_history(&owner, &lines);
            if let Err(error) = kept {
                log::warn!("shell history: {error}");
            }
        }
    }

    /// The AS numbers that the caller may name, by the registry and the database of this moment. A
    /// database that does not answer is the next command's to tell.
    pub fn vocabulary(&self, identity: &Identity) -> Vocabulary {
        let own = identity.asns(&self.index.borrow());
        let role = identity.role;
        let store = self.store.borrow();
        let peered = match role {
            Role::Admin => store.peered(),
            Role::Member => store.peered_of(&own),
        };
        Vocabulary { role, peered: peered.unwrap_or_default(), own }
    }
}
