//! The fields that a peering is made of, each judged as soon as it is answered: a question where it
//! is missing, a refusal where it is wrong.

use super::Control;
use super::context::{Context, fault, wrong};
use crate::answer::{Question, Stop};
use crate::command::Field;
use crate::limits::DNS_ANSWER_KEPT;
use crate::model::{Endpoint, Families, Host, Likeness, LinkLocal, Port, Refusal, WgKey, WgSecret};
use crate::peering::policy::{self, Policy};
use crate::peering::vet::{self, Declared, Given, Psk};
use crate::peering::{Peering, Status};
use crate::sys;
use std::net::IpAddr;

/// What answers are judged by, and what is offered where they are missing.
pub(super) struct Fields<'a> {
    pub context: &'a Context<'a>,
    /// The peering that is edited; `None`: a new one.
    pub present: Option<&'a Peering>,
    /// All the other peerings.
    pub others: &'a [Peering],
    /// The endpoint that is offered.
    pub used: Option<Endpoint>,
    /// The link-local address that is offered.
    pub habit: Option<String>,
}

/// A host, and the port that was pasted along with it.
type HostGiven = (Host, Option<Port>);

impl Fields<'_> {
    pub(super) fn key(&self) -> Result<WgKey, Stop> {
        let present = self.present.map(|peering| peering.key);
        let question = Question::new(Field::WgPubKey, "WireGuard public key");
        match self.said(question.clone(), present.map(|key| key.to_string()))? {
            Some(text) => {
                let key = vet::key(text, self.vetting()).map_err(wrong(Field::WgPubKey))?;
                self.is_meant(key).map(|()| key)
            }
            None => present.ok_or(Stop::Ask(question)),
        }
    }

    /// Every sixteenth public key could be a private one by its form, as could every sixteenth
    /// private one be a public: at the prompt it is asked, and a script is believed.
    fn is_meant(&self, key: WgKey) -> Result<(), Stop> {
        let request = self.context.request;
        if key.likeness() != Likeness::Either || request.answer(Field::Confirm).is_some() {
            return Ok(());
        }
        let prompt = "This key looks like a private key. Is it your public one? yes or no";
        let question = Question::new(Field::KeyIsPublic, prompt).or_else(Some("yes".to_string()));
        match request.answer(Field::KeyIsPublic) {
            None => Err(Stop::Ask(question)),
            Some(answer) if vet::is_yes(answer) => Ok(()),
            Some(_) => {
                let message = "The key was not kept";
                let hint = "Give what `wg pubkey` makes of your private key";
                Err(wrong(Field::WgPubKey)(Refusal::new("looks_private", message, hint)))
            }
        }
    }

    /// The endpoint's host; `None`: the member calls us.
    fn host(&self) -> Result<Option<HostGiven>, Stop> {
        let present = self.present.map(|peering| peering.endpoint.as_ref());
        let offered = match (present, &self.used) {
            (Some(Some(endpoint)), _) | (None, Some(endpoint)) => Some(endpoint.host.to_string()),
            (Some(None), _) => Some("none".to_string()),
            (None, None) => None,
        };
        let question = Question::new(Field::EndpointAddr, "WireGuard endpoint address");
        let Some(text) = self.said(question, offered)? else {
            return Ok(present.flatten().map(|endpoint| (endpoint.host.clone(), None)));
        };
        match vet::host(text).map_err(wrong(Field::EndpointAddr))? {
            Given::Absent => Ok(None),
            Given::Host(host, pasted) => {
                let site = &self.context.settings.site;
                vet::not_our_name(&host, site).map_err(wrong(Field::EndpointAddr))?;
                Ok(Some((host, pasted)))
            }
        }
    }

    fn port(&self, (host, pasted): HostGiven) -> Result<Port, Stop> {
        let answered = self.context.request.answer(Field::EndpointPort);
        match (pasted, answered.map(vet::port)) {
            (_, Some(Err(refusal))) => Err(wrong(Field::EndpointPort)(refusal)),
            (Some(one), Some(Ok(other))) if one != other => {
                Err(wrong(Field::EndpointPort)(two_ports(one, other)))
            }
            (Some(port), _) | (None, Some(Ok(port))) => Ok(port),
            (None, None) => self.port_unsaid(&host),
        }
    }

    fn port_unsaid(&self, host: &Host) -> Result<Port, Stop> {
        let present = self
            .present
            .and_then(|peering| peering.endpoint.as_ref())
            .map(|endpoint| endpoint.port);
        if let (Some(port), false) = (present, self.context.request.every_field) {
            return Ok(port);
        }
        let offered = present.or_else(|| self.port_offered(host)).map(|port| port.to_string());
        let question = Question::new(Field::EndpointPort, "WireGuard endpoint port");
        Err(Stop::Ask(question.suggesting(offered)))
    }

    /// What they had there before; else the port that nearly half of dn42 would use, 20000 and the
    /// last four digits of our AS number. One that another peering has there can be no second's.
    fn port_offered(&self, host: &Host) -> Option<Port> {
        let before = self.used.as_ref().filter(|used| used.host == *host).map(|used| used.port);
        let port = match before {
            Some(port) => port,
            None => Port::new(20_000 + self.context.settings.site.asn.tail())?,
        };
        for endpoint in self.others.iter().filter_map(|peering| peering.endpoint.as_ref()) {
            if endpoint.host == *host && endpoint.port == port {
                return None;
            }
        }
        Some(port)
    }

    pub(super) fn link_local(&self) -> Result<Option<LinkLocal>, Stop> {
        let present = self.present.map(|peering| peering.link_local);
        let offered = match present {
            Some(Some(address)) => Some(address.to_string()),
            Some(None) => Some("auto".to_string()),
            None => self.habit.clone(),
        };
        let question = Question::new(Field::LinkLocal, "Link-local IPv6 address, or auto");
        match self.said(question.or_else(Some(String::new())), offered)? {
            Some(text) => vet::link_local(text, self.vetting()).map_err(wrong(Field::LinkLocal)),
            None => Ok(present.flatten()),
        }
    }

    /// What was said; `None`: nothing, or what is so already, and it stays. What is offered to a
    /// new peering is no such thing: it must be said.
    fn said(&self, question: Question, offered: Option<String>) -> Result<Option<&str>, Stop> {
        let request = self.context.request;
        let edited = self.present.is_some();
        match request.answer(question.field) {
            Some(text) if edited && offered.as_deref() == Some(text) => Ok(None),
            Some(text) => Ok(Some(text)),
            None if edited && !request.every_field => Ok(None),
            None => Err(Stop::Ask(question.suggesting(offered))),
        }
    }

    fn vetting(&self) -> vet::Context<'_> {
        vet::Context { peerings: self.others, ..self.context.vetting() }
    }
}

