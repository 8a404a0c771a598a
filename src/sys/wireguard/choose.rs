//! Which back end this machine can have, and why.

use super::Backend;
use crate::sys::kernel::Kernel;
use crate::sys::uapi::find;
use std::fs::{File, OpenOptions, read_to_string};

/// Where TUN devices come from (Documentation/networking/tuntap.rst).
const TUN: &str = "/dev/net/tun";
/// The right to make and change links, as a bit of CapEff (CAP_NET_ADMIN in linux/capability.h).
const CAP_NET_ADMIN: u32 = 12;

/// What the operator chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The first that works of kernel, userspace and files.
    Auto,
    /// The kernel's WireGuard.
    Kernel,
    /// A process for each link.
    Userspace,
    /// Only the files.
    Files,
}

/// The back end, and one sentence on why it is this one. What was chosen is taken even where it
/// cannot work, and then the sentence says what is missing. Makes nothing; may load the kernel's
/// module.
pub fn choose(setting: Setting, command: &str) -> (Backend, String) {
    let userspace = || Backend::Userspace { command: command.to_owned() };
    match setting {
        Setting::Auto => auto(userspace(), no_kernel(), || no_userspace(command)),
        Setting::Kernel => (Backend::Kernel, chosen(no_kernel())),
        Setting::Userspace => (userspace(), chosen(no_userspace(command))),
        Setting::Files => (Backend::Files, chosen(None)),
    }
}

/// Can this back end make links here? Else, what is missing.
pub fn works(backend: &Backend) -> Result<(), String> {
    let missing = match backend {
        Backend::Kernel => no_kernel(),
        Backend::Userspace { command } => no_userspace(command),
        Backend::Files => None,
    };
    missing.map_or(Ok(()), Err)
}

fn auto(
    userspace: Backend,
    no_kernel: Option<String>,
    no_userspace: impl FnOnce() -> Option<String>,
) -> (Backend, String) {
    let Some(no_kernel) = no_kernel else {
        return (Backend::Kernel, "the kernel has WireGuard".to_owned());
    };
    match no_userspace() {
        None => (userspace, format!("not the kernel: {no_kernel}")),
        Some(missing) => {
            (Backend::Files, format!("not the kernel: {no_kernel}; not userspace: {missing}"))
        }
    }
}

fn chosen(missing: Option<String>) -> String {
    match missing {
        None => "as configured".to_owned(),
        Some(missing) => format!("as configured, but it cannot work: {missing}"),
    }
}

/// Why the kernel's WireGuard cannot be used, if it cannot.
fn no_kernel() -> Option<String> {
    no_right().or_else(|| Kernel::open().err().map(|error| error.to_string()))
}

/// Why a userspace WireGuard cannot be used, if it cannot.
fn no_userspace(command: &str) -> Option<String> {
    let tun = || -> Option<String> {
        let opened: std::io::Result<File> = OpenOptions::new().read(true).write(true).open(TUN);
        opened.err().map(|error| format!("{TUN}: {error}"))
    };
    let program = || match find(command) {
        None => Some(format!("no program {command}")),
        Some(_) => None,
    };
    no_right().or_else(program).or_else(tun)
}

fn no_right() -> Option<String> {
    let status = read_to_string("/proc/self/status").unwrap_or_default();
    match effective(&status) {
        Some(bits) if bits >> CAP_NET_ADMIN & 1 == 1 => None,
        _ => Some("no right to make links (CAP_NET_ADMIN)".to_owned()),
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
        let missing = |what: &str| Some(what.to_owned());
        let userspace = Backend::Userspace { command: "wireguard-go".into() };
        for (kernel, process, backend, why) in [
            (None, missing("x"), Backend::Kernel, "the kernel has WireGuard"),
            (missing("k"), None, userspace.clone(), "not the kernel: k"),
            (missing("k"), missing("u"), Backend::Files, "not the kernel: k; not userspace: u"),
        ] {
            let chosen = auto(userspace.clone(), kernel, || process);
            assert_eq!(chosen, (backend, why.to_owned()));
        }
    }

    #[test]
    fn what_is_configured_is_taken_and_told() {
        let (backend, why) = choose(Setting::Files, "wireguard-go");
        assert_eq!((backend, why.as_str()), (Backend::Files, "as configured"));
        let (backend, why) = choose(Setting::Userspace, "no-such-program");
        assert_eq!(backend, Backend::Userspace { command: "no-such-program".into() });
        assert!(why.starts_with("as configured, but it cannot work: no "), "{why}");
    }
}
