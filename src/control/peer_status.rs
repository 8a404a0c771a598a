//! peer_status: gathers what is known of a peering. What it means is judged by [`diagnosis`].

use super::Control;
use super::context::Context;
use crate::answer::{Outcome, PeerStatus};
use crate::board::{Cause, Entry, PortProbe, Progress};
use crate::command::Depth;
use crate::diagnosis::{self, CapturedHandshake, Facts, Ownership, Place, Probe};
use crate::limits::{
    FRESH_LOOK_TIMEOUT, HANDSHAKE_FRESH, PROBE_KEPT, PROBE_TIMEOUT, STATUS_RESOLVE_TIMEOUT,
};
use crate::model::{Endpoint, Host};
use crate::peering::policy::{Policy, choose};
use crate::peering::{Peering, Status};
use crate::registry::Index;
use crate::sys;
use crate::sys::dns::DnsError;
use crate::sys::handshake_capture::{Recipient, capture};
use crate::sys::port_probe::{Answer, probe};
use smol::future::FutureExt as _;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

impl Control {
    /// Asks the loop for a fresh look, looks at the endpoint meanwhile, and tells what both found.
    pub(super) async fn status(&self, context: &Context<'_>) -> Outcome {
        let peering = context.chosen()?;
        let mut place = Place::Unknown;
        if peering.status == Status::Active {
            place =
                smol::future::zip(self.fresh_look(peering), self.place(context, peering)).await.1;
            self.probe_port(context, peering, &place).await;
        }
        let entry = self.board.entry(peering.asn).unwrap_or_default();
        let age = self.board.handshake_age(peering.asn);
        let kernel = self.board.kernel();
        let facts = Facts { handshake_age: age, kernel, ..facts(context, peering, place, &entry) };
        let checks = diagnosis::checks(&facts);
        let raw = (context.request.depth == Depth::Raw)
            .then(|| entry.raw.as_deref().cloned().unwrap_or_default());
        let exit_tells = context.request.exit_tells;
        Ok(Box::new(PeerStatus { peer: self.view(context, peering), checks, raw, exit_tells }))
    }

    async fn fresh_look(&self, peering: &Peering) {
        let before = self.board.looks(peering.asn);
        self.bell.ring(Cause::Look(peering.asn));
        let fresh = async {
            loop {
                let changed = self.board.changed();
                if self.board.looks(peering.asn) != before {
                    return;
                }
                changed.await;
            }
        };
        fresh.or(elapsed(FRESH_LOOK_TIMEOUT)).await;
    }

    /// Where the declared endpoint is now. A name that takes too long is where it was last.
    async fn place(&self, context: &Context<'_>, peering: &Peering) -> Place {
        let Some(endpoint) = &peering.endpoint else {
            return Place::Passive;
        };
        let policy = Policy { own: sys::own_addresses(), ..context.settings.policy.clone() };
        let entry = self.board.entry(peering.asn).unwrap_or_default();
        let used = entry.link.and_then(|link| link.endpoint).map(|endpoint| endpoint.ip());
        let asked = self.located(endpoint, &policy, used);
        let late = async {
            elapsed(STATUS_RESOLVE_TIMEOUT).await;
            match (entry.endpoint_trouble, entry.endpoint) {
                (Some(why), _) => Place::Unasked(why),
                (None, Some(address)) => Place::Found(address),
                (None, None) => Place::Unknown,
            }
        };
        asked.or(late).await
    }

    async fn located(&self, endpoint: &Endpoint, policy: &Policy, used: Option<IpAddr>) -> Place {
        let addresses = match &endpoint.host {
            Host::Ip(address) => vec![address.get()],
            Host::Name(name) => match self.resolver.resolve(name, policy.families).await {
                Ok(addresses) => addresses,
                Err(error) => return nowhere(&error),
            },
        };
        match choose(&addresses, policy, used) {
            Some(Ok(ip)) => Place::Found(SocketAddr::new(ip, endpoint.port.get())),
            Some(Err(why)) => Place::Forbidden(why.to_string()),
            None => Place::Unknown,
        }
    }

