//! Commands, carried out: the one place where an identity, a request and the database meet.
//!
//! [`Control::run`] knows nothing of SSH and prints nothing. Each change is one transaction with
//! its audit record; then the bell is rung and, if the caller wants to wait, the board is watched.
//! A request that lacks an answer comes back with the question, and is simply run again when it was
//! answered: what is asked and what is checked cannot drift apart.

mod admin;
mod admission;
mod answers;
mod config;
mod create;
mod edit;
mod export;
mod follow;
mod history;
mod notices;
mod options;
mod pace;
mod pops;
mod remove;
mod rows;
mod status;
mod switch;
mod typed;
mod vocabulary;

pub use pace::Pace;
pub use pops::Sisters;

use crate::access::{self, Identity};
use crate::answer::{
    Applied, Bye, Deed, Help, IdentityView, OurSide, Outcome, PeerList, PeerView, PeeringState,
    Question, Saved, Shown, Stop, Whoami,
};
use crate::board::{Bell, Board, Cause, Progress};
use crate::command::{Command, CommandSpec, Field, Request, Scope};
use crate::limits::WAIT_MAX;
use crate::model::{Asn, OnceEach, Open, Refusal, Role, Timestamp};
use crate::peering::policy::Policy;
use crate::peering::vet::{self, Context, Reach};
use crate::peering::{Generation, Peering, Site, Status, Unservable};
use crate::registry::{Index, KeyFingerprint};
use crate::store::{Actor, Store, StoreError};
use crate::sys::dns::Resolver;
use smol::future::FutureExt as _;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use typed::Typed;

/// What commands need to know of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This POP.
    pub site: Site,
    /// The network's name, for the greeting.
    pub network: String,
    /// Which addresses may be an endpoint; this host's own are added at each use.
    pub policy: Policy,
    /// Are new peerings taken?
    pub open: Open,
    /// How many peerings at most; `None`: as many as there are ids.
    pub peerings_max: Option<u16>,
    /// The keys of administrators.
    pub admins: Vec<KeyFingerprint>,
    /// The other POPs of the network, if there are any.
    pub sisters: Option<Sisters>,
}

/// Everything that commands work on.
pub struct Control {
    /// The database, shared with the apply loop.
    pub store: Rc<RefCell<Store>>,
    /// The registry of this moment; replaced whole.
    pub index: RefCell<Rc<Index>>,
    /// The configuration of this moment; replaced whole.
    pub settings: RefCell<Rc<Settings>>,
    /// Wakes the apply loop.
    pub bell: Rc<Bell>,
    /// What the apply loop tells.
    pub board: Rc<Board>,
    /// Names to addresses.
    pub resolver: Rc<Resolver>,
    /// What members type.
    pub typed: Typed,
    /// What was logged of the copies of other POPs.
    pub copy_troubles: RefCell<OnceEach<String>>,
    /// What members have done lately.
    pub pace: Pace,
}

/// One request with what it is judged by, taken at one moment.
struct Case<'a> {
    identity: &'a Identity,
    request: &'a Request,
    now: Timestamp,
    settings: Rc<Settings>,
    index: Rc<Index>,
    owned: Vec<Asn>,
    peerings: Vec<Peering>,
    unservable: Vec<(i64, Unservable)>,
    /// Why peerings are suspended.
    suspensions: BTreeMap<Asn, String>,
}

impl Control {
    /// Carries out a request.
    pub async fn run(&self, identity: &Identity, request: &Request, now: Timestamp) -> Outcome {
        access::permit(identity, request)?;
        let case = self.case(identity, request, now)?;
        self.admit(&case)?;
        match request.command {
            Command::Help => help(request.topic, identity.role),
            Command::Intro => Ok(Box::new(self.intro(&case))),
            Command::Whoami => Ok(Box::new(Whoami(case.identity_view()))),
            Command::PeerList => Ok(Box::new(self.list(&case))),
            Command::PeerCreate => self.create(&case).await,
            Command::PeerEdit => self.edit(&case).await,
            Command::PeerConfig => self.config(&case),
            Command::PeerStatus => self.status(&case).await,
            Command::PeerHistory => self.history(&case),
            Command::PeerExport => self.export(&case),
            Command::Pops => self.pops(&case).await,
            Command::PeerDisable => self.disable(&case).await,
            Command::PeerEnable => self.enable(&case).await,
            Command::PeerRemove => self.remove(&case).await,
            Command::PeerApprove => self.approve(&case).await,
            Command::PeerReject => self.reject(&case).await,
            Command::PeerSuspend => self.suspend(&case).await,
            Command::Ban => self.ban(&case),
            Command::Unban => self.unban(&case),
            Command::Audit => self.audit(&case),
            Command::Bye => Ok(Box::new(Bye)),
        }
    }

