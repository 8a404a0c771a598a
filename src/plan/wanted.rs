//! What should be, worked out of what the operator, the members and the registry said and of what
//! was seen of the machine.

use super::addresses::AddressSettings;
use super::bird::BirdPop;
use super::form::Form;
use super::naming::Naming;
use super::sysctl::{SYSCTLS, Sysctl};
use super::wireguard::{Backend, KEEPALIVE_S, LinkWanted, OtherAddresses};
use super::{Actual, Drafts, FileKind, Owner, Rows};
use crate::limits::HANDSHAKE_FRESH;
use crate::mesh::{Inventory, MeshLink, Switch, files};
use crate::model::{Asn, IfName, MeasuredRtt, SysctlChoice, WgSecret};
use crate::peering::{Generation, Site, Tombstone};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// This POP as its operator configured it.
#[derive(Clone, Debug)]
pub struct PopSettings {
    /// What is the same for all its peerings.
    pub site: Site,
    /// Our private key.
    pub private_key: WgSecret,
    /// How links are made.
    pub backend: Backend,
    /// The template that BIRD's files build on.
    pub template: String,
    /// What a peering's file for BIRD says.
    pub form: Rc<Form>,
    /// What things are called.
    pub naming: Rc<Naming>,
    /// The POPs of our own network, where there are others.
    pub inventory: Option<Rc<Inventory>>,
    /// What is said of its own addresses.
    pub addresses: AddressSettings,
    /// Where the files lie that all BGP sessions share; `None`: there are none.
    pub include_directory: Option<PathBuf>,
    /// What becomes of the kernel's settings.
    pub sysctls: SysctlChoice,
}

/// What was said: by the operator, by the members, by the registry.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The configuration.
    pub pop: Rc<PopSettings>,
    /// The peerings of the database.
    pub rows: Rc<Rows>,
    /// The generation of the database that this is.
    pub generation: Generation,
    /// Those that a command removed, and of which something may still be there.
    pub tombstones: Vec<Tombstone>,
    /// Latencies that were measured.
    pub latencies: BTreeMap<Asn, MeasuredRtt>,
    /// What the registry says for the files that all BGP sessions share.
    pub routes: BTreeMap<FileKind, Rc<str>>,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What there is of ours.
    pub actual: Actual,
    /// Those for whose BGP session the operator keeps a file of their own.
    pub hand_made: BTreeSet<Owner>,
    /// How old the last handshakes are, where there was one.
    pub handshake_ages: BTreeMap<IfName, Duration>,
    /// Where endpoints are, as far as that had to be known.
    pub endpoints: BTreeMap<Owner, Resolved>,
}

/// What came of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Where to send; `None`: leave it as it is.
    pub address: Option<SocketAddr>,
    /// Why there is no address.
    pub trouble: Option<String>,
}

/// What should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What things are called.
    pub naming: Rc<Naming>,
    /// The peerings to be served, and the links to the other POPs.
    pub served: BTreeMap<Owner, ServedWanted>,
    /// Those that somebody asked to take down. Nothing else is ever removed.
    pub ended: Vec<Owner>,
    /// Those among them whose WireGuard file stays: it was made by hand, has what we could not
    /// write anew, and its peering may be switched on again.
    pub kept_confs: BTreeSet<Owner>,
    /// The files of this POP that all BGP sessions share.
    pub shared: BTreeMap<FileKind, Rc<str>>,
    /// What stands on `lo`.
    pub loopback: Vec<IpNet>,
    /// Settings of the kernel that are ours to set.
    pub sysctls: Vec<&'static Sysctl>,
}

/// One peering, or one mesh link, as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedWanted {
    /// The content of `wg-as<ASN>.conf` or `wg-int-<POP>.conf`; `None` where the tunnel was
    /// switched off, and what is there of it goes.
    pub conf: Option<Rc<str>>,
    /// The content of `ebgp_as<ASN>` or `ibgp_<POP>`; `None` where a file of the operator's own
    /// stands in its place.
    pub bird: Option<Rc<str>>,
    /// The link; `None` where WireGuard is left to files.
    pub link: Option<LinkWanted>,
}

