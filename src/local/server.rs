//! The service's side of the local socket.

use super::message::{Answer, BoardView, DatabaseView, PeeringView, RegistryView, Request, pieces};
use crate::access::Identity;
use crate::answer::ExitStatus;
use crate::board::{Entry, Progress};
use crate::control::Control;
use crate::limits::{
    ACCEPT_PAUSE, LOCAL_CLIENTS_MAX, LOCAL_LINE_BYTES_MAX, LOCAL_REQUEST_TIMEOUT,
    LOCAL_WORKING_PAUSE, LOCAL_WRITE_TIMEOUT,
};
use crate::model::{Asn, BgpState, Mntner, Role};
use crate::runtime::{self, Spawner};
use crate::shell::{Event, Output, Session, Start};
use crate::sys;
use async_io::Async;
use nanoserde::{DeJson as _, SerJson as _};
use rustix::net::sockopt::socket_peercred;
use smol::Timer;
use smol::future::{FutureExt as _, or};
use smol::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What other parts of the service tell of themselves, for whoever asks from this machine.
#[derive(Debug, Default)]
pub struct News {
    /// When the registry that is in use was read.
    pub registry_read: Cell<Option<Instant>>,
    /// Why what lies in the registry's clone is not used.
    pub registry_refused: RefCell<Option<String>>,
    /// When the service last pulled without a failure.
    pub pulled: Cell<Option<Instant>>,
    /// Why the last pull failed.
    pub pull_error: RefCell<Option<String>>,
    /// What the last backup failed with.
    pub backup_error: RefCell<Option<String>>,
}

/// Answers whoever connects.
pub struct Server {
    listener: UnixListener,
    control: Rc<Control>,
    news: Rc<News>,
    spawner: Spawner,
}

struct Client {
    stream: Async<UnixStream>,
    control: Rc<Control>,
    news: Rc<News>,
}

impl Server {
    /// A server that does nothing before [`Server::run`].
    pub fn new(
        listener: UnixListener,
        control: Rc<Control>,
        news: Rc<News>,
        spawner: Spawner,
    ) -> Server {
        Server { listener, control, news, spawner }
    }

