//! Tunnels and BGP sessions that run are not renamed: that would take each of them down. Who
//! chooses other names where peerings have files by the old ones is told so, before anything is
//! made twice.

use super::{Assembled, Trouble};
use crate::model::{Asn, NameForm, NameKind};
use crate::store::{NameForms, Store, StoreError};
use std::path::Path;

/// Notes the names of the configuration, unless peerings have files by others.
///
/// # Errors
/// The names changed while files bear the old ones, or the database fails.
pub(super) fn agree(store: &mut Store, assembled: &Assembled) -> Result<(), Trouble> {
    let told = |error: StoreError| Trouble::new(error.to_string());
    let (wireguard, bird) = (&assembled.config.wireguard, &assembled.config.bird);
    let wanted = NameForms {
        interface: wireguard.interface.to_string(),
        protocol: bird.protocol.to_string(),
        bird_file: bird.file.to_string(),
    };
    let Some(before) = store.name_forms().map_err(told)? else {
        return store.note_name_forms(&wanted).map_err(told);
    };
    if before == wanted {
        return Ok(());
    }
    let tunnels = Files { directory: &wireguard.directory, suffix: ".conf" };
    let protocols = Files { directory: &bird.directory, suffix: "" };
    let mut served = 0;
    for row in store.rows().map_err(told)? {
        let Some(asn) = row.asn().filter(|_| row.adopted.is_none()) else { continue };
        if tunnels.has(&before.interface, NameKind::Interface, asn)
            || protocols.has(&before.bird_file, NameKind::File, asn)
        {
            served += 1;
        }
    }
    if served == 0 {
        return store.note_name_forms(&wanted).map_err(told);
    }
    Err(Trouble::new(format!(
        "{served} peering(s) bear names by wireguard.interface = {:?}, bird.protocol = {:?} and \
         bird.file = {:?}, and what runs is not renamed: set these three back; or take everything \
         down and up again by the new names: systemctl stop peerling; peerling down --yes with \
         the old configuration; systemctl start peerling with the new one",
        before.interface, before.protocol, before.bird_file
    )))
}

/// Where things of one kind have their files.
struct Files<'a> {
    directory: &'a Path,
    suffix: &'static str,
}

impl Files<'_> {
    fn has(&self, form: &str, kind: NameKind, asn: Asn) -> bool {
        let Ok(form) = NameForm::parse(form, kind) else { return false };
        self.directory.join(format!("{}{}", form.name(asn), self.suffix)).exists()
    }
}
