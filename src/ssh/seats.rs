//! How many may be here at once: in all, per member, and of those who have proven nothing yet also
//! per source.
//!
//! A newcomer never waits for the silent. When the places for the unproven are all taken, the one
//! who has proven nothing for the longest time loses theirs: a login takes a tenth of a second,
//! silence is not in a hurry.

use super::wire::hang_up;
use crate::model::Mntner;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use tokio::net::TcpStream;

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
    unproven: BTreeMap<u64, (IpAddr, Arc<TcpStream>)>,
    /// With every member that the key may stand for.
    proven: BTreeMap<u64, Vec<Mntner>>,
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
        stream: Arc<TcpStream>,
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
            hang_up(&oldest);
        }
        it.next += 1;
        let number = it.next;
        it.unproven.insert(number, (source, stream));
        Some(Seat { seats: seats.clone(), number })
    }
}

impl Seat {
    /// The newcomer has proven who they are: nobody of whom places are counted, one member, or one
    /// of several, whose place it is with each of them. `false`: one of those has all the places
    /// they may have.
    pub fn prove(&self, members: &[Mntner]) -> bool {
        let mut it = self.seats.borrow_mut();
        let taken = |name| it.proven.values().filter(|others| others.contains(name)).count();
        if members.iter().any(|name| taken(name) >= it.limits.per_member) {
            return false;
        }
        it.unproven.remove(&self.number);
        it.proven.insert(self.number, members.to_vec());
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

    /// Tokio's sockets want its reactor.
    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap()
    }

    fn pair() -> (Arc<TcpStream>, std::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        (Arc::new(TcpStream::from_std(stream).unwrap()), client)
    }

    fn take(seats: &Rc<RefCell<Seats>>, address: &str) -> (Option<Seat>, std::net::TcpStream) {
        let (stream, client) = pair();
        (Seats::take(seats, address.parse().unwrap(), stream), client)
    }

    #[test]
    fn one_source_has_few_unproven_places() {
        let runtime = runtime();
        let _inside = runtime.enter();
        let seats = Rc::new(RefCell::new(Seats::new(LIMITS)));
        let first = take(&seats, "2001:db8:0:1::1").0.unwrap();
        let _second = take(&seats, "2001:db8:0:1:ffff::2").0.unwrap();
        assert!(take(&seats, "2001:db8:0:1::3").0.is_none(), "the same /64");
        assert!(take(&seats, "2001:db8:0:2::1").0.is_some());
        assert!(first.prove(&[]));
        assert!(take(&seats, "2001:db8:0:1::3").0.is_some(), "who has proven a key does not count");
        assert_eq!(
            source("::ffff:192.0.2.1".parse().unwrap()),
            source("192.0.2.1".parse().unwrap())
        );
    }

    #[test]
    fn the_silent_make_room() {
        let runtime = runtime();
        let _inside = runtime.enter();
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
        let runtime = runtime();
        let _inside = runtime.enter();
        let seats = Rc::new(RefCell::new(Seats::new(LIMITS)));
        let alice: Mntner = "ALICE-MNT".parse().unwrap();
        let mut kept = Vec::new();
        for number in 0..4 {
            let seat = take(&seats, "192.0.2.1").0.unwrap();
            let members = if number < 3 { std::slice::from_ref(&alice) } else { &[] };
            assert_eq!(seat.prove(members), number != 2, "{number}");
            kept.push(seat);
        }
        kept.remove(2);
        let fourth = take(&seats, "192.0.2.1").0.unwrap();
        assert!(fourth.prove(&[]));
        kept.push(fourth);
        assert!(take(&seats, "192.0.2.1").0.is_none(), "full of proven members");
        kept.clear();
        assert!(take(&seats, "192.0.2.1").0.is_some());
        assert_eq!(seats.borrow().proven.len() + seats.borrow().unproven.len(), 0);
    }

    /// The attack: a key of two maintainers, and more sessions than either may have.
    #[test]
    fn a_key_of_several_members_takes_a_place_with_each() {
        let runtime = runtime();
        let _inside = runtime.enter();
        let seats = Rc::new(RefCell::new(Seats::new(LIMITS)));
        let [alice, club]: [Mntner; 2] = ["ALICE-MNT", "CLUB-MNT"].map(|it| it.parse().unwrap());
        let both = [alice.clone(), club.clone()];
        let seat = || take(&seats, "192.0.2.1").0.unwrap();
        let kept = [seat(), seat()];
        assert!(kept[0].prove(&both) && kept[1].prove(std::slice::from_ref(&alice)));
        assert!(!seat().prove(&both), "ALICE has no place left");
        assert!(seat().prove(&[club]));
    }
}
