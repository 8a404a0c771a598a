//! One channel: a shell session between the client's bytes and the commands.

use super::conversation::{Proof, gone};
use super::handler::ChannelEvent;
use super::inbox::Inbox;
use super::wire::hang_up;
use crate::access::{Denial, Identity};
use crate::answer::{Bye, ExitStatus, FollowEvent, Outcome, Question, Stop};
use crate::command::{Command, Field, Request, Vocabulary};
use crate::control::Control;
use crate::limits::{COLUMNS_DEFAULT, COLUMNS_MAX, NAMES_SHOWN_MAX, WRITE_STALL};
use crate::model::{Asn, Mntner, Refusal};
use crate::runtime::{TcpStream, give_way, within};
use crate::shell::{Event, Output, Session, Start};
use crate::sys;
use crate::text::Screen;
use russh::ChannelId;
use russh::server::Handle;
use smol::future::FutureExt as _;
use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Extended data of this type is standard error (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// What is said to a client whose input ran too far ahead.
const TOO_MUCH: &[u8] = b"Too much input at once; the rest was not read.\r\n";

pub(super) struct Channel {
    pub(super) id: ChannelId,
    /// What commands work on.
    pub(super) control: Rc<Control>,
    /// Whose it is; that changes once at most, when somebody of several says who they are.
    pub(super) proof: RefCell<Proof>,
    /// The way back to the client.
    pub(super) handle: Handle,
    /// The connection itself, to hang up on a client that takes nothing more.
    pub(super) stream: Arc<TcpStream>,
    /// What the client does.
    pub(super) inbox: Inbox,
    /// How long it may be silent.
    pub(super) idle_timeout: Duration,
}

/// The client is gone, or takes nothing more: there is nobody to tell.
struct Gone;

/// How the run of a command ended.
enum Ran {
    Done(Outcome),
    Interrupted,
}

/// What comes first while a peering is looked at.
enum Seen {
    News(Option<FollowEvent>),
    Event(ChannelEvent),
}

impl Channel {
    /// Ends with the channel.
    pub(super) async fn run(self) {
        let served = self.serve().await;
        self.control.write_typed();
        let end = async {
            // Each of these fails only if the client is gone.
            let status = match served {
                Err(Gone) if self.inbox.overflowed() => {
                    let _ = self.handle.extended_data(self.id, STDERR, TOO_MUCH).await;
                    Some(ExitStatus::Refused.code())
                }
                served => served.ok(),
            };
            if let Some(status) = status {
                let _ = self.handle.exit_status_request(self.id, status).await;
                let _ = self.handle.eof(self.id).await;
            }
            let _ = self.handle.close(self.id).await;
            Ok(())
        };
        let _ = self.in_time(pin!(end)).await;
    }

    /// Does what waits for the client. One that takes nothing for [`WRITE_STALL`] is hung up on:
    /// nothing else would ever get through to it. The work stays where it is pinned: what is given
    /// to a future by value is kept in it twice.
    async fn in_time(
        &self,
        work: Pin<&mut impl Future<Output = Result<(), Gone>>>,
    ) -> Result<(), Gone> {
        match within(WRITE_STALL, work).await {
            Ok(done) => done,
            Err(_) => {
                log::debug!("a client takes nothing, hung up");
                hang_up(&self.stream);
                Err(Gone)
            }
        }
    }

    /// Serves a session until it closes; its exit status.
    async fn serve(&self) -> Result<u32, Gone> {
        let mut session = self.begin().await?;
        let mut output = Output::default();
        session.know(self.vocabulary(&session));
        let mut owner = self.recall(&mut session);
        session.begin(&mut output);
        loop {
            match session.next(&mut output) {
                Some(Event::Run(request)) => {
                    if let Some(owner) = &owner {
                        self.control.typed(owner, session.take_kept());
                    }
                    // A script is many commands: each is answered before the next is run, and
                    // others have their turn in between.
                    self.flush(&mut output).await?;
                    give_way().await;
                    match self.execute(&request, &session).await? {
                        Ran::Done(outcome) => session.answered(outcome, &mut output),
                        Ran::Interrupted => session.interrupted(&mut output),
                    }
                    session.know(self.vocabulary(&session));
                    // Who they are may just have been said.
                    owner = owner.or_else(|| self.recall(&mut session));
                }
                // On the heap while it lasts, as the run of a command.
                Some(Event::Follow(asn)) => {
                    Box::pin(self.follow(asn, &mut session, &mut output)).await?;
                }
                Some(Event::Pause(time)) => {
                    self.flush(&mut output).await?;
                    match within(time, self.inbox.next(session.room())).await {
                        Ok(event) => handle(event.ok_or(Gone)?, &mut session, &mut output)?,
                        Err(_) => session.rested(),
                    }
                }
                Some(Event::Close(status)) => {
                    self.flush(&mut output).await?;
                    return Ok(status);
                }
                None => {
                    self.flush(&mut output).await?;
                    // Whoever sends without an end has always something to be read: others come in
                    // between.
                    give_way().await;
                    let event = self.event(session.room()).await?;
                    handle(event, &mut session, &mut output)?;
                }
            }
        }
    }

    /// Waits for the request of a shell or a command; a terminal may be asked for before it.
    async fn begin(&self) -> Result<Session, Gone> {
        let (mut window, mut plain) = (None, false);
        loop {
            // Nothing is read before a session is there to read it.
            match self.event(usize::MAX).await? {
                ChannelEvent::Terminal(term, columns) => {
                    window = Some(Screen::window(&term, bounded(columns)));
                }
                ChannelEvent::NoColor => plain = true,
                ChannelEvent::Start(command) => {
                    let window = if plain { window.map(Screen::without_color) } else { window };
                    let start = command.map_or(Start::Shell, Start::Exec);
                    let our_asn = self.control.settings.borrow().site.asn;
                    return Ok(Session::new(start, window, our_asn));
                }
                ChannelEvent::Close => return Err(Gone),
                ChannelEvent::Data(_) | ChannelEvent::Resize(_) | ChannelEvent::Eof => {}
            }
        }
    }

    /// The next event, unless the client was silent for too long.
    async fn event(&self, room: usize) -> Result<ChannelEvent, Gone> {
        match within(self.idle_timeout, self.inbox.next(room)).await {
            Ok(event) => event.ok_or(Gone),
            Err(_) => {
                log::debug!("channel idle, closed");
                Err(Gone)
            }
        }
    }

    /// Runs a command. At a terminal Ctrl-C ends the waiting, never what was saved; what else the
    /// client does waits in its inbox.
    async fn execute(&self, request: &Request, session: &Session) -> Result<Ran, Gone> {
        // On the heap while it runs: what commands keep in mind meanwhile is five sixths of a
        // session, and most sessions sit at the prompt.
        let command = Box::pin(async { Ok(Ran::Done(self.command(request, session).await)) });
        if !session.is_terminal() {
            return command.await;
        }
        let interrupted = async {
            self.inbox.interrupted().await.ok_or(Gone)?;
            Ok(Ran::Interrupted)
        };
        command.or(interrupted).await
    }

    /// Tells how a peering comes up, until there is nothing more to tell or the client types
    /// something, which is then read as ever.
    async fn follow(
        &self,
        asn: Asn,
        session: &mut Session,
        output: &mut Output,
    ) -> Result<(), Gone> {
        let mut follow = self.control.follow(asn);
        loop {
            self.flush(output).await?;
            let room = session.room();
            let event = async { self.inbox.next(room).await.map(Seen::Event).ok_or(Gone) };
            let news = async { Ok(Seen::News(follow.next().await)) };
            match event.or(news).await? {
                Seen::News(Some(news)) => session.news(&news, output),
                Seen::News(None) => break,
                Seen::Event(event) => {
                    let is_resize = matches!(event, ChannelEvent::Resize(_));
                    handle(event, session, output)?;
                    if !is_resize {
                        break;
                    }
                }
            }
        }
        session.followed();
        Ok(())
    }

    async fn command(&self, request: &Request, session: &Session) -> Outcome {
        let identity = self.proof.borrow().identity(&self.control);
        let identity = match identity {
            // Whoever they are, they may leave.
            Err(Denial::Several(_)) if request.command == Command::Bye => return Ok(Box::new(Bye)),
            Err(Denial::Several(names)) => self.choose(names, request, session)?,
            identity => identity.map_err(|denial| Stop::Refused(gone(&denial), None))?,
        };
        self.control.run(&identity, request, sys::now()).await
    }

    /// Whose key belongs to several maintainers says at the greeting who they are. Where nobody can
    /// be asked, the user name has to say it.
    fn choose(
        &self,
        names: Vec<Mntner>,
        request: &Request,
        session: &Session,
    ) -> Result<Identity, Stop> {
        if !session.is_terminal() || request.command != Command::Intro {
            return Err(several(names, session).into());
        }
        let Some(text) = request.answer(Field::Maintainer) else {
            return Err(Stop::Ask(Question::new(Field::Maintainer, which(&names))));
        };
        let Some(name) = Mntner::candidates(text).find(|name| names.contains(name)) else {
            let refusal = Refusal::new("unknown_maintainer", "That is none of them", "");
            return Err(Stop::Refused(refusal, Some(Field::Maintainer)));
        };
        let chosen = self.proof.borrow().naming(&name);
        let identity = chosen.identity(&self.control);
        let identity = identity.map_err(|denial| Stop::Refused(gone(&denial), None))?;
        log::info!("{} it is, from {}", identity.actor(), identity.source);
        self.proof.replace(chosen);
        Ok(identity)
    }

    /// What Tab may complete; without a terminal there is no Tab, and only what may be abbreviated
    /// is of use.
    fn vocabulary(&self, session: &Session) -> Vocabulary {
        match self.identity() {
            Some(identity) if session.is_terminal() => self.control.vocabulary(&identity),
            Some(identity) => Vocabulary { role: identity.role, ..Vocabulary::default() },
            None => Vocabulary::default(),
        }
    }

    /// Gives the session what was typed at a terminal before, and tells whose that is.
    fn recall(&self, session: &mut Session) -> Option<String> {
        if !session.is_terminal() {
            return None;
        }
        let owner = self.control.history_owner(&self.identity()?);
        session.recall(&self.control.typed_before(&owner));
        Some(owner)
    }

    fn identity(&self) -> Option<Identity> {
        self.proof.borrow().identity(&self.control).ok()
    }

    /// Sends what there is.
    async fn flush(&self, output: &mut Output) -> Result<(), Gone> {
        let send = async {
            if !output.err.is_empty() {
                let bytes = std::mem::take(&mut output.err);
                self.handle.extended_data(self.id, STDERR, bytes).await.map_err(|_| Gone)?;
            }
            if !output.out.is_empty() {
                let bytes = std::mem::take(&mut output.out);
                self.handle.data(self.id, bytes).await.map_err(|_| Gone)?;
            }
            Ok(())
        };
        self.in_time(pin!(send)).await
    }
}

/// Gives the session what happened.
fn handle(event: ChannelEvent, session: &mut Session, output: &mut Output) -> Result<(), Gone> {
    match event {
        // It was taken out by the session's room.
        ChannelEvent::Data(bytes) => _ = session.feed(&bytes),
        ChannelEvent::Resize(columns) => session.resize(bounded(columns), output),
        ChannelEvent::Eof => session.end_of_input(),
        ChannelEvent::Close => return Err(Gone),
        ChannelEvent::Terminal(..) | ChannelEvent::NoColor | ChannelEvent::Start(_) => {}
    }
    Ok(())
}

/// Anybody may write somebody else's key into their own object: the names are counted.
fn several(mut names: Vec<Mntner>, session: &Session) -> Refusal {
    let hint = if session.is_terminal() { "Or type intro, and you are asked" } else { "" };
    let more = names.len().saturating_sub(NAMES_SHOWN_MAX);
    names.truncate(NAMES_SHOWN_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    Refusal::new("several_maintainers", Denial::Several(names).to_string() + &more, hint)
}

fn which(names: &[Mntner]) -> String {
    let (shown, more) = names.split_at(names.len().min(NAMES_SHOWN_MAX));
    let shown: Vec<String> = shown.iter().map(Mntner::to_string).collect();
    let more = if more.is_empty() { "" } else { " and others" };
    format!("This key belongs to {}{more}. Which one", shown.join(", "))
}

/// A width that tables can be laid out for, whatever the client says; 0 is "unknown" (RFC 4254,
/// section 6.2).
fn bounded(columns: u32) -> usize {
    match usize::try_from(columns) {
        Ok(0) | Err(_) => COLUMNS_DEFAULT,
        Ok(columns) => columns.min(COLUMNS_MAX),
    }
}
