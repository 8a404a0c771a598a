//! The kernel: its settings, and the right to ping.

use super::{Findings, Scene};
use crate::apply::Survey;
use crate::sys::ping;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Looks at what the kernel lets the service do.
pub(super) fn look(_scene: &Scene, findings: &mut Findings) {
    pings("IPv4", Ipv4Addr::LOCALHOST.into(), findings);
    pings("IPv6", Ipv6Addr::LOCALHOST.into(), findings);
}

/// Can latencies be measured? A POP works without.
fn pings(family: &str, address: IpAddr, findings: &mut Findings) {
    match ping::is_allowed(address) {
        Ok(()) => findings.ok("ping", format_args!("ping over {family}: possible")),
        Err(error) => findings.warn(
            "ping",
            format_args!("ping over {family}: {error}; latency classes stay as they are"),
            "sysctl -w net.ipv4.ping_group_range='0 2147483647'",
        ),
    }
}

/// Settings that the POP needs otherwise.
pub(super) fn sysctls(survey: &Survey, findings: &mut Findings) {
    for (sysctl, actual) in &survey.sysctls {
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
