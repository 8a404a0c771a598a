//! Settings of the kernel: forwarding, no reverse path filter, and the right to ping.

use super::act::Act;
use super::step::Step;
use crate::plan::sysctl::SYSCTLS;
use crate::sys::sysctl;
use std::path::Path;

/// The step's name.
const NAME: &str = "kernel";
/// Of the package: sets them now and for each boot, and keeps the router of whoever has one by
/// router advertisements.
const FORWARDING: &str = "/usr/lib/peerling/forwarding";
/// Which groups may send ICMP echo requests (icmp(7)): from and to.
const PING_GROUPS: &str = "net.ipv4.ping_group_range";
/// What opens it for every group.
const ALL_GROUPS: &str = "0 2147483647";

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The lines of a sysctl.d file for what is not as it has to be.
    pub(super) missing: Vec<String>,
    /// The package's program that sets them, where it is there.
    pub(super) program: Option<&'static str>,
}

/// Reads the settings. Those that this kernel does not have are not wanted.
pub(super) fn look(service_group: u32) -> Found {
    let mut missing = Vec::new();
    for wanted in &SYSCTLS {
        if sysctl::read(wanted.name).is_ok_and(|actual| !wanted.fits(&actual)) {
            missing.push(wanted.line());
        }
    }
    if sysctl::read(PING_GROUPS).is_ok_and(|range| !may_ping(&range, service_group)) {
        missing.push(format!("{PING_GROUPS} = {ALL_GROUPS}"));
    }
    Found { missing, program: Path::new(FORWARDING).exists().then_some(FORWARDING) }
}

/// Is the group within the range?
fn may_ping(range: &str, group: u32) -> bool {
    let mut bounds = range.split_whitespace().filter_map(|word| word.parse::<u32>().ok());
    match (bounds.next(), bounds.next()) {
        (Some(from), Some(to)) => (from..=to).contains(&group),
        _ => false,
    }
}

/// What has to be done.
pub(super) fn judge(found: &Found) -> Step {
    if found.missing.is_empty() {
        return Step::there(NAME, "packets are forwarded, and the service may ping");
    }
    let missing = found.missing.join("; ");
    if let Some(program) = found.program {
        let what = format!("{missing}: set now and at each boot by {program}");
        return Step::due(NAME, what, vec![Act::Run(vec![program.to_string()])]);
    }
    let mut lines = Vec::new();
    for line in &found.missing {
        lines.push(format!("echo '{line}' >>/etc/sysctl.d/60-peerling.conf"));
    }
    lines.push("sysctl -p /etc/sysctl.d/60-peerling.conf".to_string());
    let why = format!(
        "{missing}; the package's {FORWARDING} is not there, which sets them and keeps the router \
         of an interface that has it by router advertisements (accept_ra = 2, before forwarding)"
    );
    Step::yours(NAME, why, lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::init::step::State;

    #[test]
    fn a_range_of_groups_is_read() {
        assert!(may_ping("0\t2147483647", 997) && may_ping("997 997", 997));
        // Debian 12's: nobody.
        assert!(!may_ping("1\t0", 997) && !may_ping("", 997));
    }

    #[test]
    fn the_package_sets_what_is_missing_and_without_it_the_operator_does() {
        let line = "net.ipv4.ip_forward = 1".to_string();
        let found = Found { missing: vec![line], program: Some("/usr/lib/peerling/forwarding") };
        assert_eq!(judge(&found).acts(), [Act::Run(vec![FORWARDING.to_string()])]);
        let State::Yours(_, lines) = judge(&Found { program: None, ..found.clone() }).state else {
            panic!("nobody sets it")
        };
        assert!(lines.iter().any(|line| line.contains("ip_forward = 1' >>")), "{lines:?}");
        let well = judge(&Found { missing: Vec::new(), ..found });
        assert!(matches!(well.state, State::There(_)));
    }
}
