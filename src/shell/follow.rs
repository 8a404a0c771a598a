//! A member who has made a peering looks on while it comes up. Whoever has typed ahead wants to go
//! on, and does.

use super::{Output, Session, Todo, status, view};
use crate::command::{Applied, Format, News, PeerView, PeeringState, Reply, Request};

impl Session {
    /// Is this the answer that a member at a terminal looks on after?
    pub(super) fn followed_by(&self, reply: &Reply, request: Option<&Request>) -> Option<PeerView> {
        match reply {
            Reply::Created(view, Applied::NotAwaited)
                if self.terminal
                    && request.is_some_and(|it| it.format == Format::Text)
                    && view.state != PeeringState::Pending =>
            {
                Some(PeerView::clone(view))
            }
            _ => None,
        }
    }

    /// Tells that it was made; what comes of it is told later.
    pub(super) fn follow(&mut self, peer: PeerView, output: &mut Output) {
        self.status = status::DONE;
        self.say(&view::begun(&peer), output);
        if self.typed.is_empty() && !self.line.is_waiting() && !self.ended {
            self.todo = Some(Todo::Follow(peer.asn));
            self.peer = Some(Box::new(peer));
        } else {
            self.say("It is being set up; peer_status tells how it goes.\n", output);
            self.rest(output);
        }
    }

    /// Something happened to the peering that is looked at.
    pub fn news(&mut self, news: &News, output: &mut Output) {
        if let Some(peer) = &self.peer {
            let text = view::news(news, peer, self.screen);
            self.say(&text, output);
        }
        if matches!(news, News::Failed(_)) {
            self.status = status::NOT_APPLIED;
        }
    }

    /// There is nothing more to look at, or the member has seen enough.
    pub fn followed(&mut self, output: &mut Output) {
        self.peer = None;
        self.rest(output);
    }
}
