//! Which back end this machine can have, and what is to be said of it.

use super::Backend;
use crate::model::BackendChoice;
use crate::sys::kernel::Kernel;
use crate::sys::netlink::NetlinkError;
use crate::sys::uapi::find;
use rustix::io::Errno;
use std::fmt;
use std::fs::{OpenOptions, read_to_string};

/// Where TUN devices come from (Documentation/networking/tuntap.rst).
const TUN: &str = "/dev/net/tun";
/// The right to make and change links, as a bit of CapEff (CAP_NET_ADMIN in linux/capability.h).
const CAP_NET_ADMIN: u32 = 12;

/// What new links become, and whether that is as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What was chosen, also where it cannot work.
    pub backend: Backend,
    /// What is to be said of it.
    pub judgement: Judgement,
}

/// What is to be said of a back end. With that of [`Choice`] it is one line for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It can work, and this is why it was taken.
    Well(&'static str),
    /// Nothing was configured, and the kernel has none: a process makes each link.
    Instead(Missing),
    /// Nothing was configured, and neither the kernel nor a process makes links: nobody does.
    Nobody(Missing, Missing),
    /// What was configured cannot work here.
    Cannot(Missing),
}

/// What a back end lacks on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// CAP_NET_ADMIN.
    Right,
    /// The kernel has no WireGuard, and no module of it that it could load.
    Kernel,
    /// The kernel did not say whether it has one.
    Answer(NetlinkError),
    /// There is no such program.
    Program(String),
    /// TUN devices cannot be made, and why.
    Tun(String),
}

/// The back end, and what is to be said of it. What was chosen is taken even where it cannot work.
/// Makes nothing; may load the kernel's module.
pub fn choose(choice: BackendChoice, command: &str) -> Choice {
    let userspace = Backend::Userspace { command: command.to_owned() };
    match choice {
        BackendChoice::Auto => auto(userspace, no_kernel(), || no_userspace(command)),
        BackendChoice::Kernel => chosen(Backend::Kernel, no_kernel()),
        BackendChoice::Userspace => chosen(userspace, no_userspace(command)),
        BackendChoice::Files => chosen(Backend::Files, None),
    }
}

fn auto(
    userspace: Backend,
    no_kernel: Option<Missing>,
    no_userspace: impl FnOnce() -> Option<Missing>,
) -> Choice {
    let Some(kernel) = no_kernel else {
        let judgement = Judgement::Well("the kernel has WireGuard");
        return Choice { backend: Backend::Kernel, judgement };
    };
    match no_userspace() {
        None => Choice { backend: userspace, judgement: Judgement::Instead(kernel) },
        Some(process) => {
            Choice { backend: Backend::Files, judgement: Judgement::Nobody(kernel, process) }
        }
    }
}

impl Judgement {
    /// Does it lack nothing but the right of whoever asks? Another user may have that.
    pub fn is_of_rights(&self) -> bool {
        matches!(self, Judgement::Nobody(Missing::Right, _))
    }
}

