//! BIRD, by its control socket: the same protocol from version 2.0.12 to 3.x, the one that birdc
//! speaks.
//!
//! `reply` makes replies of bytes, `client` holds the connection, `verbs` are the commands
//! that we give, `complaint` and `status` read their answers. One command is under way at a
//! time; a connection mends itself before the next command, so that one [`Bird`] can be kept.

mod client;
mod complaint;
mod definitions;
mod reply;
mod status;
mod verbs;

use crate::limits::{BIRD_COMMAND_BYTES_MAX, BIRD_NAME_BYTES_MAX, BIRD_REPLY_BYTES_MAX};
use std::path::PathBuf;
use std::{fmt, io};

pub use client::{Bird, connect};
pub use complaint::Complaint;
pub use definitions::{Claims, Definitions, texts};
pub use reply::{Line, Reply};
pub use status::{BgpStatus, Capabilities, Channel, KernelRoutes, Protocol};
pub use verbs::{Ages, Check, Configured, Examined};

/// What went wrong with BIRD. Its text tells the operator what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BirdError {
    /// The control socket.
    pub socket: PathBuf,
    /// What it is.
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
    Machine(io::ErrorKind),
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
                "a protocol's name is 1 to {BIRD_NAME_BYTES_MAX} letters, digits and underscores"
            ),
            BirdFault::Machine(kind) => kind.fmt(out),
        }
    }
}

impl std::error::Error for BirdError {}

#[cfg(test)]
mod tests;
