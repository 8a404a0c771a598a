//! Takes netlink datagrams apart: headers, the end of a dump, errors and the kernel's words. Pure.
//!
//! Formats: struct nlmsghdr and struct nlmsgerr in linux/netlink.h; the attributes behind an error
//! (NLMSGERR_ATTR_MSG) in Documentation/userspace-api/netlink/intro.rst.

use crate::limits::KERNEL_TEXT_BYTES_MAX;
use netlink_bindings::builtin::{IterableNlmsgerrAttrs, NlmsgerrAttrs, Nlmsghdr};
use rustix::io::Errno;

/// Bytes of struct nlmsghdr.
const HEADER_BYTES: usize = 16;
/// Bytes of the error number that an error or the end of a dump begins with.
const ERROR_BYTES: usize = 4;
/// Message types below this are netlink's own (NLMSG_MIN_TYPE).
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_MIN_TYPE: u16 = 16;
/// The kernel left the request out of its answer (NLM_F_CAPPED).
const NLM_F_CAPPED: u16 = 0x100;
/// Attributes follow the error (NLM_F_ACK_TLVS).
const NLM_F_ACK_TLVS: u16 = 0x200;
/// The list changed while it was dumped (NLM_F_DUMP_INTR).
const NLM_F_DUMP_INTR: u16 = 0x10;

/// One message of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The sequence number of the request it answers.
    pub sequence: u32,
    /// The port that the request came from.
    pub port: u32,
    /// Is the list that it belongs to inconsistent?
    pub interrupted: bool,
    /// What it says.
    pub content: Content<'a>,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// A part of the answer, without the header.
    Payload(&'a [u8]),
    /// Done, without an error.
    Done,
    /// Refused, with the attributes that may hold the kernel's words.
    Refused(Errno, &'a [u8]),
    /// Padding or an overrun notice: nothing to us.
    Nothing,
}

/// The messages of a datagram; `Err` if a length leads out of it.
pub fn messages(mut datagram: &[u8]) -> impl Iterator<Item = Result<Message<'_>, Errno>> {
    std::iter::from_fn(move || {
        if datagram.is_empty() {
            return None;
        }
        let taken = take(datagram);
        datagram = taken.map_or(&[], |(_, rest)| rest);
        Some(taken.map(|(message, _)| message).ok_or(Errno::BADMSG))
    })
}

fn take(datagram: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let header = Nlmsghdr::new_from_slice(datagram.get(..HEADER_BYTES)?)?;
    let length = usize::try_from(header.len).ok()?;
    let payload = datagram.get(HEADER_BYTES..length)?;
    let content = match header.r#type {
        NLMSG_ERROR | NLMSG_DONE => end(&header, payload)?,
        other if other < NLMSG_MIN_TYPE => Content::Nothing,
        _ => Content::Payload(payload),
    };
    let message = Message {
        sequence: header.seq,
        port: header.pid,
        interrupted: header.flags & NLM_F_DUMP_INTR != 0,
        content,
    };
    let rest = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((message, rest))
}

/// The end of an answer: zero, or the negative error number, then attributes.
fn end<'a>(header: &Nlmsghdr, payload: &'a [u8]) -> Option<Content<'a>> {
    let (number, rest) = payload.split_at_checked(ERROR_BYTES)?;
    let number = i32::from_ne_bytes(number.try_into().ok()?);
    if number == 0 {
        return Some(Content::Done);
    }
    let errno =
        Errno::from_raw_os_error(number.checked_neg().filter(|errno| (1..4096).contains(errno))?);
    let attributes = attributes(header, rest).unwrap_or_default();
    Some(Content::Refused(errno, attributes))
}

/// The attributes behind an error: an NLMSG_ERROR repeats the request first, or only its header.
fn attributes<'a>(header: &Nlmsghdr, rest: &'a [u8]) -> Option<&'a [u8]> {
    if header.flags & NLM_F_ACK_TLVS == 0 {
        return None;
    }
    if header.r#type == NLMSG_DONE {
        return Some(rest);
    }
    let request = Nlmsghdr::new_from_slice(rest.get(..HEADER_BYTES)?)?;
    let repeated = match header.flags & NLM_F_CAPPED {
        0 => usize::try_from(request.len).ok()?.checked_next_multiple_of(4)?,
        _ => HEADER_BYTES,
    };
    rest.get(repeated..)
}

