//! The service as a whole: everything is put together here, and watched over.
//!
//! ```text
//!  signals ─┐                    ┌─ bell ─> apply loop ─> machine
//!  registry ┼─> Control <─ ssh ──┤              │
//!  database ┘                    └─ board <─────┘
//! ```
//!
//! A change of the configuration, the registry or the database by somebody else is seen here and
//! rings the bell.

mod assemble;
mod backup;
mod configuration;
mod database_watch;
mod export;
mod latency_watch;
mod life_news;
mod manager;
mod names;
mod registry_watch;
mod rhythm;
mod routes_watch;
mod session_watch;

pub(crate) use assemble::read_key;
pub use assemble::{Assembled, configured};
pub(crate) use backup::look as backup_state;
pub use configuration::{ConfigFile, Failure, Trouble, read_config};
pub(crate) use configuration::{is_configuration, read_text};
pub(crate) use database_watch::close;
pub(crate) use export::Pieces;
pub(crate) use manager::catch_signals;

use crate::apply::{Apply, ApplySettings};
use crate::board::{Bell, Board, Cause};
use crate::control::Control;
use crate::local::{self, LocalSocket, News, SocketError};
use crate::runtime::{self, Spawner};
use crate::ssh::Server;
use crate::store::Store;
use crate::sys::dns::Resolver;
use crate::sys::wireguard::{Choice, Judgement};
use async_signal::Signals;
use backup::{Wish, Wishes};
use latency_watch::LatencyWatch;
use manager::handle_signals;
use registry_watch::RegistryWatch;
use routes_watch::RoutesWatch;
use session_watch::SessionWatch;
use std::cell::RefCell;
use std::net::TcpListener;
use std::path::Path;
use std::rc::Rc;

/// Where the system says which name servers to ask.
pub(crate) const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Runs a program's work on this thread.
pub(crate) fn block_on<T>(work: impl AsyncFnOnce(Spawner) -> T) -> Result<T, Trouble> {
    runtime::block_on(work).map_err(|error| Trouble::new(format!("no runtime: {error}")))
}

/// The parts of the running service.
pub struct Service {
    /// Commands.
    pub control: Rc<Control>,
    /// The apply loop's.
    pub apply: Apply,
    assembled: Rc<Assembled>,
    file: ConfigFile,
}

/// `peerling serve`: until SIGTERM or SIGINT.
pub fn serve(file: ConfigFile) -> Result<(), Failure> {
    // One that comes while the service starts waits until it can be handled, and does not end it.
    let signals = catch_signals()?;
    let assembled = configured(&file).map_err(Failure::Configuration)?;
    let (store, sockets) = prepare(&assembled)?;
    let service = Service::over(store, assembled, file)?;
    block_on(async |spawner| service.run(spawner, sockets, signals).await)??;
    Ok(())
}

/// What clients come by.
pub(crate) struct Sockets {
    pub(crate) ssh: Vec<TcpListener>,
    host_keys: Vec<russh::keys::PrivateKey>,
    /// `None`: this machine has none for us, which is no reason to serve nobody.
    local: Option<LocalSocket>,
}

/// What forbids to serve is found before anything is made, host keys too.
fn prepare(assembled: &Assembled) -> Result<(Store, Sockets), Trouble> {
    assembled.can_make_links()?;
    let mut store = assembled.store()?;
    names::agree(&mut store, assembled)?;
    Ok((store, Sockets::open(assembled)?))
}

impl Sockets {
    /// The local one comes first: a second service over the same database ends there.
    pub(crate) fn open(assembled: &Assembled) -> Result<Sockets, Trouble> {
        let local = match LocalSocket::bind(&assembled.config.store.path) {
            Ok(socket) => Some(socket),
            Err(error @ SocketError::Served(..)) => return Err(Trouble::new(error.to_string())),
            Err(error) => {
                log::error!("{error}; peerling exec and check cannot ask this service");
                None
            }
        };
        Ok(Sockets { local, ssh: listen(assembled)?, host_keys: assembled.host_keys()? })
    }
}

fn listen(assembled: &Assembled) -> Result<Vec<TcpListener>, Trouble> {
    let mut listeners = Vec::new();
    for address in &assembled.config.ssh.listen {
        let listener = crate::sys::listen(*address)
            .map_err(|error| Trouble::new(format!("cannot listen on {address}: {error}")))?;
        // Port 0 lets the kernel choose: the log tells what it chose.
        log::info!("listening on {}", listener.local_addr().unwrap_or(*address));
        listeners.push(listener);
    }
    Ok(listeners)
}

impl Service {
    /// Everything but the sockets.
    pub fn new(assembled: Assembled, file: ConfigFile) -> Result<Service, Trouble> {
        let store = assembled.store()?;
        Service::over(store, assembled, file)
    }

    /// The same over a database that is open already.
    pub fn over(store: Store, assembled: Assembled, file: ConfigFile) -> Result<Service, Trouble> {
        let store = Rc::new(RefCell::new(store));
        let (bell, board) = (Rc::new(Bell::default()), Rc::new(Board::default()));
        let resolver = Rc::new(Resolver::system(Path::new(RESOLV_CONF)));
        let apply_settings = Rc::new(RefCell::new(Rc::new(assembled.apply_settings()?)));
        let control = Rc::new(Control {
            store: store.clone(),
            index: RefCell::default(),
            settings: RefCell::new(Rc::new(assembled.control_settings())),
            bell: bell.clone(),
            board: board.clone(),
            resolver: resolver.clone(),
            typed: Default::default(),
            copy_troubles: RefCell::default(),
            rate_limits: Default::default(),
        });
        let apply = Apply::new(store, bell, board, resolver, apply_settings);
        Ok(Service { control, apply, assembled: Rc::new(assembled), file })
    }

