//! Where a member's WireGuard listens: a host and a port.

use super::Spelled;
use crate::limits::{HOST_LABEL_BYTES_MAX, HOST_NAME_BYTES_MAX};
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::{fmt, str::FromStr};

/// A UDP port, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port(NonZeroU16);

/// A host name of letters, digits and hyphens in two or more labels (RFC 1123, section 2.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostName(Box<str>);

/// What an endpoint may be given as.
#[derive(Clone, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Ip(Spelled<IpAddr>),
    /// A name, resolved each time that the address is needed.
    Name(HostName),
}

/// Host and port.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub host: Host,
    /// The UDP port.
    pub port: Port,
}

/// Why a text is no endpoint address or port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// Neither an address nor a host name.
    Form,
    /// An address with a prefix length.
    Prefix,
    /// An address with a zone.
    Zone,
    /// A name longer than [`HOST_NAME_BYTES_MAX`], or a label longer than [`HOST_LABEL_BYTES_MAX`].
    Length,
    /// A name of one label: it would mean another host elsewhere.
    Unqualified,
    /// A port that is not 1-65535 in plain digits.
    Port,
}

impl Port {
    /// The port, unless it is zero.
    pub fn new(number: u16) -> Option<Port> {
        NonZeroU16::new(number).map(Port)
    }

    /// The bare number.
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl HostName {
    /// The name, as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name that an older program let in: letters, digits, `-`, `.` and `_`, though today it
    /// would be refused (an underscore, a label too many hyphens). `None` if it could harm a
    /// parser.
    pub fn tolerated(text: &str) -> Option<HostName> {
        if text.is_empty() || text.len() > HOST_NAME_BYTES_MAX {
            return None;
        }
        let mut bytes = text.bytes();
        let fits = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        fits.then(|| HostName(text.into()))
    }
}

impl Host {
    /// Is it an IPv6 address, which needs brackets before a port?
    pub fn is_ipv6(&self) -> bool {
        matches!(self, Host::Ip(ip) if ip.get().is_ipv6())
    }
}

impl Endpoint {
    /// As people and URLs have it: an IPv6 address in brackets (RFC 3986, section 3.2.2).
    pub fn bracketed(&self) -> String {
        if self.host.is_ipv6() {
            format!("[{}]:{}", self.host, self.port)
        } else {
            self.to_string()
        }
    }
}

impl FromStr for HostName {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<HostName, EndpointError> {
        if text.len() > HOST_NAME_BYTES_MAX {
            return Err(EndpointError::Length);
        }
        for label in text.split('.') {
            if label.is_empty() || label.starts_with('-') || label.ends_with('-') {
                return Err(EndpointError::Form);
            }
            if !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                return Err(EndpointError::Form);
            }
            if label.len() > HOST_LABEL_BYTES_MAX {
                return Err(EndpointError::Length);
            }
        }
        let last = text.rsplit('.').next().unwrap_or("");
        if last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") {
            return Err(EndpointError::Form); // An odd IPv4 address, not a name.
        }
        if last.len() == text.len() {
            return Err(EndpointError::Unqualified);
        }
        Ok(HostName(text.into()))
    }
}

impl FromStr for Host {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Host, EndpointError> {
        if let Some(ip) = Spelled::parse(text) {
            return Ok(Host::Ip(ip));
        }
        if let Some((before, _)) = text.split_once(['/', '%'])
            && before.parse::<IpAddr>().is_ok()
        {
            let zone = text.contains('%');
            return Err(if zone { EndpointError::Zone } else { EndpointError::Prefix });
        }
        text.parse().map(Host::Name)
    }
}

impl FromStr for Port {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Port, EndpointError> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if plain && !text.starts_with('0') { text.parse().ok() } else { None };
        number.and_then(Port::new).ok_or(EndpointError::Port)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Debug for HostName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Ip(ip) => ip.fmt(out),
            Host::Name(name) => name.fmt(out),
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Without brackets round an IPv6 address: so it stands in every file of the replaced service, and
/// `wg setconf` takes the last colon for the port's.
impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EndpointError::Form => out.write_str("neither an IP address nor a host name"),
            EndpointError::Prefix => out.write_str(
                "an address without a prefix length is needed; leave out the part from / on",
            ),
            EndpointError::Zone => {
                out.write_str("an address without a zone is needed; leave out the part from % on")
            }
            EndpointError::Length => write!(
                out,
                "a host name has at most {HOST_NAME_BYTES_MAX} characters, \
                 {HOST_LABEL_BYTES_MAX} between two dots"
            ),
            EndpointError::Unqualified => {
                out.write_str("a host name needs its domain, like node.example.org")
            }
            EndpointError::Port => out.write_str("a port is a number from 1 to 65535"),
        }
    }
}

impl std::error::Error for EndpointError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_and_names_as_typed() {
        for text in ["192.0.2.1", "2001:DB8::0001", "node.example.org", "a-1.b2.XN--p1ai", "4.dn42"]
        {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_only_a_resolver_would_swallow() {
        let long = format!("{}.org", "a".repeat(64));
        let longer = format!("{}org", "a.".repeat(126));
        for (text, error) in [
            ("", EndpointError::Form),
            (".", EndpointError::Form),
            ("-f.example.org", EndpointError::Form),
            ("node-.example.org", EndpointError::Form),
            ("node..example.org", EndpointError::Form),
            ("node.example.org.", EndpointError::Form),
            ("under_score.example.org", EndpointError::Form),
            ("node.example.org;reboot", EndpointError::Form),
            ("node.example.org\nPostUp = x", EndpointError::Form),
            ("bücher.example", EndpointError::Form),
            ("010.0.0.1", EndpointError::Form),
            ("127.1", EndpointError::Form),
            ("2130706433", EndpointError::Form),
            ("127.0.0.0x1", EndpointError::Form),
            ("localhost", EndpointError::Unqualified),
            ("2001:db8::1/64", EndpointError::Prefix),
            ("192.0.2.1/32", EndpointError::Prefix),
            ("fe80::1%eth0", EndpointError::Zone),
            (&long, EndpointError::Length),
            (&longer, EndpointError::Length),
        ] {
            assert_eq!(text.parse::<Host>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_port_is_plain_digits() {
        assert_eq!("51820".parse::<Port>().unwrap().get(), 51820);
        for text in ["0", "65536", "+1", "-1", " 1", "1 ", "0x1", "01", "", "1e3", "٣"] {
            assert_eq!(text.parse::<Port>(), Err(EndpointError::Port), "{text:?}");
        }
    }

    #[test]
    fn old_names_are_kept_only_if_harmless() {
        assert!(HostName::tolerated("my_host.example.org").is_some());
        for text in ["", "a b", "a\nb", "a=b", "a#b", "a\"b", "ä"] {
            assert!(HostName::tolerated(text).is_none(), "{text:?}");
        }
    }
}
