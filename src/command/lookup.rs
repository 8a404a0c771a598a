//! A command's name as people type it: whole, abbreviated, or nearly right.

use super::{COMMANDS, CommandSpec};
use crate::model::Role;
use crate::text::spelling::distance;

/// The command that `name` means: exactly, or as the only one that begins with it. `Err` holds the
/// names that come near: those that begin with it, or else those that a typing mistake or two away.
pub fn lookup(name: &str) -> Result<&'static CommandSpec, Vec<&'static str>> {
    lookup_for(name, Role::Admin)
}

/// The same for such a caller: what is not listed for them is found by its whole name only, so that
/// it makes nothing ambiguous.
pub fn lookup_for(name: &str, role: Role) -> Result<&'static CommandSpec, Vec<&'static str>> {
    let (mut longer, mut similar) = (Vec::new(), Vec::new());
    for spec in COMMANDS.iter().copied() {
        if spec.name == name || spec.aliases.contains(&name) {
            return Ok(spec);
        }
        if !spec.is_listed_for(role) {
            continue;
        }
        if !name.is_empty() && spec.name.starts_with(name) {
            longer.push(spec);
        }
        if near(spec.name, name) {
            similar.push(spec.name);
        }
    }
    match longer.as_slice() {
        [only] => Ok(only),
        [] => Err(similar),
        several => Err(several.iter().map(|it| it.name).collect()),
    }
}

/// At most two letters away, or the same without its underscores.
fn near(known: &str, typed: &str) -> bool {
    known.replace('_', "") == typed.replace('_', "") || distance(typed, known) <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_abbreviated() {
        let found = |name: &str| lookup(name).map(|it| it.name);
        assert_eq!(found("peer_list"), Ok("peer_list"));
        assert_eq!(found("?"), Ok("help"));
        assert_eq!(found("exit"), Ok("bye"));
        assert_eq!(found("peer_l"), Ok("peer_list"));
        assert_eq!(found("w"), Ok("whoami"));
        assert_eq!(found("peer_c"), Err(vec!["peer_create", "peer_config"]));
        assert_eq!(found("per_list"), Err(vec!["peer_list"]));
        assert_eq!(found("peerlist"), Err(vec!["peer_list"]));
        assert_eq!(found("reboot"), Err(vec![]));
        assert_eq!(found(""), Err(vec![]));
        assert_eq!(found(&"x".repeat(4000)), Err(vec![]));
        let member = |name: &str| lookup_for(name, Role::Member).map(|it| it.name);
        assert_eq!(found("peer_s"), Err(vec!["peer_status", "peer_suspend"]));
        assert_eq!(member("peer_s"), Ok("peer_status"));
        assert_eq!(member("peer_r"), Ok("peer_remove"));
        assert_eq!((member("au"), member("baan")), (Err(vec![]), Err(vec![])));
        assert_eq!(member("peer_suspend"), Ok("peer_suspend"), "refused as what it is");
    }
}
