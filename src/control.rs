//! Commands, carried out: the one place where an identity, a request and the database meet.
//!
//! [`Control::run`] knows nothing of SSH and prints nothing. Each change is one transaction with
//! its audit record; then the bell is rung and, if the caller wants to wait, the board is watched.
//! A request that lacks an answer comes back with the question, and is simply run again when it was
//! answered: what is asked and what is checked cannot drift apart.

mod admission;
mod audit;
mod ban;
mod context;
mod fields;
mod follow;
mod login;
mod peer_config;
mod peer_create;
mod peer_edit;
mod peer_list;
mod peer_state;
mod peer_status;
mod pops;
mod saved;

pub use admission::RateLimits;
pub use pops::Sisters;

use crate::access::{self, Identity};
use crate::answer::{Bye, Help, Outcome, Whoami};
use crate::board::{Bell, Board};
use crate::command::{Command, CommandSpec, Request};
use crate::model::{OnceEach, Open, Role, Timestamp};
use crate::peering::Site;
use crate::peering::policy::Policy;
use crate::plan::naming::Naming;
use crate::registry::{Index, KeyFingerprint};
use crate::store::Store;
use crate::sys::dns::Resolver;
use login::Typed;
use std::cell::RefCell;
use std::rc::Rc;

/// What commands need to know of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This POP.
    pub site: Site,
    /// The network's name, for the greeting.
    pub network: String,
    /// What everybody is shown before they log in, and by `intro`; empty: nothing.
    pub banner: Rc<str>,
    /// What things are called.
    pub naming: Rc<Naming>,
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
    pub rate_limits: RateLimits,
}

impl Control {
    /// Carries out a request.
    pub async fn run(&self, identity: &Identity, request: &Request, now: Timestamp) -> Outcome {
        access::permit(identity, request)?;
        let context = self.context(identity, request, now)?;
        self.admit(&context)?;
        match request.command {
            Command::Help => help(request.topic, identity.role),
            Command::Intro => Ok(Box::new(self.intro(&context))),
            Command::Whoami => Ok(Box::new(Whoami(context.identity_view()))),
            Command::PeerList => Ok(Box::new(self.list(&context))),
            Command::PeerCreate => self.create(&context).await,
            Command::PeerEdit => self.edit(&context).await,
            Command::PeerConfig => self.config(&context),
            Command::PeerStatus => self.status(&context).await,
            Command::PeerHistory => self.history(&context),
            Command::PeerExport => self.export(&context),
            Command::Pops => self.pops(&context).await,
            Command::PeerDisable => self.disable(&context).await,
            Command::PeerEnable => self.enable(&context).await,
            Command::PeerRemove => self.remove(&context).await,
            Command::PeerApprove => self.approve(&context).await,
            Command::PeerReject => self.reject(&context).await,
            Command::PeerSuspend => self.suspend(&context).await,
            Command::Ban => self.ban(&context),
            Command::Unban => self.unban(&context),
            Command::Audit => self.audit(&context),
            Command::Bye => Ok(Box::new(Bye)),
        }
    }
}

fn help(topic: Option<&'static CommandSpec>, role: Role) -> Outcome {
    if topic.is_some_and(|spec| !spec.is_listed_for(role)) {
        return Err(access::for_operators().into());
    }
    Ok(Box::new(Help { topic, role }))
}
