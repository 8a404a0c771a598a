//! peer_config: what the member is to install.

use super::peer::PeerJson;
use super::peer_status::OneJson;
use super::{Answer, PeerView, VERSION};
use crate::command::{Field, Form};
use crate::model::{Asn, Families, LinkLocal, Port, WgKey};
use crate::text::Screen;
use nanoserde::SerJson;
use std::fmt::Write as _;

/// A peering with what the member is to install.
#[derive(Debug)]
pub struct PeerConfig {
    pub peer: PeerView,
    /// Our AS number.
    pub our_asn: Asn,
    /// The file for wg-quick.
    pub wireguard: String,
    /// The interface name that the BIRD part expects.
    pub link: String,
    /// The protocol for BIRD.
    pub bird: String,
    /// What was asked for.
    pub form: Form,
    /// The text in that form, with a line end; empty where the form is none.
    pub text: String,
}

impl Answer for PeerConfig {
    /// It is to be copied, so no line of it is broken.
    fn text(&self, screen: Screen) -> String {
        if !self.text.is_empty() {
            return self.text.clone();
        }
        let asn = self.peer.asn;
        let wireguard =
            format!("Wireguard configuration for {asn} (/etc/wireguard/{}.conf)", self.link);
        let psk = if self.peer.psk {
            "\nA preshared key is set: yours is what PresharedKey needs.\n"
        } else {
            ""
        };
        format!(
            "{}{}\n{}\n\n{}\n\n{}\n\n{}\n{psk}",
            self.peer.error_line(),
            self.peer.sides(self.our_asn, screen),
            screen.heading(&wireguard),
            self.wireguard,
            screen.heading(&format!("Bird configuration for {asn}")),
            self.bird,
        )
    }

    fn json(&self) -> Option<String> {
        let chosen = !self.text.is_empty();
        let mut peer = PeerJson::from(&self.peer);
        peer.our.asn = Some(self.our_asn.get());
        peer.config = Some(ConfigJson {
            link: self.link.clone(),
            wireguard: self.wireguard.clone(),
            bird: self.bird.clone(),
            format: chosen.then(|| self.form.word().to_string()),
            text: chosen.then(|| self.text.clone()),
        });
        Some(OneJson::of(peer))
    }
}

#[derive(SerJson)]
pub struct ConfigJson {
    link: String,
    wireguard: String,
    bird: String,
    /// What was asked for, where that is a text of its own.
    format: Option<String>,
    text: Option<String>,
}

// peer_export: a peering as `peer_create --from -` reads it at a sister POP.

/// What stands in an export for a secret.
pub const WITHHELD: &str = "withheld";

/// What a member said of a peering: all that a sister POP needs to make the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerExport {
    /// The public name of this POP.
    pub server: String,
    /// The member's AS number.
    pub asn: Asn,
    /// The member's public key.
    pub wg_pub_key: WgKey,
    /// Where the member's WireGuard is; `None`: they call us.
    pub wg_endpoint_addr: Option<String>,
    pub wg_endpoint_port: Option<Port>,
    /// The address that the member chose; `None`: one of this POP's.
    pub link_local: Option<LinkLocal>,
    /// The largest packet of the tunnel in bytes, where one was asked for.
    pub mtu: Option<u32>,
    /// Is a preshared key set? It stays here.
    pub psk: bool,
    /// Whose routes the BGP session carries.
    pub families: Families,
}

impl Answer for PeerExport {
    fn text(&self, screen: Screen) -> String {
        screen.fold(self.lines())
    }

    fn json(&self) -> Option<String> {
        let export = ExportJson {
            server: self.server.clone(),
            asn: self.asn.get(),
            wg_pub_key: self.wg_pub_key.to_string(),
            wg_endpoint_addr: self.wg_endpoint_addr.clone(),
            wg_endpoint_port: self.wg_endpoint_port.map(Port::get),
            link_local: self.link_local.map(|address| address.to_string()),
            mtu: self.mtu,
            psk: self.psk,
            families: self.families.word().to_string(),
            text: self.lines(),
        };
        Some(ExportedJson { version: VERSION, export }.serialize_json())
    }
}

impl PeerExport {
    /// The flags of peer_create, one to a line. What is not there was not said.
    pub fn lines(&self) -> String {
        let mut text = format!(
            "# {} as {} has it; at a sister POP: peer_create --from - --yes --wait\n",
            self.asn, self.server
        );
        let endpoint = self.wg_endpoint_addr.clone().unwrap_or("none".to_string());
        for (field, value) in [
            (Field::Asn, Some(self.asn.get().to_string())),
            (Field::WgPubKey, Some(self.wg_pub_key.to_string())),
            (Field::EndpointAddr, Some(endpoint)),
            (Field::EndpointPort, self.wg_endpoint_port.map(|port| port.to_string())),
            (Field::LinkLocal, self.link_local.map(|address| address.to_string())),
            (Field::Mtu, self.mtu.map(|mtu| mtu.to_string())),
            (Field::Families, Some(self.families.word().to_string())),
        ] {
            if let Some(value) = value {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{} = {value}", field.flag().trim_start_matches('-'));
            }
        }
        if self.psk {
            let words = "# The preshared key stays here: say --psk KEY, generate or none with it.";
            let _ = writeln!(text, "{words}\npsk = {WITHHELD}");
        }
        text
    }
}

#[derive(SerJson)]
struct ExportedJson {
    version: u8,
    export: ExportJson,
}

#[derive(SerJson)]
struct ExportJson {
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
