//! A peering: what a member asked for, and the addresses and names that follow from it.
//!
//! Two ways lead to a [`Peering`]. A member's answers go through [`vet`], which refuses everything
//! that is not plainly right. A row of the database goes through [`Peering::read`], which keeps
//! serving what was let in long ago, says what would be refused today, and gives up only on what
//! would endanger the kernel or BIRD's parser.

pub mod adopted;
pub mod audit_log;
pub mod ban;
pub mod files;
pub mod forms;
pub mod history;
pub mod pasted;
pub mod policy;
pub mod vet;

mod row;

use crate::model::{Asn, Endpoint, Families, LinkLocal, Mntner, Port, WgKey, WgSecret};
use adopted::Adopted;
use std::fmt;
use std::num::NonZeroU16;
use std::rc::Rc;

pub use row::{Objection, Row, Unservable};

/// The number of a peering: 1 to 65535, the lowest that is free, used again after a removal.
pub type PeeringId = NonZeroU16;

/// Counts the changes: what is saved has a generation, and what is applied has reached one.
pub type Generation = i64;

/// What a peering is meant to be, by its member and the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Status {
    /// To be served.
    #[default]
    Active,
    /// Waits for the operator's approval.
    Pending,
    /// Switched off by its member.
    Disabled,
    /// Switched off by the operator.
    Suspended,
}

/// A peering that somebody asked to take down, until the apply loop has done so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    pub asn: Asn,
    /// The generation that ended it.
    pub generation: Generation,
}

/// A peering that can be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peering {
    pub id: PeeringId,
    /// The member's AS number.
    pub asn: Asn,
    /// The member's WireGuard public key.
    pub key: WgKey,
    /// Where the member's WireGuard listens; `None`: they call us.
    pub endpoint: Option<Endpoint>,
    /// The link-local address that the member chose; `None`: one of ours.
    pub link_local: Option<LinkLocal>,
    /// Is it to be served?
    pub status: Status,
    /// The largest packet in bytes, where one was asked for.
    pub mtu: Option<u32>,
    /// The preshared key, where one was agreed.
    pub preshared_key: Option<WgSecret>,
    /// Whose routes the BGP session carries.
    pub families: Families,
    /// Who asked for it, where that is known.
    pub maintainer: Option<Mntner>,
    /// What it keeps from the time before it was a peering of ours.
    pub adopted: Option<Rc<Adopted>>,
}

/// What is the same for all peerings of a POP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Our AS number.
    pub asn: Asn,
    /// Our public host name, where members send their packets.
    pub name: String,
    /// What our network is called.
    pub network: String,
    /// Our WireGuard public key.
    pub key: WgKey,
    /// Text before `1:<id>` and `2:<id>` in addresses of ours; not in canonical form, kept as
    /// written.
    pub link_local_prefix: String,
    /// Our link-local address where the member chose theirs.
    pub local_address: LinkLocal,
    /// Our port is this plus the id.
    pub base_port: u16,
}

impl Site {
    /// The UDP port that we listen on for a peering.
    pub fn port(&self, peering: &Peering) -> Option<Port> {
        match &peering.adopted {
            Some(adopted) => Some(adopted.listen_port),
            None => self.port_of(peering.id),
        }
    }

    /// The UDP port that follows from an id.
    pub fn port_of(&self, id: PeeringId) -> Option<Port> {
        Port::new(self.base_port.checked_add(id.get())?)
    }

    /// Our public key on the link of a peering.
    pub fn key_for(&self, peering: &Peering) -> WgKey {
        let own = peering.adopted.as_ref().and_then(|adopted| adopted.own_key);
        own.unwrap_or(self.key)
    }

    /// The highest id whose port is still a port.
    pub fn id_max(&self) -> u16 {
        u16::MAX - self.base_port
    }

    /// The member's address on the link: what they chose, else `<prefix>2:<id>`.
    pub fn remote(&self, peering: &Peering) -> Option<LinkLocal> {
        peering.link_local.or_else(|| self.automatic(2, peering.id))
    }

