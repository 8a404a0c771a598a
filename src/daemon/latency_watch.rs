//! How far away the members' endpoints are, measured beside the loop: now and then, a few at a
//! time, and never while anything waits for it. The loop is woken only when a class changes.

use crate::apply::{ApplySettings, echo};
use crate::board::{Cause, Echo};
use crate::control::Control;
use crate::limits::{
    LATENCY_ECHO_PAUSE, LATENCY_ECHOES, LATENCY_FIRST_PAUSE, LATENCY_INTERVAL,
    LATENCY_LOOK_INTERVAL, LATENCY_PARALLEL_MAX, LATENCY_WAIT,
};
use crate::model::{Asn, MeasuredRtt, Once, Timestamp, Turn};
use crate::plan::latency::measured;
use crate::store::StoreError;
use crate::sys;
use crate::sys::ping::{Echoes, PingError, ping};
use rustix::rand::{GetRandomFlags, getrandom};
use smol::LocalExecutor;
use smol::lock::Semaphore;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The endpoints, and when each is to be measured.
pub struct LatencyWatch {
    control: Rc<Control>,
    settings: Rc<RefCell<Rc<ApplySettings>>>,
    schedule: Schedule,
    /// Why this POP cannot ping.
    unable: Once<String>,
    /// Why what was measured cannot be kept.
    lost: Once<String>,
}

/// When each endpoint is to be measured.
#[derive(Default)]
struct Schedule(BTreeMap<Asn, (IpAddr, Instant)>);

/// What came of one endpoint.
type Pinged = Result<Vec<Duration>, PingError>;

impl LatencyWatch {
    /// Nothing is measured yet.
    pub fn new(control: Rc<Control>, settings: Rc<RefCell<Rc<ApplySettings>>>) -> LatencyWatch {
        let (schedule, unable, lost) = Default::default();
        LatencyWatch { control, settings, schedule, unable, lost }
    }

    /// Measures until the program ends.
    pub async fn run(mut self) {
        loop {
            smol::Timer::after(LATENCY_LOOK_INTERVAL).await;
            // Where BIRD is out of our reach, nobody could be told of a class.
            if self.settings.borrow().bird_socket.is_none() {
                continue;
            }
            let due = self.schedule.due(&self.control.board.endpoints(), Instant::now());
            if !due.is_empty() {
                let results = measure(&due).await;
                self.note(results, sys::now());
                self.schedule.done(&due, Instant::now());
            }
        }
    }

    /// Logs, once and when it is over, that this POP cannot ping or cannot keep what it measured.
    fn note(&mut self, results: Vec<(Asn, Pinged)>, now: Timestamp) {
        let echoes: Vec<(Asn, Echo)> =
            results.into_iter().map(|(asn, pinged)| (asn, echo(pinged))).collect();
        let unable = echoes.iter().find_map(|(_, echo)| match echo {
            Echo::Unable(why) => Some(why.clone()),
            Echo::Answer(_) | Echo::Silence => None,
        });
        match self.unable.turn(unable) {
            Turn::Wrong(why) => log::warn!("latency classes stay as they are: {why}"),
            Turn::Over => log::info!("latency is measured again"),
            Turn::Same => {}
        }
        let kept = self.keep(echoes, now);
        match self.lost.turn(kept.err().map(|error| error.to_string())) {
            Turn::Wrong(why) => log::warn!("what was measured is lost: {why}"),
            Turn::Over => log::info!("what is measured is kept again"),
            Turn::Same => {}
        }
    }

    /// Keeps what was measured, tells it on the board, and wakes the loop where a class changes.
    fn keep(&self, echoes: Vec<(Asn, Echo)>, now: Timestamp) -> Result<(), StoreError> {
        let known = self.control.store.borrow().latencies()?;
        let mut fresh = BTreeMap::new();
        for (asn, echo) in echoes {
            if let Echo::Answer(us) = echo
                // Without a class the loop has not come to this peering yet.
                && let Some(written) = self.control.board.entry(asn).and_then(|entry| entry.class)
            {
                fresh.insert(asn, measured(known.get(&asn).copied(), written, us, now));
            }
            self.control.board.note(asn, |entry| entry.rtt = Some(echo));
        }
        self.control.store.borrow_mut().put_latencies(&fresh)?;
        self.ring(&fresh);
        Ok(())
    }

