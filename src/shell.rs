//! A session as a machine without any I/O: bytes of the member go in, requests come out; answers go
//! in, bytes for the member come out. It knows nothing of SSH, of the database or of the clock.
//!
//! Three kinds of session share it. At a terminal there is a prompt, questions are asked, a wrong
//! answer is asked again and the others are kept. Without a terminal each line is a command,
//! nothing is asked, errors go to the other stream. And a single command (`ssh pop peer_list`) is
//! run and ends it.

pub mod complete;
mod discreet;
mod follow;
pub mod grammar;
mod import;
pub mod keys;
pub mod line;
mod questions;
mod start;
mod watch;
mod words;

pub use start::Start;

use crate::answer::{
    Answer as _, Bye, ExitStatus, Outcome, PeerView, Question, Shown, refusal_json, refusal_text,
};
use crate::command::{Command, Field, Format, Request, Vocabulary};
use crate::limits::{LINE_BYTES_MAX, PROMPT_WAIT_S};
use crate::model::{Asn, Refusal, Role};
use crate::text::Screen;
use crate::text::escape::escape_json;
use crate::text::table::Borders;
use line::{Drawing, Event as LineEvent, Line, Mode, Paste, Recall};
use std::time::Duration;
use watch::Watch;

/// What the session wants of its surroundings.
#[derive(Debug)]
pub enum Event {
    /// Carry this out, and tell [`Session::answered`].
    Run(Request),
    /// Tell how this peering comes up, by [`Session::news`], and then [`Session::followed`]. What
    /// the member types ends it.
    Follow(Asn),
    /// Wait so long, and tell [`Session::rested`], unless the member does something meanwhile.
    Pause(Duration),
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

/// A session.
pub struct Session {
    our_asn: Asn,
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
    peer: Option<Box<PeerView>>,
    /// What is shown again and again.
    watch: Option<Watch>,
    todo: Option<Todo>,
    /// Lines that may be kept for later sessions.
    kept: Vec<String>,
    /// What Tab may complete besides the table of commands.
    vocabulary: Vocabulary,
    ended: bool,
    /// What waits for the answers that come on standard input.
    importing: Option<Request>,
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
            Some(screen) => terminal(screen),
            None => Mode::Plain,
        };
        let todo = match (&start, window) {
            (Start::Shell, Some(_)) => Some(Todo::Run(Request::new(Command::Intro))),
            _ => None,
        };
        Session {
            our_asn,
            screen: window.unwrap_or(Screen::PIPE),
            terminal: window.is_some(),
            start,
            line: Line::new(mode),
            typed: Vec::new(),
            request: None,
            question: None,
            shown: None,
            peer: None,
            watch: None,
            todo,
            kept: Vec::new(),
            vocabulary: Vocabulary::default(),
            ended: false,
            importing: None,
            status: ExitStatus::Done.code(),
        }
    }

    /// The same session for such a caller. It says nothing about what they may.
    pub fn listed_for(mut self, role: Role) -> Session {
        self.vocabulary.role = role;
        self
    }

    /// What the caller may name, from now on.
    pub fn know(&mut self, vocabulary: Vocabulary) {
        self.vocabulary = vocabulary;
    }

    /// Lines of earlier sessions, oldest first.
    pub fn recall(&mut self, lines: &[String]) {
        lines.iter().for_each(|line| self.line.remember(line));
    }

    /// The lines typed since this was asked last that may be kept for later sessions.
    pub fn take_kept(&mut self) -> Vec<String> {
        std::mem::take(&mut self.kept)
    }

    /// Starts it: the single command is read, or the prompt is on its way.
    pub fn begin(&mut self, output: &mut Output) {
        let Some(parsed) = self.start.parse(self.vocabulary.role) else {
            if !self.terminal {
                self.rest(output);
            }
            return;
        };
        self.todo = Some(Todo::Close);
        if self.start.bytes() > LINE_BYTES_MAX {
            return self.too_long(output);
        }
        self.carry_out(parsed, self.start.format_asked(), output);
    }

    /// Bytes from the member.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.typed.extend_from_slice(bytes);
    }

    /// The window has another size now.
    pub fn resize(&mut self, columns: usize, output: &mut Output) {
        if self.terminal {
            self.screen.columns = columns;
            // What is watched is drawn anew at once.
            self.rested();
            self.line.resize(columns, &mut output.out);
        }
    }

    /// The member will send nothing more.
    pub fn end_of_input(&mut self) {
        // A single command at a terminal may be asking.
        if self.start == Start::Shell || self.terminal || self.importing.is_some() {
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
            if let Some(request) = self.importing.take() {
                match self.import(request, output) {
                    true => continue,
                    false => return None,
                }
            }
            if let Some(event) = self.watching(output) {
                return Some(event);
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
            LineEvent::End if self.question.is_some() => {
                self.say("\n", output);
                self.unanswered(output);
            }
            LineEvent::End if self.terminal => self.finish(output),
            LineEvent::End => self.todo = Some(Todo::Close),
            LineEvent::NotUtf8 => {
                self.refuse(
                    &Refusal::new("usage", "The line is not UTF-8", "Nothing was done"),
                    output,
                );
                self.rest(output);
            }
            LineEvent::TooLong => self.too_long(output),
            LineEvent::Tab(before) => {
                let found = self.completion(&before);
                self.line.complete(&found, &mut output.out);
            }
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
        let parsed = grammar::parse_line(text, self.vocabulary.role);
        if let Ok(request) = &parsed {
            self.keep(text, request);
        }
        self.carry_out(parsed, grammar::format_asked_in_line(text), output);
    }

    /// Does what was typed, or says what is wrong with it, as `errors` are to look.
    fn carry_out(&mut self, parsed: Result<Request, Refusal>, errors: Format, output: &mut Output) {
        let parsed = parsed.and_then(|request| match self.unwatchable(&request) {
            Some(refusal) => Err(refusal),
            None => Ok(request),
        });
        match parsed {
            Ok(request) if request.from_input => self.begin_import(request, output),
            Ok(mut request) => {
                if self.terminal && request.format == Format::Text {
                    at_terminal(&mut request);
                }
                self.shown = None;
                self.todo = Some(Todo::Run(request));
            }
            Err(refusal) if errors == Format::Json => {
                self.status = ExitStatus::Usage.code();
                self.print_json(&refusal_json(&refusal), output);
                self.rest(output);
            }
            Err(refusal) => {
                self.refuse(&refusal, output);
                self.rest(output);
            }
        }
    }

    fn keep(&mut self, text: &str, request: &Request) {
        let typed = self.terminal && self.start == Start::Shell;
        let done = !request.from_input && self.unwatchable(request).is_none();
        let again = self.kept.last().is_some_and(|last| last == text);
        if typed && done && !again && discreet::may_be_kept(text, request) {
            self.kept.push(text.to_owned());
        }
    }

    /// What became of the request that [`Session::next`] gave out.
    pub fn answered(&mut self, outcome: Outcome, output: &mut Output) {
        let request = self.request.take();
        match (outcome, request) {
            (Ok(reply), Some(request)) if request.watch => {
                self.watched(reply.as_ref(), request, output);
            }
            (outcome, request) => self.concluded(outcome, request, output),
        }
    }

    fn concluded(&mut self, outcome: Outcome, request: Option<Request>, output: &mut Output) {
        self.watch = None;
        let format = request.as_ref().map(|it| it.format).unwrap_or_default();
        match outcome {
            Ok(_) if request.as_ref().is_some_and(|it| it.command == Command::Bye) => {
                self.finish(output);
            }
            Ok(reply) => {
                if let Some(peer) = self.followed_by(reply.as_ref(), request.as_ref()) {
                    return self.follow(peer, output);
                }
                self.status = reply.status().code();
                match reply.json().filter(|_| format == Format::Json) {
                    Some(json) => self.print_json(&json, output),
                    None => self.say(&reply.text(self.screen), output),
                }
                self.rest(output);
            }
            Err(stop) => self.stopped(stop, request, output),
        }
    }

    /// The member did not want to wait for the answer, nor for what they typed ahead. What was
    /// saved goes on.
    pub fn interrupted(&mut self, output: &mut Output) {
        self.request = None;
        self.typed.clear();
        self.line.forget_typed();
        if self.watch.take().is_some() {
            self.say("^C\n", output);
            return self.rest(output);
        }
        self.say("^C\nNot waited for. What was saved goes on; peer_status tells how.\n", output);
        self.rest(output);
    }

    /// Nothing is under way any more: back to the prompt, or the end of a single command.
    fn rest(&mut self, output: &mut Output) {
        match self.start {
            Start::Exec(_) | Start::Words(_) => self.todo = Some(Todo::Close),
            Start::Shell if self.terminal => {
                let prompt = format!("{}> ", self.our_asn);
                self.line.prompt(&prompt, Recall::Commands, &mut output.out);
            }
            Start::Shell => self.line.prompt("", Recall::Nothing, &mut output.out),
        }
    }

    fn finish(&mut self, output: &mut Output) {
        if self.terminal {
            self.say(&Bye.text(self.screen), output);
            self.status = ExitStatus::Done.code();
        }
        self.todo = Some(Todo::Close);
    }

    fn refuse(&mut self, refusal: &Refusal, output: &mut Output) {
        self.status = ExitStatus::of_refusal(refusal).code();
        let text = refusal_text(refusal, self.screen);
        match self.terminal {
            true => self.say(&text, output),
            false => output.err.extend_from_slice(text.as_bytes()),
        }
    }

    fn print_json(&self, json: &str, output: &mut Output) {
        self.say(&escape_json(json), output);
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

/// A terminal that draws no lines moves no cursor and knows no brackets round what is pasted
/// either.
fn terminal(screen: Screen) -> Mode {
    let (drawing, paste) = match screen.style.borders {
        Borders::Unicode => (Drawing::Rows, Paste::Bracketed),
        Borders::Ascii | Borders::None => (Drawing::Strip, Paste::Typed),
    };
    Mode::Terminal { columns: screen.columns, drawing, paste }
}

/// What a member at a terminal means by what they have not said: they wait for a moment, or look
/// on, and go through the whole form where nothing of it was said.
fn at_terminal(request: &mut Request) {
    match request.command {
        Command::PeerCreate => {}
        _ => request.wait = request.wait.or(Some(Duration::from_secs(PROMPT_WAIT_S))),
    }
    let outside =
        |field: &&Field| !matches!(field, Field::Asn | Field::KeyIsPublic | Field::Confirm);
    request.form =
        request.command == Command::PeerEdit && request.answers.keys().find(outside).is_none();
}

#[cfg(test)]
mod tests;
