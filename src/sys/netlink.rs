//! Links and addresses of this network namespace, over rtnetlink (rtnetlink(7)).
//!
//! [`Route`] is one socket with short verbs; each is one request and waits for the kernel's answer,
//! which takes microseconds. `socket` sends and receives for any netlink family, `message` takes
//! datagrams apart and is pure. What the kernel refuses comes back with its own words, where it has
//! any.

mod message;
mod route;

pub use route::{
    Address, Link, Route, add_loopback_address, families_not_forwarded, host_addresses,
};

use crate::limits::{
    NETLINK_DATAGRAM_BYTES_MAX, NETLINK_DATAGRAMS_MAX, NETLINK_DUMP_TRIES_MAX, NETLINK_TIMEOUT,
};
use message::{Content, Message, kernel_text, messages};
use netlink_bindings::builtin::Nlmsghdr;
use netlink_bindings::traits::{NetlinkRequest, Protocol};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use std::cell::Cell;
use std::{fmt, io};

/// Why a request to the kernel failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetlinkError {
    /// What was asked for, such as `create link wg-as4242420001`.
    pub what: String,
    /// The kernel's error number, or `TIMEDOUT`, `BADMSG` or `INTR` of our own making.
    pub errno: Errno,
    /// The kernel's own words (NETLINK_EXT_ACK), if it gave any.
    pub kernel_text: Option<String>,
}

impl fmt::Display for NetlinkError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.what)?;
        match (self.errno, &self.kernel_text) {
            (Errno::TIMEDOUT, None) => out.write_str("the kernel gave no answer in time"),
            (Errno::BADMSG, None) => out.write_str("the kernel's answer makes no sense"),
            (Errno::INTR, None) => out.write_str("the list changed each time it was read"),
            (errno, None) => write!(out, "{}", io::Error::from(errno)),
            (errno, Some(text)) => write!(out, "{text} ({})", io::Error::from(errno)),
        }
    }
}

impl std::error::Error for NetlinkError {}

// One netlink socket: a request goes out, its answer comes back, within bounds of time and size.
//
// The socket is netlink-sys's, because only that crate sets the two socket options which we need
// (NETLINK_EXT_ACK for the kernel's words, NETLINK_GET_STRICT_CHK so that a kernel refuses what it
// does not understand) without unsafe code of ours.

/// Flags of a request (linux/netlink.h): it is one, and it wants an acknowledgement.
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
/// Tell the true length of a datagram that the buffer cuts off (recv(2)).
const MSG_TRUNC: i32 = 0x20;

/// A netlink socket of one protocol, bound to a port id that the kernel chose.
pub struct Socket {
    socket: netlink_sys::Socket,
    port: u32,
    sequence: Cell<u32>,
    family: u16,
}

/// How one reading of an answer ended.
enum End<T> {
    Whole(Vec<T>),
    Interrupted,
}

impl Socket {
    /// Opens a socket of this protocol (`NETLINK_ROUTE`, `NETLINK_GENERIC`).
    pub fn open(protocol: isize) -> Result<Socket, NetlinkError> {
        Socket::bound(protocol).map_err(|error| failure("open a netlink socket", &error))
    }

    fn bound(protocol: isize) -> io::Result<Socket> {
        let mut socket = netlink_sys::Socket::new(protocol)?;
        let port = socket.bind_auto()?.port_number();
        // Kernels before 4.12 and 4.20 know one or the other not, and answer all the same.
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_netlink_get_strict_chk(true);
        set_socket_timeout(&socket, Timeout::Recv, Some(NETLINK_TIMEOUT))?;
        Ok(Socket { socket, port, sequence: Cell::new(0), family: 0 })
    }

    /// The same socket for requests to this generic family.
    pub fn with_family(self, family: u16) -> Socket {
        Socket { family, ..self }
    }

    /// Sends a request that changes something, and waits until it is done or refused.
    pub fn perform(&self, what: &str, request: &impl NetlinkRequest) -> Result<(), NetlinkError> {
        self.ask(what, request, |_| None::<()>).map(drop)
    }

