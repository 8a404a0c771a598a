//! What the things of peerings and of ways to other POPs are called here, and whose a name is.
//! Everything of ours bears its owner's name, and nothing else is ours.

use super::form::{Form, REFERENCE};
use super::{FileKind, Owner};
use crate::mesh::files as mesh;
use crate::model::{Asn, IfName, NameForm, NameKind};
use std::collections::BTreeMap;

/// How names are made from AS numbers, and the names that were there before peerling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    interface: NameForm,
    protocol: NameForm,
    bird_file: NameForm,
    /// What the form of the BIRD file defines besides the protocol.
    constants: Vec<NameForm>,
    adopted: BTreeMap<Asn, AdoptedNames>,
}

/// The names of a peering that was made by hand and taken over as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedNames {
    /// Its tunnel; the WireGuard file bears the name too.
    pub link: IfName,
    /// BIRD's protocol.
    pub protocol: String,
    /// The file that has the protocol, in the directory of BIRD's files of peerings; `None`: a file
    /// of the operator's.
    pub bird_file: Option<String>,
}

impl Default for Naming {
    /// As the replaced service names things.
    fn default() -> Naming {
        let form = |text, kind| NameForm::parse(text, kind).unwrap_or_default();
        Naming::new(
            form("wg-as${asn}", NameKind::Interface),
            form("ebgp_as${asn}_v6", NameKind::Protocol),
            form("ebgp_as${asn}", NameKind::File),
            &Form::parse(REFERENCE).unwrap_or_default(),
        )
    }
}

impl Naming {
    /// Naming by these forms; `form` says what else a peering's file defines.
    pub fn new(
        interface: NameForm,
        protocol: NameForm,
        bird_file: NameForm,
        form: &Form,
    ) -> Naming {
        let constants = form.constants().to_vec();
        Naming { interface, protocol, bird_file, constants, adopted: BTreeMap::new() }
    }

    /// The same, with peerings that keep the names that they had.
    pub fn with_adopted(self, adopted: BTreeMap<Asn, AdoptedNames>) -> Naming {
        Naming { adopted, ..self }
    }

    /// The peerings that keep the names that they had.
    pub fn adopted(&self) -> &BTreeMap<Asn, AdoptedNames> {
        &self.adopted
    }

    /// Was it made by hand and taken over?
    pub fn is_adopted(&self, asn: Asn) -> bool {
        self.adopted.contains_key(&asn)
    }

    /// The tunnel of a peering.
    pub fn peering_link(&self, asn: Asn) -> IfName {
        match self.adopted.get(&asn) {
            Some(adopted) => adopted.link.clone(),
            None => IfName::from_form(&self.interface, asn),
        }
    }

    /// The tunnel of an owner.
    pub fn link(&self, owner: Owner) -> Option<IfName> {
        match owner {
            Owner::Pop => None,
            Owner::Mesh(pop) => Some(IfName::to_pop(&pop)),
            Owner::Peering(asn) => Some(self.peering_link(asn)),
        }
    }

    /// Whose tunnel this is.
    pub fn link_owner(&self, name: &str) -> Option<Owner> {
        if let Some(pop) = IfName::pop(name) {
            return Some(Owner::Mesh(pop));
        }
        for (asn, adopted) in &self.adopted {
            if adopted.link.as_str() == name {
                return Some(Owner::Peering(*asn));
            }
        }
        self.by_form(&self.interface, name).map(Owner::Peering)
    }

    /// BIRD's protocol for a peering's BGP session.
    pub fn peering_protocol(&self, asn: Asn) -> String {
        match self.adopted.get(&asn) {
            Some(adopted) => adopted.protocol.clone(),
            None => self.protocol.name(asn),
        }
    }

    /// BIRD's protocol for an owner's BGP session.
    pub fn protocol(&self, owner: Owner) -> Option<String> {
        match owner {
            Owner::Pop => None,
            Owner::Mesh(pop) => Some(mesh::ibgp_protocol(&pop)),
            Owner::Peering(asn) => Some(self.peering_protocol(asn)),
        }
    }

    /// The peering whose protocol this is.
    pub fn protocol_peering(&self, name: &str) -> Option<Asn> {
        for (asn, adopted) in &self.adopted {
            if adopted.protocol == name {
                return Some(*asn);
            }
        }
        self.by_form(&self.protocol, name)
    }

    /// BIRD's pattern for the protocols of all peerings, and of others that
    /// [`Naming::protocol_peering`] leaves out.
    pub fn protocol_pattern(&self) -> String {
        if self.adopted.is_empty() { self.protocol.pattern() } else { "*".to_string() }
    }

    /// A file's name.
    pub fn file(&self, kind: FileKind, owner: Owner) -> String {
        let name = match (kind, owner) {
            (FileKind::WireGuard, _) => self.link(owner).map(|link| format!("{link}.conf")),
            (FileKind::Bird, Owner::Peering(asn)) => Some(match self.adopted.get(&asn) {
                Some(adopted) => adopted.bird_file.clone().unwrap_or_default(),
                None => self.bird_file.name(asn),
            }),
            (FileKind::Bird, Owner::Mesh(pop)) => Some(mesh::ibgp_file(&pop)),
            (FileKind::Bird, Owner::Pop) => None,
            (FileKind::RoaIpv4, _) => Some("roa_dn42.conf".to_string()),
            (FileKind::RoaIpv6, _) => Some("roa_dn42_v6.conf".to_string()),
            (FileKind::Babel, _) => Some(mesh::BABEL_FILE.to_string()),
        };
        name.unwrap_or_default()
    }

