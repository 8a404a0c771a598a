//! The rows that a command is judged by.

use super::{Control, fault};
use crate::command::{Command, Scope, Stop};
use crate::model::{Asn, Role};
use crate::peering::Row;

/// Of which peerings a command has to know.
enum Needed {
    /// Of none: it works without a database too.
    None,
    /// Of the caller's own; an administrator's are all.
    Own,
    /// Of all: it makes something that has to fit beside them, or shows them.
    All,
}

impl Control {
    /// The peerings that the command is judged by. A member's own are few, and to read them costs
    /// the same however many others there are.
    pub(super) fn rows(
        &self,
        command: &Command,
        (role, owned): (Role, &[Asn]),
    ) -> Result<Vec<Row>, Stop> {
        let store = self.store.borrow();
        match (needed(command), role) {
            (Needed::None, _) => Ok(Vec::new()),
            (Needed::Own, Role::Member) => store.rows_of(owned).map_err(fault),
            (Needed::Own, Role::Admin) | (Needed::All, _) => store.rows().map_err(fault),
        }
    }
}

fn needed(command: &Command) -> Needed {
    match command {
        Command::Help(_)
        | Command::Intro
        | Command::Whoami
        | Command::Ban
        | Command::Unban
        | Command::Audit
        | Command::Bye => Needed::None,
        Command::PeerList(Scope::Mine)
        | Command::PeerConfig(_)
        | Command::PeerStatus(_)
        | Command::PeerHistory
        | Command::PeerExport
        | Command::Pops
        | Command::PeerDisable
        | Command::PeerEnable
        | Command::PeerRemove => Needed::Own,
        Command::PeerList(Scope::All)
        | Command::PeerCreate
        | Command::PeerEdit
        | Command::PeerApprove
        | Command::PeerReject
        | Command::PeerSuspend => Needed::All,
    }
}