    fn case<'a>(
        &self,
        identity: &'a Identity,
        request: &'a Request,
        now: Timestamp,
    ) -> Result<Case<'a>, Stop> {
        let index = self.index.borrow().clone();
        let owned = identity.asns(&index);
        let (mut peerings, mut unservable) = (Vec::new(), Vec::new());
        for row in self.rows(request.command, (identity.role, &owned))? {
            match Peering::read(&row) {
                Ok((peering, _)) => peerings.push(peering),
                Err(why) => unservable.push((row.as_num, why)),
            }
        }
        let settings = self.settings.borrow().clone();
        let suspended = peerings.iter().any(|it| it.status == Status::Suspended);
        let suspensions = match suspended {
            true => self.store.borrow().suspensions().map_err(fault)?,
            false => BTreeMap::new(),
        };
        Ok(Case {
            identity,
            request,
            now,
            settings,
            index,
            owned,
            peerings,
            unservable,
            suspensions,
        })
    }

    fn list(&self, case: &Case<'_>) -> PeerList {
        let scope = case.request.scope;
        let everybody = scope == Scope::All || case.identity.maintainer.is_none();
        let shown = case.peerings.iter().filter(|it| everybody || case.owned.contains(&it.asn));
        PeerList { peers: shown.map(|it| self.view(case, it)).collect(), scope }
    }

    /// Rings the bell and, if the caller wants it, waits for what comes of it.
    async fn apply(
        &self,
        case: &Case<'_>,
        asn: Asn,
        generation: Generation,
        what: &str,
    ) -> Applied {
        self.board.expect(asn, generation);
        self.bell.ring(Cause::Saved(format!("{what} of {asn}")));
        self.awaited(case, asn, generation).await
    }

    /// The same for a peering that was not changed: what was asked for before may still be under
    /// way.
    async fn settled(&self, case: &Case<'_>, asn: Asn) -> Applied {
        let generation = self.store.borrow().generation();
        match generation {
            Ok(generation) => self.awaited(case, asn, generation).await,
            Err(error) => Applied::No(error.to_string()),
        }
    }

    /// Answers that a peering is already as it was asked for.
    async fn unchanged(&self, case: &Case<'_>, peering: &Peering) -> Outcome {
        let applied = self.settled(case, peering.asn).await;
        outcome(Deed::Unchanged, self.view(case, peering), applied)
    }

    async fn awaited(&self, case: &Case<'_>, asn: Asn, generation: Generation) -> Applied {
        let Some(wait) = case.request.wait else {
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

    fn view(&self, case: &Case<'_>, peering: &Peering) -> PeerView {
        let site = &case.settings.site;
        let (state, error) = self.state(case, peering);
        PeerView {
            asn: peering.asn,
            id: peering.id.get(),
            state,
            wg_pub_key: peering.key,
            wg_endpoint_addr: peering.endpoint.as_ref().map(|it| it.host.to_string()),
            wg_endpoint_port: peering.endpoint.as_ref().map(|it| it.port),
            link_local: site.remote(peering),
            mtu: peering.mtu,
            psk: peering.preshared_key.is_some(),
            families: peering.families,
            generated_psk: None,
            our: OurSide {
                wg_pub_key: site.key,
                wg_endpoint_addr: site.name.clone(),
                wg_endpoint_port: site.port(peering.id),
                link_local: site.local(peering),
            },
            error,
            notes: Vec::new(),
        }
    }

    /// The same with what it shares with other peerings of its maintainer's.
    fn view_beside(&self, case: &Case<'_>, peering: &Peering) -> PeerView {
        let owner = peering.maintainer.as_ref();
        let is_theirs = |it: &&Peering| case.index.owners(it.asn).any(|it| Some(it) == owner);
        let notes = vet::shared(peering, case.peerings.iter().filter(is_theirs));
        PeerView { notes, ..self.view(case, peering) }
    }

    fn state(&self, case: &Case<'_>, peering: &Peering) -> (PeeringState, Option<String>) {
        match peering.status {
            Status::Pending => {
                return (PeeringState::Pending, Some(admission::WAITS.to_string()));
            }
            Status::Disabled => return (PeeringState::Disabled, None),
            Status::Suspended => {
                return (PeeringState::Suspended, Some(case.switched_off(peering.asn)));
            }
            Status::Active => {}
        }
        match self.board.entry(peering.asn).map(|it| it.progress).unwrap_or_default() {
            Progress::Queued => (PeeringState::Queued, self.board.trouble()),
            Progress::Applied => (PeeringState::Applied, None),
            Progress::Failed(why) => (PeeringState::Failed, Some(why)),
        }
    }
}

impl Case<'_> {
    fn context(&self) -> Context<'_> {
        let reach = match self.identity.role {
            Role::Member => Reach::Own,
            Role::Admin => Reach::Any,
        };
        Context { site: &self.settings.site, owned: &self.owned, reach, peerings: &self.peerings }
    }

    fn actor(&self) -> Actor {
        Actor {
            name: self.identity.actor(),
            key: self.identity.key.clone(),
            source: self.identity.source.clone(),
            now: self.now,
        }
    }

    fn identity_view(&self) -> IdentityView {
        IdentityView {
            maintainer: self.identity.maintainer.clone(),
            role: self.identity.role,
            asns: self.owned.clone(),
            network: self.settings.network.clone(),
            server: self.settings.site.name.clone(),
            our_asn: self.settings.site.asn,
        }
    }

    /// Is it meant? Where nobody can be asked, what was said is meant.
    fn confirmed(&self, prompt: &str, shown: impl FnOnce() -> Shown) -> Result<bool, Stop> {
        let yes = || Some("yes".to_string());
        let question = Question::new(Field::Confirm, prompt);
        let question = || question.suggesting(yes()).or_else(yes()).showing(shown());
        let answer = self.request.answer(Field::Confirm);
        let answer = answer.ok_or_else(|| Stop::Ask(question()))?;
        Ok(vet::is_yes(answer))
    }

    /// The peerings but one.
    fn others(&self, but: &Peering) -> Vec<Peering> {
        self.peerings.iter().filter(|it| it.asn != but.asn).cloned().collect()
    }

    /// The peering that is meant: the one that was named, or the caller's only one.
    fn chosen(&self) -> Result<&Peering, Stop> {
        if let Some(text) = self.request.answer(Field::Asn) {
            let asn = vet::known_asn(text, self.context()).map_err(wrong(Field::Asn))?;
            return self.find(asn);
        }
        let mine: Vec<_> = self.peerings.iter().filter(|it| self.owned.contains(&it.asn)).collect();
        match mine.as_slice() {
            [only] => Ok(only),
            [] if self.identity.role == Role::Member => {
                Err(no_peering("You have no peering here".to_string()).into())
            }
            _ => Err(ask(Field::Asn, "AS Number".to_string())),
        }
    }

    fn find(&self, asn: Asn) -> Result<&Peering, Stop> {
        if let Some(found) = self.peerings.iter().find(|it| it.asn == asn) {
            return Ok(found);
        }
        let broken = self.unservable.iter().find(|(number, _)| *number == i64::from(asn.get()));
        Err(match broken {
            Some((_, why)) => {
                let message = format!("{asn}: {why}");
                Refusal::new("unservable", message, "Ask the operator of this POP to mend it")
                    .into()
            }
            None => {
                Stop::Refused(no_peering(format!("{asn} has no peering here")), Some(Field::Asn))
            }
        })
    }
}