    /// Sends a question and reads each part of the answer; parts for which `read` answers `None`
    /// are left out. A list that changed while it was read is read again.
    pub fn ask<R: NetlinkRequest, T>(
        &self,
        what: &str,
        request: &R,
        mut read: impl FnMut(R::ReplyType<'_>) -> Option<T>,
    ) -> Result<Vec<T>, NetlinkError> {
        for _ in 0..NETLINK_DUMP_TRIES_MAX {
            let sequence = self.send(what, request)?;
            let end = self.receive(what, sequence, |payload| read(R::decode_reply(payload)))?;
            if let End::Whole(parts) = end {
                return Ok(parts);
            }
        }
        Err(NetlinkError { what: what.to_owned(), errno: Errno::INTR, kernel_text: None })
    }

    fn send(&self, what: &str, request: &impl NetlinkRequest) -> Result<u32, NetlinkError> {
        let sequence = self.sequence.get().wrapping_add(1);
        self.sequence.set(sequence);
        let payload = request.payload();
        let mut header = Nlmsghdr::new();
        header.len = u32::try_from(Nlmsghdr::len() + payload.len()).unwrap_or(u32::MAX);
        header.r#type = match request.protocol() {
            Protocol::Raw { request_type, .. } => request_type,
            Protocol::Generic(_) => self.family,
        };
        header.flags = NLM_F_REQUEST | NLM_F_ACK | request.flags();
        header.seq = sequence;
        let datagram = [header.as_slice(), payload].concat();
        let kernel = netlink_sys::SocketAddr::new(0, 0);
        let sent = self.socket.send_to(&datagram, &kernel, 0);
        sent.map(|_| sequence).map_err(|error| failure(what, &error))
    }

    fn receive<T>(
        &self,
        what: &str,
        sequence: u32,
        mut read: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<End<T>, NetlinkError> {
        let mut parts = Vec::new();
        let mut interrupted = false;
        let mut buffer = Vec::with_capacity(NETLINK_DATAGRAM_BYTES_MAX);
        for _ in 0..NETLINK_DATAGRAMS_MAX {
            self.datagram(what, &mut buffer)?;
            for message in messages(&buffer) {
                let message = message.map_err(|errno| refused(what, errno, &[]))?;
                if !self.answers(sequence, &message) {
                    continue;
                }
                interrupted |= message.interrupted;
                match message.content {
                    Content::Payload(payload) => parts.extend(read(payload)),
                    Content::Refused(errno, words) => return Err(refused(what, errno, words)),
                    Content::Done if interrupted => return Ok(End::Interrupted),
                    Content::Done => return Ok(End::Whole(parts)),
                    Content::Nothing => {}
                }
            }
        }
        Err(refused(what, Errno::MSGSIZE, &[]))
    }

    /// Is it for this request of this socket? An answer that came too late for an earlier one is
    /// not.
    fn answers(&self, sequence: u32, message: &Message<'_>) -> bool {
        message.sequence == sequence && message.port == self.port
    }

    /// The next datagram of the kernel. One of another process, or a signal, leaves the buffer
    /// empty.
    fn datagram(&self, what: &str, buffer: &mut Vec<u8>) -> Result<(), NetlinkError> {
        buffer.clear();
        match self.socket.recv_from(buffer, MSG_TRUNC) {
            Ok((length, _)) if length > buffer.len() => Err(refused(what, Errno::MSGSIZE, &[])),
            Ok((_, sender)) if sender.port_number() == 0 => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(failure(what, &error)),
            _ => {
                buffer.clear();
                Ok(())
            }
        }
    }
}

fn refused(what: &str, errno: Errno, words: &[u8]) -> NetlinkError {
    NetlinkError { what: what.to_owned(), errno, kernel_text: kernel_text(words) }
}

fn failure(what: &str, error: &io::Error) -> NetlinkError {
    let errno = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Errno::TIMEDOUT,
        _ => error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error),
    };
    NetlinkError { what: what.to_owned(), errno, kernel_text: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_asked_and_what_the_kernel_said() {
        let error = |errno, text: Option<&str>| {
            let kernel_text = text.map(str::to_owned);
            NetlinkError { what: "add address fe80::1".into(), errno, kernel_text }.to_string()
        };
        assert_eq!(error(Errno::EXIST, None), "add address fe80::1: File exists (os error 17)");
        assert_eq!(
            error(Errno::EXIST, Some("ipv6: address already assigned")),
            "add address fe80::1: ipv6: address already assigned (File exists (os error 17))"
        );
        assert_eq!(
            error(Errno::TIMEDOUT, None),
            "add address fe80::1: the kernel gave no answer in time"
        );
    }
}
