//! What should be, what is, and the steps from one to the other. Pure: the same values always give
//! the same steps, and values that agree give none.
//!
//! Order matters twice. A link comes before the BIRD file that names it, so that the BGP session
//! finds its interface. When a peering ends, BIRD lets go first, so that the BGP session is closed
//! with a word, and only then does the link go, unless a new peering already waits for its port.

pub mod bird;
pub mod drift;
pub mod latency;
pub mod show;
pub mod wireguard;

use crate::model::{Asn, IfName};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use wireguard::{EndpointRule, LinkActual, LinkWanted};

/// What should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The peerings to be served.
    pub peerings: BTreeMap<Asn, PeeringWanted>,
    /// Those that somebody asked to take down. Nothing else is ever removed.
    pub ended: Vec<Asn>,
}

/// One peering as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeeringWanted {
    /// The content of `wg-as<ASN>.conf`.
    pub conf: String,
    /// The content of `ebgp_as<ASN>`.
    pub bird: String,
    /// The link; `None` where WireGuard is left to files.
    pub link: Option<LinkWanted>,
}

/// What is. Only what is ours by name is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actual {
    /// The files `wg-as<ASN>.conf`.
    pub confs: BTreeMap<Asn, String>,
    /// The files `ebgp_as<ASN>`.
    pub birds: BTreeMap<Asn, String>,
    /// The links `wg-as<ASN>`.
    pub links: BTreeMap<IfName, LinkActual>,
    /// The protocols `ebgp_as<ASN>_v6` that BIRD runs; `None`: not asked.
    pub protocols: Option<BTreeSet<Asn>>,
    /// Those among them that somebody disabled.
    pub disabled: BTreeSet<Asn>,
}

/// A kind of file that we keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// `wg-as<ASN>.conf`, readable by its owner only: it holds the private key.
    WireGuard,
    /// `ebgp_as<ASN>`, readable by BIRD.
    Bird,
}

/// One thing to do, with what was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write a file that is absent (`old` is `None`) or different.
    WriteFile {
        /// Which file.
        kind: FileKind,
        /// Whose.
        asn: Asn,
        /// What it holds now.
        old: Option<String>,
        /// What it is to hold.
        new: String,
    },
    /// Remove a file of a peering that ended.
    RemoveFile {
        /// Which file.
        kind: FileKind,
        /// Whose.
        asn: Asn,
        /// What it holds now.
        old: String,
    },
    /// Make a link that is absent.
    CreateLink(LinkWanted),
    /// Change a link in place.
    ChangeLink(LinkWanted, LinkActual),
    /// Remove the link of a peering that ended.
    RemoveLink(IfName),
    /// Let BIRD read its files; the protocols in question must be there (or gone) afterwards.
    ConfigureBird {
        /// Protocols that must be there.
        present: Vec<Asn>,
        /// Protocols that must be gone.
        absent: Vec<Asn>,
    },
    /// Enable a BGP session that somebody disabled.
    EnableBgp(Asn),
}

impl FileKind {
    /// The file's name.
    pub fn name(self, asn: Asn) -> String {
        match self {
            FileKind::WireGuard => format!("{}.conf", IfName::of(asn)),
            FileKind::Bird => bird::file_name(asn),
        }
    }

    /// Whose file this is, if it is ours by its name.
    pub fn owner(self, name: &str) -> Option<Asn> {
        match self {
            FileKind::WireGuard => IfName::owner(name.strip_suffix(".conf")?),
            FileKind::Bird => bird::file_owner(name),
        }
    }
}

impl Step {
    /// Whose peering it concerns; `None` for what concerns all.
    pub fn asn(&self) -> Option<Asn> {
        match self {
            Step::WriteFile { asn, .. } | Step::RemoveFile { asn, .. } => Some(*asn),
            Step::EnableBgp(asn) => Some(*asn),
            Step::CreateLink(link) | Step::ChangeLink(link, _) => IfName::owner(link.name.as_str()),
            Step::RemoveLink(name) => IfName::owner(name.as_str()),
            Step::ConfigureBird { .. } => None,
        }
    }
}

/// The steps from `actual` to `wanted`, in the order in which they are to be performed.
pub fn diff(wanted: &Wanted, actual: &Actual) -> Vec<Step> {
    let link = |asn: &Asn| actual.links.get(&IfName::of(*asn));
    let in_the_way = |asn: &Asn| link(asn).is_some_and(|it| holds_a_port(it, wanted));
    let mut steps: Vec<Step> =
        ended(wanted).filter(in_the_way).map(|asn| Step::RemoveLink(IfName::of(asn))).collect();
    for (asn, peering) in &wanted.peerings {
        steps.extend(write(FileKind::WireGuard, *asn, &actual.confs, &peering.conf));
        steps.extend(peering.link.as_ref().and_then(|link| link_step(link, actual)));
    }
    steps.extend(bird_steps(wanted, actual));
    for asn in ended(wanted) {
        if link(&asn).is_some() && !in_the_way(&asn) {
            steps.push(Step::RemoveLink(IfName::of(asn)));
        }
        steps.extend(remove(FileKind::WireGuard, asn, &actual.confs));
    }
    steps
}

