//! A row of the database, and what may be made of it.

use super::adopted::{Adopted, AdoptedRow};
use super::{Peering, PeeringId, Status};
use crate::model::{
    AddressError, Asn, Endpoint, EndpointError, Families, Host, HostName, LinkLocal, Mntner, Port,
    WgKey, WgKeyError, WgSecret,
};
use std::fmt;
use std::rc::Rc;

/// A row as the database has it: `peering_links`, which is shared with the replaced service, and
/// beside it what only we keep.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Row {
    /// `id`.
    pub id: i64,
    /// `as_num`.
    pub as_num: i64,
    /// `wg_pub_key`.
    pub wg_pub_key: String,
    /// `wg_endpoint_addr`; the unspecified address `::` where the member calls us (RFC 4291,
    /// section 2.5.2: it indicates the absence of an address, and the replaced service can live
    /// with it).
    pub wg_endpoint_addr: String,
    /// `wg_endpoint_port`.
    pub wg_endpoint_port: i64,
    /// `user_link_local`; NULL and the empty text both mean that none was chosen.
    pub user_link_local: Option<String>,
    /// Our own: the peering's status in words; `None` in a database of the replaced service.
    pub status: Option<String>,
    /// Our own: bytes.
    pub mtu: Option<i64>,
    /// Our own: base64.
    pub preshared_key: Option<String>,
    /// Our own: a word of [`Families`]; `None`: both.
    pub families: Option<String>,
    /// Our own: who asked for it.
    pub maintainer: Option<String>,
    /// Our own: what it keeps from the time before.
    pub adopted: Option<AdoptedRow>,
}

/// The endpoint of a member who calls us, in a database that demands one.
pub const ABSENT_ADDRESS: &str = "::";

/// What would be refused today, though it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// The endpoint is no proper host name.
    Endpoint(EndpointError),
}

/// Why a row cannot be served: handing it on would endanger the kernel or BIRD's parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unservable {
    /// The id is outside 1-65535.
    Id(i64),
    /// The AS number is none.
    Asn(i64),
    /// The key is none; `wg` would refuse it too.
    Key(WgKeyError),
    /// The endpoint has characters that are neither a name's nor an address's.
    Endpoint,
    /// The port is outside 1-65535.
    Port(i64),
    /// The link-local address is none.
    LinkLocal(AddressError),
    /// The preshared key is none.
    PresharedKey,
    /// The families are no word that this version knows.
    Families,
    /// What it keeps from the time before it was imported is not readable.
    Adopted,
}

impl Row {
    /// Whose row it is, if its number is one that can peer.
    pub fn asn(&self) -> Option<Asn> {
        Asn::new(u32::try_from(self.as_num).ok()?).ok()
    }
}

impl Peering {
    /// The peering that a row stands for, with what would be refused today.
    pub fn read(row: &Row) -> Result<(Peering, Vec<Objection>), Unservable> {
        let mut objections = Vec::new();
        let peering = Peering {
            id: id(row.id).ok_or(Unservable::Id(row.id))?,
            asn: row.asn().ok_or(Unservable::Asn(row.as_num))?,
            key: row.wg_pub_key.parse::<WgKey>().map_err(Unservable::Key)?,
            endpoint: endpoint(row, &mut objections)?,
            link_local: link_local(row.user_link_local.as_deref())?,
            status: row.status.as_deref().map_or(Status::Active, Status::from_word),
            mtu: row.mtu.and_then(|mtu| u32::try_from(mtu).ok()),
            preshared_key: preshared_key(row.preshared_key.as_deref())?,
            families: families(row.families.as_deref())?,
            maintainer: row.maintainer.as_deref().and_then(|name| name.parse::<Mntner>().ok()),
            adopted: adopted(row.adopted.as_ref())?,
        };
        Ok((peering, objections))
    }

    /// The row that stands for this peering; [`Peering::read`] gives the same peering back.
    pub fn to_row(&self) -> Row {
        let (address, port) = match &self.endpoint {
            Some(endpoint) => (endpoint.host.to_string(), endpoint.port.get()),
            None => (ABSENT_ADDRESS.to_string(), 1),
        };
        Row {
            id: self.id.get().into(),
            as_num: self.asn.get().into(),
            wg_pub_key: self.key.to_string(),
            wg_endpoint_addr: address,
            wg_endpoint_port: port.into(),
            user_link_local: self.link_local.map(|address| address.to_string()),
            status: Some(self.status.word().to_string()),
            mtu: self.mtu.map(i64::from),
            preshared_key: self.preshared_key.as_ref().map(WgSecret::reveal),
            families: Some(self.families.word().to_string()),
            maintainer: self.maintainer.as_ref().map(Mntner::to_string),
            adopted: self.adopted.as_ref().map(|adopted| adopted.to_row()),
        }
    }
}

fn id(id: i64) -> Option<PeeringId> {
    PeeringId::new(u16::try_from(id).ok()?)
}

