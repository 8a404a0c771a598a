//! A session as a machine without any I/O: bytes of the member go in, requests come out; answers go
//! in, bytes for the member come out. It knows nothing of SSH, of the database or of the clock.
//!
//! Three kinds of session share it. At a terminal there is a prompt, questions are asked, a wrong
//! answer is asked again and the others are kept. Without a terminal each line is a command,
//! nothing is asked, errors go to the other stream. And a single command (`ssh pop peer_list`) is
//! run and ends it.

mod follow;
pub mod grammar;
pub mod harmless;
mod json;
pub mod keys;
pub mod line;
mod questions;
pub mod table;
mod text;
pub mod view;

use crate::command::{
    Applied, Command, Field, Format, Outcome, PeerView, Question, Reply, Request, Shown, Who,
};
use crate::limits::{LINE_BYTES_MAX, PROMPT_WAIT_S};
use crate::model::{Asn, Refusal};
use harmless::harmless_json;
use line::{Event as LineEvent, Line, Mode, Paste, Recall};
use std::time::Duration;
use table::Borders;
use view::Screen;

/// Exit statuses, as in the contract of the command line.
pub mod status {
    /// Done.
    pub const DONE: u32 = 0;
    /// Refused.
    pub const REFUSED: u32 = 1;
    /// Usage.
    pub const USAGE: u32 = 2;
    /// Saved, but not applied.
    pub const NOT_APPLIED: u32 = 3;
    /// A fault of ours.
    pub const FAULT: u32 = 4;
}

/// What the session wants of its surroundings.
#[derive(Debug)]
pub enum Event {
    /// Carry this out, and tell [`Session::answered`].
    Run(Request),
    /// Tell how this peering comes up, by [`Session::news`], and then [`Session::followed`]. What
    /// the member types ends it.
    Follow(Asn),
    /// Close, with this exit status.
    Close(u32),
}

/// Bytes for the member: standard output and standard error.
#[derive(Debug, Default)]
pub struct Output {
    /// Standard output; at a terminal, everything.
    pub out: Vec<u8>,
    /// Standard error; empty at a terminal.
    pub err: Vec<u8>,
}

/// What the client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A shell.
    Shell,
    /// One command.
    Exec(String),
}

/// A session.
pub struct Session {
    our_asn: Asn,
    /// Whose commands may be abbreviated.
    who: Who,
    screen: Screen,
    terminal: bool,
    start: Start,
    line: Line,
    /// What came in and found no room in `line` yet.
    typed: Vec<u8>,
    /// What was asked for and is not answered yet.
    request: Option<Request>,
    /// The question that stands at the prompt, about `request`.
    question: Option<Question>,
    /// What was shown before the questions about `request`.
    shown: Option<Shown>,
    /// The peering that is looked at while it comes up.
    peer: Option<PeerView>,
    todo: Option<Todo>,
    ended: bool,
    status: u32,
}

/// What is to be done next, before more input is looked at.
enum Todo {
    Run(Request),
    Follow(Asn),
    Close,
}

impl Session {
    /// A session at a window, or at a pipe if there is none.
    pub fn new(start: Start, window: Option<Screen>, our_asn: Asn) -> Session {
        let mode = match window {
            Some(screen) => Mode::Terminal { columns: screen.columns, paste: paste(screen) },
            None => Mode::Plain,
        };
        let todo = match (&start, window) {
            (Start::Shell, Some(_)) => Some(Todo::Run(Request::new(Command::Intro))),
            _ => None,
        };
        Session {
            our_asn,
            who: Who::Member,
            screen: window.unwrap_or(Screen::PIPE),
            terminal: window.is_some(),
            start,
            line: Line::new(mode),
            typed: Vec::new(),
            request: None,
            question: None,
            shown: None,
            peer: None,
            todo,
            ended: false,
            status: status::DONE,
        }
    }

    /// The same session for such a caller. It says nothing about what they may.
    pub fn listed_for(self, who: Who) -> Session {
        Session { who, ..self }
    }

