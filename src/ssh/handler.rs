//! russh's callbacks, turned into events for the conversation. It decides nothing itself, and
//! everything that it does not name is refused: forwarding, agents, X11, subsystems, passwords, and
//! of the environment (RFC 4254, section 6.4) all but NO_COLOR.

use super::algorithms;
use crate::limits::CHANNELS_MAX;
use crate::registry::{KeyFingerprint, fingerprint};
use russh::server::{
    Auth, ChannelOpenHandle, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, Error, MethodKind, MethodSet, Pty};
use smol::channel::{Sender, bounded};
use std::borrow::Cow;

/// What a client did.
pub enum Event {
    /// It offered a key, and has proven nothing. May it go on to prove it?
    Offered(String, KeyFingerprint, Sender<bool>),
    /// It has proven a key. Does that let it in?
    Proven(String, KeyFingerprint, Sender<bool>),
    /// It has nothing more to offer. What shall it be told?
    Explain(String, Sender<String>),
    /// It wants a channel. May it?
    Open(ChannelId, Sender<bool>),
    /// Something on a channel.
    Channel(ChannelId, ChannelEvent),
}

/// What a client did on a channel.
pub enum ChannelEvent {
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
pub struct Handler {
    events: Sender<Event>,
    banner: String,
    /// Channels that have their shell or command: there is one for each (RFC 4254, section 6.5).
    started: Vec<ChannelId>,
}

impl Handler {
    /// Events go to `events`; `banner` is shown before authentication.
    pub fn new(events: Sender<Event>, banner: String) -> Handler {
        Handler { events, banner, started: Vec::new() }
    }

    async fn tell(&self, event: Event) -> Result<(), Error> {
        self.events.send(event).await.map_err(|_| Error::Disconnect)
    }

    /// Asks the conversation. No answer is a no.
    async fn ask<T: Default>(&self, question: impl FnOnce(Sender<T>) -> Event) -> Result<T, Error> {
        let (sender, answer) = bounded(1);
        self.tell(question(sender)).await?;
        Ok(answer.recv().await.unwrap_or_default())
    }

    async fn start(
        &mut self,
        id: ChannelId,
        command: Option<String>,
        session: &mut Session,
    ) -> Result<(), Error> {
        if self.started.contains(&id) {
            return session.channel_failure(id);
        }
        if self.started.len() >= 2 * CHANNELS_MAX {
            // The oldest has ended long ago, or is the one that others come and go beside.
            self.started.remove(0);
        }
        self.started.push(id);
        session.channel_success(id)?;
        self.tell_channel(id, ChannelEvent::Start(command)).await
    }

    async fn tell_channel(&self, id: ChannelId, event: ChannelEvent) -> Result<(), Error> {
        self.tell(Event::Channel(id, event)).await
    }
}

fn verdict(accepted: bool) -> Auth {
    if accepted { Auth::Accept } else { Auth::reject() }
}

impl russh::server::Handler for Handler {
    type Error = Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Error> {
        Ok(Some(self.banner.clone()).filter(|text| !text.is_empty()))
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Error> {
        if !algorithms::is_strong(offer.algorithm) {
            return Ok(Auth::reject());
        }
        let key = fingerprint(offer.public_key);
        let accepted = self.ask(|it| Event::Offered(user.to_string(), key, it)).await?;
        Ok(verdict(accepted))
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Error> {
        if !algorithms::is_strong(key.algorithm) {
            return Ok(Auth::reject());
        }
        let key = fingerprint(key.public_key);
        let accepted = self.ask(|it| Event::Proven(user.to_string(), key, it)).await?;
        Ok(verdict(accepted))
    }

    /// Nobody logs in this way: a request without prompts carries the sentence that says why.
    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        if response.is_some() {
            let only_keys = MethodSet::from([MethodKind::PublicKey].as_slice());
            return Ok(Auth::Reject {
                proceed_with_methods: Some(only_keys),
                partial_success: false,
            });
        }
        let sentence = self.ask(|it| Event::Explain(user.to_string(), it)).await?;
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
        match self.ask(|it| Event::Open(channel.id(), it)).await? {
            true => reply.accept().await,
            false => reply.reject(ChannelOpenFailure::ResourceShortage).await,
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
        session.channel_success(channel)?;
        self.tell_channel(channel, ChannelEvent::Terminal(term.to_string(), columns)).await
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
        let command = String::from_utf8_lossy(command).into_owned();
        self.start(channel, Some(command), session).await
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        bytes: &[u8],
        _: &mut Session,
    ) -> Result<(), Error> {
        self.tell_channel(channel, ChannelEvent::Data(bytes.to_vec())).await
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
        self.tell_channel(channel, ChannelEvent::Resize(columns)).await
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.tell_channel(channel, ChannelEvent::Eof).await
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.started.retain(|it| *it != channel);
        self.tell_channel(channel, ChannelEvent::Close).await
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        if name != "NO_COLOR" || value.is_empty() {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        self.tell_channel(channel, ChannelEvent::NoColor).await
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