    /// Whose file this is, if it is ours by its name.
    pub fn file_owner(&self, kind: FileKind, name: &str) -> Option<Owner> {
        match kind {
            FileKind::WireGuard => self.link_owner(name.strip_suffix(".conf")?),
            FileKind::Bird => {
                if let Some(pop) = name.strip_prefix("ibgp_").and_then(|pop| pop.parse().ok()) {
                    return Some(Owner::Mesh(pop));
                }
                for (asn, adopted) in &self.adopted {
                    if adopted.bird_file.as_deref() == Some(name) {
                        return Some(Owner::Peering(*asn));
                    }
                }
                self.by_form(&self.bird_file, name).map(Owner::Peering)
            }
            shared => (self.file(shared, Owner::Pop) == name).then_some(Owner::Pop),
        }
    }

    /// What an owner's file defines in BIRD's one name space.
    pub fn symbols(&self, owner: Owner) -> Vec<String> {
        match owner {
            Owner::Pop => Vec::new(),
            Owner::Mesh(pop) => vec![mesh::ibgp_protocol(&pop)],
            // A file of the operator's defines what it wants.
            Owner::Peering(asn) if self.has_file_of_operator(asn) => Vec::new(),
            Owner::Peering(asn) => {
                let mut symbols: Vec<String> =
                    self.constants.iter().map(|form| form.name(asn)).collect();
                symbols.push(self.peering_protocol(asn));
                symbols
            }
        }
    }

    /// Does its protocol stand in a file of the operator's, which stays theirs?
    pub fn has_file_of_operator(&self, asn: Asn) -> bool {
        self.adopted.get(&asn).is_some_and(|adopted| adopted.bird_file.is_none())
    }

    /// Could a file of ours define this name? Others are of no interest in the operator's files.
    pub fn may_be_ours(&self, symbol: &str) -> bool {
        symbol.starts_with("ibgp_")
            || self.protocol_peering(symbol).is_some()
            || self.constants.iter().any(|form| form.owner(symbol).is_some())
    }

    /// A name that is made from the number of an adopted peering is nobody's: that one has another.
    fn by_form(&self, form: &NameForm, name: &str) -> Option<Asn> {
        let asn = form.owner(name)?;
        if self.adopted.contains_key(&asn) { None } else { Some(asn) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adopted() -> Naming {
        let adopted = AdoptedNames {
            link: IfName::from_name("dn42-example").unwrap(),
            protocol: "EXAMPLE_4242".to_string(),
            bird_file: Some("example.conf".to_string()),
        };
        Naming::default().with_adopted(BTreeMap::from([("4242420002".parse().unwrap(), adopted)]))
    }

    #[test]
    fn a_thing_is_ours_only_by_its_exact_name() {
        let peering = Owner::Peering("4242420001".parse().unwrap());
        let other = Owner::Peering("4242420002".parse().unwrap());
        let pop = Owner::Mesh("nl-ams1".parse().unwrap());
        for (naming, owner) in
            [(Naming::default(), peering), (Naming::default(), pop), (adopted(), other)]
        {
            let link = naming.link(owner).unwrap();
            assert_eq!(naming.link_owner(link.as_str()), Some(owner));
            let protocol = naming.protocol(owner).unwrap();
            assert_eq!(naming.protocol_peering(&protocol), owner.asn());
            for kind in [FileKind::WireGuard, FileKind::Bird] {
                assert_eq!(naming.file_owner(kind, &naming.file(kind, owner)), Some(owner));
            }
            assert!(naming.symbols(owner).iter().all(|symbol| naming.may_be_ours(symbol)));
        }
        let naming = adopted();
        for foreign in [
            "wg-as01",
            "wg-asAS1",
            "wg-int-",
            "wg-int-A",
            "wg-int-a_b",
            "wg-m1",
            "lo",
            // Of a peering that has another name.
            "wg-as4242420002",
        ] {
            assert_eq!(naming.link_owner(foreign), None, "{foreign}");
        }
        for foreign in ["ebgp_manual_as1", "ebgp_as", "ebgp_as01", "ebgp_as1~", "ebgp_asAS1"] {
            assert_eq!(naming.file_owner(FileKind::Bird, foreign), None, "{foreign}");
        }
        assert_eq!(naming.protocol_peering("ebgp_as4242420002_v6"), None);
    }

    #[test]
    fn the_form_says_what_else_a_file_defines() {
        let asn = "4242420001".parse().unwrap();
        assert_eq!(
            Naming::default().symbols(Owner::Peering(asn)),
            ["AS4242420001_LATENCY", "ebgp_as4242420001_v6"]
        );
        assert!(
            !Naming::default().may_be_ours("ASx_LATENCY")
                && Naming::default().may_be_ours("AS7_LATENCY")
        );
    }
}
