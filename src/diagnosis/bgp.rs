//! Is the BGP session there, and if not, what did BIRD last see of it?

use super::bgp_words::{self, Cause, fill};
use super::{BgpView, Facts, bad, follows, good, unknown};
use crate::command::{CheckView, Mark, Whose};

const NAME: &str = "bgp";

/// BIRD's word for a BGP session that is up.
pub const ESTABLISHED: &str = "Established";

/// What a state means of which BIRD tells no error: BIRD's word, meaning, whose matter, advice.
const STATES: &[Cause] = &[
    Cause {
        error: "Down",
        means: "it is switched off in BIRD of this POP",
        by: Whose::Operator,
        hint: "The operator of this POP has to enable it",
    },
    Cause {
        error: "Passive",
        means: "this POP waits for your side to connect, and it does not",
        by: Whose::Member,
        hint: "Take passive out of your BGP configuration, and let it connect to {local}",
    },
    Cause {
        error: "OpenSent",
        means: "your side took the connection and says nothing",
        by: Whose::Member,
        hint: "Your BGP daemon hangs, or waits for another address than {local}",
    },
    Cause {
        error: "OpenConfirm",
        means: "both sides have said who they are",
        by: Whose::Member,
        hint: "It takes a second; if it stays so, your BGP daemon hangs",
    },
    Cause {
        error: "Connect",
        means: "TCP port 179 of {remote} does not answer",
        by: Whose::Member,
        hint: "Let TCP port 179 in from {local} through your firewall, and start your BGP daemon",
    },
];

const WAITS: Cause = Cause {
    error: "",
    means: "it waits for its next attempt, and your side does not connect",
    by: Whose::Member,
    hint: "Look again in a few seconds. Your BGP configuration needs this POP as neighbor {local} \
           with AS {ours}: see peer_config --asn {theirs}",
};

pub fn check(facts: &Facts<'_>, handshake: Mark, tunnel: Mark) -> CheckView {
    let Some(bgp) = &facts.bgp else {
        return match &facts.unapplied {
            Some(_) => follows(NAME, "not set up on this side"),
            None => unknown(NAME, "this POP has not heard of the BGP session"),
        };
    };
    let seen = seen(bgp);
    if bgp.state == ESTABLISHED {
        return good(NAME, seen);
    }
    if bgp.neighbor_as.is_some_and(|it| it != facts.peering.asn) {
        let hint = "The operator of this POP has to let BIRD read its files again";
        return bad(NAME, format!("{seen}; BIRD has another AS number"), Whose::Operator, hint);
    }
    let known = bgp_words::find(&bgp.last_error);
    match (known, handshake, tunnel) {
        (_, Mark::Bad, _) => follows(NAME, format!("{seen}; first the handshake")),
        (Some(cause), ..) => explained(facts, &seen, cause),
        (None, _, Mark::Bad) => follows(NAME, format!("{seen}; first the tunnel")),
        (None, ..) => {
            let state = STATES.iter().find(|it| it.error == bgp.state);
            explained(facts, &seen, state.unwrap_or(&WAITS))
        }
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
    format!("{}{since}{error}", bgp.state)
}

fn explained(facts: &Facts<'_>, seen: &str, cause: &Cause) -> CheckView {
    let detail = format!("{seen}; {}", fill(cause.means, facts));
    bad(NAME, detail, cause.by, fill(cause.hint, facts))
}
