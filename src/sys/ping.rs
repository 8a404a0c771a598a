//! Echo requests of our own (ICMP, RFC 792, and ICMPv6, RFC 4443): no program is started for them.
//!
//! A datagram socket is tried first: it needs no right, only that `net.ipv4.ping_group_range`
//! covers our group. Else a raw one, with CAP_NET_RAW. Where neither opens, nothing can be told of
//! any address, which is not the same as silence. Nobody is believed but the address that was
//! asked, and only if it repeats a random text that no other ping has.
//!
//! `message` is the pure half.

mod message;

use self::message::{Echo, Form};
use super::deadline::within;
use crate::limits::{PING_DATAGRAM_BYTES_MAX, PING_ECHOES_MAX};
use async_io::Async;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, connect, ipproto,
    recvfrom, send, socket_with,
};
use rustix::rand::{GetRandomFlags, getrandom};
use smol::{Timer, future};
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};
use std::{fmt, io};

/// How an address is asked.
#[derive(Clone, Copy, Debug)]
pub struct Echoes {
    /// How often, at most [`PING_ECHOES_MAX`] times.
    pub count: u16,
    /// The time from one to the next.
    pub interval: Duration,
    /// How long after the last one answers are waited for.
    pub timeout: Duration,
}

/// Why nothing can be told of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PingError {
    /// No socket for this: the group is outside `net.ipv4.ping_group_range`, and there is no
    /// CAP_NET_RAW.
    NotAllowed,
    /// This machine has no socket or no randomness to spare.
    Machine(io::ErrorKind),
}

/// An echo that was sent: when, and how long its answer took.
#[derive(Clone, Copy)]
struct Sent {
    at: Instant,
    round_trip: Option<Duration>,
}

/// The echoes of one call, by sequence.
type Course = RefCell<Vec<Sent>>;

/// Asks an address, and tells the round trips of the answers that came, in the order of the
/// questions; none, if nobody answered or there is no way there. `scope` is the index of the link
/// that a link-local address is on, else 0.
pub async fn ping(address: IpAddr, scope: u32, echoes: Echoes) -> Result<Vec<Duration>, PingError> {
    let (socket, form) = open(address)?;
    let target = match address {
        IpAddr::V4(it) => SocketAddr::from((it, 0)),
        IpAddr::V6(it) => SocketAddr::V6(SocketAddrV6::new(it, 0, 0, scope)),
    };
    let mut nonce = [0; message::NONCE_BYTES];
    getrandom(&mut nonce, GetRandomFlags::empty()).map_err(machine)?;
    // From now on the kernel lets in only what comes from there; without a way there it says so.
    if connect(&socket, &target).is_err() {
        return Ok(Vec::new());
    }
    let socket = Async::new(socket).map_err(|error| PingError::Machine(error.kind()))?;
    let echo = Echo { form, nonce };
    let course = Course::default();
    let count = echoes.count.min(PING_ECHOES_MAX);
    let sender = ask(&socket, &echo, &course, Echoes { count, ..echoes });
    let receiver = listen(&socket, address, &echo, &course, usize::from(count));
    future::or(sender, receiver).await;
    Ok(course.take().into_iter().filter_map(|it| it.round_trip).collect())
}

/// Could an address of this family be asked? Opens a socket and closes it, and sends nothing.
pub fn is_allowed(address: IpAddr) -> Result<(), PingError> {
    open(address).map(drop)
}

/// A socket for echoes to this address, and how messages look on it.
fn open(address: IpAddr) -> Result<(OwnedFd, Form), PingError> {
    let (family, protocol): (AddressFamily, Protocol) = match address {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let mut denied = PingError::NotAllowed;
    for kind in [SocketType::DGRAM, SocketType::RAW] {
        match socket_with(family, kind, flags, Some(protocol)) {
            Ok(socket) => return Ok((socket, Form::of(address, kind == SocketType::RAW))),
            // What a kernel without ping sockets says, and what one says that does not let us.
            Err(Errno::ACCESS | Errno::PERM | Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT) => {}
            Err(error) => denied = machine(error),
        }
    }
    Err(denied)
}

/// Sends the echoes, and waits for late answers. What could not be sent is like one that got lost.
async fn ask(socket: &Async<OwnedFd>, echo: &Echo, course: &Course, echoes: Echoes) {
    for sequence in 1..=echoes.count {
        let request = echo.request(sequence);
        course.borrow_mut().push(Sent { at: Instant::now(), round_trip: None });
        let sent = socket.write_with(|it| Ok(send(it, &request, SendFlags::empty())?));
        let _ = within(echoes.interval, sent).await;
        let pause = if sequence == echoes.count { echoes.timeout } else { echoes.interval };
        Timer::after(pause).await;
    }
}

/// Notes answers until every echo has one.
async fn listen(
    socket: &Async<OwnedFd>,
    address: IpAddr,
    echo: &Echo,
    course: &Course,
    count: usize,
) {
    let mut buffer = [0; PING_DATAGRAM_BYTES_MAX];
    let mut answered = 0;
    while answered < count {
        let heard = socket
            .read_with(|it| {
                let (_, length, source) = recvfrom(it, &mut buffer, RecvFlags::TRUNC)?;
                let source = source.and_then(|it| SocketAddr::try_from(it).ok());
                Ok((length, source.map(|it| it.ip()), Instant::now()))
            })
            .await;
        // An error is an ICMP error of a router on the way: that echo is lost, the next may not be.
        if let Ok((length, Some(source), now)) = heard
            && source == address
            && let Some(sequence) = buffer.get(..length).and_then(|it| echo.answer(it))
            && note(course, sequence, now)
        {
            answered += 1;
        }
        // Whoever sends without a pause must not keep the others' timers from being looked at.
        crate::runtime::give_way().await;
    }
}

/// Notes an answer; `false` if it is the second one, or the echo was never sent.
fn note(course: &Course, sequence: u16, now: Instant) -> bool {
    let mut course = course.borrow_mut();
    let index = usize::from(sequence).checked_sub(1);
    match index.and_then(|index| course.get_mut(index)) {
        Some(sent) if sent.round_trip.is_none() => {
            sent.round_trip = Some(now.saturating_duration_since(sent.at));
            true
        }
        _ => false,
    }
}

fn machine(error: Errno) -> PingError {
    PingError::Machine(error.kind())
}

impl fmt::Display for PingError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PingError::NotAllowed => out.write_str(
                "no right to ping: neither is our group in net.ipv4.ping_group_range, nor is \
                 there CAP_NET_RAW",
            ),
            PingError::Machine(kind) => write!(out, "no ping could be sent: {kind}"),
        }
    }
}

impl std::error::Error for PingError {}

#[cfg(test)]
mod tests;
