//! An answer given again and again until a key is pressed: `peer_status --watch`.
//!
//! The session asks for a pause after each answer, and runs the same request again after it. Any
//! key during the pause ends it, and is not taken for input. A terminal is drawn over from its top;
//! one that calls itself dumb gets one answer below the other.

use super::{Event, Output, Session};
use crate::answer::{Answer, ExitStatus};
use crate::command::{Format, Request};
use crate::limits::{WATCH_PAUSE_MS, WATCH_ROUNDS_MAX};
use crate::model::Refusal;
use crate::text::table::Borders;
use std::time::Duration;

/// To the upper left corner.
const TOP: &str = "\x1b[H";
/// Clears the rest of the line.
const CLEAR_LINE: &str = "\x1b[K";
/// Clears the rest of the screen.
const CLEAR_REST: &str = "\x1b[J";

/// What is given again and again.
pub struct Watch {
    request: Request,
    rounds: usize,
}

impl Session {
    /// Why a request cannot be watched here, if it is one that wants to be.
    pub(super) fn unwatchable(&self, request: &Request) -> Option<Refusal> {
        let shown = self.terminal && request.format == Format::Text;
        (request.watch && !shown).then(|| {
            let message = "--watch needs a terminal, and no --json";
            Refusal::new("usage", message, "ssh -t gives a terminal; a script asks again by itself")
        })
    }

    /// Shows an answer that is to be given again.
    pub(super) fn watched(&mut self, reply: &dyn Answer, request: Request, output: &mut Output) {
        let rounds = self.watch.take().map_or(0, |it| it.rounds) + 1;
        let text = reply.text(self.screen);
        let frame = match self.screen.style.borders {
            Borders::Unicode => {
                let lines: String = text.lines().map(|it| format!("{it}{CLEAR_LINE}\n")).collect();
                format!("{TOP}{lines}{CLEAR_LINE}\nAny key ends this.{CLEAR_LINE}\n{CLEAR_REST}")
            }
            Borders::Ascii | Borders::None => format!("{text}Any key ends this.\n\n"),
        };
        self.status = ExitStatus::Done.code();
        self.say(&frame, output);
        if rounds < WATCH_ROUNDS_MAX {
            self.watch = Some(Watch { request, rounds });
        } else {
            self.say("That was long enough; nothing was changed.\n", output);
            self.rest(output);
        }
    }

    /// The next thing to do while something is watched; `None`: it is over.
    pub(super) fn watching(&mut self, output: &mut Output) -> Option<Event> {
        self.watch.as_ref()?;
        if self.typed.is_empty() && !self.ended {
            return Some(Event::Pause(Duration::from_millis(WATCH_PAUSE_MS)));
        }
        self.typed.clear();
        self.watch = None;
        self.rest(output);
        None
    }

    /// The pause is over, without the member having done anything.
    pub fn rested(&mut self) {
        if let Some(watch) = &self.watch {
            self.todo = Some(super::Todo::Run(watch.request.clone()));
        }
    }
}
