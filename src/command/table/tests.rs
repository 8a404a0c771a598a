//! Rows that are complete, and say what was decided.

use super::*;
use crate::command::{Flag, Request, Scope};

#[test]
fn every_row_is_complete() {
    assert_eq!(Command::Bye as usize + 1, COMMANDS.len(), "every command is in the list");
    for (at, command) in COMMANDS.iter().enumerate() {
        assert_eq!(command.command as usize, at, "the list is in the order of the commands");
        assert!(!command.summary.is_empty() && !command.summary.ends_with('.'), "{command:?}");
        assert!(command.example.starts_with(command.name), "{command:?}");
        assert!(command.flags.iter().all(|it| it.name.starts_with("--")), "{command:?}");
        let json = command.flags.iter().any(|it| it.flag == Flag::Json);
        assert_eq!(json, command.schema.is_some(), "{command:?}");
        assert!(std::ptr::eq(*command, command.command.spec()), "{command:?}");
    }
}

fn named(wanted: fn(&CommandSpec) -> bool) -> String {
    let names: Vec<&str> =
        COMMANDS.iter().copied().filter(|it| wanted(it)).map(|it| it.name).collect();
    names.join(" ")
}

/// What must not change by a slip in a row.
#[test]
fn rights_and_bans_are_as_decided() {
    assert_eq!(
        named(|it| it.role == Role::Admin),
        "peer_approve peer_reject peer_suspend ban unban audit"
    );
    let everybody = Request { scope: Scope::All, ..Request::new(Command::PeerList) };
    assert_eq!(
        (everybody.role(), Request::new(Command::PeerList).role()),
        (Role::Admin, Role::Member)
    );
    assert_eq!(named(|it| it.about == About::NewPeering), "peer_create");
    assert_eq!(named(|it| it.prompt != Prompt::Missing), "intro peer_create peer_edit");
    assert_eq!(named(|it| it.bans == Bans::Bar), "peer_create peer_edit peer_enable");
    assert_eq!(
        named(|it| it.reads == Reads::Nothing),
        "help intro whoami ban unban audit bye",
        "these work without a database too"
    );
}