    /// Tries the port of an endpoint that does not answer, and listens for its handshakes, unless
    /// that was done a moment ago, there or for the same caller anywhere. It is noted before:
    /// whoever asks meanwhile tries nothing.
    async fn probe_port(&self, context: &Context<'_>, peering: &Peering, place: &Place) {
        let Place::Found(address) = place else { return };
        let entry = self.board.entry(peering.asn).unwrap_or_default();
        let age = self.board.handshake_age(peering.asn);
        let alive = age.is_some_and(|age| age <= HANDSHAKE_FRESH);
        let known = entry.port_probe_of(*address);
        let Some(link) = entry.link.filter(|_| !alive) else { return };
        if known.is_some_and(|probe| probe.at.elapsed() < PROBE_KEPT) {
            return;
        }
        if link.endpoint != Some(*address) {
            self.bell.ring(Cause::Other("an endpoint that does not answer is elsewhere now"));
        }
        if !self.may_probe(context) {
            return;
        }
        let (at, address) = (Instant::now(), *address);
        let note = |said, captured| {
            let port_probe = PortProbe { at, address, said, captured };
            self.board.note(peering.asn, |entry| entry.port_probe = Some(port_probe));
        };
        let (before, heard) =
            known.map_or((Probe::Silence, None), |probe| (probe.said, probe.captured));
        note(before, heard);
        let said = said(probe(address, PROBE_TIMEOUT).await);
        note(said, heard);
        let ours_get_lost = age.is_none() && link.rx_bytes > 0;
        if said == Probe::Silence && !ours_get_lost {
            note(said, self.captured_handshake(context, peering, address.ip()).await);
            // It may have come up meanwhile.
            self.fresh_look(peering).await;
        }
    }

    /// Handshakes that fit our key and made no tunnel came from another key than we have.
    async fn captured_handshake(
        &self,
        context: &Context<'_>,
        peering: &Peering,
        from: IpAddr,
    ) -> Option<CapturedHandshake> {
        let site = &context.settings.site;
        match capture(from, site.port(peering)?, &site.key_for(peering)).await? {
            Recipient::ThisKey => Some(CapturedHandshake::OtherSender),
            Recipient::AnotherKey => Some(CapturedHandshake::OtherRecipient),
        }
    }
}

async fn elapsed(time: Duration) {
    smol::Timer::after(time).await;
}

fn said(answer: Answer) -> Probe {
    match answer {
        Answer::Silence => Probe::Silence,
        Answer::Closed => Probe::Closed,
        Answer::Forbidden => Probe::Forbidden,
        Answer::Unreachable => Probe::Unreachable,
    }
}

/// A name that gives no address: is the name at fault, or who was asked for it?
fn nowhere(error: &DnsError) -> Place {
    match error {
        DnsError::NotFound(_)
        | DnsError::NoData(..)
        | DnsError::AliasLoop(_)
        | DnsError::Unaskable(_) => Place::Nameless(error.to_string()),
        DnsError::ServerFailure(_)
        | DnsError::Refused(_)
        | DnsError::TimedOut(_)
        | DnsError::Unreachable
        | DnsError::Garbage(_)
        | DnsError::Machine(_) => Place::Unasked(error.to_string()),
    }
}

fn ownership(index: &Index, peering: &Peering) -> Ownership {
    let owners: Vec<_> = index.owners(peering.asn).cloned().collect();
    let mut maintainers = owners.iter().filter_map(|name| index.maintainer(name));
    let keys = maintainers.any(|maintainer| !maintainer.keys().is_empty());
    Ownership { known: index.knows(peering.asn), keys, owners }
}

fn facts<'a>(
    context: &'a Context<'_>,
    peering: &'a Peering,
    place: Place,
    entry: &Entry,
) -> Facts<'a> {
    let port_probe = match place {
        Place::Found(address) => entry.port_probe_of(address),
        _ => None,
    };
    Facts {
        site: &context.settings.site,
        peering,
        ownership: ownership(&context.index, peering),
        place,
        probe: port_probe.map(|probe| probe.said),
        captured: port_probe.and_then(|probe| probe.captured),
        unapplied: match &entry.progress {
            Progress::Failed(why) => Some(why.clone()),
            Progress::Queued | Progress::Applied => None,
        },
        link: entry.link.clone(),
        handshake_age: None,
        tunnel: entry.tunnel.clone(),
        bgp: entry.bgp.clone(),
        kernel: None,
        rtt: entry.rtt.clone(),
        class: entry.class,
    }
}
