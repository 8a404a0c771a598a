//! peer_config: what the member is to install.

use super::peer::PeerJson;
use super::peer_status::OneJson;
use super::{Answer, PeerView};
use crate::command::Form;
use crate::model::Asn;
use crate::text::Screen;
use nanoserde::SerJson;

/// A peering with what the member is to install.
#[derive(Debug)]
pub struct PeerConfig {
    /// The peering.
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
