//! How a peering comes up, for whoever has just made it and watches: the board is read, and the
//! loop is asked for a fresh look now and then.

use super::Control;
use crate::answer::{FollowEvent, Stage};
use crate::board::{BgpView, Cause, Entry, Progress};
use crate::limits::{FOLLOW_LOOK_PAUSE, FOLLOW_TIME, FRESH_LOOK_TIMEOUT};
use crate::model::Asn;
use smol::future::FutureExt as _;
use std::time::{Duration, Instant};

/// A peering on its way.
pub struct Follow<'a> {
    control: &'a Control,
    asn: Asn,
    begun: Instant,
    /// When it was last asked for.
    asked: Option<Instant>,
    way: Way,
}

/// How far it got, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Way {
    reached: Option<Stage>,
    at: Duration,
    over: bool,
}

impl Control {
    /// Follows a peering from now on.
    pub fn follow(&self, asn: Asn) -> Follow<'_> {
        let way = Way::default();
        Follow { control: self, asn, begun: Instant::now(), asked: None, way }
    }
}

impl Follow<'_> {
    /// What happens next; `None`: there is nothing more to tell. It takes [`FOLLOW_TIME`] at most.
    pub async fn next(&mut self) -> Option<FollowEvent> {
        while !self.way.over {
            let changed = self.control.board.changed();
            let entry = self.control.board.entry(self.asn)?;
            if let Some(news) = self.way.news(&entry, self.begun.elapsed()) {
                return Some(news);
            }
            self.look();
            let pause = async {
                smol::Timer::after(FOLLOW_LOOK_PAUSE).await;
            };
            changed.or(pause).await;
        }
        None
    }

    fn look(&mut self) {
        let pause = FOLLOW_LOOK_PAUSE;
        if self.asked.is_none_or(|asked| asked.elapsed() >= pause) {
            self.asked = Some(Instant::now());
            self.control.bell.ring(Cause::Look(self.asn));
        }
    }
}

impl Way {
    /// What an entry of the board says that was not told yet, `now` after the beginning.
    fn news(&mut self, entry: &Entry, now: Duration) -> Option<FollowEvent> {
        if let Progress::Failed(why) = &entry.progress {
            self.over = true;
            return Some(FollowEvent::Failed(why.clone()));
        }
        let mut ahead = Stage::ALL.into_iter().filter(|stage| Some(*stage) > self.reached);
        if let Some(stage) = ahead.clone().find(|stage| is_there(*stage, entry)) {
            (self.reached, self.at) = (Some(stage), now);
            self.over = stage == Stage::Established;
            return Some(FollowEvent::Reached(stage, now));
        }
        let (waited, seen) =
            (now.saturating_sub(self.at), entry.link.is_some() || entry.bgp.is_some());
        if self.reached == Some(Stage::Link) && !seen && waited >= FRESH_LOOK_TIMEOUT {
            self.over = true;
            return Some(FollowEvent::Unseen);
        }
        if waited >= FOLLOW_TIME {
            self.over = true;
            return ahead.next().map(FollowEvent::Waiting);
        }
        None
    }
}

fn is_there(stage: Stage, entry: &Entry) -> bool {
    match stage {
        Stage::Link => entry.progress == Progress::Applied,
        Stage::Session => entry.progress == Progress::Applied && entry.bgp.is_some(),
        Stage::Handshake => entry.link.as_ref().is_some_and(|link| link.last_handshake_s > 0),
        Stage::Established => entry.bgp.as_ref().is_some_and(BgpView::is_established),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::LinkView;
    use crate::model::BgpState;

    const QUEUED: fn() -> Entry = Entry::default;

    fn applied() -> Entry {
        Entry { progress: Progress::Applied, ..Entry::default() }
    }

    fn link(entry: Entry, last_handshake_s: i64) -> Entry {
        Entry { link: Some(LinkView { last_handshake_s, ..LinkView::default() }), ..entry }
    }

    fn bgp(entry: Entry, state: BgpState) -> Entry {
        Entry { bgp: Some(BgpView { state: Some(state), ..BgpView::default() }), ..entry }
    }

    /// What is told of the board at these seconds.
    fn told(entries: &[(u64, Entry)]) -> Vec<FollowEvent> {
        let mut way = Way::default();
        let mut news = Vec::new();
        for (second, entry) in entries {
            while !way.over {
                match way.news(entry, Duration::from_secs(*second)) {
                    Some(it) => news.push(it),
                    None => break,
                }
            }
        }
        news
    }

    fn reached(stage: Stage, second: u64) -> FollowEvent {
        FollowEvent::Reached(stage, Duration::from_secs(second))
    }

    #[test]
    fn each_stage_is_told_once_and_the_last_ends_it() {
        let up = link(applied(), 0);
        let all = told(&[
            (0, QUEUED()),
            (1, applied()),
            (2, bgp(up.clone(), BgpState::Active)),
            (3, bgp(up, BgpState::Active)),
            (4, bgp(link(applied(), 9), BgpState::OpenSent)),
            (9, bgp(link(applied(), 9), BgpState::Established)),
            (10, bgp(link(applied(), 10), BgpState::Established)),
        ]);
        let expected = [
            reached(Stage::Link, 1),
            reached(Stage::Session, 2),
            reached(Stage::Handshake, 4),
            reached(Stage::Established, 9),
        ];
        assert_eq!(all, expected);
        let quick = told(&[(1, bgp(link(applied(), 9), BgpState::Established))]);
        assert_eq!(quick.last(), Some(&reached(Stage::Established, 1)));
    }

    #[test]
    fn what_is_waited_for_is_named_in_the_end() {
        let up = || bgp(link(applied(), 0), BgpState::Active);
        let follow_s = FOLLOW_TIME.as_secs();
        let late = 1 + follow_s;
        assert_eq!(told(&[(1, up()), (late, up())]).last(), {
            Some(&FollowEvent::Waiting(Stage::Handshake))
        });
        let shaken = || bgp(link(applied(), 9), BgpState::Active);
        assert_eq!(told(&[(1, shaken()), (late, shaken())]).last(), {
            Some(&FollowEvent::Waiting(Stage::Established))
        });
        assert_eq!(told(&[(follow_s, QUEUED())]), [FollowEvent::Waiting(Stage::Link)]);
    }

    #[test]
    fn failures_and_blindness_end_it() {
        let failed = Entry { progress: Progress::Failed("no".into()), ..Entry::default() };
        assert_eq!(told(&[(0, failed.clone()), (1, failed)]), [FollowEvent::Failed("no".into())]);
        let blind = told(&[(0, applied()), (1, applied()), (2, applied()), (3, applied())]);
        assert_eq!(blind, [reached(Stage::Link, 0), FollowEvent::Unseen]);
    }
}
