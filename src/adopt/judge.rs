//! Which of what was made by hand can become a peering: tunnels and BGP sessions in pairs, each
//! judged by itself and by what the POP has.

use super::bird::Session;
use super::reason::Reason;
use super::wg_quick::{OwnAddress, OwnKey, Tunnel, TunnelPeer, read};
use super::{Found, Keeper, Row, Taken, TunnelFile, Verdict};
use crate::limits::IFNAME_BYTES_MAX;
use crate::model::{Asn, Families, LinkLocal, Mntner, WgKey};
use crate::registry::Index;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// What is there already, and what decides.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// Our AS number.
    pub asn: Asn,
    /// Our WireGuard public key.
    pub key: WgKey,
    /// The file of our private key.
    pub key_file: &'a Path,
    /// The directories of wg-quick's files, ours first.
    pub directories: &'a [&'a Path],
    /// Who maintains which AS number.
    pub registry: &'a Index,
    /// The links of the machine.
    pub links: &'a BTreeMap<String, LinkKind>,
    /// The peerings, and the links to other POPs.
    pub known: &'a [Known],
}

/// What a link is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// WireGuard, the kernel's or a program's.
    WireGuard,
    /// Anything else, in the kernel's word.
    Other(String),
}

/// Something of ours that has a name and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The member's AS number; `None`: a link to another POP.
    pub asn: Option<Asn>,
    /// The link's name.
    pub link: String,
    /// The port that it listens on.
    pub port: u16,
    /// BIRD's protocol.
    pub protocol: String,
    /// Was it imported?
    pub is_imported: bool,
}

/// What is judged, and by what.
struct Judge<'a> {
    world: &'a World<'a>,
    tunnels: BTreeMap<&'a str, &'a TunnelFile>,
    /// Each with the link that it runs over.
    sessions: Vec<(&'a Session, Option<&'a str>)>,
    /// The ports of those that were taken.
    ports: BTreeSet<u16>,
}

/// Judges everything that was found; first what is taken, then what is there already, then the
/// rest, each by AS number and link.
pub fn judge(found: &Found, world: &World<'_>) -> Vec<Row> {
    let mut judging = Judge::new(found, world);
    let mut rows = Vec::new();
    for (session, link) in judging.sessions.clone() {
        rows.push(Row {
            asn: session.asn.and_then(|number| Asn::new(number).ok()),
            link: link.map(str::to_string),
            protocol: Some(session.protocol.clone()).filter(|name| !name.is_empty()),
            bird_file: Some(session.file.clone()),
            verdict: judging.session(session, link).unwrap_or_else(Verdict::NotTaken),
        });
    }
    for link in judging.unused() {
        let verdict = Verdict::NotTaken(judging.why_unused(link));
        let link = Some(link.to_string());
        rows.push(Row { asn: None, link, protocol: None, bird_file: None, verdict });
    }
    rows.sort_by(|one, other| one.order().cmp(&other.order()));
    rows
}

