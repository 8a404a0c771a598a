//! Listening sockets.

use rustix::net::{self, AddressFamily, SocketType, ipproto, sockopt};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Connections that wait to be accepted; the kernel's own bound (net.core.somaxconn) is larger.
const BACKLOG: i32 = 128;

/// Listens on an address. `[::]` means both families where IPv4 is not listened on beside it; a
/// port that was ours a moment ago can be taken again.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = net::SocketFlags::CLOEXEC | net::SocketFlags::NONBLOCK;
    let socket = net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    net::bind(&socket, &address)?;
    net::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}
