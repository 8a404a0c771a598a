//! The registry in memory follows the clone on disk.
//!
//! The clone is looked at every few seconds; when it changed and nobody is in the middle of a pull,
//! it is read apart, in slices, and takes the place of the old index whole. One that failed,
//! changed while it was read, or lost more than a fifth is refused loudly, and the old one serves
//! on. A pull that fails is tried less and less often, and told once.

use super::rhythm::Rhythm;
use super::routes_watch::RoutesWatch;
use crate::board::Cause;
use crate::config::Registry;
use crate::control::Control;
use crate::limits::{GIT_PULL_PAUSE_MAX, REGISTRY_LOOK_INTERVAL, REGISTRY_READS_MAX};
use crate::local::News;
use crate::model::{Once, OnceEach, Turn};
use crate::registry::{Finding, Index, Tally, judge_replacement};
use crate::sys::git::{self, GitError, Pulled};
use crate::sys::tree::{self, Stamp};
use smol::channel::Receiver;
use smol::future::FutureExt as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The clone, and what is known of it.
pub struct RegistryWatch {
    directory: PathBuf,
    /// When to pull; `None`: somebody else does.
    pulls: Option<Rhythm>,
    control: Rc<Control>,
    news: Rc<News>,
    routes: RoutesWatch,
    stamp: Option<Stamp>,
    findings: OnceEach<String>,
    /// Why what was read is not taken over.
    refused: Once<String>,
    /// Why the clone is not pulled.
    stuck: Once<String>,
}

impl RegistryWatch {
    /// Nothing is read yet.
    pub fn new(
        config: &Registry,
        control: Rc<Control>,
        news: Rc<News>,
        routes: RoutesWatch,
    ) -> RegistryWatch {
        let seconds = Duration::from_secs(config.pull_interval_s.into());
        RegistryWatch {
            directory: config.directory.clone(),
            pulls: (!seconds.is_zero()).then(|| Rhythm::new(seconds, GIT_PULL_PAUSE_MAX)),
            control,
            news,
            routes,
            stamp: None,
            findings: OnceEach::default(),
            refused: Once::default(),
            stuck: Once::default(),
        }
    }

    /// Reads the clone for the first time. Half a checkout is better than nothing then.
    pub async fn start(&mut self) {
        self.recover().await;
        self.read_now().await;
    }

    /// Follows the clone until the program ends; `again` (SIGHUP) makes it pull and look at once,
    /// whatever the clone looks like from outside.
    pub async fn run(mut self, again: Receiver<()>) {
        self.follow_routes().await;
        loop {
            if asked(&again, REGISTRY_LOOK_INTERVAL).await {
                self.stamp = None;
                self.routes.again();
                self.pulls.iter_mut().for_each(Rhythm::soon);
            }
            self.recover().await;
            self.pull().await;
            if !tree::busy(&self.directory)
                && !self.is_half()
                && self.stamp != Some(tree::stamp(&self.directory).await)
            {
                self.read_now().await;
            }
            self.follow_routes().await;
        }
    }

    /// After the index, since nobody waits for them.
    async fn follow_routes(&mut self) {
        if !tree::busy(&self.directory) && !self.is_half() {
            self.routes.follow(&self.control.bell).await;
        }
    }

    async fn pull(&mut self) {
        if !self.pulls.as_ref().is_some_and(Rhythm::is_due) {
            return;
        }
        let pulled = git::pull(&self.directory).await;
        if let Some(rhythm) = &mut self.pulls {
            rhythm.tried(&pulled);
        }
        if matches!(pulled, Ok(Pulled::Nothing | Pulled::Moved)) {
            self.news.pulled.set(Some(Instant::now()));
        }
        self.tell(pulled);
    }

    /// A checkout of ours that did not end is finished before anything else.
    async fn recover(&mut self) {
        if self.is_half()
            && let Err(error) = git::recover(&self.directory).await
        {
            self.tell(Err(error));
        }
    }

    fn is_half(&self) -> bool {
        self.pulls.is_some() && git::interrupted(&self.directory)
    }

    /// Says what keeps the clone from being pulled, once for each reason, and when it is over.
    fn tell(&mut self, pulled: Result<Pulled, GitError>) {
        let stuck = match pulled {
            Ok(Pulled::Nothing | Pulled::Moved) => None,
            Ok(Pulled::Blocked(left)) => Some(left.to_string()),
            Err(error) => Some(error.to_string()),
        };
        let directory = self.directory.display();
        match self.stuck.turn(stuck) {
            Turn::Wrong(why) => {
                log::warn!("{directory}: not pulled: {why}; the registry of before serves on");
            }
            Turn::Over => log::info!("{directory}: pulled again"),
            Turn::Same => {}
        }
        self.news.pull_error.replace(self.stuck.wrong().cloned());
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
        for finding in self.findings.turn(findings.iter().map(ToString::to_string).collect()) {
            log::debug!("registry: {finding}");
        }
        if self.refused.turn(None) == Turn::Over {
            log::info!("the registry is taken over again");
        }
        self.news.registry_refused.replace(None);
        self.news.registry_read.set(Some(Instant::now()));
        self.control.index.replace(Rc::new(index));
        log::info!(
            "registry: {} maintainers, {} AS numbers, {} keys; {}",
            new.maintainers,
            new.aut_nums,
            new.keys,
            Tally::of(findings)
        );
        self.control.bell.ring(Cause::Registry("the registry was read"));
    }

    /// Says so once for each reason; the old index serves on.
    fn refuse(&mut self, why: String) {
        if let Turn::Wrong(why) = self.refused.turn(Some(why)) {
            log::error!("registry not taken over: {why}; the one of before serves on");
            self.news.registry_refused.replace(Some(why.clone()));
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
