//! Do packets come through the tunnel, to and from the address inside it?
//!
//! What the BGP session runs through is up, and so is what an answer comes through. Without either,
//! the handshake alone proves nothing about the addresses inside.

use super::{BgpView, Echo, Facts, bad, good, milliseconds, unknown};
use crate::answer::{CheckView, Mark, Whose};

const NAME: &str = "tunnel";

pub fn check(facts: &Facts<'_>, handshake: Mark) -> CheckView {
    let remote = facts.site.remote(facts.peering);
    let remote = remote.map_or("your link-local address".to_string(), |it| it.to_string());
    let established = facts.bgp.as_ref().is_some_and(BgpView::is_established);
    let runs = "the BGP session runs through it";
    match (established, &facts.tunnel, handshake) {
        (true, Some(Echo::Answer(us)), _) => {
            good(NAME, format!("{runs}, {remote} answers in {}", milliseconds(*us)))
        }
        (true, ..) => good(NAME, runs),
        (false, Some(Echo::Answer(us)), _) => {
            good(NAME, format!("{remote} answers in {}", milliseconds(*us)))
        }
        (false, Some(Echo::Silence), Mark::Good) => mute(facts, &remote),
        (false, Some(Echo::Unable(why)), Mark::Good) => {
            unknown(NAME, format!("this POP cannot try it: {why}"))
        }
        (false, None, Mark::Good) => unknown(NAME, "no traffic of BGP through it"),
        (false, ..) => unknown(NAME, "waits for the handshake"),
    }
}

fn mute(facts: &Facts<'_>, remote: &str) -> CheckView {
    let local = facts.site.local(facts.peering);
    let local = local.map_or("our link-local address".to_string(), |it| it.to_string());
    let hint = format!(
        "Set {remote}/128 peer {local}/128 on your link, have fe80::/10 in your AllowedIPs, and \
         let ICMPv6 and TCP port 179 in from {local}"
    );
    let detail = format!("{remote} does not answer to ping");
    bad(NAME, detail, Whose::Member, hint)
}
