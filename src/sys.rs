//! The hands: everything that touches the kernel, BIRD, files, the network. Each submodule does
//! what it is told with plain values and tells what came of it; none of them decides anything.

pub mod bird;
mod deadline;
pub mod dns;
pub mod files;
pub mod git;
pub mod kernel;
pub mod netlink;
pub mod ping;
pub mod socket;
pub mod tree;
pub mod uapi;
pub mod wireguard;

use std::net::IpAddr;

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