impl Control {
    /// The endpoint as it was declared; `None`: the member calls us. Nobody is asked whether it can
    /// be reached.
    pub(super) fn declared(&self, fields: &Fields<'_>) -> Result<Option<Endpoint>, Stop> {
        let Some((host, pasted)) = fields.host()? else { return no_port(fields) };
        let port = fields.port((host.clone(), pasted))?;
        Ok(Some(Endpoint { host, port }))
    }

    /// The same, and every address that a host other than the present one stands for is allowed.
    /// That is judged before a port is asked for.
    pub(super) async fn endpoint(&self, fields: &Fields<'_>) -> Result<Option<Endpoint>, Stop> {
        let Some((host, pasted)) = fields.host()? else { return no_port(fields) };
        let present = fields.present.and_then(|peering| peering.endpoint.as_ref());
        let mut addresses = Vec::new();
        if present.is_none_or(|endpoint| endpoint.host != host) {
            let found = self.reachable(fields.context, &host).await;
            addresses = found.map_err(wrong(Field::EndpointAddr))?;
        }
        let endpoint = Endpoint { port: fields.port((host.clone(), pasted))?, host };
        if present != Some(&endpoint) {
            self.is_free(fields, &endpoint, addresses)?;
        }
        Ok(Some(endpoint))
    }