impl Missing {
    /// What the operator can do about it.
    fn remedy(&self) -> String {
        match self {
            Missing::Right => "run peerling as root, or by its unit".to_owned(),
            Missing::Kernel => "install and load its module (modprobe wireguard; after an upgrade \
                                of the kernel, reboot)"
                .to_owned(),
            Missing::Answer(_) => "look at the kernel's log (dmesg)".to_owned(),
            Missing::Program(program) => {
                format!("install {program}, or name another one in wireguard.userspace_command")
            }
            Missing::Tun(_) => {
                "load the module tun; under systemd, add the drop-in userspace.conf".to_owned()
            }
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WireGuard by {}", self.backend)?;
        match &self.judgement {
            Judgement::Well(why) => write!(out, ": {why}"),
            Judgement::Instead(kernel) => write!(
                out,
                ", a process for each link: {kernel}; under systemd it needs the drop-in \
                 userspace.conf"
            ),
            Judgement::Nobody(Missing::Right, _) => {
                let right = Missing::Right;
                write!(out, ", so nobody makes the tunnels: {right}; {}", right.remedy())
            }
            Judgement::Nobody(kernel, process) => write!(
                out,
                ", so nobody makes the tunnels: {kernel}, and there is {process}; either {}, or \
                 {}; wireguard.backend = \"files\" if somebody else makes them",
                kernel.remedy(),
                process.remedy()
            ),
            Judgement::Cannot(missing) => write!(
                out,
                " cannot work: {missing}; {}, or choose another wireguard.backend (\"auto\" takes \
                 what works)",
                missing.remedy()
            ),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Right => out.write_str("no right to make links (CAP_NET_ADMIN)"),
            Missing::Kernel => out.write_str("this kernel has no WireGuard"),
            Missing::Answer(error) => error.fmt(out),
            Missing::Program(program) => write!(out, "no program {program}"),
            Missing::Tun(error) => write!(out, "no {TUN} ({error})"),
        }
    }
}

/// Why the kernel's WireGuard cannot be used, if it cannot.
fn no_kernel() -> Option<Missing> {
    no_right().or_else(|| match Kernel::open() {
        Ok(_) => None,
        Err(error) if error.errno == Errno::NOENT => Some(Missing::Kernel),
        Err(error) => Some(Missing::Answer(error)),
    })
}

/// What the operator chose, and what it lacks.
fn chosen(backend: Backend, missing: Option<Missing>) -> Choice {
    let well = Judgement::Well("as configured");
    Choice { backend, judgement: missing.map_or(well, Judgement::Cannot) }
}

/// Why a userspace WireGuard cannot be used, if it cannot.
fn no_userspace(command: &str) -> Option<Missing> {
    if let Some(missing) = no_right() {
        return Some(missing);
    }
    if find(command).is_none() {
        return Some(Missing::Program(command.to_owned()));
    }
    let opened = OpenOptions::new().read(true).write(true).open(TUN);
    opened.err().map(|error| Missing::Tun(error.to_string()))
}

fn no_right() -> Option<Missing> {
    let status = read_to_string("/proc/self/status").unwrap_or_default();
    match effective(&status) {
        Some(bits) if bits >> CAP_NET_ADMIN & 1 == 1 => None,
        _ => Some(Missing::Right),
    }
}

/// The effective capabilities of a process, from its status (proc(5)).
fn effective(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_read_from_the_status() {
        for (status, bits) in [
            ("Name:\tx\nCapPrm:\t0000000000001000\nCapEff:\t0000000000001000\n", Some(0x1000)),
            ("CapEff:\t000001ffffffffff\n", Some(0x1ff_ffff_ffff)),
            ("CapEff:\tzz\n", None),
            ("", None),
        ] {
            assert_eq!(effective(status), bits, "{status}");
        }
    }

    #[test]
    fn the_first_that_works_is_taken() {
        let userspace = Backend::Userspace { command: "wireguard-go".into() };
        let program = || Some(Missing::Program("wireguard-go".into()));
        for (kernel, process, backend, line) in [
            (None, program(), Backend::Kernel, "WireGuard by kernel: the kernel has WireGuard"),
            (
                Some(Missing::Kernel),
                None,
                userspace.clone(),
                "WireGuard by userspace (wireguard-go), a process for each link: this kernel has \
                 no WireGuard; under systemd it needs the drop-in userspace.conf",
            ),
            (
                Some(Missing::Kernel),
                program(),
                Backend::Files,
                "WireGuard by files, so nobody makes the tunnels: this kernel has no WireGuard, \
                 and there is no program wireguard-go; either install and load its module \
                 (modprobe wireguard; after an upgrade of the kernel, reboot), or install \
                 wireguard-go, or name another one in wireguard.userspace_command; \
                 wireguard.backend = \"files\" if somebody else makes them",
            ),
            (
                Some(Missing::Right),
                Some(Missing::Right),
                Backend::Files,
                "WireGuard by files, so nobody makes the tunnels: no right to make links \
                 (CAP_NET_ADMIN); run peerling as root, or by its unit",
            ),
        ] {
            let chosen = auto(userspace.clone(), kernel, || process);
            assert_eq!((&chosen.backend, chosen.to_string().as_str()), (&backend, line));
        }
    }

    #[test]
    fn what_is_configured_is_taken_and_told() {
        let files = choose(BackendChoice::Files, "wireguard-go");
        assert_eq!(files.to_string(), "WireGuard by files: as configured");
        let userspace = choose(BackendChoice::Userspace, "no-such-program");
        assert_eq!(userspace.backend, Backend::Userspace { command: "no-such-program".into() });
        let line = userspace.to_string();
        assert!(line.contains("(no-such-program) cannot work: no "), "{line}");
        let kernel =
            Choice { backend: Backend::Kernel, judgement: Judgement::Cannot(Missing::Kernel) };
        assert_eq!(
            kernel.to_string(),
            "WireGuard by kernel cannot work: this kernel has no WireGuard; install and load its \
             module (modprobe wireguard; after an upgrade of the kernel, reboot), or choose \
             another wireguard.backend (\"auto\" takes what works)"
        );
    }
}
