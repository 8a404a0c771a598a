//! What was answered, and so must be: pure.
//!
//! A command that was answered "done" (or "saved") changes the model; one that was refused does
//! not. Where the answer was lost, because the service was killed over it, both are right until the
//! next quiet moment tells which.

use std::collections::{BTreeMap, BTreeSet};

/// What peerings there are.
#[derive(Default)]
pub struct Model {
    pub peerings: BTreeMap<u32, Peering>,
    /// Commands whose answers were lost.
    pub doubts: BTreeMap<u32, Command>,
    /// AS numbers and maintainers against whom a ban stands.
    pub banned_asns: BTreeSet<u32>,
    pub banned_members: BTreeSet<String>,
    /// How often somebody's hands spoilt a peering since the service had a reason to forget that.
    pub damage: BTreeMap<u32, usize>,
}

/// A peering as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peering {
    /// `None`: whatever it got.
    pub id: Option<u32>,
    pub key: String,
    pub endpoint: Option<(String, u32)>,
    /// `None`: one from the POP.
    pub link_local: Option<String>,
    pub mtu: Option<u32>,
    pub psk: Psk,
    pub families: &'static str,
    pub standing: Standing,
}

/// A preshared key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Psk {
    Absent,
    Key(String),
    /// The POP made one, and the answer that had it was lost.
    Made,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Active,
    Pending,
    Disabled,
    Suspended,
}

/// A command that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Create(u32, Wish),
    Edit(u32, Wish),
    Remove(u32),
    Disable(u32),
    Enable(u32),
    Suspend(u32),
    Approve(u32),
    Reject(u32),
    Ban(Banned),
    Unban(Banned),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Banned {
    Asn(u32),
    Member(String),
}

/// What is said of a peering; `None`: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub key: Option<String>,
    pub endpoint: Option<Option<(String, u32)>>,
    pub link_local: Option<Option<String>>,
    pub mtu: Option<u32>,
    pub psk: Option<Wanted>,
    pub families: Option<&'static str>,
}

/// What is said of a preshared key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Absent,
    Key(String),
    Generate,
}

/// What an answer tells that only the POP could decide.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub id: Option<u32>,
    pub psk: Option<String>,
    pub pending: bool,
}

impl Standing {
    /// The word for it in the database.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Active => "active",
            Standing::Pending => "pending",
            Standing::Disabled => "disabled",
            Standing::Suspended => "suspended",
        }
    }
}

impl Command {
    /// Whose peering it is about.
    pub fn asn(&self) -> Option<u32> {
        match self {
            Command::Create(asn, _) | Command::Edit(asn, _) => Some(*asn),
            Command::Remove(asn) | Command::Disable(asn) | Command::Enable(asn) => Some(*asn),
            Command::Suspend(asn) | Command::Approve(asn) | Command::Reject(asn) => Some(*asn),
            Command::Ban(_) | Command::Unban(_) => None,
        }
    }

    /// Is it for administrators alone?
    pub fn is_for_admins(&self) -> bool {
        match self {
            Command::Create(..) | Command::Edit(..) | Command::Remove(_) => false,
            Command::Disable(_) | Command::Enable(_) => false,
            Command::Suspend(_) | Command::Approve(_) | Command::Reject(_) => true,
            Command::Ban(_) | Command::Unban(_) => true,
        }
    }

    /// As it is typed, but for `--wait` and `--json`.
    pub fn line(&self) -> String {
        match self {
            Command::Create(asn, wish) => format!("peer_create --asn {asn}{} --yes", wish.flags()),
            Command::Edit(asn, wish) => format!("peer_edit --asn {asn}{} --yes", wish.flags()),
            Command::Remove(asn) => format!("peer_remove --asn {asn} --yes"),
            Command::Disable(asn) => format!("peer_disable --asn {asn}"),
            Command::Enable(asn) => format!("peer_enable --asn {asn}"),
            Command::Suspend(asn) => format!("peer_suspend --asn {asn} --reason storm --yes"),
            Command::Approve(asn) => format!("peer_approve --asn {asn}"),
            Command::Reject(asn) => format!("peer_reject --asn {asn} --reason storm --yes"),
            Command::Ban(Banned::Asn(asn)) => format!("ban --asn {asn} --reason storm --yes"),
            Command::Ban(Banned::Member(name)) => {
                format!("ban --maintainer {name} --reason storm --yes")
            }
            Command::Unban(Banned::Asn(asn)) => format!("unban --asn {asn}"),
            Command::Unban(Banned::Member(name)) => format!("unban --maintainer {name}"),
        }
    }

    /// Is there something to wait for?
    pub fn can_wait(&self) -> bool {
        !matches!(self, Command::Reject(_) | Command::Ban(_) | Command::Unban(_))
    }

    /// What becomes of its peering when it is done.
    pub fn after(&self, before: Option<&Peering>, told: &Told) -> Option<Peering> {
        let standing = |standing| before.map(|it| Peering { standing, ..it.clone() });
        match self {
            Command::Create(_, wish) => match before {
                // It was there already, and just so.
                Some(before) => Some(before.clone()),
                None => Some(wish.made(told)),
            },
            Command::Edit(_, wish) => before.map(|it| wish.changed(it, told)),
            Command::Remove(_) | Command::Reject(_) => None,
            Command::Disable(_) => standing(Standing::Disabled),
            Command::Enable(_) | Command::Approve(_) => standing(Standing::Active),
            Command::Suspend(_) => standing(Standing::Suspended),
            Command::Ban(_) | Command::Unban(_) => before.cloned(),
        }
    }
}

