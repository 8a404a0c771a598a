//! peer_create: a short conversation, a summary, and one transaction. Said once more, it is the
//! same peering.

use super::answers::Judge;
use super::options::preshared_key;
use super::{Case, Control, Open, Outcome, fault, outcome, refusal_of, wrong};
use crate::answer::{Abandoned, Deed, LimitsView, PeerView, Question, Shown, Stop};
use crate::command::Field;
use crate::model::{Asn, Endpoint, Families, LinkLocal, Mntner, Refusal, Role};
use crate::peering::vet::{self, Psk};
use crate::peering::{Peering, PeeringId, Status};
use crate::store::StoreError;

impl Control {
    /// Saves what was asked for; the machine follows when the bell was heard.
    pub(super) async fn create(&self, case: &Case<'_>) -> Outcome {
        if let Some(present) = case.present()? {
            return self.again(case, present).await;
        }
        case.room()?;
        let draft = self.draft(case).await.map_err(|stop| case.introduced(stop))?;
        let psk = case.psk()?.unwrap_or(Psk::Absent);
        let shown = || PeerView { psk: psk != Psk::Absent, ..self.view_beside(case, &draft) };
        let shown = || Shown::Draft(Box::new(shown()), case.our_asn());
        if !case.confirmed("Create this peering?", shown)? {
            return Ok(Box::new(Abandoned));
        }
        let (preshared_key, generated_psk) = preshared_key(psk)?;
        let peering = Peering { preshared_key, ..draft };
        let id_max = case.settings.site.id_max();
        self.may_change(case)?;
        let saved = self.store.borrow_mut().create(&peering, id_max, &case.actor());
        let (id, generation) = match saved {
            Err(StoreError::Exists) => return self.overtaken(case, peering.asn).await,
            saved => saved.map_err(|error| refusal_of(&error, peering.asn))?,
        };
        let peering = Peering { id, ..peering };
        let asn = peering.asn;
        log::info!("{asn}: created by {} from {}", case.identity.actor(), case.identity.source);
        let applied = self.apply(case, asn, generation, "creation").await;
        let view = PeerView { generated_psk, ..self.view_beside(case, &peering) };
        outcome(Deed::Created, view, applied)
    }

