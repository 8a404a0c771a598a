//! `peerling check`: everything the service depends on, looked at without changing any of it.
//!
//! One file for each area; what it sees, it notes in [`Findings`]. Nothing here changes the
//! machine.

mod bird;
mod database;
mod files;
mod findings;
mod machine;
mod network;
mod peerings;
mod registry;
mod service;
mod trial;
mod wireguard;

use super::parse::Invocation;
use super::pass;
use super::table::{DONE, FAILED, JSON};
use crate::config::Config;
use crate::daemon::{Assembled, ConfigFile, Failure, block_on};
use crate::sys::users::{self, become_user};
use findings::Findings;
use ipnet::IpNet;
pub(super) use service::{PACKAGE_USER, hands_over, service_user};
use std::fmt::Write as _;

/// What every look needs to know.
struct Scene {
    assembled: Assembled,
    file: ConfigFile,
}

impl Scene {
    fn file_name(&self) -> String {
        self.file.path().display().to_string()
    }
}

/// Looks at everything, and prints what was found. Root goes on as the service's user, for good.
///
/// # Errors
/// Never: what is wrong is what it prints.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let mut findings = Findings::default();
    let config = look(&invocation.file, &mut findings);
    super::print(&if invocation.has(&JSON) {
        findings.json()
    } else if invocation.is_verbose {
        whole_configuration(config.as_ref(), &findings)
    } else {
        let set = config.map(|config| format!("{}\n", config.to_short_toml()));
        set.unwrap_or_default() + &findings.text()
    });
    Ok(if findings.is_ok() { DONE } else { FAILED })
}

/// TOML that parses again: the configuration, with the findings as comments.
fn whole_configuration(config: Option<&Config>, findings: &Findings) -> String {
    let mut text = config.map(Config::to_toml).unwrap_or_default();
    for line in findings.text().lines() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# {line}");
    }
    text
}

/// The configuration, where it could be read.
fn look(file: &ConfigFile, findings: &mut Findings) -> Option<Config> {
    match Assembled::load_to_look(file) {
        Ok(assembled) => {
            let config = assembled.config.clone();
            examine(&Scene { assembled, file: file.clone() }, findings);
            Some(config)
        }
        Err(troubles) => {
            for trouble in troubles {
                let remedy = trouble.remedy().unwrap_or(service::CORRECT_LINE);
                findings.wrong(service::CONFIGURATION, trouble.words(), remedy);
            }
            None
        }
    }
}

/// Every area, in the order in which an operator would mend them.
fn examine(scene: &Scene, findings: &mut Findings) {
    wireguard::key(scene, findings);
    go_on_as_the_service(scene, findings);
    service::configuration(scene, findings);
    wireguard::key_of_service(scene, findings);
    let asked = service::ask(scene, findings);
    network::listen(scene, &asked, findings);
    network::host_keys(scene, findings);
    machine::space(scene, findings);
    let rows = database::look(scene, findings);
    wireguard::look(scene, findings);
    machine::look(scene, findings);
    let read = match block_on(async |_| outside(scene, findings).await) {
        Ok(read) => read,
        Err(trouble) => {
            findings.wrong("machine", trouble, "look at the kernel's log (dmesg)");
            registry::Read::default()
        }
    };
    machine::clock(read.committed, findings);
    if let Some(index) = &read.index {
        peerings::orphans(&rows, index, findings);
    }
    peerings::seen(&asked, read.index.as_ref(), findings);
    let missing = dry_run(scene, findings);
    if let Err(trouble) = block_on(async |_| bird::routes(scene, &missing, findings).await) {
        findings.wrong("machine", trouble, "look at the kernel's log (dmesg)");
    }
}

/// What the service may not, root could: it is looked at with the rights of the service.
fn go_on_as_the_service(scene: &Scene, findings: &mut Findings) {
    let user = service_user(&scene.assembled.config.store.path);
    let Some(user) = user.filter(|_| users::is_root()) else {
        let us = users::name(users::current());
        return findings.ok("rights", format_args!("looked at as {us}"));
    };
    match become_user(&user) {
        Ok(()) => {
            findings.ok("rights", format_args!("looked at as {}, the service's user", user.name))
        }
        Err(error) => findings.warn(
            "rights",
            format_args!("looked at as root, for it is not possible as {}: {error}", user.name),
            format_args!("setpriv --reuid={0} --regid={0} --init-groups peerling check", user.name),
        ),
    }
}

/// What other programs are asked about.
async fn outside(scene: &Scene, findings: &mut Findings) -> registry::Read {
    network::look(scene, findings).await;
    let read = registry::look(scene, findings).await;
    bird::look(scene, findings).await;
    database::backup(scene, findings).await;
    read
}

/// Does the machine have what it should? What keeps it from being seen was told before. The POP's
/// own addresses that it lacks are needed further on.
fn dry_run(scene: &Scene, findings: &mut Findings) -> Vec<IpNet> {
    if scene.assembled.private_key.is_err() {
        return Vec::new();
    }
    match pass::dry_run(scene.assembled.clone(), scene.file.clone()) {
        Ok(dry_run) => {
            machine::lo(scene, &dry_run, findings);
            wireguard::links(scene, &dry_run, findings);
            peerings::look(&dry_run, findings);
            peerings::foreign(&dry_run, findings);
            dry_run.missing
        }
        Err(trouble) => {
            let detail = trouble.to_string();
            if findings.list().iter().all(|finding| finding.detail != detail) {
                findings.wrong("machine", detail, "as it says");
            }
            Vec::new()
        }
    }
}
