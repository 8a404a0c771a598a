//! `peerling check`: everything the service depends on, looked at without changing any of it.

use super::{Assembled, ConfigFile, Trouble, backup, block_on, once};
use crate::apply::unexplained_words;
use crate::limits::BIRD_CONNECT_S;
use crate::peering::{Peering, Site, vet};
use crate::ssh::load_host_key;
use crate::store::Store;
use crate::sys::wireguard::Judgement;
use crate::sys::{bird, files, git, ping, tree};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

/// What was found: the effective configuration, what is well, and what is not.
#[derive(Debug, Default)]
pub struct Findings {
    /// For standard output: TOML that parses again.
    pub effective: String,
    /// What is not well; empty: everything is.
    pub troubles: Vec<Trouble>,
}

impl Findings {
    fn well(&mut self, words: impl std::fmt::Display) {
        // Writing to a String cannot fail. A comment, so that the whole output is a configuration.
        let _ = writeln!(self.effective, "# {words}");
    }

    fn ill(&mut self, words: impl Into<String>) {
        self.troubles.push(Trouble::new(words));
    }
}

/// Looks at everything.
pub fn run(file: &ConfigFile) -> Findings {
    let mut findings = Findings::default();
    match Assembled::load(file) {
        Ok(assembled) => {
            examine(&assembled, &mut findings);
            machine(assembled, file.clone(), &mut findings);
        }
        Err(troubles) => findings.troubles = troubles,
    }
    findings
}

fn examine(assembled: &Assembled, findings: &mut Findings) {
    let config = &assembled.config;
    findings.effective = config.to_toml();
    match &assembled.private_key {
        Ok(_) => findings.well(format!("public key {}", assembled.public_key)),
        Err(trouble) => findings.troubles.push(trouble.clone()),
    }
    if config.wireguard.private_key.is_none() {
        secret(&config.wireguard.private_key_file, findings);
    }
    for path in &config.ssh.host_keys {
        if !path.exists() {
            findings.well(format!("{}: will be made", path.display()));
            continue;
        }
        secret(path, findings);
        if let Err(error) = load_host_key(path) {
            findings.ill(error.to_string());
        }
    }
    if let Err(trouble) = assembled.ssh_settings() {
        findings.troubles.push(trouble);
    }
    database(&config.store.path, &assembled.site(), findings);
    for (file, mode) in files::open_to_others(&config.wireguard.directory) {
        findings.ill(exposed(&file, mode));
    }
    let choice = assembled.backend();
    match &choice.judgement {
        Judgement::Well(_) | Judgement::Instead(_) => findings.well(&choice),
        // The service has a right that whoever looks may lack.
        judgement if judgement.is_of_rights() => findings.well(&choice),
        Judgement::Nobody(..) | Judgement::Cannot(_) => findings.ill(choice.to_string()),
    }
    pings(findings);
    if let Err(trouble) = block_on(async |_| outside(assembled, findings).await) {
        findings.troubles.push(trouble);
    }
}

/// Can latencies be measured? A POP works without, so it is no trouble.
fn pings(findings: &mut Findings) {
    for (family, address) in
        [("IPv4", Ipv4Addr::LOCALHOST.into()), ("IPv6", Ipv6Addr::LOCALHOST.into())]
    {
        match ping::is_allowed(address) {
            Ok(()) => findings.well(format!("ping over {family}: possible")),
            Err(error) => findings
                .well(format!("ping over {family}: {error}; latency classes stay as they are")),
        }
    }
}

/// Does the machine have what it should?
fn machine(assembled: Assembled, file: ConfigFile, findings: &mut Findings) {
    let survey = match once::survey(assembled, file) {
        Ok(survey) => survey,
        // What keeps it from being seen was told above.
        Err(trouble) if findings.troubles.contains(&trouble) => return,
        Err(trouble) => return findings.troubles.push(trouble),
    };
    for words in &survey.foreign {
        findings.well(format!("not ours: {words}"));
    }
    for (owner, why) in &survey.failures {
        let words = format!("{owner}: {why}");
        if !findings.troubles.contains(&Trouble::new(&words)) {
            findings.ill(words);
        }
    }
    for (sysctl, actual) in &survey.sysctls {
        findings.ill(format!(
            "{} is {actual}: {}; the line `{}` in /etc/sysctl.d/peerling.conf mends it, or \
             mesh.sysctl = \"set\"",
            sysctl.name,
            sysctl.else_words,
            sysctl.line()
        ));
    }
    if !survey.unexplained.is_empty() {
        findings.ill(unexplained_words(&survey.unexplained));
    }
    match survey.steps.len() {
        0 => findings.well("the machine is as it should be"),
        count => findings.well(format!("{count} step(s) are pending: peerling plan shows them")),
    }
}

