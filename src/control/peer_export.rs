//! peer_export: a peering as text for a sister POP.

use super::Control;
use super::context::Context;
use crate::answer::{Outcome, PeerExport};

impl Control {
    /// What the member said of the peering, and nothing that is this POP's alone.
    pub(super) fn export(&self, context: &Context<'_>) -> Outcome {
        let peering = context.chosen()?;
        Ok(Box::new(PeerExport {
            server: context.settings.site.name.clone(),
            asn: peering.asn,
            wg_pub_key: peering.key,
            wg_endpoint_addr: peering.endpoint.as_ref().map(|it| it.host.to_string()),
            wg_endpoint_port: peering.endpoint.as_ref().map(|it| it.port),
            link_local: peering.link_local,
            mtu: peering.mtu,
            psk: peering.preshared_key.is_some(),
            families: peering.families,
        }))
    }
}
