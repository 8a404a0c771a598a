//! Settings of the kernel below `/proc/sys`.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::PathBuf;

/// What a setting is. Not there are those that this kernel does not have, and all of them where
/// systemd's ProcSubset= hides `/proc/sys`.
pub fn read(name: &str) -> Result<String, String> {
    let text = fs::read_to_string(path(name));
    text.map(|value| value.trim_end().to_string())
        .map_err(|error| format!("{name}: {}", words(&error)))
}

/// Changes a setting until the next boot. Needs CAP_NET_ADMIN for those of the network, and a
/// `/proc/sys` that can be written (systemd's ProtectKernelTunables= makes it read-only).
pub fn set(name: &str, value: &str) -> Result<(), String> {
    fs::write(path(name), value).map_err(|error| format!("{name}: {}", words(&error)))
}

fn words(error: &Error) -> String {
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem => {
            "/proc/sys is read-only for this service; a line in /etc/sysctl.d sets it".to_string()
        }
        ErrorKind::NotFound => {
            "not in /proc/sys, or hidden from this service; a line in /etc/sysctl.d sets it"
                .to_string()
        }
        _ => error.to_string(),
    }
}

/// Names of ours have no dot inside a part.
fn path(name: &str) -> PathBuf {
    PathBuf::from("/proc/sys").join(name.replace('.', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sysctl::SYSCTLS;

    #[test]
    fn settings_of_every_kernel_are_found() {
        for it in &SYSCTLS {
            assert!(read(it.name).is_ok_and(|value| value.parse::<u8>().is_ok()), "{}", it.name);
        }
        assert!(read("net.ipv6.conf.all.no_such").unwrap_err().contains("not in /proc/sys"));
        assert!(set("net.ipv6.conf.all.no_such", "1").unwrap_err().starts_with("net.ipv6.conf."));
    }
}