fn outcome(deed: Deed, peer: PeerView, applied: Applied) -> Outcome {
    Ok(Box::new(Saved { deed, peer, applied }))
}

fn help(topic: Option<&'static CommandSpec>, role: Role) -> Outcome {
    if topic.is_some_and(|it| !it.is_listed_for(role)) {
        return Err(access::for_operators().into());
    }
    Ok(Box::new(Help { topic, role }))
}

fn no_peering(message: String) -> Refusal {
    Refusal::new("no_peering", message, "peer_list shows yours, peer_create makes one")
}

fn ask(field: Field, prompt: String) -> Stop {
    Stop::Ask(Question::new(field, prompt))
}

fn wrong(field: Field) -> impl Fn(Refusal) -> Stop {
    move |refusal| Stop::Refused(refusal, Some(field))
}

/// Logs a fault of ours, and gives the caller a sentence that is true and tells nothing of our
/// insides.
fn fault(error: impl std::fmt::Display) -> Stop {
    log::error!("{error}");
    Stop::Fault(
        "This POP has a problem of its own; its operator was told. Try again later".to_string(),
    )
}

/// Two commands met: what the database refuses is the slower one's refusal. Anything else is a
/// fault.
fn refusal_of(error: &StoreError, asn: Asn) -> Stop {
    match error {
        StoreError::Exists => {
            let message = format!("{asn} has a peering here already");
            Refusal::new("exists", message, "peer_config shows it").into()
        }
        StoreError::Full => {
            Refusal::new("full", "This POP has no room for another peering", "Ask its operator")
                .into()
        }
        StoreError::Stale => {
            let message = format!("The peering with {asn} was changed by somebody else meanwhile");
            Refusal::new("changed_meanwhile", message, "Look at it with peer_config, and try again")
                .into()
        }
        StoreError::Absent => no_peering(format!("{asn} has no peering here any more")).into(),
        other => fault(other),
    }
}
