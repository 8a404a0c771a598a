//! Listens whether a member's handshakes arrive that WireGuard drops without a word.
//!
//! A raw socket gets a copy of each UDP packet before WireGuard does (raw(7); it takes
//! CAP_NET_RAW). Connected to the member's address it gets nobody else's, and a member's WireGuard
//! tries again every 5 s. Where it cannot be opened, nothing is heard.
//!
//! `handshake` is the pure half.

mod handshake;

use self::handshake::{Form, is_for};
use super::deadline::within;
use crate::limits::{OVERHEAR_MS, OVERHEAR_PACKETS_MAX};
use crate::model::{Port, WgKey};
use async_io::Async;
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SocketFlags, SocketType, connect, ipproto, recv,
    socket_with,
};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Room for a message of a handshake and headers; what is longer is none.
const PACKET_BYTES_MAX: usize = 256;

/// For whom the handshakes from an address to a port of ours were made: for this key or not;
/// `None`, if none came in time.
pub async fn overhear(from: IpAddr, port: Port, key: &WgKey) -> Option<bool> {
    let patience = Duration::from_millis(OVERHEAR_MS);
    within(patience, listen(from, port, key)).await?.ok().flatten()
}

async fn listen(from: IpAddr, port: Port, key: &WgKey) -> io::Result<Option<bool>> {
    let (family, form) = match from {
        IpAddr::V4(_) => (AddressFamily::INET, Form::V4),
        IpAddr::V6(_) => (AddressFamily::INET6, Form::V6),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let protocol: Protocol = ipproto::UDP;
    let socket = socket_with(family, SocketType::RAW, flags, Some(protocol))?;
    connect(&socket, &SocketAddr::new(from, 0))?;
    let socket: Async<OwnedFd> = Async::new(socket)?;
    let mut packet = [0; PACKET_BYTES_MAX];
    for _ in 0..OVERHEAR_PACKETS_MAX {
        let read = socket.read_with(|it| Ok(recv(it, &mut packet, RecvFlags::TRUNC)?.1)).await?;
        // A packet that was cut has no such length.
        let whole = packet.get(..read).unwrap_or_default();
        if let Some(fits) = is_for(whole, form, port.get(), key) {
            return Ok(Some(fits));
        }
        // Whoever sends without a pause must not keep the others' timers from being looked at.
        crate::runtime::give_way().await;
    }
    Ok(None)
}
