//! A session as a machine without any I/O: bytes of the member go in, requests come out; answers go
//! in, bytes for the member come out. It knows nothing of SSH, of the database or of the clock.
//!
//! Three kinds of session share it. At a terminal there is a prompt, questions are asked, a wrong
//! answer is asked again and the others are kept. Without a terminal each line is a command,
//! nothing is asked, errors go to the other stream. And a single command (`ssh pop peer_list`) is
//! run and ends it.

pub mod complete;
pub mod grammar;
mod history_filter;
mod import;
pub mod keys;
pub mod line;
mod questions;
mod start;
mod watching;

pub use start::Start;

use crate::answer::{Answer, Bye, ExitStatus, Outcome, PeerView, Question, Shown, refusal_text};
use crate::command::{Command, Format, Occasion, Request, Vocabulary};
use crate::limits::{IMPORT_BYTES_MAX, LINE_BYTES_MAX, WATCH_PAUSE};
use crate::model::{Asn, Refusal, Role};
use crate::text::Screen;
use crate::text::escape::escape_json;
use crate::text::table::Borders;
use line::{Drawing, Event as LineEvent, Line, Mode, Paste, Recall};
use std::time::Duration;

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

pub struct Session {
    our_asn: Asn,
    screen: Screen,
    terminal: bool,
    start: Start,
    line: Line,
    doing: Doing,
    /// Lines that may be kept for later sessions.
    kept: Vec<String>,
    /// What Tab may complete besides the table of commands.
    vocabulary: Vocabulary,
    /// The member will send nothing more.
    ended: bool,
    status: ExitStatus,
}

/// What a session is doing. It is on the heap where it is large: most sessions sit at the prompt.
#[derive(Default)]
enum Doing {
    /// Nothing: the prompt comes next, or the end of a single command.
    #[default]
    Idle,
    /// It waits for a command.
    Prompt,
    /// It waits for the answer to its request.
    Running(Box<Job>),
    /// It waits for what the member answers to a question about a request.
    Asking(Box<Job>, Box<Question>),
    /// It reads the answers to a request from standard input: what has come of them.
    Importing(Box<Request>, Vec<u8>),
    /// The member looks on while a new peering comes up.
    Following(Box<PeerView>),
    /// The answer was shown, and is to be shown again after a pause.
    Watching(Box<Job>),
    /// It is over.
    Closing,
}

/// A request, and what the member has seen of it.
struct Job {
    request: Request,
    /// What was shown with the questions about it.
    shown: Option<Shown>,
    /// How often its answer was shown, if it is watched.
    rounds: usize,
}

impl Job {
    fn new(request: Request) -> Box<Job> {
        Box::new(Job { request, shown: None, rounds: 0 })
    }
}

