//! `peerling check`: everything the service depends on, looked at without changing any of it.
//!
//! One file for each area; what it sees, it notes in [`Findings`]. Nothing here changes the
//! machine.

mod backup;
mod bird;
mod configuration;
mod database;
mod files;
mod finding;
mod foreign;
mod host_keys;
mod kernel;
mod network;
mod peerings;
mod registry;
mod routes;
mod service;
mod space;
mod trial;
pub(super) mod unit;
mod wireguard;
mod words;

pub use finding::{Finding, Findings, State};

use super::{Assembled, ConfigFile, block_on, once};
use crate::sys::rights::become_user;
use crate::sys::users;
use std::fmt::Write as _;

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The list, below what of the configuration is not the default.
    Text,
    /// The whole configuration, with the list as comments: TOML that parses again.
    Toml,
    /// One object.
    Json,
}

/// What was looked at, with the configuration where it could be read.
#[derive(Debug, Default)]
pub struct Report {
    /// What was found.
    pub findings: Findings,
    assembled: Option<Assembled>,
}

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

/// Looks at everything. Root goes on as the service's user, for good.
pub fn run(file: &ConfigFile) -> Report {
    let mut findings = Findings::default();
    let assembled = match Assembled::load_to_look(file) {
        Ok(assembled) => assembled,
        Err(troubles) => {
            configuration::missing(file, &mut findings);
            for trouble in troubles {
                findings.wrong(configuration::NAME, trouble, configuration::REMEDY);
            }
            return Report { findings, assembled: None };
        }
    };
    let scene = Scene { assembled: assembled.clone(), file: file.clone() };
    examine(&scene, &mut findings);
    Report { findings, assembled: Some(assembled) }
}

/// Every area, in the order in which an operator would mend them.
fn examine(scene: &Scene, findings: &mut Findings) {
    wireguard::key(scene, findings);
    go_on_as_the_service(scene, findings);
    configuration::look(scene, findings);
    wireguard::key_of_service(scene, findings);
    let asked = service::ask(scene, findings);
    network::listen(scene, &asked, findings);
    host_keys::look(scene, findings);
    space::look(scene, findings);
    let rows = database::look(scene, findings);
    wireguard::look(scene, findings);
    kernel::look(scene, findings);
    let read = match block_on(async |_| outside(scene, findings).await) {
        Ok(read) => read,
        Err(trouble) => {
            findings.wrong("machine", trouble, "look at the kernel's log (dmesg)");
            registry::Read::default()
        }
    };
    kernel::clock(read.committed, findings);
    if let Some(index) = &read.index {
        peerings::orphans(&rows, index, findings);
    }
    peerings::seen(&asked, read.index.as_ref(), findings);
    survey(scene, findings);
}

/// What the service may not, root could: it is looked at with the rights of the service.
fn go_on_as_the_service(scene: &Scene, findings: &mut Findings) {
    let user = unit::service_user(&scene.assembled.config.store.path);
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
    backup::look(scene, findings).await;
    read
}

/// Does the machine have what it should? What keeps it from being seen was told before.
fn survey(scene: &Scene, findings: &mut Findings) {
    if scene.assembled.private_key.is_err() {
        return;
    }
    match once::survey(scene.assembled.clone(), scene.file.clone()) {
        Ok(survey) => {
            kernel::sysctls(&survey, findings);
            wireguard::links(scene, &survey, findings);
            peerings::look(&survey, findings);
            foreign::look(&survey, findings);
        }
        Err(trouble) => {
            let told = trouble.to_string();
            if findings.list().iter().all(|finding| finding.detail != told) {
                findings.wrong("machine", told, "as it says");
            }
        }
    }
}

impl Report {
    /// As it is printed on standard output.
    pub fn print(&self, form: Form) -> String {
        let config = self.assembled.as_ref().map(|assembled| &assembled.config);
        match form {
            Form::Json => self.findings.json(),
            Form::Text => {
                let set = config.map(|config| format!("{}\n", config.to_short_toml()));
                set.unwrap_or_default() + &self.findings.text()
            }
            Form::Toml => {
                let mut text = config.map(|config| config.to_toml()).unwrap_or_default();
                for line in self.findings.text().lines() {
                    // Writing to a String cannot fail.
                    let _ = writeln!(text, "# {line}");
                }
                text
            }
        }
    }
}
