//! An address field takes the address alone, yet people paste `host:port` and `[v6]:port` into it.

use std::net::{IpAddr, Ipv6Addr};

/// Takes host and port apart where the text is plainly both: `host:port`, `v4:port`, `[v6]:port`,
/// and `v6:port` if the whole is no IPv6 address (`2001:db8::1:51820`, as wg(8) shows it without
/// brackets). `[v6]` gives an empty port. `None` for all else, and for what could be read either
/// way: such a text stays whole, and its own parser judges it. Neither part is proven by this; the
/// port is digits.
pub fn split_port(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let port = if after.is_empty() { after } else { digits(after.strip_prefix(':')?)? };
        return is_v6_like(host).then_some((host, port));
    }
    if text.parse::<IpAddr>().is_ok() {
        return None;
    }
    let (host, port) = text.rsplit_once(':')?;
    let port = digits(port)?;
    let plain = !host.is_empty() && !host.contains([':', '[', ']']);
    (plain || host.parse::<Ipv6Addr>().is_ok()).then_some((host, port))
}

fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// With a zone or prefix length too: those are refused later, with a hint of their own.
fn is_v6_like(host: &str) -> bool {
    let address = host.split(['%', '/']).next().unwrap_or(host);
    address.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::split_port;

    #[test]
    fn host_and_port_come_apart() {
        for (text, host, port) in [
            ("node.example.org:51820", "node.example.org", "51820"),
            ("203.0.113.7:1", "203.0.113.7", "1"),
            ("[2001:db8::1]:51820", "2001:db8::1", "51820"),
            ("[2001:db8::1]", "2001:db8::1", ""),
            ("[fe80::1%eth0]:1", "fe80::1%eth0", "1"),
            ("[2001:db8::1/64]:1", "2001:db8::1/64", "1"),
            ("2001:db8::1:51820", "2001:db8::1", "51820"),
            ("2001:db8:1:2:3:4:5:6:4242", "2001:db8:1:2:3:4:5:6", "4242"),
            ("2001:db8:::51820", "2001:db8::", "51820"),
            ("example.org:0", "example.org", "0"),
            ("example.org:999999", "example.org", "999999"),
        ] {
            assert_eq!(split_port(text), Some((host, port)), "{text}");
        }
    }

    #[test]
    fn what_is_not_plainly_both_stays_whole() {
        for text in [
            "2001:db8::1",
            "2001:db8::1:4242",
            "::1",
            "::",
            "1::",
            "::ffff:192.0.2.1",
            "203.0.113.7",
            "node.example.org",
            "",
            ":",
            ":51820",
            "host:",
            "host:+1",
            "host:1x",
            "host: 1",
            "host:٣",
            "[",
            "]",
            "[]",
            "[]:1",
            "[host]:1",
            "[192.0.2.1]:1",
            "[2001:db8::1",
            "[2001:db8::1]:",
            "[2001:db8::1]51820",
            "[2001:db8::1]:x",
            "[[2001:db8::1]]:1",
            "2001:db8::1]:51820",
            "http://example.org:80",
            "a:b:1",
            "2001:db8::1::51820",
        ] {
            assert_eq!(split_port(text), None, "{text}");
        }
    }
}