impl PopSettings {
    /// Is this one of those whose things are looked at? Other POPs are known by the inventory.
    pub fn knows(&self, owner: Owner) -> bool {
        match owner {
            Owner::Pop | Owner::Peering(_) => true,
            Owner::Mesh(pop) => self.links().iter().any(|link| link.to.name == pop),
        }
    }

    /// What all files for BIRD have in common.
    pub fn bird(&self) -> BirdPop<'_> {
        let PopSettings { site, naming, form, template, .. } = self;
        BirdPop { site, naming, form, template }
    }

    /// Is anything worked out of the routes that the registry has?
    pub fn needs_routes(&self) -> bool {
        let me = self.inventory.as_ref().and_then(|inventory| inventory.me());
        self.include_directory.is_some() || self.addresses.need_registry(me)
    }

    /// Our links to the other POPs.
    pub fn links(&self) -> Vec<MeshLink<'_>> {
        self.inventory.as_ref().map(|it| it.links()).unwrap_or_default()
    }

    /// BIRD's protocols for the BGP sessions with other POPs, and whose they are.
    pub fn mesh_protocols(&self) -> BTreeMap<String, Owner> {
        let mut protocols = BTreeMap::new();
        for link in self.links() {
            let owner = Owner::Mesh(link.to.name);
            if let Some(protocol) = self.naming.protocol(owner) {
                protocols.insert(protocol, owner);
            }
        }
        protocols
    }
}

impl Inputs {
    /// Is there anything to be done about it?
    pub fn concerns(&self, owner: Owner) -> bool {
        let Owner::Peering(asn) = owner else { return self.pop.knows(owner) };
        self.rows.serves(asn) || self.rows.resting.contains(&asn) || self.was_removed(asn)
    }

    /// Did a command remove it, and something of it may still be there?
    pub fn was_removed(&self, asn: Asn) -> bool {
        self.tombstones.iter().any(|tombstone| tombstone.asn == asn)
    }
}

impl Observed {
    /// Must we look where the other end is? Not while packets go both ways.
    pub fn is_stale(&self, link: &IfName) -> bool {
        self.handshake_ages.get(link).is_none_or(|age| *age > HANDSHAKE_FRESH)
    }

    fn address(&self, owner: Owner) -> Option<SocketAddr> {
        self.endpoints.get(&owner)?.address
    }
}

/// What should be. `drafts`: what is wanted of the peerings by the same inputs, from
/// [`super::DraftCache`].
pub fn wanted(inputs: &Inputs, drafts: &Drafts, observed: &Observed) -> Wanted {
    let pop = &inputs.pop;
    let mut wanted = Wanted { naming: pop.naming.clone(), ..Wanted::default() };
    for (asn, draft) in drafts.iter() {
        let owner = Owner::Peering(*asn);
        wanted.served.insert(owner, peering(owner, &draft.wanted, observed));
    }
    let removed = inputs.tombstones.iter().map(|tombstone| tombstone.asn);
    let ended = removed.chain(inputs.rows.resting.iter().copied());
    wanted.ended.extend(ended.map(Owner::Peering));
    for asn in &inputs.rows.resting {
        if pop.naming.is_adopted(*asn) {
            wanted.kept_confs.insert(Owner::Peering(*asn));
        }
    }
    if pop.include_directory.is_some() {
        wanted.shared = shared(inputs);
    }
    if let Some(inventory) = &pop.inventory {
        want_mesh(&mut wanted, inventory, pop, observed);
    }
    if pop.backend != Backend::Files {
        wanted.loopback = own_addresses(inputs, &observed.actual);
    }
    if pop.sysctls == SysctlChoice::Set {
        wanted.sysctls = SYSCTLS.iter().collect();
    }
    wanted
}

