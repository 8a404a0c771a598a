//! Echo requests of our own (ICMP, RFC 792, and ICMPv6, RFC 4443): no program is started for them.
//!
//! A datagram socket is tried first: it needs no right, only that `net.ipv4.ping_group_range`
//! covers our group. Else a raw one, with CAP_NET_RAW. Where neither opens, nothing can be told of
//! any address, which is not the same as silence. Nobody is believed but the address that was
//! asked, and only if it repeats a random text that no other ping has.
//!
//! What is below "Echo requests and their answers as bytes" is pure.

use super::within;
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
    let mut nonce = [0; NONCE_BYTES];
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
    Ok(course.take().into_iter().filter_map(|echo| echo.round_trip).collect())
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
        let sent = socket.write_with(|socket| Ok(send(socket, &request, SendFlags::empty())?));
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
            .read_with(|socket| {
                let (_, length, source) = recvfrom(socket, &mut buffer, RecvFlags::TRUNC)?;
                let source = source.and_then(|address| SocketAddr::try_from(address).ok());
                Ok((length, source.map(|address| address.ip()), Instant::now()))
            })
            .await;
        // An error is an ICMP error of a router on the way: that echo is lost, the next may not be.
        if let Ok((length, Some(source), now)) = heard
            && source == address
            && let Some(sequence) = buffer.get(..length).and_then(|datagram| echo.answer(datagram))
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

// Echo requests and their answers as bytes. Pure, and safe against whatever the network holds.

/// Bytes of the random text that makes an answer ours: nobody guesses it.
const NONCE_BYTES: usize = 16;
/// Type, code, checksum, identifier, sequence (RFC 792; the same in RFC 4443).
const HEADER_BYTES: usize = 8;
/// A request; an answer of ours is as long.
const MESSAGE_BYTES: usize = HEADER_BYTES + NONCE_BYTES;
/// The smallest IPv4 header, in 32-bit words and in bytes.
const IPV4_WORDS_MIN: u8 = 5;
const IPV4_BYTES_MIN: usize = 20;
/// ICMP in IPv4's field *protocol*.
const PROTOCOL_ICMP: u8 = 1;

/// What a socket gives and takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// ICMP messages (IPv4, datagram socket).
    V4,
    /// ICMP messages to be sent, whole packets received (IPv4, raw socket).
    V4Packet,
    /// ICMPv6 messages; the kernel sees to the checksum in both kinds of socket.
    V6,
}

/// What the echoes of one ping have in common.
#[derive(Clone, Debug)]
struct Echo {
    /// How messages look.
    pub form: Form,
    /// The random text.
    pub nonce: [u8; NONCE_BYTES],
}

impl Form {
    /// Of a socket for this address.
    pub fn of(address: IpAddr, raw: bool) -> Form {
        match (address, raw) {
            (IpAddr::V6(_), _) => Form::V6,
            (IpAddr::V4(_), false) => Form::V4,
            (IpAddr::V4(_), true) => Form::V4Packet,
        }
    }

    /// The types of request and answer.
    fn types(self) -> [u8; 2] {
        match self {
            Form::V4 | Form::V4Packet => [8, 0],
            Form::V6 => [128, 129],
        }
    }
}

impl Echo {
    /// The request with this sequence. Its identifier is part of the random text; a datagram socket
    /// puts its own there.
    pub fn request(&self, sequence: u16) -> Vec<u8> {
        let [kind, _] = self.form.types();
        let [high, low, ..] = self.nonce;
        let [first, second] = sequence.to_be_bytes();
        let mut message = vec![kind, 0, 0, 0, high, low, first, second];
        message.extend(self.nonce);
        let checksum = checksum(&message).to_be_bytes();
        if let Some(field) = message.get_mut(2..4) {
            field.copy_from_slice(&checksum);
        }
        message
    }

    /// The sequence that this answers, if it is an answer to one of these echoes.
    pub fn answer(&self, received: &[u8]) -> Option<u16> {
        let message = match self.form {
            Form::V4 | Form::V6 => received,
            Form::V4Packet => content(received)?,
        };
        let (header, nonce) = message.split_at_checked(HEADER_BYTES)?;
        let &[kind, 0, _, _, _, _, first, second] = header else { return None };
        let [_, answer] = self.form.types();
        let ours = message.len() == MESSAGE_BYTES && kind == answer && nonce == self.nonce;
        ours.then_some(u16::from_be_bytes([first, second]))
    }
}

/// What an IPv4 packet with ICMP holds.
fn content(packet: &[u8]) -> Option<&[u8]> {
    let first = *packet.first()?;
    let (version, words) = (first >> 4, first & 0x0f);
    let protocol = *packet.get(..IPV4_BYTES_MIN)?.get(9)?;
    let right = version == 4 && words >= IPV4_WORDS_MIN && protocol == PROTOCOL_ICMP;
    packet.get(usize::from(words) * 4..).filter(|_| right)
}

/// The ones' complement of the ones' complement sum (RFC 1071) over an even number of bytes.
fn checksum(message: &[u8]) -> u16 {
    let words = message.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
    let sum: u32 = words.map(|pair| u32::from(u16::from_be_bytes(pair))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !(((folded & 0xffff) + (folded >> 16)) as u16)
}

#[cfg(test)]
mod tests;
