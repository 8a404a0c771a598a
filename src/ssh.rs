//! The SSH service: connections in, sessions out, and nobody waits for anybody.
//!
//! ```text
//!  listener ── connection ─┬─ russh's own task ── Handler ──(Events)──┐
//!                          └─ conversation: keys, grace, idle <───────┘
//!                               └─ channel: shell::Session ── Control::run
//! ```
//!
//! russh wants handlers that are `Send` and runs them on its Tokio task; everything of ours is on
//! the one thread's executor. So the `handler` holds channel ends only, and each connection has a
//! conversation of ours that answers it. What a client does can end its own connection and no
//! other.
//!
//! Sockets and timers are Tokio's here, and async-io's everywhere else: async-io has a thread of
//! its own that waits for them, and a login that is handed over from thread to thread at each of
//! its dozen packets costs twice the processor time.

mod algorithms;
mod channel;
mod conversation;
mod handler;
mod host_keys;
mod inbox;
mod seats;
mod wire;

use crate::control::Control;
use crate::limits::{ACCEPT_PAUSE_MS, SSH_EVENTS_MAX};
use conversation::Conversation;
use handler::Handler;
use russh::server::{RunningSession, run_stream};
use seats::Seats;
use smol::LocalExecutor;
use smol::channel::Receiver;
use smol::future::FutureExt as _;
use std::cell::{OnceCell, RefCell};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use wire::{Wire, hang_up};

pub use host_keys::{HostKeyError, load as load_host_key, load_or_make, new_key};
pub use seats::SeatLimits;

/// What the service needs to know of the configuration.
#[derive(Clone, Debug)]
pub struct SshSettings {
    /// How long a connection may take to prove a key.
    pub login_grace: Duration,
    /// How long a session may be silent.
    pub idle_timeout: Duration,
    /// How many there may be.
    pub seats: SeatLimits,
    /// Shown before authentication; empty: nothing.
    pub banner: String,
}

/// The service.
pub struct Server {
    control: Rc<Control>,
    settings: SshSettings,
    protocol: Arc<russh::server::Config>,
    registry_read: Receiver<Infallible>,
    seats: Rc<RefCell<Seats>>,
    executor: Rc<LocalExecutor<'static>>,
}

impl Server {
    /// A service with these host keys; the first that a client likes is used. Nobody's key is
    /// judged before the sender of `registry_read` is dropped.
    pub fn new(
        control: Rc<Control>,
        settings: SshSettings,
        host_keys: Vec<russh::keys::PrivateKey>,
        registry_read: Receiver<Infallible>,
        executor: Rc<LocalExecutor<'static>>,
    ) -> Rc<Server> {
        let protocol = Arc::new(algorithms::protocol(host_keys));
        let seats = Rc::new(RefCell::new(Seats::new(settings.seats)));
        Rc::new(Server { control, settings, protocol, registry_read, seats, executor })
    }

    /// Takes connections from one listener until the program ends. An error of one `accept` (no
    /// descriptors left, a client that is gone again) is logged and survived.
    pub async fn listen(self: Rc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.clone().take(stream, peer),
                Err(error) => {
                    log::warn!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                }
            }
        }
    }

    fn take(self: Rc<Self>, stream: TcpStream, peer: SocketAddr) {
        let stream = Arc::new(stream);
        let Some(seat) = Seats::take(&self.seats, peer.ip(), stream.clone()) else {
            log::debug!("{peer}: too many connections, closed");
            return;
        };
        let executor = self.executor.clone();
        executor.spawn(async move { self.serve(stream, peer, seat).await }).detach();
    }

    async fn serve(&self, stream: Arc<TcpStream>, peer: SocketAddr, seat: seats::Seat) {
        let (sender, events) = smol::channel::bounded(SSH_EVENTS_MAX);
        let handler = Handler::new(sender, self.settings.banner.clone());
        let wire = Wire::new(stream.clone());
        let handle = Rc::new(OnceCell::new());
        let protocol = async {
            let running: RunningSession<Handler> =
                run_stream(self.protocol.clone(), wire, handler).await?;
            // This runs once: the place is empty.
            let _ = handle.set(running.handle());
            running.await
        };
        let conversation = Conversation {
            control: self.control.clone(),
            settings: &self.settings,
            peer,
            registry_read: self.registry_read.clone(),
            events,
            handle: handle.clone(),
            stream: stream.clone(),
            executor: self.executor.clone(),
        };
        let talk = async {
            conversation.run(seat).await;
            Ok(())
        };
        if let Err(error) = protocol.or(talk).await {
            log::debug!("{peer}: {error}");
        }
        // russh's task may still hold its end; closing the socket ends it.
        hang_up(&stream);
    }
}
