//! The rows that a command is judged by.

use super::{Control, fault};
use crate::answer::Stop;
use crate::command::{Command, Reads};
use crate::model::{Asn, Role};
use crate::peering::Row;

impl Control {
    /// The peerings that the command is judged by. A member's own are few, and to read them costs
    /// the same however many others there are.
    pub(super) fn rows(
        &self,
        command: Command,
        (role, owned): (Role, &[Asn]),
    ) -> Result<Vec<Row>, Stop> {
        let store = self.store.borrow();
        match (command.spec().reads, role) {
            (Reads::Nothing, _) => Ok(Vec::new()),
            (Reads::Own, Role::Member) => store.rows_of(owned).map_err(fault),
            (Reads::Own, Role::Admin) | (Reads::All, _) => store.rows().map_err(fault),
        }
    }
}
