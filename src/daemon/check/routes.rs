//! Routes that BIRD chose and the kernel did not take: packets to them are lost, and nothing else
//! shows it.

use super::Findings;
use crate::sys::bird::Bird;

/// The area's name.
const NAME: &str = "routes";
/// How many are named.
const SHOWN_MAX: usize = 5;

/// Asks BIRD for the best routes, and finds those that it could not hand to the kernel.
pub(super) async fn look(bird: &mut Bird, findings: &mut Findings) {
    let reply = match bird.command("show route primary").await {
        Ok(reply) => reply,
        Err(error) => {
            let detail = format!("which routes the kernel refused is not known: {error}");
            return findings.warn(NAME, detail, "birdc show route primary");
        }
    };
    let mut refused = Vec::new();
    let mut best = 0_usize;
    for line in &reply.lines {
        best += usize::from(is_best(&line.text));
        refused.extend(refused_network(&line.text));
    }
    if refused.is_empty() {
        return findings.ok(NAME, format_args!("the kernel took them all: {best}"));
    }
    let named: Vec<&str> = refused.iter().take(SHOWN_MAX).copied().collect();
    findings.wrong(
        NAME,
        format_args!("the kernel refused {} routes: {}", refused.len(), named.join(", ")),
        "journalctl -u bird; before Linux 6.3: sysctl -w net.ipv6.route.max_size=1048576",
    );
}

/// A line about a network's best route: the mark `*`, or `!` where the kernel refused it (BIRD's
/// nest/rt-show.c).
fn is_best(line: &str) -> bool {
    line.split_whitespace().any(|word| matches!(word, "*" | "!"))
}

fn refused_network(line: &str) -> Option<&str> {
    let network = line.split_whitespace().next()?;
    let is_network = network.contains('/') && line.split_whitespace().any(|word| word == "!");
    is_network.then_some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_refused_route_is_known() {
        for (line, refused, best) in [
            ("fd42:1::/48  unicast [ebgp_as1_v6 12:01:02.3] ! (100) [AS1i]", true, true),
            ("fd42:2::/48  unicast [ebgp_as1_v6 12:01:02.3] * (100) [AS1i]", false, true),
            ("\tvia fe80::1 on wg-as1", false, false),
            ("Table master6:", false, false),
            ("", false, false),
        ] {
            assert_eq!(refused_network(line).is_some(), refused, "{line}");
            assert_eq!(is_best(line), best, "{line}");
        }
    }
}
