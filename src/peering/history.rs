//! What became of a peering's link and BGP session over time: a transition is written down when one
//! of them comes up or goes down, and not for anything in between. Pure: who looks, and when, is
//! not decided here.

use crate::limits::TRANSITION_WORDS_CHARS_MAX;
use crate::model::{Asn, Timestamp};
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
    /// What.
    pub what: Subject,
    /// Did it come up?
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
pub struct Sight {
    /// Is it up?
    pub up: bool,
    /// What it is, in the words of [`Transition::to`].
    pub word: String,
    /// BIRD's last error.
    pub last_error: String,
}

/// What was last known of everything that can be up or down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known(BTreeMap<(Asn, Subject), (bool, String)>);

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
        [Subject::Link, Subject::Bgp].into_iter().find(|it| it.word() == word)
    }
}

impl Known {
    /// What was last written down, so that a start of this program is no transition.
    pub fn from_last(last: impl IntoIterator<Item = (Asn, Transition)>) -> Known {
        Known(last.into_iter().map(|(asn, it)| ((asn, it.what), (it.up, it.to))).collect())
    }

    /// The transition that a sight is, if it is one. What was never seen counts as down: a peering
    /// that never came up has nothing to tell.
    pub fn judge(
        &self,
        (asn, what): (Asn, Subject),
        sight: &Sight,
        at: Timestamp,
    ) -> Option<Transition> {
        let (up, from) = match self.0.get(&(asn, what)) {
            Some((up, word)) => (*up, word.as_str()),
            None => (false, "unknown"),
        };
        (up != sight.up).then(|| Transition {
            at,
            what,
            up: sight.up,
            from: from.to_string(),
            to: bounded(&sight.word),
            last_error: bounded(&sight.last_error),
        })
    }

    /// Takes a sight over, after its transition was written down if it was one.
    pub fn adopt(&mut self, asn: Asn, what: Subject, sight: &Sight) {
        self.0.insert((asn, what), (sight.up, bounded(&sight.word)));
    }

    /// Forgets the peerings that are gone; one that is made anew begins anew.
    pub fn retain(&mut self, is_there: impl Fn(Asn) -> bool) {
        self.0.retain(|(asn, _), _| is_there(*asn));
    }
}

fn bounded(words: &str) -> String {
    words.chars().take(TRANSITION_WORDS_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(1_700_000_000);

    fn asn() -> Asn {
        Asn::new(64601).unwrap()
    }

    fn bgp(word: &str, last_error: &str) -> Sight {
        let (word, last_error) = (word.to_string(), last_error.to_string());
        Sight { up: word == "Established", word, last_error }
    }

    /// Transitions of these sights in their order, as "from -> to: error".
    fn told(known: &mut Known, sights: &[Sight]) -> Vec<String> {
        let mut told = Vec::new();
        for sight in sights {
            if let Some(it) = known.judge((asn(), Subject::Bgp), sight, AT) {
                told.push(format!("{} -> {}: {}", it.from, it.to, it.last_error));
            }
            known.adopt(asn(), Subject::Bgp, sight);
        }
        told
    }

    #[test]
    fn only_what_comes_up_or_goes_down_is_told() {
        let sights = [
            bgp("Idle", ""),
            bgp("Active", "Socket: Connection refused"),
            bgp("Established", ""),
            bgp("Established", ""),
            bgp("Connect", "Received: Hold timer expired"),
            bgp("missing", ""),
            bgp("Established", ""),
        ];
        let lines = [
            "Active -> Established: ",
            "Established -> Connect: Received: Hold timer expired",
            "missing -> Established: ",
        ];
        assert_eq!(told(&mut Known::default(), &sights), lines);
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
        let mut known = Known::from_last([(asn(), up)]);
        assert!(told(&mut known, &[bgp("Established", "")]).is_empty());
        assert_eq!(told(&mut known, &[bgp("Active", "x")]), ["Established -> Active: x"]);
        known.retain(|_| false);
        assert!(told(&mut known, &[bgp("Active", "")]).is_empty(), "made anew, begins anew");
    }

    /// The other end chooses the words of a shutdown message.
    #[test]
    fn words_are_bounded() {
        let long = "x".repeat(10_000);
        let sight = Sight { up: true, word: long.clone(), last_error: long };
        let it = Known::default().judge((asn(), Subject::Bgp), &sight, AT).unwrap();
        let lengths = [it.to.len(), it.last_error.len()];
        assert_eq!(lengths, [TRANSITION_WORDS_CHARS_MAX; 2]);
    }

    #[test]
    fn words_of_subjects_are_read_back() {
        for what in [Subject::Link, Subject::Bgp] {
            assert_eq!(Subject::of(what.word()), Some(what));
        }
        assert_eq!(Subject::of("x"), None);
    }
}
