//! The machine: the kernel's settings, addresses on `lo`, the right to ping, the clock, and room on
//! the disk.

use super::{Findings, Scene};
use crate::apply::DryRun;
use crate::limits::CHECK_FREE_BYTES_MIN;
use crate::plan::sysctl::SYSCTLS;
use crate::sys::wireguard::Backend;
use crate::sys::{ping, sysctl};
use rustix::fs::statvfs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Two areas' names.
const SYSCTL: &str = "sysctls";
const LO: &str = "lo";
/// No clock that is right shows an earlier time: 2025-01-01, in seconds of Unix.
const EARLIEST_S: u64 = 1_735_689_600;
/// Clocks of two hosts may differ by so much.
const CLOCK_SLACK: Duration = Duration::from_secs(300);

/// Looks at what the kernel lets the service do.
pub(super) fn look(scene: &Scene, findings: &mut Findings) {
    pings("IPv4", Ipv4Addr::LOCALHOST.into(), findings);
    pings("IPv6", Ipv6Addr::LOCALHOST.into(), findings);
    settings(scene, findings);
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

/// Does the kernel carry the packets of others? Where it cannot be seen, nothing is said.
fn settings(scene: &Scene, findings: &mut Findings) {
    let mut is_well = true;
    for sysctl in &SYSCTLS {
        let Ok(actual) = sysctl::read(sysctl.name) else { continue };
        if sysctl.fits(&actual) {
            continue;
        }
        is_well = false;
        let detail = format!("{} is {actual}: {}", sysctl.name, sysctl.else_words);
        let remedy = format!(
            "the line `{}` in /etc/sysctl.d/peerling.conf, then sysctl --system; or pop.sysctl = \
             \"set\"",
            sysctl.line()
        );
        if makes_links(scene) || scene.assembled.config.inventory.is_some() {
            findings.wrong(SYSCTL, detail, remedy);
        } else {
            findings.warn(SYSCTL, detail, remedy);
        }
    }
    if is_well {
        findings.ok(SYSCTL, "packets are forwarded, whatever way they come back");
    }
}

/// Does the service itself make this machine's links? Where they are left to files, another one
/// may be the POP.
fn makes_links(scene: &Scene) -> bool {
    scene.assembled.backend().backend != Backend::Files
}

/// Are the POP's own addresses there? Without them the kernel refuses the routes whose source they
/// are.
pub(super) fn lo(scene: &Scene, dry_run: &DryRun, findings: &mut Findings) {
    if dry_run.addresses.is_empty() {
        return no_address(scene, findings);
    }
    for wanted in &dry_run.addresses {
        if !dry_run.missing.contains(wanted) {
            findings.ok(LO, format_args!("this machine has {wanted}"));
            continue;
        }
        let detail = format!("it lacks {wanted}: the kernel refuses each route with it as source");
        let by_hand = format!("ip address add {wanted} dev lo");
        if makes_links(scene) {
            findings.wrong(LO, detail, format_args!("peerling apply, or {by_hand}"));
        } else {
            findings.warn(LO, detail, by_hand);
        }
    }
}

fn no_address(scene: &Scene, findings: &mut Findings) {
    let pop = &scene.assembled.config.pop;
    let mut detail = "no address is wanted: pop.addresses is empty".to_string();
    if pop.addresses.is_none() {
        detail = format!("no address is wanted: the registry has no network of {}", pop.asn);
        if makes_links(scene) {
            let remedy = "pop.addresses = this machine's addresses in your networks";
            return findings.warn(LO, detail, remedy);
        }
    }
    findings.ok(LO, detail);
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
