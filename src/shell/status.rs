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
        Reply::Created(_, Applied::No(_))
        | Reply::Edited(_, _, Applied::No(_))
        | Reply::Switched(_, Applied::No(_))
        | Reply::Unchanged(_, Applied::No(_))
        | Reply::Removed(_, Applied::No(_)) => NOT_APPLIED,
        Reply::Decided(it) if matches!(it.applied(), Some(Applied::No(_))) => NOT_APPLIED,
        Reply::Abandoned => REFUSED,
        _ => DONE,
    }
}
