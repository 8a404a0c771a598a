//! The hands: everything that touches the kernel, BIRD, files, the network. Each submodule does
//! what it is told with plain values and tells what came of it; none of them decides anything.

pub mod bird;
pub mod deadline;
pub mod directory;
pub mod dns;
pub mod files;
pub mod git;
pub mod handshake_capture;
pub mod kernel;
pub mod netlink;

pub mod ping;
pub mod port_probe;
pub mod socket;
pub mod sysctl;
pub mod tree;
pub mod uapi;
pub mod users;
pub mod wireguard;

use crate::limits::WG_KEY_BYTES;
use crate::model::{Timestamp, WgSecret};
use std::net::IpAddr;
use std::time::SystemTime;

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
pub fn new_preshared_key() -> std::io::Result<WgSecret> {
    let mut bytes = [0; WG_KEY_BYTES];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(WgSecret::new(bytes))
}

/// The addresses of this host, which are never a member's endpoint. Where the kernel does not tell,
/// none are known, and the other rules still hold.
pub fn own_addresses() -> Vec<IpAddr> {
    let addresses = netlink::Route::open().and_then(|it| it.addresses());
    match addresses {
        Ok(found) => found.iter().map(|it| it.local).collect(),
        Err(error) => {
            log::warn!("this host's addresses: {error}");
            Vec::new()
        }
    }
}