fn endpoint(row: &Row, objections: &mut Vec<Objection>) -> Result<Option<Endpoint>, Unservable> {
    if row.wg_endpoint_addr == ABSENT_ADDRESS {
        return Ok(None);
    }
    let host = row.wg_endpoint_addr.parse::<Host>().or_else(|error| {
        let name = HostName::tolerated(&row.wg_endpoint_addr).ok_or(Unservable::Endpoint)?;
        objections.push(Objection::Endpoint(error));
        Ok(Host::Name(name))
    })?;
    let port = u16::try_from(row.wg_endpoint_port).ok().and_then(Port::new);
    Ok(Some(Endpoint { host, port: port.ok_or(Unservable::Port(row.wg_endpoint_port))? }))
}

fn link_local(text: Option<&str>) -> Result<Option<LinkLocal>, Unservable> {
    let given = text.filter(|text| !text.is_empty());
    given.map(|text| text.parse().map_err(Unservable::LinkLocal)).transpose()
}

fn preshared_key(text: Option<&str>) -> Result<Option<WgSecret>, Unservable> {
    text.map(|text| text.parse().map_err(|_| Unservable::PresharedKey)).transpose()
}

fn families(text: Option<&str>) -> Result<Families, Unservable> {
    text.map_or(Ok(Families::Both), |word| Families::from_word(word).ok_or(Unservable::Families))
}

fn adopted(row: Option<&AdoptedRow>) -> Result<Option<Rc<Adopted>>, Unservable> {
    match row {
        None => Ok(None),
        Some(row) => Ok(Some(Rc::new(Adopted::read(row).ok_or(Unservable::Adopted)?))),
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Objection::Endpoint(error) => {
                write!(
                    out,
                    "the endpoint's address would be refused today ({error}); it is served as it is"
                )
            }
        }
    }
}

impl fmt::Display for Unservable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the database has a peering that cannot be served: ")?;
        match self {
            Unservable::Id(id) => write!(out, "its id {id} is outside 1-65535"),
            Unservable::Asn(number) => write!(out, "AS{number} is no AS number that can peer"),
            Unservable::Key(error) => write!(out, "its key: {error}"),
            Unservable::Endpoint => out.write_str("its endpoint is neither a name nor an address"),
            Unservable::Port(port) => write!(out, "its port {port} is outside 1-65535"),
            Unservable::LinkLocal(error) => write!(out, "its link-local address: {error}"),
            Unservable::PresharedKey => out.write_str("its preshared key is no key"),
            Unservable::Adopted => out.write_str("what was noted at its import cannot be read"),
            Unservable::Families => out.write_str("its families are none of both, ipv4, ipv6"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::adopted::tests::adopted;
    use super::super::tests::peering;
    use super::*;

    fn row() -> Row {
        peering(1, 4242420001, Some("fe80:0::01")).to_row()
    }

    #[test]
    fn a_peering_and_its_row_are_the_same() {
        for status in ["active", "pending", "disabled", "suspended"] {
            let mut asked = peering(9, 64600, Some("fe80::9"));
            asked.status = Status::from_word(status);
            asked.preshared_key = Some(WgSecret::new([3; 32]));
            asked.families = Families::V6;
            asked.maintainer = "HEIDI-MNT".parse().ok();
            asked.adopted = Some(Rc::new(adopted()));
            assert_eq!(Peering::read(&asked.to_row()), Ok((asked, vec![])));
        }
        let mut waiting = peering(9, 64600, None);
        waiting.endpoint = None;
        assert_eq!(waiting.to_row().wg_endpoint_addr, "::");
        assert_eq!(Peering::read(&waiting.to_row()), Ok((waiting, vec![])));
    }

    #[test]
    fn rows_of_the_replaced_service_are_served() {
        let old =
            Row { status: None, families: None, user_link_local: Some(String::new()), ..row() };
        let (read, objections) = Peering::read(&old).unwrap();
        assert_eq!((read.status, read.link_local, objections.len()), (Status::Active, None, 0));
        let odd = Row { wg_endpoint_addr: "my_host.example.org".into(), ..row() };
        let (read, objections) = Peering::read(&odd).unwrap();
        assert_eq!(read.endpoint.unwrap().to_string(), "my_host.example.org:20263");
        assert_eq!(objections, [Objection::Endpoint(EndpointError::Form)]);
    }

    #[test]
    fn rows_that_would_harm_are_not() {
        let cases = [
            (Row { id: 0, ..row() }, Unservable::Id(0)),
            (Row { id: 65536, ..row() }, Unservable::Id(65536)),
            (Row { as_num: 0, ..row() }, Unservable::Asn(0)),
            (Row { as_num: -1, ..row() }, Unservable::Asn(-1)),
            (Row { wg_pub_key: "x".into(), ..row() }, Unservable::Key(WgKeyError::Form)),
            (Row { wg_endpoint_addr: "a\nPostUp = x".into(), ..row() }, Unservable::Endpoint),
            (Row { wg_endpoint_port: 0, ..row() }, Unservable::Port(0)),
            (
                Row { user_link_local: Some("fe80::1;}".into()), ..row() },
                Unservable::LinkLocal(AddressError::Form),
            ),
            (Row { preshared_key: Some("x".into()), ..row() }, Unservable::PresharedKey),
            (Row { families: Some("ipv5".into()), ..row() }, Unservable::Families),
        ];
        for (row, why) in cases {
            assert_eq!(Peering::read(&row).unwrap_err(), why);
        }
    }
}