    /// What was asked for so far, under the id that it would get now, without its preshared key.
    async fn draft(&self, case: &Case<'_>) -> Result<Peering, Stop> {
        let (mtu, families) = (case.mtu()?, case.families()?.unwrap_or(Families::Both));
        let asn = case.asn()?;
        self.none_by_hand(asn)?;
        let judge = Judge {
            case,
            present: None,
            others: &case.peerings,
            used: self.used_before(case)?,
            habit: Some(case.habit(asn)),
        };
        let id = self.store.borrow().next_id(case.settings.site.id_max()).map_err(fault)?;
        Ok(Peering {
            // Without a free one the database refuses it.
            id: id.unwrap_or(PeeringId::MAX),
            asn,
            key: judge.key()?,
            endpoint: self.endpoint(&judge).await?,
            link_local: judge.link_local()?,
            status: case.status(),
            mtu,
            // Taken, or made, when it is saved.
            preshared_key: None,
            families,
            maintainer: case.maintainer_of(asn),
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
    fn used_before(&self, case: &Case<'_>) -> Result<Option<Endpoint>, Stop> {
        let own = case.peerings.iter().filter(|it| case.owned.contains(&it.asn));
        let there = own.filter_map(|it| it.endpoint.clone()).next_back();
        match (&case.identity.maintainer, case.request.answer(Field::EndpointPort)) {
            (Some(name), None) if there.is_none() => {
                self.store.borrow().last_endpoint(name).map_err(fault)
            }
            _ => Ok(there),
        }
    }

    /// Their AS number has a peering: if it is exactly this one, all is well.
    async fn again(&self, case: &Case<'_>, present: &Peering) -> Outcome {
        let said = |field| case.request.answer(field).is_some();
        if !said(Field::WgPubKey) || !said(Field::EndpointAddr) {
            let hint = "peer_config shows it, peer_edit changes it, peer_remove takes it away";
            return Err(exists(present.asn, String::new(), hint));
        }
        let others = case.others(present);
        let judge = Judge { case, present: None, others: &others, used: None, habit: None };
        let differing = self.differing(&judge, present)?;
        if !differing.is_empty() {
            let words = format!(", with another {}", differing.join(", "));
            return Err(exists(present.asn, words, "peer_edit changes it"));
        }
        self.unchanged(case, present).await
    }

    /// Somebody else was faster, perhaps with the very same.
    async fn overtaken(&self, case: &Case<'_>, asn: Asn) -> Outcome {
        let now = self.case(case.identity, case.request, case.now)?;
        match now.present()? {
            Some(present) => self.again(&now, present).await,
            None => Err(refusal_of(&StoreError::Exists, asn)),
        }
    }

    /// What was asked for and is not so. What was left out means what it means for a new peering.
    fn differing(&self, judge: &Judge<'_>, present: &Peering) -> Result<Vec<&'static str>, Stop> {
        let case = judge.case;
        let link_local = match case.request.answer(Field::LinkLocal) {
            Some(_) => judge.link_local()?,
            None => None,
        };
        let psk = match case.psk()?.unwrap_or(Psk::Absent) {
            Psk::Absent => present.preshared_key.is_none(),
            // It was made when this was said first.
            Psk::Generate => present.preshared_key.is_some(),
            Psk::Given(key) => present.preshared_key.as_ref() == Some(&key),
        };
        let families = case.families()?.unwrap_or(Families::Both);
        let same = [
            ("public key", judge.key()? == present.key),
            ("endpoint", self.declared(judge)? == present.endpoint),
            ("link-local address", link_local == present.link_local),
            ("MTU", case.mtu()? == present.mtu),
            ("preshared key", psk),
            ("families", families == present.families),
        ];
        Ok(same.into_iter().filter(|it| !it.1).map(|it| it.0).collect())
    }
}

impl Case<'_> {
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
        let limits = || LimitsView {
            our_asn: self.our_asn(),
            server: self.settings.site.name.clone(),
            peers: self.peerings.len(),
            peers_max: self.settings.peerings_max,
            families: self.settings.policy.families,
            approval: self.status() == Status::Pending,
        };
        match stop {
            Stop::Ask(question) => Stop::Ask(question.showing(Shown::Limits(limits()))),
            other => other,
        }
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
        let asn = vet::known_asn(text, self.context()).map_err(wrong(Field::Asn))?;
        Ok(self.peerings.iter().find(|it| it.asn == asn))
    }

    fn asn(&self) -> Result<Asn, Stop> {
        let has_none = |asn: &&Asn| self.peerings.iter().all(|it| it.asn != **asn);
        let mut free = self.owned.iter().filter(has_none);
        let only = free.next().filter(|_| free.next().is_none()).map(|asn| asn.get().to_string());
        let question = Question::new(Field::Asn, "AS Number").suggesting(only.clone());
        let text = self.request.answer(Field::Asn).ok_or(Stop::Ask(question.or_else(only)))?;
        vet::asn(text, self.context()).map_err(wrong(Field::Asn))
    }

    /// The link-local address that three of ten members would type: `fe80::` and the last four
    /// digits of their AS number. Where it is taken or none, one from us.
    fn habit(&self, asn: Asn) -> String {
        let address = format!("fe80::{}", asn.tail());
        let taken = |it: LinkLocal| self.peerings.iter().any(|other| other.link_local == Some(it));
        match vet::link_local(&address, self.context()) {
            Ok(Some(free)) if !taken(free) => address,
            _ => "auto".to_string(),
        }
    }
}

fn exists(asn: Asn, differing: String, hint: &str) -> Stop {
    let message = format!("{asn} has a peering here already{differing}");
    Stop::Refused(Refusal::new("exists", message, hint), Some(Field::Asn))
}
