//! Is the BGP session there, and if not, what did BIRD last see of it?

use super::bgp_words::{self, Cause, fill};
use super::{BgpView, Facts, bad, follows, good, unknown};
use crate::answer::{CheckView, Mark, Whose};
use crate::model::BgpState;

const NAME: &str = "bgp";

/// BIRD tells no error, and only its state says what is the matter.
fn stuck(state: Option<BgpState>) -> Cause {
    match state {
        Some(BgpState::Down) => Cause {
            error: "",
            means: "it is switched off in BIRD of this POP",
            by: Whose::Operator,
            hint: "The operator of this POP has to enable it",
        },
        Some(BgpState::Passive) => Cause {
            error: "",
            means: "this POP waits for your side to connect, and it does not",
            by: Whose::Member,
            hint: "Take passive out of your BGP configuration, and let it connect to {local}",
        },
        Some(BgpState::OpenSent) => Cause {
            error: "",
            means: "your side took the connection and says nothing",
            by: Whose::Member,
            hint: "Your BGP daemon hangs, or waits for another address than {local}",
        },
        Some(BgpState::OpenConfirm) => Cause {
            error: "",
            means: "both sides have said who they are",
            by: Whose::Member,
            hint: "It takes a second; if it stays so, your BGP daemon hangs",
        },
        Some(BgpState::Connect) => Cause {
            error: "",
            means: "TCP port 179 of {remote} does not answer",
            by: Whose::Member,
            hint: "Let TCP port 179 in from {local} through your firewall, and start your BGP \
                   daemon",
        },
        _ => Cause {
            error: "",
            means: "it waits for its next attempt, and your side does not connect",
            by: Whose::Member,
            hint: "Look again in a few seconds. Your BGP configuration needs this POP as neighbor \
                   {local} with AS {ours}, and the interface in your protocol may not be that of \
                   your tunnel: see peer_config --asn {theirs}",
        },
    }
}

pub fn check(facts: &Facts<'_>, handshake: Mark, tunnel: Mark) -> CheckView {
    let Some(bgp) = &facts.bgp else {
        return match &facts.unapplied {
            Some(_) => follows(NAME, "not set up on this side"),
            None => unknown(NAME, "this POP has not heard of the BGP session"),
        };
    };
    let seen = seen(bgp);
    if bgp.is_established() {
        return good(NAME, seen);
    }
    if bgp.neighbor_as.is_some_and(|it| it != facts.peering.asn) {
        let hint = "The operator of this POP has to let BIRD read its files again";
        return bad(NAME, format!("{seen}; BIRD has another AS number"), Whose::Operator, hint);
    }
    let known = bgp_words::find(bgp.error());
    match (known, handshake, tunnel) {
        (_, Mark::Bad, _) => follows(NAME, format!("{seen}; first the handshake")),
        // What the kernel said of an earlier attempt: now nothing comes through at all.
        (_, _, Mark::Bad) if known.is_none() || bgp.error().starts_with("Socket: ") => {
            follows(NAME, format!("{seen}; first the tunnel"))
        }
        (Some(cause), ..) => explained(facts, &seen, cause),
        (None, ..) => explained(facts, &seen, &stuck(bgp.state)),
    }
}

fn seen(bgp: &BgpView) -> String {
    let since = match bgp.since.as_str() {
        "" => String::new(),
        since => format!(" since {since}"),
    };
    let error = match bgp.last_error.as_str() {
        "" => String::new(),
        words => format!(", last error \"{words}\""),
    };
    let earlier = match bgp.earlier_error.as_str() {
        "" => String::new(),
        words => format!(" after \"{words}\""),
    };
    let state = bgp.state.map_or("", BgpState::word);
    format!("{state}{since}{error}{earlier}")
}

fn explained(facts: &Facts<'_>, seen: &str, cause: &Cause) -> CheckView {
    let detail = format!("{seen}; {}", fill(cause.means, facts));
    bad(NAME, detail, cause.by, fill(cause.hint, facts))
}
