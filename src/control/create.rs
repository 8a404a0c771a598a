//! peer_create: five answers, each judged as soon as it is there, and one transaction.

use super::options::preshared_key;
use super::{Case, Control, Open, Outcome, ask, refusal_of, wrong};
use crate::command::{Field, PeerView, Question, Reply, Stop};
use crate::model::{Asn, Endpoint, Families, Host, LinkLocal, Port, Refusal, WgKey};
use crate::peering::policy::{self, Policy};
use crate::peering::vet::{self, Given, Psk};
use crate::peering::{Peering, PeeringId, Standing};
use crate::sys;
use std::net::IpAddr;

impl Control {
    /// Saves what was asked for; the machine follows when the bell was heard.
    pub(super) async fn create(&self, case: &Case<'_>) -> Outcome {
        case.room()?;
        let psk = case.psk()?.unwrap_or(Psk::Absent);
        let (preshared_key, generated_psk) = preshared_key(psk)?;
        let peering = Peering {
            id: PeeringId::MIN,
            asn: case.asn()?,
            key: case.key()?,
            endpoint: self.endpoint(case).await?,
            link_local: case.link_local()?,
            standing: case.standing(),
            mtu: case.mtu()?,
            preshared_key,
            families: case.families()?.unwrap_or(Families::Both),
            maintainer: case.identity.maintainer.clone(),
        };
        let id_max = case.settings.site.id_max();
        let saved = self.store.borrow_mut().create(&peering, id_max, &case.actor());
        let (id, generation) = saved.map_err(|error| refusal_of(&error, peering.asn))?;
        let peering = Peering { id, ..peering };
        let asn = peering.asn;
        log::info!("AS{asn}: created by {} from {}", case.identity.actor(), case.identity.source);
        let applied = self.apply(case, asn, generation, "creation").await;
        let view = PeerView { generated_psk, ..self.view(case, &peering) };
        Ok(Reply::Created(Box::new(view), applied))
    }

    async fn endpoint(&self, case: &Case<'_>) -> Result<Option<Endpoint>, Stop> {
        let text = case.required(Field::EndpointAddr, "WireGuard endpoint address", None)?;
        let given = vet::host(text).map_err(wrong(Field::EndpointAddr))?;
        let Given::Host(host, pasted) = given else {
            return match case.request.answer(Field::EndpointPort) {
                None => Ok(None),
                Some(_) => Err(Stop::Refused(no_port_without_address(), Some(Field::EndpointPort))),
            };
        };
        self.reachable(case, &host).await.map_err(wrong(Field::EndpointAddr))?;
        let port = case.port(pasted)?;
        Ok(Some(Endpoint { host, port }))
    }

    /// Does the host stand for addresses, and may every one of them be an endpoint?
    async fn reachable(&self, case: &Case<'_>, host: &Host) -> Result<(), Refusal> {
        let addresses = match host {
            Host::Ip(address) => vec![address.get()],
            Host::Name(name) => {
                let families = case.settings.policy.families;
                let found = self.resolver.resolve(name, families).await;
                found.map_err(|error| unresolved(host, &error.to_string()))?
            }
        };
        let policy = Policy { own: sys::own_addresses(), ..case.settings.policy.clone() };
        addresses.iter().try_for_each(|address| allowed(host, *address, &policy))
    }
}

impl Case<'_> {
    fn room(&self) -> Result<(), Refusal> {
        let full = self.settings.peerings_max.is_some_and(|max| self.peerings.len() >= max.into());
        match self.settings.open {
            Open::No => Err(Refusal::new(
                "closed",
                "This POP takes no new peerings at present",
                "Existing ones go on; ask its operator",
            )),
            Open::Yes | Open::Approval if full => Err(Refusal::new(
                "full",
                format!("This POP serves {} peerings and takes no more", self.peerings.len()),
                "Ask its operator",
            )),
            Open::Yes | Open::Approval => Ok(()),
        }
    }

    fn standing(&self) -> Standing {
        match self.settings.open {
            Open::Approval => Standing::Pending,
            Open::Yes | Open::No => Standing::Active,
        }
    }

    /// What was answered about `field`; else the question.
    fn required(
        &self,
        field: Field,
        prompt: &str,
        suggestion: Option<String>,
    ) -> Result<&str, Stop> {
        let question = || Stop::Ask(Question { field, prompt: prompt.to_string(), suggestion });
        self.request.answer(field).ok_or_else(question)
    }

    fn asn(&self) -> Result<Asn, Stop> {
        let free: Vec<_> = self
            .owned
            .iter()
            .filter(|asn| self.peerings.iter().all(|it| it.asn != **asn))
            .collect();
        let suggestion = match free.as_slice() {
            [only] => Some(only.to_string()),
            _ => None,
        };
        let text = self.required(Field::Asn, "AS Number", suggestion)?;
        vet::asn(text, self.context()).map_err(wrong(Field::Asn))
    }

    fn key(&self) -> Result<WgKey, Stop> {
        let text = self.required(Field::WgPubKey, "WireGuard public key", None)?;
        vet::key(text, self.context()).map_err(wrong(Field::WgPubKey))
    }

    fn port(&self, pasted: Option<Port>) -> Result<Port, Stop> {
        let answered = self.request.answer(Field::EndpointPort);
        match (pasted, answered.map(vet::port)) {
            (_, Some(Err(refusal))) => Err(Stop::Refused(refusal, Some(Field::EndpointPort))),
            (Some(one), Some(Ok(other))) if one != other => {
                let message =
                    format!("The address carries port {one}, and port {other} was given too");
                let refusal = Refusal::new("two_ports", message, "Give the port once");
                Err(Stop::Refused(refusal, Some(Field::EndpointPort)))
            }
            (Some(port), _) | (None, Some(Ok(port))) => Ok(port),
            (None, None) => Err(ask(Field::EndpointPort, "WireGuard endpoint port".to_string())),
        }
    }

    fn link_local(&self) -> Result<Option<LinkLocal>, Stop> {
        let prompt = "Link-local IPv6 address (optional)";
        let text = self.required(Field::LinkLocal, prompt, Some(String::new()))?;
        vet::link_local(text, self.context()).map_err(wrong(Field::LinkLocal))
    }
}

fn no_port_without_address() -> Refusal {
    let message = "A peering without an endpoint has no endpoint port";
    Refusal::new("two_ports", message, "Leave out --endpoint-port, or give an address")
}

fn unresolved(host: &Host, error: &str) -> Refusal {
    let hint = format!("See what `dig {host} AAAA` answers, or give the address itself");
    Refusal::new("endpoint_unresolved", error.to_string(), hint)
}

fn allowed(host: &Host, address: IpAddr, policy: &Policy) -> Result<(), Refusal> {
    policy::verdict(address, policy).map_err(|forbidden| {
        let message = match host {
            Host::Ip(_) => forbidden.to_string(),
            Host::Name(name) => format!("{name}: {forbidden}"),
        };
        Refusal::new("endpoint_forbidden", message, "")
    })
}
