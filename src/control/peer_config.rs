//! peer_config: what the member is to install, for reading or in one of the forms.

use super::Control;
use super::context::{Context, fault, wrong};
use crate::answer::{Outcome, PeerConfig, PeerExport, Stop};
use crate::command::{Field, Form};
use crate::peering::forms::Router;
use crate::peering::{Peering, Site, files, forms};

impl Control {
    /// The peering with the texts for the member's side.
    pub(super) fn config(&self, context: &Context<'_>) -> Outcome {
        let (peering, form) = (context.chosen()?, context.request.form);
        let site = &context.settings.site;
        let router = router(context)?;
        let (Some(wireguard), Some(bird), Some(text)) = (
            files::their_conf(peering, site),
            forms::bird(peering, site, &router),
            text(form, peering, site, &router),
        ) else {
            return Err(fault(format!("{}: no address follows from its id", peering.asn)));
        };
        Ok(Box::new(PeerConfig {
            peer: self.view(context, peering),
            our_asn: site.asn,
            wireguard,
            link: forms::interface(site, &router),
            bird,
            form,
            text,
        }))
    }
}

/// What the member said of their router.
fn router(context: &Context<'_>) -> Result<Router, Stop> {
    let mut router = Router::default();
    if let Some(name) = context.request.answer(Field::Interface) {
        router.interface = Some(forms::interface_name(name).map_err(wrong(Field::Interface))?);
    }
    if let Some(name) = context.request.answer(Field::Template) {
        router.template = Some(forms::template_name(name).map_err(wrong(Field::Template))?);
    }
    Ok(router)
}

/// The text, empty for the forms that are none; `None`: none follows from the peering's id.
fn text(form: Form, peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let render = match form {
        Form::Table | Form::Json => return Some(String::new()),
        Form::WgQuick => forms::wg_quick,
        Form::Bird => forms::bird,
        Form::Networkd => forms::networkd,
        Form::Frr => forms::frr,
        Form::RouterOs => forms::routeros,
        Form::OpenBgpd => forms::openbgpd,
        Form::NixOs => forms::nixos,
        Form::VyOs => forms::vyos,
    };
    render(peering, site, router)
}

// peer_export: a peering as text for a sister POP.

impl Control {
    /// What the member said of the peering, and nothing that is this POP's alone.
    pub(super) fn export(&self, context: &Context<'_>) -> Outcome {
        let peering = context.chosen()?;
        Ok(Box::new(PeerExport {
            server: context.settings.site.name.clone(),
            asn: peering.asn,
            wg_pub_key: peering.key,
            wg_endpoint_addr: peering.endpoint.as_ref().map(|endpoint| endpoint.host.to_string()),
            wg_endpoint_port: peering.endpoint.as_ref().map(|endpoint| endpoint.port),
            link_local: peering.link_local,
            mtu: peering.mtu,
            psk: peering.preshared_key.is_some(),
            families: peering.families,
        }))
    }
}