    fn ring(&self, fresh: &BTreeMap<Asn, MeasuredRtt>) {
        for (asn, new) in fresh {
            let old = self.control.board.entry(*asn).and_then(|entry| entry.class);
            if let Some(old) = old.filter(|old| *old != new.class) {
                let words = format!("latency class of {asn} from {old} to {}", new.class);
                log::info!("{words}: {} us", new.smoothed_us);
                self.control.bell.ring(Cause::Saved(words));
            }
        }
    }
}

impl Schedule {
    /// Those to be measured now. One that appears, or moves, gets a moment to come up.
    fn due(&mut self, endpoints: &BTreeMap<Asn, IpAddr>, now: Instant) -> Vec<(Asn, IpAddr)> {
        self.0.retain(|asn, (address, _)| endpoints.get(asn) == Some(address));
        let first = now + LATENCY_FIRST_PAUSE;
        for (asn, address) in endpoints {
            self.0.entry(*asn).or_insert((*address, first));
        }
        let due = self.0.iter().filter(|due| due.1.1 <= now);
        due.map(|(asn, (address, _))| (*asn, *address)).collect()
    }

    fn done(&mut self, them: &[(Asn, IpAddr)], now: Instant) {
        for (asn, _) in them {
            if let Some((_, next)) = self.0.get_mut(asn) {
                *next = now + pause(chance());
            }
        }
    }
}

/// The time to the next measurement: the interval, less up to a quarter by chance.
fn pause(chance: u16) -> Duration {
    let interval = LATENCY_INTERVAL;
    interval - interval / 4 * u32::from(chance) / u32::from(u16::MAX)
}

fn chance() -> u16 {
    let mut bytes = [0; 2];
    // Without randomness all come at once; they are bounded then too.
    let _ = getrandom(&mut bytes, GetRandomFlags::empty());
    u16::from_ne_bytes(bytes)
}

/// Pings them all, [`LATENCY_PARALLEL_MAX`] at a time.
async fn measure(due: &[(Asn, IpAddr)]) -> Vec<(Asn, Pinged)> {
    let echoes =
        Echoes { count: LATENCY_ECHOES, interval: LATENCY_ECHO_PAUSE, timeout: LATENCY_WAIT };
    let (places, executor) = (Semaphore::new(LATENCY_PARALLEL_MAX), LocalExecutor::new());
    let mut tasks = Vec::new();
    for (asn, address) in due.iter().copied() {
        let places = &places;
        tasks.push(executor.spawn(async move {
            let _place = places.acquire().await;
            (asn, ping(address, 0, echoes).await)
        }));
    }
    let all = async {
        let mut results = Vec::new();
        for task in tasks {
            results.push(task.await);
        }
        results
    };
    executor.run(all).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_endpoint_gets_a_moment_and_then_its_turn() {
        let (asn, start) = (Asn::new(64601).unwrap(), Instant::now());
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        let there = BTreeMap::from([(asn, address)]);
        let after = |pause: Duration| start + pause;
        let mut schedule = Schedule::default();
        assert_eq!(schedule.due(&there, start), []);
        let first = after(LATENCY_FIRST_PAUSE);
        assert_eq!(schedule.due(&there, first), [(asn, address)]);
        schedule.done(&[(asn, address)], first);
        assert_eq!(schedule.due(&there, after(LATENCY_INTERVAL / 2)), []);
        let turn = after(LATENCY_FIRST_PAUSE + LATENCY_INTERVAL);
        assert_eq!(schedule.due(&there, turn), [(asn, address)]);
        schedule.done(&[(asn, address)], turn);
        let moved = BTreeMap::from([(asn, "2001:db8::2".parse().unwrap())]);
        assert_eq!(schedule.due(&moved, turn), [], "a moment to come up there");
        assert_eq!(schedule.due(&moved, turn + LATENCY_FIRST_PAUSE).len(), 1);
        assert_eq!(schedule.due(&BTreeMap::new(), turn), []);
        assert!(schedule.0.is_empty(), "what is gone is forgotten");
    }

    #[test]
    fn chance_spreads_the_measurements_over_a_quarter() {
        assert_eq!(pause(0), LATENCY_INTERVAL);
        assert_eq!(pause(u16::MAX), LATENCY_INTERVAL / 4 * 3);
    }
}
