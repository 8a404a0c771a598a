//! ban and unban: who gets no peering here.

use super::{Answer, VERSION};
use crate::model::{Asn, Mntner};
use crate::peering::ban::{Ban, Subject};
use crate::text::Screen;
use crate::text::escape::sentence;
use crate::text::table::{Fit, Table};
use nanoserde::SerJson;

/// Somebody gets no peering here.
#[derive(Debug)]
pub struct Banned {
    /// Who, and why.
    pub ban: Ban,
    /// Was it put, or there before?
    pub effect: Effect,
}

/// Somebody may have a peering here.
#[derive(Debug)]
pub struct Unbanned {
    pub subject: Subject,
    /// Was a ban lifted, or was there none?
    pub effect: Effect,
}

/// Everybody who gets no peering here.
#[derive(Debug)]
pub struct BanList(pub Vec<Ban>);

/// Did a decision make a difference?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Changed,
    /// It was so already.
    Unchanged,
}

impl Answer for Banned {
    fn text(&self, screen: Screen) -> String {
        screen.fold(match self.effect {
            Effect::Changed => {
                format!("{}\nWhat is set up goes on; unban ends it.\n", sentence(&self.ban.words()))
            }
            Effect::Unchanged => {
                format!("{} is banned for that already; nothing was changed.\n", self.ban.subject)
            }
        })
    }

    fn json(&self) -> Option<String> {
        let json = BannedJson {
            version: VERSION,
            unchanged: self.effect == Effect::Unchanged,
            ban: BanJson::from(&self.ban),
        };
        Some(json.serialize_json())
    }
}

impl Answer for Unbanned {
    fn text(&self, screen: Screen) -> String {
        let subject = &self.subject;
        screen.fold(match self.effect {
            Effect::Changed => format!("{subject} may have peerings here again.\n"),
            Effect::Unchanged => format!("{subject} was not banned; nothing was changed.\n"),
        })
    }

    fn json(&self) -> Option<String> {
        let json = UnbannedJson {
            version: VERSION,
            unchanged: self.effect == Effect::Unchanged,
            unbanned: SubjectJson {
                maintainer: self.subject.maintainer().map(Mntner::to_string),
                asn: self.subject.asn().map(Asn::get),
            },
        };
        Some(json.serialize_json())
    }
}

impl Answer for BanList {
    fn text(&self, screen: Screen) -> String {
        if self.0.is_empty() {
            return screen.fold("Nobody is banned.\n".to_string());
        }
        let mut table = Table::new([
            ("Banned", Fit::Whole),
            ("Since (UTC)", Fit::Wrap),
            ("By", Fit::Wrap),
            ("Reason", Fit::Wrap),
        ]);
        for ban in &self.0 {
            let subject = ban.subject.to_string();
            let (by, reason) = (ban.by.clone(), ban.reason.clone());
            table.rows.push(vec![subject, ban.since.readable(), by, reason]);
        }
        screen.fold(table.render(screen.columns, screen.style))
    }

    fn json(&self) -> Option<String> {
        let bans = self.0.iter().map(BanJson::from).collect();
        Some(BansJson { version: VERSION, bans }.serialize_json())
    }
}

#[derive(SerJson)]
struct BannedJson {
    version: u8,
    unchanged: bool,
    ban: BanJson,
}

#[derive(SerJson)]
struct UnbannedJson {
    version: u8,
    unchanged: bool,
    unbanned: SubjectJson,
}

#[derive(SerJson)]
struct BansJson {
    version: u8,
    bans: Vec<BanJson>,
}

#[derive(SerJson)]
struct SubjectJson {
    #[nserde(serialize_none_as_null)]
    maintainer: Option<String>,
    #[nserde(serialize_none_as_null)]
    asn: Option<u32>,
}

#[derive(SerJson)]
struct BanJson {
    #[nserde(serialize_none_as_null)]
    maintainer: Option<String>,
    #[nserde(serialize_none_as_null)]
    asn: Option<u32>,
    reason: String,
    by: String,
    since: String,
}

impl From<&Ban> for BanJson {
    fn from(ban: &Ban) -> BanJson {
        BanJson {
            maintainer: ban.subject.maintainer().map(Mntner::to_string),
            asn: ban.subject.asn().map(Asn::get),
            reason: ban.reason.clone(),
            by: ban.by.clone(),
            since: ban.since.rfc3339(),
        }
    }
}
