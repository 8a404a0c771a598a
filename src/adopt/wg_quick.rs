//! Files of wg-quick(8), whoever wrote them: what a tunnel is, and where in the file each value
//! stands.
//!
//! A line is read as wg-quick and `wg setconf` read it: `#` begins a comment, the case of keys
//! does not count, a carriage return is a space, and nothing goes on in the next line. A key that
//! they do not know is a fault, since they would refuse the file.

mod adjusted;
mod commands;
mod line;

pub use adjusted::{TunnelWanted, adjusted};

use super::words::Place;
use crate::model::{Endpoint, Host, HostName, Port, Spelled, WgKey, WgSecret};
use commands::Command;
use ipnet::IpNet;
use line::{Line, Section, lines};
use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tunnel {
    /// Our private key.
    pub private_key: OwnKey,
    /// Our UDP port; `None`: any.
    pub listen_port: Option<Port>,
    /// The largest packet in bytes.
    pub mtu: Option<Placed<u32>>,
    /// Our addresses.
    pub addresses: Vec<OwnAddress>,
    /// The other ends.
    pub peers: Vec<TunnelPeer>,
}

/// Where our private key is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OwnKey {
    /// Nowhere.
    #[default]
    Missing,
    /// In the file.
    Here(WgSecret),
    /// In another file, which a command of this one hands to `wg set`.
    File(String),
}

/// An address of ours on the tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAddress {
    /// The address.
    pub local: Spelled<IpAddr>,
    /// Its prefix length.
    pub length: u8,
    /// The other end's address, where it is named.
    pub peer: Option<Placed<Spelled<IpAddr>>>,
}

/// One `[Peer]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TunnelPeer {
    /// Its public key.
    pub key: Option<Placed<WgKey>>,
    /// The preshared key.
    pub preshared_key: Option<Placed<WgSecret>>,
    /// Where it listens.
    pub endpoint: Option<Placed<Endpoint>>,
    /// What it may send and receive.
    pub allowed_ips: Vec<IpNet>,
    /// Seconds between keepalives; 0: none.
    pub keepalive_s: u16,
    /// Which bytes are the line of its heading.
    heading: Range<usize>,
}

/// A value and which bytes of the file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its bytes.
    pub bytes: Range<usize>,
    /// The bytes of its whole line, with the line's end.
    line: Range<usize>,
}

/// Why a file is none of wg-quick's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    pub what: What,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Neither a heading nor `key = value`.
    Form,
    /// A heading other than `[Interface]` and `[Peer]`.
    Heading,
    /// A key that has no place here.
    Key,
    /// A value of another form than this key has.
    Value(&'static str),
}

/// Reads the file of the tunnel of this name.
pub fn read(text: &str, link: &str) -> Result<Tunnel, Fault> {
    let mut tunnel = Tunnel::default();
    for line in lines(text) {
        let line = line?;
        match line.section {
            Section::Heading => tunnel.begin_peer(&line),
            Section::Interface => tunnel.take(&line, link)?,
            Section::Peer => match tunnel.peers.last_mut() {
                Some(peer) => peer.take(&line)?,
                None => return Err(line.fault(What::Key)),
            },
        }
    }
    Ok(tunnel)
}

impl Tunnel {
    fn begin_peer(&mut self, line: &Line<'_>) {
        if line.key.eq_ignore_ascii_case("[peer]") {
            let heading = line.whole.clone();
            self.peers.push(TunnelPeer { heading, ..TunnelPeer::default() });
        }
    }

    fn take(&mut self, line: &Line<'_>, link: &str) -> Result<(), Fault> {
        match line.key.to_ascii_lowercase().as_str() {
            "privatekey" => self.private_key = OwnKey::Here(line.parsed("a private key")?),
            "listenport" if line.value == "0" => self.listen_port = None,
            "listenport" => self.listen_port = Some(line.parsed("a port")?),
            "mtu" => self.mtu = Some(line.placed(line.parsed("a number of bytes")?)),
            "address" => {
                for part in list(line.value) {
                    let (local, length) = address(part).ok_or(line.value_fault("addresses"))?;
                    self.addresses.push(OwnAddress { local, length, peer: None });
                }
            }
            "preup" | "postup" => {
                for command in commands::read(line.value, link) {
                    self.run(command, line);
                }
            }
            "fwmark" | "dns" | "table" | "predown" | "postdown" | "saveconfig" => {}
            _ => return Err(line.fault(What::Key)),
        }
        Ok(())
    }

    /// What a command of the file does to the tunnel.
    fn run(&mut self, command: Command<'_>, line: &Line<'_>) {
        match command {
            Command::PrivateKey(file) => self.private_key = OwnKey::File(file.to_string()),
            Command::Address { local, peer } => {
                let Some((local, length)) = address(local) else { return };
                let peer = peer.and_then(|word| {
                    let (address, _) = address(word)?;
                    // Without the prefix length.
                    let text = word.split('/').next().unwrap_or_default();
                    Some(line.placed_at(address, text))
                });
                self.addresses.push(OwnAddress { local, length, peer });
            }
        }
    }
}

impl TunnelPeer {
    fn take(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        match line.key.to_ascii_lowercase().as_str() {
            "publickey" => self.key = Some(line.placed(line.parsed("a public key")?)),
            "presharedkey" => {
                let key: WgSecret = line.parsed("a preshared key")?;
                // All zero means none.
                let is_key = key.bytes().iter().any(|byte| *byte != 0);
                self.preshared_key = is_key.then(|| line.placed(key));
            }
            "endpoint" => {
                let endpoint = endpoint(line.value).ok_or(line.value_fault("host and port"))?;
                self.endpoint = Some(line.placed(endpoint));
            }
            "allowedips" => {
                for part in list(line.value) {
                    let network = network(part).ok_or(line.value_fault("networks"))?;
                    self.allowed_ips.push(network);
                }
            }
            "persistentkeepalive" if line.value.eq_ignore_ascii_case("off") => self.keepalive_s = 0,
            "persistentkeepalive" => self.keepalive_s = line.parsed("seconds, or off")?,
            _ => return Err(line.fault(What::Key)),
        }
        Ok(())
    }
}

/// What stands between commas.
fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// An address, with a prefix length or without.
fn address(text: &str) -> Option<(Spelled<IpAddr>, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address = Spelled::<IpAddr>::parse(address)?;
    let most = if address.get().is_ipv4() { 32 } else { 128 };
    Some((address, length.unwrap_or(most))).filter(|pair| pair.1 <= most)
}

fn network(text: &str) -> Option<IpNet> {
    let (address, length) = address(text)?;
    IpNet::new(address.get(), length).ok().map(|network| network.trunc())
}

/// `name:port`, `192.0.2.1:port`, `[2001:db8::1]:port`, and `2001:db8::1:port`, whose last colon is
/// the port's.
fn endpoint(text: &str) -> Option<Endpoint> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None => host,
    };
    let parsed = host.parse::<Host>().ok();
    // A name of one label, or with an underscore, that this machine resolves today.
    let host = parsed.or_else(|| HostName::tolerated(host).map(Host::Name))?;
    Some(Endpoint { host, port: port.parse().ok()? })
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.place)?;
        match self.what {
            What::Form => out.write_str("neither a heading nor key = value"),
            What::Heading => out.write_str("a heading is [Interface] or [Peer]"),
            What::Key => out.write_str("wg-quick has no such key here"),
            What::Value(form) => write!(out, "the value is not {form}"),
        }
    }
}

#[cfg(test)]
mod tests;
