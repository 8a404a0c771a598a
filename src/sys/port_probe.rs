//! Does anybody listen on a UDP port? One datagram that means nothing, and what ICMP says to it.
//!
//! WireGuard is silent to whatever does not fit, so silence tells nothing; but a host where nobody
//! listens says so (RFC 4443, section 3.1; RFC 792), and so do many firewalls and routers. The
//! kernel hands that on as the error of a connected socket (`icmpv6_err_convert` in its
//! net/ipv6/icmp.c).

use super::within;
use async_io::Async;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// Nothing that any protocol would take for its own: WireGuard's shortest message has 32 bytes.
const DATAGRAM: [u8; 1] = [0];

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing in time, or a datagram: nobody says that it is closed.
    Silence,
    /// Port unreachable.
    Closed,
    /// Administratively prohibited.
    Forbidden,
    /// No route, or the address is unreachable.
    Unreachable,
}

/// Sends one datagram, and waits for an error. What this machine cannot send is silence too.
pub async fn probe(address: SocketAddr, patience: Duration) -> Answer {
    match within(patience, ask(address)).await {
        Some(Err(error)) => meaning(&error),
        Some(Ok(())) | None => Answer::Silence,
    }
}

async fn ask(address: SocketAddr) -> io::Result<()> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    // From a port of its own: WireGuard's must not be taken for it.
    let socket = Async::<UdpSocket>::bind(any)?;
    socket.get_ref().connect(address)?;
    socket.send(&DATAGRAM).await?;
    socket.recv(&mut [0; 1]).await.map(drop)
}

fn meaning(error: &io::Error) -> Answer {
    match error.kind() {
        ErrorKind::ConnectionRefused => Answer::Closed,
        ErrorKind::PermissionDenied => Answer::Forbidden,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Answer::Unreachable,
        _ => Answer::Silence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: Duration = Duration::from_secs(5);
    const SOON: Duration = Duration::from_millis(50);

    fn probed(address: SocketAddr, patience: Duration) -> Answer {
        smol::block_on(probe(address, patience))
    }

    #[test]
    fn a_closed_port_is_told_from_an_open_one() {
        for loopback in ["127.0.0.1:0", "[::1]:0"] {
            let open = UdpSocket::bind(loopback).unwrap();
            let address = open.local_addr().unwrap();
            assert_eq!(probed(address, SOON), Answer::Silence);
            let (length, from) = open.recv_from(&mut [0; 8]).unwrap();
            assert_eq!(length, 1, "one datagram of one byte");
            open.send_to(b"hello", from).unwrap();
            drop(open);
            assert_eq!(probed(address, PATIENT), Answer::Closed, "{address}");
        }
    }

    #[test]
    fn an_answer_is_no_error() {
        let open = UdpSocket::bind("[::1]:0").unwrap();
        let address = open.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (_, from) = open.recv_from(&mut [0; 8]).unwrap();
            open.send_to(b"x", from).unwrap();
        });
        assert_eq!(probed(address, PATIENT), Answer::Silence);
        server.join().unwrap();
    }

    #[test]
    fn what_cannot_be_reached() {
        // A multicast address of no link: the kernel says at once that there is no way.
        let nowhere: SocketAddr = "[100::1]:9".parse().unwrap();
        assert!(matches!(probed(nowhere, SOON), Answer::Silence | Answer::Unreachable));
        for (kind, answer) in [
            (ErrorKind::PermissionDenied, Answer::Forbidden),
            (ErrorKind::NetworkUnreachable, Answer::Unreachable),
            (ErrorKind::HostUnreachable, Answer::Unreachable),
            (ErrorKind::AddrInUse, Answer::Silence),
        ] {
            assert_eq!(meaning(&kind.into()), answer);
        }
    }
}
