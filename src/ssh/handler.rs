//! russh's callbacks, turned into events for the conversation. It decides nothing itself, and
//! everything that it does not name is refused: forwarding, agents, X11, subsystems, passwords, and
//! of the environment (RFC 4254, section 6.4) all but NO_COLOR.
//!
//! Here is where the words of a client enter: nothing longer than it may be is passed on, and what
//! may be done so often is counted.

use super::algorithms;
use super::client::{Client, Stage};
use crate::limits::{
    AUTH_ATTEMPTS_MAX, CHANNELS_OPENED_MAX, LINE_BYTES_MAX, MNTNER_BYTES_MAX, TERM_BYTES_MAX,
};
use crate::registry::{KeyFingerprint, fingerprint};
use russh::server::{
    Auth, ChannelOpenHandle, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, Error, MethodKind, MethodSet, Pty};
use smol::channel::{Sender, bounded};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// What a client did. A login name is never longer than a maintainer's.
pub(super) enum Event {
    /// It offered a key, and has proven nothing. May it go on to prove it?
    Offered(String, KeyFingerprint, Sender<bool>),
    /// It has proven a key. Does that let it in?
    Proven(String, KeyFingerprint, Sender<bool>),
    /// It has nothing more to offer. What shall it be told?
    Explain(String, Sender<String>),
    /// Its login name is longer than any maintainer's, whatever it tried with it.
    LongName,
    /// It wants a channel. May it?
    Open(ChannelId, Sender<bool>),
    /// Something on a channel.
    Channel(ChannelId, ChannelEvent),
}

/// What a client did on a channel.
pub(super) enum ChannelEvent {
    /// It has a terminal of this kind and this many columns.
    Terminal(String, u32),
    /// It wants no colours (<https://no-color.org>).
    NoColor,
    /// It wants a shell, or a command to be run.
    Start(Option<String>),
    /// It sent bytes.
    Data(Vec<u8>),
    /// Its window has this many columns now.
    Resize(u32),
    /// It will send no more bytes.
    Eof,
    /// It closed the channel.
    Close,
}

/// One connection's callbacks.
pub(super) struct Handler {
    events: Sender<Event>,
    banner: String,
    client: Arc<Client>,
    /// Attempts to log in, of every kind.
    attempts: usize,
    /// Was it told why it is not let in? Once is enough.
    explained: bool,
    /// The channels that may still ask for something: no more than were opened.
    channels: HashMap<ChannelId, Asked>,
    /// Channels that there were in all.
    opened: usize,
}

/// What was asked for on a channel: of each thing there is one (RFC 4254, sections 6.2 and 6.5).
#[derive(Default)]
struct Asked {
    terminal: bool,
    started: bool,
}

impl Handler {
    /// Events go to `events`; `banner` is shown before authentication.
    pub(super) fn new(events: Sender<Event>, banner: String, client: Arc<Client>) -> Handler {
        Handler {
            events,
            banner,
            client,
            attempts: 0,
            explained: false,
            channels: HashMap::new(),
            opened: 0,
        }
    }

    /// Counts an attempt and gives its login name; `None`: it is refused as it is. russh counts
    /// what is refused, and hangs up after [`AUTH_ATTEMPTS_MAX`]; what is accepted for a start, a
    /// key that may be proven, only we count.
    async fn attempt(&mut self, user: &str) -> Result<Option<String>, Error> {
        self.attempts += 1;
        // Each key is offered, and then proven.
        if self.attempts > 2 * AUTH_ATTEMPTS_MAX {
            return Ok(None);
        }
        if user.len() > MNTNER_BYTES_MAX {
            self.send(Event::LongName).await?;
            return Ok(None);
        }
        Ok(Some(user.to_string()))
    }

    async fn send(&self, event: Event) -> Result<(), Error> {
        self.events.send(event).await.map_err(|_| Error::Disconnect)
    }

    /// Asks the conversation. No answer is a no.
    async fn ask<T: Default>(&self, question: impl FnOnce(Sender<T>) -> Event) -> Result<T, Error> {
        let (sender, answer) = bounded(1);
        self.send(question(sender)).await?;
        Ok(answer.recv().await.unwrap_or_default())
    }

