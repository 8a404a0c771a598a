//! Who gets no peering here, and why.
//!
//! A ban stands against new peerings, changes and switching on; what is set up goes on. It is of a
//! maintainer or of an AS number: the one has many AS numbers, the other may have many maintainers.

use crate::model::{Asn, Mntner, Refusal, Timestamp};
use std::fmt;
use std::str::FromStr;

/// Whom a ban is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A maintainer, whatever AS number they come with.
    Maintainer(Mntner),
    /// An AS number, whoever comes with it.
    Asn(Asn),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Of whom.
    pub subject: Subject,
    /// Why, in the operator's words.
    pub reason: String,
    /// Who decided it, as in an audit record.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
}

impl Subject {
    /// The maintainer, where it is one.
    pub fn maintainer(&self) -> Option<&Mntner> {
        match self {
            Subject::Maintainer(name) => Some(name),
            Subject::Asn(_) => None,
        }
    }

    /// The AS number, where it is one.
    pub fn asn(&self) -> Option<Asn> {
        match self {
            Subject::Maintainer(_) => None,
            Subject::Asn(asn) => Some(*asn),
        }
    }
}

impl Ban {
    /// Does it stand against this maintainer, or against one of these AS numbers?
    pub fn concerns(&self, maintainer: Option<&Mntner>, asns: &[Asn]) -> bool {
        match &self.subject {
            Subject::Maintainer(name) => maintainer == Some(name),
            Subject::Asn(asn) => asns.contains(asn),
        }
    }

    /// What it means for whom it is of, as a sentence without its end.
    pub fn words(&self) -> String {
        format!("{} gets no peering here: {}", self.subject, self.reason)
    }

    /// What somebody is told against whom it stands.
    pub fn refusal(&self) -> Refusal {
        let hint = "What is set up goes on; ask the operator of this POP";
        Refusal::new("banned", self.words(), hint)
    }
}

impl FromStr for Subject {
    type Err = ();

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<Subject, ()> {
        match text.parse() {
            Ok(asn) => Ok(Subject::Asn(asn)),
            Err(_) => text.parse().map(Subject::Maintainer).map_err(drop),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Maintainer(name) => write!(out, "{name}"),
            Subject::Asn(asn) => write!(out, "{asn}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_written_and_read() {
        for text in ["EVE-MNT", "AS4242420001", "AS1-MNT"] {
            assert_eq!(text.parse::<Subject>().map(|it| it.to_string()), Ok(text.to_string()));
        }
        for text in ["", "EVE", "AS0", "AS", "x y-MNT"] {
            assert_eq!(text.parse::<Subject>(), Err(()), "{text}");
        }
    }

    #[test]
    fn a_ban_concerns_whom_it_names() {
        let ban = |text: &str| Ban {
            subject: text.parse().unwrap(),
            reason: "spam".into(),
            by: "admin".into(),
            since: Timestamp(0),
        };
        let (eve, asns) = ("EVE-MNT".parse().unwrap(), [Asn::new(64600).unwrap()]);
        assert!(ban("EVE-MNT").concerns(Some(&eve), &[]));
        assert!(
            !ban("EVE-MNT").concerns(None, &asns) && !ban("BOB-MNT").concerns(Some(&eve), &asns)
        );
        assert!(ban("AS64600").concerns(Some(&eve), &asns));
        assert!(!ban("AS64601").concerns(Some(&eve), &asns));
        assert_eq!(ban("AS64601").refusal().message, "AS64601 gets no peering here: spam");
    }
}
