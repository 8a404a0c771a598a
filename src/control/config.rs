//! peer_config: what the member is to install.

use super::{Case, Control, Outcome, fault};
use crate::command::{ConfigView, Form, Reply};
use crate::peering::files;

impl Control {
    /// The peering with the texts for the member's side.
    pub(super) fn config(&self, case: &Case<'_>, _form: Form) -> Outcome {
        let peering = case.chosen()?;
        let site = &case.settings.site;
        let texts = files::their_conf(peering, site).zip(files::their_bird(peering, site));
        let (wireguard, bird) = texts
            .ok_or_else(|| fault(format!("AS{}: no address follows from its id", peering.asn)))?;
        Ok(Reply::Config(Box::new(ConfigView {
            peer: self.view(case, peering),
            our_asn: site.asn,
            wireguard,
            link: files::their_link(site),
            bird,
        })))
    }
}
