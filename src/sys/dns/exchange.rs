//! One question to one name server: over UDP, and over TCP where the answer is cut short or
//! somebody guesses (RFC 5452, section 9.3; RFC 7766).
//!
//! Each question has a socket of its own, connected, so that the kernel picks a random port and
//! lets in only what comes from the server's address. What does come in and is no answer is passed
//! over.

use super::Failure;
use super::message::{Edns, Family, Query, Verdict};
use super::settings::Server;
use crate::limits::{DNS_DATAGRAM_BYTES_MAX, DNS_MESSAGE_BYTES_MAX, DNS_STRAYS_MAX};
use crate::sys::within;
use async_io::Async;
use rustix::rand::{GetRandomFlags, getrandom};
use smol::io::{AsyncReadExt as _, AsyncWriteExt as _};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// A fresh question. Repeats go without EDNS: the silence may have been at that.
pub(super) fn query(name: &str, family: Family, round: u32) -> Result<Query<'_>, Failure> {
    let mut id = [0; 2];
    getrandom(&mut id, GetRandomFlags::empty()).map_err(|error| Failure::Machine(error.kind()))?;
    let edns = if round == 0 { Edns::With } else { Edns::Without };
    Ok(Query { id: u16::from_ne_bytes(id), name, family, edns })
}

/// Asks, and waits at most `patience` for the answer, once more if TCP is needed.
pub(super) async fn ask(
    server: &Server,
    query: &Query<'_>,
    patience: Duration,
) -> Result<Vec<IpAddr>, Failure> {
    let message = query.bytes().ok_or(Failure::Unaskable)?;
    let address = located(server)?;
    let datagram = within(patience, over_udp(address, query, &message)).await;
    match datagram.ok_or(Failure::TimedOut)?? {
        Verdict::Answer(answer) => answer,
        Verdict::Stray | Verdict::Truncated => {
            let answer = within(patience, over_tcp(address, query, &message)).await;
            answer.ok_or(Failure::TimedOut)?
        }
    }
}

/// The server's address with the number that its link has now.
fn located(server: &Server) -> Result<SocketAddr, Failure> {
    let mut address = server.address;
    if let (SocketAddr::V6(address), Some(link)) = (&mut address, &server.link) {
        let socket =
            UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).map_err(|error| failure(&error))?;
        let index = rustix::net::netdevice::name_to_index(&socket, link);
        address.set_scope_id(index.map_err(|_| Failure::Unreachable)?);
    }
    Ok(address)
}

/// The first answer that comes, or a stray when there were too many of them.
async fn over_udp(
    server: SocketAddr,
    query: &Query<'_>,
    message: &[u8],
) -> Result<Verdict, Failure> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = Async::<UdpSocket>::bind((any, 0)).map_err(|error| failure(&error))?;
    socket.get_ref().connect(server).map_err(|error| failure(&error))?;
    socket.send(message).await.map_err(|error| failure(&error))?;
    // One byte more than is allowed: what fills it was cut by the kernel.
    let mut buffer = vec![0; DNS_DATAGRAM_BYTES_MAX + 1];
    for _ in 0..DNS_STRAYS_MAX {
        let length = socket.recv(&mut buffer).await.map_err(|error| failure(&error))?;
        let datagram =
            buffer.get(..length).filter(|datagram| datagram.len() <= DNS_DATAGRAM_BYTES_MAX);
        match datagram.map_or(Verdict::Stray, |datagram| query.judge(datagram)) {
            Verdict::Stray => crate::runtime::give_way().await,
            verdict => return Ok(verdict),
        }
    }
    Ok(Verdict::Stray)
}

/// The one answer that the connection brings; there, whatever else comes is the server's own fault.
async fn over_tcp(
    server: SocketAddr,
    query: &Query<'_>,
    message: &[u8],
) -> Result<Vec<IpAddr>, Failure> {
    let answer = tcp_message(server, message).await.map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => Failure::Garbage,
        _ => failure(&error),
    })?;
    match query.judge(&answer) {
        Verdict::Answer(answer) => answer,
        Verdict::Stray | Verdict::Truncated => Err(Failure::Garbage),
    }
}

/// Sends a message and reads one, each behind its length in two bytes (RFC 1035, section 4.2.2).
async fn tcp_message(server: SocketAddr, message: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = Async::<TcpStream>::connect(server).await?;
    let length = u16::try_from(message.len()).map_err(|_| ErrorKind::InvalidInput)?;
    // In one segment: some servers read no further than the first (RFC 7766, section 8).
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    let length = usize::from(u16::from_be_bytes(length));
    if length > DNS_MESSAGE_BYTES_MAX {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// Tells what lies with the server or the way to it from what this machine lacks.
fn failure(error: &io::Error) -> Failure {
    match error.kind() {
        // EPERM is a firewall's answer here.
        ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::BrokenPipe
        | ErrorKind::NetworkUnreachable
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable
        | ErrorKind::PermissionDenied
        | ErrorKind::TimedOut => Failure::Unreachable,
        kind => Failure::Machine(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::dns::settings::Settings;

    #[test]
    fn a_link_is_found_by_its_name() {
        let scope = |text: &str| match located(&Settings::parse(text).servers[0])? {
            SocketAddr::V6(address) => Ok(address.scope_id()),
            SocketAddr::V4(_) => Ok(0),
        };
        assert_eq!(scope("nameserver fe80::1%lo"), Ok(1));
        assert_eq!(scope("nameserver fe80::1%7"), Ok(7));
        assert_eq!(scope("nameserver fe80::1%no-such-link"), Err(Failure::Unreachable));
        assert_eq!(scope("nameserver 192.0.2.1"), Ok(0));
    }
}
