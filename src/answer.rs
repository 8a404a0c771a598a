//! What commands are answered with. Each answer is a plain value with its text for people, its JSON
//! for programs and its exit status; a file holds what one command, or two that belong together,
//! answer. Whoever carries a command out prints nothing, and who shows an answer knows nothing of
//! its kind.

mod audit;
mod ban;
mod help;
mod life;
mod peer;
mod peer_config;
mod peer_list;
mod peer_status;
mod pops;
mod progress;
mod question;
mod saved;
mod whoami;

pub use audit::Audit;
pub use audit::PeerHistory;
pub use ban::{BanList, Banned, Effect, Unbanned};
pub use help::Help;
pub use life::{BgpLife, Life, LifeView, ListedPeer, RouteCounts, Sign, Signs, summary};
pub use peer::{OurSide, PeerView, PeeringState};
pub use peer_config::PeerConfig;
pub use peer_config::{PeerExport, WITHHELD};
pub use peer_list::PeerList;
pub use peer_status::{CheckView, Mark, PeerStatus, RawView, Whose};
pub use pops::{PopPeering, PopView, Pops, Rtt};
pub use progress::{FollowEvent, Stage};
pub use question::{LimitsView, Question, Shown, pasted};
pub use saved::{Applied, Change, Deed, Saved};
pub use whoami::{IdentityView, Intro, Whoami};

use crate::command::Field;
use crate::model::Refusal;
use crate::text::Screen;
use crate::text::escape::{escape, sentence};
use nanoserde::SerJson;
use std::fmt::{self, Write as _};

/// The `version` of every JSON answer. Fields are added, never renamed.
const VERSION: u8 = 1;

/// What a command is answered with.
pub trait Answer: fmt::Debug {
    /// For people, with a line end after each line. In a window no line is wider than the window,
    /// except for words that cannot be broken and text that is to be copied.
    fn text(&self, screen: Screen) -> String;

    /// For programs: one JSON object without a line end. `None`: only people get this answer.
    fn json(&self) -> Option<String>;

    /// What a single command ends with.
    fn status(&self) -> ExitStatus {
        ExitStatus::Done
    }

    /// The peering that was just created and is being set up: somebody at a terminal may look on.
    fn created(&self) -> Option<&PeerView> {
        None
    }
}

/// An answer of any command.
pub type Reply = Box<dyn Answer>;

/// What became of a request: an answer, or what stood in its way.
pub type Outcome = Result<Reply, Stop>;

/// What stood in the way of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Something must be answered first.
    Ask(Question),
    /// It cannot be. The field is the answer that is wrong, where it is one.
    Refused(Refusal, Option<Field>),
    /// We failed; it was logged, and this is all that the caller is told.
    Fault(String),
}

/// Exit statuses, as in the contract of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    Done = 0,
    Refused = 1,
    /// The command was not understood.
    Usage = 2,
    /// Saved, but not applied.
    NotApplied = 3,
    /// A fault of ours.
    Fault = 4,
    /// A check of peer_status --exit-status is not well.
    CheckFailed = 5,
}

/// Nothing was changed, since the caller did not mean it.
#[derive(Debug)]
pub struct Abandoned;

/// The session ends.
#[derive(Debug)]
pub struct Bye;

impl ExitStatus {
    /// What a refused command ends with.
    pub fn of_refusal(refusal: &Refusal) -> ExitStatus {
        if refusal.is_usage() { ExitStatus::Usage } else { ExitStatus::Refused }
    }

    /// The number for the operating system.
    pub fn code(self) -> u32 {
        self as u32
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal, None)
    }
}

impl Answer for Abandoned {
    fn text(&self, screen: Screen) -> String {
        screen.fold("Nothing was changed.\n".to_string())
    }

    fn json(&self) -> Option<String> {
        None
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::Refused
    }
}

impl Answer for Bye {
    fn text(&self, screen: Screen) -> String {
        screen.fold("See You, Space Cowboy!\n".to_string())
    }

    fn json(&self) -> Option<String> {
        None
    }
}

/// A refusal for people: what is wrong, and on the next line what to do.
pub fn refusal_text(refusal: &Refusal, screen: Screen) -> String {
    let mut text = screen.paint("31", &format!("{}.", escape(&refusal.message)));
    if !refusal.hint.is_empty() {
        let _ = write!(text, "\n{}", sentence(&refusal.hint));
    }
    screen.fold(text + "\n")
}

#[derive(SerJson)]
struct FailureJson {
    version: u8,
    error: ErrorJson,
}

#[derive(SerJson)]
struct ErrorJson {
    code: String,
    message: String,
    hint: String,
}

/// A refusal or a fault for programs; without a line end.
pub fn refusal_json(refusal: &Refusal) -> String {
    let error = ErrorJson {
        code: refusal.code.to_string(),
        message: refusal.message.clone(),
        hint: refusal.hint.clone(),
    };
    FailureJson { version: VERSION, error }.serialize_json()
}

/// A value for a table's cell; empty where there is none.
fn optional(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

/// A round trip as people say it: 0.4 ms, 7.3 ms, 148 ms.
pub(crate) fn milliseconds(us: u64) -> String {
    match us {
        0..10_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        _ => format!("{} ms", us / 1000),
    }
}

#[cfg(test)]
pub(crate) mod examples;

#[cfg(test)]
mod tests;
