//! Echoes for real, over the loopback interface of whatever machine this is.

use super::*;
use crate::testing::skipped;
use std::net::{Ipv4Addr, Ipv6Addr};

const ECHOES: Echoes =
    Echoes { count: 3, interval: Duration::from_millis(5), timeout: Duration::from_secs(5) };

/// Pings, unless this machine does not let us.
fn pinged(test: &str, address: IpAddr, echoes: Echoes) -> Option<Vec<Duration>> {
    match smol::block_on(ping(address, 0, echoes)) {
        Err(error @ PingError::NotAllowed) => {
            skipped(test, &error.to_string());
            None
        }
        other => Some(other.expect("a ping")),
    }
}

#[test]
fn the_loopback_answers_every_echo() {
    for address in [IpAddr::from(Ipv6Addr::LOCALHOST), Ipv4Addr::LOCALHOST.into()] {
        if let Some(trips) = pinged("the_loopback_answers_every_echo", address, ECHOES) {
            assert_eq!(trips.len(), 3, "{address}: {trips:?}");
        }
    }
}

/// Each of many sees the others' packets on raw sockets, and counts only its own.
#[test]
fn many_at_once_do_not_confuse_each_other() {
    let address = IpAddr::from(Ipv6Addr::LOCALHOST);
    let many = async {
        let executor = smol::LocalExecutor::new();
        let tasks: Vec<_> = (0..20).map(|_| executor.spawn(ping(address, 0, ECHOES))).collect();
        let mut results = Vec::new();
        executor
            .run(async {
                for task in tasks {
                    results.push(task.await);
                }
            })
            .await;
        results
    };
    for result in smol::block_on(many) {
        match result {
            Ok(trips) => assert_eq!(trips.len(), 3),
            Err(error) => {
                return skipped("many_at_once_do_not_confuse_each_other", &error.to_string());
            }
        }
    }
}

/// There is no link with such an index, so there is no way there.
#[test]
fn silence_is_no_error() {
    let echoes = Echoes { count: 1, timeout: Duration::from_millis(20), ..ECHOES };
    let nowhere = "fe80::1".parse().expect("an address");
    match smol::block_on(ping(nowhere, 0xffff_fffe, echoes)) {
        Err(PingError::NotAllowed) => skipped("silence_is_no_error", "no ping socket"),
        other => assert_eq!(other, Ok(Vec::new())),
    }
}

#[test]
fn nothing_asked_is_nothing_answered() {
    let echoes = Echoes { count: 0, ..ECHOES };
    let test = "nothing_asked_is_nothing_answered";
    if let Some(trips) = pinged(test, Ipv6Addr::LOCALHOST.into(), echoes) {
        assert_eq!(trips, []);
    }
}

#[test]
fn an_answer_counts_once_and_only_to_what_was_sent() {
    let course = Course::default();
    let at = Instant::now();
    course.borrow_mut().push(Sent { at, round_trip: None });
    assert!(!note(&course, 0, at) && !note(&course, 2, at), "never sent");
    assert!(note(&course, 1, at + Duration::from_millis(3)));
    assert!(!note(&course, 1, at + Duration::from_millis(9)), "a duplicate");
    assert_eq!(course.borrow()[0].round_trip, Some(Duration::from_millis(3)));
}

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