/// Peerings of which the machine has something though nobody wants them, and nobody asked to end
/// them either: rows that vanished from the database, a database that was replaced. They are
/// reported and left alone.
pub fn unexplained(wanted: &Wanted, actual: &Actual) -> BTreeSet<Asn> {
    let links = actual.links.keys().filter_map(|name| IfName::owner(name.as_str()));
    let files = actual.confs.keys().chain(actual.birds.keys()).copied();
    let protocols = actual.protocols.iter().flatten().copied();
    let explained = |asn: &Asn| wanted.peerings.contains_key(asn) || wanted.ended.contains(asn);
    links.chain(files).chain(protocols).filter(|asn| !explained(asn)).collect()
}

/// Does a link listen on a port that a peering needs? Ids are used again, and ports with them.
fn holds_a_port(link: &LinkActual, wanted: &Wanted) -> bool {
    let needed = wanted.peerings.values().filter_map(|it| it.link.as_ref());
    needed.map(|it| it.listen_port.get()).any(|port| port == link.listen_port)
}

fn bird_steps(wanted: &Wanted, actual: &Actual) -> Vec<Step> {
    let mut steps: Vec<Step> =
        ended(wanted).filter_map(|asn| remove(FileKind::Bird, asn, &actual.birds)).collect();
    for (asn, peering) in &wanted.peerings {
        steps.extend(write(FileKind::Bird, *asn, &actual.birds, &peering.bird));
    }
    let runs = |asn: &Asn| actual.protocols.as_ref().map(|them| them.contains(asn));
    let touched: BTreeSet<Asn> = steps.iter().filter_map(Step::asn).collect();
    let touched = |asn: &Asn| touched.contains(asn);
    let present = wanted.peerings.keys().filter(|asn| touched(asn) || runs(asn) == Some(false));
    let present: Vec<Asn> = present.copied().collect();
    let absent = ended(wanted).filter(|asn| touched(asn) || runs(asn) == Some(true));
    let absent: Vec<Asn> = absent.collect();
    if !present.is_empty() || !absent.is_empty() {
        steps.push(Step::ConfigureBird { present, absent });
    }
    let disabled = wanted.peerings.keys().filter(|asn| actual.disabled.contains(asn));
    steps.extend(disabled.copied().map(Step::EnableBgp));
    steps
}

/// Those that ended and were not asked for again since.
fn ended(wanted: &Wanted) -> impl Iterator<Item = Asn> {
    wanted.ended.iter().copied().filter(|asn| !wanted.peerings.contains_key(asn))
}

fn write(kind: FileKind, asn: Asn, there: &BTreeMap<Asn, String>, new: &str) -> Option<Step> {
    let old = there.get(&asn).cloned();
    (old.as_deref() != Some(new)).then(|| Step::WriteFile { kind, asn, old, new: new.to_string() })
}

fn remove(kind: FileKind, asn: Asn, there: &BTreeMap<Asn, String>) -> Option<Step> {
    there.get(&asn).map(|old| Step::RemoveFile { kind, asn, old: old.clone() })
}

fn link_step(wanted: &LinkWanted, actual: &Actual) -> Option<Step> {
    match actual.links.get(&wanted.name) {
        None => Some(Step::CreateLink(wanted.clone())),
        Some(there) if wireguard::differs(wanted, there, EndpointRule::Set).is_empty() => None,
        Some(there) => Some(Step::ChangeLink(wanted.clone(), there.clone())),
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::WriteFile { kind, asn, old, .. } => {
                let verb = if old.is_some() { "change" } else { "write" };
                write!(out, "{verb} file {}", kind.name(*asn))
            }
            Step::RemoveFile { kind, asn, .. } => write!(out, "remove file {}", kind.name(*asn)),
            Step::CreateLink(link) => write!(out, "create link {}", link.name),
            Step::ChangeLink(link, there) => {
                write!(out, "change link {}", link.name)?;
                let changes = wireguard::differs(link, there, EndpointRule::Set);
                changes.iter().try_for_each(|change| write!(out, "; {change}"))
            }
            Step::RemoveLink(name) => write!(out, "remove link {name}"),
            Step::ConfigureBird { present, absent } => {
                let count = present.len() + absent.len();
                write!(out, "configure BIRD for {count} BGP session(s)")
            }
            Step::EnableBgp(asn) => {
                write!(out, "enable BGP session {}", bird::protocol_name(*asn))
            }
        }
    }
}

#[cfg(test)]
mod tests;