impl<'a> Judge<'a> {
    /// What is ours anyway, and what is inside our own network, is not looked at.
    fn new(found: &'a Found, world: &'a World<'a>) -> Judge<'a> {
        let ours: Vec<&Known> = world.known.iter().filter(|known| !known.is_imported).collect();
        let mut tunnels = BTreeMap::new();
        for file in &found.tunnels {
            if !ours.iter().any(|known| known.link == file.link) {
                tunnels.entry(file.link.as_str()).or_insert(file);
            }
        }
        let mut addresses = Vec::new();
        for file in &found.tunnels {
            let tunnel = read(&file.text, &file.link).unwrap_or_default();
            addresses.push((file.link.as_str(), tunnel.addresses));
        }
        let mut sessions = Vec::new();
        for session in &found.sessions {
            let named = session.interface.as_deref();
            let link = named.or_else(|| link_by_address(session, &addresses));
            let is_ours = ours
                .iter()
                .any(|name| name.protocol == session.protocol || Some(name.link.as_str()) == link);
            let is_inside = session.is_internal || session.asn == Some(world.asn.get());
            if !is_inside && !is_ours {
                sessions.push((session, link));
            }
        }
        Judge { world, tunnels, sessions, ports: BTreeSet::new() }
    }

    fn session(&mut self, session: &Session, link: Option<&str>) -> Result<Verdict, Reason> {
        if self.is_imported(session) {
            return Ok(Verdict::There);
        }
        let neighbour = session.neighbour.ok_or(Reason::NoNeighbour)?;
        let asn = session.asn.and_then(|number| Asn::new(number).ok()).ok_or(Reason::NoAsn)?;
        let link = link.ok_or(Reason::NoLink)?;
        if !is_link_name(link) {
            return Err(Reason::LinkName);
        }
        self.is_alone(session, link)?;
        self.is_wireguard(link)?;
        let tunnel = self.tunnel(link)?;
        let remote = link_local(&tunnel, neighbour)?;
        if session.is_disabled {
            return Err(Reason::Disabled);
        }
        if session.protocol.is_empty() {
            return Err(Reason::Unnamed);
        }
        let peer = the_peer(&tunnel)?;
        let listen_port = tunnel.listen_port.ok_or(Reason::NoPort)?;
        let local = local_address(&tunnel, remote)?;
        let taken = Taken {
            asn,
            maintainer: self.maintainer(asn)?,
            link: link.to_string(),
            listen_port,
            own_key: self.own_key(&tunnel)?,
            local,
            remote,
            key: peer.key.as_ref().ok_or(Reason::NoPeerKey)?.value,
            preshared_key: peer.preshared_key.as_ref().map(|placed| placed.value.clone()),
            endpoint: peer.endpoint.as_ref().map(|placed| placed.value.clone()),
            mtu: tunnel.mtu.as_ref().map(|placed| placed.value),
            allowed_ips: peer.allowed_ips.clone(),
            keepalive_s: peer.keepalive_s,
            families: session.families.unwrap_or(Families::Both),
            protocol: session.protocol.clone(),
            bird_file: session.file.clone(),
            keeper: Keeper::Operator,
        };
        self.is_free(&taken)?;
        self.ports.insert(listen_port.get());
        Ok(Verdict::Taken(Box::new(taken)))
    }

    fn is_imported(&self, session: &Session) -> bool {
        let imported = self.world.known.iter().filter(|known| known.is_imported);
        imported.map(|name| &name.protocol).any(|name| *name == session.protocol)
    }

    /// Is it the only session with this AS, and over this link?
    fn is_alone(&self, session: &Session, link: &str) -> Result<(), Reason> {
        let mut group = Vec::new();
        for (other, other_link) in &self.sessions {
            if other.asn == session.asn || *other_link == Some(link) {
                group.push(*other);
            }
        }
        if group.len() <= 1 {
            return Ok(());
        }
        let carried: Vec<Families> = group.iter().filter_map(|session| carried(session)).collect();
        let is_split = carried.contains(&Families::V4) && carried.contains(&Families::V6);
        let versions: BTreeSet<bool> = group
            .iter()
            .filter_map(|session| session.neighbour)
            .map(|session| session.is_ipv4())
            .collect();
        if is_split || versions.len() > 1 {
            return Err(Reason::Split);
        }
        Err(Reason::SeveralSessions(group.iter().map(|session| session.protocol.clone()).collect()))
    }

    fn is_wireguard(&self, link: &str) -> Result<(), Reason> {
        match self.world.links.get(link) {
            Some(LinkKind::WireGuard) => Ok(()),
            Some(LinkKind::Other(kind)) => Err(Reason::OtherLink(kind.clone())),
            None => Err(Reason::LinkGone),
        }
    }

    fn tunnel(&self, link: &str) -> Result<Tunnel, Reason> {
        let mut path = PathBuf::new();
        for directory in self.world.directories {
            path = directory.join(format!("{link}.conf"));
            if let Some(file) = self.tunnels.get(link)
                && file.path == path
            {
                return read(&file.text, link).map_err(|fault| Reason::Unreadable(path, fault));
            }
        }
        Err(Reason::NoFile(path))
    }

    fn own_key(&self, tunnel: &Tunnel) -> Result<Option<WgKey>, Reason> {
        match &tunnel.private_key {
            OwnKey::Here(secret) => {
                let key = secret.public();
                Ok(Some(key).filter(|key| *key != self.world.key))
            }
            OwnKey::File(file) if Path::new(file) == self.world.key_file => Ok(None),
            OwnKey::File(file) => Err(Reason::KeyElsewhere(file.clone())),
            OwnKey::Missing => Err(Reason::NoKey),
        }
    }

    /// Does nothing of ours, and nothing that was taken before, have what this one has?
    fn is_free(&self, taken: &Taken) -> Result<(), Reason> {
        let port = taken.listen_port.get();
        for known in self.world.known {
            if known.asn == Some(taken.asn) {
                return Err(Reason::HasPeering(taken.asn));
            }
            if known.link == taken.link {
                return Err(Reason::Clash(format!("link {}", taken.link)));
            }
            if known.protocol == taken.protocol {
                return Err(Reason::Clash(format!("protocol {}", taken.protocol)));
            }
        }
        if self.ports.contains(&port) || self.world.known.iter().any(|known| known.port == port) {
            return Err(Reason::Clash(format!("port {port}")));
        }
        Ok(())
    }

    /// Whose peering it becomes: of several maintainers, the first that could log in.
    fn maintainer(&self, asn: Asn) -> Result<Mntner, Reason> {
        let registry = self.world.registry;
        if !registry.knows(asn) {
            return Err(Reason::NotRegistered(asn));
        }
        let mut names = Vec::new();
        for name in registry.owners(asn) {
            let found = registry.maintainer(name);
            if found.is_some_and(|maintainer| !maintainer.keys().is_empty() || maintainer.has_pgp())
            {
                return Ok(name.clone());
            }
            names.push(name.as_str());
        }
        if names.is_empty() {
            return Err(Reason::NoMaintainer(asn));
        }
        Err(Reason::NoKeys(names.join(", ")))
    }

    /// The tunnels that no session runs over.
    fn unused(&self) -> Vec<&'a str> {
        let used: BTreeSet<&str> = self.sessions.iter().filter_map(|pair| pair.1).collect();
        self.tunnels.keys().filter(|link| !used.contains(*link)).copied().collect()
    }

