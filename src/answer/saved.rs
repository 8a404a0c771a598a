//! What became of a peering that a command has changed, or found to be so already.

use super::peer::PeerJson;
use super::{Answer, ExitStatus, PeerView, PeeringState, VERSION, optional};
use crate::model::{Port, WgSecret};
use crate::text::Screen;
use crate::text::escape::{escape, sentence};
use crate::text::table::{Fit, Table};
use nanoserde::SerJson;

/// A peering was saved.
#[derive(Debug)]
pub struct Saved {
    /// What was done.
    pub deed: Deed,
    /// The peering as it is now; one that is gone as it was.
    pub peer: PeerView,
    /// What came of waiting until it is on the machine.
    pub applied: Applied,
}

/// What was done to a peering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It was made.
    Created,
    /// It was changed, and this is what is different.
    Edited(Vec<Change>),
    /// Its member switched it off.
    Disabled,
    /// It was switched on again.
    Enabled,
    /// It was taken out.
    Removed,
    /// It waited, and is taken.
    Approved,
    /// It waited, and is not taken, for this reason.
    Rejected(String),
    /// The operator switched it off.
    Suspended,
    /// Nothing: it is as it was asked for.
    Unchanged,
}

/// What came of waiting for the apply loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Nobody wanted to wait.
    NotAwaited,
    /// It is on the machine.
    Yes,
    /// It is saved, but was not on the machine in time, or failed there.
    No(String),
}

/// Something that is different afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The flag that says it, without its hyphens and with underscores, as JSON has it.
    pub name: &'static str,
    /// What it is now; it holds no secret.
    pub before: String,
    /// What it will be.
    pub after: String,
}

impl Answer for Saved {
    fn text(&self, screen: Screen) -> String {
        let asn = self.peer.asn;
        screen.fold(match &self.deed {
            Deed::Created => self.created_text(screen),
            Deed::Edited(changes) => format!(
                "The peering with {asn} was changed.\n{}{}{}{}\n",
                changes_table(changes, screen),
                self.peer.notes_lines(),
                self.peer.generated_psk_line(),
                self.set_up(screen)
            ),
            Deed::Disabled => format!(
                "The peering with {asn} is switched off.\n{} \
                 peer_enable switches it on again.\n",
                self.taken_down("Nothing of it is left on our side.", screen)
            ),
            Deed::Enabled => {
                format!("The peering with {asn} is switched on.\n{}\n", self.set_up(screen))
            }
            Deed::Removed => format!(
                "The peering with {asn} was removed.\n{}\n",
                self.taken_down("Nothing is left of it on our side.", screen)
            ),
            Deed::Approved => {
                format!("The peering with {asn} is approved.\n{}\n", self.set_up(screen))
            }
            Deed::Rejected(reason) => format!(
                "The peering with {asn} is rejected and gone.\n{}\n",
                sentence(&format!("Its member is told: {reason}"))
            ),
            Deed::Suspended => self.suspended_text(),
            Deed::Unchanged => self.unchanged_text(screen),
        })
    }

    fn json(&self) -> Option<String> {
        Some(match &self.deed {
            Deed::Removed => self.removed_json(None, self.applied.error()),
            // What is on the machine of a peering that only waited is nothing to wait for.
            Deed::Rejected(reason) => self.removed_json(Some(reason.clone()), None),
            _ => self.peer_json(),
        })
    }

    fn status(&self) -> ExitStatus {
        match (&self.deed, &self.applied) {
            (Deed::Rejected(_), _) => ExitStatus::Done,
            (_, Applied::No(_)) => ExitStatus::NotApplied,
            (_, Applied::Yes | Applied::NotAwaited) => ExitStatus::Done,
        }
    }

    fn created(&self) -> Option<&PeerView> {
        let under_way = self.deed == Deed::Created
            && self.applied == Applied::NotAwaited
            && self.peer.state != PeeringState::Pending;
        if under_way { Some(&self.peer) } else { None }
    }
}

impl Saved {
    fn created_text(&self, screen: Screen) -> String {
        let our = &self.peer.our;
        let outcome = if self.peer.state == PeeringState::Pending {
            screen.paint("33", "It waits for the approval of this POP's operator.")
        } else {
            self.set_up(screen)
        };
        format!(
            "The peering with {} was created.\n{outcome}\n\
             Our side: {} port {}, public key {}.\n{}{}\
             peer_config shows what to install on yours.\n",
            self.peer.asn,
            our.wg_endpoint_addr,
            optional(our.wg_endpoint_port.map(Port::get)),
            our.wg_pub_key,
            self.peer.notes_lines(),
            self.peer.generated_psk_line()
        )
    }

