//! BIRD: its socket, its directory, its configuration, whether it would take a peering's file, and
//! the routes that the kernel did not take from it: packets to them are lost, and nothing else
//! shows it.

use super::trial::Trial;
use super::{Findings, Scene, files};
use crate::limits::{BIRD_COMMAND_TIMEOUT, BIRD_CONNECT_TIMEOUT};
use crate::model::BirdForm;
use crate::sys::bird::{self, Bird, BirdFault, KernelRoutes};
use crate::sys::files::trap;
use crate::sys::within;
use ipnet::IpNet;
use std::fmt::Write as _;
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
    if within(BIRD_COMMAND_TIMEOUT, configuration(&mut bird, scene, findings)).await.is_none() {
        let seconds = BIRD_COMMAND_TIMEOUT.as_secs();
        let detail = format!("BIRD did not answer everything in {seconds} s");
        findings.wrong(NAME, detail, "see whether BIRD hangs: birdc show status; its log");
    }
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

/// Asks BIRD for the best routes, and finds those that it could not hand to the kernel. `missing`:
/// addresses of this POP that the machine lacks.
pub(super) async fn routes(scene: &Scene, missing: &[IpNet], findings: &mut Findings) {
    let Some(socket) = &scene.assembled.config.bird.socket else { return };
    // Who cannot be spoken to was told of before.
    let Ok(mut bird) = bird::connect(socket, BIRD_CONNECT_TIMEOUT).await else { return };
    match bird.kernel_routes().await {
        Ok(routes) => tell(&routes, missing, findings),
        Err(error) => {
            let detail = format!("which routes the kernel refused is not known: {error}");
            findings.warn(ROUTES, detail, "birdc show route primary");
        }
    }
}

fn tell(routes: &KernelRoutes, missing: &[IpNet], findings: &mut Findings) {
    let KernelRoutes { best, refused, shown } = routes;
    if *refused == 0 {
        return findings.ok(ROUTES, format_args!("the kernel took them all: {best}"));
    }
    let more = if *refused > shown.len() { ", …" } else { "" };
    let mut detail =
        format!("BIRD has {best} routes, the kernel refused {refused}: {}{more}", shown.join(", "));
    for address in missing {
        // Writing to a String cannot fail.
        let _ = write!(detail, "; the address {} is on no interface", address.addr());
    }
    let remedy = match missing.first() {
        Some(_) => {
            "peerling apply, then birdc reload out 'kernel*' (BIRD itself tries again in 20 s)"
        }
        None => {
            "journalctl -u bird says why; \"Invalid argument\": is what krt_prefsrc names an \
             address of this machine? Before Linux 6.3: sysctl -w net.ipv6.route.max_size=1048576"
        }
    };
    findings.wrong(ROUTES, detail, remedy);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(refused: usize, shown: &[&str], missing: &[&str]) -> String {
        let mut findings = Findings::default();
        let shown = shown.iter().map(|it| (*it).to_string()).collect();
        let missing: Vec<IpNet> = missing.iter().map(|it| it.parse().unwrap()).collect();
        tell(&KernelRoutes { best: 612, refused, shown }, &missing, &mut findings);
        findings.text()
    }

    #[test]
    fn routes_that_the_kernel_refused_are_told_with_their_cause() {
        assert!(told(0, &[], &["fd42::1/128"]).contains("the kernel took them all: 612"));
        let all = told(612, &["fd42:1::/48"], &["172.20.0.1/32", "fd42::1/64"]);
        let words = "BIRD has 612 routes, the kernel refused 612: fd42:1::/48, …; the address \
                     172.20.0.1 is on no interface; the address fd42::1 is on no interface\n";
        assert!(all.starts_with("wrong") && all.contains(words), "{all}");
        assert!(all.contains("to mend: peerling apply"), "{all}");
        let one = told(1, &["fd42:1::/48"], &[]);
        assert!(one.contains("the kernel refused 1: fd42:1::/48\n"), "{one}");
        assert!(one.contains("krt_prefsrc"), "{one}");
    }
}
