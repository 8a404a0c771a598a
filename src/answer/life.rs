//! How a peering lives: what its tunnel and its BGP session were like when somebody last looked.

use super::{PeerView, PeeringState};
use crate::command::Scope;
use crate::model::{BgpState, Mntner, Timestamp};
use crate::text::table::Hue;
use nanoserde::SerJson;
use std::time::Duration;

/// A peering in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPeer {
    /// What it is meant to be.
    pub peer: PeerView,
    /// How it lives.
    pub life: LifeView,
}

/// How a peering lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifeView {
    /// In one word.
    pub life: Life,
    /// What that was made of.
    pub signs: Signs,
    /// How old the last handshake is, where there was one.
    pub handshake: Option<Duration>,
    /// When this POP saw the tunnel come up or go down.
    pub link_since: Option<Timestamp>,
    /// The BGP session.
    pub bgp: BgpLife,
    /// The round trip to the endpoint when it last answered a ping, in microseconds.
    pub rtt_us: Option<u64>,
    /// Whose it is: the AS number's maintainer, or the recorded one where the registry has none.
    pub maintainer: Option<Mntner>,
}

/// What was seen of one part of a peering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It is up.
    Up,
    /// It is not.
    Down,
    /// Nobody could look, or has looked yet.
    Unseen,
}

/// What was seen of a peering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signs {
    /// Of its tunnel.
    pub tunnel: Sign,
    /// Of its BGP session.
    pub bgp: Sign,
}

/// Is a peering up?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The tunnel has a fresh handshake and the BGP session is Established, as far as this POP can
    /// look at them.
    Up,
    /// One of them is not, or our side could not be set up.
    Down,
    /// For approval, for the apply loop, or for the first look.
    Waiting,
    /// It was switched off.
    Off,
}

/// How a BGP session lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BgpLife {
    /// Its state; `None`: this POP has not heard of it.
    pub state: Option<BgpState>,
    /// When this POP saw it come up or go down.
    pub since: Option<Timestamp>,
    /// Its routes of both families, where it was looked at.
    pub routes: Option<RouteCounts>,
}

/// How many routes a BGP session carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteCounts {
    /// Taken from the member.
    pub imported: u64,
    /// Given to the member.
    pub exported: u64,
}

/// How many peerings there are and how they live, in one sentence: `2 peerings: 1 up, 1 has had no
/// handshake for 3 days (peer_status 4242420001)`. `None`: there is none.
pub fn summary(peers: &[ListedPeer], scope: Scope, now: Timestamp) -> Option<String> {
    let down: Vec<&ListedPeer> =
        peers.iter().filter(|listed| listed.life.life == Life::Down).collect();
    let mut parts = Vec::new();
    for (life, words) in [(Life::Up, "up"), (Life::Waiting, "waiting"), (Life::Off, "switched off")]
    {
        let count = peers.iter().filter(|listed| listed.life.life == life).count();
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    let all = if scope == Scope::All { " --all" } else { "" };
    match down.as_slice() {
        [] => {}
        [only] => {
            let asn = only.peer.asn.get();
            parts.push(format!("1 {} (peer_status {asn})", only.trouble(now)));
        }
        several => parts.push(format!("{} down (peer_list{all} --down)", several.len())),
    }
    let plural = if peers.len() == 1 { "" } else { "s" };
    (!peers.is_empty()).then(|| format!("{} peering{plural}: {}", peers.len(), parts.join(", ")))
}

impl ListedPeer {
    /// What is the matter with one that is down: `has had no handshake for 3 days`.
    fn trouble(&self, now: Timestamp) -> String {
        let life = &self.life;
        if self.peer.state == PeeringState::Failed {
            return "could not be set up".to_string();
        }
        let (what, age) = match life.signs.tunnel {
            Sign::Down => ("handshake", life.handshake.or(age(life.link_since, now))),
            Sign::Up | Sign::Unseen => ("BGP session", age(life.bgp.since, now)),
        };
        match age {
            Some(age) => format!("has had no {what} for {}", age_words(age)),
            None => format!("has had no {what} yet"),
        }
    }
}

fn age(since: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    Some(Duration::from_secs(now.since(since?)))
}

impl Life {
    /// From what was saved, what was reached and what was seen. What cannot be looked at speaks
    /// neither for it nor against it; a peering of which nothing can be seen is never called up.
    pub fn of(state: PeeringState, signs: Signs) -> Life {
        match state {
            PeeringState::Disabled | PeeringState::Suspended => return Life::Off,
            PeeringState::Pending | PeeringState::Queued => return Life::Waiting,
            PeeringState::Failed => return Life::Down,
            PeeringState::Applied => {}
        }
        match (signs.tunnel, signs.bgp) {
            (Sign::Down, _) | (_, Sign::Down) => Life::Down,
            (Sign::Unseen, Sign::Unseen) => Life::Waiting,
            (Sign::Up, _) | (_, Sign::Up) => Life::Up,
        }
    }

    /// The word for it, in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Life::Up => "up",
            Life::Down => "down",
            Life::Waiting => "waiting",
            Life::Off => "off",
        }
    }

    /// Its colour.
    pub fn hue(self) -> Hue {
        match self {
            Life::Up => Hue::Green,
            Life::Down => Hue::Red,
            Life::Waiting | Life::Off => Hue::Yellow,
        }
    }
}

