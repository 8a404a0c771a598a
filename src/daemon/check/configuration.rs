//! The configuration: what it says, and the text that it names.

use super::{ConfigFile, Findings, Scene};
use crate::sys::users;
use crate::sys::users::may;
use rustix::fs::Access;
use std::ops::RangeInclusive;

/// The area's name.
pub(super) const NAME: &str = "configuration";
/// What to do about a line of the configuration.
pub(super) const REMEDY: &str = "correct the line; peerling.toml(5) tells what each key takes";

/// What to do where there is no configuration.
const WRITE: &str = "write it; peerling.toml(5) tells how, or --config FILE names another";

/// AS numbers that nobody has, for manuals (RFC 5398).
const NOBODYS: [RangeInclusive<u32>; 2] = [64_496..=64_511, 65_536..=65_551];

/// Tells that there is no file, where what it should say is missing.
pub(super) fn missing(file: &ConfigFile, findings: &mut Findings) {
    let path = file.path();
    if matches!(file, ConfigFile::Usual(_)) && !path.exists() {
        let shown = path.display();
        findings.wrong(NAME, format_args!("there is no {shown}"), WRITE);
    }
}

/// Looks at what the configuration names besides keys and directories.
pub(super) fn look(scene: &Scene, findings: &mut Findings) {
    let asn = scene.assembled.config.pop.asn;
    if NOBODYS.iter().any(|range| range.contains(&asn.get())) {
        let detail = format!("pop.asn is {}, the sample's: it is nobody's AS number", asn.get());
        findings.wrong(NAME, detail, "pop.asn = your own AS number");
    }
    let file = scene.file.path();
    if file.exists() && !may(file, Access::READ_OK) {
        let (shown, us) = (file.display(), users::name(users::current()));
        let detail = format!("{shown}: {us}, the service's user, cannot read it");
        findings.wrong(NAME, detail, format_args!("chgrp {us} {shown}; chmod 640 {shown}"));
    }

    match scene.assembled.ssh_settings() {
        Ok(_) => findings.ok(NAME, format_args!("{} is read", scene.file_name())),
        Err(trouble) => findings.wrong(NAME, trouble, "correct ssh.motd, or leave it out"),
    }
}
