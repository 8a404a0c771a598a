//! Which name servers to ask and how patiently: resolv.conf(5), as far as a stub resolver of full
//! names needs it.
//!
//! Read are `nameserver` and the options `timeout` and `attempts`. `search`, `domain` and `ndots`
//! are not: a member's host name is complete, and must not mean another host on another POP. What
//! cannot be read is passed over, as every other resolver does; the file is the machine's, not
//! ours.

use crate::limits::{DNS_SERVERS_MAX, DNS_TIMEOUT, DNS_TRIES, DNS_TRIES_MAX, DNS_TRY_TIMEOUT};
use crate::limits::{DNS_TRY_TIMEOUT_MAX, IFNAME_BYTES_MAX};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// The port of the DNS (RFC 1035, section 4.2).
const PORT: u16 = 53;

/// A name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// Its address and port.
    pub(super) address: SocketAddr,
    /// The link that a link-local address is on, by name; its number may change, so it is looked up
    /// each time.
    pub(super) link: Option<heapless::String<IFNAME_BYTES_MAX>>,
}

/// All that the resolver is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// At least one, at most [`DNS_SERVERS_MAX`], in the order to ask them.
    pub(super) servers: Vec<Server>,
    /// For one question to one server.
    pub(super) patience: Duration,
    /// Rounds over all servers, at least one.
    pub(super) rounds: u32,
}

impl Settings {
    /// These servers, with the usual patience; this machine's own if there are none.
    pub(super) fn new(mut servers: Vec<Server>) -> Settings {
        servers.truncate(DNS_SERVERS_MAX);
        if servers.is_empty() {
            let local = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            servers.extend(local.map(|ip: IpAddr| Server::at(SocketAddr::new(ip, PORT))));
        }
        Settings { servers, patience: DNS_TRY_TIMEOUT, rounds: DNS_TRIES }
    }

    /// Reads the text of a resolv.conf. The last word on an option counts.
    pub(super) fn parse(text: &str) -> Settings {
        let (mut servers, mut options) = (Vec::new(), Vec::new());
        for line in text.lines() {
            match line.split_once([' ', '\t']) {
                Some(("nameserver", rest)) => servers.extend(Server::parse(rest.trim())),
                Some(("options", rest)) => options.extend(rest.split_whitespace()),
                _ => {}
            }
        }
        let mut settings = Settings::new(servers);
        for option in options {
            settings.set(option);
        }
        settings
    }

    fn set(&mut self, option: &str) {
        match option.split_once(':') {
            Some(("timeout", n)) => {
                let seconds =
                    number(n, DNS_TRY_TIMEOUT_MAX.as_secs()).unwrap_or(self.patience.as_secs());
                self.patience = Duration::from_secs(seconds);
            }
            Some(("attempts", n)) => {
                let rounds = number(n, DNS_TRIES_MAX.into());
                self.rounds =
                    rounds.and_then(|number| u32::try_from(number).ok()).unwrap_or(self.rounds);
            }
            _ => {}
        }
    }

    /// The longest that a resolution can last.
    pub(super) fn total(&self) -> Duration {
        let servers = u32::try_from(self.servers.len()).unwrap_or(u32::MAX);
        let tries = self.rounds.saturating_mul(servers);
        // Each may be asked over UDP and then over TCP; what silence costs is the first alone.
        self.patience.saturating_mul(tries).min(DNS_TIMEOUT)
    }
}

/// A number of at least one, capped at `max`.
fn number(text: &str, max: u64) -> Option<u64> {
    text.parse().ok().map(|number: u64| number.clamp(1, max))
}

impl Server {
    /// A server whose address needs no link.
    pub(super) fn at(address: SocketAddr) -> Server {
        Server { address, link: None }
    }

    /// The value of a `nameserver` line: an address, with its link if it is link-local, by name
    /// (`fe80::1%eth0`) or by number (RFC 4007, section 11). Anything after it is a comment.
    fn parse(text: &str) -> Option<Server> {
        let address = text.split([' ', '\t', '#', ';']).next()?;
        let (ip, link) = match address.split_once('%') {
            None => (address.parse::<IpAddr>().ok()?, None),
            Some((ip, link)) => (IpAddr::V6(ip.parse().ok()?), Some(link)),
        };
        let mut server = Server::at(SocketAddr::new(ip, PORT));
        let scoped = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
        match (link, &mut server.address) {
            (None, _) => {}
            (Some(link), SocketAddr::V6(address)) if scoped => match link.parse() {
                Ok(index) => address.set_scope_id(index),
                Err(_) => server.link = Some(link_name(link)?),
            },
            _ => return None,
        }
        Some(server)
    }
}

fn link_name(text: &str) -> Option<heapless::String<IFNAME_BYTES_MAX>> {
    let plain =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
    if plain { heapless::String::try_from(text).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(text: &str) -> Vec<String> {
        let show = |it: Server| match it.link {
            Some(link) => format!("{}%{link}", it.address.ip()),
            None => it.address.to_string(),
        };
        Settings::parse(text).servers.into_iter().map(show).collect()
    }

    #[test]
    fn reads_name_servers_as_every_resolver_does() {
        let local = ["127.0.0.1:53", "[::1]:53"];
        assert_eq!(servers(""), local);
        assert_eq!(servers("# nameserver 192.0.2.1\n;nameserver 192.0.2.2\n"), local);
        assert_eq!(servers("nameserver 192.0.2.1\n"), ["192.0.2.1:53"]);
        assert_eq!(servers("nameserver\t 2001:db8::1 # mine\r\n"), ["[2001:db8::1]:53"]);
        assert_eq!(servers("search a.example\nnameserver 192.0.2.1;x"), ["192.0.2.1:53"]);
        assert_eq!(servers("nameserver fe80::1%eth0"), ["fe80::1%eth0"]);
        assert_eq!(servers("nameserver fe80::1%3"), ["[fe80::1%3]:53"]);
        let four = "nameserver 192.0.2.1\n".repeat(4);
        assert_eq!(servers(&four).len(), DNS_SERVERS_MAX);
    }

    #[test]
    fn passes_over_what_is_no_name_server() {
        for text in [
            "nameserver",
            "nameserver ",
            "nameserver dns.example.org",
            "nameservers 192.0.2.1",
            " nameserver 192.0.2.1",
            "nameserver 192.0.2.1%eth0",
            "nameserver 2001:db8::1%eth0",
            "nameserver fe80::1%",
            "nameserver fe80::1%a-name-that-is-too-long",
            "nameserver fe80::1%../../x",
            "nameserver 192.0.2.1:53",
            "\0\u{fffd}nameserver",
        ] {
            assert_eq!(servers(text), ["127.0.0.1:53", "[::1]:53"], "{text:?}");
        }
    }

    #[test]
    fn options_are_bounded_and_the_last_counts() {
        for (text, patience, rounds, total) in [
            ("", 2, 2, 8),
            ("options timeout:1 attempts:3", 1, 3, 6),
            ("options timeout:1\noptions rotate attempts:1", 1, 1, 2),
            ("options timeout:1 timeout:2 edns0", 2, 2, 8),
            ("options timeout:0 attempts:0", 1, 1, 2),
            ("options timeout:30 attempts:99", 3, 5, 8),
            ("options timeout:-1 attempts:x", 2, 2, 8),
            ("options timeout:99999999999999999999 attempts:", 2, 2, 8),
        ] {
            let settings = Settings::parse(text);
            let seconds =
                (settings.patience.as_secs(), settings.rounds, settings.total().as_secs());
            assert_eq!(seconds, (patience, rounds, total), "{text:?}");
        }
    }
}
