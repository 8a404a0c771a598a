//! What happened to a peering: who changed what, from the audit records, and what became of its
//! link and BGP session. What a reader gets to see of it is decided here.
//!
//! The audit record describes a peering in pairs of words (`id 1 key … endpoint …`), and a decision
//! by its reason, which comes last and may be many words.

use super::history::{Subject, Transition};
use crate::model::{Asn, Mntner, Timestamp};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A peering was made.
    Create,
    /// Its endpoint, key or options were changed.
    Edit,
    /// It was switched off by its member.
    Disable,
    /// It was switched on again.
    Enable,
    /// It was taken out.
    Remove,
    /// It waited, and was taken.
    Approve,
    /// It waited, and was taken out.
    Reject,
    /// It was switched off by the operator.
    Suspend,
    /// Somebody gets no peering here.
    Ban,
    /// They may have one again.
    Unban,
    /// It was made by hand, and was taken over as it was.
    Import,
    /// It was given back to whoever made it by hand.
    GiveBack,
    /// This version does not know the word.
    Other(String),
}

/// One audit record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub at: Timestamp,
    /// Who: a maintainer, `admin`, or `admin for` a maintainer.
    pub actor: String,
    /// The fingerprint of their key; `local`: the operator's own command line.
    pub key: String,
    /// Where they came from.
    pub source: String,
    /// What was done.
    pub action: Action,
    /// Of which AS number; `None`: it was about a maintainer.
    pub asn: Option<Asn>,
    pub before: Option<String>,
    /// What is now.
    pub after: Option<String>,
}

/// The newest records, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditLog {
    pub records: Vec<Record>,
    /// Were there more?
    pub cut: bool,
}

/// What happened to a peering, as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    pub at: Timestamp,
    pub kind: Kind,
    /// In one word: what was done, or what became of it.
    pub action: String,
    /// Who did it: a maintainer, or `operator`; `None`: nobody.
    pub who: Option<String>,
    /// With which key and from where, for whom that is to be seen.
    pub origin: Option<(String, String)>,
    pub detail: String,
}

/// What something happened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The peering itself, by a command.
    Peering,
    Link,
    Bgp,
}

/// Who reads.
#[derive(Clone, Copy, Debug)]
pub enum Reader<'a> {
    /// The operator, who sees everything.
    Operator,
    /// A maintainer, and everybody who maintains the AS number by the registry of this moment.
    Member(&'a Mntner, &'a [Mntner]),
}

impl Action {
    const ALL: [Action; 12] = [
        Action::Create,
        Action::Edit,
        Action::Disable,
        Action::Enable,
        Action::Remove,
        Action::Approve,
        Action::Reject,
        Action::Suspend,
        Action::Ban,
        Action::Unban,
        Action::Import,
        Action::GiveBack,
    ];

    /// Its word in the database and in answers.
    pub fn word(&self) -> &str {
        match self {
            Action::Create => "create",
            Action::Edit => "edit",
            Action::Disable => "disable",
            Action::Enable => "enable",
            Action::Remove => "remove",
            Action::Approve => "approve",
            Action::Reject => "reject",
            Action::Suspend => "suspend",
            Action::Ban => "ban",
            Action::Unban => "unban",
            Action::Import => "import",
            Action::GiveBack => "give-back",
            Action::Other(word) => word,
        }
    }

    /// The action of a word.
    pub fn from_word(word: &str) -> Action {
        let known = Action::ALL.into_iter().find(|action| action.word() == word);
        known.unwrap_or_else(|| Action::Other(word.to_string()))
    }
}

impl From<Transition> for Happening {
    fn from(it: Transition) -> Happening {
        let error = match it.last_error.as_str() {
            "" => String::new(),
            words => format!(", last error: {words}"),
        };
        let (kind, detail) = match it.what {
            // Of a link, both words say what the action says.
            Subject::Link => (Kind::Link, String::new()),
            Subject::Bgp => (Kind::Bgp, format!("from {} to {}{error}", it.from, it.to)),
        };
        let action = if it.up { "up" } else { "down" }.to_string();
        Happening { at: it.at, kind, action, who: None, origin: None, detail }
    }
}

impl Record {
    /// The maintainer who did it, with their own key.
    fn member(&self) -> Option<Mntner> {
        self.actor.parse().ok()
    }

