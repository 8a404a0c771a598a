//! The registry in memory follows the clone on disk.
//!
//! The clone is looked at every few seconds; when it changed and nobody is in the middle of a pull,
//! it is read apart, in slices, and takes the place of the old index whole. One that failed,
//! changed while it was read, or lost more than a fifth is refused loudly, and the old one serves
//! on.

use super::routes_watch::RoutesWatch;
use crate::board::Cause;
use crate::config::Registry;
use crate::control::Control;
use crate::limits::{GIT_PULL_S, REGISTRY_LOOK_S, REGISTRY_READS_MAX};
use crate::registry::{Finding, Index, judge_replacement};
use crate::sys::git;
use crate::sys::tree::{self, Stamp};
use smol::channel::Receiver;
use smol::future::FutureExt as _;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The clone, and what is known of it.
pub struct RegistryWatch {
    directory: PathBuf,
    pull_interval: Option<Duration>,
    control: Rc<Control>,
    routes: RoutesWatch,
    stamp: Option<Stamp>,
    pulled: Instant,
    /// What was logged already: each finding is told once.
    told: BTreeSet<String>,
    refused: Option<String>,
}

impl RegistryWatch {
    /// Nothing is read yet.
    pub fn new(config: &Registry, control: Rc<Control>, routes: RoutesWatch) -> RegistryWatch {
        let seconds = Duration::from_secs(config.pull_interval_s.into());
        RegistryWatch {
            directory: config.directory.clone(),
            pull_interval: (!seconds.is_zero()).then_some(seconds),
            control,
            routes,
            stamp: None,
            pulled: Instant::now(),
            told: BTreeSet::new(),
            refused: None,
        }
    }

    /// Follows the clone until the program ends; `again` (SIGHUP) makes it look at once, whatever
    /// the clone looks like from outside.
    pub async fn run(mut self, again: Receiver<()>) {
        self.read_routes().await;
        loop {
            if asked(&again, Duration::from_secs(REGISTRY_LOOK_S)).await {
                self.stamp = None;
            }
            self.pull().await;
            if !tree::busy(&self.directory)
                && self.stamp != Some(tree::stamp(&self.directory).await)
            {
                self.read_now().await;
                self.read_routes().await;
            }
        }
    }

    /// After the index, since nobody waits for them. What changes meanwhile is read at the next
    /// look.
    async fn read_routes(&mut self) {
        self.routes.read(&self.control.bell).await;
        if self.stamp.is_some() && self.stamp != Some(tree::stamp(&self.directory).await) {
            self.stamp = None;
        }
    }

    async fn pull(&mut self) {
        if self.pull_interval.is_some_and(|interval| self.pulled.elapsed() >= interval) {
            self.pulled = Instant::now();
            let deadline = Duration::from_secs(GIT_PULL_S);
            if let Err(error) = git::pull(&self.directory, deadline).await {
                log::warn!(
                    "{}: {error}; the registry of before serves on",
                    self.directory.display()
                );
            }
        }
    }

    /// Reads the clone, and takes it over if it is sound.
    pub async fn read_now(&mut self) {
        for _ in 0..REGISTRY_READS_MAX {
            let before = tree::stamp(&self.directory).await;
            let read = tree::read(&self.directory).await;
            self.stamp = Some(before);
            if tree::stamp(&self.directory).await == before {
                return match read {
                    Ok((index, findings)) => self.judge(index, &findings),
                    Err(error) => self.refuse(error.to_string()),
                };
            }
        }
        self.stamp = None;
    }

    fn judge(&mut self, index: Index, findings: &[Finding]) {
        let (old, new) = (self.control.index.borrow().counts(), index.counts());
        if let Err(shrunk) = judge_replacement(old, new) {
            return self.refuse(format!("{shrunk} (if that is right, restart peerling)"));
        }
        let words: BTreeSet<String> = findings.iter().map(|it| it.to_string()).collect();
        words.difference(&self.told).for_each(|finding| log::warn!("registry: {finding}"));
        (self.told, self.refused) = (words, None);
        self.control.index.replace(Rc::new(index));
        log::info!(
            "registry: {} maintainers, {} AS numbers, {} keys",
            new.maintainers,
            new.aut_nums,
            new.keys
        );
        self.control.bell.ring(Cause::Everything("the registry was read"));
    }

    /// Says so once for each reason; the old index serves on.
    fn refuse(&mut self, why: String) {
        if self.refused.as_ref() != Some(&why) {
            log::error!("registry not taken over: {why}; the one of before serves on");
            self.refused = Some(why);
        }
    }
}

/// Waits until it is asked for, or for so long: was it asked for? Nobody can ask any more when the
/// program ends; that must not cost the time that the others need to end.
async fn asked(again: &Receiver<()>, pause: Duration) -> bool {
    let asked = async {
        match again.recv().await {
            Ok(()) => true,
            Err(_) => smol::future::pending().await,
        }
    };
    let elapsed = async {
        smol::Timer::after(pause).await;
        false
    };
    asked.or(elapsed).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol::channel::bounded;
    use smol::future::{block_on, poll_once};

    #[test]
    fn a_look_is_asked_for_or_due() {
        let (sender, receiver) = bounded(1);
        let hour = Duration::from_secs(3600);
        assert_eq!(block_on(poll_once(asked(&receiver, hour))), None);
        sender.try_send(()).unwrap();
        assert!(block_on(asked(&receiver, hour)));
        assert!(!block_on(asked(&receiver, Duration::ZERO)));
        drop(sender);
        assert_eq!(block_on(poll_once(asked(&receiver, hour))), None, "it would never sleep again");
    }
}
