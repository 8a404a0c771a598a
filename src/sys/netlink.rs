//! Links and addresses of this network namespace, over rtnetlink (rtnetlink(7)).
//!
//! [`Route`] is one socket with short verbs; each is one request and waits for the kernel's answer,
//! which takes microseconds. `socket` sends and receives for any netlink family, `message` takes
//! datagrams apart and is pure. What the kernel refuses comes back with its own words, where it has
//! any.

mod message;
mod route;
mod socket;

pub use route::{
    Address, Link, Route, add_loopback_address, families_not_forwarded, host_addresses,
};
pub use socket::Socket;

use rustix::io::Errno;
use std::fmt;

/// Why a request to the kernel failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetlinkError {
    /// What was asked for, such as `create link wg-as4242420001`.
    pub what: String,
    /// The kernel's error number, or `TIMEDOUT`, `BADMSG` or `INTR` of our own making.
    pub errno: Errno,
    /// The kernel's own words (NETLINK_EXT_ACK), if it gave any.
    pub kernel_text: Option<String>,
}

impl fmt::Display for NetlinkError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.what)?;
        match (self.errno, &self.kernel_text) {
            (Errno::TIMEDOUT, None) => out.write_str("the kernel gave no answer in time"),
            (Errno::BADMSG, None) => out.write_str("the kernel's answer makes no sense"),
            (Errno::INTR, None) => out.write_str("the list changed each time it was read"),
            (errno, None) => write!(out, "{}", std::io::Error::from(errno)),
            (errno, Some(text)) => write!(out, "{text} ({})", std::io::Error::from(errno)),
        }
    }
}

impl std::error::Error for NetlinkError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_asked_and_what_the_kernel_said() {
        let error = |errno, text: Option<&str>| {
            let kernel_text = text.map(str::to_owned);
            NetlinkError { what: "add address fe80::1".into(), errno, kernel_text }.to_string()
        };
        assert_eq!(error(Errno::EXIST, None), "add address fe80::1: File exists (os error 17)");
        assert_eq!(
            error(Errno::EXIST, Some("ipv6: address already assigned")),
            "add address fe80::1: ipv6: address already assigned (File exists (os error 17))"
        );
        assert_eq!(
            error(Errno::TIMEDOUT, None),
            "add address fe80::1: the kernel gave no answer in time"
        );
    }
}