/// The BGP session as JSON has it.
#[derive(SerJson)]
pub struct BgpJson {
    #[nserde(serialize_none_as_null)]
    state: Option<String>,
    #[nserde(serialize_none_as_null)]
    since: Option<String>,
    #[nserde(serialize_none_as_null)]
    imported: Option<u64>,
    #[nserde(serialize_none_as_null)]
    exported: Option<u64>,
}

impl From<&BgpLife> for BgpJson {
    fn from(bgp: &BgpLife) -> BgpJson {
        BgpJson {
            state: bgp.state.map(|state| state.word().to_string()),
            since: bgp.since.map(Timestamp::rfc3339),
            imported: bgp.routes.map(|routes| routes.imported),
            exported: bgp.routes.map(|routes| routes.exported),
        }
    }
}

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

/// For a table's cell: `12 s`, `7 min`, `3 h`, `15 d`.
pub(super) fn short_age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..MINUTE_S => format!("{seconds} s"),
        MINUTE_S..HOUR_S => format!("{} min", seconds / MINUTE_S),
        HOUR_S..DAY_S => format!("{} h", seconds / HOUR_S),
        _ => format!("{} d", seconds / DAY_S),
    }
}

/// For a sentence: `12 seconds`, `1 minute`, `3 hours`, `15 days`.
fn age_words(age: Duration) -> String {
    let seconds = age.as_secs();
    let (count, unit) = match seconds {
        0..MINUTE_S => (seconds, "second"),
        MINUTE_S..HOUR_S => (seconds / MINUTE_S, "minute"),
        HOUR_S..DAY_S => (seconds / HOUR_S, "hour"),
        _ => (seconds / DAY_S, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::examples::{lived, peer};

    const NOW: Timestamp = Timestamp(1_769_860_800);

    fn told(peers: &[ListedPeer]) -> String {
        summary(peers, Scope::Mine, NOW).unwrap_or_default()
    }

    fn ago(days: i64) -> Option<Timestamp> {
        Some(Timestamp(NOW.0 - days * DAY_S.cast_signed()))
    }

    fn down(tunnel: Sign, change: impl FnOnce(&mut LifeView)) -> ListedPeer {
        let mut listed = lived(peer(64600, PeeringState::Applied), Life::Down);
        listed.life.signs = Signs { tunnel, bgp: Sign::Down };
        listed.life.handshake = None;
        change(&mut listed.life);
        listed
    }

    #[test]
    fn one_sentence_says_who_is_down_and_for_how_long() {
        let up = || lived(peer(4242420001, PeeringState::Applied), Life::Up);
        let days = |days: u64| Some(Duration::from_secs(days * DAY_S));
        let silent = down(Sign::Down, |life| life.handshake = days(3));
        assert_eq!(
            told(&[silent.clone(), up()]),
            "2 peerings: 1 up, 1 has had no handshake for 3 days (peer_status 64600)"
        );
        let restarted = down(Sign::Down, |life| life.link_since = ago(2));
        let never = down(Sign::Down, |_| {});
        let no_bgp = down(Sign::Up, |life| {
            life.handshake = days(0);
            life.bgp.since = ago(1);
        });
        let never_bgp = down(Sign::Unseen, |_| {});
        for (listed, words) in [
            (restarted, "has had no handshake for 2 days"),
            (never, "has had no handshake yet"),
            (no_bgp, "has had no BGP session for 1 day"),
            (never_bgp, "has had no BGP session yet"),
        ] {
            assert_eq!(told(&[listed]), format!("1 peering: 1 {words} (peer_status 64600)"));
        }
        let failed = lived(peer(64600, PeeringState::Failed), Life::Down);
        assert_eq!(told(&[failed]), "1 peering: 1 could not be set up (peer_status 64600)");
    }

    #[test]
    fn many_are_counted() {
        let one = |life| lived(peer(64600, PeeringState::Applied), life);
        let all = [Life::Up, Life::Down, Life::Down, Life::Waiting, Life::Off].map(one);
        assert_eq!(
            told(&all),
            "5 peerings: 1 up, 1 waiting, 1 switched off, 2 down (peer_list --down)"
        );
        let scoped = summary(&all, Scope::All, NOW).unwrap();
        assert!(scoped.ends_with("2 down (peer_list --all --down)"), "{scoped}");
        assert_eq!(summary(&[], Scope::Mine, NOW), None);
    }

    #[test]
    fn applied_is_not_up() {
        use Sign::{Down, Unseen, Up};
        for (tunnel, bgp, expect) in [
            (Up, Up, Life::Up),
            (Up, Down, Life::Down),
            (Down, Up, Life::Down),
            (Down, Down, Life::Down),
            (Down, Unseen, Life::Down),
            (Unseen, Down, Life::Down),
            (Unseen, Up, Life::Up),
            (Up, Unseen, Life::Up),
            (Unseen, Unseen, Life::Waiting),
        ] {
            let seen = Life::of(PeeringState::Applied, Signs { tunnel, bgp });
            assert_eq!(seen, expect, "{tunnel:?} {bgp:?}");
        }
    }

    #[test]
    fn what_is_not_set_up_is_not_looked_at() {
        let both = Signs { tunnel: Sign::Up, bgp: Sign::Up };
        for (state, expect) in [
            (PeeringState::Pending, Life::Waiting),
            (PeeringState::Queued, Life::Waiting),
            (PeeringState::Failed, Life::Down),
            (PeeringState::Disabled, Life::Off),
            (PeeringState::Suspended, Life::Off),
        ] {
            assert_eq!(Life::of(state, both), expect, "{state}");
        }
    }

    #[test]
    fn an_age_has_the_unit_that_a_reader_would_choose() {
        for (seconds, cell, sentence) in [
            (0, "0 s", "0 seconds"),
            (59, "59 s", "59 seconds"),
            (60, "1 min", "1 minute"),
            (3_599, "59 min", "59 minutes"),
            (3_600, "1 h", "1 hour"),
            (86_399, "23 h", "23 hours"),
            (86_400, "1 d", "1 day"),
            (3 * 86_400 + 5, "3 d", "3 days"),
            (u64::MAX, "213503982334601 d", "213503982334601 days"),
        ] {
            let age = Duration::from_secs(seconds);
            assert_eq!((short_age(age).as_str(), age_words(age).as_str()), (cell, sentence));
        }
    }
}
