//! One connection: first a key is proven in time, then channels come and go.

use super::SshSettings;
use super::channel::Channel;
use super::handler::Event;
use super::inbox::{Postbox, inbox};
use super::seats::Seat;
use crate::access::{self, Denial, Identity};
use crate::control::Control;
use crate::limits::CHANNELS_MAX;
use crate::model::{Mntner, Refusal};
use crate::registry::KeyFingerprint;
use russh::ChannelId;
use russh::server::Handle;
use smol::LocalExecutor;
use smol::channel::Receiver;
use smol::future::FutureExt as _;
use std::cell::{OnceCell, RefCell};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// One connection's side of ours.
pub struct Conversation<'a> {
    /// What commands work on.
    pub control: Rc<Control>,
    /// Grace and idleness.
    pub settings: &'a SshSettings,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Closed once it is known which keys there are.
    pub registry_read: Receiver<Infallible>,
    /// What the client does.
    pub events: Receiver<Event>,
    /// The way back to the client; there before the first event.
    pub handle: Rc<OnceCell<Handle>>,
    /// The connection itself, to hang up.
    pub stream: Arc<TcpStream>,
    /// Where channels run.
    pub executor: Rc<LocalExecutor<'static>>,
}

/// A proven key, and the user name that was signed along with it.
#[derive(Clone)]
pub struct Proof {
    login: String,
    key: KeyFingerprint,
    source: String,
}

/// Whom a proven key lets in.
enum Admitted {
    /// This one.
    One(Identity),
    /// One of these maintainers: which, is asked at the terminal.
    Several(Vec<Mntner>),
}

/// The ways to the channels that are open.
type Channels = Vec<(ChannelId, Postbox)>;

impl Proof {
    /// Whom it proves by the registry of this moment.
    pub fn identity(&self, control: &Control) -> Result<Identity, Denial> {
        let index = control.index.borrow();
        let settings = control.settings.borrow();
        let (maintainer, rights) =
            access::identify(&index, &settings.admins, &self.login, &self.key)?;
        let (key, source) = (self.key.to_string(), self.source.clone());
        Ok(Identity { maintainer, rights, key, source })
    }

    /// The same proof, as if they had logged in by this name. It proves nothing more: whether the
    /// key is that maintainer's, [`Proof::identity`] asks the registry each time.
    pub fn naming(&self, name: &Mntner) -> Proof {
        Proof { login: name.to_string(), ..self.clone() }
    }
}

impl Admitted {
    /// Whose places are taken.
    fn members(&self) -> &[Mntner] {
        match self {
            Admitted::One(who) => who.maintainer.as_slice(),
            Admitted::Several(names) => names,
        }
    }

    /// The name in the log.
    fn name(&self) -> String {
        match self {
            Admitted::One(who) => who.actor(),
            Admitted::Several(names) => {
                names.iter().map(Mntner::to_string).collect::<Vec<_>>().join(" or ")
            }
        }
    }
}

impl Conversation<'_> {
    /// Ends with the connection, or when it is to be ended.
    pub async fn run(self, seat: Seat) {
        let proven = self.authenticate(&seat).or(after(self.settings.login_grace)).await;
        let Some(proof) = proven else {
            return log::debug!("{}: no key proven", self.peer);
        };
        if let Some(handle) = self.handle.get() {
            self.channels(proof, handle).await;
        }
    }

    /// Answers what the client offers until a key lets it in; `None`: it went away.
    async fn authenticate(&self, seat: &Seat) -> Option<Proof> {
        // Who comes before the registry was read waits for it, and is not told that nobody knows
        // them. Nothing is ever sent here; the sender goes, and that is the sign.
        let _ = self.registry_read.recv().await;
        let mut full = None;
        loop {
            match self.events.recv().await.ok()? {
                Event::Offered(login, key, answer) => {
                    let _ = answer.try_send(self.judge(login, key).is_ok());
                }
                Event::Proven(login, key, answer) => {
                    let judged = self.judge(login, key);
                    let admitted = judged.ok().filter(|(_, who)| seat.prove(who.members()));
                    let _ = answer.try_send(admitted.is_some());
                    match admitted {
                        Some((proof, who)) => {
                            let (who, key) = (who.name(), &proof.key);
                            log::info!("{who} logged in from {} with {key}", self.peer);
                            return Some(proof);
                        }
                        None => {
                            full =
                                Some("You have as many sessions here as one member may. Close one")
                        }
                    }
                }
                Event::Explain(login, answer) => {
                    let denial =
                        || access::explain(&self.control.index.borrow(), &login).to_string();
                    let sentence = full.map_or_else(denial, str::to_string);
                    log::info!("{}: {login:?} not let in: {sentence}", self.peer);
                    let _ = answer.try_send(format!("{sentence}."));
                }
                Event::Open(_, answer) => drop(answer.try_send(false)),
                Event::Channel(..) => {}
            }
        }
    }

    fn judge(&self, login: String, key: KeyFingerprint) -> Result<(Proof, Admitted), Denial> {
        let proof = Proof { login, key, source: self.peer.ip().to_canonical().to_string() };
        match proof.identity(&self.control) {
            Ok(who) => Ok((proof, Admitted::One(who))),
            Err(Denial::Several(names)) => Ok((proof, Admitted::Several(names))),
            Err(denial) => Err(denial),
        }
    }

    /// Lets channels be opened, and passes on what happens on them.
    async fn channels(&self, proof: Proof, handle: &Handle) {
        let mut open = Channels::new();
        loop {
            let quiet = async { self.quiet(&open).await };
            let Some(event) = async { self.events.recv().await.ok() }.or(quiet).await else {
                return;
            };
            open.retain(|(_, postbox)| !postbox.is_abandoned());
            match event {
                Event::Open(id, answer) => {
                    let room = open.len() < CHANNELS_MAX;
                    if room {
                        open.push((id, self.open(id, proof.clone(), handle.clone())));
                    }
                    let _ = answer.try_send(room);
                }
                Event::Channel(id, event) => {
                    if let Some((_, postbox)) = open.iter().find(|(it, _)| *it == id) {
                        postbox.put(event);
                    }
                }
                // Whoever is in stays who they are.
                Event::Offered(_, _, answer) | Event::Proven(_, _, answer) => {
                    let _ = answer.try_send(false);
                }
                Event::Explain(_, answer) => drop(answer),
            }
        }
    }

    /// Ends when a connection without channels was silent for too long.
    async fn quiet(&self, open: &Channels) -> Option<Event> {
        loop {
            sleep(self.settings.idle_timeout).await;
            if open.iter().all(|(_, postbox)| postbox.is_abandoned()) {
                return None;
            }
        }
    }

    fn open(&self, id: ChannelId, proof: Proof, handle: Handle) -> Postbox {
        let (postbox, inbox) = inbox();
        let control = self.control.clone();
        let (stream, idle_timeout) = (self.stream.clone(), self.settings.idle_timeout);
        let proof = RefCell::new(proof);
        let channel = Channel { id, control, proof, handle, stream, inbox, idle_timeout };
        self.executor.spawn(channel.run()).detach();
        postbox
    }
}

async fn after<T>(time: Duration) -> Option<T> {
    sleep(time).await;
    None
}

/// What a session is told whose key was taken out of the registry in the meantime.
pub fn gone(denial: &Denial) -> Refusal {
    let message = format!("Your key does not let you in any more: {denial}");
    Refusal::new("denied", message, "")
}
