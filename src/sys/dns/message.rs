//! One question of the DNS, and what a message says to it. Pure: bytes in, verdict out.
//!
//! A message is an answer only if id, kind and question are ours. Of an answer, nothing but its
//! answer section is read, and of that only the chain of CNAME records that begins at the name
//! asked for: the authority and additional sections, where cache poisoning lives, are cut off
//! before parsing.

use super::Failure;
use crate::limits::{DNS_ADDRESSES_MAX, DNS_CNAMES_MAX, DNS_RECORDS_MAX, DNS_UDP_BYTES};
use simple_dns::rdata::{OPT, RData};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};
use simple_dns::{ResourceRecord, header_buffer};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Where the header counts the answers, and the authority and additional records (RFC 1035, 4.1.1).
const ANSWER_COUNT: Range<usize> = 6..8;
const OTHER_COUNTS: Range<usize> = 8..12;

/// The kind of address asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// A records (RFC 1035, section 3.4.1).
    V4,
    /// AAAA records (RFC 3596).
    V6,
}

/// Whether a question carries EDNS(0) (RFC 6891). Ancient servers and some firewalls drop what
/// does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edns {
    /// With an OPT record that allows [`DNS_UDP_BYTES`].
    With,
    /// Plain RFC 1035, 512 bytes.
    Without,
}

/// A question to be sent once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<'a> {
    /// Unguessable.
    pub(super) id: u16,
    /// A full name; the root's final dot may be there.
    pub(super) name: &'a str,
    /// What is asked for.
    pub(super) family: Family,
    /// How it is asked.
    pub(super) edns: Edns,
}

/// What a message is to a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No answer to it: broken, late, or forged.
    Stray,
    /// The answer, but cut short; TCP has all of it.
    Truncated,
    /// The answer: at least one address, at most [`DNS_ADDRESSES_MAX`].
    Answer(Result<Vec<IpAddr>, Failure>),
}

impl Family {
    fn question_type(self) -> QTYPE {
        QTYPE::TYPE(match self {
            Family::V4 => TYPE::A,
            Family::V6 => TYPE::AAAA,
        })
    }

    fn address(self, record: &ResourceRecord<'_>) -> Option<IpAddr> {
        match (self, &record.rdata) {
            (Family::V4, RData::A(it)) => Some(Ipv4Addr::from(it.address).into()),
            (Family::V6, RData::AAAA(it)) => Some(Ipv6Addr::from(it.address).into()),
            _ => None,
        }
    }
}

/// The name on the wire, unless it has an empty or overlong label. (The codec would leave an empty
/// label out, and so ask for another name.)
fn wire_name(name: &str) -> Option<Name<'_>> {
    let full = name.strip_suffix('.').unwrap_or(name);
    if full.split('.').any(str::is_empty) { None } else { Name::new(full).ok() }
}

impl Query<'_> {
    /// The message to send; `None` if the name is none that the DNS can hold.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        let mut packet = Packet::new_query(self.id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let class = QCLASS::CLASS(CLASS::IN);
        let question =
            Question::new(wire_name(self.name)?, self.family.question_type(), class, false);
        packet.questions.push(question);
        if self.edns == Edns::With {
            let opt = OPT { opt_codes: Vec::new(), udp_packet_size: DNS_UDP_BYTES, version: 0 };
            *packet.opt_mut() = Some(opt);
        }
        packet.build_bytes_vec().ok()
    }

    /// Judges a message that came to the question's socket.
    pub(super) fn judge(&self, message: &[u8]) -> Verdict {
        self.read(message).unwrap_or(Verdict::Stray)
    }

    fn read(&self, message: &[u8]) -> Option<Verdict> {
        if header_buffer::id(message).ok()? != self.id {
            return None;
        }
        let truncated = header_buffer::has_flags(message, PacketFlag::TRUNCATION).ok()?;
        let mut message = message.to_vec();
        message.get_mut(OTHER_COUNTS)?.fill(0);
        if truncated {
            // Its last record may be cut in the middle.
            message.get_mut(ANSWER_COUNT)?.fill(0);
        }
        if header_buffer::answers(&message).ok()? > DNS_RECORDS_MAX
            || header_buffer::questions(&message).ok()? != 1
        {
            return None;
        }
        let packet = Packet::parse(&message).ok()?;
        if !self.is_answered_by(&packet) {
            return None;
        }
        if truncated {
            return Some(Verdict::Truncated);
        }
        Some(Verdict::Answer(self.addresses(&packet)))
    }

    fn is_answered_by(&self, packet: &Packet<'_>) -> bool {
        let kind =
            packet.has_flags(PacketFlag::RESPONSE) && packet.opcode() == OPCODE::StandardQuery;
        kind && packet.questions.iter().all(|question| self.is_repeated_by(question))
    }

    fn is_repeated_by(&self, question: &Question<'_>) -> bool {
        Some(&question.qname) == wire_name(self.name).as_ref()
            && question.qtype == self.family.question_type()
            && question.qclass == QCLASS::CLASS(CLASS::IN)
            && !question.unicast_response
    }

    fn addresses(&self, packet: &Packet<'_>) -> Result<Vec<IpAddr>, Failure> {
        match packet.rcode() {
            RCODE::NoError => {}
            RCODE::NameError => return Err(Failure::NotFound),
            RCODE::Refused => return Err(Failure::Refused),
            _ => return Err(Failure::Servfail),
        }
        let owner = chain_end(packet)?;
        let mut kept = Vec::new();
        for address in owned_by(packet, owner).filter_map(|record| self.family.address(record)) {
            if kept.len() < DNS_ADDRESSES_MAX && !kept.contains(&address) {
                kept.push(address);
            }
        }
        if !kept.is_empty() {
            Ok(kept)
        } else if refers_elsewhere(packet) {
            Err(Failure::Refused)
        } else {
            Err(Failure::NoData)
        }
    }
}

/// A server that neither knows nor asks others for us, and does not say so in its status.
fn refers_elsewhere(packet: &Packet<'_>) -> bool {
    packet.answers.is_empty()
        && !packet.has_flags(PacketFlag::RECURSION_AVAILABLE)
        && !packet.has_flags(PacketFlag::AUTHORITATIVE_ANSWER)
}

fn owned_by<'a, 'p>(
    packet: &'a Packet<'p>,
    owner: &'a Name<'p>,
) -> impl Iterator<Item = &'a ResourceRecord<'p>> {
    packet.answers.iter().filter(move |record| {
        record.class == CLASS::IN && !record.cache_flush && record.name == *owner
    })
}

/// The name that the chain of CNAME records leads to from the question's, in whatever order they
/// stand.
fn chain_end<'a, 'p>(packet: &'a Packet<'p>) -> Result<&'a Name<'p>, Failure> {
    let mut owner = &packet.questions.first().ok_or(Failure::Garbage)?.qname;
    for _ in 0..=DNS_CNAMES_MAX {
        let target = owned_by(packet, owner).find_map(|record| match &record.rdata {
            RData::CNAME(target) => Some(&target.0),
            _ => None,
        });
        match target {
            Some(next) => owner = next,
            None => return Ok(owner),
        }
    }
    Err(Failure::AliasLoop)
}

#[cfg(test)]
mod tests;
