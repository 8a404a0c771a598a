//! Which connections come from one hand, as far as an address tells.
//!
//! Whoever has one IPv6 address has the whole /64 (RFC 4291, section 2.5.4), a customer of most
//! providers has a /48 or may ask for one (RFC 6177), and a provider a /32. An IPv4 address is
//! dear: a /24 is the least that is routed, and stands for the two wider ones.

use ipnet::IpNet;
use std::net::IpAddr;

/// How many groups an address belongs to.
pub const LEVELS: usize = 3;
/// The narrowest: one source.
pub const SOURCE: usize = 0;
/// The widest.
pub const PROVIDER: usize = 2;

/// The groups of an address, from the narrowest to the widest.
pub fn groups(address: IpAddr) -> [IpNet; LEVELS] {
    let address = address.to_canonical();
    let lengths = match address {
        IpAddr::V4(_) => [32, 24, 24],
        IpAddr::V6(_) => [64, 48, 32],
    };
    lengths.map(|length| prefix(address, length))
}

/// The customer whose address it is: the one of the three that the log tells.
pub fn customer(address: IpAddr) -> IpNet {
    let [_, customer, _] = groups(address);
    customer
}

fn prefix(address: IpAddr, length: u8) -> IpNet {
    // The lengths above fit their families.
    IpNet::new(address, length).unwrap_or_else(|_| address.into()).trunc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_three_groups() {
        for (address, expected) in [
            ("2001:db8:1:2:3::4", ["2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8::/32"]),
            ("192.0.2.1", ["192.0.2.1/32", "192.0.2.0/24", "192.0.2.0/24"]),
            ("::ffff:192.0.2.1", ["192.0.2.1/32", "192.0.2.0/24", "192.0.2.0/24"]),
        ] {
            assert_eq!(groups(address.parse().unwrap()).map(|it| it.to_string()), expected);
        }
    }
}
