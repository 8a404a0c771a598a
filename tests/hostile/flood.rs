//! Silent connections at a rate, each from an address of its own.

use crate::relay::connect_from;
use std::collections::VecDeque;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Connections that are kept; the service has hung up on the older ones.
const KEPT: usize = 400;
/// No flood lasts longer.
const LONGEST: Duration = Duration::from_secs(60);

/// A flood that goes on until it is stopped.
pub struct Flood {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU32>,
    began: Instant,
    thread: JoinHandle<()>,
}

impl Flood {
    /// `rate` connections a second, from changing /64s of so many /48s in turn.
    pub fn start(rate: u32, customers: u16, to: SocketAddrV6) -> Flood {
        let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (stopped, count) = (stop.clone(), made.clone());
        let began = Instant::now();
        let thread = thread::spawn(move || {
            let mut open = VecDeque::new();
            while !stopped.load(Ordering::Relaxed) && began.elapsed() < LONGEST {
                let number = count.fetch_add(1, Ordering::Relaxed);
                let customer = u16::try_from(number % u32::from(customers)).unwrap();
                let network = u16::try_from(number % 65_536).unwrap();
                let source = Ipv6Addr::new(0x2001, 0xdb8, customer, network, 0, 0, 0, 1);
                open.push_back(connect_from(source, to));
                if open.len() > KEPT {
                    open.pop_front();
                }
                let due = began + Duration::from_secs(1) * (number + 1) / rate;
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
        });
        Flood { stop, made, began, thread }
    }

    /// Ends it; how many connections a second there were.
    pub fn end(self) -> u32 {
        let lasted = self.began.elapsed();
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        (f64::from(self.made.load(Ordering::Relaxed)) / lasted.as_secs_f64()) as u32
    }
}
