//! Host names to addresses, by a stub resolver of our own (RFC 1035, RFC 1123 section 6.1.3.1).
//!
//! The C library's would block the one thread that everybody shares, and would ask /etc/hosts and
//! search lists that make one name mean different hosts on different POPs. This one asks the name
//! servers of resolv.conf for exactly the name, A and AAAA at once, each from a fresh socket with a
//! random port and id; it believes nothing but a matching answer (RFC 5452), and gives up in
//! bounded time.
//!
//! `message` is the pure half; `exchange` asks one server one question.

mod exchange;
mod message;
mod settings;

use super::files::Stamp;
use super::within;
use crate::limits::{DNS_ADDRESSES_MAX, DNS_CNAMES_MAX, DNS_REMEMBERED_MAX, RESOLV_CONF_BYTES_MAX};
use crate::model::{Families, HostName};
use message::Family;
use rustix::fs::FileType;
use settings::{Server, Settings};
use smol::future;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Why a name gave no address. Its text is fit for the member who gave the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsError {
    /// There is no such name (NXDOMAIN).
    NotFound(HostName),
    /// The name is there but has no address of the families.
    NoData(HostName, Families),
    /// The name server tried and failed (SERVFAIL or a rarer status).
    ServerFailure(HostName),
    /// The name server does not serve us (REFUSED).
    Refused(HostName),
    /// No name server answered in so many seconds.
    TimedOut(u64),
    /// No name server could be reached at all.
    Unreachable,
    /// The answer breaks the protocol or its bounds.
    Garbage(HostName),
    /// The CNAME records lead in a circle, or on for too long.
    AliasLoop(HostName),
    /// The name has an empty or overlong part: no name server could be asked for it.
    Unaskable(HostName),
    /// This machine has no socket or no randomness to spare.
    Machine(io::ErrorKind),
}

/// What one question came to; the later in this list, the more it tells about the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Failure {
    NoData,
    TimedOut,
    Unreachable,
    Machine(io::ErrorKind),
    Garbage,
    Refused,
    Servfail,
    AliasLoop,
    Unaskable,
    NotFound,
}

/// Asks the name servers. Cheap to keep; many resolutions may run at once, each with at most two
/// sockets, so whoever starts them bounds their number.
#[derive(Debug)]
pub struct Resolver {
    source: Option<Source>,
    settings: RefCell<Rc<Settings>>,
    memory: Memory,
}

/// The file that the settings are from, and how it looked when it was read.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    seen: Cell<Option<Stamp>>,
}
impl Resolver {
    /// A resolver with the settings of a resolv.conf's text; it never fails, as resolv.conf(5) has
    /// it.
    pub fn from_text(resolv_conf: &str) -> Resolver {
        Resolver::of(Settings::parse(resolv_conf))
    }

    /// A resolver that asks these servers, at most three.
    pub fn with_servers(servers: Vec<SocketAddr>) -> Resolver {
        Resolver::of(Settings::new(servers.into_iter().map(Server::at).collect()))
    }

    /// A resolver with the settings of a file, read again whenever it was changed. While the file
    /// cannot be read, its last settings stay; before there were any, this machine's own name
    /// server is asked.
    pub fn system(path: &Path) -> Resolver {
        let source = Source { path: path.to_path_buf(), seen: Cell::new(None) };
        Resolver { source: Some(source), ..Resolver::from_text("") }
    }

    fn of(settings: Settings) -> Resolver {
        let settings = RefCell::new(Rc::new(settings));
        Resolver { source: None, settings, memory: Memory::default() }
    }

    /// The addresses of a name, IPv6 first, at most [`DNS_ADDRESSES_MAX`], in the server's order.
    /// Takes at most [`DNS_TIMEOUT`](crate::limits::DNS_TIMEOUT) seconds. Addresses are as the DNS
    /// has them: whether they are fit for use is the caller's to judge.
    pub async fn resolve(&self, name: &HostName, families: Families) -> Answer {
        let answer = self.asked(name, families).await;
        self.memory.keep(name, families, &answer);
        answer
    }

    /// The addresses that were found within `age`; else the same as [`Resolver::resolve`]. A name
    /// that had none is always asked for again: its owner may just have mended it.
    pub async fn resolve_within(
        &self,
        name: &HostName,
        families: Families,
        age: Duration,
    ) -> Answer {
        match self.last(name, families) {
            Some(last) if last.at.elapsed() < age && last.answer.is_ok() => last.answer,
            _ => self.resolve(name, families).await,
        }
    }

    /// The last answer about a name; `None`: it was never asked for, or long ago.
    pub fn last(&self, name: &HostName, families: Families) -> Option<Remembered> {
        self.memory.last(name, families)
    }

    async fn asked(&self, name: &HostName, families: Families) -> Answer {
        let settings = self.settings();
        let (v6, v4) = (
            lookup(&settings, name.as_str(), Family::V6),
            lookup(&settings, name.as_str(), Family::V4),
        );
        let found = match families {
            Families::V4 => v4.await,
            Families::V6 => v6.await,
            Families::Both => {
                let (v6, v4) = future::zip(v6, v4).await;
                merge(v6, v4)
            }
        };
        found.map_err(|failure| failure.told(name, families, settings.total().as_secs()))
    }

    fn settings(&self) -> Rc<Settings> {
        if let Some(text) = self.source.as_ref().and_then(Source::changed) {
            self.settings.replace(Rc::new(Settings::parse(&text)));
        }
        self.settings.borrow().clone()
    }
}

