//! A question to somebody at a terminal, and what is shown before it: what may be asked for, what
//! was understood, what will change.

use super::saved::changes_table;
use super::{Change, PeerView};
use crate::command::Field;
use crate::model::{Asn, Families};
use crate::text::Screen;

/// An answer is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What about.
    pub field: Field,
    /// The words before the cursor, without the final colon.
    pub prompt: String,
    /// What an empty answer means; `None`: there must be one.
    pub suggestion: Option<String>,
    /// What is meant where nobody can be asked; `None`: it must be said.
    pub unasked: Option<String>,
    /// What is to be seen before it is answered.
    pub shown: Option<Box<Shown>>,
}

/// What is to be seen before a question is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// What this POP takes, before the first answer.
    Limits(LimitsView),
    /// The peering that would be made, and our AS number.
    Draft(Box<PeerView>, Asn),
    /// What would change of a peering.
    Changes(Asn, Vec<Change>),
}

/// What this POP takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsView {
    /// Our AS number.
    pub our_asn: Asn,
    /// The public name of this POP.
    pub server: String,
    /// How many peerings there are.
    pub peers: usize,
    /// How many there may be, where that is bounded.
    pub peers_max: Option<u16>,
    /// Which addresses an endpoint may have.
    pub families: Families,
    /// Must the operator approve of each?
    pub approval: bool,
}

impl Question {
    /// A question that must be answered.
    pub fn new(field: Field, prompt: impl Into<String>) -> Question {
        Question { field, prompt: prompt.into(), suggestion: None, unasked: None, shown: None }
    }

    /// The same, where Enter takes `suggestion`.
    pub fn suggesting(self, suggestion: Option<String>) -> Question {
        Question { suggestion, ..self }
    }

    /// The same, which means `answer` where nobody can be asked.
    pub fn or_else(self, answer: Option<String>) -> Question {
        Question { unasked: answer, ..self }
    }

    /// The same, after something was shown.
    pub fn showing(self, shown: Shown) -> Question {
        Question { shown: Some(Box::new(shown)), ..self }
    }
}

impl Shown {
    /// For people, with a line end after each line.
    pub fn text(&self, screen: Screen) -> String {
        match self {
            Shown::Limits(limits) => limits.text(),
            Shown::Draft(peer, our_asn) => peer.sides(*our_asn, screen) + &options(peer),
            Shown::Changes(asn, changes) => {
                format!("The peering with {asn}:\n{}", changes_table(changes, screen))
            }
        }
    }
}

impl LimitsView {
    /// What this POP takes, and how answers are given: short, so that nobody minds it.
    fn text(&self) -> String {
        let endpoints = match self.families {
            Families::Both => "Your endpoint may have an IPv4 or IPv6 address.",
            Families::V4 => "Your endpoint must have an IPv4 address.",
            Families::V6 => "Your endpoint must have an IPv6 address.",
        };
        let approval = if self.approval { " The operator approves each new peering." } else { "" };
        let places = match self.peers_max {
            Some(max) => format!(": {} of {max} places are taken", self.peers),
            None => String::new(),
        };
        format!(
            "Peering with {} at {}{places}.\n{endpoints}{approval}\n\
             Enter takes what is in brackets; a pasted [Peer] section gives several answers.\n",
            self.our_asn, self.server
        )
    }
}

/// What is not in the table of both sides.
fn options(peer: &PeerView) -> String {
    let mut options = Vec::new();
    if let Some(mtu) = peer.mtu {
        options.push(format!("MTU {mtu}"));
    }
    if peer.psk {
        options.push("a preshared key".to_string());
    }
    if peer.families != Families::Both {
        options.push(format!("routes of {} only", peer.families.word()));
    }
    if options.is_empty() {
        return peer.notes_lines();
    }
    format!("With {}.\n{}", options.join(", "), peer.notes_lines())
}

/// What was taken from a pasted piece of a WireGuard file, and what was not.
pub fn pasted(names: &[&str], private_key: bool, other_end: bool) -> String {
    let mut text = String::new();
    if !names.is_empty() {
        text += &format!("Taken from what you pasted: {}.\n", names.join(", "));
    }
    if other_end {
        text += "Its [Peer] section was left out: in your file that is the other end.\n";
    }
    if private_key {
        text += "The private key in it was not kept; only its public one was computed.\n\
                 Nobody but you should ever see it: if you have shown it to anybody else,\n\
                 make a new one.\n";
    }
    text
}
