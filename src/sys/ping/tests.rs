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
