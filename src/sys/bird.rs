//! BIRD, by its control socket: the same protocol from version 2.0.12 to 3.x, the one that birdc
//! speaks.
//!
//! `reply` makes replies of bytes, `client` holds the connection, `verbs` are the commands
//! that we give, `complaint` and `status` read their answers. One command is under way at a
//! time; a connection mends itself before the next command, so that one [`Bird`] can be kept.

mod definitions;
mod reply;
mod status;
mod verbs;

pub use definitions::{Claims, Definitions, texts};
pub use reply::{Line, Reply};
pub use status::{BgpStatus, Capabilities, Channel, KernelRoutes, Protocol};
pub use verbs::Complaint;
pub use verbs::{Ages, Check, Configured, Examined};

use crate::limits::{
    BIRD_COMMAND_BYTES_MAX, BIRD_COMMAND_TIMEOUT, BIRD_CONFIGURE_TIMEOUT, BIRD_REPLY_BYTES_MAX,
    BIRD_SYMBOL_BYTES_MAX,
};
use crate::runtime::give_way;
use crate::sys::within;
use async_io::Async;
use reply::{Parser, ReplyError};
use smol::io::{AsyncReadExt as _, AsyncWriteExt as _};
use std::fmt;
use std::io::{self, ErrorKind, Read as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What went wrong with BIRD. Its text tells the operator what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BirdError {
    /// The control socket.
    pub socket: PathBuf,
    pub fault: BirdFault,
}

/// The kinds of faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BirdFault {
    /// There is no such file.
    Missing,
    /// There is a socket, but nobody behind it.
    NotListening,
    /// The file's mode keeps us out.
    Permission,
    /// No answer in so many seconds.
    TimedOut(u64),
    /// BIRD closed the connection; it was stopped, or started again.
    Closed,
    /// An answer beyond the bounds in bytes or lines.
    TooLarge,
    /// The socket lets us read only (reply 8007).
    Restricted,
    /// Not BIRD's protocol; what came instead.
    Garbage(String),
    /// A reply that does not belong to the command: its code and text.
    Unexpected(u16, String),
    /// The command was not sent: over [`BIRD_COMMAND_BYTES_MAX`], or of more than one line.
    Command,
    /// The command was not sent: no name or pattern of a protocol.
    Name,
    /// The system refused something else.
    Machine(ErrorKind),
}

impl fmt::Display for BirdError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.socket.display(), self.fault)
    }
}

impl fmt::Display for BirdFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BirdFault::Missing => out.write_str("no such socket; start BIRD, or set its path"),
            BirdFault::NotListening => out.write_str("nobody listens there; start BIRD"),
            BirdFault::Permission => {
                out.write_str("permission denied; join the socket's group, bird on Debian")
            }
            BirdFault::TimedOut(seconds) => {
                write!(out, "no answer in {seconds} s; see whether BIRD hangs, then restart it")
            }
            BirdFault::Closed => out.write_str("BIRD closed the connection; see its log"),
            BirdFault::TooLarge => write!(
                out,
                "an answer is over {} MiB, or its lines too many or too long; is this BIRD?",
                BIRD_REPLY_BYTES_MAX >> 20
            ),
            BirdFault::Restricted => {
                out.write_str("only reading is allowed there; use a socket without restrict")
            }
            BirdFault::Garbage(words) => {
                write!(out, "this is not BIRD's control socket; it says {words:?}")
            }
            BirdFault::Unexpected(code, words) => write!(out, "BIRD refuses: {words} ({code:04})"),
            BirdFault::Command => {
                write!(out, "a command is one line of at most {BIRD_COMMAND_BYTES_MAX} bytes")
            }
            BirdFault::Name => write!(
                out,
                "a protocol's name is 1 to {BIRD_SYMBOL_BYTES_MAX} letters, digits and underscores"
            ),
            BirdFault::Machine(kind) => kind.fmt(out),
        }
    }
}

impl std::error::Error for BirdError {}

// The connection to BIRD: a command out, its whole reply back, within a time.
//
// Replies carry no mark of their command. So a connection is used again only if the last reply
// came whole and nothing came after it; else a new one is made, which costs BIRD nothing.

/// Code of the greeting.
const WELCOME: u16 = 1;
/// Code of "Access denied" on a restricted connection.
const ACCESS_DENIED: u16 = 8007;
/// Read at once; BIRD itself writes in blocks of 4 kB.
const BLOCK_BYTES: usize = 16 * 1024;
/// Between two attempts to get into BIRD's queue.
const QUEUE_PAUSE: Duration = Duration::from_millis(20);

/// A connection to BIRD.
#[derive(Debug)]
pub struct Bird {
    stream: Async<UnixStream>,
    parser: Parser,
    socket: PathBuf,
    version: String,
    state: State,
}

/// Whether the next reply on the connection will be the next command's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    /// From a command's first byte to its reply's last; for ever, if that does not come in time.
    Busy,
}

/// Connects, and waits for BIRD's greeting, at most `deadline` in all.
pub async fn connect(path: &Path, deadline: Duration) -> Result<Bird, BirdError> {
    let opened = within(deadline, open(path)).await;
    let opened = opened.unwrap_or(Err(BirdFault::TimedOut(deadline.as_secs())));
    opened.map_err(|fault| BirdError { socket: path.to_path_buf(), fault })
}

