//! peer_edit: another key, endpoint or option for a peering that stays what it is.

use super::Control;
use super::context::{Context, refusal_of};
use super::fields::{Fields, preshared_key};
use super::saved::outcome;
use crate::answer::{Abandoned, Change, Deed, Outcome, PeerView, Shown, Stop};
use crate::model::{Endpoint, LinkLocal, Refusal};
use crate::peering::Peering;
use crate::peering::audit_log::Action;
use crate::peering::vet::Psk;

impl Control {
    /// Saves what is different; id, port and what was not named stay.
    pub(super) async fn edit(&self, context: &Context<'_>) -> Outcome {
        let before = context.chosen()?;
        let asn = before.asn;
        let (after, psk) = self.edited(context, before).await?;
        may_follow(before, &after)?;
        let changes = changes(before, &after, psk.as_ref());
        if changes.is_empty() {
            return self.unchanged(context, before).await;
        }
        if !context.confirmed("Change this peering?", Shown::Changes(asn, changes.clone()))? {
            return Ok(Box::new(Abandoned));
        }
        let (preshared_key, generated_psk) = match psk {
            Some(wish) => preshared_key(wish)?,
            None => (before.preshared_key.clone(), None),
        };
        let after = Peering { preshared_key, ..after };
        self.may_change(context)?;
        let saved = self.store.borrow_mut().replace(before, &after, Action::Edit, &context.actor());
        let generation = saved.map_err(|error| refusal_of(&error, asn))?;
        // What was found with the old key or at the old port tells nothing of the new one.
        self.board.note(asn, |entry| entry.port_probe = None);
        log::info!(
            "{asn}: edited by {} from {}",
            context.identity.actor(),
            context.identity.source
        );
        let applied = self.apply(context, asn, generation, "change").await;
        let view = PeerView { generated_psk, ..self.view_beside(context, &after) };
        outcome(Deed::Edited(changes), view, applied)
    }

    /// The peering as it is to be, but for its preshared key, and what was said of that.
    async fn edited(
        &self,
        context: &Context<'_>,
        before: &Peering,
    ) -> Result<(Peering, Option<Psk>), Stop> {
        let (mtu, families, psk) = (context.mtu()?, context.families()?, context.psk()?);
        let others = context.others(before);
        let fields =
            Fields { context, present: Some(before), others: &others, used: None, habit: None };
        let after = Peering {
            key: fields.key()?,
            endpoint: self.endpoint(&fields).await?,
            link_local: fields.link_local()?,
            mtu: mtu.or(before.mtu),
            families: families.unwrap_or(before.families),
            ..before.clone()
        };
        Ok((after, psk))
    }
}

/// A BGP session that stands in a file of the operator's does not follow the peering.
fn may_follow(before: &Peering, after: &Peering) -> Result<(), Refusal> {
    let is_operators = before.adopted.as_ref().is_some_and(|adopted| adopted.bird_file.is_none());
    let is_same = before.link_local == after.link_local && before.families == after.families;
    if is_same || !is_operators {
        return Ok(());
    }
    Err(Refusal::new(
        "operators_file",
        "The operator keeps the BIRD configuration of this peering by hand",
        "Ask the operator to change link-local address or families; the rest you can change here",
    ))
}

/// What is different, in the words of the audit; of a preshared key only that there is another.
fn changes(before: &Peering, after: &Peering, psk: Option<&Psk>) -> Vec<Change> {
    let rows = [
        ("wg_pub_key", before.key.to_string(), after.key.to_string()),
        ("wg_endpoint", endpoint(before.endpoint.as_ref()), endpoint(after.endpoint.as_ref())),
        ("link_local", link_local(before.link_local), link_local(after.link_local)),
        ("mtu", mtu(before.mtu), mtu(after.mtu)),
        ("families", before.families.word().to_string(), after.families.word().to_string()),
    ];
    let mut changes = Vec::new();
    for (name, before, after) in rows {
        changes.push(Change { name, before, after });
    }
    changes.extend(psk.map(|psk| psk_change(before, psk)));
    changes.retain(|change| change.before != change.after);
    changes
}

fn psk_change(before: &Peering, wish: &Psk) -> Change {
    let present = if before.preshared_key.is_some() { "set" } else { "none" };
    let after = match wish {
        Psk::Absent => "none",
        Psk::Given(key) if before.preshared_key.as_ref() == Some(key) => "set",
        Psk::Given(_) | Psk::Generate if before.preshared_key.is_some() => "set anew",
        Psk::Given(_) | Psk::Generate => "set",
    };
    Change { name: "psk", before: present.to_string(), after: after.to_string() }
}

fn endpoint(it: Option<&Endpoint>) -> String {
    it.map_or("none".to_string(), |endpoint| match endpoint.host.to_string() {
        host if host.contains(':') => format!("[{host}]:{}", endpoint.port),
        host => format!("{host}:{}", endpoint.port),
    })
}

fn link_local(it: Option<LinkLocal>) -> String {
    it.map_or("auto".to_string(), |address| address.to_string())
}

fn mtu(it: Option<u32>) -> String {
    it.map_or("default".to_string(), |mtu| mtu.to_string())
}
