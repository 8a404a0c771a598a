//! Peerings, made up: each with a key, an address and a number of its own.

use peerling::model::{Asn, Endpoint, Families, WgKey, WgSecret};
use peerling::peering::{Peering, Site, Status};
use peerling::store::Store;
use std::path::Path;

/// The first made-up AS number; the others follow it.
const FIRST_ASN: u32 = 4_242_420_000;

/// This POP.
pub fn site() -> Site {
    Site {
        asn: "4242420263".parse().unwrap(),
        name: "pop.example.net".into(),
        network: "Example Network".into(),
        key: secret().public(),
        link_local_prefix: "fe80:0263::".into(),
        local_address: "fe80::263".parse().unwrap(),
        base_port: 40000,
    }
}

/// Its private key.
pub fn secret() -> WgSecret {
    WgSecret::new([7; 32])
}

/// As many peerings. Nothing is ever sent to their addresses.
pub fn peerings(count: u16) -> Vec<Peering> {
    (1..=count).map(peering).collect()
}

fn peering(number: u16) -> Peering {
    let mut key = [1; 32];
    key[..2].copy_from_slice(&number.to_be_bytes());
    Peering {
        id: number.try_into().unwrap(),
        asn: Asn::new(FIRST_ASN + u32::from(number)).unwrap(),
        key: WgKey::new(key).unwrap(),
        endpoint: Some(Endpoint {
            host: format!("2a01:4f8:0:{number:x}::1").parse().unwrap(),
            port: "20263".parse().unwrap(),
        }),
        link_local: number.is_multiple_of(2).then(|| format!("fe80::{number:x}").parse().unwrap()),
        status: Status::Active,
        mtu: None,
        preshared_key: None,
        families: Families::Both,
        maintainer: "EXAMPLE-MNT".parse().ok(),
        adopted: None,
    }
}

/// A database with these peerings, in one transaction.
pub fn database(path: &Path, peerings: &[Peering]) {
    drop(Store::open(path).unwrap());
    let mut connection = rusqlite::Connection::open(path).unwrap();
    let transaction = connection.transaction().unwrap();
    for row in peerings.iter().map(Peering::to_row) {
        let values = rusqlite::params![
            row.id,
            row.as_num,
            row.wg_pub_key,
            row.wg_endpoint_addr,
            row.wg_endpoint_port,
            row.user_link_local
        ];
        let query = "INSERT INTO peering_links VALUES (?, ?, ?, ?, ?, ?)";
        transaction.execute(query, values).unwrap();
    }
    transaction.commit().unwrap();
}
