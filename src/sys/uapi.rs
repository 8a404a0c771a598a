//! WireGuard in userspace, over the cross-platform protocol (wireguard.com/xplatform): one Unix
//! socket for each link, one request and one answer in text.
//!
//! `text` is the encoding and is pure, `start` starts a process for a link. The sockets lie in one
//! directory that all network namespaces share. A hung process must not hold anybody up: it is
//! waited for like everybody else, every exchange has a time-out, every answer a bound, and one
//! that was silent is left in peace for a while.

mod start;
pub mod text;

pub use start::{StartError, StartReason, find, lacks, remove_stale, start};

use crate::limits::{UAPI_ANSWER_BYTES_MAX, UAPI_REST, UAPI_REST_MAX, UAPI_TIMEOUT};
use crate::plan::wireguard::{LinkActual, Settings};
use crate::runtime::give_way;
use crate::sys::within;
use async_io::Async;
use rustix::io::Errno;
use smol::io::{AsyncReadExt as _, AsyncWriteExt as _};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where implementations put their sockets, as `wg` looks for them (wg(8)).
pub const SOCKET_DIRECTORY: &str = "/run/wireguard";

/// Why a userspace WireGuard did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UapiError {
    pub socket: PathBuf,
    /// What went wrong.
    pub reason: UapiReason,
}

/// What went wrong between us and a userspace WireGuard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UapiReason {
    /// The socket cannot be used.
    Socket(Errno),
    /// No answer in time.
    Silent,
    /// More than [`UAPI_ANSWER_BYTES_MAX`] bytes.
    Long,
    /// The answer is not in the protocol's form.
    Malformed,
    /// The process refused, with this error number.
    Refused(Errno),
}

/// The socket of a link.
pub fn socket_path(name: &str) -> PathBuf {
    Path::new(SOCKET_DIRECTORY).join(format!("{name}.sock"))
}

/// Reads key, port and peers of a link into `actual`.
pub async fn read(name: &str, actual: &mut LinkActual) -> Result<(), UapiError> {
    let socket = socket_path(name);
    let answer = exchange(&socket, text::GET).await;
    let read = answer.and_then(|answer| text::get_answer(&answer, actual));
    read.map_err(|reason| UapiError { socket, reason })
}

/// Sets what `settings` names on a link, in one request.
pub async fn set(name: &str, settings: &Settings) -> Result<(), UapiError> {
    let socket = socket_path(name);
    let answer = exchange(&socket, &text::set_request(settings)).await;
    let done = answer.and_then(|answer| text::set_answer(&answer));
    done.map_err(|reason| UapiError { socket, reason })
}

/// Connects to the socket of a link, and holds the connection: it ends when the process does.
pub async fn hold(socket: &Path) -> Result<Async<UnixStream>, UapiReason> {
    Async::<UnixStream>::connect(socket).await.map_err(|error| match error.kind() {
        // A process that was stopped does not accept, and its queue is full: async-io tells so by
        // ENOTCONN.
        ErrorKind::NotConnected => UapiReason::Silent,
        _ => reason(&error),
    })
}

/// Sends one request, and returns the answer up to and with its empty line.
async fn exchange(socket: &Path, request: &str) -> Result<String, UapiReason> {
    within(UAPI_TIMEOUT, converse(socket, request)).await.unwrap_or(Err(UapiReason::Silent))
}

async fn converse(socket: &Path, request: &str) -> Result<String, UapiReason> {
    let mut stream = hold(socket).await?;
    stream.write_all(request.as_bytes()).await.map_err(|error| reason(&error))?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !answer.ends_with(b"\n\n") {
        let count = stream.read(&mut chunk).await.map_err(|error| reason(&error))?;
        answer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if count == 0 {
            return Err(UapiReason::Malformed);
        }
        if answer.len() > UAPI_ANSWER_BYTES_MAX {
            return Err(UapiReason::Long);
        }
        // One that talks without end must not keep the others waiting.
        give_way().await;
    }
    String::from_utf8(answer).map_err(|_| UapiReason::Malformed)
}

fn reason(error: &io::Error) -> UapiReason {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::AGAIN) => UapiReason::Silent,
        errno => UapiReason::Socket(errno.unwrap_or(Errno::IO)),
    }
}

impl fmt::Display for UapiError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let socket = self.socket.display();
        match self.reason {
            UapiReason::Socket(errno) => write!(out, "{socket}: {}", io::Error::from(errno)),
            UapiReason::Silent => {
                write!(out, "{socket}: no answer in {} ms", UAPI_TIMEOUT.as_millis())
            }
            UapiReason::Long => {
                write!(out, "{socket}: an answer of more than {UAPI_ANSWER_BYTES_MAX} bytes")
            }
            UapiReason::Malformed => write!(out, "{socket}: an answer that makes no sense"),
            UapiReason::Refused(errno) => {
                write!(out, "{socket}: refused: {}", io::Error::from(errno))
            }
        }
    }
}

