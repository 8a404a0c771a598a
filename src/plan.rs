//! What should be (`wanted`), what is, and the steps from one to the other ([`diff`]). Pure: the
//! same values always give the same steps, and values that agree give none.
//!
//! Order matters twice. A link comes before the BIRD file that names it, so that the BGP session
//! finds its interface. When a peering ends, BIRD lets go first, so that the BGP session is closed
//! with a word, and only then does the link go, unless a new peering already waits for its port.

pub mod addresses;
pub mod adopted;
pub mod bird;
mod drafts;
pub mod drift;
pub mod endpoints;
pub mod form;
pub mod latency;
pub mod naming;
mod rows;
pub mod show;
pub mod symbols;
pub mod sysctl;
mod wanted;
pub mod wireguard;

pub use drafts::{Draft, DraftCache, Drafts};
pub use rows::{Rows, occupied};
pub use wanted::{
    Inputs, Observed, PopSettings, Resolved, ServedWanted, Wanted, nothing, own_addresses, wanted,
};

use crate::model::{Asn, IfName, PopName};
use addresses::HostAddress;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;
use wireguard::{EndpointRule, LinkActual, LinkWanted};

/// What is. Only what is ours by name is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actual {
    /// The files `wg-as<ASN>.conf` and `wg-int-<POP>.conf`.
    pub confs: BTreeMap<Owner, Rc<str>>,
    /// The files `ebgp_as<ASN>` and `ibgp_<POP>`.
    pub birds: BTreeMap<Owner, Rc<str>>,
    /// The links of these names.
    pub links: BTreeMap<IfName, LinkActual>,
    /// The BGP sessions that BIRD runs; `None`: not asked.
    pub protocols: Option<BTreeSet<Owner>>,
    /// Those among them that somebody disabled.
    pub disabled: BTreeSet<Owner>,
    /// BIRD has to read its files: one of ours changed since it did, or nobody knows.
    pub unread: bool,
    /// The files of this POP that all BGP sessions share.
    pub shared: BTreeMap<FileKind, Rc<str>>,
    /// Every address of this machine.
    pub addresses: Vec<HostAddress>,
    /// Settings of the kernel, as they are, by their names.
    pub sysctls: BTreeMap<&'static str, String>,
}

impl Actual {
    /// Does BIRD run this BGP session? `None`: not asked.
    fn runs(&self, owner: Owner) -> Option<bool> {
        self.protocols.as_ref().map(|running| running.contains(&owner))
    }
}

/// A kind of file that we keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// `wg-as<ASN>.conf`, readable by its owner only: it holds the private key.
    WireGuard,
    /// `ebgp_as<ASN>`, readable by BIRD.
    Bird,
    /// Which AS may announce which IPv4 prefix.
    RoaIpv4,
    /// The same for IPv6.
    RoaIpv6,
    /// What Babel's interfaces are told that is not the same for all.
    Babel,
}

/// The files that all BGP sessions share, in the order in which they are written.
pub const SHARED_FILES: [FileKind; 3] = [FileKind::RoaIpv4, FileKind::RoaIpv6, FileKind::Babel];

/// One thing to do, with what was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write a file that is absent (`old` is `None`) or different.
    WriteFile {
        kind: FileKind,
        owner: Owner,
        /// What it is called.
        name: String,
        /// What it holds now.
        old: Option<String>,
        /// What it is to hold.
        new: String,
    },
    /// Remove a file of a peering that ended.
    RemoveFile {
        kind: FileKind,
        owner: Owner,
        /// What it is called.
        name: String,
        /// What it holds now.
        old: String,
    },
    /// Make a link that is absent.
    CreateLink(Owner, LinkWanted),
    /// Change a link in place.
    ChangeLink(Owner, LinkWanted, LinkActual),
    /// Remove the link of a peering that ended.
    RemoveLink(Owner, IfName),
    /// Let BIRD read its files; the protocols in question must be there (or gone) afterwards. With
    /// none of either, they only changed since BIRD read them.
    ConfigureBird {
        /// Protocols that must be there.
        present: Vec<Owner>,
        /// Protocols that must be gone.
        absent: Vec<Owner>,
    },
    /// Enable a BGP session that somebody disabled, by its protocol's name.
    EnableBgp(Owner, String),
    /// Give `lo` an address that it lacks.
    AddAddress(IpNet),
    /// Change a setting of the kernel.
    SetSysctl {
        /// Its name below `/proc/sys`, with dots.
        name: &'static str,
        old: String,
        /// What it is to be.
        new: &'static str,
    },
}

impl Actual {
    /// Is an address there that is wanted on `lo`?
    pub fn has_address(&self, wanted: &IpNet) -> bool {
        self.addresses.iter().any(|host| host.serves_as(wanted))
    }
}

impl FileKind {
    /// Does BIRD read it?
    pub fn is_birds(self) -> bool {
        self != FileKind::WireGuard
    }

