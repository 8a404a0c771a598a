//! Captures whether a member's handshakes arrive that WireGuard drops without a word.
//!
//! A raw socket gets a copy of each UDP packet before WireGuard does (raw(7); it takes
//! CAP_NET_RAW). Connected to the member's address it gets nobody else's, and a member's WireGuard
//! tries again every 5 s. Where it cannot be opened, nothing is captured.
//!
//! The first message of a handshake has a `mac1` that is keyed with the recipient's public key
//! (WireGuard whitepaper, sections 5.4.2 and 5.4.4): who knows that key can tell whether the
//! message was made for it. Who sent it stays encrypted.

use super::within;
use crate::limits::{HANDSHAKE_CAPTURE_PACKETS_MAX, HANDSHAKE_CAPTURE_TIME, WG_KEY_BYTES};
use crate::model::{Port, WgKey};
use async_io::Async;
use blake2::digest::consts::U16;
use blake2::digest::{FixedOutput as _, KeyInit as _, Update as _};
use blake2::{Blake2s256, Blake2sMac, Digest as _};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SocketFlags, SocketType, connect, ipproto, recv,
    socket_with,
};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

/// Room for a message of a handshake and headers; what is longer is none.
const PACKET_BYTES_MAX: usize = 256;

/// Type 1 and three zero bytes, sender, ephemeral, static and timestamp: 116 bytes; then mac1 and
/// mac2.
const MESSAGE_BYTES: usize = 148;
const KIND: [u8; 4] = [1, 0, 0, 0];
const SIGNED_BYTES: usize = 116;
const MAC_BYTES: usize = 16;
const LABEL: &[u8; 8] = b"mac1----";
/// Source, destination, length, checksum (RFC 768).
const UDP_HEADER_BYTES: usize = 8;
/// Bytes of an IPv4 header are four times the low half of its first one (RFC 791, section 3.1).
const IPV4_WORD_BYTES: usize = 4;

/// For whom a handshake was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// For the public key that was asked for.
    ThisKey,
    /// For any other.
    AnotherKey,
}

/// What a raw socket gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The packet with its header.
    V4,
    /// UDP alone: the kernel keeps the header.
    V6,
}

/// For whom the handshakes from an address to a port of ours were made; `None`: none came within
/// [`HANDSHAKE_CAPTURE_TIME`].
pub async fn capture(from: IpAddr, port: Port, key: &WgKey) -> Option<Recipient> {
    let patience = HANDSHAKE_CAPTURE_TIME;
    within(patience, listen(from, port, key)).await?.ok().flatten()
}

async fn listen(from: IpAddr, port: Port, key: &WgKey) -> io::Result<Option<Recipient>> {
    let (family, form) = match from {
        IpAddr::V4(_) => (AddressFamily::INET, Form::V4),
        IpAddr::V6(_) => (AddressFamily::INET6, Form::V6),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let protocol: Protocol = ipproto::UDP;
    let socket = socket_with(family, SocketType::RAW, flags, Some(protocol))?;
    connect(&socket, &SocketAddr::new(from, 0))?;
    let socket: Async<OwnedFd> = Async::new(socket)?;
    let mut packet = [0; PACKET_BYTES_MAX];
    for _ in 0..HANDSHAKE_CAPTURE_PACKETS_MAX {
        let read =
            socket.read_with(|socket| Ok(recv(socket, &mut packet, RecvFlags::TRUNC)?.1)).await?;
        // A packet that was cut has no such length.
        let whole = packet.get(..read).unwrap_or_default();
        if let Some(recipient) = recipient(whole, form, port.get(), key) {
            return Ok(Some(recipient));
        }
        // Whoever sends without a pause must not keep the others' timers from being looked at.
        crate::runtime::give_way().await;
    }
    Ok(None)
}

/// For whom a packet was made; `None`: it is no first message of a handshake to this port.
fn recipient(packet: &[u8], form: Form, port: u16, key: &WgKey) -> Option<Recipient> {
    let header = match form {
        Form::V4 => IPV4_WORD_BYTES * usize::from(packet.first()? & 0x0f),
        Form::V6 => 0,
    };
    let udp = packet.get(header..)?;
    let message = udp.get(UDP_HEADER_BYTES..)?;
    let is_our_port = udp.get(2..4)? == port.to_be_bytes();
    if !is_our_port || message.len() != MESSAGE_BYTES || !message.starts_with(&KIND) {
        return None;
    }
    let (signed, macs) = message.split_at_checked(SIGNED_BYTES)?;
    if mac1(signed, key.bytes())? == macs.get(..MAC_BYTES)? {
        Some(Recipient::ThisKey)
    } else {
        Some(Recipient::AnotherKey)
    }
}

fn mac1(signed: &[u8], key: &[u8; WG_KEY_BYTES]) -> Option<[u8; MAC_BYTES]> {
    let secret = Blake2s256::new().chain_update(LABEL).chain_update(key).finalize();
    let mac = Blake2sMac::<U16>::new_from_slice(&secret).ok()?;
    Some(mac.chain(signed).finalize_fixed().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: u16 = 52_001;

    fn key(byte: u8) -> WgKey {
        WgKey::new([byte; WG_KEY_BYTES]).unwrap()
    }

    /// Worked out with Python's hashlib.
    const MAC1: u128 = 0xcf4a_d647_153c_db73_6f7c_13a6_6d0b_1110;

    fn message() -> Vec<u8> {
        let mut bytes = KIND.to_vec();
        bytes.extend(0..112);
        bytes.extend(MAC1.to_be_bytes());
        bytes.extend([0; MAC_BYTES]);
        bytes
    }

    fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x4f, 0x27];
        bytes.extend(port.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn its_recipient_is_known_by_mac1() {
        let packet = udp(PORT, &message());
        assert_eq!(recipient(&packet, Form::V6, PORT, &key(7)), Some(Recipient::ThisKey));
        assert_eq!(recipient(&packet, Form::V6, PORT, &key(8)), Some(Recipient::AnotherKey));
        let mut other = packet.clone();
        other[20] ^= 1;
        assert_eq!(recipient(&other, Form::V6, PORT, &key(7)), Some(Recipient::AnotherKey));
        let v4 = [&[0x46][..], &[0; 23], &packet].concat();
        assert_eq!(
            recipient(&v4, Form::V4, PORT, &key(7)),
            Some(Recipient::ThisKey),
            "a header with options"
        );
    }

    #[test]
    fn nothing_else_is_taken_for_one() {
        let message = message();
        let mut answer = message.clone();
        answer[0] = 2;
        for packet in [
            udp(PORT + 1, &message),
            udp(PORT, &answer),
            udp(PORT, message.get(1..).unwrap()),
            udp(PORT, &[&message[..], &[0]].concat()),
            udp(PORT, &[]),
            vec![],
            vec![0xff; 3],
        ] {
            for form in [Form::V4, Form::V6] {
                assert_eq!(recipient(&packet, form, PORT, &key(7)), None, "{packet:?}");
            }
        }
    }
}
