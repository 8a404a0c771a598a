//! peer_export as text: the flags of peer_create, one to a line, as `peer_create --from -` reads
//! them.

use crate::command::{ExportView, Field, WITHHELD};
use std::fmt::Write as _;

/// The lines; what is not there was not said.
pub fn export(view: &ExportView) -> String {
    let mut text = format!(
        "# {} as {} has it; at a sister POP: peer_create --from - --yes --wait\n",
        view.asn, view.server
    );
    let endpoint = view.wg_endpoint_addr.clone().unwrap_or("none".to_string());
    for (field, value) in [
        (Field::Asn, Some(view.asn.get().to_string())),
        (Field::WgPubKey, Some(view.wg_pub_key.to_string())),
        (Field::EndpointAddr, Some(endpoint)),
        (Field::EndpointPort, view.wg_endpoint_port.map(|it| it.to_string())),
        (Field::LinkLocal, view.link_local.map(|it| it.to_string())),
        (Field::Mtu, view.mtu.map(|it| it.to_string())),
        (Field::Families, Some(view.families.word().to_string())),
    ] {
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} = {value}", field.flag().trim_start_matches('-'));
        }
    }
    if view.psk {
        let words = "# The preshared key stays here: say --psk KEY, generate or none with it.";
        let _ = writeln!(text, "{words}\npsk = {WITHHELD}");
    }
    text
}