    /// Starts it: the single command is read, or the prompt is on its way.
    pub fn begin(&mut self, output: &mut Output) {
        if let Start::Exec(command) = &self.start {
            let command = command.clone();
            self.todo = Some(Todo::Close);
            match command.len() > LINE_BYTES_MAX {
                true => self.too_long(output),
                false => self.read(&command, output),
            }
        } else if !self.terminal {
            self.rest(output);
        }
    }

    /// Bytes from the member.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.typed.extend_from_slice(bytes);
    }

    /// The window has another size now.
    pub fn resize(&mut self, columns: usize, output: &mut Output) {
        if self.terminal {
            self.screen.columns = columns;
            self.line.resize(columns, &mut output.out);
        }
    }

    /// The member will send nothing more.
    pub fn end_of_input(&mut self) {
        if self.start == Start::Shell {
            self.ended = true;
        }
    }

    /// The next thing to do, or `None` until there is more input.
    pub fn next(&mut self, output: &mut Output) -> Option<Event> {
        loop {
            match self.todo.take() {
                Some(Todo::Run(request)) => {
                    self.request = Some(request.clone());
                    return Some(Event::Run(request));
                }
                Some(Todo::Follow(asn)) => return Some(Event::Follow(asn)),
                Some(Todo::Close) => return Some(Event::Close(self.status)),
                None => {}
            }
            match self.line.next(&mut output.out) {
                Some(event) => self.heed(event, output),
                None if self.take_in() => {}
                None => return None,
            }
        }
    }

    /// Gives the line what it has room for; `false`: there is nothing to give, or no room.
    fn take_in(&mut self) -> bool {
        if self.typed.is_empty() {
            if self.ended {
                self.line.close();
            }
            return std::mem::take(&mut self.ended);
        }
        let rest = self.line.feed(&self.typed).len();
        let taken = self.typed.len() - rest;
        self.typed.drain(..taken);
        taken > 0
    }

    fn heed(&mut self, event: LineEvent, output: &mut Output) {
        match event {
            LineEvent::Line(text) => match self.question.take() {
                Some(question) => self.answer(question, text.trim(), output),
                None => self.read(text.trim(), output),
            },
            LineEvent::Interrupt => {
                if self.question.take().is_some() {
                    self.request = None;
                    self.say("Nothing was changed.\n", output);
                }
                self.rest(output);
            }
            LineEvent::End if self.question.take().is_some() => {
                self.say("\n", output);
                self.finish(Reply::Bye, output);
            }
            LineEvent::End if self.terminal => self.finish(Reply::Bye, output),
            LineEvent::End => self.todo = Some(Todo::Close),
            LineEvent::NotUtf8 => {
                self.refuse(
                    &Refusal::new("usage", "The line is not UTF-8", "Nothing was done"),
                    output,
                );
                self.rest(output);
            }
            LineEvent::TooLong => self.too_long(output),
        }
    }

    fn too_long(&mut self, output: &mut Output) {
        let message = format!("A line has at most {LINE_BYTES_MAX} bytes");
        self.refuse(&Refusal::new("usage", message, "Nothing was done"), output);
        self.rest(output);
    }

    /// A line that is a command.
    fn read(&mut self, text: &str, output: &mut Output) {
        let comment = text.is_empty() || (!self.terminal && text.starts_with('#'));
        if comment && self.start == Start::Shell {
            return self.rest(output);
        }
        if !grammar::carries_secret(text) {
            self.line.remember(text);
        }
        match grammar::parse(text, self.who) {
            Ok(mut request) => {
                if self.terminal && request.format == Format::Text {
                    at_terminal(&mut request);
                }
                self.shown = None;
                self.todo = Some(Todo::Run(request));
            }
            Err(refusal) if grammar::wants_json(text) => {
                self.status = status::USAGE;
                self.print_json(&json::refusal(&refusal), output);
                self.rest(output);
            }
            Err(refusal) => {
                self.refuse(&refusal, output);
                self.rest(output);
            }
        }
    }

    /// What became of the request that [`Session::next`] gave out.
    pub fn answered(&mut self, outcome: Outcome, output: &mut Output) {
        let request = self.request.take();
        let format = request.as_ref().map(|it| it.format).unwrap_or_default();
        match outcome {
            Ok(Reply::Bye) => self.finish(Reply::Bye, output),
            Ok(reply) => {
                if let Some(peer) = self.followed_by(&reply, request.as_ref()) {
                    return self.follow(peer, output);
                }
                self.status = exit_status(&reply);
                match json::reply(&reply).filter(|_| format == Format::Json) {
                    Some(json) => self.print_json(&json, output),
                    None => self.say(&view::reply(&reply, self.screen), output),
                }
                self.rest(output);
            }
            Err(stop) => self.stopped(stop, request, output),
        }
    }

    /// The member did not want to wait for the answer. What was saved goes on.
    pub fn interrupted(&mut self, output: &mut Output) {
        self.request = None;
        self.say("^C\nNot waited for. What was saved goes on; peer_status tells how.\n", output);
        self.rest(output);
    }

    /// Nothing is under way any more: back to the prompt, or the end of a single command.
    fn rest(&mut self, output: &mut Output) {
        match self.start {
            Start::Exec(_) => self.todo = Some(Todo::Close),
            Start::Shell if self.terminal => {
                let prompt = format!("AS{}> ", self.our_asn);
                self.line.prompt(&prompt, Recall::Commands, &mut output.out);
            }
            Start::Shell => self.line.prompt("", Recall::Nothing, &mut output.out),
        }
    }

    fn finish(&mut self, reply: Reply, output: &mut Output) {
        if self.terminal {
            self.say(&view::reply(&reply, self.screen), output);
            self.status = status::DONE;
        }
        self.todo = Some(Todo::Close);
    }

    fn refuse(&mut self, refusal: &Refusal, output: &mut Output) {
        self.status = refusal_status(refusal);
        let text = view::refusal(refusal, self.screen);
        match self.terminal {
            true => self.say(&text, output),
            false => output.err.extend_from_slice(text.as_bytes()),
        }
    }

    fn print_json(&self, json: &str, output: &mut Output) {
        self.say(&harmless_json(json), output);
        self.say("\n", output);
    }

    /// A raw terminal needs the carriage return.
    fn say(&self, text: &str, output: &mut Output) {
        match self.terminal {
            true => output.out.extend_from_slice(text.replace('\n', "\r\n").as_bytes()),
            false => output.out.extend_from_slice(text.as_bytes()),
        }
    }
}

