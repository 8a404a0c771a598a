//! The hands: everything that touches the kernel, BIRD, files, the network. Each submodule does
//! what it is told with plain values and tells what came of it; none of them decides anything.

pub mod bird;
pub mod directory;
pub mod dns;
pub mod files;
pub mod git;
pub mod handshake_capture;
pub mod kernel;
pub mod netlink;
pub mod ping;
pub mod port_probe;
pub mod sysctl;
pub mod tree;
pub mod uapi;
pub mod users;
pub mod wireguard;

use crate::limits::WG_KEY_BYTES;
use crate::model::{Timestamp, WgSecret};
use rustix::net::{self, AddressFamily, SocketType, ipproto, sockopt};
use smol::{Timer, future};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::{Duration, SystemTime};

/// The wall clock. A clock before 1970 reads as 1970.
pub fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
}

/// A random number; where the kernel has none, always the same, which is no worse than a rule.
pub fn chance() -> u64 {
    let mut bytes = [0; 8];
    let _ = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    u64::from_ne_bytes(bytes)
}

/// A preshared key that nobody can guess, by the kernel's generator, as `wg genpsk` makes one.
pub fn new_preshared_key() -> io::Result<WgSecret> {
    let mut bytes = [0; WG_KEY_BYTES];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(WgSecret::new(bytes))
}

/// The addresses of this host, which are never a member's endpoint. Where the kernel does not tell,
/// none are known, and the other rules still hold.
pub fn own_addresses() -> Vec<IpAddr> {
    let addresses = netlink::Route::open().and_then(|route| route.addresses());
    match addresses {
        Ok(found) => found.iter().map(|address| address.local).collect(),
        Err(error) => {
            log::warn!("this host's addresses: {error}");
            Vec::new()
        }
    }
}

// A bound on how long anything is waited for: no other party can make a future of ours last for
// ever.
//
// A loop that reads from somebody else must yield between reads, or a sender who never pauses
// would keep the timer, and every member's session, from being looked at.

/// What `work` comes to, or `None` if it takes longer than `limit`; it is dropped then.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let late = async {
        Timer::after(limit).await;
        None
    };
    future::or(async { Some(work.await) }, late).await
}

// Listening sockets.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_with_the_work_or_with_the_limit() {
        smol::block_on(async {
            assert_eq!(within(Duration::from_secs(9), async { 7 }).await, Some(7));
            assert_eq!(within(Duration::from_millis(5), future::pending::<u8>()).await, None);
        });
    }

    #[test]
    fn busy_work_that_yields_is_ended_too() {
        let busy = async {
            loop {
                future::yield_now().await;
            }
        };
        assert_eq!(smol::block_on(within::<u8>(Duration::from_millis(5), busy)), None);
    }
}
