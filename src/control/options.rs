//! What a flag alone can say of a peering: the largest packet, a preshared key, the families.

use super::{Case, Stop, fault, wrong};
use crate::command::Field;
use crate::model::{Families, Refusal, WgSecret};
use crate::peering::vet::{self, Psk};
use crate::sys;

impl Case<'_> {
    /// The largest packet in bytes; `None`: nothing was said.
    pub(super) fn mtu(&self) -> Result<Option<u32>, Stop> {
        self.said(Field::Mtu, vet::mtu)
    }

    /// The preshared key; `None`: nothing was said.
    pub(super) fn psk(&self) -> Result<Option<Psk>, Stop> {
        self.said(Field::Psk, vet::psk)
    }

    /// Whose routes are exchanged; `None`: nothing was said.
    pub(super) fn families(&self) -> Result<Option<Families>, Stop> {
        self.said(Field::Families, vet::families)
    }

    fn said<T>(
        &self,
        field: Field,
        judge: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Stop> {
        self.request.answer(field).map(judge).transpose().map_err(wrong(field))
    }
}

/// The key that a wish stands for, and the same once more if it was made here and now: that is what
/// the answer must show.
pub(super) fn preshared_key(wish: Psk) -> Result<(Option<WgSecret>, Option<WgSecret>), Stop> {
    Ok(match wish {
        Psk::Absent => (None, None),
        Psk::Given(key) => (Some(key), None),
        Psk::Generate => {
            let made = sys::new_preshared_key().map_err(fault)?;
            (Some(made.clone()), Some(made))
        }
    })
}
