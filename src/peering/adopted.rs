//! What a peering that was made by hand keeps as it was: the names of its things, its port, our
//! address and key. `peerling import` notes it, and everything else that a peering has may change.

use crate::limits::{BIRD_SYMBOL_BYTES_MAX, FILE_NAME_BYTES_MAX};
use crate::model::{IfName, LinkLocal, Port, WgKey};
use ipnet::IpNet;
use std::rc::Rc;

/// What is kept of a peering that was made by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// The link, and with `.conf` its file.
    pub link: IfName,
    /// The UDP port that we listen on.
    pub listen_port: Port,
    /// Our address on the link.
    pub local: LinkLocal,
    /// Our public key on the link, where it is not the POP's. The private one is in the link's
    /// file.
    pub own_key: Option<WgKey>,
    /// What may travel through the link.
    pub allowed_ips: Rc<[IpNet]>,
    /// Seconds between keepalives; 0: none.
    pub keepalive_s: u16,
    /// BIRD's protocol.
    pub protocol: String,
    /// The name of its file in the directory of BIRD's files of peerings; `None`: the protocol
    /// stands in a file of the operator's, which stays theirs.
    pub bird_file: Option<String>,
}

/// The same as the database has it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AdoptedRow {
    /// The link's name.
    pub link: String,
    /// The UDP port.
    pub listen_port: i64,
    /// Our address.
    pub local_address: String,
    /// Our public key, base64; `None`: the POP's.
    pub own_key: Option<String>,
    /// Networks, with commas between them.
    pub allowed_ips: String,
    /// Seconds; 0: none.
    pub keepalive_s: i64,
    /// BIRD's protocol.
    pub protocol: String,
    /// The file's name; `None`: the operator's.
    pub bird_file: Option<String>,
}

impl Adopted {
    /// What a row stands for; `None` where one of its values is none.
    pub fn read(row: &AdoptedRow) -> Option<Adopted> {
        let mut allowed_ips = Vec::new();
        for network in row.allowed_ips.split(',').filter(|network| !network.is_empty()) {
            allowed_ips.push(network.parse().ok()?);
        }
        let own_key = match &row.own_key {
            Some(key) => Some(key.parse().ok()?),
            None => None,
        };
        if !is_name(&row.protocol, BIRD_SYMBOL_BYTES_MAX) {
            return None;
        }
        if row.bird_file.as_ref().is_some_and(|name| !is_name(name, FILE_NAME_BYTES_MAX)) {
            return None;
        }
        Some(Adopted {
            link: IfName::from_name(&row.link)?,
            listen_port: Port::new(u16::try_from(row.listen_port).ok()?)?,
            local: row.local_address.parse().ok()?,
            own_key,
            allowed_ips: allowed_ips.into(),
            keepalive_s: u16::try_from(row.keepalive_s).ok()?,
            protocol: row.protocol.clone(),
            bird_file: row.bird_file.clone(),
        })
    }

    /// The row that stands for it; [`Adopted::read`] gives the same back.
    pub fn to_row(&self) -> AdoptedRow {
        let networks: Vec<String> = self.allowed_ips.iter().map(IpNet::to_string).collect();
        AdoptedRow {
            link: self.link.to_string(),
            listen_port: self.listen_port.get().into(),
            local_address: self.local.to_string(),
            own_key: self.own_key.map(|key| key.to_string()),
            allowed_ips: networks.join(","),
            keepalive_s: self.keepalive_s.into(),
            protocol: self.protocol.clone(),
            bird_file: self.bird_file.clone(),
        }
    }
}

/// Can it be the name of a protocol, or of a file of BIRD's? It stands in commands and in paths.
pub fn is_name(name: &str, bytes_max: usize) -> bool {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    is_plain && !name.starts_with('.') && (1..=bytes_max).contains(&name.len())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A peering of dn42's usual names.
    pub(crate) fn adopted() -> Adopted {
        Adopted {
            link: IfName::from_name("dn42-alice").unwrap(),
            listen_port: "20101".parse().unwrap(),
            local: "fe80::263".parse().unwrap(),
            own_key: None,
            allowed_ips: ["172.20.0.0/14".parse().unwrap(), "fe80::/64".parse().unwrap()].into(),
            keepalive_s: 25,
            protocol: "dn42_alice".to_string(),
            bird_file: Some("alice.conf".to_string()),
        }
    }

    #[test]
    fn what_is_kept_and_its_row_are_the_same() {
        let own_key = WgKey::new([7; 32]).ok();
        let none = Rc::from([]);
        let others =
            Adopted { own_key, allowed_ips: none, bird_file: None, keepalive_s: 0, ..adopted() };
        for kept in [adopted(), others] {
            assert_eq!(Adopted::read(&kept.to_row()), Some(kept));
        }
    }

    #[test]
    fn rows_that_would_harm_are_not_read() {
        let row = adopted().to_row();
        for wrong in [
            AdoptedRow { link: "../x".into(), ..row.clone() },
            AdoptedRow { listen_port: 0, ..row.clone() },
            AdoptedRow { local_address: "fd00::1".into(), ..row.clone() },
            AdoptedRow { own_key: Some("x".into()), ..row.clone() },
            AdoptedRow { allowed_ips: "x".into(), ..row.clone() },
            AdoptedRow { keepalive_s: 65536, ..row.clone() },
            AdoptedRow { protocol: "a b".into(), ..row.clone() },
            AdoptedRow { bird_file: Some("../bird.conf".into()), ..row.clone() },
            AdoptedRow { bird_file: Some(".x".into()), ..row },
        ] {
            assert_eq!(Adopted::read(&wrong), None, "{wrong:?}");
        }
    }
}
