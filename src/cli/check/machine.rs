//! The machine: the kernel's settings, addresses on `lo`, the right to ping, the clock, and room on
//! the disk.

use super::{Findings, Scene};
use crate::apply::DryRun;
use crate::limits::CHECK_FREE_BYTES_MIN;
use crate::plan::sysctl::SYSCTLS;
use crate::sys::{netlink, ping, sysctl};
use rustix::fs::statvfs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
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
    let found = match netlink::loopback_addresses() {
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

/// The area's name.
const SPACE: &str = "space";

/// Looks at every directory that the service writes to; what cannot be seen others tell.
pub(super) fn space(scene: &Scene, findings: &mut Findings) {
    let config = &scene.assembled.config;
    let store = config.store.path.parent().filter(|path| !path.as_os_str().is_empty());
    let store = store.unwrap_or(Path::new("."));
    let mut is_enough = true;
    for directory in [store, &config.wireguard.directory, &config.bird.directory] {
        if let Some(lack) = Room::of(directory).and_then(Room::lack) {
            is_enough = false;
            let shown = directory.display();
            let detail = format!("{shown}: {}; nothing can be saved there", lack.words());
            findings.wrong(SPACE, detail, lack.remedy(directory));
        }
    }
    if is_enough {
        findings.ok(SPACE, "there is room for the database and the files of peerings");
    }
}

/// What a file system has too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// So many bytes are left.
    Bytes(u64),
    /// It can have no more files.
    Inodes,
}

impl Lack {
    fn words(self) -> String {
        match self {
            Lack::Bytes(free) => format!("the disk is full, {} KiB are left", free / 1024),
            Lack::Inodes => "the disk can have no more files (no inode is left)".to_string(),
        }
    }

    fn remedy(self, directory: &Path) -> String {
        let shown = directory.display();
        match self {
            Lack::Bytes(_) => format!("df -h {shown}; du -xh / | sort -h | tail; make room"),
            Lack::Inodes => format!("df -i {shown}; du -x --inodes / | sort -n | tail; make room"),
        }
    }
}

/// What a file system has left for anybody but root.
#[derive(Clone, Copy, Debug)]
struct Room {
    bytes: u64,
    /// `None`: it makes inodes as it needs them.
    inodes: Option<u64>,
}

impl Room {
    fn of(directory: &Path) -> Option<Room> {
        let status = statvfs(directory).ok()?;
        Some(Room {
            bytes: status.f_bavail.saturating_mul(status.f_frsize),
            // btrfs says that it has 0 of them.
            inodes: (status.f_files > 0).then_some(status.f_favail),
        })
    }

    fn lack(self) -> Option<Lack> {
        if self.bytes < CHECK_FREE_BYTES_MIN {
            return Some(Lack::Bytes(self.bytes));
        }
        (self.inodes == Some(0)).then_some(Lack::Inodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;

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

    #[test]
    fn too_little_is_less_than_a_mebibyte_or_no_inode() {
        let place = Place::new("space");
        assert_eq!(Room::of(&place.0).unwrap().lack(), None, "this machine has room");
        let least = CHECK_FREE_BYTES_MIN;
        for (bytes, inodes, expected) in [
            (least, Some(1), None),
            (least, None, None),
            (u64::MAX, Some(1), None),
            (least - 1, Some(1), Some(Lack::Bytes(least - 1))),
            (0, Some(0), Some(Lack::Bytes(0))),
            (least, Some(0), Some(Lack::Inodes)),
        ] {
            assert_eq!(Room { bytes, inodes }.lack(), expected, "{bytes} {inodes:?}");
        }
    }
}
