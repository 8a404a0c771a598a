//! The service manager: the signals that it sends, and what it is told. That is: the service is
//! ready, reads its configuration again, is alive, and ends (systemd's sd_notify(3)). Where no
//! `$NOTIFY_SOCKET` is set nothing is sent.

use super::Trouble;
use async_signal::{Signal, Signals};
use sd_notify::NotifyState;
use smol::stream::StreamExt as _;
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
fn stopping() {
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

/// From now on the signals that mean something are kept for [`handle_signals`].
pub(crate) fn catch_signals() -> Result<Signals, Trouble> {
    Signals::new([Signal::Hup, Signal::Term, Signal::Int])
        .map_err(|error| Trouble::new(format!("no signals: {error}")))
}

fn signal_name(signal: Signal) -> String {
    format!("{signal:?}").to_uppercase()
}

/// SIGHUP reads again; SIGTERM and SIGINT end the service.
pub async fn handle_signals(mut signals: Signals, reload: impl Fn()) {
    while let Some(signal) = signals.next().await {
        match signal {
            Ok(Signal::Hup) => reload(),
            Ok(signal) => {
                log::info!(
                    "SIG{}: the service ends; tunnels and BGP sessions go on",
                    signal_name(signal)
                );
                stopping();
                return;
            }
            Err(error) => log::warn!("a signal could not be read: {error}"),
        }
    }
}
