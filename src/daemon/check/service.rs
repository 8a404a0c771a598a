//! The running service: what it knows that cannot be seen from outside.

use super::{Findings, Scene};
use crate::local::{BoardView, Client, ClientError, Seen};

/// The area's name.
const NAME: &str = "service";

/// What came of asking.
pub(super) enum Asked {
    /// None runs over this database.
    Nobody,
    /// One runs, and could not be asked.
    Mute,
    /// What it sees.
    Seen(Box<Seen>),
}

/// Asks the service that runs over the database, if there is one.
pub(super) fn ask(scene: &Scene, findings: &mut Findings) -> Asked {
    let asked = Client::connect(&scene.assembled.config.store.path);
    let seen = match asked {
        Ok(None) => {
            findings.warn(NAME, "it does not run", "systemctl enable --now peerling");
            return Asked::Nobody;
        }
        Ok(Some(client)) => client.board(),
        Err(error) => Err(error),
    };
    match seen {
        Ok(seen) => {
            tell(&seen.board, findings);
            Asked::Seen(Box::new(seen))
        }
        Err(error @ ClientError::Permission(_)) => {
            findings.warn(NAME, error, "peerling check as root");
            Asked::Mute
        }
        Err(error) => {
            findings.wrong(NAME, error, "systemctl restart peerling; journalctl -u peerling");
            Asked::Mute
        }
    }
}

fn tell(board: &BoardView, findings: &mut Findings) {
    match (&board.database, &board.trouble) {
        (Some(database), _) => findings.wrong(
            NAME,
            format_args!("it runs, and answers no command: {}", database.trouble),
            &database.remedy,
        ),
        (None, None) => findings.ok(NAME, "it runs, and its last pass went through"),
        (None, Some(trouble)) => findings.wrong(
            NAME,
            format_args!("it runs, and no pass goes through: {trouble}"),
            "mend that; the next pass comes by itself, at once after systemctl reload peerling",
        ),
    }
    let registry = &board.registry;
    if let Some(why) = &registry.refused {
        findings.wrong(
            "registry",
            format_args!("the service goes on with an older registry: {why}"),
            "if what is on the disk is right: systemctl restart peerling",
        );
    }
    if let Some(why) = &registry.pull_error {
        findings.wrong(
            "registry_pull",
            format_args!("the service could not pull: {why}"),
            "mend that, then systemctl reload peerling, which pulls at once",
        );
    }
    if let Some(why) = &board.backup_error {
        findings.wrong("backup", why, "mend that, then systemctl reload peerling");
    }
}