/// A file that only its owner may read.
fn secret(path: &Path, findings: &mut Findings) {
    match std::fs::metadata(path) {
        Ok(it) if it.permissions().mode() & 0o077 != 0 => {
            findings.ill(exposed(path, it.permissions().mode() & 0o777));
        }
        Ok(_) => {}
        Err(error) => findings.ill(format!("{}: {error}", path.display())),
    }
}

fn exposed(path: &Path, mode: u32) -> String {
    let path = path.display();
    format!("{path}: others can read it (mode {mode:o}); chmod 600 {path} mends it")
}

fn database(path: &Path, site: &Site, findings: &mut Findings) {
    if let Err(error) = Store::can_write(path) {
        findings.ill(error.to_string());
    }
    match Store::is_new(path) {
        Ok(true) => return findings.well(format!("{}: will be made", path.display())),
        Ok(false) => {}
        // It was told just now.
        Err(_) => return,
    }
    for (file, mode) in Store::open_to_others(path) {
        findings.ill(exposed(&file, mode));
    }
    let read = |store: Store| {
        store.belongs(site)?;
        Ok((store.rows()?, store.left_alone()?))
    };
    let (rows, left) = match Store::open_read_only(path).and_then(read) {
        Ok(read) => read,
        Err(error) => {
            let trouble = Trouble::new(error.to_string());
            if !findings.troubles.contains(&trouble) {
                findings.troubles.push(trouble);
            }
            return;
        }
    };
    for (asn, words) in left {
        findings.ill(format!("AS{asn}: {words}"));
    }
    for row in &rows {
        match Peering::read(row) {
            Ok((peering, objections)) => {
                // Old and served is not wrong: the exit status is for what has to be mended.
                for objection in objections {
                    findings.well(format!("AS{}: {objection}", peering.asn));
                }
                for (_, words) in vet::objections(&peering, site) {
                    findings.well(format!("AS{}: {words}; it is served as it is", peering.asn));
                }
            }
            Err(why) => findings.ill(format!("AS{}: {why}", row.as_num)),
        }
    }
    findings.well(format!("{}: {} peerings", path.display(), rows.len()));
}

async fn outside(assembled: &Assembled, findings: &mut Findings) {
    let config = &assembled.config;
    match tree::read(&config.registry.directory).await {
        Ok((index, objects)) => {
            let counts = index.counts();
            findings.well(format!(
                "{}: {} maintainers, {} AS numbers, {} keys; {} objects passed over",
                config.registry.directory.display(),
                counts.maintainers,
                counts.aut_nums,
                counts.keys,
                objects.len()
            ));
        }
        Err(error) => findings.ill(error.to_string()),
    }
    if config.registry.pull_interval_s > 0 {
        let directory = &config.registry.directory;
        match git::look(directory).await {
            Ok(None) => {}
            Ok(Some(why)) => findings.ill(format!("{}: not pulled: {why}", directory.display())),
            Err(error) => {
                findings.ill(format!("{}: cannot be pulled: {error}", directory.display()));
            }
        }
    }
    if let Some(directory) = &config.backup.git
        && let Err(why) = backup::look(assembled, directory).await
    {
        findings.ill(format!("backup: {}: {why}", directory.display()));
    }
    let Some(socket) = &config.bird.socket else {
        return findings.well("BIRD is not spoken to: bird.socket is empty");
    };
    match bird::connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await {
        Ok(bird) => findings.well(format!("{}: BIRD {}", socket.display(), bird.version())),
        Err(error) => findings.ill(error.to_string()),
    }
}