    /// Our address on the link: `<prefix>1:<id>` if theirs begins, as text, with the prefix; else
    /// the one that all other links share. The comparison is one of texts, as it always was.
    pub fn local(&self, peering: &Peering) -> Option<LinkLocal> {
        if let Some(adopted) = &peering.adopted {
            return Some(adopted.local);
        }
        match peering.link_local {
            Some(theirs) if !theirs.as_str().starts_with(&self.link_local_prefix) => {
                Some(self.local_address)
            }
            _ => self.automatic(1, peering.id),
        }
    }

    fn automatic(&self, side: u8, id: PeeringId) -> Option<LinkLocal> {
        format!("{}{side}:{:x}", self.link_local_prefix, id).parse().ok()
    }

    /// Is this one of the addresses that we give out ourselves, on either side of a link?
    pub fn is_automatic(&self, address: LinkLocal) -> bool {
        let Ok(base) = format!("{}1:0", self.link_local_prefix).parse::<LinkLocal>() else {
            return false;
        };
        let (base, bits) = (u128::from(base.get()), u128::from(address.get()));
        base >> 32 == bits >> 32 && matches!(bits >> 16 & 0xffff, 1 | 2)
    }
}

impl Status {
    /// The word for it, in the database and in answers.
    pub fn word(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Pending => "pending",
            Status::Disabled => "disabled",
            Status::Suspended => "suspended",
        }
    }

    /// Reads [`Status::word`]. What cannot be read is treated as suspended: nothing is served
    /// that somebody may have switched off.
    pub fn from_word(word: &str) -> Status {
        match word {
            "active" => Status::Active,
            "pending" => Status::Pending,
            "disabled" => Status::Disabled,
            _ => Status::Suspended,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.word())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The POP of the examples.
    pub(crate) fn site() -> Site {
        Site {
            asn: "4242420263".parse().unwrap(),
            name: "pop.example.net".into(),
            network: "Example Network".into(),
            key: "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=".parse().unwrap(),
            link_local_prefix: "fe80:0263::".into(),
            local_address: "fe80::263".parse().unwrap(),
            base_port: 52000,
        }
    }

    /// A peering with everything given by hand.
    pub(crate) fn peering(id: u16, asn: u32, link_local: Option<&str>) -> Peering {
        Peering {
            id: id.try_into().unwrap(),
            asn: Asn::new(asn).unwrap(),
            key: WgKey::new([u8::try_from(id).unwrap(); 32]).unwrap(),
            endpoint: Some(Endpoint {
                host: "node.example.org".parse().unwrap(),
                port: "20263".parse().unwrap(),
            }),
            link_local: link_local.map(|it| it.parse().unwrap()),
            status: Status::Active,
            mtu: None,
            preshared_key: None,
            families: Families::Both,
            maintainer: None,
            adopted: None,
        }
    }

    #[test]
    fn addresses_follow_the_id_and_the_text_of_the_prefix() {
        let site = site();
        for (theirs, remote, local) in [
            (None, "fe80:0263::2:11", "fe80:0263::1:11"),
            (Some("fe80::1"), "fe80::1", "fe80::263"),
            (Some("fe80:0263::2:9"), "fe80:0263::2:9", "fe80:0263::1:11"),
            (Some("fe80:263::2:9"), "fe80:263::2:9", "fe80::263"),
        ] {
            let peering = peering(17, 4242420001, theirs);
            assert_eq!(site.remote(&peering).unwrap().as_str(), remote);
            assert_eq!(site.local(&peering).unwrap().as_str(), local);
        }
        assert_eq!(site.port_of(17.try_into().unwrap()).unwrap().get(), 52017);
        assert_eq!(site.port_of(site.id_max().try_into().unwrap()).unwrap().get(), 65535);
        assert_eq!(site.port_of((site.id_max() + 1).try_into().unwrap()), None);
    }

    #[test]
    fn automatic_addresses_are_known_in_any_spelling() {
        let automatic = |text: &str| site().is_automatic(text.parse().unwrap());
        assert!(automatic("fe80:263::1:11") && automatic("fe80:0263::2:ffff"));
        assert!(
            !automatic("fe80:263::3:1") && !automatic("fe80::263") && !automatic("fe80:263::1")
        );
    }
}
