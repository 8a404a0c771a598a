//! Echo requests and their answers as bytes. Pure, and safe against whatever the network holds.

use std::net::IpAddr;

/// Bytes of the random text that makes an answer ours: nobody guesses it.
pub(super) const NONCE_BYTES: usize = 16;
/// Type, code, checksum, identifier, sequence (RFC 792; the same in RFC 4443).
const HEADER_BYTES: usize = 8;
/// A request; an answer of ours is as long.
const MESSAGE_BYTES: usize = HEADER_BYTES + NONCE_BYTES;
/// The smallest IPv4 header, in 32-bit words and in bytes.
const IPV4_WORDS_MIN: u8 = 5;
const IPV4_BYTES_MIN: usize = 20;
/// ICMP in IPv4's field *protocol*.
const PROTOCOL_ICMP: u8 = 1;

/// What a socket gives and takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// ICMP messages (IPv4, datagram socket).
    V4,
    /// ICMP messages to be sent, whole packets received (IPv4, raw socket).
    V4Packet,
    /// ICMPv6 messages; the kernel sees to the checksum in both kinds of socket.
    V6,
}

/// What the echoes of one ping have in common.
#[derive(Clone, Debug)]
pub(super) struct Echo {
    /// How messages look.
    pub form: Form,
    /// The random text.
    pub nonce: [u8; NONCE_BYTES],
}

impl Form {
    /// Of a socket for this address.
    pub fn of(address: IpAddr, raw: bool) -> Form {
        match (address, raw) {
            (IpAddr::V6(_), _) => Form::V6,
            (IpAddr::V4(_), false) => Form::V4,
            (IpAddr::V4(_), true) => Form::V4Packet,
        }
    }

    /// The types of request and answer.
    fn types(self) -> [u8; 2] {
        match self {
            Form::V4 | Form::V4Packet => [8, 0],
            Form::V6 => [128, 129],
        }
    }
}

impl Echo {
    /// The request with this sequence. Its identifier is part of the random text; a datagram socket
    /// puts its own there.
    pub fn request(&self, sequence: u16) -> Vec<u8> {
        let [kind, _] = self.form.types();
        let [high, low, ..] = self.nonce;
        let [first, second] = sequence.to_be_bytes();
        let mut message = vec![kind, 0, 0, 0, high, low, first, second];
        message.extend(self.nonce);
        let checksum = checksum(&message).to_be_bytes();
        if let Some(field) = message.get_mut(2..4) {
            field.copy_from_slice(&checksum);
        }
        message
    }

    /// The sequence that this answers, if it is an answer to one of these echoes.
    pub fn answer(&self, received: &[u8]) -> Option<u16> {
        let message = match self.form {
            Form::V4 | Form::V6 => received,
            Form::V4Packet => content(received)?,
        };
        let (header, nonce) = message.split_at_checked(HEADER_BYTES)?;
        let &[kind, 0, _, _, _, _, first, second] = header else { return None };
        let [_, answer] = self.form.types();
        let ours = message.len() == MESSAGE_BYTES && kind == answer && nonce == self.nonce;
        ours.then_some(u16::from_be_bytes([first, second]))
    }
}

/// What an IPv4 packet with ICMP holds.
fn content(packet: &[u8]) -> Option<&[u8]> {
    let first = *packet.first()?;
    let (version, words) = (first >> 4, first & 0x0f);
    let protocol = *packet.get(..IPV4_BYTES_MIN)?.get(9)?;
    let right = version == 4 && words >= IPV4_WORDS_MIN && protocol == PROTOCOL_ICMP;
    packet.get(usize::from(words) * 4..).filter(|_| right)
}

/// The ones' complement of the ones' complement sum (RFC 1071) over an even number of bytes.
fn checksum(message: &[u8]) -> u16 {
    let words = message.chunks_exact(2).filter_map(|it| <[u8; 2]>::try_from(it).ok());
    let sum: u32 = words.map(|it| u32::from(u16::from_be_bytes(it))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !(((folded & 0xffff) + (folded >> 16)) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: [u8; NONCE_BYTES] = *b"0123456789abcdef";

    fn echo(form: Form) -> Echo {
        Echo { form, nonce: NONCE }
    }

    /// The answer to a request, as the other side makes it.
    fn answered(form: Form, sequence: u16) -> Vec<u8> {
        let mut message = echo(form).request(sequence);
        message[0] = form.types()[1];
        // A datagram socket's kernel puts its own identifier.
        message[4..6].copy_from_slice(&[0xaa, 0xbb]);
        message
    }

    fn packet(words: u8, protocol: u8, message: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; usize::from(words) * 4];
        packet[0] = 0x40 | words;
        packet[9] = protocol;
        packet.extend(message);
        packet
    }

    #[test]
    fn the_checksum_makes_the_sum_zero() {
        let request = echo(Form::V4).request(3);
        assert_eq!(checksum(&request), 0, "{request:?}");
        // The example of RFC 1071, section 3.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn answers_are_known_by_sequence_and_nonce() {
        for form in [Form::V4, Form::V6] {
            assert_eq!(echo(form).answer(&answered(form, 513)), Some(513), "{form:?}");
        }
        let message = answered(Form::V4Packet, 7);
        let raw = echo(Form::V4Packet);
        assert_eq!(raw.answer(&packet(5, 1, &message)), Some(7));
        assert_eq!(raw.answer(&packet(15, 1, &message)), Some(7), "with options");
    }

    #[test]
    fn everything_else_is_somebody_elses() {
        let v6 = echo(Form::V6);
        let good = answered(Form::V6, 1);
        let changed = |index: usize, value: u8| {
            let mut message = good.clone();
            message[index] = value;
            v6.answer(&message)
        };
        assert_eq!(changed(0, 128), None, "our own request, looped back");
        assert_eq!(changed(0, 0), None, "the other family's answer");
        assert_eq!(changed(1, 1), None, "a code");
        assert_eq!(changed(23, b'x'), None, "another nonce");
        for length in 0..good.len() {
            assert_eq!(v6.answer(&good[..length]), None, "{length} bytes");
        }
        assert_eq!(v6.answer(&[good.as_slice(), b"more"].concat()), None);
        let raw = echo(Form::V4Packet);
        let message = answered(Form::V4Packet, 1);
        assert_eq!(raw.answer(&packet(5, 17, &message)), None, "UDP");
        assert_eq!(raw.answer(&message), None, "no packet");
        for words in [0, 4, 6] {
            let mut lying = packet(5, 1, &message);
            lying[0] = 0x40 | words;
            assert_eq!(raw.answer(&lying), None, "{words} words");
        }
        assert_eq!(raw.answer(&[0x4f; 21]), None, "a header longer than the packet");
        assert_eq!(raw.answer(&packet(5, 1, &message)[..19]), None, "half a header");
    }
}
