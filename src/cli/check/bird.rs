//! BIRD: its socket, its directory, its configuration, whether it would take a peering's file, and
//! the routes that the kernel did not take from it: packets to them are lost, and nothing else
//! shows it.

use super::trial::Trial;
use super::{Findings, Scene, files};
use crate::limits::{BIRD_COMMAND_TIMEOUT, BIRD_CONNECT_TIMEOUT};
use crate::model::BirdForm;
use crate::sys::bird::{self, Bird, BirdFault};
use crate::sys::files::trap;
use crate::sys::within;
use std::path::Path;

/// The area's name.
const NAME: &str = "bird";
/// What BIRD's configuration is asked about.
const CONFIGURATION: &str = "bird_configuration";
/// BIRD's codes (doc/reply_codes): what it reads, and what it thinks of it.
const READING: u16 = 2;
const CONFIGURATION_OK: u16 = 20;
/// What stands before the name of the file that BIRD reads.
const READING_WORDS: &str = "Reading configuration from ";

/// Speaks to BIRD, and asks it about its configuration.
pub(super) async fn look(scene: &Scene, findings: &mut Findings) {
    let directory = &scene.assembled.config.bird.directory;
    files::directory(NAME, directory, "-g bird -m 0750", scene, findings);
    if let Some(includes) = &scene.assembled.config.bird.include_directory {
        files::directory(NAME, includes, "-g bird -m 0750", scene, findings);
    }
    let Some(socket) = &scene.assembled.config.bird.socket else {
        return findings.ok(NAME, "BIRD is not spoken to: bird.socket is empty");
    };
    let mut bird = match bird::connect(socket, BIRD_CONNECT_TIMEOUT).await {
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
    if let Some(trap) = trap(directory) {
        return findings.wrong(CONFIGURATION, trap.what, trap.remedy);
    }
    if within(BIRD_COMMAND_TIMEOUT, talk(&mut bird, scene, findings)).await.is_none() {
        let seconds = BIRD_COMMAND_TIMEOUT.as_secs();
        let detail = format!("BIRD did not answer everything in {seconds} s");
        findings.wrong(NAME, detail, "see whether BIRD hangs: birdc show status; its log");
    }
}

/// Everything that is asked once BIRD has greeted.
async fn talk(bird: &mut Bird, scene: &Scene, findings: &mut Findings) {
    configuration(bird, scene, findings).await;
    routes(bird, findings).await;
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
    if let Some(path) = path
        && crate::cli::init::lets_origins_pass(Path::new(path))
    {
        findings.warn(
            CONFIGURATION,
            "ROA_CHECK is off: peers may announce networks that the registry gives to others",
            "`define ROA_CHECK = true;` in variables.conf, once the tables of \
             bird.include_directory are there; birdc configure",
        );
    }
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
    let shown = trial.path().display();
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
    let bird = &scene.assembled.config.bird;
    let template = &bird.template;
    let remedy = match &bird.form {
        BirdForm::Reference => format!(
            "with the dn42 wiki's bird.conf set bird.form = \"wiki\"; else bird.conf has to define \
             the template {template} and the functions that the file uses: `peerling bird-init \
             DIR` writes a whole one to compare with"
        ),
        BirdForm::Wiki => format!(
            "bird.conf has to define the template {template} with all filters; or set bird.form to \
             the path of a form of your own: `peerling bird-form reference` prints one"
        ),
        BirdForm::File(path) => format!(
            "mend {}, or what it uses of bird.conf: the template, functions, constants",
            path.display()
        ),
    };
    findings.wrong(
        CONFIGURATION,
        format_args!("BIRD would refuse a peering's file: {words}"),
        remedy,
    );
}

/// The area's name.
const ROUTES: &str = "routes";
/// How many are named.
const ROUTES_SHOWN_MAX: usize = 5;

/// Asks BIRD for the best routes, and finds those that it could not hand to the kernel.
pub(super) async fn routes(bird: &mut Bird, findings: &mut Findings) {
    let reply = match bird.command("show route primary").await {
        Ok(reply) => reply,
        Err(error) => {
            let detail = format!("which routes the kernel refused is not known: {error}");
            return findings.warn(ROUTES, detail, "birdc show route primary");
        }
    };
    let mut refused = Vec::new();
    let mut best = 0_usize;
    for line in &reply.lines {
        best += usize::from(is_best(&line.text));
        refused.extend(refused_network(&line.text));
    }
    if refused.is_empty() {
        return findings.ok(ROUTES, format_args!("the kernel took them all: {best}"));
    }
    let named: Vec<&str> = refused.iter().take(ROUTES_SHOWN_MAX).copied().collect();
    findings.wrong(
        ROUTES,
        format_args!("the kernel refused {} routes: {}", refused.len(), named.join(", ")),
        "journalctl -u bird; before Linux 6.3: sysctl -w net.ipv6.route.max_size=1048576",
    );
}

/// A line about a network's best route: the mark `*`, or `!` where the kernel refused it (BIRD's
/// nest/rt-show.c).
fn is_best(line: &str) -> bool {
    line.split_whitespace().any(|word| matches!(word, "*" | "!"))
}

fn refused_network(line: &str) -> Option<&str> {
    let network = line.split_whitespace().next()?;
    let is_network = network.contains('/') && line.split_whitespace().any(|word| word == "!");
    is_network.then_some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_refused_route_is_known() {
        for (line, refused, best) in [
            ("fd42:1::/48  unicast [ebgp_as1_v6 12:01:02.3] ! (100) [AS1i]", true, true),
            ("fd42:2::/48  unicast [ebgp_as1_v6 12:01:02.3] * (100) [AS1i]", false, true),
            ("\tvia fe80::1 on wg-as1", false, false),
            ("Table master6:", false, false),
            ("", false, false),
        ] {
            assert_eq!(refused_network(line).is_some(), refused, "{line}");
            assert_eq!(is_best(line), best, "{line}");
        }
    }
}