impl Session {
    /// A session at a window, or at a pipe if there is none.
    pub fn new(start: Start, window: Option<Screen>, our_asn: Asn) -> Session {
        let mode = match window {
            Some(screen) => terminal(screen),
            None => Mode::Plain,
        };
        let doing = match (&start, window) {
            (Start::Shell, Some(_)) => {
                let mut greeting = Request::new(Command::Intro);
                greeting.occasion = Occasion::Login;
                Doing::Running(Job::new(greeting))
            }
            _ => Doing::Idle,
        };
        Session {
            our_asn,
            screen: window.unwrap_or(Screen::PIPE),
            terminal: window.is_some(),
            start,
            line: Line::new(mode),
            doing,
            kept: Vec::new(),
            vocabulary: Vocabulary::default(),
            ended: false,
            status: ExitStatus::Done,
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

    /// Whether the member has a terminal.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Reads the single command, if it is for one.
    pub fn begin(&mut self, output: &mut Output) {
        let Some(parsed) = self.start.parse(self.vocabulary.role) else { return };
        if self.start.bytes() > LINE_BYTES_MAX {
            return self.too_long(output);
        }
        self.carry_out(parsed, self.start.format_asked(), output);
    }

    /// How many bytes of input it takes now, which bounds what it holds of it.
    pub fn room(&self) -> usize {
        match &self.doing {
            Doing::Importing(_, input) => (IMPORT_BYTES_MAX + 1).saturating_sub(input.len()),
            _ => self.line.room(),
        }
    }

    /// Takes input of the member, as much as there is [`Session::room`] for, and gives the rest
    /// back.
    #[must_use]
    pub fn feed<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (taken, rest) = bytes.split_at_checked(self.room()).unwrap_or((bytes, &[]));
        match &mut self.doing {
            Doing::Importing(_, input) => input.extend_from_slice(taken),
            // Any key ends it, and is no input.
            Doing::Watching(_) => self.doing = Doing::Idle,
            _ => return self.line.feed(bytes),
        }
        rest
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
        let reads = matches!(self.doing, Doing::Importing(..));
        if self.start == Start::Shell || self.terminal || reads {
            self.ended = true;
            self.line.close();
        }
        if let Doing::Watching(_) = self.doing {
            self.doing = Doing::Idle;
        }
    }

    /// What is to be done now, or `None` until there is more input.
    pub fn next(&mut self, output: &mut Output) -> Option<Event> {
        loop {
            match &self.doing {
                Doing::Running(job) => return Some(Event::Run(job.request.clone())),
                Doing::Following(peer) => return Some(Event::Follow(peer.asn)),
                Doing::Watching(_) => {
                    return Some(Event::Pause(WATCH_PAUSE));
                }
                Doing::Closing => return Some(Event::Close(self.status.code())),
                Doing::Idle => self.prompt(output),
                Doing::Importing(..) if !self.ended && self.room() > 0 => return None,
                Doing::Importing(..) => self.import(output),
                Doing::Prompt | Doing::Asking(..) => {
                    let event = self.line.next(&mut output.out)?;
                    self.handle(event, output);
                }
            }
        }
    }

    /// Asks for a command, or ends a single one.
    fn prompt(&mut self, output: &mut Output) {
        if self.start != Start::Shell {
            self.doing = Doing::Closing;
            return;
        }
        self.doing = Doing::Prompt;
        if self.terminal {
            let prompt = format!("{}> ", self.our_asn);
            self.line.prompt(&prompt, Recall::Commands, &mut output.out);
        } else {
            self.line.prompt("", Recall::Nothing, &mut output.out);
        }
    }

    fn handle(&mut self, event: LineEvent, output: &mut Output) {
        if let LineEvent::Tab(before) = event {
            let found = self.completion(&before);
            return self.line.complete(&found, &mut output.out);
        }
        match (event, std::mem::take(&mut self.doing)) {
            (LineEvent::Line(text), Doing::Asking(job, question)) => {
                self.answer(job, *question, text.trim(), output);
            }
            (LineEvent::Line(text), _) => self.read(text.trim(), output),
            (LineEvent::Interrupt, Doing::Asking(..)) => {
                self.say("Nothing was changed.\n", output);
            }
            (LineEvent::End, Doing::Asking(job, question)) => {
                self.say("\n", output);
                self.unanswered(&job.request, &question, output);
            }
            (LineEvent::End, _) => self.leave(output),
            (LineEvent::NotUtf8, _) => {
                let message = "The line is not UTF-8";
                self.refuse(&Refusal::usage(message, "Nothing was done"), output);
            }
            (LineEvent::TooLong, _) => self.too_long(output),
            (LineEvent::Interrupt | LineEvent::Tab(_), _) => {}
        }
    }

    fn too_long(&mut self, output: &mut Output) {
        let message = format!("A line has at most {LINE_BYTES_MAX} bytes");
        self.refuse(&Refusal::usage(message, "Nothing was done"), output);
    }

    /// A line that is a command.
    fn read(&mut self, text: &str, output: &mut Output) {
        if text.is_empty() || (!self.terminal && text.starts_with('#')) {
            return;
        }
        if !history_filter::carries_secret(text) {
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
        let refusal = match parsed {
            Ok(request) => match self.unwatchable(&request).or(self.unimportable(&request)) {
                None => return self.run(request),
                Some(refusal) => refusal,
            },
            Err(refusal) => refusal,
        };
        self.fail(&refusal, errors, output);
    }

    fn run(&mut self, mut request: Request) {
        if request.from_input {
            self.doing = Doing::Importing(Box::new(request), Vec::new());
            return;
        }
        if self.terminal && request.format == Format::Text {
            request.at_prompt();
        }
        self.doing = Doing::Running(Job::new(request));
    }

    fn keep(&mut self, text: &str, request: &Request) {
        let typed = self.terminal && self.start == Start::Shell;
        let done = !request.from_input && self.unwatchable(request).is_none();
        let again = self.kept.last().is_some_and(|last| last == text);
        if typed && done && !again && history_filter::may_be_kept(text, request) {
            self.kept.push(text.to_owned());
        }
    }

    /// What became of the request that [`Session::next`] gave out.
    pub fn answered(&mut self, outcome: Outcome, output: &mut Output) {
        let Doing::Running(job) = std::mem::take(&mut self.doing) else { return };
        match outcome {
            Ok(answer) if job.request.watch => self.watched(answer.as_ref(), job, output),
            Ok(_) if job.request.command == Command::Bye => self.leave(output),
            Ok(answer) => self.show(answer.as_ref(), &job.request, output),
            Err(stop) => self.stopped(stop, job, output),
        }
    }

    fn show(&mut self, answer: &dyn Answer, request: &Request, output: &mut Output) {
        if self.terminal
            && request.format == Format::Text
            && let Some(peer) = answer.created()
        {
            return self.follow(Box::new(peer.clone()), output);
        }
        self.status = answer.status();
        match answer.json() {
            Some(json) if request.format == Format::Json => self.print_json(&json, output),
            _ => self.say(&answer.text(self.screen), output),
        }
    }

    /// The member pressed Ctrl-C while the request ran: nobody waits for its answer, nor for what
    /// was typed ahead. What was saved goes on.
    pub fn interrupted(&mut self, output: &mut Output) {
        self.line.forget_typed();
        let watched = matches!(&self.doing, Doing::Running(job) if job.rounds > 0);
        self.doing = Doing::Idle;
        self.say("^C\n", output);
        if !watched {
            self.say(
                "Stopped waiting. What was saved is still being set up: see peer_status.\n",
                output,
            );
        }
    }

    /// The member wants no more.
    fn leave(&mut self, output: &mut Output) {
        if self.terminal {
            self.say(&Bye.text(self.screen), output);
            self.status = ExitStatus::Done;
        }
        self.doing = Doing::Closing;
    }

    fn refuse(&mut self, refusal: &Refusal, output: &mut Output) {
        self.status = ExitStatus::of_refusal(refusal);
        let text = refusal_text(refusal, self.screen);
        if self.terminal {
            self.say(&text, output);
        } else {
            output.err.extend_from_slice(text.as_bytes());
        }
    }

    fn print_json(&self, json: &str, output: &mut Output) {
        self.say(&escape_json(json), output);
        self.say("\n", output);
    }

    /// A raw terminal needs the carriage return.
    fn say(&self, text: &str, output: &mut Output) {
        if self.terminal {
            output.out.extend_from_slice(text.replace('\n', "\r\n").as_bytes());
        } else {
            output.out.extend_from_slice(text.as_bytes());
        }
    }
}

/// A terminal that draws no lines moves no cursor and knows no brackets round what is pasted
/// either.
fn terminal(screen: Screen) -> Mode {
    let (drawing, paste) = match screen.style.borders {
        Borders::Unicode => (Drawing::Cursor, Paste::Bracketed),
        Borders::Ascii | Borders::None => (Drawing::Plain, Paste::Typed),
    };
    Mode::Terminal { columns: screen.columns, drawing, paste }
}

#[cfg(test)]
mod tests;
