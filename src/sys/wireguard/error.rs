//! Why a link could not be read, made, changed or removed, in an operator's words.

use crate::model::{IfName, Port};
use crate::sys::netlink::NetlinkError;
use crate::sys::uapi::{StartError, UapiError, UapiReason};
use rustix::io::Errno;
use std::fmt;

/// Why a link could not be read, made, changed or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The kernel refused.
    Netlink(NetlinkError),
    /// The process of the link refused, or does not answer.
    Uapi(UapiError),
    /// No process could be started for the link.
    Start(StartError),
    /// Another program, or another link, listens on this UDP port.
    PortTaken(Port),
    /// A link of that name exists already.
    Exists(IfName),
    /// The link is gone, or another has taken its name.
    Missing(IfName),
    /// A link that bears the name of a peering and is no WireGuard: its name and kind.
    Foreign(String, Option<String>),
    /// A TUN device that bears the name of a peering, and no WireGuard process answers for it.
    Unanswered(UapiError),
    /// The link was deleted but its process did not end.
    StillRunning(IfName),
}

impl WireError {
    /// The same error, but a taken port is called by its name.
    pub fn with_port(self, port: Port) -> WireError {
        match &self {
            WireError::Netlink(error) if error.errno == Errno::ADDRINUSE => {
                WireError::PortTaken(port)
            }
            WireError::Uapi(error) if error.reason == UapiReason::Refused(Errno::ADDRINUSE) => {
                WireError::PortTaken(port)
            }
            _ => self,
        }
    }
}

impl From<NetlinkError> for WireError {
    fn from(error: NetlinkError) -> WireError {
        WireError::Netlink(error)
    }
}

impl From<UapiError> for WireError {
    fn from(error: UapiError) -> WireError {
        WireError::Uapi(error)
    }
}

impl From<StartError> for WireError {
    fn from(error: StartError) -> WireError {
        WireError::Start(error)
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireError::Netlink(error) => error.fmt(out),
            WireError::Uapi(error) => error.fmt(out),
            WireError::Start(error) => error.fmt(out),
            WireError::PortTaken(port) => {
                write!(out, "UDP port {port} is taken by another program or link")
            }
            WireError::Exists(name) => write!(out, "a link {name} exists already"),
            WireError::Missing(name) => write!(out, "link {name} is gone, or was made anew"),
            WireError::Foreign(name, kind) => {
                let kind = kind.as_deref().unwrap_or("device");
                write!(out, "{name} is a {kind} and no WireGuard link; it is left alone")
            }
            WireError::Unanswered(error) => {
                write!(out, "a TUN device without a WireGuard process is left alone: {error}")
            }
            WireError::StillRunning(name) => {
                write!(out, "the process of link {name} did not end with it")
            }
        }
    }
}

impl std::error::Error for WireError {}
