//! One connection: first a key is proven in time, then channels come and go.

use super::SshSettings;
use super::channel::Channel;
use super::client::Client;
use super::handler::Event;
use super::inbox::{Held, Postbox, inbox};
use super::slots::{Full, Owner, Slot};
use crate::access::{self, Denial, Identity};
use crate::control::Control;
use crate::limits::{CHANNELS_MAX, MNTNER_BYTES_MAX};
use crate::model::{Mntner, Refusal, Role};
use crate::registry::KeyFingerprint;
use crate::runtime::{Spawner, TcpStream, sleep, within};
use russh::ChannelId;
use russh::server::Handle;
use smol::channel::Receiver;
use smol::future::FutureExt as _;
use std::cell::{OnceCell, RefCell};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// One connection's side of ours.
pub(super) struct Conversation<'a> {
    /// What commands work on.
    pub(super) control: Rc<Control>,
    /// Grace and idleness.
    pub(super) settings: &'a SshSettings,
    /// Where it comes from.
    pub(super) peer: SocketAddr,
    /// Closed once it is known which keys there are.
    pub(super) registry_read: Receiver<Infallible>,
    /// What the client does.
    pub(super) events: Receiver<Event>,
    /// The way back to the client; there before the first event.
    pub(super) handle: Rc<OnceCell<Handle>>,
    /// The connection itself, to hang up.
    pub(super) stream: Arc<TcpStream>,
    /// What is known of the client.
    pub(super) client: Arc<Client>,
    /// What it tries.
    pub(super) attempt: &'a RefCell<Attempt>,
    /// Where channels run.
    pub(super) spawner: Spawner,
}

/// What a client tried in order to be let in: for the log, if it is not.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    /// The last name that it used; `None`: it used none, or one that is nobody's for its length.
    pub(super) login: Option<String>,
    /// Keys that it offered and that did not let it in.
    pub(super) keys: usize,
    /// Why it is not let in, as far as more is known than the registry says.
    pub(super) why: Option<String>,
}

/// A proven key, and the user name that was signed along with it.
#[derive(Clone)]
pub(super) struct Proof {
    login: String,
    key: KeyFingerprint,
    source: String,
}

/// Whom a proven key lets in.
enum Admitted {
    One(Identity),
    /// One of these maintainers: which, is asked at the terminal.
    Several(Vec<Mntner>),
}

/// The ways to the channels that are open.
type Channels = Vec<(ChannelId, Postbox)>;

impl Proof {
    /// Whom it proves by the registry of this moment.
    pub(super) fn identity(&self, control: &Control) -> Result<Identity, Denial> {
        let index = control.index.borrow();
        let settings = control.settings.borrow();
        let (maintainer, role) =
            access::identify(&index, &settings.admins, &self.login, &self.key)?;
        let (key, source) = (self.key.to_string(), self.source.clone());
        Ok(Identity { maintainer, role, key, source })
    }

    /// The same proof, as if they had logged in by this name. It proves nothing more: whether the
    /// key is that maintainer's, [`Proof::identity`] asks the registry each time.
    pub(super) fn naming(&self, name: &Mntner) -> Proof {
        Proof { login: name.to_string(), ..self.clone() }
    }
}

impl Admitted {
    /// Whose places are taken.
    fn owner(&self) -> Owner {
        match self {
            Admitted::One(who) => match (who.role, &who.maintainer) {
                (Role::Member, Some(name)) => Owner::Members(vec![name.clone()]),
                (_, name) => Owner::Admin(name.clone()),
            },
            Admitted::Several(names) => Owner::Members(names.clone()),
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
    pub(super) async fn run(self, slot: Slot) {
        let proven = within(self.settings.login_grace, self.authenticate(&slot)).await;
        if let (Ok(Some(proof)), Some(handle)) = (proven, self.handle.get()) {
            self.channels(proof, handle).await;
        }
    }

    /// Answers what the client offers until a key lets it in; `None`: it went away.
    async fn authenticate(&self, slot: &Slot) -> Option<Proof> {
        // Who comes before the registry was read waits for it, and is not told that nobody knows
        // them. Nothing is ever sent here; the sender goes, and that is the sign.
        let _ = self.registry_read.recv().await;
        loop {
            match self.events.recv().await.ok()? {
                Event::Offered(login, key, answer) => {
                    self.attempt.borrow_mut().login = Some(login.clone());
                    let accepted = self.judge(login, key).is_ok();
                    if !accepted {
                        self.attempt.borrow_mut().keys += 1;
                    }
                    let _ = answer.try_send(accepted);
                }
                Event::Proven(login, key, answer) => {
                    let admitted = self.admit(login, key, slot);
                    let _ = answer.try_send(admitted.is_some());
                    if admitted.is_some() {
                        return admitted;
                    }
                }
                Event::Explain(login, answer) => {
                    let mut attempt = self.attempt.borrow_mut();
                    attempt.login = Some(login.clone());
                    let _ = answer.try_send(format!("{}.", self.reason(&attempt, &login)));
                }
                Event::LongName => {
                    let words = format!("its user name has more than {MNTNER_BYTES_MAX} bytes");
                    self.attempt.borrow_mut().why = Some(words);
                }
                Event::Open(_, answer) => drop(answer.try_send(false)),
                Event::Channel(..) => {}
            }
        }
    }

    /// Lets somebody in who has proven a key, if it is a member's and there is room.
    fn admit(&self, login: String, key: KeyFingerprint, slot: &Slot) -> Option<Proof> {
        let (proof, who) = self.judge(login, key).ok()?;
        if let Err(full) = slot.prove(&who.owner()) {
            self.attempt.borrow_mut().why = Some(full_words(full).to_string());
            return None;
        }
        self.client.proved();
        log::info!("{} logged in from {} with {}", who.name(), self.peer, proof.key);
        Some(proof)
    }

    /// Why a client is not let in.
    fn reason(&self, attempt: &Attempt, login: &str) -> String {
        match &attempt.why {
            Some(why) => why.clone(),
            None => access::explain(&self.control.index.borrow(), login).to_string(),
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
        let held = Held::default();
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
                        let postbox = self.open(id, proof.clone(), handle.clone(), held.clone());
                        open.push((id, postbox));
                    }
                    let _ = answer.try_send(room);
                }
                Event::Channel(id, event) => {
                    if let Some((_, postbox)) = open.iter().find(|(open, _)| *open == id) {
                        postbox.put(event);
                    }
                }
                // Whoever is in stays who they are.
                Event::Offered(_, _, answer) | Event::Proven(_, _, answer) => {
                    let _ = answer.try_send(false);
                }
                Event::Explain(_, answer) => drop(answer),
                Event::LongName => {}
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

    fn open(&self, id: ChannelId, proof: Proof, handle: Handle, held: Held) -> Postbox {
        let (postbox, inbox) = inbox(held);
        let control = self.control.clone();
        let (stream, idle_timeout) = (self.stream.clone(), self.settings.idle_timeout);
        let proof = RefCell::new(proof);
        let channel = Channel { id, control, proof, handle, stream, inbox, idle_timeout };
        self.spawner.spawn(channel.run());
        postbox
    }
}

fn full_words(full: Full) -> &'static str {
    match full {
        Full::Member => "You have as many sessions here as one member may. Close one",
        Full::Everybody => "All sessions of this POP are taken. Try again later",
    }
}

/// What a session is told whose key was taken out of the registry in the meantime.
pub(super) fn gone(denial: &Denial) -> Refusal {
    let message = format!("Your key does not let you in any more: {denial}");
    Refusal::new("denied", message, "")
}
