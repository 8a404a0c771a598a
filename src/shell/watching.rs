//! Answers that go on by themselves: `peer_status --watch`, given again and again until a key is
//! pressed, and a new peering, whose member looks on while it comes up.
//!
//! A terminal is drawn over from its top; one that calls itself dumb gets one answer below the
//! other.

use super::{Doing, Job, Output, Session};
use crate::answer::{Answer, ExitStatus, FollowEvent, PeerView};
use crate::command::{Format, Request};
use crate::limits::WATCH_ROUNDS_MAX;
use crate::model::Refusal;
use crate::text::table::Borders;

/// To the upper left corner.
const TOP: &str = "\x1b[H";
/// Clears the rest of the line.
const CLEAR_LINE: &str = "\x1b[K";
/// Clears the rest of the screen.
const CLEAR_REST: &str = "\x1b[J";

impl Session {
    /// Why a request that wants to be watched cannot be watched here.
    pub(super) fn unwatchable(&self, request: &Request) -> Option<Refusal> {
        if !request.watch || (self.terminal && request.format == Format::Text) {
            return None;
        }
        let message = "--watch needs a terminal, and no --json";
        let hint = "ssh -t gives a terminal; a script asks again by itself";
        Some(Refusal::usage(message, hint))
    }

    /// Shows an answer that is to be given again.
    pub(super) fn watched(&mut self, answer: &dyn Answer, mut job: Box<Job>, output: &mut Output) {
        let text = answer.text(self.screen);
        let frame = match self.screen.style.borders {
            Borders::Unicode => {
                let mut lines = String::new();
                for line in text.lines() {
                    lines += &format!("{line}{CLEAR_LINE}\n");
                }
                format!("{TOP}{lines}{CLEAR_LINE}\nAny key ends this.{CLEAR_LINE}\n{CLEAR_REST}")
            }
            Borders::Ascii | Borders::None => format!("{text}Any key ends this.\n\n"),
        };
        self.status = ExitStatus::Done;
        self.say(&frame, output);
        job.rounds += 1;
        if job.rounds >= WATCH_ROUNDS_MAX {
            self.say("This has been shown long enough. Type the command again to go on.\n", output);
        } else if !self.ended {
            self.doing = Doing::Watching(job);
        }
    }

    /// The pause is over, without the member having done anything.
    pub fn rested(&mut self) {
        self.doing = match std::mem::take(&mut self.doing) {
            Doing::Watching(job) => Doing::Running(job),
            other => other,
        };
    }

    /// Tells that a peering was made; what comes of it is told as it happens. Whoever has typed
    /// ahead wants to go on, and does.
    pub(super) fn follow(&mut self, peer: Box<PeerView>, output: &mut Output) {
        self.status = ExitStatus::Done;
        self.say(&FollowEvent::begun(&peer), output);
        if self.line.is_waiting() || self.ended {
            self.say("It is being set up; peer_status tells how it goes.\n", output);
        } else {
            self.doing = Doing::Following(peer);
        }
    }

    /// Something happened to the peering that is looked at.
    pub fn news(&mut self, news: &FollowEvent, output: &mut Output) {
        if let Doing::Following(peer) = &self.doing {
            let text = news.text(peer, self.screen);
            self.say(&text, output);
        }
        if matches!(news, FollowEvent::Failed(_)) {
            self.status = ExitStatus::NotApplied;
        }
    }

    /// There is nothing more to look at, or the member has seen enough.
    pub fn followed(&mut self) {
        if let Doing::Following(_) = self.doing {
            self.doing = Doing::Idle;
        }
    }
}
