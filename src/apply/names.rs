//! Names of endpoints, looked up beside the passes: no pass waits for a name server.
//!
//! A pass hands in the names that it would like to know anew, and works with what is known of them.
//! An answer that tells something else than before rings the bell, and the next pass uses it. Names
//! whose last answer was none stand in a queue of their own, so that a thousand of them do not keep
//! a member's new address from being found.

use crate::board::{Bell, Cause};
use crate::limits::{RESOLVE_FAILING_PARALLEL_MAX, RESOLVE_PARALLEL_MAX, RESOLVE_PAUSE};
use crate::model::{Families, HostName};
use crate::sys::dns::{Answer, Resolver};
use smol::channel::{Receiver, Sender, unbounded};
use smol::future::{FutureExt as _, zip};
use smol::lock::Semaphore;
use smol::{LocalExecutor, Timer};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

/// A name, and the addresses that it is asked for.
struct Wanted {
    name: HostName,
    families: Families,
}

/// The names that are waited for, each once.
pub struct Names {
    resolver: Rc<Resolver>,
    open: RefCell<BTreeSet<HostName>>,
    /// How soon a name is looked up again.
    pause: Duration,
    /// Those that answered last, or were never asked.
    likely: Queue,
    /// Those whose last answer was none.
    failing: Queue,
}

struct Queue {
    /// Holds no more than [`Names::open`] does: each name once.
    waiting: (Sender<Wanted>, Receiver<Wanted>),
    places: Semaphore,
}

impl Queue {
    fn new(places: usize) -> Queue {
        Queue { waiting: unbounded(), places: Semaphore::new(places) }
    }
}

impl Names {
    /// Nothing is asked before [`Names::work`] runs.
    pub fn new(resolver: Rc<Resolver>) -> Names {
        Names {
            resolver,
            open: RefCell::default(),
            pause: RESOLVE_PAUSE,
            likely: Queue::new(RESOLVE_PARALLEL_MAX),
            failing: Queue::new(RESOLVE_FAILING_PARALLEL_MAX),
        }
    }

    /// What a name came to when it was last asked for; `None`: never yet.
    pub fn known(&self, name: &HostName, families: Families) -> Option<Answer> {
        self.resolver.last(name, families).map(|last| last.answer)
    }

    /// Has these names looked up, but for those that are waited for already or were asked for
    /// within [`RESOLVE_PAUSE`].
    pub fn ask(&self, names: impl IntoIterator<Item = HostName>, families: Families) {
        for name in names {
            let last = self.resolver.last(&name, families);
            if last.as_ref().is_some_and(|last| last.at.elapsed() < self.pause)
                || !self.open.borrow_mut().insert(name.clone())
            {
                continue;
            }
            let failing = last.is_some_and(|last| last.answer.is_err());
            let queue = if failing { &self.failing } else { &self.likely };
            // Never full, and never closed while we live.
            let _ = queue.waiting.0.try_send(Wanted { name, families });
        }
    }

    /// Looks names up as they come, and rings the bell for each that has another answer than
    /// before. It never ends.
    pub async fn work(&self, bell: &Bell) {
        let executor = LocalExecutor::new();
        let both = zip(
            self.serve(&self.likely, bell, &executor),
            self.serve(&self.failing, bell, &executor),
        );
        executor.run(both).await;
    }

    /// Works until everything that was asked for has an answer, but no longer than `patience`.
    pub async fn settle(&self, bell: &Bell, patience: Duration) {
        let answered = async {
            while !self.open.borrow().is_empty() {
                Timer::after(SETTLE_LOOK).await;
            }
        };
        let late = async {
            Timer::after(patience).await;
        };
        self.work(bell).or(answered).or(late).await;
    }

    async fn serve<'a>(&'a self, queue: &'a Queue, bell: &'a Bell, executor: &LocalExecutor<'a>) {
        while let Ok(wanted) = queue.waiting.1.recv().await {
            let place = queue.places.acquire().await;
            let look_up = async move {
                self.look_up(wanted, bell).await;
                drop(place);
            };
            executor.spawn(look_up).detach();
        }
    }

    async fn look_up(&self, wanted: Wanted, bell: &Bell) {
        let Wanted { name, families } = wanted;
        let before = self.known(&name, families);
        let now = self.resolver.resolve(&name, families).await;
        self.open.borrow_mut().remove(&name);
        if before.map(sorted) != Some(sorted(now)) {
            bell.ring(Cause::Other("a name has another answer"));
        }
    }
}

