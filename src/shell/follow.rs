//! A member who has made a peering looks on while it comes up. Whoever has typed ahead wants to go
//! on, and does.

use super::{Output, Session, Todo};
use crate::answer::{Answer, ExitStatus, FollowEvent, PeerView};
use crate::command::{Format, Request};

impl Session {
    /// Is this the answer that a member at a terminal looks on after?
    pub(super) fn followed_by(
        &self,
        reply: &dyn Answer,
        request: Option<&Request>,
    ) -> Option<PeerView> {
        let text = request.is_some_and(|it| it.format == Format::Text);
        if self.terminal && text { reply.created().cloned() } else { None }
    }

    /// Tells that it was made; what comes of it is told later.
    pub(super) fn follow(&mut self, peer: PeerView, output: &mut Output) {
        self.status = ExitStatus::Done.code();
        self.say(&FollowEvent::begun(&peer), output);
        if self.typed.is_empty() && !self.line.is_waiting() && !self.ended {
            self.todo = Some(Todo::Follow(peer.asn));
            self.peer = Some(Box::new(peer));
        } else {
            self.say("It is being set up; peer_status tells how it goes.\n", output);
            self.rest(output);
        }
    }

    /// Something happened to the peering that is looked at.
    pub fn news(&mut self, news: &FollowEvent, output: &mut Output) {
        if let Some(peer) = &self.peer {
            let text = news.text(peer, self.screen);
            self.say(&text, output);
        }
        if matches!(news, FollowEvent::Failed(_)) {
            self.status = ExitStatus::NotApplied.code();
        }
    }

    /// There is nothing more to look at, or the member has seen enough.
    pub fn followed(&mut self, output: &mut Output) {
        self.peer = None;
        self.rest(output);
    }
}