async fn open(path: &Path) -> Result<Bird, BirdFault> {
    let stream = reach(path).await?;
    let (parser, socket) = (Parser::default(), path.to_path_buf());
    let mut bird = Bird { stream, parser, socket, version: String::new(), state: State::Busy };
    let greeting = bird.reply().await?;
    let version =
        greeting.words().strip_prefix("BIRD ").and_then(|rest| rest.strip_suffix(" ready."));
    match version {
        Some(version) if greeting.code == WELCOME => bird.version = version.to_owned(),
        _ => return Err(BirdFault::Garbage(greeting.words().to_owned())),
    }
    bird.state = State::Ready;
    Ok(bird)
}

/// Connects, again and again while the queue of those whom BIRD has not yet let in is full. (For
/// want of EINPROGRESS on such sockets, async-io tells so by ENOTCONN.)
async fn reach(path: &Path) -> Result<Async<UnixStream>, BirdFault> {
    loop {
        let error = match Async::<UnixStream>::connect(path).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::NotConnected | ErrorKind::WouldBlock => {
                smol::Timer::after(QUEUE_PAUSE).await
            }
            ErrorKind::NotFound => return Err(BirdFault::Missing),
            ErrorKind::ConnectionRefused => return Err(BirdFault::NotListening),
            ErrorKind::PermissionDenied => return Err(BirdFault::Permission),
            kind => return Err(BirdFault::Machine(kind)),
        };
    }
}

impl Bird {
    /// BIRD's version as it greets, `2.0.12`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The control socket's path.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Gives a command of one line and waits for the whole reply, whatever its code, but 8007,
    /// which is [`BirdFault::Restricted`]. Where the last command failed or was dropped on the way,
    /// or BIRD was started again, it connects anew first.
    pub async fn command(&mut self, text: &str) -> Result<Reply, BirdError> {
        let limit = match text.split_whitespace().next() {
            Some("configure") => BIRD_CONFIGURE_TIMEOUT,
            _ => BIRD_COMMAND_TIMEOUT,
        };
        self.command_within(text, limit).await
    }

    async fn command_within(&mut self, text: &str, limit: Duration) -> Result<Reply, BirdError> {
        let one_line = !text.bytes().any(|byte| byte.is_ascii_control());
        if text.is_empty() || text.len() >= BIRD_COMMAND_BYTES_MAX || !one_line {
            return Err(self.error(BirdFault::Command));
        }
        let before = std::mem::replace(&mut self.state, State::Busy);
        let late = Err(BirdFault::TimedOut(limit.as_secs()));
        let outcome = within(limit, self.exchange(before, text)).await.unwrap_or(late);
        let reply = outcome.map_err(|fault| self.error(fault))?;
        self.state = State::Ready;
        match reply.code {
            ACCESS_DENIED => Err(self.error(BirdFault::Restricted)),
            _ => Ok(reply),
        }
    }

    async fn exchange(&mut self, before: State, text: &str) -> Result<Reply, BirdFault> {
        if before == State::Busy || !self.is_quiet() {
            // What fails here fails again when the new connection is made.
            let _ = self.stream.get_ref().shutdown(Shutdown::Both);
            *self = open(&self.socket.clone()).await?;
            self.state = State::Busy;
        }
        self.stream
            .write_all(format!("{text}\n").as_bytes())
            .await
            .map_err(|error| fault(&error))?;
        self.reply().await
    }

    /// Whether nothing came since the last reply but messages to everybody. Anything else belongs
    /// to no command of ours and would be taken for the reply to the next: BIRD 2.0.12 itself sends
    /// such, when the freed memory that it quotes has a line feed.
    fn is_quiet(&mut self) -> bool {
        let mut block = [0; 1024];
        let mut bytes = 0;
        loop {
            let came = block.get(..bytes).unwrap_or_default();
            if !matches!(self.parser.feed(came), Ok(None)) {
                return false;
            }
            match self.stream.get_ref().read(&mut block) {
                Ok(length) if length > 0 => bytes = length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return self.parser.is_idle();
                }
                _ => return false,
            }
        }
    }

    async fn reply(&mut self) -> Result<Reply, BirdFault> {
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let length = self.stream.read(&mut block).await.map_err(|error| fault(&error))?;
            if length == 0 {
                return Err(BirdFault::Closed);
            }
            if let Some(reply) = self.parser.feed(block.get(..length).unwrap_or_default())? {
                return Ok(reply);
            }
            // A reply of megabytes must not keep the sessions waiting.
            give_way().await;
        }
    }

    fn error(&self, fault: BirdFault) -> BirdError {
        BirdError { socket: self.socket.clone(), fault }
    }
}

impl From<ReplyError> for BirdFault {
    fn from(error: ReplyError) -> BirdFault {
        match error {
            ReplyError::LineTooLong | ReplyError::TooLarge => BirdFault::TooLarge,
            ReplyError::Garbage(line) => BirdFault::Garbage(line.chars().take(80).collect()),
        }
    }
}

fn fault(error: &io::Error) -> BirdFault {
    match error.kind() {
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => BirdFault::Closed,
        kind => BirdFault::Machine(kind),
    }
}

#[cfg(test)]
mod tests;
