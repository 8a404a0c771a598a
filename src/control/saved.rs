//! What became of a peering: as commands show it, and after one has saved it.

use super::Control;
use super::admission::WAITS_FOR_APPROVAL;
use super::context::Context;
use crate::answer::{Applied, Deed, OurSide, Outcome, PeerView, PeeringState, Saved};
use crate::board::{Cause, Progress};
use crate::limits::WAIT_MAX;
use crate::model::Asn;
use crate::peering::{Generation, Peering, Status, vet};
use smol::future::FutureExt as _;

impl Control {
    /// Rings the bell and, if the caller wants it, waits for what comes of it.
    pub(super) async fn apply(
        &self,
        context: &Context<'_>,
        asn: Asn,
        generation: Generation,
        what: &str,
    ) -> Applied {
        self.board.expect(asn, generation);
        self.bell.ring(Cause::Saved(format!("{what} of {asn}")));
        self.awaited(context, asn, generation).await
    }

    /// The same for a peering that was not changed: what was asked for before may still be under
    /// way.
    pub(super) async fn settled(&self, context: &Context<'_>, asn: Asn) -> Applied {
        let generation = self.store.borrow().generation();
        match generation {
            Ok(generation) => self.awaited(context, asn, generation).await,
            Err(error) => Applied::No(error.to_string()),
        }
    }

    /// Answers that a peering is already as it was asked for.
    pub(super) async fn unchanged(&self, context: &Context<'_>, peering: &Peering) -> Outcome {
        let applied = self.settled(context, peering.asn).await;
        outcome(Deed::Unchanged, self.view(context, peering), applied)
    }

    pub(super) async fn awaited(
        &self,
        context: &Context<'_>,
        asn: Asn,
        generation: Generation,
    ) -> Applied {
        let Some(wait) = context.request.wait else {
            return Applied::NotAwaited;
        };
        if let Some(why) = self.unapproved(asn) {
            return Applied::No(why);
        }
        let wait = wait.min(WAIT_MAX);
        let settled = async { Some(self.board.settled(asn, generation).await) };
        let elapsed = async {
            smol::Timer::after(wait).await;
            None
        };
        match settled.or(elapsed).await {
            Some(None | Some(Progress::Applied)) => Applied::Yes,
            Some(Some(Progress::Failed(why))) => Applied::No(why),
            Some(Some(Progress::Queued)) | None => Applied::No(match self.board.trouble() {
                Some(trouble) => trouble,
                None => format!("not applied within {} s; it goes on", wait.as_secs()),
            }),
        }
    }

    pub(super) fn view(&self, context: &Context<'_>, peering: &Peering) -> PeerView {
        let site = &context.settings.site;
        let (state, error) = self.state(context, peering);
        PeerView {
            asn: peering.asn,
            id: peering.id.get(),
            state,
            wg_pub_key: peering.key,
            wg_endpoint_addr: peering.endpoint.as_ref().map(|endpoint| endpoint.host.to_string()),
            wg_endpoint_port: peering.endpoint.as_ref().map(|endpoint| endpoint.port),
            link_local: site.remote(peering),
            mtu: peering.mtu,
            psk: peering.preshared_key.is_some(),
            families: peering.families,
            generated_psk: None,
            our: OurSide {
                wg_pub_key: site.key_for(peering),
                wg_endpoint_addr: site.name.clone(),
                wg_endpoint_port: site.port(peering),
                link_local: site.local(peering),
            },
            error,
            notes: Vec::new(),
        }
    }

    /// The same with what it shares with other peerings of its maintainer's.
    pub(super) fn view_beside(&self, context: &Context<'_>, peering: &Peering) -> PeerView {
        let owner = peering.maintainer.as_ref();
        let theirs = context.peerings.iter().filter(|other| {
            context.index.owners(other.asn).any(|maintainer| Some(maintainer) == owner)
        });
        let notes = vet::shared(peering, theirs);
        PeerView { notes, ..self.view(context, peering) }
    }

    pub(super) fn state(
        &self,
        context: &Context<'_>,
        peering: &Peering,
    ) -> (PeeringState, Option<String>) {
        match peering.status {
            Status::Pending => {
                return (PeeringState::Pending, Some(WAITS_FOR_APPROVAL.to_string()));
            }
            Status::Disabled => return (PeeringState::Disabled, None),
            Status::Suspended => {
                return (PeeringState::Suspended, Some(context.switched_off(peering.asn)));
            }
            Status::Active => {}
        }
        match self.board.entry(peering.asn).map(|entry| entry.progress).unwrap_or_default() {
            Progress::Queued => (PeeringState::Queued, self.board.trouble()),
            Progress::Applied => (PeeringState::Applied, None),
            Progress::Failed(why) => (PeeringState::Failed, Some(why)),
        }
    }
}

pub(super) fn outcome(deed: Deed, peer: PeerView, applied: Applied) -> Outcome {
    Ok(Box::new(Saved { deed, peer, applied }))
}