    /// Takes clients until the program ends.
    pub async fn run(self) {
        let listener = match Async::new(self.listener) {
            Ok(listener) => listener,
            Err(error) => return log::error!("the local socket cannot be used: {error}"),
        };
        let clients = Rc::new(());
        loop {
            match listener.accept().await {
                Ok((stream, _)) if Rc::strong_count(&clients) > LOCAL_CLIENTS_MAX => {
                    turn_away(stream.get_ref());
                }
                Ok((stream, _)) => {
                    let (control, news) = (self.control.clone(), self.news.clone());
                    let (client, slot) = (Client { stream, control, news }, clients.clone());
                    let serve = async move {
                        if let Err(error) = client.serve().await {
                            log::debug!("a client on the local socket: {error}");
                        }
                        drop(slot);
                    };
                    self.spawner.spawn(serve);
                }
                Err(error) => {
                    log::warn!("the local socket: {error}");
                    Timer::after(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// One line fits any socket's buffer; nobody is waited for.
fn turn_away(mut stream: &UnixStream) {
    let why = format!("{LOCAL_CLIENTS_MAX} other clients are connected already; try again");
    let _ = writeln!(stream, "{}", Answer::Refused { why }.serialize_json());
}

impl Client {
    async fn serve(&self) -> io::Result<()> {
        let peer = socket_peercred(&self.stream)?;
        if !(peer.uid.is_root() || peer.uid == rustix::process::geteuid()) {
            let why = "only root and the service's own user are heard here".to_string();
            return self.say(&Answer::Refused { why }).await;
        }
        let line = in_time(LOCAL_REQUEST_TIMEOUT, self.request()).await?;
        match Request::deserialize_json(&line) {
            Ok(Request::Board) => self.tell_board().await,
            Ok(Request::Run { words, maintainer, input }) => {
                self.carry_out(&Order { words, maintainer, input }).await
            }
            Err(error) => {
                let why = format!("this is no request that peerling knows: {error}");
                self.say(&Answer::Refused { why }).await
            }
        }
    }

    /// One line, in bounds.
    async fn request(&self) -> io::Result<String> {
        let bound = LOCAL_LINE_BYTES_MAX as u64;
        let mut line = String::new();
        BufReader::new((&self.stream).take(bound)).read_line(&mut line).await?;
        if !line.ends_with('\n') {
            return Err(io::Error::new(ErrorKind::InvalidData, "the request is no whole line"));
        }
        Ok(line)
    }

    async fn tell_board(&self) -> io::Result<()> {
        self.say(&Answer::Board { board: self.board() }).await?;
        for (asn, entry) in self.control.board.entries() {
            let peering = self.peering(asn, &entry);
            self.say(&Answer::Peering { peering }).await?;
        }
        self.say(&Answer::End).await
    }

    fn board(&self) -> BoardView {
        let news = &self.news;
        BoardView {
            generation: self.control.board.generation(),
            trouble: self.control.board.trouble(),
            database: self.database(),
            registry: RegistryView {
                read_age_s: news.registry_read.get().map(age_s),
                pulled_age_s: news.pulled.get().map(age_s),
                pull_error: news.pull_error.borrow().clone(),
                refused: news.registry_refused.borrow().clone(),
            },
            backup_error: news.backup_error.borrow().clone(),
        }
    }

    fn database(&self) -> Option<DatabaseView> {
        let error = self.control.store.borrow().trusted().err()?;
        Some(DatabaseView { trouble: error.to_string(), remedy: error.remedy().to_string() })
    }

    fn peering(&self, asn: Asn, entry: &Entry) -> PeeringView {
        let (progress, error) = match &entry.progress {
            Progress::Queued => ("queued", None),
            Progress::Applied => ("applied", None),
            Progress::Failed(why) => ("failed", Some(why.clone())),
        };
        PeeringView {
            asn: asn.get(),
            progress: progress.to_string(),
            error,
            bgp: entry.bgp.as_ref().map(|bgp| bgp.state.map_or("", BgpState::word).to_string()),
            handshake_age_s: self.control.board.handshake_age(asn).map(|age| age.as_secs()),
            endpoint_trouble: entry.endpoint_trouble.clone(),
        }
    }

    /// Runs a command; meanwhile the client is told that it is under way. One that goes away ends
    /// the waiting, never what was saved.
    async fn carry_out(&self, order: &Order) -> io::Result<()> {
        let mut command = pin!(execute(&self.control, order, Applied::Here));
        let done = loop {
            let working = async {
                Timer::after(LOCAL_WORKING_PAUSE).await;
                None
            };
            match or(async { Some(command.as_mut().await) }, working).await {
                Some(done) => break done,
                None => self.say(&Answer::Working).await?,
            }
        };
        let done = match done {
            Ok(done) => done,
            Err(why) => return self.say(&Answer::Refused { why }).await,
        };
        for piece in pieces(&done.out) {
            self.say(&Answer::Out { text: piece.to_string() }).await?;
        }
        for piece in pieces(&done.err) {
            self.say(&Answer::Err { text: piece.to_string() }).await?;
        }
        self.say(&Answer::Exit { status: done.status }).await
    }

    async fn say(&self, answer: &Answer) -> io::Result<()> {
        let mut line = answer.serialize_json();
        line.push('\n');
        runtime::give_way().await;
        in_time(LOCAL_WRITE_TIMEOUT, (&self.stream).write_all(line.as_bytes())).await
    }
}

fn age_s(since: Instant) -> u64 {
    since.elapsed().as_secs()
}

async fn in_time<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = async {
        Timer::after(time).await;
        Err(ErrorKind::TimedOut.into())
    };
    work.or(late).await
}

// A command of the shell from this machine: the local administrator's, or a maintainer's by their
// hand.

/// The key and the source that audit records name.
const LOCAL: &str = "local";

/// What is to be carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The command's words; a single one is a whole line, as `ssh pop LINE` has it.
    pub words: Vec<String>,
    /// The maintainer that it is for; `None`: the administrator's own.
    pub maintainer: Option<String>,
    /// What the command reads from standard input.
    pub input: Vec<u8>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
    /// The exit status.
    pub status: u32,
}

/// Who carries out what commands save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The apply loop of this process.
    Here,
    /// Nobody: `--wait` has nothing to wait for.
    Nowhere,
}

/// Carries a command out. The error is a sentence for the operator.
pub async fn execute(control: &Control, order: &Order, applied: Applied) -> Result<Done, String> {
    let identity = identity(control, order.maintainer.as_deref())?;
    let our_asn = control.settings.borrow().site.asn;
    let start = Start::of_words(&order.words);
    let mut session = Session::new(start, None, our_asn).listed_for(identity.role);
    let mut output = Output::default();
    session.begin(&mut output);
    let mut input = Some(order.input.as_slice());
    let status = loop {
        match session.next(&mut output) {
            Some(Event::Run(mut request)) => {
                if applied == Applied::Nowhere {
                    request.wait = request.wait.map(|_| Duration::ZERO);
                }
                runtime::give_way().await;
                let outcome = control.run(&identity, &request, sys::now()).await;
                session.answered(outcome, &mut output);
            }
            // Only a member at a terminal looks on.
            Some(Event::Follow(_)) => session.followed(),
            Some(Event::Close(status)) => break status,
            Some(Event::Pause(_)) => break ExitStatus::Fault.code(),
            None => match input.take() {
                Some([]) => session.end_of_input(),
                Some(bytes) => input = Some(session.feed(bytes)),
                None => break ExitStatus::Fault.code(),
            },
        }
    };
    Ok(Done { out: text(output.out), err: text(output.err), status })
}

/// Whoever may read our database and our keys is the operator.
fn identity(control: &Control, name: Option<&str>) -> Result<Identity, String> {
    let maintainer = name.map(|name| maintainer(control, name)).transpose()?;
    let (key, source) = (LOCAL.to_string(), LOCAL.to_string());
    Ok(Identity { maintainer, role: Role::Admin, key, source })
}

fn maintainer(control: &Control, name: &str) -> Result<Mntner, String> {
    let index = control.index.borrow();
    for candidate in Mntner::candidates(name) {
        if index.maintainer(&candidate).is_some() {
            return Ok(candidate);
        }
    }
    Err(format!("the registry has no maintainer {name}"))
}

/// What a session prints was text before it was bytes.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