    fn suspended_text(&self) -> String {
        let left = match &self.applied {
            Applied::No(why) => sentence(&format!("Something is still there: {why}")) + "\n",
            Applied::Yes | Applied::NotAwaited => String::new(),
        };
        format!(
            "The peering with {} is switched off.\n{}{left}peer_enable switches it on again.\n",
            self.peer.asn,
            self.peer.error_line()
        )
    }

    fn unchanged_text(&self, screen: Screen) -> String {
        let more = match self.applied {
            Applied::No(_) => self.set_up(screen) + "\n",
            Applied::Yes | Applied::NotAwaited => String::new(),
        };
        let asn = self.peer.asn;
        format!("The peering with {asn} is already like that; nothing was changed.\n{more}")
    }

    /// What came of waiting until it is set up.
    fn set_up(&self, screen: Screen) -> String {
        if matches!(
            self.peer.state,
            PeeringState::Pending | PeeringState::Disabled | PeeringState::Suspended
        ) {
            return format!("It is {}, so nothing of it is set up.", self.peer.state);
        }
        match &self.applied {
            Applied::Yes => screen.paint("32", "It is set up on our side."),
            Applied::NotAwaited => "It is being set up; peer_status tells how it goes.".to_string(),
            Applied::No(why) => not_set_up(why, screen),
        }
    }

    /// What came of waiting until it is taken down; `done` says that it is.
    fn taken_down(&self, done: &str, screen: Screen) -> String {
        match &self.applied {
            Applied::Yes => done.to_string(),
            Applied::NotAwaited => "Tunnel and BGP session end within seconds.".to_string(),
            Applied::No(why) => {
                screen.paint("31", &format!("Something is still there: {}.", escape(why)))
            }
        }
    }
}

/// Our side failed, or was not ready in time.
pub(super) fn not_set_up(why: &str, screen: Screen) -> String {
    screen.paint("31", &format!("It is saved, but not set up on our side: {}.", escape(why)))
}

impl Applied {
    fn error(&self) -> Option<String> {
        match self {
            Applied::No(why) => Some(why.clone()),
            Applied::Yes | Applied::NotAwaited => None,
        }
    }
}

/// What is different, before and after.
pub(super) fn changes_table(changes: &[Change], screen: Screen) -> String {
    let mut table = Table::new([("", Fit::Whole), ("Before", Fit::Wrap), ("After", Fit::Wrap)]);
    for change in changes {
        let label = match change.name {
            "wg_pub_key" => "Wg pub key",
            "wg_endpoint" => "Wg endpoint",
            "link_local" => "Link-local address",
            "mtu" => "MTU",
            "psk" => "Preshared key",
            "families" => "Routes",
            other => other,
        };
        table.rows.push(vec![label.to_string(), change.before.clone(), change.after.clone()]);
    }
    table.render(screen.columns, screen.style)
}

#[derive(SerJson)]
struct SavedJson {
    version: u8,
    unchanged: Option<bool>,
    peer: PeerJson,
    changes: Option<Vec<ChangeJson>>,
    /// A preshared key that was just made.
    psk: Option<String>,
}

#[derive(SerJson)]
struct ChangeJson {
    name: String,
    before: String,
    after: String,
}

#[derive(SerJson)]
struct RemovedJson {
    version: u8,
    removed: u32,
    #[nserde(serialize_none_as_null)]
    error: Option<String>,
    reason: Option<String>,
}

impl Saved {
    fn peer_json(&self) -> String {
        let mut peer = PeerJson::from(&self.peer);
        peer.error = peer.error.or(self.applied.error());
        let changes = match &self.deed {
            Deed::Edited(changes) => Some(changes.iter().map(ChangeJson::from).collect()),
            _ => None,
        };
        let unchanged = (self.deed == Deed::Unchanged).then_some(true);
        let psk = self.peer.generated_psk.as_ref().map(WgSecret::reveal);
        SavedJson { version: VERSION, unchanged, peer, changes, psk }.serialize_json()
    }

    fn removed_json(&self, reason: Option<String>, error: Option<String>) -> String {
        let removed = self.peer.asn.get();
        RemovedJson { version: VERSION, removed, error, reason }.serialize_json()
    }
}

impl From<&Change> for ChangeJson {
    fn from(change: &Change) -> ChangeJson {
        ChangeJson {
            name: change.name.to_string(),
            before: change.before.clone(),
            after: change.after.clone(),
        }
    }
}
