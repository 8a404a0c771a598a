//! peer_export as JSON: the values, and the text that `peer_create --from -` reads.

use super::VERSION;
use crate::command::ExportView;
use crate::shell::view;
use nanoserde::SerJson;

#[derive(SerJson)]
struct Exported {
    version: u8,
    export: Export,
}

#[derive(SerJson)]
struct Export {
    server: String,
    asn: u32,
    wg_pub_key: String,
    #[nserde(serialize_none_as_null)]
    wg_endpoint_addr: Option<String>,
    #[nserde(serialize_none_as_null)]
    wg_endpoint_port: Option<u16>,
    #[nserde(serialize_none_as_null)]
    link_local: Option<String>,
    #[nserde(serialize_none_as_null)]
    mtu: Option<u32>,
    psk: bool,
    families: String,
    text: String,
}

/// Without a line end.
pub fn export(it: &ExportView) -> String {
    let export = Export {
        server: it.server.clone(),
        asn: it.asn.get(),
        wg_pub_key: it.wg_pub_key.to_string(),
        wg_endpoint_addr: it.wg_endpoint_addr.clone(),
        wg_endpoint_port: it.wg_endpoint_port.map(|port| port.get()),
        link_local: it.link_local.map(|address| address.to_string()),
        mtu: it.mtu,
        psk: it.psk,
        families: it.families.word().to_string(),
        text: view::export(it),
    };
    Exported { version: VERSION, export }.serialize_json()
}
