//! Whose database it is. A configuration that names another POP's would publish that POP's members
//! under this one's number and key, so it is refused before anything else is done.

use super::{Outcome, Store, StoreError};
use crate::model::WgKey;
use crate::peering::Site;
use rusqlite::{Connection, OptionalExtension as _, params};

impl Store {
    /// Is it this POP's, as far as it says whose it is? One that an older version or the replaced
    /// service made does not say.
    ///
    /// The number must be the same, and one of name and key: a POP may get another name or another
    /// key, but not both at once.
    pub fn belongs(&self, site: &Site) -> Result<(), StoreError> {
        let (key, asn) = (site.key.to_string(), site.asn.get());
        match self.read(said)? {
            Some((number, name, known)) if number != asn || (name != site.name && known != key) => {
                let theirs = format!("{name} (AS{number})");
                Err(StoreError::Another(self.path.clone(), theirs))
            }
            _ => Ok(()),
        }
    }

    /// The public key of the POP whose database it is, as it was at its last start.
    pub fn known_key(&self) -> Result<Option<WgKey>, StoreError> {
        let known = self.read(said)?;
        Ok(known.and_then(|(_, _, key)| key.parse().ok()))
    }

    /// The same, and from now on it says that it is this POP's.
    pub fn claim(&mut self, site: &Site) -> Result<(), StoreError> {
        self.belongs(site)?;
        let ours = (site.asn.get(), site.name.clone(), site.key.to_string());
        if self.read(said)?.as_ref() == Some(&ours) {
            return Ok(());
        }
        self.change(|it| {
            let query = "INSERT OR REPLACE INTO peerling_pop VALUES (1, ?, ?, ?)";
            it.execute(query, params![ours.0, ours.1, ours.2])?;
            Ok::<_, Outcome>(())
        })
    }
}

/// AS number, name and public key of the POP whose database it is.
fn said(it: &Connection) -> rusqlite::Result<Option<(u32, String, String)>> {
    if !it.table_exists(None, "peerling_pop")? {
        return Ok(None);
    }
    let query = "SELECT as_num, name, wg_pub_key FROM peerling_pop";
    it.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
}
