//! One of a name's addresses.

use super::{Forbidden, Policy, verdict};
use std::net::IpAddr;

/// The address in use if it is still among these, else the first that policy allows; if it allows
/// none, why not the first. `None`: there are no addresses.
pub fn choose(
    addresses: &[IpAddr],
    policy: &Policy,
    used: Option<IpAddr>,
) -> Option<Result<IpAddr, Forbidden>> {
    let allowed = |it: &&IpAddr| verdict(**it, policy).is_ok();
    let kept = addresses.iter().filter(allowed).find(|it| Some(**it) == used);
    match kept.or_else(|| addresses.iter().find(allowed)) {
        Some(address) => Some(Ok(*address)),
        None => addresses.first().map(|first| verdict(*first, policy).map(|()| *first)),
    }
}