    /// Has the apply loop know what the registry's watch would tell it: the route origins.
    pub(crate) async fn read_routes(&self) {
        let settings = self.apply.settings().borrow().clone();
        let directory = &self.assembled.config.registry.directory;
        routes_watch::read_once(directory, &settings, &self.apply.routes()).await;
    }

    /// Serves until a signal ends it.
    pub(crate) async fn run(
        mut self,
        spawner: Spawner,
        sockets: Sockets,
        signals: Signals,
    ) -> Result<(), Trouble> {
        let settings = self.assembled.ssh_settings();
        let (reading, registry_read) = smol::channel::bounded(1);
        let control = self.control.clone();
        let keys = sockets.host_keys;
        let server = Server::new(control, settings, keys, registry_read, spawner.clone());
        for listener in sockets.ssh {
            let listener = runtime::listener(listener)
                .map_err(|error| Trouble::new(format!("a listener cannot be used: {error}")))?;
            spawner.spawn(server.clone().listen(listener));
        }
        let news = Rc::new(News::default());
        // Connections are taken and keys exchanged meanwhile; whose key it is, waits.
        let registry = &self.assembled.config.registry;
        let routes =
            RoutesWatch::new(&registry.directory, self.apply.settings(), self.apply.routes());
        let mut watch = RegistryWatch::new(registry, self.control.clone(), news.clone(), routes);
        watch.start().await;
        self.apply.find_occupied().await;
        drop(reading);
        self.answer_locally(sockets.local.as_ref(), &news, &spawner)?;
        tell(&self.assembled.backend());
        let apply_settings = self.apply.settings();
        spawner.spawn(self.apply.run());
        let latency = LatencyWatch::new(self.control.clone(), apply_settings.clone());
        spawner.spawn(latency.run());
        let sessions = SessionWatch::new(self.control.clone(), apply_settings.clone());
        spawner.spawn(sessions.run());
        spawner.spawn(database_watch::run(self.control.clone()));
        let (again, control) = (smol::channel::bounded(1), self.control.clone());
        spawner.spawn(watch.run(again.1));
        let (mended, wishes) = (smol::channel::bounded(1), Wishes::default());
        wishes.replace(Wish::of(&self.assembled));
        spawner.spawn(backup::run(wishes.clone(), self.control.clone(), news, mended.1));
        let reload = move || {
            manager::reloading();
            let adopted = Assembled::load(&self.file).and_then(|new| {
                names::agree(&mut self.control.store.borrow_mut(), &new)
                    .map_err(|trouble| vec![trouble])?;
                adopt(&new, &self.control, &apply_settings).map_err(|trouble| vec![trouble])?;
                wishes.replace(Wish::of(&new));
                Ok(())
            });
            if let Err(troubles) = adopted {
                let all = troubles.iter().map(|trouble| trouble.to_string()).collect::<Vec<_>>();
                log::error!("the new configuration is not used: {}", all.join("; "));
            }
            let _ = (again.0.try_send(()), mended.0.try_send(()));
            manager::ready();
        };
        spawner.spawn(manager::stay_alive());
        manager::ready();
        handle_signals(signals, reload).await;
        // What was spawned outlives this: the socket is not left to it.
        drop(sockets.local);
        end(&control)
    }

    fn answer_locally(
        &self,
        socket: Option<&LocalSocket>,
        news: &Rc<News>,
        spawner: &Spawner,
    ) -> Result<(), Trouble> {
        let Some(socket) = socket else { return Ok(()) };
        let listener = socket
            .listener()
            .map_err(|error| Trouble::new(format!("the local socket cannot be used: {error}")))?;
        let (control, news) = (self.control.clone(), news.clone());
        let server = local::Server::new(listener, control, news, spawner.clone());
        spawner.spawn(server.run());
        Ok(())
    }
}

/// Saves what is left to save, so that the database's file alone is all of it.
fn end(control: &Control) -> Result<(), Trouble> {
    control.write_typed();
    close(&mut control.store.borrow_mut())
}

/// Says how links are made; loudly, where it is not as anybody would want it.
fn tell(choice: &Choice) {
    match choice.judgement {
        Judgement::Well(_) => log::info!("{choice}"),
        _ => log::warn!("{choice}"),
    }
}

/// Takes a new configuration over: everything but listeners, host keys and the database. One that
/// cannot work here changes nothing.
fn adopt(
    new: &Assembled,
    control: &Control,
    apply: &RefCell<Rc<ApplySettings>>,
) -> Result<(), Trouble> {
    new.can_make_links()?;
    let settings = new.apply_settings()?;
    if settings.pop.backend != apply.borrow().pop.backend {
        tell(&new.backend());
    }
    apply.replace(Rc::new(settings));
    new.tell_banner();
    control.settings.replace(Rc::new(new.control_settings()));
    log::info!(
        "configuration read again; listeners, host keys, database and what [registry] says need a \
         restart"
    );
    control.bell.ring(Cause::Reload);
    Ok(())
}
