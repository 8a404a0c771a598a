//! peer_create: a short conversation, a summary, and one transaction. Said once more, it is the
//! same peering.

use super::Control;
use super::context::{Context, fault, refusal_of, wrong};
use super::fields::{Fields, preshared_key};
use super::saved::outcome;
use crate::answer::{Abandoned, Deed, LimitsView, Outcome, PeerView, Question, Shown, Stop};
use crate::command::Field;
use crate::model::{Asn, Endpoint, Families, Mntner, Open, Refusal, Role};
use crate::peering::vet::{self, Psk};
use crate::peering::{Peering, PeeringId, Status};
use crate::store::StoreError;

impl Control {
    /// Saves what was asked for; the machine follows when the bell was heard.
    pub(super) async fn create(&self, context: &Context<'_>) -> Outcome {
        if let Some(present) = context.present()? {
            return self.again(context, present).await;
        }
        context.room()?;
        let draft = self.draft(context).await.map_err(|stop| context.introduced(stop))?;
        let psk = context.psk()?.unwrap_or(Psk::Absent);
        let shown = PeerView { psk: psk != Psk::Absent, ..self.view_beside(context, &draft) };
        let shown = Shown::Draft(Box::new(shown), context.our_asn());
        if !context.confirmed("Create this peering?", shown)? {
            return Ok(Box::new(Abandoned));
        }
        let (preshared_key, generated_psk) = preshared_key(psk)?;
        let peering = Peering { preshared_key, ..draft };
        let id_max = context.settings.site.id_max();
        self.may_change(context)?;
        let saved = self.store.borrow_mut().create(&peering, id_max, &context.actor());
        let (id, generation) = match saved {
            Err(StoreError::Exists) => return self.overtaken(context, peering.asn).await,
            saved => saved.map_err(|error| refusal_of(&error, peering.asn))?,
        };
        let peering = Peering { id, ..peering };
        let asn = peering.asn;
        log::info!(
            "{asn}: created by {} from {}",
            context.identity.actor(),
            context.identity.source
        );
        let applied = self.apply(context, asn, generation, "creation").await;
        let view = PeerView { generated_psk, ..self.view_beside(context, &peering) };
        outcome(Deed::Created, view, applied)
    }

    /// What was asked for so far, under the id that it would get now, without its preshared key.
    async fn draft(&self, context: &Context<'_>) -> Result<Peering, Stop> {
        let (mtu, families) = (context.mtu()?, context.families()?.unwrap_or(Families::Both));
        let asn = context.asn()?;
        self.none_by_hand(asn)?;
        let fields = Fields {
            context,
            present: None,
            others: &context.peerings,
            used: self.used_before(context)?,
            habit: Some(context.habit(asn)),
        };
        let id = self.store.borrow().next_id(context.settings.site.id_max()).map_err(fault)?;
        Ok(Peering {
            // Without a free one the database refuses it.
            id: id.unwrap_or(PeeringId::MAX),
            asn,
            key: fields.key()?,
            endpoint: self.endpoint(&fields).await?,
            link_local: fields.link_local()?,
            status: context.status(),
            mtu,
            // Taken, or made, when it is saved.
            preshared_key: None,
            families,
            maintainer: context.maintainer_of(asn),
            adopted: None,
        })
    }

    /// The operator may have made a BGP session with them already, in a file of their own.
    fn none_by_hand(&self, asn: Asn) -> Result<(), Stop> {
        let Some(file) = self.board.hand_made(asn) else { return Ok(()) };
        let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let message =
            format!("{asn} has a BGP session here that the operator made by hand, in {file}");
        let refusal = Refusal::new("made_by_hand", message, "Ask the operator");
        Err(Stop::Refused(refusal, Some(Field::Asn)))
    }

    /// The endpoint of their last peering here, be it there or gone: most members have one router.
    fn used_before(&self, context: &Context<'_>) -> Result<Option<Endpoint>, Stop> {
        let own = context.peerings.iter().filter(|peering| context.owned.contains(&peering.asn));
        let there = own.filter_map(|peering| peering.endpoint.clone()).next_back();
        match (&context.identity.maintainer, context.request.answer(Field::EndpointPort)) {
            (Some(name), None) if there.is_none() => {
                self.store.borrow().last_endpoint(name).map_err(fault)
            }
            _ => Ok(there),
        }
    }

    /// Their AS number has a peering: if it is exactly this one, all is well.
    async fn again(&self, context: &Context<'_>, present: &Peering) -> Outcome {
        let answers = &context.request.answers;
        if !answers.contains_key(&Field::WgPubKey) || !answers.contains_key(&Field::EndpointAddr) {
            let hint = "peer_config shows it, peer_edit changes it, peer_remove takes it away";
            return Err(exists(present.asn, String::new(), hint));
        }
        let others = context.others(present);
        let fields = Fields { context, present: None, others: &others, used: None, habit: None };
        let differing = self.differing(&fields, present)?;
        if !differing.is_empty() {
            let words = format!(", with another {}", differing.join(", "));
            return Err(exists(present.asn, words, "peer_edit changes it"));
        }
        self.unchanged(context, present).await
    }