    /// Every maintainer that it is about: whose peering it was, and the member who did it. Whom an
    /// administrator named at their login counts where the record says nothing else.
    fn concerned(&self) -> Vec<Mntner> {
        let texts = [self.before.as_deref(), self.after.as_deref()];
        let named =
            texts.into_iter().flatten().flat_map(pairs).filter(|pair| pair.0 == "maintainer");
        let mut concerned: Vec<Mntner> = named.filter_map(|pair| pair.1.parse().ok()).collect();
        let said = texts.iter().any(Option::is_some);
        match self.actor.strip_prefix("admin for ") {
            Some(name) if !said => concerned.extend(name.parse::<Mntner>()),
            Some(_) => {}
            None => concerned.extend(self.member()),
        }
        concerned
    }

    /// Is it about this maintainer?
    pub fn is_about(&self, name: &Mntner) -> bool {
        self.concerned().contains(name)
    }

    /// The difference that it made, in words.
    pub fn detail(&self) -> String {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if !after.starts_with("reason ") => {
                difference(before, after)
            }
            (_, Some(words)) | (Some(words), None) => words.clone(),
            (None, None) => String::new(),
        }
    }

    fn happening(&self, reader: Reader<'_>) -> Happening {
        let (who, open) = match (reader, self.member()) {
            (Reader::Operator, _) => (self.actor.clone(), true),
            (Reader::Member(reader, _), Some(name)) => (name.to_string(), *reader == name),
            (Reader::Member(..), None) => ("operator".to_string(), false),
        };
        Happening {
            at: self.at,
            kind: Kind::Peering,
            action: self.action.word().to_string(),
            who: Some(who),
            origin: open.then(|| (self.key.clone(), self.source.clone())),
            detail: self.detail(),
        }
    }
}

/// What a reader may see of an AS number's records and of what became of its link and BGP session,
/// the oldest first, and whether more of it is left out than `max` allows.
///
/// An AS number changes hands. A member sees what happened since the last record about somebody who
/// does not maintain it any more: endpoints and keys of a former holder are not theirs to know.
pub fn history(
    audit_log: &AuditLog,
    transitions: Vec<Happening>,
    reader: Reader<'_>,
    max: usize,
) -> (Vec<Happening>, bool) {
    let hidden = audit_log.records.iter().rposition(|record| is_of_others(record, reader));
    let since = hidden.and_then(|at| audit_log.records.get(at)).map(|record| record.at);
    let shown = audit_log.records.iter().skip(hidden.map_or(0, |at| at + 1));
    let mut all: Vec<Happening> = shown.map(|record| record.happening(reader)).collect();
    for transition in transitions {
        if since.is_none_or(|since| transition.at > since) {
            all.push(transition);
        }
    }
    all.sort_by_key(|happening| happening.at);
    let too_many = all.len().saturating_sub(max);
    (all.split_off(too_many), too_many > 0 || (audit_log.cut && hidden.is_none()))
}

fn is_of_others(record: &Record, reader: Reader<'_>) -> bool {
    match reader {
        Reader::Operator => false,
        Reader::Member(_, owners)
            if record.member().is_some_and(|member| owners.contains(&member)) =>
        {
            false
        }
        Reader::Member(_, owners) => record.concerned().iter().any(|name| !owners.contains(name)),
    }
}

/// Words by twos; what follows `reason` is no pair, whatever it says.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let mut words = text.split(' ');
    let mut found = Vec::new();
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        if name == "reason" {
            break;
        }
        found.push((name, value));
    }
    found
}

fn difference(before: &str, after: &str) -> String {
    let (old, new) = (pairs(before), pairs(after));
    let gone = old.iter().filter(|(name, _)| new.iter().all(|(other, _)| other != name));
    let mut lines = Vec::new();
    for (name, _) in new.iter().chain(gone) {
        let (before, after) = (value(&old, name), value(&new, name));
        if before != after {
            lines.push(format!("{name} from {before} to {after}"));
        }
    }
    lines.join(", ")
}

fn value<'a>(pairs: &[(&str, &'a str)], wanted: &str) -> &'a str {
    pairs.iter().find(|(name, _)| *name == wanted).map_or("none", |(_, value)| value)
}

#[cfg(test)]
mod tests;
