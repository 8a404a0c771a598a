//! How many may be here at once: in all, per member, and of those who have proven nothing yet also
//! per source.
//!
//! A newcomer never waits for the silent. When the slots of the unproven are all taken, somebody
//! loses theirs: one of whichever customer, network or provider has most of them, of those rather
//! one who has said nothing than one who is about to prove a key, and by chance among equals. So
//! whoever floods us from many addresses drops their own connections, and a member far away has
//! the second that a login takes.

use super::client::{Client, Stage};
use super::rates::{LEVELS, SOURCE, groups};
use super::wire::hang_up;
use crate::limits::ADMIN_SLOTS;
use crate::model::Mntner;
use crate::runtime::TcpStream;
use ipnet::IpNet;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotLimits {
    /// Sessions in all.
    pub total: usize,
    /// Sessions of one member.
    pub per_member: usize,
    /// Connections that have proven nothing yet.
    pub unproven: usize,
    /// The same of one source: an IPv4 address or an IPv6 /64.
    pub unproven_per_source: usize,
}

/// Which connections there are.
pub struct Slots {
    limits: SlotLimits,
    next: u64,
    unproven: BTreeMap<u64, Newcomer>,
    proven: BTreeMap<u64, Owner>,
}

/// A connection that has proven nothing yet.
pub struct Newcomer {
    /// Where it comes from.
    pub address: IpAddr,
    /// How far it has come.
    pub client: Arc<Client>,
    /// The connection itself, to hang up.
    pub stream: Arc<TcpStream>,
}

/// Whose session it is.
#[derive(Clone, Debug)]
pub enum Owner {
    /// A member's: of this maintainer, or of one of these.
    Members(Vec<Mntner>),
    /// An administrator's, who may act for one.
    Admin(Option<Mntner>),
}

/// Why there is no slot for somebody who has proven a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// They have all that one member may have.
    Member,
    /// All are taken, whosever they are.
    Everybody,
}

/// A connection's slot; given back when dropped.
pub struct Slot {
    slots: Rc<RefCell<Slots>>,
    number: u64,
}

/// A slot, and who lost theirs for it.
pub struct Taken {
    pub slot: Slot,
    /// Where the one comes from who was hung up on.
    pub dropped: Option<IpAddr>,
}

impl Slots {
    /// All slots free.
    pub fn new(limits: SlotLimits) -> Slots {
        Slots { limits, next: 0, unproven: BTreeMap::new(), proven: BTreeMap::new() }
    }

    /// A slot for a newcomer; `None`: their source has all that one source may have. `chance` is
    /// a random number.
    pub fn take(slots: &Rc<RefCell<Slots>>, newcomer: Newcomer, chance: u64) -> Option<Taken> {
        let mut here = slots.borrow_mut();
        let source = groups(newcomer.address)[SOURCE];
        let same = here.unproven.values().filter(|other| other.groups()[SOURCE] == source).count();
        if same >= here.limits.unproven_per_source {
            return None;
        }
        let mut dropped = None;
        if here.unproven.len() >= here.limits.unproven
            && let Some(victim) = here.victim(chance)
            && let Some(victim) = here.unproven.remove(&victim)
        {
            hang_up(&victim.stream);
            dropped = Some(victim.address);
        }
        here.next += 1;
        let number = here.next;
        here.unproven.insert(number, newcomer);
        Some(Taken { slot: Slot { slots: slots.clone(), number }, dropped })
    }

    /// The number of the one who makes room.
    fn victim(&self, chance: u64) -> Option<u64> {
        let mut left: Vec<(u64, [IpNet; LEVELS], Stage)> = Vec::new();
        for (number, newcomer) in &self.unproven {
            left.push((*number, newcomer.groups(), newcomer.client.stage()));
        }
        // The heaviest provider, of that the heaviest customer, of that the heaviest source; where
        // several weigh the same, all of them.
        for level in (0..LEVELS).rev() {
            let mut weights: BTreeMap<Option<IpNet>, usize> = BTreeMap::new();
            for (_, groups, _) in &left {
                *weights.entry(groups.get(level).copied()).or_default() += 1;
            }
            let heaviest = weights.values().max().copied();
            left.retain(|(_, groups, _)| {
                weights.get(&groups.get(level).copied()).copied() == heaviest
            });
        }
        let least = left.iter().map(|(_, _, stage)| *stage).min();
        left.retain(|(_, _, stage)| Some(*stage) == least);
        let count = u64::try_from(left.len()).unwrap_or(u64::MAX);
        let index = usize::try_from(chance.checked_rem(count)?).ok()?;
        left.get(index).map(|(number, _, _)| *number)
    }

