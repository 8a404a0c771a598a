//! The SSH service: connections in, sessions out, and nobody waits for anybody.
//!
//! ```text
//!  listener ── connection ─┬─ russh's own task ── Handler ──(Events)──┐
//!                          └─ conversation: keys, grace, idle <───────┘
//!                               └─ channel: shell::Session ── Control::run
//! ```
//!
//! russh wants handlers that are `Send` and runs them on a task of its own; everything of ours is
//! on the one thread's executor. So the `handler` holds channel ends only, and each connection has
//! a conversation of ours that answers it. What a client does can end its own connection and no
//! other.
//!
//! Sockets and timers are those of [`crate::runtime`], which says why.

mod algorithms;
mod channel;
mod client;
mod conversation;
mod handler;
mod host_keys;
mod inbox;
mod rates;
mod rejected;
mod slots;
mod wire;

use crate::control::Control;
use crate::limits::{ACCEPT_PAUSE, CLIENT_LINES_WINDOW, SSH_EVENTS_MAX};
use crate::runtime::{Spawner, TcpListener, TcpStream, sleep, within};
use crate::sys;
use client::{Client, Stage};
use conversation::{Attempt, Conversation};
use handler::Handler;
use rates::Rates;
use rejected::{Reports, Verdict};
use russh::server::{RunningSession, run_stream};
use russh_util::runtime::watched;
use slots::{Newcomer, Slot, Slots};
use smol::channel::Receiver;
use smol::future::FutureExt as _;
use std::cell::{OnceCell, RefCell};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wire::{Wire, hang_up};

pub use host_keys::{
    load as load_host_key, load_or_make, new_key, objection as host_key_objection,
};
pub use slots::SlotLimits;

/// What the service needs to know of the configuration.
#[derive(Clone, Debug)]
pub struct SshSettings {
    /// How long a connection may take to prove a key.
    pub login_grace: Duration,
    /// How long a session may be silent.
    pub idle_timeout: Duration,
    /// How many there may be.
    pub slots: SlotLimits,
}

/// The service.
pub struct Server {
    control: Rc<Control>,
    settings: SshSettings,
    protocol: Arc<russh::server::Config>,
    registry_read: Receiver<Infallible>,
    slots: Rc<RefCell<Slots>>,
    rates: RefCell<Rates>,
    reports: RefCell<Reports>,
    /// How many times slower this machine is than those that the limits are for.
    slowness: u64,
    spawner: Spawner,
}

/// A connection that was taken.
struct Connection {
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    client: Arc<Client>,
    attempt: RefCell<Attempt>,
}

impl Server {
    /// A service with these host keys; the first that a client likes is used. Nobody's key is
    /// judged before the sender of `registry_read` is dropped.
    pub fn new(
        control: Rc<Control>,
        settings: SshSettings,
        host_keys: Vec<russh::keys::PrivateKey>,
        registry_read: Receiver<Infallible>,
        spawner: Spawner,
    ) -> Rc<Server> {
        let protocol = Arc::new(algorithms::protocol(host_keys));
        let slots = Rc::new(RefCell::new(Slots::new(settings.slots)));
        let rates = RefCell::new(Rates::new(Instant::now()));
        let reports = RefCell::default();
        let server = Rc::new(Server {
            control,
            settings,
            protocol,
            registry_read,
            slots,
            rates,
            reports,
            slowness: client::slowness(),
            spawner: spawner.clone(),
        });
        spawner.spawn(server.clone().log_sums());
        server
    }

