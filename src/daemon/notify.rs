//! What the service manager is told: that the service is ready, reads its configuration again, is
//! alive, and ends (systemd's sd_notify(3)). Where no `$NOTIFY_SOCKET` is set nothing is sent.

use sd_notify::NotifyState;
use std::time::Duration;

/// Members can log in: the listeners are open and the registry was read.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being read again; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => log::warn!("the service manager is not told of the reload: {error}"),
    }
}

/// The service ends.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Tells that the one thread still runs, twice in the time that the service manager allows
/// (`WatchdogSec=`); ends at once where it does not ask.
pub async fn stay_alive() {
    while let Some(pause) = sd_notify::watchdog_enabled().map(half) {
        tell(&[NotifyState::Watchdog]);
        smol::Timer::after(pause).await;
    }
}

/// Half of it, as sd_watchdog_enabled(3) advises.
fn half(allowed: Duration) -> Duration {
    allowed / 2
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("the service manager cannot be told: {error}");
    }
}