/// How often it is looked whether everything is answered where somebody waits for that.
const SETTLE_LOOK: Duration = Duration::from_millis(20);

/// A name server may turn the addresses of one name about with each answer.
fn sorted(answer: Answer) -> Answer {
    answer.map(|mut addresses| {
        addresses.sort();
        addresses
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol::future::block_on;
    use std::net::UdpSocket;

    const LONG: Duration = Duration::from_secs(30);

    /// A name server that is silent about names that begin with `silent`, refuses those that begin
    /// with `refused`, and has one address for every other.
    fn server() -> Rc<Resolver> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        // It ends with the tests.
        std::thread::spawn(move || {
            let mut query = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut query) {
                if let Some(answer) = answer(&query[..length]) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Rc::new(Resolver::with_servers(vec![address]))
    }

    /// RFC 1035, section 4.1: the header, the question, and one A record where it was asked for.
    fn answer(query: &[u8]) -> Option<Vec<u8>> {
        let end = 12 + query[12..].iter().position(|byte| *byte == 0)? + 5;
        let label = &query[13..13 + usize::from(query[12])];
        if label.starts_with(b"silent") {
            return None;
        }
        let (code, is_a) = (if label.starts_with(b"refused") { 5 } else { 0 }, query[end - 3] == 1);
        let records = u8::from(code == 0 && is_a);
        let mut bytes = [&query[..2], &[0x81, 0x80 | code, 0, 1, 0, records, 0, 0, 0, 0]].concat();
        bytes.extend(&query[12..end]);
        if records == 1 {
            bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
        }
        Some(bytes)
    }

    fn name(text: &str) -> HostName {
        format!("{text}.example.org").parse().unwrap()
    }

    /// Works until the bell rang so often; `false`: that took too long.
    fn rings(names: &Names, bell: &Bell, count: usize) -> bool {
        let heard = async {
            for _ in 0..count {
                bell.heard().await;
            }
            true
        };
        let work = async {
            names.work(bell).await;
            false
        };
        let late = async {
            Timer::after(LONG).await;
            false
        };
        block_on(work.or(heard).or(late))
    }

    /// The attack: names whose server never answers. Asking takes no time, and another name has its
    /// address long before the first of them is given up.
    #[test]
    fn silent_names_keep_nobody_waiting() {
        let (names, bell) = (Names::new(server()), Bell::default());
        let silent = (0..5).map(|number| name(&format!("silent{number}")));
        names.ask(silent.chain([name("node")]), Families::V4);
        let begun = std::time::Instant::now();
        assert!(rings(&names, &bell, 1));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        let address = "192.0.2.7".parse().unwrap();
        assert_eq!(names.known(&name("node"), Families::V4), Some(Ok(vec![address])));
        assert_eq!(names.known(&name("silent0"), Families::V4), None);
    }

    /// The same with more of them than are asked for at once: they wait among themselves.
    #[test]
    fn names_that_failed_wait_among_themselves() {
        let mut names = Names::new(server());
        names.pause = Duration::ZERO;
        let bell = Bell::default();
        let refused: Vec<_> = (0..100).map(|number| name(&format!("refused{number}"))).collect();
        names.ask(refused.clone(), Families::V4);
        block_on(names.settle(&bell, LONG));
        assert!(matches!(names.known(&refused[99], Families::V4), Some(Err(_))));
        names.ask(refused.clone(), Families::V4);
        names.ask([name("node")], Families::V4);
        assert_eq!((names.failing.waiting.1.len(), names.likely.waiting.1.len()), (100, 1));
        names.ask(refused, Families::V4);
        assert_eq!(names.failing.waiting.1.len(), 100, "each waits once");
    }

    /// The same answer is nothing new: the loop would never come to rest.
    #[test]
    fn only_another_answer_rings() {
        let mut names = Names::new(server());
        names.pause = Duration::ZERO;
        let bell = Bell::default();
        for heard in [true, false] {
            names.ask([name("node")], Families::V4);
            block_on(names.settle(&bell, LONG));
            let ring = block_on(smol::future::poll_once(bell.heard()));
            assert_eq!(ring.is_some(), heard);
        }
    }
}
