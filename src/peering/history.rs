//! What became of a peering's link and BGP session over time: a transition is written down when one
//! of them comes up or goes down, and not for anything in between. Pure: who looks, and when, is
//! not decided here.

use crate::limits::TRANSITION_WORDS_CHARS_MAX;
use crate::model::{Asn, BgpState, Timestamp};
use std::collections::BTreeMap;

/// What can be up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The WireGuard link: up while its last handshake is fresh.
    Link,
    /// The BGP session: up while BIRD says Established.
    Bgp,
}

/// That something came up or went down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When it was seen, at most one interval of the watch after it happened.
    pub at: Timestamp,
    pub what: Subject,
    pub up: bool,
    /// What it was before: `up` and `down` of a link, BIRD's word (`Established`, `Active`, …) of a
    /// BGP session; `missing` where BIRD has none, `unknown` before the first look.
    pub from: String,
    /// What it is now, in the same words.
    pub to: String,
    /// BIRD's last error in its own words, which the other end chose in part; empty: none. At most
    /// [`TRANSITION_WORDS_CHARS_MAX`] characters.
    pub last_error: String,
}

/// How something is at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Is it up?
    pub liveness: Liveness,
    /// BIRD's last error.
    pub last_error: String,
}

/// What is observed, and whether it is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The link had a handshake lately.
    LinkUp,
    /// It had none.
    LinkDown,
    /// BIRD runs the BGP session; `None`: it says no state that is known.
    Bgp(Option<BgpState>),
    /// BIRD has no such BGP session.
    BgpMissing,
}

/// What was last known of everything that can be up or down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastKnown(BTreeMap<(Asn, Subject), Known>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    up: bool,
    word: String,
    /// When it came up or went down; `None`: it was down when it was first seen.
    since: Option<Timestamp>,
}

impl Subject {
    /// Its word in the database and in answers.
    pub fn word(self) -> &'static str {
        match self {
            Subject::Link => "link",
            Subject::Bgp => "bgp",
        }
    }

    /// The subject of a word.
    pub fn of(word: &str) -> Option<Subject> {
        [Subject::Link, Subject::Bgp].into_iter().find(|subject| subject.word() == word)
    }
}

impl Liveness {
    /// What it is the status of.
    pub fn subject(self) -> Subject {
        match self {
            Liveness::LinkUp | Liveness::LinkDown => Subject::Link,
            Liveness::Bgp(_) | Liveness::BgpMissing => Subject::Bgp,
        }
    }

    pub fn is_up(self) -> bool {
        matches!(self, Liveness::LinkUp | Liveness::Bgp(Some(BgpState::Established)))
    }

    /// The word of [`Transition::to`].
    pub fn word(self) -> &'static str {
        match self {
            Liveness::LinkUp => "up",
            Liveness::LinkDown => "down",
            Liveness::Bgp(state) => state.map_or("", BgpState::word),
            Liveness::BgpMissing => "missing",
        }
    }
}

impl LastKnown {
    /// What was last written down, so that a start of this program is no transition.
    pub fn from_last(last: impl IntoIterator<Item = (Asn, Transition)>) -> LastKnown {
        let mut known = BTreeMap::new();
        for (asn, transition) in last {
            known.insert(
                (asn, transition.what),
                Known { up: transition.up, word: transition.to, since: Some(transition.at) },
            );
        }
        LastKnown(known)
    }

    /// The transition that an observation is, if it is one. What was never seen counts as down: a
    /// peering that never came up has nothing to tell.
    pub fn transition(&self, asn: Asn, seen: &Observation, at: Timestamp) -> Option<Transition> {
        let what = seen.liveness.subject();
        let (was_up, from) = match self.0.get(&(asn, what)) {
            Some(known) => (known.up, known.word.as_str()),
            None => (false, "unknown"),
        };
        let up = seen.liveness.is_up();
        if up == was_up {
            return None;
        }
        Some(Transition {
            at,
            what,
            up,
            from: from.to_string(),
            to: seen.liveness.word().to_string(),
            last_error: seen.last_error.chars().take(TRANSITION_WORDS_CHARS_MAX).collect(),
        })
    }

