//! The addresses of `lo`, on which a POP is reached whatever way packets come.

use super::netlink::{NetlinkError, Route};
use ipnet::IpNet;
use rustix::io::Errno;

/// Its name.
const LO: &str = "lo";

/// Every address of `lo`, with its prefix length.
pub fn addresses() -> Result<Vec<IpNet>, NetlinkError> {
    let route = Route::open()?;
    let index = index(&route)?;
    let ours = route.addresses()?.into_iter().filter(|it| it.index == index);
    Ok(ours.filter_map(|it| IpNet::new(it.local, it.prefix_len).ok()).collect())
}

/// Adds one; one that is there already is no error. Needs CAP_NET_ADMIN.
pub fn add(address: IpNet) -> Result<(), NetlinkError> {
    let route = Route::open()?;
    match route.add_network(index(&route)?, address) {
        Err(error) if error.errno == Errno::EXIST => Ok(()),
        done => done,
    }
}

fn index(route: &Route) -> Result<u32, NetlinkError> {
    let missing =
        || NetlinkError { what: format!("find link {LO}"), errno: Errno::NODEV, kernel_text: None };
    route.link(LO)?.map(|it| it.index).ok_or_else(missing)
}
