//! The database: sound, writable, nobody else's to read; every row of it; and its backup in git.

use super::{Findings, Scene, files};
use crate::model::Asn;
use crate::peering::{Peering, Row, Site, vet};
use crate::store::{Store, StoreError};
use crate::sys::files::open_to_others;

/// The area's name.
const NAME: &str = "database";

/// Reads the database without changing it; its rows, where they can be read.
pub(super) fn look(scene: &Scene, findings: &mut Findings) -> Vec<Row> {
    let (path, site) = (&scene.assembled.config.store.path, scene.assembled.site());
    let shown = path.display();
    match Store::is_new(path) {
        Ok(false) => {}
        Ok(true) => {
            findings.ok(NAME, format_args!("{shown}: will be made"));
            return Vec::new();
        }
        Err(error) => return refused(&error, findings),
    }
    let contents = match read(scene, &site) {
        Ok(contents) => contents,
        Err(error) => return refused(&error, findings),
    };
    // What cannot be written is no reason not to tell what stands in it.
    if let Err(error) = Store::can_write(path) {
        refused(&error, findings);
    }
    for (file, mode) in Store::open_to_others(path) {
        files::exposed(NAME, &file, mode, findings);
    }
    for (file, mode) in
        open_to_others(&scene.assembled.config.wireguard.directory, &scene.assembled.naming())
    {
        files::exposed("wireguard", &file, mode, findings);
    }
    for (asn, words) in contents.left_alone {
        let remedy = "make both want the same; `peer_edit` or a restart lets peerling try again";
        findings.wrong("peering", format_args!("{asn}: {words}"), remedy);
    }
    for row in &contents.rows {
        judge(row, &site, findings);
    }
    findings.ok(NAME, format_args!("{shown}: {} peerings, sound", contents.rows.len()));
    contents.rows
}

/// Notes what SQLite or the system refused; then there are no rows.
fn refused(error: &StoreError, findings: &mut Findings) -> Vec<Row> {
    findings.wrong(NAME, error, error.remedy());
    Vec::new()
}

/// What the database says.
struct Contents {
    rows: Vec<Row>,
    left_alone: Vec<(Asn, String)>,
}

fn read(scene: &Scene, site: &Site) -> Result<Contents, StoreError> {
    let store = Store::open_read_only(&scene.assembled.config.store.path)?;
    store.belongs(site)?;
    Ok(Contents { rows: store.rows()?, left_alone: store.left_alone()? })
}

/// Can this row be served? Old and served is not wrong.
fn judge(row: &Row, site: &Site, findings: &mut Findings) {
    match Peering::read(row) {
        Ok((peering, objections)) => {
            for objection in objections {
                findings.ok("peering", format_args!("{}: {objection}", peering.asn));
            }
            for (_, words) in vet::objections(&peering, site) {
                let detail = format!("{}: {words}; it is served as it is", peering.asn);
                findings.ok("peering", detail);
            }
        }
        Err(why) => findings.wrong(
            "peering",
            format_args!("AS{}: {why}", row.as_num),
            format_args!("peerling exec -- peer_remove {}, or correct the row", row.as_num),
        ),
    }
}

/// The area's name.
const BACKUP: &str = "backup";

/// Is everything of ours committed and pushed?
pub(super) async fn backup(scene: &Scene, findings: &mut Findings) {
    let Some(directory) = &scene.assembled.config.backup.git else {
        return findings.ok(BACKUP, "none: backup.git is not set");
    };
    let shown = directory.display();
    match crate::daemon::backup_state(&scene.assembled, directory).await {
        Ok(()) => findings.ok(BACKUP, format_args!("{shown}: everything is pushed")),
        Err(why) => findings.wrong(
            BACKUP,
            format_args!("{shown}: {why}"),
            format_args!("git -C {shown} status; git -C {shown} push"),
        ),
    }
}
