//! The backup in git.

use super::{Findings, Scene};

/// The area's name.
const NAME: &str = "backup";

/// Is everything of ours committed and pushed?
pub(super) async fn look(scene: &Scene, findings: &mut Findings) {
    let Some(directory) = &scene.assembled.config.backup.git else {
        return findings.ok(NAME, "none: backup.git is not set");
    };
    let shown = directory.display();
    match super::super::backup::look(&scene.assembled, directory).await {
        Ok(()) => findings.ok(NAME, format_args!("{shown}: everything is pushed")),
        Err(why) => findings.wrong(
            NAME,
            format_args!("{shown}: {why}"),
            format_args!("git -C {shown} status; git -C {shown} push"),
        ),
    }
}
