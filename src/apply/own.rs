//! What is ours beyond the peerings, as a pass tells of it: the ways to the other POPs and the
//! kernel's settings. Where the files of each kind lie.

use super::{ApplySettings, Pass};
use crate::board::Way;
use crate::plan::sysctl::{SYSCTLS, Sysctl};
use crate::plan::{FileKind, Owner, ServedWanted, Wanted};
use std::collections::BTreeMap;
use std::path::Path;

impl ApplySettings {
    /// Where the files of a kind lie.
    pub(super) fn directory(&self, kind: FileKind) -> &Path {
        match kind {
            FileKind::WireGuard => &self.wireguard_directory,
            FileKind::Bird => &self.bird_directory,
            // Files that lie nowhere are never wanted.
            FileKind::RoaIpv4 | FileKind::RoaIpv6 | FileKind::Babel => {
                self.pop.include_directory.as_deref().unwrap_or(Path::new(""))
            }
        }
    }
}

impl Pass {
    /// The ways to other POPs that are as they should be after this pass.
    pub(super) fn ways(&self, wanted: &Wanted) -> BTreeMap<Owner, Way> {
        let is_way = |it: &Owner| matches!(it, Owner::Mesh(_));
        let well = |it: &Owner| !self.failures.contains_key(it) && !self.left.contains_key(it);
        let ways = wanted.served.iter().filter(|(owner, _)| is_way(owner) && well(owner));
        let way = |it: &ServedWanted| Way { link: it.link.is_some(), session: it.bird.is_some() };
        ways.map(|(owner, it)| (*owner, way(it))).collect()
    }

    /// What of the kernel's settings is otherwise than a POP needs it.
    pub(super) fn sysctls(&self) -> Vec<(&'static Sysctl, String)> {
        let off = |it: &'static Sysctl| {
            let actual =
                self.observed.actual.sysctls.get(it.name).filter(|actual| !it.fits(actual))?;
            Some((it, actual.clone()))
        };
        SYSCTLS.iter().filter_map(off).collect()
    }
}
