//! What the parts of one connection know of its client in common.
//!
//! russh's task fills it in, our conversation and the slots read it; russh wants what it holds to
//! be `Send`, so it is made of atomics, although all of them are on one thread.

use crate::limits::{
    CURVE_US_USUAL, MEMBER_WORK, MEMBER_WORK_SHARE, NEWCOMER_WORK, NEWCOMER_WORK_SHARE,
    SLOWNESS_MAX, SSH_VERSION_CHARS_MAX, WG_KEY_BYTES, WORK_REST_MAX,
};
use crate::model::WgSecret;
use russh_util::runtime::Watch;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How far a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Stage {
    /// It has sent nothing.
    Silent,
    /// It has sent something.
    Greeted,
    /// It has exchanged keys.
    Exchanged,
    /// It has proven a key that lets it in.
    Proven,
}

pub(super) struct Client {
    since: Instant,
    slowness: u64,
    stage: AtomicU8,
    version: OnceLock<String>,
    /// When everything it made us do is paid for by its share of the processor, in microseconds
    /// after `since`.
    paid: AtomicU64,
}

impl Client {
    /// One that has just connected, to a machine so many times slower than the usual one.
    pub(super) fn new(since: Instant, slowness: u64) -> Client {
        Client {
            since,
            slowness,
            stage: AtomicU8::new(Stage::Silent as u8),
            version: OnceLock::new(),
            paid: AtomicU64::new(0),
        }
    }

    /// How far it has come.
    pub(super) fn stage(&self) -> Stage {
        match self.stage.load(Relaxed) {
            0 => Stage::Silent,
            1 => Stage::Greeted,
            2 => Stage::Exchanged,
            _ => Stage::Proven,
        }
    }

    /// It has come so far, at least.
    pub(super) fn reached(&self, stage: Stage) {
        self.stage.fetch_max(stage as u8, Relaxed);
    }

    /// It is logged in, and whatever it cost until now is forgiven.
    pub(super) fn proved(&self) {
        self.reached(Stage::Proven);
        self.paid.store(0, Relaxed);
    }

    /// Its first line is this.
    pub(super) fn greeted(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        let _ = self.version.set(line.chars().take(SSH_VERSION_CHARS_MAX).collect());
    }

    /// Its first line, such as `SSH-2.0-OpenSSH_9.6`, as it came; not longer than it may be shown.
    pub(super) fn version(&self) -> Option<&str> {
        self.version.get().map(String::as_str)
    }

    /// It made us work for so long; how long it has to wait for that, `now` being the time since it
    /// connected.
    fn charge(&self, work: Duration, now: Duration) -> Duration {
        let (at_once, share) = match self.stage() {
            Stage::Proven => (MEMBER_WORK, MEMBER_WORK_SHARE),
            _ => (NEWCOMER_WORK, NEWCOMER_WORK_SHARE),
        };
        let at_once = micros(at_once).saturating_mul(self.slowness);
        let (work, now) = (micros(work), micros(now));
        let paid = self.paid.load(Relaxed).max(now).saturating_add(work.saturating_mul(share));
        self.paid.store(paid, Relaxed);
        let ahead = paid.saturating_sub(now).saturating_sub(at_once * share);
        Duration::from_micros(ahead).min(WORK_REST_MAX)
    }
}

impl Watch for Client {
    fn worked(&self, time: Duration) -> Duration {
        self.charge(time, self.since.elapsed())
    }
}

/// How many times slower this machine is than those that the limits are for, at least 1: measured
/// by what a key exchange is made of. The quickest of a few, since others may hold one up.
pub(super) fn slowness() -> u64 {
    let secret = WgSecret::new([1; WG_KEY_BYTES]);
    let mut least = Duration::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        std::hint::black_box(secret.public());
        least = least.min(begin.elapsed());
    }
    slowness_of(least)
}

fn slowness_of(curve: Duration) -> u64 {
    micros(curve).div_ceil(CURVE_US_USUAL).clamp(1, SLOWNESS_MAX)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_login_does_not_wait_and_a_loop_of_key_exchanges_does() {
        let client = Client::new(Instant::now(), 1);
        for _ in 0..NEWCOMER_WORK.as_millis() {
            assert_eq!(client.charge(MS, Duration::ZERO), Duration::ZERO);
        }
        let share = u32::try_from(NEWCOMER_WORK_SHARE).unwrap();
        assert_eq!(client.charge(MS, Duration::ZERO), share * MS);
        assert_eq!(client.charge(Duration::ZERO, share * MS), Duration::ZERO, "waited for");
        client.charge(1000 * MS, share * MS);
        client.proved();
        assert_eq!(client.charge(MS, share * MS), Duration::ZERO, "a member begins anew");
        let rest = client.charge(10_000 * MS, share * MS);
        assert_eq!(rest, WORK_REST_MAX);
    }

    /// A login on an emulated machine takes as long as a hundred on others; nobody waits for it.
    #[test]
    fn a_slow_machine_has_patience() {
        assert_eq!(slowness_of(Duration::from_micros(30)), 1);
        assert_eq!(slowness_of(Duration::from_micros(1_500)), 30);
        assert_eq!(slowness_of(Duration::from_secs(9)), SLOWNESS_MAX);
        assert!(slowness() >= 1);
        let client = Client::new(Instant::now(), 30);
        assert_eq!(client.charge(2_000 * MS, Duration::ZERO), Duration::ZERO);
        assert_ne!(client.charge(2_000 * MS, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn nobody_goes_back_and_a_line_has_an_end() {
        let client = Client::new(Instant::now(), 1);
        client.reached(Stage::Exchanged);
        client.reached(Stage::Greeted);
        assert_eq!(client.stage(), Stage::Exchanged);
        client.greeted(&[b"SSH-2.0-", [b'x'; 300].as_slice(), b"\r\n"].concat());
        assert_eq!(client.version().unwrap().len(), SSH_VERSION_CHARS_MAX);
    }
}
