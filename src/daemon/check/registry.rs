//! The clone of the registry: read, and pulled.

use super::{Findings, Scene};
use crate::sys::{git, tree};

/// The area's name.
const NAME: &str = "registry";

/// Reads the registry, and asks git about the clone where the service pulls it.
pub(super) async fn look(scene: &Scene, findings: &mut Findings) {
    let registry = &scene.assembled.config.registry;
    let shown = registry.directory.display();
    match tree::read(&registry.directory).await {
        Ok((index, objects)) => {
            let counts = index.counts();
            let detail = format!(
                "{shown}: {} maintainers, {} AS numbers, {} keys; {} objects passed over",
                counts.maintainers,
                counts.aut_nums,
                counts.keys,
                objects.len()
            );
            findings.ok(NAME, detail);
        }
        Err(error) => findings.wrong(
            NAME,
            error,
            format_args!("git clone --depth 1 https://git.dn42.dev/dn42/registry.git {shown}"),
        ),
    }
    if registry.pull_interval_s == 0 {
        return;
    }
    let remedy = format!("git -C {shown} status; git -C {shown} pull");
    match git::look(&registry.directory).await {
        Ok(None) => {}
        Ok(Some(why)) => findings.wrong(NAME, format_args!("{shown}: not pulled: {why}"), remedy),
        Err(error) => {
            findings.wrong(NAME, format_args!("{shown}: cannot be pulled: {error}"), remedy);
        }
    }
}
