//! What is ours beyond the peerings: the ways to the other POPs, the files that all BGP sessions
//! share, the POP's own addresses.

use super::{ApplySettings, Pass};
use crate::board::Way;
use crate::mesh::{MeshLink, Switch, bird, conf};
use crate::plan::sysctl::{SYSCTLS, Sysctl};
use crate::plan::wireguard::LinkWanted;
use crate::plan::{FileKind, Owner, ServedWanted, Wanted};
use crate::sys::wireguard::Backend;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

impl ApplySettings {
    /// Is this one of those whose things are looked at? Other POPs are known by the inventory.
    pub(super) fn knows(&self, owner: Owner) -> bool {
        match owner {
            Owner::Pop | Owner::Peering(_) => true,
            Owner::Mesh(pop) => self.links().iter().any(|link| link.to.name == pop),
        }
    }

    /// Our links to the other POPs.
    pub(super) fn links(&self) -> Vec<MeshLink<'_>> {
        self.inventory.as_ref().map(|it| it.links()).unwrap_or_default()
    }

    /// Whose BGP sessions these protocols are.
    pub(super) fn ways(&self) -> BTreeMap<String, Owner> {
        let owners = self.links().into_iter().map(|link| Owner::Mesh(link.to.name));
        owners.filter_map(|owner| Some((owner.protocol()?, owner))).collect()
    }

    /// Where the files of a kind lie.
    pub(super) fn directory(&self, kind: FileKind) -> &Path {
        match kind {
            FileKind::WireGuard => &self.wireguard_directory,
            FileKind::Bird => &self.bird_directory,
            // Files that lie nowhere are never wanted.
            FileKind::RoaIpv4 | FileKind::RoaIpv6 | FileKind::Babel => {
                self.include_directory.as_deref().unwrap_or(Path::new(""))
            }
        }
    }
}

impl Pass {
    /// Adds what is ours beyond the peerings.
    pub(super) fn want_own(&self, wanted: &mut Wanted) {
        let settings = &self.settings;
        if settings.include_directory.is_some() {
            wanted.shared = self.shared();
        }
        let Some(inventory) = &settings.inventory else { return };
        for link in inventory.links() {
            let owner = Owner::Mesh(link.to.name);
            match inventory.me().map(|me| (me.switch, link.to.switch)) {
                Some((Switch::On, Switch::On)) => {
                    wanted.served.insert(owner, self.way(&link));
                }
                _ => wanted.ended.push(owner),
            }
        }
        if settings.backend != Backend::Files {
            wanted.loopback = inventory.me().map(|it| it.loopback()).unwrap_or_default();
        }
        if settings.sets_sysctls {
            wanted.sysctls = SYSCTLS.iter().collect();
        }
    }

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
            let actual = self.actual.sysctls.get(it.name).filter(|actual| !it.fits(actual))?;
            Some((it, actual.clone()))
        };
        SYSCTLS.iter().filter_map(off).collect()
    }

    fn shared(&self) -> BTreeMap<FileKind, Rc<str>> {
        let mut texts = self.routes.clone();
        if let Some(inventory) = &self.settings.inventory {
            texts.insert(FileKind::Babel, bird::babel(inventory).into());
        }
        texts
    }

    /// One way to another POP. Where only its tunnel was switched off, the BGP session goes round
    /// by others. An iBGP file that somebody wrote by hand stays theirs.
    fn way(&self, link: &MeshLink<'_>) -> ServedWanted {
        let settings = &self.settings;
        let owner = Owner::Mesh(link.to.name);
        let ibgp = || bird::ibgp(settings.inventory.as_deref()?, link.to, settings.site.asn);
        let is_on = link.switch == Switch::On;
        ServedWanted {
            conf: is_on.then(|| conf::render(link, &settings.private_key).into()),
            bird: if self.hand_made.contains(&owner) { None } else { ibgp().map(Into::into) },
            link: match settings.backend {
                Backend::Kernel | Backend::Userspace { .. } if is_on => Some(self.way_link(link)),
                _ => None,
            },
        }
    }

    fn way_link(&self, link: &MeshLink<'_>) -> LinkWanted {
        let owner = Owner::Mesh(link.to.name);
        LinkWanted {
            name: link.name(),
            private_key: self.settings.private_key.clone(),
            listen_port: link.listen_port,
            mtu: link.mtu,
            local: link.ipv6.0,
            remote: link.ipv6.1,
            ipv4: Some(link.ipv4),
            peer_key: link.to.key,
            preshared_key: None,
            endpoint: self.resolved.get(&owner).and_then(|it| it.address),
            allowed_ips: link.allowed_ips().into(),
        }
    }
}
