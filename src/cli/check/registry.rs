//! The clone of the registry: what it says, how old it is, and who pulls it.

use super::{Findings, Scene, files, findings};
use crate::limits::REGISTRY_AGE_MAX;
use crate::registry::{Finding, Index, Tally};
use crate::sys::git::{self, CloneStatus, HeadOrigin};
use crate::sys::tree::{self, TreeError};
use crate::sys::users::{self, may};
use rustix::fs::Access;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The area's name.
const NAME: &str = "registry";
/// Each thing that is wrong with an object of somebody else's: they mend it, not the operator.
const OBJECT: &str = "registry_object";
/// Who brings the clone up to date, and how old it is.
const PULL: &str = "registry_pull";

/// What the registry says, and when it was last changed.
#[derive(Default)]
pub(super) struct Read {
    pub(super) index: Option<Index>,
    pub(super) committed: Option<SystemTime>,
}

/// Reads the registry as the service does, and asks git about the clone.
pub(super) async fn look(scene: &Scene, findings: &mut Findings) -> Read {
    let directory = &scene.assembled.config.registry.directory;
    let mut read = Read::default();
    match tree::read(directory).await {
        Ok((index, objects)) => {
            judge_index(scene, &index, &objects, findings);
            tell_objects(&objects, findings);
            read.index = Some(index);
        }
        Err(error) => unreadable(scene, &error, findings),
    }
    if scene.assembled.config.bird.include_directory.is_some() {
        routes(scene, findings).await;
    }
    read.committed = clone(scene, findings).await;
    read
}

/// Can anybody log in by it, and does it know this POP?
fn judge_index(scene: &Scene, index: &Index, objects: &[Finding], findings: &mut Findings) {
    let shown = scene.assembled.config.registry.directory.display();
    let (counts, own) = (index.counts(), scene.assembled.config.pop.asn);
    if counts.keys == 0 {
        let detail = format!(
            "{shown}: {} maintainers and no SSH key that can log in: nobody can",
            counts.maintainers
        );
        let remedy = format!("ls {shown}/data/mntner; {}", cloning(scene));
        return findings.wrong(NAME, detail, remedy);
    }
    let detail = format!(
        "{shown}: {} maintainers, {} AS numbers, {} keys; {}",
        counts.maintainers,
        counts.aut_nums,
        counts.keys,
        Tally::of(objects)
    );
    findings.ok(NAME, detail);
    if !index.knows(own) {
        findings.warn(
            NAME,
            format_args!("it has no {own}, which is pop.asn"),
            "set pop.asn to your own AS number; a new one is there after the next pull",
        );
    }
}

fn tell_objects(objects: &[Finding], findings: &mut Findings) {
    for finding in objects {
        findings.ok(OBJECT, finding);
    }
}

/// What makes a clone where there is none.
fn cloning(scene: &Scene) -> String {
    let registry = &scene.assembled.config.registry;
    let shown = registry.directory.display();
    let mut remedy = String::new();
    // Git clones into no directory that has something in it.
    if registry.directory.symlink_metadata().is_ok() {
        remedy += &format!("mv {shown} {shown}.old; ");
    }
    remedy += &format!("git clone --depth 1 https://git.dn42.dev/dn42/registry.git {shown}");
    // Whoever else pulls it owns it.
    if registry.pull_interval_s > 0 {
        remedy += &format!("; chown -R {} {shown}", users::name(users::current()));
    }
    remedy
}

fn unreadable(scene: &Scene, error: &TreeError, findings: &mut Findings) {
    let directory = &scene.assembled.config.registry.directory;
    let remedy = match files::wall(directory) {
        Some(wall) => files::entering(wall),
        None if error.is_denied() => format!("chmod -R a+rX {}", directory.display()),
        None => cloning(scene),
    };
    findings.wrong(NAME, error, remedy);
}