    /// Takes an observation over, after its transition was written down if it was one.
    pub fn adopt(&mut self, asn: Asn, status: Liveness, at: Timestamp) {
        let (key, up) = ((asn, status.subject()), status.is_up());
        let before = self.0.get(&key);
        let since = match before {
            Some(before) if before.up == up => before.since,
            None if !up => None,
            _ => Some(at),
        };
        self.0.insert(key, Known { up, word: status.word().to_string(), since });
    }

    /// When it came up or went down; `None`: it never did.
    pub fn since(&self, asn: Asn, what: Subject) -> Option<Timestamp> {
        self.0.get(&(asn, what))?.since
    }

    /// Is everything of a peering up that is known? `None`: nothing is known.
    pub fn is_up(&self, asn: Asn) -> Option<bool> {
        let parts = [Subject::Link, Subject::Bgp].map(|what| self.0.get(&(asn, what)));
        parts.into_iter().flatten().map(|known| known.up).reduce(|one, other| one && other)
    }

    /// Forgets the peerings that are gone; one that is made anew begins anew.
    pub fn retain(&mut self, is_there: impl Fn(Asn) -> bool) {
        self.0.retain(|(asn, _), _| is_there(*asn));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(1_700_000_000);

    fn asn() -> Asn {
        Asn::new(64601).unwrap()
    }

    fn bgp(state: BgpState, last_error: &str) -> Observation {
        Observation { liveness: Liveness::Bgp(Some(state)), last_error: last_error.to_string() }
    }

    /// Transitions of these observations in their order, as "from -> to: error".
    fn transitions(known: &mut LastKnown, seen: &[Observation]) -> Vec<String> {
        let mut lines = Vec::new();
        for seen in seen {
            if let Some(it) = known.transition(asn(), seen, AT) {
                lines.push(format!("{} -> {}: {}", it.from, it.to, it.last_error));
            }
            known.adopt(asn(), seen.liveness, AT);
        }
        lines
    }

    #[test]
    fn only_what_comes_up_or_goes_down_is_a_transition() {
        let seen = [
            bgp(BgpState::Idle, ""),
            bgp(BgpState::Active, "Socket: Connection refused"),
            bgp(BgpState::Established, ""),
            bgp(BgpState::Established, ""),
            bgp(BgpState::Connect, "Received: Hold timer expired"),
            Observation { liveness: Liveness::BgpMissing, last_error: String::new() },
            bgp(BgpState::Established, ""),
        ];
        let lines = [
            "Active -> Established: ",
            "Established -> Connect: Received: Hold timer expired",
            "missing -> Established: ",
        ];
        assert_eq!(transitions(&mut LastKnown::default(), &seen), lines);
    }

    #[test]
    fn a_start_is_no_transition() {
        let up = Transition {
            at: AT,
            what: Subject::Bgp,
            up: true,
            from: "Active".into(),
            to: "Established".into(),
            last_error: String::new(),
        };
        let mut known = LastKnown::from_last([(asn(), up)]);
        assert!(transitions(&mut known, &[bgp(BgpState::Established, "")]).is_empty());
        let down = bgp(BgpState::Active, "x");
        assert_eq!(transitions(&mut known, &[down]), ["Established -> Active: x"]);
        known.retain(|_| false);
        let anew = transitions(&mut known, &[bgp(BgpState::Active, "")]);
        assert!(anew.is_empty(), "made anew, begins anew");
    }

    /// The other end chooses the words of a shutdown message.
    #[test]
    fn words_are_bounded() {
        let seen = bgp(BgpState::Established, &"x".repeat(10_000));
        let transition = LastKnown::default().transition(asn(), &seen, AT).unwrap();
        assert_eq!(transition.last_error.len(), TRANSITION_WORDS_CHARS_MAX);
    }

    #[test]
    fn a_status_is_up_or_down() {
        let up = [Liveness::LinkUp, Liveness::Bgp(Some(BgpState::Established))];
        let down = [Liveness::LinkDown, Liveness::BgpMissing, Liveness::Bgp(None)];
        assert!(up.into_iter().all(Liveness::is_up) && !down.into_iter().any(Liveness::is_up));
        assert!(!Liveness::Bgp(Some(BgpState::OpenConfirm)).is_up());
    }

    #[test]
    fn words_of_subjects_are_read_back() {
        for what in [Subject::Link, Subject::Bgp] {
            assert_eq!(Subject::of(what.word()), Some(what));
        }
        assert_eq!(Subject::of("x"), None);
    }
}
