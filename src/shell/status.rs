//! Exit statuses, as in the contract of the command line.

use crate::command::{Applied, Reply};
use crate::model::Refusal;

/// Done.
pub const DONE: u32 = 0;
/// Refused.
pub const REFUSED: u32 = 1;
/// Usage.
pub const USAGE: u32 = 2;
/// Saved, but not applied.
pub const NOT_APPLIED: u32 = 3;
/// A fault of ours.
pub const FAULT: u32 = 4;

/// What a refused command ends with.
pub fn of_refusal(refusal: &Refusal) -> u32 {
    if refusal.code == "usage" { USAGE } else { REFUSED }
}

/// What an answered command ends with.
pub fn of_reply(reply: &Reply) -> u32 {
    match reply {
        Reply::Created(_, applied)
        | Reply::Edited(_, _, applied)
        | Reply::Switched(_, applied)
        | Reply::Unchanged(_, applied)
        | Reply::Removed(_, applied) => of_applied(applied),
        Reply::Decided(decision) => decision.applied().map_or(DONE, of_applied),
        Reply::Abandoned => REFUSED,
        Reply::Help(..)
        | Reply::Intro(_)
        | Reply::Whoami(_)
        | Reply::Peers(..)
        | Reply::Config(_)
        | Reply::Exported(_)
        | Reply::Pops(_)
        | Reply::Status(_)
        | Reply::History(_)
        | Reply::Bye => DONE,
    }
}

fn of_applied(applied: &Applied) -> u32 {
    match applied {
        Applied::No(_) => NOT_APPLIED,
        Applied::Yes | Applied::NotAwaited => DONE,
    }
}