/// The kernel's own words among the attributes of an error, printable and bounded.
pub fn kernel_text(attributes: &[u8]) -> Option<String> {
    let attributes: IterableNlmsgerrAttrs<'_> = NlmsgerrAttrs::new(attributes);
    let text = attributes.get_msg().ok()?.to_bytes();
    let text = text.get(..text.len().min(KERNEL_TEXT_BYTES_MAX))?;
    let text = String::from_utf8_lossy(text).replace(char::is_control, " ");
    Some(text.trim_end_matches('.').to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = (16 + payload.len() as u32).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(7_u32.to_ne_bytes());
        bytes.extend(99_u32.to_ne_bytes());
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn refusal(flags: u16, repeated: &[u8], text: &[u8]) -> Vec<u8> {
        let mut payload = (-17_i32).to_ne_bytes().to_vec();
        payload.extend(repeated);
        payload.extend((4 + text.len() as u16).to_ne_bytes());
        payload.extend(1_u16.to_ne_bytes());
        payload.extend(text);
        message(NLMSG_ERROR, flags, &payload)
    }

    #[test]
    fn one_datagram_holds_several_messages() {
        let mut datagram = message(20, 2, b"abcde");
        datagram.extend(message(20, 2 | NLM_F_DUMP_INTR, b""));
        datagram.extend(message(1, 0, b""));
        datagram.extend(message(NLMSG_DONE, 2, &0_i32.to_ne_bytes()));
        let read: Vec<_> = messages(&datagram).map(Result::unwrap).collect();
        assert_eq!(read[0].content, Content::Payload(b"abcde"));
        assert_eq!((read[0].sequence, read[0].port), (7, 99));
        assert!(!read[0].interrupted && read[1].interrupted);
        assert_eq!(read[2].content, Content::Nothing);
        assert_eq!(read[3].content, Content::Done);
        assert_eq!(read.len(), 4);
    }

    #[test]
    fn the_kernels_words_are_found_behind_the_request() {
        let request = message(16, 5, b"1234567");
        let text = b"Address already assigned.\0";
        for datagram in [
            refusal(NLM_F_ACK_TLVS, &request, text),
            refusal(NLM_F_ACK_TLVS | NLM_F_CAPPED, &request[..16], text),
        ] {
            let Content::Refused(errno, attributes) =
                messages(&datagram).next().unwrap().unwrap().content
            else {
                panic!("no refusal");
            };
            assert_eq!(errno, Errno::EXIST);
            assert_eq!(kernel_text(attributes).unwrap(), "Address already assigned");
        }
        let bare = message(NLMSG_ERROR, 0, &(-1_i32).to_ne_bytes());
        let content = messages(&bare).next().unwrap().unwrap().content;
        assert_eq!(content, Content::Refused(Errno::PERM, &[]));
    }

    #[test]
    fn words_are_bounded_and_printable() {
        let mut text = vec![b'x'; 1000];
        text.extend(b"\0");
        let datagram = refusal(NLM_F_ACK_TLVS | NLM_F_CAPPED, &message(16, 5, b""), &text);
        let content = messages(&datagram).next().unwrap().unwrap().content;
        let Content::Refused(_, attributes) = content else { panic!("no refusal") };
        assert_eq!(kernel_text(attributes).unwrap().len(), KERNEL_TEXT_BYTES_MAX);
        let datagram =
            refusal(NLM_F_ACK_TLVS | NLM_F_CAPPED, &message(16, 5, b""), b"a\x1b[2J\xff\0");
        let content = messages(&datagram).next().unwrap().unwrap().content;
        let Content::Refused(_, attributes) = content else { panic!("no refusal") };
        assert_eq!(kernel_text(attributes).unwrap(), "a [2J\u{fffd}");
    }

    /// No kernel sends these; a bug there must not become ours.
    #[test]
    fn lengths_that_lead_astray_end_the_datagram() {
        let mut long = message(20, 2, b"abcd");
        long[0] = 200;
        let mut short = message(20, 2, b"abcd");
        short[0] = 15;
        let nan = message(NLMSG_ERROR, 0, &i32::MIN.to_ne_bytes());
        let positive = message(NLMSG_ERROR, 0, &1_i32.to_ne_bytes());
        let empty_error = message(NLMSG_ERROR, 0, b"");
        for datagram in [long, short, nan, positive, empty_error, vec![0; 16], vec![1; 3]] {
            let read: Vec<_> = messages(&datagram).collect();
            assert_eq!(read, [Err(Errno::BADMSG)], "{datagram:?}");
        }
        for cut in 0..40 {
            let datagram = refusal(NLM_F_ACK_TLVS, &message(16, 5, b"1234567"), b"text\0");
            messages(&datagram[..cut]).for_each(drop);
        }
    }
}