impl Source {
    /// The file's text, if it is not what was read last.
    fn changed(&self) -> Option<String> {
        // Asked before opening: a FIFO would block everybody.
        let status = rustix::fs::stat(&self.path).ok()?;
        let is_plain = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
        if !is_plain || Some(Stamp::of(&status)) == self.seen.get() {
            return None;
        }
        let file = File::open(&self.path).ok()?;
        let stamp = Stamp::of(&rustix::fs::fstat(&file).ok()?);
        let mut bytes = Vec::new();
        file.take(RESOLV_CONF_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        self.seen.set(Some(stamp));
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Asks each server in turn until one of them settles the matter.
async fn lookup(settings: &Settings, name: &str, family: Family) -> Result<Vec<IpAddr>, Failure> {
    let told = Cell::new(Failure::TimedOut);
    let tries = async {
        for round in 0..settings.rounds {
            for server in &settings.servers {
                let query = exchange::query(name, family, round)?;
                match exchange::ask(server, &query, settings.patience).await {
                    Err(failure) if !failure.settles() => told.set(told.get().max(failure)),
                    settled => return settled,
                }
            }
        }
        Err(told.get())
    };
    within(settings.total(), tries).await.unwrap_or(Err(told.get()))
}

/// Both families' addresses, IPv6 first and half of the bound each; or what tells most of the name.
fn merge(
    v6: Result<Vec<IpAddr>, Failure>,
    v4: Result<Vec<IpAddr>, Failure>,
) -> Result<Vec<IpAddr>, Failure> {
    match (v6, v4) {
        (Ok(mut v6), Ok(mut v4)) => {
            v6.truncate(DNS_ADDRESSES_MAX / 2);
            v4.truncate(DNS_ADDRESSES_MAX / 2);
            v6.append(&mut v4);
            Ok(v6)
        }
        (Ok(found), Err(_)) | (Err(_), Ok(found)) => Ok(found),
        (Err(v6), Err(v4)) => Err(v6.max(v4)),
    }
}

impl Failure {
    /// Whether another server would have to say the same.
    fn settles(self) -> bool {
        use Failure::{AliasLoop, NoData, NotFound, Unaskable};
        matches!(self, NoData | AliasLoop | Unaskable | NotFound)
    }

    fn told(self, name: &HostName, families: Families, seconds: u64) -> DnsError {
        let name = name.clone();
        match self {
            Failure::NoData => DnsError::NoData(name, families),
            Failure::TimedOut => DnsError::TimedOut(seconds),
            Failure::Unreachable => DnsError::Unreachable,
            Failure::Machine(kind) => DnsError::Machine(kind),
            Failure::Garbage => DnsError::Garbage(name),
            Failure::Refused => DnsError::Refused(name),
            Failure::Servfail => DnsError::ServerFailure(name),
            Failure::AliasLoop => DnsError::AliasLoop(name),
            Failure::Unaskable => DnsError::Unaskable(name),
            Failure::NotFound => DnsError::NotFound(name),
        }
    }
}

impl fmt::Display for DnsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DnsError::NotFound(name) => write!(out, "{name} does not exist in the DNS"),
            DnsError::NoData(name, Families::V4) => write!(out, "{name} has no A record"),
            DnsError::NoData(name, Families::V6) => write!(out, "{name} has no AAAA record"),
            DnsError::NoData(name, Families::Both) => {
                write!(out, "{name} has neither an AAAA nor an A record")
            }
            DnsError::ServerFailure(name) => {
                write!(out, "the name server failed to look up {name}; is its zone in order?")
            }
            DnsError::Refused(name) => write!(out, "the name server refuses to look up {name}"),
            DnsError::TimedOut(seconds) => write!(out, "no name server answered in {seconds} s"),
            DnsError::Unreachable => out.write_str("no name server can be reached"),
            DnsError::Garbage(name) => {
                write!(out, "the name server's answer for {name} is unreadable")
            }
            DnsError::AliasLoop(name) => write!(
                out,
                "the CNAME records of {name} lead in a circle, or are over {DNS_CNAMES_MAX}"
            ),
            DnsError::Unaskable(name) => {
                write!(out, "{name} is no host name: a part between two dots is empty or too long")
            }
            DnsError::Machine(kind) => write!(out, "no name server could be asked: {kind}"),
        }
    }
}

impl std::error::Error for DnsError {}

// The last answer about each name, so that nobody has to wait for what was just asked.
//
// An answer is believed as long as whoever uses it thinks right: a member's questions believe it
// for a minute, the apply loop until there is a newer one.

/// What a name came to.
pub type Answer = Result<Vec<IpAddr>, DnsError>;

/// An answer that was kept.
#[derive(Clone, Debug)]
pub struct Remembered {
    pub answer: Answer,
    /// When it came.
    pub at: Instant,
    families: Families,
}

/// The answers that were kept; the oldest goes where there are more than [`DNS_REMEMBERED_MAX`].
#[derive(Debug, Default)]
pub struct Memory(RefCell<BTreeMap<HostName, Remembered>>);

impl Memory {
    /// Keeps an answer in the place of an older one.
    pub fn keep(&self, name: &HostName, families: Families, answer: &Answer) {
        let mut known = self.0.borrow_mut();
        if known.len() >= DNS_REMEMBERED_MAX && !known.contains_key(name) {
            let oldest = known
                .iter()
                .min_by_key(|(_, remembered)| remembered.at)
                .map(|(name, _)| name.clone());
            oldest.map(|name| known.remove(&name));
        }
        let remembered = Remembered { answer: answer.clone(), at: Instant::now(), families };
        known.insert(name.clone(), remembered);
    }

    /// The last answer about a name, if it was asked for these families.
    pub fn last(&self, name: &HostName, families: Families) -> Option<Remembered> {
        let known = self.0.borrow();
        known.get(name).filter(|answer| answer.families == families).cloned()
    }
}

#[cfg(test)]
mod tests;
