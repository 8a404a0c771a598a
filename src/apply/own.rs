//! What is ours beyond the peerings, as a pass tells of it: the mesh links and the
//! kernel's settings. Where the files of each kind lie.

use super::{ApplySettings, Pass};
use crate::board::MeshLink;
use crate::plan::sysctl::{SYSCTLS, Sysctl};
use crate::plan::{FileKind, Owner, Wanted};
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
    /// The mesh links that are as they should be after this pass.
    pub(super) fn mesh_links(&self, wanted: &Wanted) -> BTreeMap<Owner, MeshLink> {
        let mut links = BTreeMap::new();
        for (owner, served) in &wanted.served {
            let failed = self.outcome.failures.contains_key(owner);
            let is_left = self.outcome.left.contains_key(owner);
            if matches!(owner, Owner::Mesh(_)) && !failed && !is_left {
                let (link, session) = (served.link.is_some(), served.bird.is_some());
                links.insert(*owner, MeshLink { link, session });
            }
        }
        links
    }

    /// What of the kernel's settings is otherwise than a POP needs it.
    pub(super) fn sysctls(&self) -> Vec<(&'static Sysctl, String)> {
        let mut unfit = Vec::new();
        for sysctl in &SYSCTLS {
            if let Some(actual) = self.observed.actual.sysctls.get(sysctl.name)
                && !sysctl.fits(actual)
            {
                unfit.push((sysctl, actual.clone()));
            }
        }
        unfit
    }
}
