//! Who went down and who came up, told in the log: each peering once, however many of its parts,
//! and in one line however many peerings.

use crate::limits::NAMES_SHOWN_MAX;
use crate::model::Asn;
use crate::peering::history::{LastKnown, Subject, Transition};
use std::collections::BTreeMap;

/// What one look makes news.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Peerings that were up, each with what is down of it.
    down: Vec<String>,
    /// Peerings that were not up.
    up: Vec<String>,
}

impl News {
    /// What these transitions made of what was known `before`.
    pub fn of(before: &LastKnown, after: &LastKnown, transitions: &[(Asn, Transition)]) -> News {
        let mut first: BTreeMap<Asn, &Transition> = BTreeMap::new();
        for (asn, transition) in transitions {
            // Without a tunnel there is no BGP session either.
            let kept = first.entry(*asn).or_insert(transition);
            if transition.what == Subject::Link {
                *kept = transition;
            }
        }
        let mut news = News::default();
        for (asn, transition) in first {
            match (before.is_up(asn), after.is_up(asn)) {
                (Some(true), Some(false)) => news.down.push(format!("{asn} ({})", why(transition))),
                (Some(false) | None, Some(true)) => news.up.push(asn.to_string()),
                _ => {}
            }
        }
        news
    }

    /// Tells it, down at warning.
    pub fn log(&self) {
        if !self.down.is_empty() {
            log::warn!("went down: {}", listed(&self.down));
        }
        if !self.up.is_empty() {
            log::info!("came up: {}", listed(&self.up));
        }
    }
}

fn why(transition: &Transition) -> String {
    match (transition.what, transition.last_error.as_str()) {
        (Subject::Link, _) => "no handshake".to_string(),
        (Subject::Bgp, "") => format!("BGP is {}", transition.to),
        (Subject::Bgp, error) => format!("BGP is {}: {error}", transition.to),
    }
}

/// The first of many, and how many more there are.
fn listed(peerings: &[String]) -> String {
    let (shown, more) = peerings.split_at(peerings.len().min(NAMES_SHOWN_MAX));
    let rest = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("{}{rest}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BgpState, Timestamp};
    use crate::peering::history::{Liveness, Observation};

    /// What is news of these looks, one after the other; each tells of link and BGP session of one
    /// peering.
    fn told(looks: &[(Liveness, Liveness)]) -> Vec<News> {
        let (asn, at) = (Asn::new(64600).unwrap(), Timestamp(1_700_000_000));
        let (mut known, mut told) = (LastKnown::default(), Vec::new());
        for (link, bgp) in looks {
            let before = known.clone();
            let mut transitions = Vec::new();
            for liveness in [*bgp, *link] {
                let seen = Observation { liveness, last_error: "Hold timer expired".into() };
                let transition = known.transition(asn, &seen, at);
                transitions.extend(transition.map(|transition| (asn, transition)));
                known.adopt(asn, liveness, at);
            }
            told.push(News::of(&before, &known, &transitions));
        }
        told
    }

    #[test]
    fn a_peering_goes_down_once_and_comes_back_once() {
        use Liveness::{LinkDown, LinkUp};
        let up = Liveness::Bgp(Some(BgpState::Established));
        let down = Liveness::Bgp(Some(BgpState::Active));
        let looks = [
            (LinkDown, down),
            (LinkUp, down),
            (LinkUp, up),
            (LinkUp, down),
            (LinkDown, down),
            (LinkUp, up),
            (LinkDown, down),
        ];
        let came = News { up: vec!["AS64600".into()], ..News::default() };
        let bgp = "AS64600 (BGP is Active: Hold timer expired)";
        let went = |words: &str| News { down: vec![words.to_string()], ..News::default() };
        let none = News::default;
        let expect = [
            none(),
            none(),
            News { up: came.up.clone(), ..none() },
            went(bgp),
            none(),
            came,
            went("AS64600 (no handshake)"),
        ];
        assert_eq!(told(&looks), expect);
    }

    #[test]
    fn many_are_one_line() {
        let many: Vec<String> = (0..NAMES_SHOWN_MAX + 3).map(|it| it.to_string()).collect();
        assert!(listed(&many).ends_with(" and 3 more"), "{}", listed(&many));
        assert_eq!(listed(&many[..2]), "0, 1");
    }
}
