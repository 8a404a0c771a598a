//! One request with what it is judged by, and the ways in which a command stops.

use super::{Control, Settings};
use crate::access::Identity;
use crate::answer::{IdentityView, Question, Shown, Stop};
use crate::command::{Command, Field, Reads, Request};
use crate::model::{Asn, Refusal, Role, Timestamp};
use crate::peering::vet::{self, Reach};
use crate::peering::{Peering, Row, Status, Unservable};
use crate::registry::Index;
use crate::store::{Actor, StoreError};
use std::collections::BTreeMap;
use std::rc::Rc;

/// One request with what it is judged by, taken at one moment.
pub(super) struct Context<'a> {
    pub(super) identity: &'a Identity,
    pub(super) request: &'a Request,
    pub(super) now: Timestamp,
    pub(super) settings: Rc<Settings>,
    pub(super) index: Rc<Index>,
    pub(super) owned: Vec<Asn>,
    pub(super) peerings: Vec<Peering>,
    pub(super) unservable: Vec<(i64, Unservable)>,
    /// Why peerings are suspended.
    pub(super) suspensions: BTreeMap<Asn, String>,
}

impl Control {
    pub(super) fn context<'a>(
        &self,
        identity: &'a Identity,
        request: &'a Request,
        now: Timestamp,
    ) -> Result<Context<'a>, Stop> {
        let index = self.index.borrow().clone();
        let owned = identity.asns(&index);
        let (mut peerings, mut unservable) = (Vec::new(), Vec::new());
        for row in self.rows(request.command, identity, &owned)? {
            match Peering::read(&row) {
                Ok((peering, _)) => peerings.push(peering),
                Err(why) => unservable.push((row.as_num, why)),
            }
        }
        let settings = self.settings.borrow().clone();
        let mut suspensions = BTreeMap::new();
        if peerings.iter().any(|peering| peering.status == Status::Suspended) {
            suspensions = self.store.borrow().suspensions().map_err(fault)?;
        }
        Ok(Context {
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

    /// The peerings that the command is judged by. A member's own are few, and to read them costs
    /// the same however many others there are.
    fn rows(&self, command: Command, identity: &Identity, owned: &[Asn]) -> Result<Vec<Row>, Stop> {
        let store = self.store.borrow();
        match (command.spec().reads, identity.role) {
            (Reads::Nothing, _) => Ok(Vec::new()),
            (Reads::Own, Role::Member) => store.rows_of(owned).map_err(fault),
            (Reads::Own, Role::Admin) | (Reads::All, _) => store.rows().map_err(fault),
        }
    }
}

impl Context<'_> {
    pub(super) fn vetting(&self) -> vet::Context<'_> {
        let reach = match self.identity.role {
            Role::Member => Reach::Own,
            Role::Admin => Reach::Any,
        };
        vet::Context {
            site: &self.settings.site,
            owned: &self.owned,
            reach,
            peerings: &self.peerings,
        }
    }

    pub(super) fn actor(&self) -> Actor {
        Actor {
            name: self.identity.actor(),
            key: self.identity.key.clone(),
            source: self.identity.source.clone(),
            now: self.now,
        }
    }

    pub(super) fn identity_view(&self) -> IdentityView {
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
    pub(super) fn confirmed(&self, prompt: &str, shown: Shown) -> Result<bool, Stop> {
        if let Some(answer) = self.request.answer(Field::Confirm) {
            return Ok(vet::is_yes(answer));
        }
        let yes = Some("yes".to_string());
        let question = Question::new(Field::Confirm, prompt).suggesting(yes.clone()).or_else(yes);
        Err(Stop::Ask(question.showing(shown)))
    }

    pub(super) fn reason(&self) -> Result<String, Stop> {
        let text = self.request.answer(Field::Reason);
        let text = text.ok_or_else(|| ask(Field::Reason, "Reason, for the member".to_string()))?;
        vet::reason(text).map_err(wrong(Field::Reason))
    }

    /// Is it meant? Nobody decides about others by leaving a flag out.
    pub(super) fn is_meant(&self, what: &str) -> Result<bool, Stop> {
        let answer = self.request.answer(Field::Confirm);
        let answer = answer.ok_or_else(|| ask(Field::Confirm, format!("{what}? Type YES")))?;
        Ok(vet::is_yes(answer))
    }

    pub(super) fn any_asn(&self, text: &str) -> Result<Asn, Stop> {
        vet::known_asn(text, self.vetting()).map_err(wrong(Field::Asn))
    }

    /// The peerings but one.
    pub(super) fn others(&self, but: &Peering) -> Vec<Peering> {
        self.peerings.iter().filter(|peering| peering.asn != but.asn).cloned().collect()
    }

    /// The peering that is meant: the one that was named, or the caller's only one.
    pub(super) fn chosen(&self) -> Result<&Peering, Stop> {
        if let Some(text) = self.request.answer(Field::Asn) {
            let asn = vet::known_asn(text, self.vetting()).map_err(wrong(Field::Asn))?;
            return self.find(asn);
        }
        let mine: Vec<_> =
            self.peerings.iter().filter(|peering| self.owned.contains(&peering.asn)).collect();
        match mine.as_slice() {
            [only] => Ok(only),
            [] if self.identity.role == Role::Member => {
                Err(no_peering("You have no peering here".to_string()).into())
            }
            _ => Err(ask(Field::Asn, "AS Number".to_string())),
        }
    }

    pub(super) fn find(&self, asn: Asn) -> Result<&Peering, Stop> {
        if let Some(found) = self.peerings.iter().find(|peering| peering.asn == asn) {
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

pub(super) fn no_peering(message: String) -> Refusal {
    Refusal::new("no_peering", message, "peer_list shows yours, peer_create makes one")
}

pub(super) fn ask(field: Field, prompt: String) -> Stop {
    Stop::Ask(Question::new(field, prompt))
}

pub(super) fn wrong(field: Field) -> impl Fn(Refusal) -> Stop {
    move |refusal| Stop::Refused(refusal, Some(field))
}

/// Logs a fault of ours, and gives the caller a sentence that is true and tells nothing of our
/// insides.
pub(super) fn fault(error: impl std::fmt::Display) -> Stop {
    log::error!("{error}");
    Stop::Fault(
        "This POP has a problem of its own; its operator was told. Try again later".to_string(),
    )
}

/// Two commands met: what the database refuses is the slower one's refusal. Anything else is a
/// fault.
pub(super) fn refusal_of(error: &StoreError, asn: Asn) -> Stop {
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