    fn has_room(&self, owner: &Owner) -> Result<(), Full> {
        for name in owner.names() {
            let taken = self.proven.values().filter(|other| other.names().contains(name)).count();
            if taken >= self.limits.per_member {
                return Err(Full::Member);
            }
        }
        let admins = self.proven.values().filter(|owner| owner.is_admin()).count();
        let has_room = match owner {
            Owner::Admin(_) => admins < ADMIN_SLOTS || self.proven.len() < self.limits.total,
            Owner::Members(_) => {
                // Slots that wait for administrators count as taken.
                let waiting = ADMIN_SLOTS.saturating_sub(admins);
                let total = self.limits.total;
                self.proven.is_empty() || self.proven.len() + waiting < total
            }
        };
        if has_room { Ok(()) } else { Err(Full::Everybody) }
    }
}

impl Newcomer {
    fn groups(&self) -> [IpNet; LEVELS] {
        groups(self.address)
    }
}

impl Owner {
    fn is_admin(&self) -> bool {
        matches!(self, Owner::Admin(_))
    }

    /// Of whom slots are counted.
    fn names(&self) -> &[Mntner] {
        match self {
            Owner::Members(names) => names,
            Owner::Admin(name) => name.as_slice(),
        }
    }
}

impl Slot {
    /// The newcomer has proven who they are: an administrator, a member, or one of several, whose
    /// slot it is with each of them.
    pub fn prove(&self, owner: &Owner) -> Result<(), Full> {
        let mut here = self.slots.borrow_mut();
        here.has_room(owner)?;
        here.unproven.remove(&self.number);
        here.proven.insert(self.number, owner.clone());
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut here = self.slots.borrow_mut();
        here.unproven.remove(&self.number);
        here.proven.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{self, block_on};
    use std::io::Read as _;
    use std::time::Instant;

    const LIMITS: SlotLimits =
        SlotLimits { total: 6, per_member: 2, unproven: 3, unproven_per_source: 2 };

    type Here = Rc<RefCell<Slots>>;

    fn slots(limits: SlotLimits) -> Here {
        Rc::new(RefCell::new(Slots::new(limits)))
    }

    fn pair() -> (Arc<TcpStream>, std::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        (Arc::new(runtime::stream(stream).unwrap()), client)
    }

    fn newcomer(address: &str, stage: Stage) -> (Newcomer, std::net::TcpStream) {
        let (stream, far) = pair();
        let client = Arc::new(Client::new(Instant::now(), 1));
        client.reached(stage);
        (Newcomer { address: address.parse().unwrap(), client, stream }, far)
    }

    fn take(slots: &Here, address: &str) -> Option<Slot> {
        Slots::take(slots, newcomer(address, Stage::Silent).0, 0).map(|it| it.slot)
    }

    fn member(name: &str) -> Owner {
        Owner::Members(vec![name.parse().unwrap()])
    }

    #[test]
    fn one_source_has_few_unproven_places() {
        block_on(async |_| {
            let slots = slots(LIMITS);
            let first = take(&slots, "2001:db8:0:1::1").unwrap();
            let _second = take(&slots, "2001:db8:0:1:ffff::2").unwrap();
            assert!(take(&slots, "2001:db8:0:1::3").is_none(), "the same /64");
            assert!(take(&slots, "2001:db8:0:2::1").is_some());
            assert_eq!(first.prove(&member("ALICE-MNT")), Ok(()));
            assert!(
                take(&slots, "2001:db8:0:1::3").is_some(),
                "who has proven a key does not count"
            );
        })
        .unwrap();
    }

    #[test]
    fn the_heaviest_make_room() {
        block_on(async |_| {
            let slots = slots(LIMITS);
            let _a = take(&slots, "2001:db8:1:1::1").unwrap();
            let _b = take(&slots, "2001:db9:1:2::1").unwrap();
            let (third, mut far) = newcomer("2001:db9:1:3::1", Stage::Silent);
            let _c = Slots::take(&slots, third, 0).unwrap();
            let fourth =
                Slots::take(&slots, newcomer("2001:db8:1:4::1", Stage::Silent).0, 1).unwrap();
            assert_eq!(fourth.dropped, "2001:db9:1:3::1".parse().ok());
            assert_eq!(far.read(&mut [0; 1]).unwrap(), 0, "it was closed");
            assert_eq!(slots.borrow().unproven.len(), 3);
        })
        .unwrap();
    }

    /// The attack: more connections from one /48 than there are places, each from a /64 of its own,
    /// and some of them do exchange keys.
    #[test]
    fn a_flood_drops_itself_and_no_member() {
        block_on(async |_| {
            let limits = SlotLimits { unproven: 16, ..LIMITS };
            let slots = slots(limits);
            let _member = take(&slots, "2001:db8:ffff::1").unwrap();
            let mut kept = Vec::new();
            for number in 0..500_u64 {
                let address = format!("2001:db8:1:{number:x}::1");
                let stage = if number % 2 == 0 { Stage::Exchanged } else { Stage::Silent };
                let chance = number.wrapping_mul(6_364_136_223_846_793_005);
                let taken = Slots::take(&slots, newcomer(&address, stage).0, chance).unwrap();
                assert_ne!(taken.dropped, "2001:db8:ffff::1".parse().ok());
                kept.push(taken.slot);
            }
            let here = slots.borrow();
            assert_eq!(here.unproven.len(), 16);
            let exchanged =
                here.unproven.values().filter(|it| it.client.stage() == Stage::Exchanged);
            assert!(exchanged.count() >= 14, "the silent went first");
        })
        .unwrap();
    }

    #[test]
    fn a_member_and_all_members_have_their_bounds_and_give_places_back() {
        block_on(async |_| {
            let slots = slots(LIMITS);
            let prove = |owner: &Owner| {
                let slot = take(&slots, "192.0.2.1").unwrap();
                let proven = slot.prove(owner);
                proven.map(|()| slot)
            };
            let admin = Owner::Admin(None);
            let mut kept = Vec::new();
            for name in ["A-MNT", "A-MNT", "B-MNT", "B-MNT"] {
                kept.push(prove(&member(name)).ok().unwrap());
            }
            assert_eq!(prove(&member("A-MNT")).err(), Some(Full::Member));
            assert_eq!(prove(&member("C-MNT")).err(), Some(Full::Everybody), "two are not theirs");
            kept.push(prove(&admin).ok().unwrap());
            assert_eq!(prove(&member("C-MNT")).err(), Some(Full::Everybody));
            kept.push(prove(&admin).ok().unwrap());
            assert_eq!(prove(&admin).err(), Some(Full::Everybody));
            kept.clear();
            kept.push(prove(&member("C-MNT")).ok().unwrap());
            kept.clear();
            assert_eq!(slots.borrow().proven.len() + slots.borrow().unproven.len(), 0);
        })
        .unwrap();
    }

    /// The attack: a key of two maintainers, and more sessions than either may have.
    #[test]
    fn a_key_of_several_members_takes_a_place_with_each() {
        block_on(async |_| {
            let slots = slots(LIMITS);
            let both = Owner::Members(["A-MNT", "B-MNT"].map(|it| it.parse().unwrap()).to_vec());
            let slot = || take(&slots, "192.0.2.1").unwrap();
            let kept = [slot(), slot()];
            assert_eq!(kept[0].prove(&both), Ok(()));
            assert_eq!(kept[1].prove(&member("A-MNT")), Ok(()));
            assert_eq!(slot().prove(&both), Err(Full::Member), "A has no place left");
            assert_eq!(slot().prove(&member("B-MNT")), Ok(()));
        })
        .unwrap();
    }
}
