//! The kernel: its settings, addresses on `lo`, the right to ping, and the clock.

use super::{Findings, Scene};
use crate::apply::DryRun;
use crate::plan::sysctl::SYSCTLS;
use crate::sys::{loopback, ping, sysctl};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

/// No clock that is right shows an earlier time: 2025-01-01, in seconds of Unix.
const EARLIEST_S: u64 = 1_735_689_600;
/// Clocks of two hosts may differ by so much.
const CLOCK_SLACK: Duration = Duration::from_secs(300);

/// Looks at what the kernel lets the service do.
pub(super) fn look(scene: &Scene, findings: &mut Findings) {
    pings("IPv4", Ipv4Addr::LOCALHOST.into(), findings);
    pings("IPv6", Ipv6Addr::LOCALHOST.into(), findings);
    if scene.assembled.config.inventory.is_none() {
        settings(findings);
    }
    lo(scene, findings);
}

/// Can latencies be measured? A POP works without.
fn pings(family: &str, address: IpAddr, findings: &mut Findings) {
    match ping::is_allowed(address) {
        Ok(()) => findings.ok("ping", format_args!("ping over {family}: possible")),
        Err(error) => findings.warn(
            "ping",
            format_args!("ping over {family}: {error}; latency classes stay as they are"),
            "the line `net.ipv4.ping_group_range = 0 2147483647` in /etc/sysctl.d/peerling.conf; \
             sysctl --system",
        ),
    }
}

/// Settings that a POP without a mesh of its own leaves to the operator.
fn settings(findings: &mut Findings) {
    let before = findings.list().len();
    for wanted in &SYSCTLS {
        let Ok(actual) = sysctl::read(wanted.name) else { continue };
        if !wanted.fits(&actual) {
            findings.warn(
                "sysctls",
                format_args!("{} is {actual}: {}", wanted.name, wanted.else_words),
                format_args!(
                    "the line `{}` in /etc/sysctl.d/peerling.conf; sysctl --system",
                    wanted.line()
                ),
            );
        }
    }
    if findings.list().len() == before {
        findings.ok("sysctls", "packets are forwarded, whatever way they come back");
    }
}

/// Settings that the mesh needs otherwise.
pub(super) fn sysctls(dry_run: &DryRun, findings: &mut Findings) {
    for (sysctl, actual) in &dry_run.sysctls {
        findings.wrong(
            "sysctls",
            format_args!("{} is {actual}: {}", sysctl.name, sysctl.else_words),
            format_args!(
                "the line `{}` in /etc/sysctl.d/peerling.conf, or mesh.sysctl = \"set\"",
                sysctl.line()
            ),
        );
    }
}

/// Are the POP's own addresses there?
fn lo(scene: &Scene, findings: &mut Findings) {
    let inventory = scene.assembled.config.inventory.as_ref();
    let Some(me) = inventory.and_then(|inventory| inventory.me()) else {
        return findings.ok("lo", "no address is wanted: there is no [mesh]");
    };
    let found = match loopback::addresses() {
        Ok(found) => found,
        Err(error) => return findings.wrong("lo", error, "ip address show dev lo"),
    };
    for wanted in me.loopback() {
        if found.iter().any(|address| address.addr() == wanted.addr()) {
            findings.ok("lo", format_args!("it has {wanted}"));
        } else {
            let remedy = format!("peerling apply, or ip address add {wanted} dev lo");
            findings.warn(
                "lo",
                format_args!("it lacks {wanted}, which this POP is reached by"),
                remedy,
            );
        }
    }
}

/// Is the clock right, as far as what was made by others can tell?
pub(super) fn clock(committed: Option<SystemTime>, findings: &mut Findings) {
    match clock_trouble(SystemTime::now(), committed) {
        None => findings.ok("clock", "it shows no time that cannot be"),
        Some(detail) => findings.wrong("clock", detail, "timedatectl set-ntp true, or chronyd"),
    }
}

fn clock_trouble(now: SystemTime, committed: Option<SystemTime>) -> Option<String> {
    let words = "WireGuard's peers and signatures by time refuse it";
    if now < SystemTime::UNIX_EPOCH + Duration::from_secs(EARLIEST_S) {
        return Some(format!("it shows a time before 2025: {words}"));
    }
    let ahead = committed?.duration_since(now).ok().filter(|ahead| *ahead > CLOCK_SLACK)?;
    let minutes = ahead.as_secs() / 60;
    Some(format!("it is at least {minutes} min behind: the registry's last commit is newer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_cannot_be_right_is_told() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(EARLIEST_S + 1_000_000);
        assert_eq!(clock_trouble(now, None), None);
        assert_eq!(clock_trouble(now, Some(now + CLOCK_SLACK)), None);
        let behind = clock_trouble(now, Some(now + Duration::from_secs(3600))).unwrap();
        assert!(behind.starts_with("it is at least 60 min behind"), "{behind}");
        let old = clock_trouble(SystemTime::UNIX_EPOCH, None).unwrap();
        assert!(old.starts_with("it shows a time before 2025"), "{old}");
    }
}
