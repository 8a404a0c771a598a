//! How many may be here at once: in all, per member, and of those who have proven nothing yet also
//! per source.
//!
//! A newcomer never waits for the silent. When the places for the unproven are all taken, the one
//! who has proven nothing for the longest time loses theirs: a login takes a tenth of a second,
//! silence is not in a hurry.

use crate::model::Mntner;
use async_io::Async;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::rc::Rc;
use std::sync::Arc;

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatLimits {
    /// Connections in all.
    pub total: usize,
    /// Connections of one member.
    pub per_member: usize,
    /// Connections that have proven nothing yet.
    pub unproven: usize,
    /// The same of one source: an IPv4 address or an IPv6 /64.
    pub unproven_per_source: usize,
}

/// Who is here.
pub struct Seats {
    limits: SeatLimits,
    next: u64,
    /// By number: the longest here comes first.
    unproven: BTreeMap<u64, (IpAddr, Arc<Async<TcpStream>>)>,
    proven: BTreeMap<u64, Option<Mntner>>,
}

/// One place; given back when dropped.
pub struct Seat {
    seats: Rc<RefCell<Seats>>,
    number: u64,
}

impl Seats {
    /// All places free.
    pub fn new(limits: SeatLimits) -> Seats {
        Seats { limits, next: 0, unproven: BTreeMap::new(), proven: BTreeMap::new() }
    }

    /// A place for a newcomer, if there is one.
    pub fn take(
        seats: &Rc<RefCell<Seats>>,
        address: IpAddr,
        stream: Arc<Async<TcpStream>>,
    ) -> Option<Seat> {
        let mut it = seats.borrow_mut();
        let source = source(address);
        let same = it.unproven.values().filter(|(other, _)| *other == source).count();
        if same >= it.limits.unproven_per_source || it.proven.len() >= it.limits.total {
            return None;
        }
        let full = it.unproven.len() >= it.limits.unproven
            || it.unproven.len() + it.proven.len() >= it.limits.total;
        if full {
            let (_, (_, oldest)) = it.unproven.pop_first()?;
            let _ = oldest.get_ref().shutdown(Shutdown::Both);
        }
        it.next += 1;
        let number = it.next;
        it.unproven.insert(number, (source, stream));
        Some(Seat { seats: seats.clone(), number })
    }
}

impl Seat {
    /// The newcomer has proven who they are. `false`: that member has all the places they may have.
    pub fn prove(&self, member: Option<&Mntner>) -> bool {
        let mut it = self.seats.borrow_mut();
        let same = it.proven.values().filter(|other| member.is_some() && other.as_ref() == member);
        if same.count() >= it.limits.per_member {
            return false;
        }
        it.unproven.remove(&self.number);
        it.proven.insert(self.number, member.cloned());
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut it = self.seats.borrow_mut();
        it.unproven.remove(&self.number);
        it.proven.remove(&self.number);
    }
}

/// What counts as one source: whoever has one IPv6 address has the whole /64 (RFC 4291, section
/// 2.5.4).
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    const LIMITS: SeatLimits =
        SeatLimits { total: 4, per_member: 2, unproven: 3, unproven_per_source: 2 };

    fn pair() -> (Arc<Async<TcpStream>>, TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Arc::new(Async::new(listener.accept().unwrap().0).unwrap()), client)
    }

    fn take(seats: &Rc<RefCell<Seats>>, address: &str) -> (Option<Seat>, TcpStream) {
        let (stream, client) = pair();
        (Seats::take(seats, address.parse().unwrap(), stream), client)
    }

    #[test]
    fn one_source_has_few_unproven_places() {
        let seats = Rc::new(RefCell::new(Seats::new(LIMITS)));
        let first = take(&seats, "2001:db8:0:1::1").0.unwrap();
        let _second = take(&seats, "2001:db8:0:1:ffff::2").0.unwrap();
        assert!(take(&seats, "2001:db8:0:1::3").0.is_none(), "the same /64");
        assert!(take(&seats, "2001:db8:0:2::1").0.is_some());
        assert!(first.prove(None));
        assert!(take(&seats, "2001:db8:0:1::3").0.is_some(), "who has proven a key does not count");
        assert_eq!(
            source("::ffff:192.0.2.1".parse().unwrap()),
            source("192.0.2.1".parse().unwrap())
        );
    }

    #[test]
    fn the_silent_make_room() {
        let seats = Rc::new(RefCell::new(Seats::new(LIMITS)));
        let (_a, mut oldest) = take(&seats, "192.0.2.1");
        let (_b, _) = take(&seats, "192.0.2.2");
        let (_c, _) = take(&seats, "192.0.2.3");
        let (fourth, _) = take(&seats, "192.0.2.4");
        assert!(fourth.is_some());
        assert_eq!(oldest.read(&mut [0; 1]).unwrap(), 0, "the oldest was closed");
        assert_eq!(seats.borrow().unproven.len(), 3);
    }

    #[test]
    fn a_member_and_all_members_have_their_bounds_and_give_places_back() {
        let seats = Rc::new(RefCell::new(Seats::new(LIMITS)));
        let alice: Mntner = "ALICE-MNT".parse().unwrap();
        let mut kept = Vec::new();
        for number in 0..4 {
            let seat = take(&seats, "192.0.2.1").0.unwrap();
            let member = if number < 3 { Some(&alice) } else { None };
            assert_eq!(seat.prove(member), number != 2, "{number}");
            kept.push(seat);
        }
        kept.remove(2);
        let fourth = take(&seats, "192.0.2.1").0.unwrap();
        assert!(fourth.prove(None));
        kept.push(fourth);
        assert!(take(&seats, "192.0.2.1").0.is_none(), "full of proven members");
        kept.clear();
        assert!(take(&seats, "192.0.2.1").0.is_some());
        assert_eq!(seats.borrow().proven.len() + seats.borrow().unproven.len(), 0);
    }
}