    /// Takes connections from one listener until the program ends. An error of one `accept` (no
    /// descriptors left, a client that is gone again) is logged and survived.
    pub async fn listen(self: Rc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.clone().take(stream, peer),
                Err(error) => {
                    log::warn!("accept: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn take(self: Rc<Self>, stream: TcpStream, peer: SocketAddr) {
        let client = Arc::new(Client::new(Instant::now(), self.slowness));
        let stream = Arc::new(stream);
        let newcomer =
            Newcomer { address: peer.ip(), client: client.clone(), stream: stream.clone() };
        let Some(taken) = Slots::take(&self.slots, newcomer, sys::chance()) else {
            log::debug!("{peer}: too many connections, closed");
            self.reports.borrow_mut().dropped(peer.ip());
            return;
        };
        if let Some(address) = taken.dropped {
            self.reports.borrow_mut().dropped(address);
        }
        let connection = Connection { stream, peer, client, attempt: RefCell::default() };
        let spawner = self.spawner.clone();
        spawner.spawn(async move { self.serve(connection, taken.slot).await });
    }

    async fn serve(&self, connection: Connection, slot: Slot) {
        // Whoever waits longer than a login may take is hung up on.
        let turn = within(self.settings.login_grace, self.turn(connection.peer));
        if turn.await.is_ok() {
            let ended = self.speak(&connection, slot).await;
            self.conclude(&connection, ended);
        }
        // russh's task may still hold its end; closing the socket ends it.
        hang_up(&connection.stream);
    }

    /// Waits for a handshake's turn.
    async fn turn(&self, peer: SocketAddr) {
        loop {
            let turn = self.rates.borrow_mut().take(peer.ip(), Instant::now());
            match turn {
                Ok(()) => return,
                Err(wait) => sleep(wait).await,
            }
        }
    }

    /// Speaks SSH until one side has enough.
    async fn speak(&self, connection: &Connection, slot: Slot) -> Result<(), russh::Error> {
        let (sender, events) = smol::channel::bounded(SSH_EVENTS_MAX);
        let client = &connection.client;
        let banner = self.control.settings.borrow().banner.to_string();
        let handler = Handler::new(sender, banner, client.clone());
        let wire = Wire::new(connection.stream.clone(), client.clone());
        let handle = Rc::new(OnceCell::new());
        let protocol = async {
            let running = run_stream(self.protocol.clone(), wire, handler);
            let running: RunningSession<Handler> = watched(client.clone(), running).await?;
            // This runs once: the place is empty.
            let _ = handle.set(running.handle());
            running.await
        };
        let conversation = Conversation {
            control: self.control.clone(),
            settings: &self.settings,
            peer: connection.peer,
            registry_read: self.registry_read.clone(),
            events,
            handle: handle.clone(),
            stream: connection.stream.clone(),
            client: client.clone(),
            attempt: &connection.attempt,
            spawner: self.spawner.clone(),
        };
        let talk = async {
            conversation.run(slot).await;
            Ok(())
        };
        protocol.or(talk).await
    }

    /// A connection has ended. Whoever wanted to log in and could not has a line in the log.
    fn conclude(&self, connection: &Connection, ended: Result<(), russh::Error>) {
        let peer = connection.peer;
        let words = match connection.client.stage() {
            Stage::Proven => None,
            _ => rejected::reason(&self.control.index.borrow(), connection, &ended),
        };
        let Some(words) = words else {
            return match ended {
                Ok(()) => log::debug!("{peer}: no key proven, or logged out"),
                Err(error) => log::debug!("{peer}: {}", rejected::brief(&error)),
            };
        };
        match self.reports.borrow_mut().line(peer.ip()) {
            Verdict::Log => log::info!("{peer}: not let in: {words}"),
            Verdict::Count => log::debug!("{peer}: not let in: {words}"),
        }
    }

    /// Logs each minute what was only counted, until the program ends.
    async fn log_sums(self: Rc<Self>) {
        loop {
            sleep(CLIENT_LINES_WINDOW).await;
            let sums = self.reports.borrow_mut().end();
            if let Some(words) = sums.unlogged {
                log::info!("more that were not let in: {words}");
            }
            if let Some(words) = sums.dropped {
                log::warn!("{words}");
            }
        }
    }
}