    fn why_unused(&self, link: &str) -> Reason {
        match self.tunnel(link) {
            Err(reason) => reason,
            Ok(tunnel) if is_ipv4_only(&tunnel) => Reason::Ipv4Tunnel,
            Ok(_) => Reason::NoSession,
        }
    }
}

/// Can a link of this name be kept? It stands in files and in commands.
fn is_link_name(link: &str) -> bool {
    let is_plain =
        link.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.=+@".contains(&byte));
    is_plain && !link.starts_with(['-', '.']) && (1..=IFNAME_BYTES_MAX).contains(&link.len())
}

/// The link of a session that names none: the one with an address that leads to its neighbour.
fn link_by_address<'a>(
    session: &Session,
    addresses: &[(&'a str, Vec<OwnAddress>)],
) -> Option<&'a str> {
    let neighbour = session.neighbour?;
    let leads =
        addresses.iter().find(|(_, own)| own.iter().any(|address| reaches(address, neighbour)));
    leads.map(|(link, _)| *link)
}

/// Does this address of ours lead to that one of theirs?
fn reaches(own: &OwnAddress, theirs: IpAddr) -> bool {
    match &own.peer {
        Some(peer) => peer.value.get() == theirs,
        None => {
            let network = IpNet::new(own.local.get(), own.length);
            own.local.get() != theirs && network.is_ok_and(|network| network.contains(&theirs))
        }
    }
}

/// The one family that a session carries; `None`: both, or it is not known.
fn carried(session: &Session) -> Option<Families> {
    session.families.filter(|families| *families != Families::Both)
}

fn is_ipv4_only(tunnel: &Tunnel) -> bool {
    let addresses = &tunnel.addresses;
    !addresses.is_empty() && addresses.iter().all(|address| address.local.get().is_ipv4())
}

fn link_local(tunnel: &Tunnel, neighbour: IpAddr) -> Result<LinkLocal, Reason> {
    if is_ipv4_only(tunnel) {
        return Err(Reason::Ipv4Tunnel);
    }
    if neighbour.is_ipv4() {
        return Err(Reason::Ipv4Session);
    }
    neighbour.to_string().parse().map_err(|_| Reason::NotLinkLocal(neighbour))
}

fn the_peer(tunnel: &Tunnel) -> Result<&TunnelPeer, Reason> {
    match tunnel.peers.as_slice() {
        [peer] => Ok(peer),
        several => Err(Reason::Peers(several.len())),
    }
}

/// Our address that leads to the neighbour.
fn local_address(tunnel: &Tunnel, remote: LinkLocal) -> Result<LinkLocal, Reason> {
    let theirs = IpAddr::V6(remote.get());
    let own = tunnel.addresses.iter().filter(|address| reaches(address, theirs));
    let mut own = own.filter_map(|own| own.local.as_str().parse().ok());
    own.next().ok_or(Reason::NoAddress(theirs))
}

#[cfg(test)]
mod tests;