    /// Does it hold our private key?
    pub fn is_secret(self) -> bool {
        self == FileKind::WireGuard
    }
}

impl Step {
    /// Does it change what BIRD reads or runs?
    pub fn is_birds(&self) -> bool {
        match self {
            Step::WriteFile { kind, .. } | Step::RemoveFile { kind, .. } => kind.is_birds(),
            Step::ConfigureBird { .. } | Step::EnableBgp(..) => true,
            Step::CreateLink(..) | Step::ChangeLink(..) | Step::RemoveLink(..) => false,
            Step::AddAddress(_) | Step::SetSysctl { .. } => false,
        }
    }

    /// Whose it is; `None` for what concerns all.
    pub fn owner(&self) -> Option<Owner> {
        match self {
            Step::WriteFile { owner, .. } | Step::RemoveFile { owner, .. } => Some(*owner),
            Step::EnableBgp(owner, _)
            | Step::CreateLink(owner, _)
            | Step::ChangeLink(owner, ..)
            | Step::RemoveLink(owner, _) => Some(*owner),
            Step::ConfigureBird { .. } => None,
            Step::AddAddress(_) | Step::SetSysctl { .. } => Some(Owner::Pop),
        }
    }
}

/// The steps from `actual` to `wanted`, in the order in which they are to be performed.
pub fn diff(wanted: &Wanted, actual: &Actual) -> Vec<Step> {
    let mut steps = pop_steps(wanted, actual);
    let mut links_last = Vec::new();
    for owner in tunnels_ended(wanted) {
        let Some(name) = wanted.naming.link(owner) else { continue };
        let Some(link) = actual.links.get(&name) else { continue };
        if holds_a_port(link, wanted) {
            steps.push(Step::RemoveLink(owner, name));
        } else {
            links_last.push((owner, name));
        }
    }
    for (owner, served) in &wanted.served {
        if let Some(text) = &served.conf {
            steps.extend(wanted.write(FileKind::WireGuard, *owner, actual.confs.get(owner), text));
        }
        if let Some(link) = &served.link {
            steps.extend(link_step(*owner, link, actual));
        }
    }
    steps.extend(bird_steps(wanted, actual));
    for owner in tunnels_ended(wanted) {
        if let Some((_, name)) = links_last.iter().find(|(ended, _)| *ended == owner) {
            steps.push(Step::RemoveLink(owner, name.clone()));
        }
        if !wanted.kept_confs.contains(&owner) {
            steps.extend(wanted.remove(FileKind::WireGuard, owner, actual.confs.get(&owner)));
        }
    }
    steps
}

/// What belongs to the POP itself: BGP sessions begin at its addresses, so they come first.
fn pop_steps(wanted: &Wanted, actual: &Actual) -> Vec<Step> {
    let mut steps = Vec::new();
    for address in &wanted.loopback {
        if !actual.has_address(address) {
            steps.push(Step::AddAddress(*address));
        }
    }
    for sysctl in &wanted.sysctls {
        // One that this kernel does not have cannot be set.
        if let Some(old) = actual.sysctls.get(sysctl.name)
            && !sysctl.fits(old)
        {
            steps.push(Step::SetSysctl { name: sysctl.name, old: old.clone(), new: sysctl.value });
        }
    }
    steps
}

/// Peerings of which the machine has something though nobody wants them, and nobody asked to end
/// them either: rows that vanished from the database, a database that was replaced. They are
/// reported and left alone.
pub fn unexplained(wanted: &Wanted, actual: &Actual) -> BTreeSet<Asn> {
    let links = actual.links.keys().filter_map(|name| wanted.naming.link_owner(name.as_str()));
    let files = actual.confs.keys().chain(actual.birds.keys()).copied();
    let protocols = actual.protocols.iter().flatten().copied();
    links
        .chain(files)
        .chain(protocols)
        .filter(|owner| !wanted.served.contains_key(owner) && !wanted.ended.contains(owner))
        .filter_map(Owner::asn)
        .collect()
}

/// Does a link listen on a port that another one needs? Ids are used again, and ports with them.
fn holds_a_port(link: &LinkActual, wanted: &Wanted) -> bool {
    let needed = wanted.served.values().filter_map(|served| served.link.as_ref());
    needed.map(|link| link.listen_port.get()).any(|port| port == link.listen_port)
}

