//! What somebody finds who looks at the demo: peerings that are there, and what to type.

use crate::daemon::{Service, Trouble};
use crate::local::{Applied, Order, execute};
use crate::model::WgSecret;
use crate::peering::Peering;
use crate::peering::audit_log::Action;
use crate::store::Actor;
use crate::text::width::width;
use std::path::Path;

/// Peerings that members made before: whose, with which AS number, and where their routers are.
const PEERINGS: [(&str, &str, &str); 2] = [
    ("newcomer", "4242420002", "[2001:db8::2]:20263"),
    ("neighbour", "4242420003", "[2001:db8::3]:20263"),
];
/// The one whose endpoint is none: a row of years ago, when nobody looked at them.
const MISTAKEN: u32 = 4242420002;
const MISTAKEN_ENDPOINT: &str = "fd42:4242:2::1";
/// A key of nobody's.
const SPARE_KEY: &str = "qM9hLEF1Q4cZGb2U6FPPkxJaJxTHJ0ObrXzJxYrmRk0=";

/// Makes them, by the commands that the members would type.
pub(super) async fn seed(service: &Service) -> Result<(), Trouble> {
    for (member, asn, endpoint) in PEERINGS {
        let mut bytes = [0; 32];
        let random = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
        random.map_err(|error| Trouble::new(error.to_string()))?;
        let key = WgSecret::new(bytes).public().to_string();
        let words =
            ["peer_create", "--asn", asn, "--wg-pub-key", &key, "--endpoint-addr", endpoint];
        let order = Order {
            words: words.map(str::to_string).to_vec(),
            maintainer: Some(member.to_string()),
            ..Order::default()
        };
        let done =
            execute(&service.control, &order, Applied::Nowhere).await.map_err(Trouble::new)?;
        if done.status != 0 {
            return Err(Trouble::new(format!("AS{asn}: {}", done.err.trim_end())));
        }
    }
    mistake(service)
}

/// Gives one of them an endpoint that no command takes.
fn mistake(service: &Service) -> Result<(), Trouble> {
    let mut store = service.control.store.borrow_mut();
    let rows = store.rows().map_err(|error| Trouble::new(error.to_string()))?;
    let actor = Actor {
        name: "the replaced service".to_string(),
        key: String::new(),
        source: String::new(),
        now: crate::sys::now(),
    };
    for before in rows.iter().filter(|row| row.as_num == MISTAKEN.into()) {
        let mut after = before.clone();
        after.wg_endpoint_addr = MISTAKEN_ENDPOINT.into();
        if let (Ok((before, _)), Ok((after, _))) = (Peering::read(before), Peering::read(&after)) {
            let replaced = store.replace(&before, &after, Action::Edit, &actor);
            replaced.map_err(|error| Trouble::new(error.to_string()))?;
        }
    }
    Ok(())
}

/// Five lines in a frame.
pub(super) fn hint(log: &Path) -> String {
    framed(&[
        "You are NEWCOMER-MNT at a POP of your own. It has no tunnels and no BIRD.",
        "peer_status  says why your peering with AS4242420002 does not come up",
        &format!("peer_create  2001:db8::42, key {SPARE_KEY}"),
        "help, pops, intro and Tab show the rest. bye or Ctrl-D: all is removed.",
        &format!("The service's log: tail -f {}", log.display()),
    ])
}

fn framed(lines: &[&str]) -> String {
    let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
    let rule = "─".repeat(widest + 2);
    let mut text = format!("┌{rule}┐\n");
    for line in lines {
        let gap = " ".repeat(widest.saturating_sub(width(line)));
        text += &format!("│ {line}{gap} │\n");
    }
    text + &format!("└{rule}┘\n")
}