impl std::error::Error for UapiError {}

// Which processes did not answer, and when to ask them again: one that hangs may cost each look a
// time-out once, and not for ever.

/// The processes that were silent, by their links' names.
#[derive(Debug, Default)]
pub struct Patience(RefCell<BTreeMap<String, Rest>>);

/// How often in a row one was silent, and when it is asked again.
#[derive(Clone, Copy, Debug)]
struct Rest {
    silences: u32,
    until: Instant,
}

impl Patience {
    /// Is it left in peace now?
    pub fn rests(&self, name: &str, now: Instant) -> bool {
        self.0.borrow().get(name).is_some_and(|rest| now < rest.until)
    }

    /// It said something, whatever that was.
    pub fn answered(&self, name: &str) {
        self.0.borrow_mut().remove(name);
    }

    /// It said nothing in time.
    pub fn silent(&self, name: &str, now: Instant) {
        let mut rests = self.0.borrow_mut();
        let silences = rests.get(name).map_or(0, |rest| rest.silences);
        let rest = UAPI_REST.saturating_mul(1 << silences.min(16)).min(UAPI_REST_MAX);
        let until = now + rest;
        rests.insert(name.to_string(), Rest { silences: silences.saturating_add(1), until });
    }

    /// Those whose links are gone are forgotten.
    pub fn retain(&self, is_there: impl Fn(&str) -> bool) {
        self.0.borrow_mut().retain(|name, _| is_there(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol::block_on;
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixListener;
    use std::thread;
    use std::time::Duration;

    /// What a process with this behaviour makes of one request.
    fn against(serve: impl FnOnce(UnixStream) + Send + 'static) -> Result<String, UapiReason> {
        let directory = std::env::temp_dir().join(format!("uapi-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join(format!("{:?}.sock", thread::current().id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || serve(listener.accept().unwrap().0));
        let answer = block_on(exchange(&path, text::GET));
        server.join().unwrap();
        std::fs::remove_file(&path).unwrap();
        answer
    }

    fn request(stream: &mut UnixStream) {
        let mut request = [0; 7];
        stream.read_exact(&mut request).unwrap();
        assert_eq!(&request, b"get=1\n\n");
    }

    #[test]
    fn an_answer_may_come_in_pieces() {
        let answer = against(|mut stream| {
            request(&mut stream);
            for piece in ["listen_port=", "52001\nerrno=0", "\n", "\n"] {
                stream.write_all(piece.as_bytes()).unwrap();
            }
        });
        assert_eq!(answer.unwrap(), "listen_port=52001\nerrno=0\n\n");
    }

    #[test]
    fn a_process_cannot_hold_us_up_or_fill_us_up() {
        assert_eq!(against(|mut stream| request(&mut stream)), Err(UapiReason::Malformed));
        let flood = against(|mut stream| {
            request(&mut stream);
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        });
        assert_eq!(flood, Err(UapiReason::Long));
        let silent = against(|mut stream| {
            request(&mut stream);
            // Until the other side gives up.
            let _ = stream.read(&mut [0]);
        });
        assert_eq!(silent, Err(UapiReason::Silent));
        let binary = against(|mut stream| {
            request(&mut stream);
            stream.write_all(b"\xff\n\n").unwrap();
        });
        assert_eq!(binary, Err(UapiReason::Malformed));
        let missing = block_on(exchange(Path::new("/nonexistent/x.sock"), text::GET));
        assert_eq!(missing, Err(UapiReason::Socket(Errno::NOENT)));
    }

    #[test]
    fn rests_grow_and_end_with_an_answer() {
        let (patience, start) = (Patience::default(), Instant::now());
        let (mut now, mut asked) = (start, Vec::new());
        while asked.len() < 9 {
            if !patience.rests("wg-as1", now) {
                asked.push(now.duration_since(start));
                patience.silent("wg-as1", now);
            }
            now += Duration::from_secs(1);
        }
        assert_eq!(asked[..4], [Duration::ZERO, UAPI_REST, 3 * UAPI_REST, 7 * UAPI_REST]);
        assert_eq!(asked[8] - asked[7], UAPI_REST_MAX);
        assert!(!patience.rests("wg-as2", now));
        patience.answered("wg-as1");
        assert!(!patience.rests("wg-as1", now));
        patience.silent("wg-as1", now);
        patience.retain(|name| name != "wg-as1");
        assert!(!patience.rests("wg-as1", now));
    }
}
