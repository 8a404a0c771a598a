//! Is the BGP session there, and if not, what did BIRD last see of it?

use super::{BgpView, Facts, bad, follows, good, unknown};
use crate::answer::Whose::{Member, Operator};
use crate::answer::{CheckView, Mark, Whose};
use crate::model::{BgpState, LinkLocal};

const NAME: &str = "bgp";

/// BIRD tells no error, and only its state says what is the matter.
fn stuck(state: Option<BgpState>) -> Cause {
    match state {
        Some(BgpState::Down) => Cause {
            error: "",
            means: "it is switched off in BIRD of this POP",
            by: Operator,
            hint: "The operator of this POP has to enable it",
        },
        Some(BgpState::Passive) => Cause {
            error: "",
            means: "this POP waits for your side to connect, and it does not",
            by: Member,
            hint: "Take passive out of your BGP configuration, and let it connect to {local}",
        },
        Some(BgpState::OpenSent) => Cause {
            error: "",
            means: "your side took the connection and says nothing",
            by: Member,
            hint: "Your BGP daemon hangs, or waits for another address than {local}",
        },
        Some(BgpState::OpenConfirm) => Cause {
            error: "",
            means: "both sides have said who they are",
            by: Member,
            hint: "It takes a second; if it stays so, your BGP daemon hangs",
        },
        Some(BgpState::Connect) => Cause {
            error: "",
            means: "TCP port 179 of {remote} does not answer",
            by: Member,
            hint: "Let TCP port 179 in from {local} through your firewall, and start your BGP \
                   daemon",
        },
        _ => Cause {
            error: "",
            means: "it waits for its next attempt, and your side does not connect",
            by: Member,
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
    if bgp.neighbor_as.is_some_and(|neighbor| neighbor != facts.peering.asn) {
        let hint = "The operator of this POP has to let BIRD read its files again";
        return bad(NAME, format!("{seen}; BIRD has another AS number"), Operator, hint);
    }
    let known = find(bgp.error());
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

// BIRD's words for why a BGP session is not there, and what they mean for a member.
//
// `Received:` is what the other side said, `BGP Error:` what BIRD told the other side, `Socket:`
// what the kernel said (`bgp_err_classes` and `bgp_error_table` in BIRD's proto/bgp; RFC 4271,
// section 4.5, RFC 4486 and RFC 9003 for the meanings).

/// What an error means. In its texts, `{ours}` and `{theirs}` are the AS numbers, `{local}` and
/// `{remote}` the addresses of this POP and of the member.
pub struct Cause {
    /// A part of the error, as BIRD writes it.
    pub error: &'static str,
    pub means: &'static str,
    /// Who can do something about it.
    pub by: Whose,
    pub hint: &'static str,
}

const fn cause(error: &'static str, means: &'static str, by: Whose, hint: &'static str) -> Cause {
    Cause { error, means, by, hint }
}

const NEIGHBOR: &str = "Your BGP configuration needs this POP as neighbor {local} with AS {ours}, \
                        on the tunnel's interface";
const HUNG_UP: &str = "your side hung up at once: it does not know this POP as its neighbor, or \
                       waits after an error";
const LOG: &str = "Your BGP configuration needs this POP as neighbor {local} with AS {ours}; the \
                   interface in your protocol may not be that of your tunnel. If both are right, \
                   the log of your BGP daemon says more";
const LOST: &str = "Look at the tunnel: small packets pass it, large ones may not (its MTU, your \
                    firewall), or your BGP daemon hangs";
const COMPARE: &str = "Compare your BGP configuration with peer_config --asn {theirs}";
const PASSES: &str = "It passes by itself within a minute";
const BIRD: &str = "The operator of this POP has to look at its BIRD and its firewall";

/// The first that fits counts.
pub const CAUSES: &[Cause] = &[
    // What the kernel said to our connection.
    cause(
        "Connection refused",
        "nobody listens on TCP port 179 of {remote}",
        Member,
        "Start your BGP daemon. BIRD listens only while one of its neighbors is on a link: it \
         needs neighbor {local} with AS {ours}, and the interface in your protocol may not be \
         that of your tunnel",
    ),
    cause("Connection closed", HUNG_UP, Member, LOG),
    cause("Connection reset by peer", HUNG_UP, Member, LOG),
    cause(
        "Connection timed out",
        "TCP port 179 of {remote} does not answer",
        Member,
        "Let TCP port 179 in from {local} through your firewall",
    ),
    cause(
        "Permission denied",
        "a firewall on your side forbids TCP port 179",
        Member,
        "Let TCP port 179 in from {local} through your firewall",
    ),
    cause(
        "No route to host",
        "{remote} is not on the tunnel, or a firewall there rejects TCP port 179",
        Member,
        "Set {remote}/128 peer {local}/128 on your link, and let TCP port 179 in",
    ),
    cause(
        "Destination address required",
        "the tunnel has no endpoint to send to",
        Member,
        "Call this POP first: your peer needs an Endpoint and a PersistentKeepalive",
    ),
    cause("Network is unreachable", "this POP has no way into the tunnel", Operator, BIRD),
    cause("Cannot assign requested address", "this POP lacks its own address", Operator, BIRD),
    cause("Operation not permitted", "this POP's own firewall forbids it", Operator, BIRD),
    cause("Required key not available", "this POP's tunnel does not carry it", Operator, BIRD),
    // What somebody is wrong about in OPEN.
    cause(
        "Received: Bad peer AS",
        "your side expects this POP to have another AS number than {ours}",
        Member,
        "In your BGP configuration: neighbor {local} as {ours}",
    ),
    cause(
        "BGP Error: Bad peer AS",
        "your side comes with another AS number than {theirs}",
        Member,
        "In your BGP configuration: local as {theirs}",
    ),
    cause(
        "Bad BGP identifier",
        "both sides have the same router id, or one has none",
        Member,
        "Give your BGP daemon a router id of its own: one of your dn42 IPv4 addresses",
    ),
    cause(
        "Unacceptable hold time",
        "the two sides cannot agree on a hold time",
        Member,
        "Leave the hold time at its default, or set it to 3 s or more",
    ),
    cause(
        "Required capability missing",
        "one side insists on a capability that the other has not",
        Member,
        COMPARE,
    ),
    cause("Unsupported capability", "your side cannot do what this POP offers", Member, COMPARE),
    cause(
        "No supported AFI/SAFI",
        "the two sides have no address family in common",
        Member,
        "Your neighbor needs an ipv4 and an ipv6 channel: see peer_config --asn {theirs}",
    ),
    cause("Unsupported optional parameter", "your side is too old for this POP", Member, COMPARE),
    cause("Authentication failure", "your side wants a password, there is none", Member, COMPARE),
    cause("Kernel MD5 auth failed", "the passwords of both sides differ", Operator, BIRD),
    cause("Role mismatch", "your side has a BGP role that does not fit", Member, COMPARE),
    // What ended it on purpose.
    cause(
        "Received: Administrative shutdown",
        "the BGP session was shut down on your side",
        Member,
        "Enable the protocol in your BGP daemon again",
    ),
    cause(
        "Received: Administrative reset",
        "the BGP session was restarted on your side",
        Member,
        PASSES,
    ),
    cause(
        "Received: Peer de-configured",
        "this POP was taken out of your BGP configuration",
        Member,
        NEIGHBOR,
    ),
    cause(
        "Received: Connection rejected",
        "your side does not want this POP now: disabled, or not configured",
        Member,
        NEIGHBOR,
    ),
    cause("Received: Other configuration change", "your side was configured anew", Member, PASSES),
    cause(
        "Received: Maximum number of prefixes reached",
        "your side takes fewer routes than this POP has",
        Member,
        "Raise the import limit in your BGP configuration: dn42 has some 2000 routes",
    ),
    cause("collision resolution", "both sides connected at once", Member, PASSES),
    cause("Out of Resources", "your BGP daemon has no memory left", Member, "Restart it"),
    cause(
        "Route limit exceeded",
        "you announced more routes than this POP takes",
        Member,
        "Announce your own and your peers' dn42 routes only; then ask this POP's operator to \
         enable the BGP session",
    ),
    cause("Administrative shutdown", "it was shut down on this side", Operator, BIRD),
    cause("Cease", "your side ended it without a reason", Member, COMPARE),
    // What broke on the way.
    cause(
        "Received: Hold timer expired",
        "your side heard nothing of this POP for its hold time",
        Member,
        LOST,
    ),
    cause("Hold timer expired", "nothing of your side came for the hold time", Member, LOST),
    cause("BFD session down", "BFD lost the other side", Member, LOST),
    cause(
        "Neighbor lost",
        "{remote} went away from the tunnel",
        Operator,
        "The tunnel was set up anew; it comes back by itself within a minute",
    ),
    cause("Link down", "the tunnel's link is down on this side", Operator, BIRD),
    cause("Invalid next hop", "this POP has no address to be a next hop", Operator, BIRD),
    cause("No listening socket", "BIRD of this POP could not listen", Operator, BIRD),
    cause("Automatic shutdown", "BIRD of this POP switched it off", Operator, BIRD),
    cause(
        "AS routing loop",
        "a route came with its own AS twice",
        Member,
        "Do not announce routes that you have from this POP back to it",
    ),
    cause("Finite state machine error", "your side spoke out of turn", Member, COMPARE),
    cause("Received: ", "your side refuses what this POP sends", Member, COMPARE),
    cause("BGP Error: ", "your side sends what BIRD does not understand", Member, COMPARE),
];

/// What an error means, if it is a known one.
pub fn find(error: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| error.contains(cause.error))
}

/// A text of a [`Cause`], for this peering.
pub fn fill(text: &str, facts: &Facts<'_>) -> String {
    text.replace("{ours}", &facts.site.asn.get().to_string())
        .replace("{theirs}", &facts.peering.asn.get().to_string())
        .replace("{local}", &written(facts.site.local(facts.peering)))
        .replace("{remote}", &written(facts.site.remote(facts.peering)))
}

fn written(address: Option<LinkLocal>) -> String {
    address.map_or_else(String::new, |address| address.to_string())
}