    /// Somebody else was faster, perhaps with the very same.
    async fn overtaken(&self, context: &Context<'_>, asn: Asn) -> Outcome {
        let now = self.context(context.identity, context.request, context.now)?;
        match now.present()? {
            Some(present) => self.again(&now, present).await,
            None => Err(refusal_of(&StoreError::Exists, asn)),
        }
    }

    /// What was asked for and is not so. What was left out means what it means for a new peering.
    fn differing(&self, fields: &Fields<'_>, present: &Peering) -> Result<Vec<&'static str>, Stop> {
        let context = fields.context;
        let link_local = match context.request.answer(Field::LinkLocal) {
            Some(_) => fields.link_local()?,
            None => None,
        };
        let psk = match context.psk()?.unwrap_or(Psk::Absent) {
            Psk::Absent => present.preshared_key.is_none(),
            // It was made when this was said first.
            Psk::Generate => present.preshared_key.is_some(),
            Psk::Given(key) => present.preshared_key.as_ref() == Some(&key),
        };
        let families = context.families()?.unwrap_or(Families::Both);
        let same = [
            ("public key", fields.key()? == present.key),
            ("endpoint", self.declared(fields)? == present.endpoint),
            ("link-local address", link_local == present.link_local),
            ("MTU", context.mtu()? == present.mtu),
            ("preshared key", psk),
            ("families", families == present.families),
        ];
        Ok(same.into_iter().filter(|pair| !pair.1).map(|pair| pair.0).collect())
    }
}

impl Context<'_> {
    fn room(&self) -> Result<(), Refusal> {
        let full = self.peerings.len() >= self.peers_max();
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

    fn peers_max(&self) -> usize {
        let ids = self.settings.site.id_max();
        self.settings.peerings_max.map_or(ids, |max| max.min(ids)).into()
    }

    /// Whose a new peering is: the member's who asks for it. What an administrator makes is the AS
    /// number's maintainer's; who made it stands in the audit log.
    fn maintainer_of(&self, asn: Asn) -> Option<Mntner> {
        let caller = self.identity.maintainer.as_ref();
        match self.identity.role {
            Role::Member => caller.cloned(),
            Role::Admin => {
                let named = self.index.owners(asn).find(|owner| Some(*owner) == caller);
                named.or_else(|| self.index.owners(asn).next()).cloned()
            }
        }
    }

    fn our_asn(&self) -> Asn {
        self.settings.site.asn
    }

    /// A question, after what this POP takes was shown.
    fn introduced(&self, stop: Stop) -> Stop {
        let Stop::Ask(question) = stop else { return stop };
        let limits = LimitsView {
            our_asn: self.our_asn(),
            server: self.settings.site.name.clone(),
            peers: self.peerings.len(),
            peers_max: self.settings.peerings_max,
            families: self.settings.policy.families,
            approval: self.status() == Status::Pending,
        };
        Stop::Ask(question.showing(Shown::Limits(limits)))
    }

    fn status(&self) -> Status {
        match (self.settings.open, self.identity.role) {
            (Open::Approval, Role::Member) => Status::Pending,
            (Open::Approval, Role::Admin) | (Open::Yes | Open::No, _) => Status::Active,
        }
    }

    /// The peering that the AS number in question has already.
    fn present(&self) -> Result<Option<&Peering>, Stop> {
        let Some(text) = self.request.answer(Field::Asn) else { return Ok(None) };
        let asn = vet::known_asn(text, self.vetting()).map_err(wrong(Field::Asn))?;
        Ok(self.peerings.iter().find(|peering| peering.asn == asn))
    }

    fn asn(&self) -> Result<Asn, Stop> {
        let mut free =
            self.owned.iter().filter(|asn| !self.peerings.iter().any(|it| it.asn == **asn));
        let only = free.next().filter(|_| free.next().is_none()).map(|asn| asn.get().to_string());
        let question = Question::new(Field::Asn, "AS Number").suggesting(only.clone());
        let text = self.request.answer(Field::Asn).ok_or(Stop::Ask(question.or_else(only)))?;
        vet::asn(text, self.vetting()).map_err(wrong(Field::Asn))
    }

    /// The link-local address that three of ten members would type: `fe80::` and the last four
    /// digits of their AS number. Where it is taken or none, one from us.
    fn habit(&self, asn: Asn) -> String {
        let address = format!("fe80::{}", asn.tail());
        match vet::link_local(&address, self.vetting()) {
            Ok(habit @ Some(_)) if !self.peerings.iter().any(|it| it.link_local == habit) => {
                address
            }
            _ => "auto".to_string(),
        }
    }
}

fn exists(asn: Asn, differing: String, hint: &str) -> Stop {
    let message = format!("{asn} has a peering here already{differing}");
    Stop::Refused(Refusal::new("exists", message, hint), Some(Field::Asn))
}
