//! Addresses, kept with the spelling they were given in.
//!
//! Files that are on running POPs today hold addresses as people typed them (`fe80:0263::2:11`), so
//! a value and its text travel together: the value is compared, the text is written.

use crate::limits::ADDRESS_BYTES_MAX;
use std::net::Ipv6Addr;
use std::{fmt, str::FromStr};

/// A value and how it was spelt. Equality is the value's.
#[derive(Clone, Copy)]
pub struct Spelled<T> {
    value: T,
    text: [u8; ADDRESS_BYTES_MAX],
    len: u8,
}

/// An IPv6 link-local address, inside fe80::/10 as RFC 4291, section 2.5.6 has it. Its 54 zero bits
/// may be non-zero, as members use them; a zone (`%eth0`) may not be there: the link is ours to
/// name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinkLocal(Spelled<Ipv6Addr>);

/// Why a text is no link-local address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// No IPv6 address.
    Form,
    /// An address with a zone.
    Zone,
    /// An address with a prefix length.
    Prefix,
    /// Outside fe80::/10.
    Range,
    /// `fe80::` itself, the routers' anycast address of the link (RFC 4291, section 2.6.1).
    Anycast,
}

impl<T: FromStr> Spelled<T> {
    /// Parses `text` and keeps its spelling; `None` if it is no such value.
    pub fn parse(text: &str) -> Option<Spelled<T>> {
        let value = text.parse().ok()?;
        let mut kept = [0; ADDRESS_BYTES_MAX];
        kept.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Spelled { value, text: kept, len: u8::try_from(text.len()).ok()? })
    }
}

impl<T: Copy> Spelled<T> {
    pub fn get(&self) -> T {
        self.value
    }
}

impl<T> Spelled<T> {
    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        let text = self.text.get(..usize::from(self.len)).unwrap_or_default();
        str::from_utf8(text).unwrap_or_default()
    }
}

impl LinkLocal {
    /// The address itself.
    pub fn get(&self) -> Ipv6Addr {
        self.0.get()
    }

    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for LinkLocal {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<LinkLocal, AddressError> {
        let Some(spelled) = Spelled::<Ipv6Addr>::parse(text) else {
            return Err(match text.split_once(['%', '/']) {
                Some((before, _)) if before.parse::<Ipv6Addr>().is_err() => AddressError::Form,
                Some(_) if text.contains('%') => AddressError::Zone,
                Some(_) => AddressError::Prefix,
                None => AddressError::Form,
            });
        };
        match spelled.get() {
            it if it.segments().first().is_none_or(|first| first & 0xffc0 != 0xfe80) => {
                Err(AddressError::Range)
            }
            it if it == Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0) => Err(AddressError::Anycast),
            _ => Ok(LinkLocal(spelled)),
        }
    }
}

impl<T: PartialEq> PartialEq for Spelled<T> {
    fn eq(&self, other: &Spelled<T>) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spelled<T> {}

impl<T> fmt::Display for Spelled<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl<T> fmt::Debug for Spelled<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Display for LinkLocal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for LinkLocal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            AddressError::Form => "not an IPv6 address",
            AddressError::Zone => {
                "an address without a zone is needed; leave out the part from % on"
            }
            AddressError::Prefix => {
                "an address without a prefix length is needed; leave out the part from / on"
            }
            AddressError::Range => "a link-local address lies in fe80::/10",
            AddressError::Anycast => "fe80:: is the anycast address of all routers of the link",
        })
    }
}

impl std::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_stays() {
        let typed: LinkLocal = "fe80:0263::2:11".parse().unwrap();
        let canonical: LinkLocal = "fe80:263::2:11".parse().unwrap();
        assert_eq!(typed, canonical);
        assert_eq!(typed.to_string(), "fe80:0263::2:11");
        let longest = "fe80:0000:0000:0000:0000:0000:255.255.255.255";
        assert_eq!(longest.parse::<LinkLocal>().unwrap().as_str(), longest);
    }

    #[test]
    fn the_range_is_fe80_10() {
        for good in ["fe80::1", "FE80::1", "febf:ffff::1", "fe80:1::"] {
            assert!(good.parse::<LinkLocal>().is_ok(), "{good}");
        }
        for (text, error) in [
            ("fec0::1", AddressError::Range),
            ("2001:db8::1", AddressError::Range),
            ("::", AddressError::Range),
            ("fe80::", AddressError::Anycast),
            ("fe80::1%eth0", AddressError::Zone),
            ("fe80::1%", AddressError::Zone),
            ("fe80::1/64", AddressError::Prefix),
            ("fe80::1%eth0/64", AddressError::Zone),
            ("fe80::x%eth0", AddressError::Form),
            ("fe80", AddressError::Form),
            ("169.254.1.1", AddressError::Form),
            (" fe80::1", AddressError::Form),
            ("fe80::1;", AddressError::Form),
            ("", AddressError::Form),
        ] {
            assert_eq!(text.parse::<LinkLocal>(), Err(error), "{text:?}");
        }
    }
}