/// What a member at a terminal means by what they have not said: they wait for a moment, or look
/// on, and go through the whole form where nothing of it was said.
fn at_terminal(request: &mut Request) {
    match request.command {
        Command::PeerCreate => {}
        _ => request.wait = request.wait.or(Some(Duration::from_secs(PROMPT_WAIT_S))),
    }
    let outside = |field: &&Field| !matches!(field, Field::Asn | Field::Confirm);
    request.form =
        request.command == Command::PeerEdit && request.answers.keys().find(outside).is_none();
}

/// A terminal that draws no lines does not know brackets round what is pasted either.
fn paste(screen: Screen) -> Paste {
    match screen.style.borders {
        Borders::Unicode => Paste::Bracketed,
        Borders::Ascii | Borders::None => Paste::Typed,
    }
}

fn refusal_status(refusal: &Refusal) -> u32 {
    if refusal.code == "usage" { status::USAGE } else { status::REFUSED }
}

fn exit_status(reply: &Reply) -> u32 {
    match reply {
        Reply::Created(_, Applied::No(_))
        | Reply::Edited(_, _, Applied::No(_))
        | Reply::Switched(_, Applied::No(_))
        | Reply::Unchanged(_, Applied::No(_))
        | Reply::Removed(_, Applied::No(_)) => status::NOT_APPLIED,
        Reply::Decided(it) if matches!(it.applied(), Some(Applied::No(_))) => status::NOT_APPLIED,
        Reply::Abandoned => status::REFUSED,
        _ => status::DONE,
    }
}

#[cfg(test)]
mod tests;
