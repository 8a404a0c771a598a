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
mod wireguard;
mod words;

pub use finding::{Finding, Findings, State};

use super::{Assembled, ConfigFile, block_on, once};
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

/// Looks at everything.
pub fn run(file: &ConfigFile) -> Report {
    let mut findings = Findings::default();
    let assembled = match Assembled::load(file) {
        Ok(assembled) => assembled,
        Err(troubles) => {
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
    configuration::look(scene, findings);
    host_keys::look(scene, findings);
    database::look(scene, findings);
    wireguard::look(scene, findings);
    kernel::look(scene, findings);
    if let Err(trouble) = block_on(async |_| outside(scene, findings).await) {
        findings.wrong("machine", trouble, "look at the kernel's log (dmesg)");
    }
    survey(scene, findings);
}

/// What other programs are asked about.
async fn outside(scene: &Scene, findings: &mut Findings) {
    network::look(scene, findings).await;
    registry::look(scene, findings).await;
    bird::look(scene, findings).await;
    backup::look(scene, findings).await;
}

/// Does the machine have what it should? What keeps it from being seen was told before.
fn survey(scene: &Scene, findings: &mut Findings) {
    match once::survey(scene.assembled.clone(), scene.file.clone()) {
        Ok(survey) => {
            kernel::sysctls(&survey, findings);
            peerings::look(scene, &survey, findings);
            foreign::look(scene, &survey, findings);
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