impl Wish {
    fn flags(&self) -> String {
        let mut flags = String::new();
        if let Some(key) = &self.key {
            flags += &format!(" --wg-pub-key {key}");
        }
        match &self.endpoint {
            Some(Some((host, port))) => {
                flags += &format!(" --endpoint-addr {host} --endpoint-port {port}");
            }
            Some(None) => flags += " --endpoint-addr none",
            None => {}
        }
        if let Some(address) = &self.link_local {
            flags += &format!(" --link-local {}", address.as_deref().unwrap_or("auto"));
        }
        if let Some(mtu) = self.mtu {
            flags += &format!(" --mtu {mtu}");
        }
        match &self.psk {
            Some(Wanted::Absent) => flags += " --psk none",
            Some(Wanted::Key(key)) => flags += &format!(" --psk {key}"),
            Some(Wanted::Generate) => flags += " --psk generate",
            None => {}
        }
        if let Some(families) = self.families {
            flags += &format!(" --families {families}");
        }
        flags
    }

    fn made(&self, told: &Told) -> Peering {
        let standing = if told.pending { Standing::Pending } else { Standing::Active };
        let empty = Peering {
            id: told.id,
            key: String::new(),
            endpoint: None,
            link_local: None,
            mtu: None,
            psk: Psk::Absent,
            families: "both",
            standing,
        };
        self.changed(&empty, told)
    }

    fn changed(&self, before: &Peering, told: &Told) -> Peering {
        Peering {
            id: before.id,
            key: self.key.clone().unwrap_or(before.key.clone()),
            endpoint: self.endpoint.clone().unwrap_or(before.endpoint.clone()),
            link_local: self.link_local.clone().unwrap_or(before.link_local.clone()),
            mtu: self.mtu.or(before.mtu),
            psk: match (&self.psk, &told.psk) {
                (None, _) => before.psk.clone(),
                (Some(Wanted::Absent), _) => Psk::Absent,
                (Some(Wanted::Key(key)), _) => Psk::Key(key.clone()),
                (Some(Wanted::Generate), Some(key)) => Psk::Key(key.clone()),
                (Some(Wanted::Generate), None) => Psk::Made,
            },
            families: self.families.unwrap_or(before.families),
            standing: before.standing,
        }
    }
}

impl Model {
    /// A command was answered "done" or "saved". `is_member`: it was not an administrator's.
    pub fn done(&mut self, command: &Command, told: &Told, by_member: ByMember) {
        match command {
            Command::Ban(Banned::Asn(asn)) => drop(self.banned_asns.insert(*asn)),
            Command::Ban(Banned::Member(name)) => drop(self.banned_members.insert(name.clone())),
            Command::Unban(Banned::Asn(asn)) => drop(self.banned_asns.remove(asn)),
            Command::Unban(Banned::Member(name)) => drop(self.banned_members.remove(name)),
            _ => {}
        }
        let Some(asn) = command.asn() else { return };
        let before = self.peerings.remove(&asn);
        let was_suspended = before.as_ref().is_some_and(|it| it.standing == Standing::Suspended);
        if matches!(command, Command::Remove(_)) && was_suspended && by_member == ByMember::Yes {
            self.banned_asns.insert(asn);
        }
        let after = command.after(before.as_ref(), told);
        if before != after {
            self.damage.remove(&asn);
        }
        if let Some(after) = after {
            self.peerings.insert(asn, after);
        }
    }

    /// Its answer was lost.
    pub fn doubt(&mut self, command: &Command) {
        if let Some(asn) = command.asn() {
            self.doubts.insert(asn, command.clone());
        }
    }

    /// Peerings with this standing that are known for sure.
    pub fn with(&self, standing: Standing) -> Vec<u32> {
        let known = |asn: &u32| !self.doubts.contains_key(asn);
        let fits = self.peerings.iter().filter(|(_, it)| it.standing == standing);
        fits.map(|(asn, _)| *asn).filter(known).collect()
    }

    /// Those that must be on the machine.
    pub fn served(&self) -> BTreeMap<u32, &Peering> {
        let served = |it: &(&u32, &Peering)| it.1.standing == Standing::Active;
        self.peerings.iter().filter(served).map(|(asn, it)| (*asn, it)).collect()
    }

    /// Somebody's hands were at a peering.
    pub fn spoil(&mut self, asn: u32) {
        *self.damage.entry(asn).or_default() += 1;
    }
}

/// Did a member say it, or an administrator?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByMember {
    Yes,
    No,
}

impl Peering {
    /// The member's address on the link.
    pub fn remote(&self, id: u32) -> String {
        self.link_local.clone().unwrap_or(format!("fe80:263::2:{id:x}"))
    }

    /// Ours.
    pub fn local(&self, id: u32) -> String {
        match self.link_local {
            Some(_) => "fe80::263".to_owned(),
            None => format!("fe80:263::1:{id:x}"),
        }
    }
}
