//! The mesh for programs: one JSON object with `"version": 1`. Fields are added, never renamed.
//!
//! It has every link of the network as each of its ends sees it, not only those of this POP: what
//! draws or watches the network asks one POP. Those of this one have `"from"` equal to `"self"`.

use super::{Inventory, MeshLink, Pop, Switch};
use nanoserde::SerJson;

/// The version of everything here.
const VERSION: u8 = 1;

#[derive(SerJson)]
struct Mesh {
    version: u8,
    #[nserde(rename = "self")]
    own: String,
    networks: Vec<String>,
    pops: Vec<PopShown>,
    links: Vec<LinkShown>,
}

#[derive(SerJson)]
struct PopShown {
    name: String,
    id: u8,
    host: String,
    public_key: String,
    ipv6: String,
    ipv6_gateway: String,
    #[nserde(serialize_none_as_null)]
    ipv4: Option<String>,
    #[nserde(serialize_none_as_null)]
    ipv4_gateway: Option<String>,
    off: bool,
}

#[derive(SerJson)]
struct LinkShown {
    from: String,
    to: String,
    interface: String,
    listen_port: u16,
    #[nserde(serialize_none_as_null)]
    endpoint_addr: Option<String>,
    #[nserde(serialize_none_as_null)]
    endpoint_port: Option<u16>,
    ipv6_local: String,
    ipv6_remote: String,
    ipv4_local: String,
    ipv4_remote: String,
    #[nserde(serialize_none_as_null)]
    cost: Option<u16>,
    #[nserde(serialize_none_as_null)]
    mtu: Option<u32>,
    off: bool,
}

/// The inventory and what follows from it; without a line end.
pub fn json(inventory: &Inventory) -> String {
    let from = |from| {
        let links = inventory.pops.iter().filter_map(move |to| inventory.link(from, to));
        links.map(move |it| link(from, &it))
    };
    Mesh {
        version: VERSION,
        own: inventory.own.to_string(),
        networks: inventory.networks.iter().map(|it| it.to_string()).collect(),
        pops: inventory.pops.iter().map(pop).collect(),
        links: inventory.pops.iter().flat_map(from).collect(),
    }
    .serialize_json()
}

fn pop(pop: &Pop) -> PopShown {
    PopShown {
        name: pop.name.to_string(),
        id: pop.id.get(),
        host: pop.host.to_string(),
        public_key: pop.key.to_string(),
        ipv6: pop.ipv6.to_string(),
        ipv6_gateway: pop.gateway_ipv6().to_string(),
        ipv4: pop.ipv4.map(|it| it.to_string()),
        ipv4_gateway: pop.gateway_ipv4().map(|it| it.to_string()),
        off: pop.switch == Switch::Off,
    }
}

fn link(from: &Pop, link: &MeshLink<'_>) -> LinkShown {
    let endpoint = link.endpoint.as_ref();
    LinkShown {
        from: from.name.to_string(),
        to: link.to.name.to_string(),
        interface: link.name().to_string(),
        listen_port: link.listen_port.get(),
        endpoint_addr: endpoint.map(|it| it.host.to_string()),
        endpoint_port: endpoint.map(|it| it.port.get()),
        ipv6_local: link.ipv6.0.as_str().to_string(),
        ipv6_remote: link.ipv6.1.as_str().to_string(),
        ipv4_local: link.ipv4.0.to_string(),
        ipv4_remote: link.ipv4.1.to_string(),
        cost: link.cost,
        mtu: link.mtu,
        off: link.switch == Switch::Off,
    }
}

#[cfg(test)]
mod tests {
    use crate::mesh::tests::drawn;

    /// That it is as `packaging/schema/mesh.json` says, tests/service/schema.rs holds.
    #[test]
    fn the_answer_is_as_it_was() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/json/mesh-four.json");
        crate::testing::golden(path, &format!("{}\n", super::json(&drawn())));
    }
}