    /// Asks whether a key lets the client in.
    async fn judge(&self, question: impl FnOnce(Sender<bool>) -> Event) -> Result<Auth, Error> {
        Ok(if self.ask(question).await? { Auth::Accept } else { Auth::reject() })
    }

    async fn start(
        &mut self,
        id: ChannelId,
        command: Option<String>,
        session: &mut Session,
    ) -> Result<(), Error> {
        let asked = self.asked(id);
        if asked.started {
            return session.channel_failure(id);
        }
        asked.started = true;
        session.channel_success(id)?;
        self.send_channel(id, ChannelEvent::Start(command)).await
    }

    fn asked(&mut self, channel: ChannelId) -> &mut Asked {
        self.channels.entry(channel).or_default()
    }

    async fn send_channel(&self, id: ChannelId, event: ChannelEvent) -> Result<(), Error> {
        self.send(Event::Channel(id, event)).await
    }
}

impl russh::server::Handler for Handler {
    type Error = Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Error> {
        // russh asks for it when the first packet after the key exchange has come.
        self.client.reached(Stage::Exchanged);
        Ok(Some(self.banner.clone()).filter(|text| !text.is_empty()))
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Error> {
        let Some(login) = self.attempt(user).await? else { return Ok(Auth::reject()) };
        if !algorithms::is_strong(offer.algorithm) {
            return Ok(Auth::reject());
        }
        let key = fingerprint(offer.public_key);
        self.judge(|answer| Event::Offered(login, key, answer)).await
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Error> {
        let Some(login) = self.attempt(user).await? else { return Ok(Auth::reject()) };
        if !algorithms::is_strong(key.algorithm) {
            return Ok(Auth::reject());
        }
        let key = fingerprint(key.public_key);
        self.judge(|answer| Event::Proven(login, key, answer)).await
    }

    /// Nobody logs in this way: a request without prompts carries the sentence that says why. It is
    /// said once on a connection.
    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        if response.is_some() || self.explained {
            let only_keys = MethodSet::from([MethodKind::PublicKey].as_slice());
            return Ok(Auth::Reject {
                proceed_with_methods: Some(only_keys),
                partial_success: false,
            });
        }
        self.explained = true;
        let sentence = match self.attempt(user).await? {
            Some(login) => self.ask(|answer| Event::Explain(login, answer)).await?,
            None => format!("A user name has at most {MNTNER_BYTES_MAX} bytes."),
        };
        Ok(Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Owned(sentence),
            prompts: Cow::Borrowed(&[]),
        })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        self.opened += 1;
        let has_room = self.opened <= CHANNELS_OPENED_MAX;
        if has_room && self.ask(|answer| Event::Open(channel.id(), answer)).await? {
            reply.accept().await;
        } else {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        columns: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        let asked = self.asked(channel);
        if asked.terminal || asked.started {
            return session.channel_failure(channel);
        }
        asked.terminal = true;
        session.channel_success(channel)?;
        // No terminal has a name of that length: it is one that nobody knows.
        let term = if term.len() > TERM_BYTES_MAX { "" } else { term };
        self.send_channel(channel, ChannelEvent::Terminal(term.to_string(), columns)).await
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Error> {
        self.start(channel, None, session).await
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        // One byte more than a line may have tells the session that it is too long.
        let command = command.get(..=LINE_BYTES_MAX).unwrap_or(command);
        let command = String::from_utf8_lossy(command).into_owned();
        self.start(channel, Some(command), session).await
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        bytes: &[u8],
        _: &mut Session,
    ) -> Result<(), Error> {
        self.send_channel(channel, ChannelEvent::Data(bytes.to_vec())).await
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        columns: u32,
        _: u32,
        _: u32,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_success(channel)?;
        self.send_channel(channel, ChannelEvent::Resize(columns)).await
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.send_channel(channel, ChannelEvent::Eof).await
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.channels.remove(&channel);
        self.send_channel(channel, ChannelEvent::Close).await
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        if name != "NO_COLOR" || value.is_empty() || self.asked(channel).started {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        self.send_channel(channel, ChannelEvent::NoColor).await
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }
}