    /// Refuses what another peering has. One that the operator switched off holds nothing.
    fn is_free(
        &self,
        fields: &Fields<'_>,
        endpoint: &Endpoint,
        mut addresses: Vec<IpAddr>,
    ) -> Result<(), Stop> {
        if let Host::Ip(address) = &endpoint.host {
            addresses.push(address.get());
        }
        let mut others = Vec::new();
        for other in fields.others.iter().filter(|peering| peering.status != Status::Suspended) {
            let place = self.board.entry(other.asn).and_then(|entry| entry.endpoint);
            let declared = other.endpoint.as_ref();
            others.extend(declared.map(|endpoint| Declared { asn: other.asn, endpoint, place }));
        }
        let free = vet::endpoint_is_free(endpoint, &addresses, &others, &fields.context.owned);
        // Asked again is what was said: the port, unless it came along with the address.
        let field = match fields.context.request.answer(Field::EndpointPort) {
            Some(_) => Field::EndpointPort,
            None => Field::EndpointAddr,
        };
        free.map_err(wrong(field))
    }

    /// The addresses that the host stands for, if every one of them may be an endpoint.
    async fn reachable(&self, context: &Context<'_>, host: &Host) -> Result<Vec<IpAddr>, Refusal> {
        let addresses = match host {
            Host::Ip(address) => vec![address.get()],
            Host::Name(name) => {
                let families = context.settings.policy.families;
                // Each question judges the answers before it again.
                let age = DNS_ANSWER_KEPT;
                let found = self.resolver.resolve_within(name, families, age).await;
                found.map_err(|error| unresolved(host, &error.to_string()))?
            }
        };
        let policy = Policy { own: sys::own_addresses(), ..context.settings.policy.clone() };
        addresses.iter().try_for_each(|address| allowed(host, *address, &policy))?;
        Ok(addresses)
    }
}

/// No endpoint, and so no port.
fn no_port(fields: &Fields<'_>) -> Result<Option<Endpoint>, Stop> {
    match fields.context.request.answer(Field::EndpointPort) {
        None => Ok(None),
        Some(_) => {
            let message = "A peering without an endpoint has no endpoint port";
            let hint = "Leave out --endpoint-port, or give an address";
            let refusal = Refusal::new("two_ports", message, hint);
            Err(Stop::Refused(refusal, Some(Field::EndpointPort)))
        }
    }
}

fn two_ports(one: Port, other: Port) -> Refusal {
    let message = format!("The address carries port {one}, and port {other} was given too");
    Refusal::new("two_ports", message, "Give the port once")
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

impl Context<'_> {
    /// The largest packet in bytes; `None`: nothing was said.
    pub(super) fn mtu(&self) -> Result<Option<u32>, Stop> {
        self.said(Field::Mtu, vet::mtu)
    }

    /// The preshared key; `None`: nothing was said.
    pub(super) fn psk(&self) -> Result<Option<Psk>, Stop> {
        self.said(Field::Psk, vet::psk)
    }

    /// Whose routes are exchanged; `None`: nothing was said.
    pub(super) fn families(&self) -> Result<Option<Families>, Stop> {
        self.said(Field::Families, vet::families)
    }

    fn said<T>(
        &self,
        field: Field,
        judge: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Stop> {
        self.request.answer(field).map(judge).transpose().map_err(wrong(field))
    }
}

/// The key that a wish stands for, and the same once more if it was made here and now: that is what
/// the answer must show.
pub(super) fn preshared_key(wish: Psk) -> Result<(Option<WgSecret>, Option<WgSecret>), Stop> {
    Ok(match wish {
        Psk::Absent => (None, None),
        Psk::Given(key) => (Some(key), None),
        Psk::Generate => {
            let made = sys::new_preshared_key().map_err(fault)?;
            (Some(made.clone()), Some(made))
        }
    })
}