/// The tables of route origins, where BIRD gets them from us.
async fn routes(scene: &Scene, findings: &mut Findings) {
    match tree::read_routes(&scene.assembled.config.registry.directory).await {
        Ok(Some((roa, objects))) => {
            let [ipv4, ipv6] = roa.counts();
            let tally = Tally::of(&objects);
            findings
                .ok(NAME, format_args!("route origins: {ipv4} of IPv4, {ipv6} of IPv6; {tally}"));
            tell_objects(&objects, findings);
        }
        Ok(None) => findings.wrong(NAME, "it has no routes", cloning(scene)),
        Err(error) => unreadable(scene, &error, findings),
    }
}

/// How the clone stands to its upstream; when its last commit was made.
async fn clone(scene: &Scene, findings: &mut Findings) -> Option<SystemTime> {
    let registry = &scene.assembled.config.registry;
    let (directory, pulls) = (&registry.directory, registry.pull_interval_s > 0);
    // What cannot be entered was told: nobody knows what is in it.
    if !directory.exists() || !may(directory, Access::EXEC_OK) {
        return None;
    }
    if !pulls && !directory.join(".git").exists() {
        let detail = format!("{} is no clone of git: somebody else fills it", directory.display());
        findings.ok(PULL, detail);
        return None;
    }
    let mut committed = None;
    match git::look(directory).await {
        Ok(sight) => {
            standing(scene, &sight, findings);
            age(scene, &sight, findings);
            committed = sight.committed;
        }
        Err(error) if pulls => {
            let remedy = owning(directory);
            findings.wrong(PULL, format_args!("cannot be pulled: {error}"), remedy);
        }
        Err(error) => {
            let detail = format!("somebody else pulls it, and git cannot tell of it: {error}");
            findings.ok(PULL, detail);
        }
    }
    if pulls && !may(&directory.join(".git"), Access::WRITE_OK) {
        let detail = format!("{}: not writable: it cannot be pulled", directory.display());
        findings.wrong(PULL, detail, owning(directory));
    }
    committed
}

fn owning(directory: &Path) -> String {
    let us = users::name(users::current());
    format!("chown -R {us} {0}; git -C {0} status tells more", directory.display())
}

/// What keeps it from following upstream.
fn standing(scene: &Scene, sight: &CloneStatus, findings: &mut Findings) {
    if sight.origin == HeadOrigin::Diverged {
        let detail = "the clone diverged: git fetched upstream's commit without those between \
                      (git pull --depth 1), so git pull refuses to go on; nobody worked here";
        match scene.assembled.config.registry.pull_interval_s {
            0 => findings.wrong(PULL, detail, &sight.rejoin),
            _ => {
                let remedy = format!("peerling's next pull; or {}", sight.rejoin);
                findings.warn(PULL, detail, remedy);
            }
        }
    }
    for left in sight.by_hand.iter().chain(&sight.refused) {
        findings.wrong(PULL, format_args!("not pulled: {}", left.why), &left.remedy);
    }
}

/// How old it is, and who is to bring it up to date.
fn age(scene: &Scene, sight: &CloneStatus, findings: &mut Findings) {
    let interval = scene.assembled.config.registry.pull_interval_s;
    let fetched = sight.fetched.and_then(|moment| moment.elapsed().ok());
    let committed = sight.committed.and_then(|moment| moment.elapsed().ok());
    let who = match interval {
        0 => "by somebody else (registry.pull_interval_s = 0)".to_string(),
        seconds => format!("by peerling every {seconds} s"),
    };
    let detail = format!(
        "last commit {}, fetched {}; pulled {who}",
        findings::perhaps_ago(committed),
        findings::perhaps_ago(fetched)
    );
    let most = REGISTRY_AGE_MAX.max(Duration::from_secs(4 * u64::from(interval)));
    if fetched.is_none_or(|age| age <= most) {
        findings.ok(PULL, detail);
    } else if interval > 0 {
        findings.warn(PULL, detail, "systemctl reload peerling pulls now; the log says why not");
    } else {
        findings.warn(PULL, detail, "registry.pull_interval_s = 900");
    }
}
