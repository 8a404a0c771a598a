//! The database, and every row of it.

use super::{Findings, Scene};
use crate::model::Asn;
use crate::peering::{Peering, Row, Site, vet};
use crate::store::{Store, StoreError};

/// The area's name.
const NAME: &str = "database";

/// Reads the database without changing it; its rows, where they can be read.
pub(super) fn look(scene: &Scene, findings: &mut Findings) -> Vec<Row> {
    let (path, site) = (&scene.assembled.config.store.path, scene.assembled.site());
    let shown = path.display();
    if Store::is_new(path) {
        findings.ok(NAME, format_args!("{shown}: will be made"));
        return Vec::new();
    }
    let contents = match read(scene, &site) {
        Ok(contents) => contents,
        Err(error) => {
            findings.wrong(NAME, error, "the newest backup of it");
            return Vec::new();
        }
    };
    for (asn, words) in contents.left_alone {
        let remedy = "make both want the same; `peer_edit` or a restart lets peerling try again";
        findings.wrong("peering", format_args!("AS{asn}: {words}"), remedy);
    }
    for row in &contents.rows {
        judge(row, &site, findings);
    }
    findings.ok(NAME, format_args!("{shown}: {} peerings", contents.rows.len()));
    contents.rows
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
                findings.ok("peering", format_args!("AS{}: {objection}", peering.asn));
            }
            for (_, words) in vet::objections(&peering, site) {
                let detail = format!("AS{}: {words}; it is served as it is", peering.asn);
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