fn bird_steps(wanted: &Wanted, actual: &Actual) -> Vec<Step> {
    let mut steps: Vec<Step> = ended(wanted)
        .filter_map(|owner| wanted.remove(FileKind::Bird, owner, actual.birds.get(&owner)))
        .collect();
    for (kind, text) in &wanted.shared {
        steps.extend(wanted.write(*kind, Owner::Pop, actual.shared.get(kind), text));
    }
    for (owner, served) in &wanted.served {
        if let Some(text) = &served.bird {
            steps.extend(wanted.write(FileKind::Bird, *owner, actual.birds.get(owner), text));
        }
    }
    let touched: BTreeSet<Owner> = steps.iter().filter_map(Step::owner).collect();
    let mut present = Vec::new();
    if touched.contains(&Owner::Pop) {
        present.push(Owner::Pop);
    }
    for (owner, served) in &wanted.served {
        if served.bird.is_some() && (touched.contains(owner) || actual.runs(*owner) == Some(false))
        {
            present.push(*owner);
        }
    }
    let absent: Vec<Owner> = ended(wanted)
        .filter(|owner| touched.contains(owner) || actual.runs(*owner) == Some(true))
        .collect();
    if !present.is_empty() || !absent.is_empty() || actual.unread {
        steps.push(Step::ConfigureBird { present, absent });
    }
    for (owner, served) in &wanted.served {
        if served.bird.is_some()
            && actual.disabled.contains(owner)
            && let Some(protocol) = wanted.naming.protocol(*owner)
        {
            steps.push(Step::EnableBgp(*owner, protocol));
        }
    }
    steps
}

/// Those that ended and were not asked for again since.
fn ended(wanted: &Wanted) -> impl Iterator<Item = Owner> {
    wanted.ended.iter().copied().filter(|owner| !wanted.served.contains_key(owner))
}

/// Those whose tunnel is to go: with all the rest, or alone.
fn tunnels_ended(wanted: &Wanted) -> impl Iterator<Item = Owner> {
    let alone =
        wanted.served.iter().filter(|(_, served)| served.conf.is_none()).map(|(owner, _)| *owner);
    ended(wanted).chain(alone)
}

impl Wanted {
    fn write(
        &self,
        kind: FileKind,
        owner: Owner,
        old: Option<&Rc<str>>,
        new: &Rc<str>,
    ) -> Option<Step> {
        // Most often both are one.
        if old.is_some_and(|old| Rc::ptr_eq(old, new) || old == new) {
            return None;
        }
        let name = self.naming.file(kind, owner);
        let old = old.map(ToString::to_string);
        Some(Step::WriteFile { kind, owner, name, old, new: new.to_string() })
    }

    fn remove(&self, kind: FileKind, owner: Owner, old: Option<&Rc<str>>) -> Option<Step> {
        let (name, old) = (self.naming.file(kind, owner), old?.to_string());
        Some(Step::RemoveFile { kind, owner, name, old })
    }
}

fn link_step(owner: Owner, wanted: &LinkWanted, actual: &Actual) -> Option<Step> {
    let Some(there) = actual.links.get(&wanted.name) else {
        return Some(Step::CreateLink(owner, wanted.clone()));
    };
    if wireguard::differs(wanted, there, EndpointRule::Set).is_empty() {
        return None;
    }
    Some(Step::ChangeLink(owner, wanted.clone(), there.clone()))
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::WriteFile { name, old, .. } => {
                let verb = if old.is_some() { "change" } else { "write" };
                write!(out, "{verb} file {name}")
            }
            Step::RemoveFile { name, .. } => write!(out, "remove file {name}"),
            Step::CreateLink(_, link) => write!(out, "create link {}", link.name),
            Step::ChangeLink(_, link, there) => {
                write!(out, "change link {}", link.name)?;
                let changes = wireguard::differs(link, there, EndpointRule::Set);
                changes.iter().try_for_each(|change| write!(out, "; {change}"))
            }
            Step::RemoveLink(_, name) => write!(out, "remove link {name}"),
            Step::ConfigureBird { present, absent } if present.is_empty() && absent.is_empty() => {
                out.write_str("configure BIRD: a file of ours changed since it read them")
            }
            Step::ConfigureBird { present, absent } => {
                let sessions = present.iter().filter(|owner| **owner != Owner::Pop).count();
                write!(out, "configure BIRD for {} BGP session(s)", sessions + absent.len())
            }
            Step::EnableBgp(_, protocol) => write!(out, "enable BGP session {protocol}"),
            Step::AddAddress(address) => write!(out, "add address {address} to lo"),
            Step::SetSysctl { name, old, new } => write!(out, "set {name} {old} -> {new}"),
        }
    }
}

// Whose a link, a file or a BGP session is; [`super::naming`] has the names.

/// What a link, a file or a BGP session is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// This POP as a whole: files that all BGP sessions share.
    Pop,
    /// The way to another POP of the same network.
    Mesh(PopName),
    /// A peering with this AS.
    Peering(Asn),
}

impl Owner {
    /// The AS number, if it is a peering.
    pub fn asn(self) -> Option<Asn> {
        match self {
            Owner::Peering(asn) => Some(asn),
            Owner::Pop | Owner::Mesh(_) => None,
        }
    }
}

impl From<Asn> for Owner {
    fn from(asn: Asn) -> Owner {
        Owner::Peering(asn)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Pop => out.write_str("this POP"),
            Owner::Mesh(pop) => write!(out, "POP {pop}"),
            Owner::Peering(asn) => write!(out, "{asn}"),
        }
    }
}

#[cfg(test)]
mod tests;
