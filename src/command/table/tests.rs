//! Rows that are complete, and say what was decided.

use super::*;
use crate::command::Flag;

#[test]
fn every_row_is_complete() {
    for command in COMMANDS {
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
    assert_eq!(Command::PeerList(Scope::All).role(), Role::Admin);
    assert_eq!(named(|it| it.bans == Bans::Bar), "peer_create peer_edit peer_enable");
    assert_eq!(
        named(|it| it.reads == Reads::Nothing),
        "help intro whoami ban unban audit bye",
        "these work without a database too"
    );
}