/// The addresses that this POP has, or should have, on `lo`. While the registry was not read there
/// are none but those that the operator named.
pub fn own_addresses(inputs: &Inputs, actual: &Actual) -> Vec<IpNet> {
    let pop = &inputs.pop;
    let tables = [FileKind::RoaIpv4, FileKind::RoaIpv6];
    let tables = tables.iter().filter_map(|kind| inputs.routes.get(kind)).map(|text| &**text);
    let me = pop.inventory.as_ref().and_then(|inventory| inventory.me());
    let mut networks = Vec::new();
    if pop.addresses.addresses.is_none() && me.is_none() {
        networks = pop.addresses.own_networks(pop.site.asn, tables);
    }
    pop.addresses.own_addresses(me, &networks, &actual.addresses)
}

/// What the operator wants who takes this POP down: no peering and no way to another POP, those
/// that nobody can serve neither. What was made by hand before peerling stays as it is, and so do
/// the files that the operator's own configuration of BIRD includes.
pub fn nothing(wanted: Wanted, inputs: &Inputs) -> Wanted {
    let Wanted { naming, served, ended, .. } = wanted;
    let mut all: BTreeSet<Owner> = served.into_keys().chain(ended).collect();
    all.extend(inputs.rows.failures.keys());
    all.retain(|owner| owner.asn().is_none_or(|asn| !naming.adopted().contains_key(&asn)));
    Wanted { naming, ended: all.into_iter().collect(), ..Wanted::default() }
}

/// The endpoint follows a name, and a file of the operator's own stays theirs.
fn peering(owner: Owner, draft: &ServedWanted, observed: &Observed) -> ServedWanted {
    let mut wanted = draft.clone();
    if let Some(link) = &mut wanted.link {
        link.endpoint = observed.address(owner);
    }
    if observed.hand_made.contains(&owner) {
        wanted.bird = None;
    }
    wanted
}

/// The files that all BGP sessions share.
fn shared(inputs: &Inputs) -> BTreeMap<FileKind, Rc<str>> {
    let mut texts = inputs.routes.clone();
    if let Some(inventory) = &inputs.pop.inventory {
        texts.insert(FileKind::Babel, files::babel(inventory).into());
    }
    texts
}

/// The links to other POPs.
fn want_mesh(wanted: &mut Wanted, inventory: &Inventory, pop: &PopSettings, observed: &Observed) {
    let me = inventory.me();
    for link in inventory.links() {
        let owner = Owner::Mesh(link.to.name);
        let is_on = me.is_some_and(|me| me.switch == Switch::On) && link.to.switch == Switch::On;
        if is_on {
            wanted.served.insert(owner, mesh_link(&link, inventory, pop, observed));
        } else {
            wanted.ended.push(owner);
        }
    }
}

/// One mesh link. Where only its tunnel was switched off, the BGP session goes round by
/// others. An iBGP file that somebody wrote by hand stays theirs.
fn mesh_link(
    link: &MeshLink<'_>,
    inventory: &Inventory,
    pop: &PopSettings,
    observed: &Observed,
) -> ServedWanted {
    let owner = Owner::Mesh(link.to.name);
    let mut wanted = ServedWanted { conf: None, bird: None, link: None };
    if link.switch == Switch::On {
        wanted.conf = Some(files::conf(link, &pop.private_key).into());
        if pop.backend != Backend::Files {
            wanted.link = Some(wireguard_link(link, pop, observed.address(owner)));
        }
    }
    if !observed.hand_made.contains(&owner) {
        wanted.bird = files::ibgp(inventory, link.to, pop.site.asn).map(Into::into);
    }
    wanted
}

fn wireguard_link(
    link: &MeshLink<'_>,
    pop: &PopSettings,
    endpoint: Option<SocketAddr>,
) -> LinkWanted {
    LinkWanted {
        name: link.name(),
        private_key: pop.private_key.clone(),
        listen_port: link.listen_port,
        mtu: link.mtu,
        local: link.ipv6.0,
        remote: link.ipv6.1,
        ipv4: Some(link.ipv4),
        peer_key: link.to.key,
        preshared_key: None,
        endpoint,
        allowed_ips: link.allowed_ips().into(),
        keepalive_s: KEEPALIVE_S,
        other_addresses: OtherAddresses::Removed,
    }
}

#[cfg(test)]
pub mod tests;
