//! BIRD: its socket, its directory, its configuration, and whether it would take a peering's file.
//!
//! BIRD is given a file that includes the operator's configuration and adds a made-up peering, to
//! look at and not to use. The file lies for that moment in the directory of the peerings, which
//! BIRD can read and we can write, under a name that no include matches.

use super::{Findings, Scene, files};
use crate::limits::BIRD_CONNECT_S;
use crate::peering::{Peering, Row};
use crate::plan::bird::render;
use crate::sys::bird::{self, Bird, BirdFault};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::time::Duration;

/// The area's name.
const NAME: &str = "bird";
/// What BIRD's configuration is asked about.
const CONFIGURATION: &str = "bird_configuration";
/// An AS number that nobody has (RFC 5398), for the made-up peering.
const NOBODYS_ASN: i64 = 65_551;
/// A name of ours that begins with a dot: no include takes it up.
const TRIAL: &str = ".peerling-check.conf";
/// BIRD's codes (doc/reply_codes): what it reads, and what it thinks of it.
const READING: u16 = 2;
const CONFIGURATION_OK: u16 = 20;
/// What stands before the name of the file that BIRD reads.
const READING_WORDS: &str = "Reading configuration from ";

/// Speaks to BIRD, and asks it about its configuration.
pub(super) async fn look(scene: &Scene, findings: &mut Findings) {
    let directory = &scene.assembled.config.bird.directory;
    files::directory(NAME, directory, "-g bird -m 0750", scene, findings);
    let Some(socket) = &scene.assembled.config.bird.socket else {
        return findings.ok(NAME, "BIRD is not spoken to: bird.socket is empty");
    };
    let mut bird = match bird::connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await {
        Ok(bird) => bird,
        Err(error) => {
            let us = crate::sys::users::name(crate::sys::users::current());
            let remedy = match error.fault {
                BirdFault::Permission => {
                    format!("adduser {us} bird, then systemctl restart peerling")
                }
                _ => "systemctl status bird; bird.socket = where its control socket is".to_string(),
            };
            return findings.wrong(NAME, error, remedy);
        }
    };
    findings.ok(NAME, format_args!("{}: BIRD {}", socket.display(), bird.version()));
    configuration(&mut bird, scene, findings).await;
    super::routes::look(&mut bird, findings).await;
}

/// Is the configuration accepted as it is, and would it be with one peering more?
async fn configuration(bird: &mut Bird, scene: &Scene, findings: &mut Findings) {
    let reply = match bird.command("configure check").await {
        Ok(reply) => reply,
        Err(error) => {
            return findings.wrong(CONFIGURATION, error, "birdc configure check tells more");
        }
    };
    if reply.code != CONFIGURATION_OK {
        let detail = format!("BIRD refuses its configuration: {}", reply.words());
        return findings.wrong(CONFIGURATION, detail, "mend the line; birdc configure check");
    }
    findings.ok(CONFIGURATION, "BIRD accepts its configuration");
    let reading = reply.lines.iter().find(|line| line.code == READING);
    let path = reading.and_then(|line| line.text.strip_prefix(READING_WORDS));
    match path.map(|path| Trial::write(scene, path)) {
        Some(Ok(trial)) => try_peering(bird, &trial, scene, findings).await,
        Some(Err(error)) => not_tried(&error, findings),
        None => not_tried(&"it does not say which file it reads", findings),
    }
}

fn not_tried(why: &dyn std::fmt::Display, findings: &mut Findings) {
    findings.warn(
        CONFIGURATION,
        format_args!("BIRD was not asked whether it takes a peering's file: {why}"),
        "ls -ld on bird.directory: the service has to write there, and BIRD to read",
    );
}

async fn try_peering(bird: &mut Bird, trial: &Trial, scene: &Scene, findings: &mut Findings) {
    let shown = trial.path.display();
    let reply = match bird.command(&format!("configure check \"{shown}\"")).await {
        Ok(reply) => reply,
        Err(error) => return not_tried(&error, findings),
    };
    if reply.code == CONFIGURATION_OK {
        return findings.ok(CONFIGURATION, "BIRD would take a peering's file");
    }
    let words = reply.words().to_string();
    if words.contains("Unable to open") {
        return not_tried(&words, findings);
    }
    findings.wrong(
        CONFIGURATION,
        format_args!("BIRD would refuse a peering's file: {words}"),
        format_args!(
            "bird.conf has to define the template {} and the functions that it uses; \
             `peerling bird-init DIR` writes a whole one to compare with",
            scene.assembled.config.bird.template
        ),
    );
}

/// A configuration for BIRD to look at; it is gone when this is dropped.
struct Trial {
    path: PathBuf,
}

impl Trial {
    fn write(scene: &Scene, configuration: &str) -> io::Result<Trial> {
        let config = &scene.assembled.config;
        let row = Row {
            id: 1,
            as_num: NOBODYS_ASN,
            wg_pub_key: scene.assembled.public_key.to_string(),
            wg_endpoint_addr: "::".to_string(),
            wg_endpoint_port: 1,
            ..Row::default()
        };
        let peering = Peering::read(&row).map(|(peering, _)| peering);
        let site = scene.assembled.site();
        let rendered = peering.ok().and_then(|it| render(&it, &site, &config.bird.template, 9));
        let rendered = rendered.ok_or_else(|| io::Error::other("no peering can be made up"))?;
        let path = config.bird.directory.join(TRIAL);
        let unfit = |path: &str| path.contains(['"', '\n', '\\']);
        if unfit(configuration) || unfit(&path.to_string_lossy()) {
            return Err(io::Error::other("the name of a file cannot be told to BIRD"));
        }
        // One that a look left behind that was killed.
        let _ = fs::remove_file(&path);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path)?;
        let trial = Trial { path };
        trial.fill(file, &format!("include \"{configuration}\";\n{rendered}\n"))?;
        Ok(trial)
    }

    /// BIRD is another user.
    fn fill(&self, mut file: File, text: &str) -> io::Result<()> {
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            log::warn!("{}: {error}", self.path.display());
        }
    }
}
