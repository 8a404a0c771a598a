//! Messages good and hostile, as bytes.

use super::*;
use simple_dns::rdata::{A, AAAA, CNAME};

const QUERY: Query<'_> =
    Query { id: 0x1234, name: "node.example.org", family: Family::V4, edns: Edns::With };

fn record<'a>(owner: &'a str, data: RData<'a>) -> ResourceRecord<'a> {
    ResourceRecord::new(Name::new(owner).unwrap(), CLASS::IN, 60, data)
}

fn a(last: u8) -> RData<'static> {
    RData::A(A::from(Ipv4Addr::new(192, 0, 2, last)))
}

fn alias(target: &str) -> RData<'_> {
    RData::CNAME(CNAME(Name::new(target).unwrap()))
}

/// An answer to [`QUERY`] with these records.
fn answer(records: Vec<ResourceRecord<'_>>) -> Packet<'_> {
    let question = QUERY.bytes().unwrap();
    let questions = Packet::parse(&question).unwrap().questions;
    let mut packet = Packet::new_reply(QUERY.id);
    packet.set_flags(PacketFlag::RECURSION_AVAILABLE);
    packet.questions = questions.into_iter().map(Question::into_owned).collect();
    packet.answers = records;
    packet
}

fn judge(packet: &Packet<'_>) -> Verdict {
    let plain = QUERY.judge(&packet.build_bytes_vec().unwrap());
    assert_eq!(plain, QUERY.judge(&packet.build_bytes_vec_compressed().unwrap()));
    plain
}

fn found(last: impl IntoIterator<Item = u8>) -> Verdict {
    Verdict::Answer(Ok(last.into_iter().map(|it| Ipv4Addr::new(192, 0, 2, it).into()).collect()))
}

fn failed(failure: Failure) -> Verdict {
    Verdict::Answer(Err(failure))
}

#[test]
fn the_question_on_the_wire() {
    let bytes = QUERY.bytes().unwrap();
    let head = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    let name = *b"\x04node\x07example\x03org\x00";
    let tail = [0, 1, 0, 1, 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0];
    assert_eq!(bytes, [&head[..], &name, &tail].concat());
    let plain = Query { family: Family::V6, edns: Edns::Without, ..QUERY }.bytes().unwrap();
    assert_eq!(plain[10..12], [0, 0]);
    assert_eq!(plain[plain.len() - 4..], [0, 28, 0, 1]);
    let absolute = Query { name: "node.example.org.", ..QUERY }.bytes().unwrap();
    assert_eq!(absolute, bytes);
}

#[test]
fn a_name_is_asked_for_as_it_is_or_not_at_all() {
    let long = "a".repeat(64);
    let longer = ["a"; 128].join(".");
    for name in ["", ".", "..", ".org", "a..b", "a.b..", &long, &longer] {
        assert_eq!(Query { name, ..QUERY }.bytes(), None, "{name:?}");
    }
    assert!(Query { name: "my_host.example.org", ..QUERY }.bytes().is_some());
}

#[test]
fn addresses_at_the_end_of_the_chain_count_and_no_others() {
    let name = QUERY.name;
    assert_eq!(judge(&answer(vec![record(name, a(1)), record(name, a(2))])), found([1, 2]));
    assert_eq!(judge(&answer(vec![record("NODE.Example.ORG", a(1))])), found([1]));
    let chain = vec![
        record("c.example", a(3)),
        record("b.example", alias("c.example")),
        record(name, alias("B.example")),
        record("evil.example", a(66)),
        record(name, a(67)),
    ];
    assert_eq!(judge(&answer(chain)), found([3]));
    let v6 = RData::AAAA(AAAA::from(Ipv6Addr::LOCALHOST));
    assert_eq!(judge(&answer(vec![record(name, v6)])), failed(Failure::NoData));
    let beside = vec![record(name, alias("b.example")), record("evil.example", a(66))];
    assert_eq!(judge(&answer(beside)), failed(Failure::NoData));
}

#[test]
fn the_number_of_addresses_is_bounded_and_each_is_once_there() {
    let many = (0..200).map(|it| record(QUERY.name, a(it / 2))).collect();
    assert_eq!(judge(&answer(many)), found(0..16));
    let too_many = (0..=256).map(|_| record(QUERY.name, a(1))).collect();
    assert_eq!(judge(&answer(too_many)), Verdict::Stray);
}

#[test]
fn a_chain_without_end_is_an_alias_loop() {
    let looped =
        vec![record(QUERY.name, alias("b.example")), record("b.example", alias(QUERY.name))];
    assert_eq!(judge(&answer(looped)), failed(Failure::AliasLoop));
    assert_eq!(
        judge(&answer(vec![record(QUERY.name, alias(QUERY.name))])),
        failed(Failure::AliasLoop)
    );
    let names: Vec<_> = (0..18).map(|it| format!("n{it}.example")).collect();
    let links = |count: usize| {
        let mut records = vec![record(QUERY.name, alias(&names[0]))];
        let pairs = names.windows(2).take(count - 1);
        records.extend(pairs.map(|pair| record(&pair[0], alias(&pair[1]))));
        records.push(record(&names[count - 1], a(9)));
        judge(&answer(records))
    };
    assert_eq!(links(16), found([9]));
    assert_eq!(links(17), failed(Failure::AliasLoop));
}

#[test]
fn other_sections_are_not_even_read() {
    let mut packet = answer(vec![]);
    packet.name_servers.push(record(QUERY.name, a(66)));
    packet.additional_records.push(record(QUERY.name, a(67)));
    assert_eq!(judge(&packet), failed(Failure::NoData));
    let mut broken = answer(vec![record(QUERY.name, a(1))]).build_bytes_vec().unwrap();
    broken[8..12].fill(0xff);
    assert_eq!(QUERY.judge(&broken), found([1]));
}

#[test]
fn statuses_and_the_cut_answer() {
    for (status, failure) in [
        (RCODE::NameError, Failure::NotFound),
        (RCODE::ServerFailure, Failure::Servfail),
        (RCODE::FormatError, Failure::Servfail),
        (RCODE::Refused, Failure::Refused),
    ] {
        let mut packet = answer(vec![record(QUERY.name, a(1))]);
        *packet.rcode_mut() = status;
        assert_eq!(judge(&packet), failed(failure), "{status:?}");
    }
    let mut referral = answer(vec![]);
    referral.remove_flags(PacketFlag::RECURSION_AVAILABLE);
    assert_eq!(judge(&referral), failed(Failure::Refused));
    let mut cut = answer(vec![record(QUERY.name, a(1))]);
    cut.set_flags(PacketFlag::TRUNCATION);
    let bytes = cut.build_bytes_vec().unwrap();
    assert_eq!(QUERY.judge(&bytes[..bytes.len() - 3]), Verdict::Truncated);
}

#[test]
fn what_does_not_answer_the_question_is_a_stray() {
    let good = answer(vec![record(QUERY.name, a(1))]).build_bytes_vec().unwrap();
    assert_eq!(QUERY.judge(&good), found([1]));
    let end_of_name = 12 + 18;
    for (at, byte, what) in [
        (1, 0x35, "the id"),
        (2, 0x01, "a query"),
        (2, 0xa9, "another opcode"),
        (5, 0, "no question"),
        (5, 2, "two questions"),
        (13, b'm', "another name"),
        (end_of_name + 1, 28, "another type"),
        (end_of_name + 3, 3, "another class"),
        (end_of_name + 2, 0x80, "a multicast question"),
        (end_of_name + 4, 0xc0, "a pointer ahead"),
        (7, 9, "records missing"),
    ] {
        let mut bytes = good.clone();
        bytes[at] = byte;
        assert_eq!(QUERY.judge(&bytes), Verdict::Stray, "{what}");
    }
    for length in 0..good.len() {
        assert_eq!(QUERY.judge(&good[..length]), Verdict::Stray);
    }
}

#[test]
fn a_name_that_points_to_itself_ends() {
    let mut bytes = answer(vec![]).build_bytes_vec().unwrap();
    bytes[7] = 1;
    let itself = u8::try_from(bytes.len()).unwrap();
    bytes.extend([0xc0, itself, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]);
    assert_eq!(QUERY.judge(&bytes), Verdict::Stray);
    // Back and forth between two pointers, one of them in the header.
    bytes[itself as usize + 1] = 2;
    assert_eq!(QUERY.judge(&bytes), Verdict::Stray);
}

#[test]
fn no_mutation_of_an_answer_does_harm() {
    let records = vec![record(QUERY.name, alias("b.example")), record("b.example", a(1))];
    let good = answer(records).build_bytes_vec_compressed().unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 11).unwrap() % below
    };
    for _ in 0..50_000 {
        let mut bytes = good.clone();
        for _ in 0..=random(4) {
            let at = 2 + random(bytes.len() - 2);
            bytes[at] = u8::try_from(random(256)).unwrap();
        }
        bytes.truncate(random(bytes.len()) + 1);
        if let Verdict::Answer(Ok(kept)) = QUERY.judge(&bytes) {
            assert!(kept.len() <= DNS_ADDRESSES_MAX);
        }
    }
}
